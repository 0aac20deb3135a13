"""Words of very many sessions, which are searched in other ways than those of few."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from sqlalchemy import insert

from adapters.sql.database import Database
from adapters.sql.session_rows import SESSIONS, SessionRow
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.word_rows import IN_MESSAGES, WORDS
from tests.contracts.samples import after, session

COUNT = 4400
RARE = (3, 70, 4000)


def words_of(number: int) -> Sequence[str]:
    """Half of the sessions, and by age the older and the newer half, are each more than are looked at one by one."""
    words = ["common", "even" if number % 2 == 0 else "odd", "old" if number < COUNT // 2 else "new"]
    return [*words, "rare"] if number in RARE else words


async def fill(database: Database) -> SqlSessionStore:
    empty = SessionRow.of(session(0))
    named = {**empty, "collection": "chats", "revision": 1}
    sessions, words = [], []
    for number in range(COUNT):
        made = replace(session(number), updated_at=after(number))
        document = str(empty["document"]).replace(session(0).session_id, made.session_id)
        place = {"key": number + 1, "session_id": made.session_id, "updated_at": made.updated_at}
        sessions.append({**named, **place, "document": document})
        words += [
            {"session_key": number + 1, "word": word, "source": IN_MESSAGES, "position": 1} for word in words_of(number)
        ]
    await database.write(lambda connection: connection.execute(insert(SESSIONS), sessions))
    await database.write(lambda connection: connection.execute(insert(WORDS), words))
    return SqlSessionStore(database, "chats")


def expected(query: Sequence[str]) -> list[str]:
    numbers = [
        number
        for number in reversed(range(COUNT))
        if all(any(word.startswith(each) for word in words_of(number)) for each in query)
    ]
    return [session(number).session_id for number in numbers]


async def test_whatever_way_is_taken_the_same_sessions_are_found(database: Database) -> None:
    store = await fill(database)
    for query in (["common"], ["c"], ["even", "odd"], ["even", "old"], ["o", "new"], ["rare", "e"], ["even", "rare"]):
        whole = [each.session_id for each in (await store.list_sessions(words=query)).sessions]
        assert whole == expected(query), query
        page = await store.list_sessions(words=query, limit=700)
        pages = [page]
        while page.next_position:
            page = await store.list_sessions(words=query, limit=700, after=page.next_position)
            pages.append(page)
        assert [each.session_id for page in pages for each in page.sessions] == whole, query
        assert all(len(one.sessions) == 700 for one, _ in pairwise(pages)), query
