"""How many files a server may have open."""

import resource
from collections.abc import Iterator

import pytest

from entrypoints.serving import FILES, MACOS_FILES, allow_many_files

FEW = 256


@pytest.fixture(autouse=True)
def few_files() -> Iterator[int]:
    """The soft limit that macOS has; gives the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_as_many_as_the_system_lets_it(few_files: int) -> None:
    allow_many_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(FILES, few_files)


def test_macos_takes_less_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = (FEW, resource.RLIM_INFINITY)

    def set_limits(_resource: int, wanted: tuple[int, int]) -> None:
        nonlocal limits
        if wanted[0] > MACOS_FILES:
            raise ValueError("current limit exceeds maximum limit")
        limits = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _resource: limits)
    monkeypatch.setattr(resource, "setrlimit", set_limits)
    allow_many_files()
    assert limits == (MACOS_FILES, resource.RLIM_INFINITY)
