"""A browser for each test, where there is one."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium, installed, running_chromium


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    if installed() is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine (on Debian: apt-get install chromium)")
    async with running_chromium(tmp_path / "browser") as chromium:
        yield chromium
