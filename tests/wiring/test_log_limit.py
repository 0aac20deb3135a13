"""What a flood of alike records leaves of the log."""

import io
import logging

from entrypoints.log_limit import LINES, SECONDS, LimitedHandler
from tests.fakes.clock import FakeClock


class Log:
    """A handler of its own, and what it wrote."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._stream = io.StringIO()
        self._handler = LimitedHandler(self._stream, self.clock.monotonic)

    def say(self, message: str, *args: object, logger: str = "a", level: int = logging.WARNING) -> None:
        self._handler.handle(logging.LogRecord(logger, level, "", 1, message, args, None))

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


def test_records_that_are_alike_are_left_out_from_a_number_on() -> None:
    log = Log()
    for number in range(1000):
        log.say("client %d is a bother", number)
    assert log.lines[:LINES] == [f"client {number} is a bother" for number in range(LINES)]
    assert log.lines[LINES:] == ["more records like the last one are left out for up to 10 seconds"]


def test_others_are_written_meanwhile() -> None:
    log = Log()
    for _ in range(1000):
        log.say("flood")
    log.say("flood", logger="b")
    log.say("flood", level=logging.ERROR)
    log.say("ours")
    assert log.lines[-3:] == ["flood", "flood", "ours"]


def test_what_comes_later_is_written_again_with_the_number_of_those_left_out() -> None:
    log = Log()
    for _ in range(LINES + 7):
        log.say("flood")
    log.clock.advance(SECONDS)
    log.say("flood")
    log.clock.advance(SECONDS)
    log.say("flood")
    assert log.lines[LINES + 1 :] == ["7 records like the next one were left out", "flood", "flood"]


def test_kinds_without_end_are_not_remembered_without_end() -> None:
    log = Log()
    for number in range(3000):
        log.say(f"each is new: {number}")
    assert len(log.lines) == 3000


def test_lines_of_what_goes_well_are_all_written() -> None:
    log = Log()
    for number in range(1000):
        log.say("run %d ends", number, level=logging.INFO)
    assert len(log.lines) == 1000
