"""What a command has to say: lines for people, and whether all was well."""

from collections.abc import Iterable
from typing import TextIO

from application.use_cases.storage_reports import Problem


class Report:
    """What went well goes to `output`, what did not to `errors`."""

    def __init__(self, output: TextIO, errors: TextIO) -> None:
        self._output = output
        self._errors = errors
        self.problem_count = 0

    def line(self, text: str) -> None:
        self._output.write(f"{text}\n")
        self._output.flush()

    def problems(self, collection: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.problem_count += 1
            self._errors.write(f"{collection}: {problem.name}: {problem.reason}\n")
        self._errors.flush()


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
