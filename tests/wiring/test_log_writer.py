"""What the thread that writes the log makes of what it is given."""

import fcntl
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.log_limit import LimitedHandler
from entrypoints.log_writer import KEPT_CHARACTERS, LogWriter, log_written_aside

LINE = "x" * 99 + "\n"
NOTE = re.compile(r"^(\d+) lines were left out .*\n", re.MULTILINE)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def read_all(descriptor: int) -> str:
    """What is there."""
    os.set_blocking(descriptor, False)
    blocks = []
    try:
        while block := os.read(descriptor, 65_536):
            blocks.append(block)
    except BlockingIOError:
        pass
    return b"".join(blocks).decode()


def left_out_of(taken: str) -> int:
    return sum(int(note[1]) for note in NOTE.finditer(taken))


def test_lines_come_whole_and_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as log:
        writer = LogWriter(log.fileno())
        for number in range(5000):
            writer.write(f"line {number}, ü, \udc80\n")
            writer.flush()
        assert writer.leave()
    assert file.read_text() == "".join(f"line {number}, ü, \\udc80\n" for number in range(5000))


def test_of_what_nobody_takes_so_much_is_kept_and_the_rest_counted(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    room = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    with os.fdopen(os.dup(writing), "w") as stream:
        handler = LimitedHandler(stream)
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        with log_written_aside():
            lines = (room + 2 * KEPT_CHARACTERS) // len(LINE) + 500  # Twice: what it is writing waits no more.
            for _ in range(lines):
                handler.stream.write(LINE)
                handler.flush()
            taken = ""
            while taken.count(LINE) + left_out_of(taken) < lines:
                taken += read_all(reading)
                time.sleep(0.001)  # Else the thread that is to write gets hardly any time.
    assert left_out_of(taken) > 0
    assert NOTE.sub("", taken) == LINE * (lines - left_out_of(taken))


def test_an_end_does_not_wait_for_a_reader_that_takes_nothing(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LogWriter(writing)
    writer.write(LINE * 5000)
    writer.flush()
    assert not writer.leave()

    # Its thread must not outlive the pipe, whose numbers are another's then.
    taken = ""
    while len(taken) < len(LINE) * 5000:
        taken += read_all(reading)
        time.sleep(0.001)
    assert writer.leave()


def test_the_end_tells_of_lines_left_out_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as stream:
        handler = LimitedHandler(stream)
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        with log_written_aside():
            logging.getLogger("a").error("first")
            while not (tmp_path / "log").stat().st_size:
                time.sleep(0.001)
            handler.stream.write("x" * KEPT_CHARACTERS + "\n")  # It pauses now, and hears of this as it is to end.
    assert (tmp_path / "log").read_text().splitlines()[1].startswith("1 lines were left out")


def test_afterwards_the_handler_writes_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as stream:
        handler = LimitedHandler(stream)
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        with log_written_aside():
            logging.getLogger("a").error("within")
        assert handler.stream is stream
        logging.getLogger("a").error("after")
    assert (tmp_path / "log").read_text() == "within\nafter\n"
