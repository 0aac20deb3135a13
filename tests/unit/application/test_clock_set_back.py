"""The machine's clock is set back by a day while the server runs: what is newer stays so, and what is kept is kept."""

from datetime import datetime, timedelta

from adapters.system.clock import SystemClock
from domain.message import Message
from tests.fakes.clock import FakeClock
from tests.fakes.house import House, names_of, read_all

DAY = 86_400


class ClockSetBack(FakeClock):
    """The server's clock over a machine's that a test sets back."""

    def __init__(self) -> None:
        super().__init__()
        self._server = SystemClock(super().now)

    def now(self) -> datetime:
        return self._server.now()

    def set_back(self) -> None:
        self._now -= timedelta(seconds=DAY)


async def say(house: House, session_id: str, key: str | None = None) -> str:
    async with house.say(session_id, key=key) as started:
        assert names_of(await read_all(started.events))[-1] == "done"
        return started.run.run_id


async def test_lists_runs_and_repeated_requests_are_as_if_it_had_not_been() -> None:
    clock = ClockSetBack()
    house = House(clock=clock)
    sessions = [await house.session() for _ in range(3)]
    clock.advance(10)
    before = [await say(house, session_id, key=f"before {session_id}") for session_id in sessions]
    clock.set_back()
    after = []
    for session_id in reversed(sessions):
        clock.advance(1)
        after.append(await say(house, session_id, key="after"))

    page = await house.sessions.list_sessions()
    assert [overview.session_id for overview in page.sessions] == sessions
    for session_id, old, new in zip(sessions, before, reversed(after), strict=True):
        assert [run.run_id for run in await house.list_runs(session_id)] == [new, old]
        assert [run.status for run in await house.list_runs(session_id)] == ["completed", "completed"]
        assert in_order(await house.messages(session_id))
        assert await say(house, session_id, key=f"before {session_id}") == old
        assert await say(house, session_id, key="after") == new
    assert len(house.model.requests) == 6


async def test_a_key_is_kept_for_a_day_of_the_machines_time_at_least() -> None:
    clock = ClockSetBack()
    house = House(clock=clock)
    session_id = await house.session()
    first = await say(house, session_id, key="k")
    clock.set_back()
    for _ in range(2):
        clock.advance(DAY - 1)
        assert await say(house, session_id, key="k") == first
    clock.advance(3)
    assert await say(house, session_id, key="k") != first


def in_order(messages: tuple[Message, ...]) -> bool:
    times = [message.timestamp for message in messages]
    return times == sorted(times)
