"""Fixtures and settings for all tests."""

import os

from hypothesis import settings

pytest_plugins = ["tests.databases", "tests.doubles.fixtures"]

# Where a run decides what lands, the same examples are tried each time; at a desk, new ones. Shared machines are slow
# at moments, which is no property of the code.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
