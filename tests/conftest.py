"""Fixtures and settings for all tests."""

import os
import signal

from hypothesis import settings

pytest_plugins = ["tests.databases", "tests.doubles.fixtures"]

# Where a run decides what lands, the same examples are tried each time; at a desk, new ones. Shared machines are slow
# at moments, which is no property of the code.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# A shell has what it runs in the background ignore Ctrl-C, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
