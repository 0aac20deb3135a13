import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from application.runs.loaded_windows import FRESH_SECONDS, LoadedWindows
from domain.errors import ModelServerFailed, ModelServerUnreachable, PromptTooLong
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_model import ScriptedCatalog
from tests.unit.application.bench import LLAMA

TOO_LONG = PromptTooLong("too long", prompt_tokens=None, window=None)


class WatchedCatalog(ScriptedCatalog):
    """Counts the looks, each of which waits for the gate."""

    def __init__(self) -> None:
        super().__init__(LLAMA)
        self.looks = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def loaded_windows(self) -> Mapping[str, int]:
        self.looks += 1
        seen = await super().loaded_windows()
        await self.gate.wait()
        return seen


@pytest.fixture
def catalog() -> WatchedCatalog:
    return WatchedCatalog()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def loaded(catalog: WatchedCatalog, clock: FakeClock) -> AsyncIterator[LoadedWindows]:
    windows = LoadedWindows(catalog=catalog, clock=clock)
    yield windows
    await windows.aclose()


async def test_it_is_looked_up_now_and_then(loaded: LoadedWindows, catalog: WatchedCatalog, clock: FakeClock) -> None:
    catalog.windows = {"llama:latest": 4_096}

    assert [await loaded.window_of(name) for name in ("llama", "LLAMA:latest", "other")] == [4_096, 4_096, None]
    assert catalog.looks == 2
    catalog.windows = {}
    assert await loaded.window_of("llama") == 4_096
    clock.advance(FRESH_SECONDS)
    assert await loaded.window_of("llama") is None
    assert catalog.looks == 3


async def test_our_own_requests_are_known_without_a_look(
    loaded: LoadedWindows, catalog: WatchedCatalog, clock: FakeClock
) -> None:
    with loaded.asking("llama", 8_192):
        clock.advance(FRESH_SECONDS)
        assert await loaded.window_of("llama:latest") == 8_192
    assert await loaded.window_of("llama") == 8_192
    with pytest.raises(PromptTooLong), loaded.asking("llama", 16_384):
        raise TOO_LONG
    assert await loaded.window_of("llama") == 16_384
    assert catalog.looks == 0


async def test_the_request_that_began_last_counts_whichever_ends_first(loaded: LoadedWindows) -> None:
    with loaded.asking("llama", 8_192):
        with loaded.asking("llama", 16_384):
            assert await loaded.window_of("llama") == 16_384
        assert await loaded.window_of("llama") == 16_384
    assert await loaded.window_of("llama") == 16_384


async def test_after_a_request_that_failed_it_is_looked_up(loaded: LoadedWindows, catalog: WatchedCatalog) -> None:
    with pytest.raises(ModelServerFailed), loaded.asking("llama", 8_192):
        raise ModelServerFailed("no memory")

    assert await loaded.window_of("llama") is None
    assert catalog.looks == 1


async def test_a_cancelled_request_for_what_was_loaded_has_changed_nothing(
    loaded: LoadedWindows, catalog: WatchedCatalog, clock: FakeClock
) -> None:
    with loaded.asking("llama", 8_192):
        pass
    clock.advance(FRESH_SECONDS)
    with pytest.raises(asyncio.CancelledError), loaded.asking("llama", 8_192):
        raise asyncio.CancelledError
    assert await loaded.window_of("llama") == 8_192
    assert catalog.looks == 0
    with pytest.raises(asyncio.CancelledError), loaded.asking("llama", 16_384):
        raise asyncio.CancelledError
    assert await loaded.window_of("llama") is None
    assert catalog.looks == 1


async def test_a_request_without_a_window_tells_nothing(loaded: LoadedWindows, catalog: WatchedCatalog) -> None:
    with loaded.asking("llama", None):
        assert await loaded.window_of("llama") is None
    assert catalog.looks == 1


async def test_what_was_asked_for_during_a_look_is_newer_than_what_it_saw(
    loaded: LoadedWindows, catalog: WatchedCatalog
) -> None:
    catalog.windows = {"llama:latest": 4_096, "other:latest": 2_048}
    catalog.gate.clear()
    loaded.look_ahead("llama")
    await asyncio.sleep(0)
    with loaded.asking("llama", 8_192):
        pass
    catalog.gate.set()

    assert await loaded.window_of("other") == 2_048
    assert await loaded.window_of("llama") == 8_192
    assert catalog.looks == 1


async def test_many_who_ask_at_once_look_once(loaded: LoadedWindows, catalog: WatchedCatalog) -> None:
    catalog.windows = {"llama:latest": 4_096}

    assert await asyncio.gather(*(loaded.window_of("llama") for _ in range(20))) == [4_096] * 20
    assert catalog.looks == 1


async def test_a_server_that_does_not_tell_is_not_waited_for(
    loaded: LoadedWindows, catalog: WatchedCatalog, clock: FakeClock
) -> None:
    with loaded.asking("llama", 8_192):
        pass
    clock.advance(FRESH_SECONDS)
    catalog.gate.clear()

    async with asyncio.timeout(1):
        assert await loaded.window_of("llama") == 8_192
        assert await loaded.window_of("other") is None


async def test_a_server_that_is_down_changes_nothing(
    loaded: LoadedWindows, catalog: WatchedCatalog, clock: FakeClock
) -> None:
    with loaded.asking("llama", 8_192):
        pass
    clock.advance(FRESH_SECONDS)
    catalog.error = ModelServerUnreachable("down")

    assert await loaded.window_of("llama") == 8_192
