"""What a change writes: what is new, and not the history."""

import asyncio
import threading
from collections import UserDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, literal_column, select, update

from adapters.sql.database import Database
from adapters.sql.session_rows import MESSAGES, SESSIONS
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.word_rows import WORDS
from domain.conversation import append, edit_user_message, remove_system_prompt, set_system_prompt
from domain.errors import SessionCorrupt, StorageFailed
from domain.json_value import JsonValue
from domain.message import Message, SystemMessage, UserMessage
from domain.session import Session, Summary
from tests.contracts.samples import NOON, after, assistant, rich_session, session, user

ID = session(1).session_id
PROMPT = SystemMessage(message_id="a" * 10, timestamp=NOON, content="Be kind.")


@pytest.fixture
def store(database: Database) -> SqlSessionStore:
    return SqlSessionStore(database, "chats")


async def messages_of(database: Database) -> Sequence[Any]:
    """Where each message's row is kept, which changes when it is written again, and its position."""

    def read(connection: Connection) -> Sequence[Any]:
        place = "rowid" if connection.dialect.name == "sqlite" else "ctid::text"
        return connection.execute(select(literal_column(place), MESSAGES.c.position).order_by("position")).all()

    return await database.read(read)


async def words_of(database: Database) -> set[str]:
    return set(await database.read(lambda connection: connection.execute(select(WORDS.c.word)).scalars().all()))


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_was_there_is_not_written_again(database: Database, store: SqlSessionStore, is_known: bool) -> None:
    history: tuple[Message, ...] = (PROMPT, *(user(number, f"word{number}") for number in range(20)))
    await store.create(session(1, *history))
    before = await messages_of(database)
    if not is_known:
        store = SqlSessionStore(database, "chats")
    await store.append(ID, [user(20), assistant(21)], after(21))
    await store.update(ID, lambda found: append(found, [user(22)], after(22)))
    await store.update(ID, lambda found: set_system_prompt(found, replace(PROMPT, content="Be brief."), after(23)))
    await store.update(ID, lambda found: replace(found, model="other"))
    rows = await messages_of(database)
    assert rows[1 : len(before)] == before[1:]
    assert [row.position for row in rows] == list(range(24))
    await store.update(ID, lambda found: remove_system_prompt(found, after(24)))
    assert await messages_of(database) == rows[1:]


async def test_words_go_with_the_messages_that_alone_had_them(database: Database, store: SqlSessionStore) -> None:
    await store.create(replace(session(1, user(1, "one"), user(2, "two one")), summary=Summary(summary="two six")))
    await store.append(ID, [assistant(3, "three two")], after(3))
    assert await words_of(database) == {"one", "two", "three", "six"}
    await store.update(ID, lambda found: edit_user_message(found, 1, "four", after(4)))
    assert await words_of(database) == {"one", "four", "two", "six"}
    await store.update(ID, lambda found: replace(found, summary=None))
    assert await words_of(database) == {"one", "four"}
    await store.update(ID, lambda found: replace(found, messages=found.messages[1:]))
    assert await words_of(database) == {"four"}
    await store.delete(ID)
    assert await words_of(database) == set()


class Witness(UserDict[str, JsonValue]):
    """What a message carries along; it notes the threads that read it."""

    def __init__(self, threads: set[int]) -> None:
        super().__init__({"seen": True})
        self._threads = threads

    def __iter__(self) -> Iterator[str]:
        self._threads.add(threading.get_ident())
        return super().__iter__()


@pytest.mark.parametrize("is_long", [True, False])
async def test_only_what_is_short_is_taken_apart_in_the_event_loop(
    database: Database, store: SqlSessionStore, is_long: bool
) -> None:
    def seen_by() -> tuple[UserMessage, set[int]]:
        threads: set[int] = set()
        return replace(user(1, "some words " * (20_000 if is_long else 1)), extra=Witness(threads)), threads

    (first, creating), (second, appending), (third, updating) = seen_by(), seen_by(), seen_by()
    await store.create(session(1, first))
    await store.append(ID, [second], after(2))
    await store.update(ID, lambda found: append(found, [third], after(3)))
    for threads in (creating, appending, updating):
        assert (threads == {threading.get_ident()}) is not is_long
    assert (await SqlSessionStore(database, "chats").load(ID)).message_count == 3


async def test_equal_numbers_of_other_kinds_are_other_values(store: SqlSessionStore) -> None:
    await store.create(session(1, replace(user(1), extra={"a": 1}), user(2)))

    def replaced(found: Session) -> Session:
        return replace(found, messages=(replace(user(1), extra={"a": True}), user(2)))

    await store.update(ID, replaced)
    first = (await store.load(ID)).messages[0]
    assert isinstance(first, UserMessage)
    assert first.extra["a"] is True


@pytest.mark.parametrize(
    "damage",
    [
        update(SESSIONS).values(document="{"),
        update(SESSIONS).values(document='{"format_version": "9.9"}'),
        update(SESSIONS).values(document='{"format_version": "1.4", "session_id": "ffffffffff"}'),
        update(MESSAGES).values(body='{"role": "nobody"}'),
        delete(MESSAGES).where(MESSAGES.c.position == 2),
    ],
    ids=["no json", "newer", "another's", "a message", "a message less"],
)
async def test_a_corrupt_session_is_told_kept_and_can_be_deleted(database: Database, damage: Any) -> None:
    await SqlSessionStore(database, "chats").create(session(1, user(1), user(2)))
    await database.write(lambda connection: connection.execute(damage))
    store = SqlSessionStore(database, "chats")
    for _ in range(2):
        with pytest.raises(SessionCorrupt):
            await store.load(ID)
        with pytest.raises(SessionCorrupt):
            await store.update(ID, lambda found: replace(found, model="other"))
    await store.delete(ID)
    assert await store.create(session(1))


async def test_corrupt_sessions_leave_no_holes_in_pages(database: Database, store: SqlSessionStore) -> None:
    for number in range(20):
        await store.create(session(number, updated=number))
    damage = update(SESSIONS).where(SESSIONS.c.session_id < f"{10:010x}").values(document="{")
    await database.write(lambda connection: connection.execute(damage))
    await store.create(session(100, updated=-1))
    page = await store.list_sessions(limit=10)
    rest = await store.list_sessions(limit=10, after=page.next_position)
    assert len(page.sessions) == 10
    assert [each.session_id for each in rest.sessions] == [session(100).session_id]


async def test_collections_do_not_mix(database: Database, store: SqlSessionStore) -> None:
    agents = SqlSessionStore(database, "agent_chats")
    await store.create(session(1, user(1, "apple")))
    assert await agents.create(session(1, user(1, "apple pie")))
    await agents.append(ID, [user(2, "crumble")], after(2))
    assert (await store.load(ID)).message_count == 1
    assert [each.message_count for each in (await store.list_sessions(words=["apple"])).sessions] == [1]
    assert (await store.list_sessions(words=["crumble"])).sessions == []
    await store.delete(ID)
    assert (await agents.load(ID)).message_count == 2


async def test_what_json_cannot_hold_changes_nothing(database: Database, store: SqlSessionStore) -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    kept = rich_session()
    await store.create(kept)
    with pytest.raises(StorageFailed):
        await store.append(kept.session_id, [replace(user(1), extra={"deep": deep})], after(1))
    with pytest.raises(StorageFailed):
        await store.update(kept.session_id, lambda found: replace(found, extra={"deep": deep}))
    assert await store.load(kept.session_id) == kept
    assert await SqlSessionStore(database, "chats").load(kept.session_id) == kept


async def test_a_call_that_is_cancelled_gives_its_connection_back(database: Database, store: SqlSessionStore) -> None:
    await store.create(session(1))
    for steps in range(60):
        calls = [
            asyncio.create_task(store.append(ID, [user(steps)], after(steps))),
            asyncio.create_task(store.load(ID)),
            asyncio.create_task(store.list_sessions(words=["hello"], limit=5)),
        ]
        for _ in range(steps % 12):
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    count = select(func.count()).select_from(MESSAGES)
    stored = await database.read(lambda connection: connection.scalar(count))
    assert (await store.load(ID)).message_count == stored
    await asyncio.gather(*(store.append(ID, [user(1000 + number)], after(100)) for number in range(20)))
