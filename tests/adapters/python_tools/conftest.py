"""After each test nothing is left running."""

import secrets
from collections.abc import Iterator

import pytest

from tests.adapters.python_tools.folders import MARK, running


@pytest.fixture(autouse=True)
def nothing_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(MARK, secrets.token_hex(8))
    yield
    assert running() == []
