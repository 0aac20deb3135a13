"""Rows of very many sessions, made without their messages, which no list or search reads."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

from adapters.sql.row import Values
from adapters.sql.session_rows import SessionRow
from adapters.sql.word_rows import IN_MESSAGES
from benchmarks.conversations import AT, message, session

RARE_WORD = "rarity"
WORDS_A_SESSION = 60
_VOCABULARY = [f"{'bcdfghklmnprstvz'[number % 16]}{number:x}" for number in range(20_000)]
_FREQUENCIES = [*accumulate(1 / rank for rank in range(1, len(_VOCABULARY) + 1))]
"""As in natural text: the word of the n-th rank is n times rarer than the first."""


def session_rows(numbers: Iterable[int]) -> list[Values]:
    empty = session("0000000000", 0)
    rows = []
    for number in numbers:
        made = replace(
            empty, session_id=f"{number:010x}", updated_at=AT + timedelta(seconds=number), messages=(message(0),)
        )
        rows.append(
            {
                **SessionRow.of(made),
                "key": number + 1,
                "collection": "chats",
                "session_id": made.session_id,
                "revision": 1,
            }
        )
    return rows


def word_rows(numbers: Iterable[int]) -> list[Values]:
    return [
        {"session_key": number + 1, "word": word, "source": IN_MESSAGES, "position": 1}
        for number in numbers
        for word in _words_of(number)
    ]


def _words_of(number: int) -> Iterator[str]:
    chosen = random.Random(number).choices(_VOCABULARY, cum_weights=_FREQUENCIES, k=WORDS_A_SESSION)  # noqa: S311 - no secret
    yield from sorted({*chosen, "common"})
    if number < 50:
        yield RARE_WORD
    if number % 10 == 0:
        yield "tenth"
    if number % 10 == 5:
        yield "another"
