"""A machine whose clock is set back while the server runs."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from adapters.system.clock import SystemClock, time_of_day

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """Its time of day is what it was told to be."""

    def __init__(self) -> None:
        self.time = NOON

    def read(self) -> datetime:
        return self.time


def test_time_goes_on_in_tiny_steps_until_the_machines_has_caught_up() -> None:
    machine = Machine()
    clock = SystemClock(machine.read)
    seen = [clock.now()]
    for minutes in range(-60, 1, 10):
        machine.time = NOON + timedelta(minutes=minutes)
        seen += [clock.now(), clock.now()]
    assert all(earlier < later for earlier, later in pairwise(seen))
    assert seen[-1] - NOON < timedelta(milliseconds=1)
    machine.time = NOON + HOUR
    assert clock.now() == NOON + HOUR


def test_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = SystemClock(machine.read)
    clock.now()
    with caplog.at_level(logging.WARNING):
        machine.time = NOON - timedelta(milliseconds=10)
        clock.now()
        assert caplog.messages == []
        machine.time = NOON - HOUR
        for _ in range(3):
            clock.now()
    [message] = caplog.messages
    assert "set back by 1:00:00" in message


def test_a_clock_that_goes_forward_is_the_machines() -> None:
    before = time_of_day()
    assert before <= SystemClock().now() <= time_of_day()
