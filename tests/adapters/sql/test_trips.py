"""How often a turn asks the database: each time is a trip, which may be a long one."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from adapters.sql.database import Database
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from domain.conversation import append
from tests.contracts.samples import after, assistant, session, user
from tests.contracts.test_run_store import ended, partial, run

ID = session(1).session_id


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are sent meanwhile, less those that only begin a transaction."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_message_is_one_statement_where_it_can_hold_others(database: Database, kind: str) -> None:
    store = SqlSessionStore(database, "chats")
    await store.create(session(1))
    with counting() as sent:
        await store.append(ID, [assistant(1), user(2)], after(2))
    assert len(sent) == {"sqlite": 3, "postgresql": 1}[kind]
    with counting() as sent:
        await store.update(ID, lambda found: append(found, [user(3)], after(3)))
    assert len(sent) == {"sqlite": 3, "postgresql": 1}[kind]
    found = await SqlSessionStore(database, "chats").load(ID)
    assert found.messages == (assistant(1), user(2), user(3))


async def test_a_known_session_is_looked_at_once(database: Database) -> None:
    store = SqlSessionStore(database, "chats")
    await store.create(session(1, user(1)))
    with counting() as sent:
        await store.load(ID)
    assert len(sent) == 1


async def test_a_text_is_kept_and_a_run_ended_by_one_statement_each(database: Database) -> None:
    store = SqlRunStore(database)
    await store.claim(run(1))
    with counting() as sent:
        await store.flush([partial(run(1), "so far")])
        await store.update(ended(run(1)))
    assert len(sent) == 2
