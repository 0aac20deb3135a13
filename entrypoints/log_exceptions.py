"""Exceptions in the log: where they arose and of which kind, not what they say.

An exception's text may quote anything: a message, the arguments of a call, a key. Its place in the code is enough to
find the fault; who needs the text has the level DEBUG.
"""

import traceback
from collections.abc import Iterator

_BECAUSE = "\nThat was the cause of:\n\n"
_DURING = "\nWhile that was handled:\n\n"
_MOST_CAUSES = 10


def exception_lines(error: BaseException) -> Iterator[str]:
    """Like `traceback.format_exception`, without the texts; those of the operating system stay."""
    chain = [error]
    while (before := _before(chain[-1])) is not None and before not in chain and len(chain) < _MOST_CAUSES:
        chain.append(before)
    for place in range(len(chain) - 1, -1, -1):
        yield from _lines_of_one(chain[place])
        if place:
            yield _BECAUSE if chain[place - 1].__cause__ else _DURING


def _before(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _lines_of_one(error: BaseException) -> Iterator[str]:
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    yield f"{name}: {_text_of(error)}\n"


def _text_of(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "(its text is shown at the level DEBUG)"
