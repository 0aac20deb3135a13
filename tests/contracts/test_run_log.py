"""What every log of runs must do. One adapter fills the port today; the fixture takes more."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from sys import getsizeof
from typing import Protocol

import pytest

from adapters.memory.run_log import REPLAY_SECONDS, MemoryRunLog
from application.ports.run_log import Follower, LogEntry, RunLog
from domain.run_event import ContentDelta, Done, RunEvent, RunStart, Snapshot, ThinkingDelta, ToolCallBegun
from tests.fakes.clock import FakeClock

RUN = "00000000000000aa"
SESSION = "00000000bb"


class MakeLog(Protocol):
    def __call__(self, *, replay_bytes: int = ...) -> RunLog: ...


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory"])
def make_log(request: pytest.FixtureRequest, clock: FakeClock) -> MakeLog:
    assert request.param == "memory"

    def make(*, replay_bytes: int = 1_000_000) -> RunLog:
        return MemoryRunLog(clock=clock, replay_bytes=replay_bytes)

    return make


def snapshot(run_id: str = RUN) -> Snapshot:
    return Snapshot(run_id=run_id, status="running", message_id="00000000cc", content="so far", thinking="")


def start(run_id: str = RUN) -> RunStart:
    return RunStart(run_id=run_id, session_id=SESSION, warnings=())


def done(run_id: str = RUN) -> Done:
    return Done(session_id=SESSION, run_id=run_id, status="completed")


async def read_to_end(follower: Follower) -> list[LogEntry]:
    entries: list[LogEntry] = []
    while not (entries and isinstance(entries[-1].event, Done)):
        entries += await follower.next()
    return entries


def numbered(entries: Sequence[LogEntry]) -> list[tuple[int, RunEvent]]:
    return [(entry.sequence, entry.event) for entry in entries]


async def test_a_reader_from_the_start_gets_everything_in_order(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    events: list[RunEvent] = [start(), *(ContentDelta(str(number)) for number in range(50)), done()]
    assert [writer.append(event) for event in events] == list(range(1, 53))
    async with log.follow(RUN, 0) as follower:
        assert numbered(await read_to_end(follower)) == list(enumerate(events, start=1))


async def test_a_reader_behind_a_number_gets_what_comes_after_it(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    for event in (start(), ContentDelta("a"), ContentDelta("b"), done()):
        writer.append(event)
    async with log.follow(RUN, 2) as follower:
        assert numbered(await read_to_end(follower)) == [(3, ContentDelta("b")), (4, done())]


async def test_waiting_readers_are_woken_with_the_same(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    async with log.follow(RUN, 0) as first, log.follow(RUN, 0) as second:
        waiting = [asyncio.ensure_future(follower.next()) for follower in (first, second)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        writer.append(start())
        for_first, for_second = await asyncio.gather(*waiting)
        assert numbered(for_first) == numbered(for_second) == [(1, start())]


async def test_what_is_there_is_taken_without_waiting(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    async with log.follow(RUN, 0) as follower:
        assert list(follower.take()) == []
        writer.append(start())
        writer.append(ContentDelta("a"))
        assert numbered(follower.take()) == [(1, start()), (2, ContentDelta("a"))]
        assert list(follower.take()) == []


async def test_what_is_much_is_handed_out_in_parts(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=10_000_000)
    writer = log.open(RUN, SESSION, snapshot)
    events: list[RunEvent] = [start(), *(ContentDelta("x" * 1000) for _ in range(500)), done()]
    for event in events:
        writer.append(event)
    async with log.follow(RUN, 0) as follower:
        assert 0 < len(follower.take()) < len(events) / 2
    async with log.follow(RUN, 0) as follower:
        parts: list[LogEntry] = []
        while part := follower.take():
            parts += part
    assert numbered(parts) == list(enumerate(events, start=1))


async def test_one_who_watches_hears_of_each_event_as_it_is_appended(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    heard: list[tuple[int, RunEvent]] = []
    async with log.follow(RUN, 0) as follower:

        def take_in(entry: LogEntry) -> bool:
            heard.append((entry.sequence, entry.event))
            return True

        follower.watch(take_in)
        writer.append(start())
        assert heard == [(1, start())]
        writer.append(done())
        assert heard == [(1, start()), (2, done())]
        assert not follower.take()


async def test_what_one_who_watches_leaves_is_there_to_be_taken_first(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    heard: list[int] = []

    def leave(entry: LogEntry) -> bool:
        heard.append(entry.sequence)
        return False

    async with log.follow(RUN, 0) as follower:
        follower.watch(leave)
        for event in (start(), ContentDelta("a")):
            writer.append(event)
        assert heard == [1]
        assert numbered(follower.take()) == [(1, start()), (2, ContentDelta("a"))]
        writer.append(ContentDelta("b"))
        assert heard == [1, 3]
        assert numbered(follower.take()) == [(3, ContentDelta("b"))]


async def test_one_who_has_left_hears_nothing(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    heard: list[int] = []
    async with log.follow(RUN, 0) as follower:

        def hear(entry: LogEntry) -> bool:
            heard.append(entry.sequence)
            return True

        follower.watch(hear)
    writer.append(start())
    assert heard == []


async def test_the_state_tells_whose_run_it_is_and_how_far(make_log: MakeLog) -> None:
    log = make_log()
    assert log.state(RUN) is None
    writer = log.open(RUN, SESSION, snapshot)
    writer.append(start())
    state = log.state(RUN)
    assert state is not None
    assert (state.session_id, state.last_sequence, state.has_ended) == (SESSION, 1, False)
    writer.append(done())
    state = log.state(RUN)
    assert state is not None
    assert (state.last_sequence, state.has_ended) == (2, True)


async def test_a_run_that_is_not_held_cannot_be_followed(make_log: MakeLog) -> None:
    with pytest.raises(KeyError):
        async with make_log().follow(RUN, 0):
            pass


async def test_an_ended_run_can_be_read_for_ten_minutes(make_log: MakeLog, clock: FakeClock) -> None:
    log = make_log()
    log.open(RUN, SESSION, snapshot).append(done())
    clock.advance(REPLAY_SECONDS - 1)
    log.open("00000000000000ab", SESSION, snapshot)
    assert log.state(RUN) is not None
    clock.advance(2)
    log.open("00000000000000ac", SESSION, snapshot)
    assert log.state(RUN) is None
    assert log.state("00000000000000ab") is not None, "a run that has not ended is kept however long it takes"


async def test_a_reader_whose_place_is_gone_gets_a_snapshot_and_goes_on(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=3_000)
    writer = log.open(RUN, SESSION, snapshot)
    async with log.follow(RUN, 0) as slow:
        for number in range(200):
            writer.append(ContentDelta(str(number)))
        entries = await slow.next()
        assert isinstance(entries[0].event, Snapshot)
        assert entries[0].sequence == 200
        assert len(entries) == 1
        writer.append(ContentDelta("next"))
        assert numbered(await slow.next()) == [(201, ContentDelta("next"))]


async def test_a_reader_of_an_ended_run_whose_events_are_gone_still_gets_done(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=3_000)
    writer = log.open(RUN, SESSION, snapshot)
    for number in range(200):
        writer.append(ContentDelta(str(number)))
    last = writer.append(done())
    async with log.follow(RUN, 5) as follower:
        entries = await read_to_end(follower)
    assert numbered(entries) == [(last - 1, snapshot()), (last, done())]


async def test_runs_that_ended_make_room_before_those_at_work(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=6_500)
    old = log.open(RUN, SESSION, snapshot)
    for number in range(50):
        old.append(ContentDelta(str(number)))
    old.append(done())
    other = "00000000000000ab"
    working = log.open(other, SESSION, snapshot)
    for number in range(80):
        working.append(ContentDelta(str(number)))
    async with log.follow(other, 0) as follower:
        assert [entry.sequence for entry in await follower.next()] == list(range(1, 81))
    async with log.follow(RUN, 0) as follower:
        assert [type(entry.event) for entry in await read_to_end(follower)] == [Snapshot, Done]


async def test_of_a_run_that_has_ended_only_its_events_and_its_last_state_are_held(make_log: MakeLog) -> None:
    class Request:
        """As large as its pictures."""

    request = Request()
    held = weakref.ref(request)

    def state(_request: Request = request) -> Snapshot:
        return snapshot()

    log = make_log()
    writer = log.open(RUN, SESSION, state)
    writer.append(done())
    del request, state
    gc.collect()
    assert held() is None
    assert log.state(RUN) is not None


async def test_ended_runs_without_number_are_forgotten_from_the_oldest_on(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=100_000)
    run_ids = [f"{number:016x}" for number in range(1000)]
    for run_id in run_ids:
        log.open(run_id, SESSION, snapshot).append(done(run_id))
    held = [run_id for run_id in run_ids if log.state(run_id)]
    assert 0 < len(held) < 200
    assert held == run_ids[-len(held) :]


async def test_memory_is_bounded_over_all_runs_with_readers_that_never_read(make_log: MakeLog) -> None:
    log = make_log(replay_bytes=200_000)
    writers = [log.open(f"{number:016x}", SESSION, snapshot) for number in range(20)]
    for _ in range(200):
        for writer in writers:
            writer.append(ContentDelta("word " * 4))
    held = 0
    for number in range(20):
        async with log.follow(f"{number:016x}", 0) as follower:
            held += len([entry for entry in await follower.next() if isinstance(entry.event, ContentDelta)])
            state = log.state(f"{number:016x}")
            assert state is not None
            if state.last_sequence == 200:
                async with log.follow(f"{number:016x}", 190) as late:
                    entries = await late.next()
                    assert entries[-1].sequence == 200
    assert 0 < held * getsizeof("word " * 4) <= 200_000


async def test_a_log_that_another_process_began_goes_on_behind_its_numbers(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot, after=41)
    async with log.follow(RUN, 40) as late, log.follow(RUN, 41) as current, log.follow(RUN, 0) as new:
        assert numbered(await late.next()) == numbered(await new.next()) == [(41, snapshot())]
        assert list(current.take()) == []
        assert [writer.append(event) for event in (ContentDelta("x"), done())] == [42, 43]
        for follower in (late, current, new):
            assert numbered(await read_to_end(follower)) == [(42, ContentDelta("x")), (43, done())]


async def test_events_of_every_kind_come_back_as_they_were(make_log: MakeLog) -> None:
    log = make_log()
    writer = log.open(RUN, SESSION, snapshot)
    events: list[RunEvent] = [
        start(),
        ThinkingDelta("hm"),
        ContentDelta(""),
        ContentDelta("text"),
        ToolCallBegun(tool_name="echo", arguments={"a": [1]}, call_index=0, tool_call_id="call_1"),
        done(),
    ]
    for event in events:
        writer.append(event)
    async with log.follow(RUN, 0) as follower:
        assert numbered(follower.take()) == list(enumerate(events, start=1))


async def test_pieces_of_text_are_nothing_that_the_garbage_collector_looks_at(make_log: MakeLog) -> None:
    writer = make_log(replay_bytes=10_000_000).open(RUN, SESSION, snapshot)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(10_000):
        writer.append(ContentDelta(f"piece {number}"))
        writer.append(ThinkingDelta(f"thought {number}"))
    gc.collect()
    assert len(gc.get_objects()) - before < 1_000
