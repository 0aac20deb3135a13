"""One reader's connection: quiet, slow, stalled, gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.memory.run_log import MemoryRunLog
from application.ports.run_log import LogWriter
from domain.run_event import ContentDelta, Done, Snapshot
from entrypoints.http.open_stream import (
    BURST_SECONDS,
    FULL_BYTES,
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    STALLED_SECONDS,
    OpenStream,
    StreamKeeper,
)
from tests.fakes.clock import FakeClock
from tests.fakes.house import until

RUN = "00000000000000aa"
SESSION = "00000000bb"
DONE = Done(session_id=SESSION, run_id=RUN, status="completed")


class Socket(asyncio.WriteTransport):
    """A transport whose reader takes what a test lets it take."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.untaken = 0
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.untaken

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True

    def is_let_go(self) -> bool:
        return self.is_aborted

    @property
    def frames(self) -> int:
        return b"".join(self.writes).count(b"\nevent: ")


class Reading:
    """A stream at work on a log that a test writes."""

    def __init__(self, writer: LogWriter, stream: OpenStream, socket: Socket, task: "asyncio.Task[None]") -> None:
        self.writer = writer
        self.stream = stream
        self.socket = socket
        self.task = task

    async def pause(self) -> None:
        """Long enough for the next event not to be of the same burst."""
        await asyncio.sleep(2 * BURST_SECONDS)

    def later(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds


@pytest.fixture
async def reading() -> AsyncIterator[Reading]:
    log = MemoryRunLog(clock=FakeClock())
    writer = log.open(RUN, SESSION, _snapshot)
    socket = Socket()
    async with log.follow(RUN, 0) as follower:
        stream = OpenStream(socket, follower, RUN, is_chunked=False)
        task = asyncio.create_task(stream.write_to_end())
        await asyncio.sleep(0)
        yield Reading(writer, stream, socket, task)
        task.cancel()
        await asyncio.wait([task])


def _snapshot() -> Snapshot:
    return Snapshot(run_id=RUN, status="running", message_id=None, content="", thinking="")


async def test_an_event_is_written_within_its_append(reading: Reading) -> None:
    await reading.pause()
    reading.writer.append(ContentDelta("now"))
    assert reading.socket.writes[-1] == (
        b'id: 00000000000000aa:1\nevent: content_delta\ndata: {"content":"now","role":"assistant"}\n\n'
    )


async def test_a_burst_is_written_together_and_every_event_is_its_own(reading: Reading) -> None:
    await reading.pause()
    for number in range(100):
        reading.writer.append(ContentDelta(str(number)))
    await until(lambda: reading.socket.frames == 100)
    assert len(reading.socket.writes) <= 3


async def test_the_stream_ends_with_done(reading: Reading) -> None:
    reading.writer.append(ContentDelta("a"))
    reading.writer.append(DONE)
    await asyncio.wait_for(reading.task, 5)
    assert reading.socket.frames == 2


async def test_a_slow_reader_is_waited_for_and_loses_nothing(reading: Reading) -> None:
    await reading.pause()
    reading.socket.untaken = FULL_BYTES + 1
    reading.writer.append(ContentDelta("taken"))
    for number in range(50):
        reading.writer.append(ContentDelta(str(number)))
    reading.writer.append(DONE)
    await reading.pause()
    assert reading.socket.frames == 1, "what is not taken stays in the log"
    reading.socket.untaken = 0
    await asyncio.wait_for(reading.task, 5)
    assert reading.socket.frames == 52


async def test_a_quiet_stream_is_kept_alive(reading: Reading) -> None:
    reading.stream.sweep(reading.later(HEARTBEAT_SECONDS - 1))
    assert reading.socket.writes == []
    reading.stream.sweep(reading.later(HEARTBEAT_SECONDS))
    assert reading.socket.writes == [HEARTBEAT]


async def test_one_who_takes_nothing_is_let_go(reading: Reading) -> None:
    await reading.pause()
    reading.socket.untaken = FULL_BYTES + 1
    reading.writer.append(ContentDelta("a"))
    reading.stream.sweep(begin := reading.later(0))
    reading.stream.sweep(begin + STALLED_SECONDS - 1)
    assert not reading.socket.is_let_go()
    reading.stream.sweep(begin + STALLED_SECONDS + 1)
    assert reading.socket.is_let_go()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reading.task, 5)


async def test_one_who_takes_a_long_beginning_slowly_is_not(reading: Reading) -> None:
    """The head and the first events went out with the response, before the stream itself wrote anything."""
    for minute in range(10):
        reading.socket.untaken = 10 * FULL_BYTES - minute
        reading.stream.sweep(reading.later(minute * (STALLED_SECONDS - 1)))
    assert not reading.socket.is_let_go()
    reading.stream.sweep(reading.later(11 * STALLED_SECONDS))
    assert reading.socket.is_let_go()


async def test_a_reader_who_is_gone_does_not_hurt_the_run(reading: Reading) -> None:
    await reading.pause()
    reading.socket.abort()
    assert reading.writer.append(ContentDelta("a")) == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reading.task, 5)


async def test_a_heartbeat_to_one_who_is_gone_does_not_stop_the_keeper(reading: Reading) -> None:
    keeper = StreamKeeper()
    reading.socket.abort()
    with keeper.keeping(reading.stream):
        keeper.sweep(reading.later(HEARTBEAT_SECONDS))
    assert reading.socket.writes == []
