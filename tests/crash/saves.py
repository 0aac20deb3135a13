"""Everything that a store does to files for one call of a port: what is there before, and what the call is."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from adapters.json_files.text_log import LARGE_BYTES
from adapters.sql.run_store import SqlRunStore
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.sqlite import SqliteDatabase
from application.ports.prompt_store import PromptStore
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from domain.confirmation import Confirmation
from domain.prompt import Prompt
from domain.run import Run
from domain.session import Session
from tests.contracts.samples import NOON, after, conversation_with_tools, session, user
from tests.contracts.stores import file_prompts, json_runs, json_sessions
from tests.contracts.test_run_store import ended, partial, run
from tests.databases import sqlite_file

OLD: Final = session(1, *conversation_with_tools())
NEW: Final = session(2, user(1, "new"))
LONG: Final = "long " * 20_000
MUCH: Final = "x" * (LARGE_BYTES // 2 - 500)
RUN: Final = replace(run(1, session_id=OLD.session_id), idempotency_key="key", request_digest="00ff")
UNKEYED: Final = run(2, session_id=OLD.session_id)
QUESTION: Final = Confirmation(
    confirmation_id="c" * 10, tool_name="add", arguments={"a": 1}, call_index=0, tool_call_id="call_1", created_at=NOON
)
WAITING: Final = replace(UNKEYED, status="awaiting_confirmation", confirmations=(QUESTION,))
PROMPT: Final = Prompt(filename="old.md", content="Be kind.")
NEW_PROMPT: Final = Prompt(filename="new.md", content="Be brief.")


SQLITE_LOG_PAGES: Final = 1000
"""So many pages in its log, and SQLite moves them into the database as soon as a save is done."""
MORE_THAN_THE_LOG: Final = "long " * (SQLITE_LOG_PAGES * 4096 // 5 + 5000)


@dataclass(frozen=True, slots=True)
class Stores:
    folder: Path
    sessions: SessionStore
    agent_chats: SessionStore
    runs: RunStore
    prompts: PromptStore


@asynccontextmanager
async def _files(folder: Path) -> AsyncIterator[Stores]:
    async with (
        json_sessions(folder) as sessions,
        json_sessions(folder / "agents") as agent_chats,
        json_runs(folder) as runs,
        file_prompts(folder / "prompts") as prompts,
    ):
        yield Stores(folder, sessions, agent_chats, runs, prompts)


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[Stores]:
    database = SqliteDatabase(sqlite_file(folder))
    async with AsyncExitStack() as stack:
        # Closed where it cannot be opened, too, as a server does.
        stack.push_async_callback(database.aclose)
        await database.open()
        prompts = await stack.enter_async_context(file_prompts(folder / "prompts"))
        chats, agent_chats = SqlSessionStore(database, "chats"), SqlSessionStore(database, "agent_chats")
        yield Stores(folder, chats, agent_chats, SqlRunStore(database), prompts)


_OPENERS: Final = {"json": _files, "sqlite": _sqlite}


def opened(kind: str, folder: Path) -> AbstractAsyncContextManager[Stores]:
    return _OPENERS[kind](folder)


Call = Callable[[Stores], Awaitable[object]]


async def nothing(_stores: Stores) -> None: ...


@dataclass(frozen=True, slots=True)
class Save:
    """`call` is what faults befall; `before` is what the same process does first, untouched.

    Each can be made again after it was refused, and then shows whether the refused one took effect all the same.
    `where` in the folder is what has to be found afterwards.
    """

    call: Call
    before: Call = nothing
    where: str = ""


async def fill(kind: str, folder: Path) -> None:
    """What every save finds."""
    async with opened(kind, folder) as stores:
        await stores.sessions.create(OLD)
        await stores.agent_chats.create(OLD)
        await stores.runs.update(ended(replace(RUN, run_id="f" * 16)))
        await stores.prompts.create(PROMPT)


async def _create(stores: Stores) -> None:
    assert await stores.sessions.create(NEW)


async def _create_for_agent(stores: Stores) -> None:
    assert await stores.agent_chats.create(NEW)


def _append(number: int, content: str) -> Call:
    return lambda stores: stores.sessions.append(OLD.session_id, [user(number, content)], after(number))


def _with_another_history(session: Session) -> Session:
    """As where somebody edits a message: all that followed it is gone."""
    prompt, question, *_ = session.messages
    return replace(session, messages=(prompt, replace(question, content="What is 2 + 2?")))


def _with_runs(*claimed: Run) -> Call:
    async def before(stores: Stores) -> None:
        for each in claimed:
            await stores.runs.claim(each)
            await stores.runs.flush([partial(each, "so")])

    return before


async def _many_records(stores: Stores) -> None:
    """A journal that has to be made short when its run ends."""
    await stores.runs.claim(RUN)
    for number in range(100):
        await stores.runs.update(replace(RUN, eval_count=number))


async def _much_text(stores: Stores) -> None:
    """So much that the next flush writes the file anew."""
    await stores.runs.claim(UNKEYED)
    for text in (MUCH, "", MUCH):
        await stores.runs.flush([partial(UNKEYED, text)])


async def _use_another(stores: Stores) -> None:
    """As the next start of a server does, up to its stop."""
    async with opened("sqlite", stores.folder / "other") as other:
        await other.sessions.create(NEW)


async def _leave_a_copy(stores: Stores) -> None:
    """The files as a process leaves them that is killed: the last save is in the log alone."""
    await stores.sessions.append(OLD.session_id, [user(9, LONG)], after(9))
    (stores.folder / "other").mkdir()
    for file in stores.folder.glob("mochi.db*"):
        if file.is_file() and not file.name.endswith("-shm"):
            shutil.copy(file, stores.folder / "other")


OF_SESSIONS: Mapping[str, Save] = {
    "session created": Save(_create),
    "message appended": Save(_append(9, LONG)),
    "session updated": Save(lambda stores: stores.sessions.update(OLD.session_id, lambda it: replace(it, model="new"))),
    "message edited": Save(lambda stores: stores.sessions.update(OLD.session_id, _with_another_history)),
    "session deleted": Save(lambda stores: stores.sessions.delete(OLD.session_id)),
}
OF_AGENTS: Mapping[str, Save] = {
    "agent session created": Save(_create_for_agent),
    "agent message appended": Save(
        lambda stores: stores.agent_chats.append(OLD.session_id, [user(9, "Do it.")], after(9))
    ),
}
OF_RUNS: Mapping[str, Save] = {
    "run claimed": Save(lambda stores: stores.runs.claim(RUN)),
    "first run claimed": Save(lambda stores: stores.runs.claim(run(1, session_id=NEW.session_id))),
    "run updated": Save(lambda stores: stores.runs.update(replace(RUN, eval_count=1)), before=_with_runs(RUN)),
    "consent asked for": Save(lambda stores: stores.runs.update(WAITING), before=_with_runs(UNKEYED)),
    "run ended": Save(lambda stores: stores.runs.update(ended(RUN)), before=_with_runs(RUN)),
    "long run ended": Save(lambda stores: stores.runs.update(ended(RUN)), before=_many_records),
    "text flushed": Save(lambda stores: stores.runs.flush([partial(UNKEYED, "so far")]), before=_with_runs(UNKEYED)),
    "much text flushed": Save(
        lambda stores: stores.runs.flush([partial(UNKEYED, MUCH + "!" * 5000)]), before=_much_text
    ),
    "runs forgotten": Save(lambda stores: stores.runs.forget(OLD.session_id)),
}
OF_PROMPTS: Mapping[str, Save] = {
    "prompt created": Save(lambda stores: stores.prompts.create(NEW_PROMPT)),
    "prompt replaced": Save(lambda stores: stores.prompts.replace(replace(PROMPT, content="Be kinder."))),
    "prompt deleted": Save(lambda stores: stores.prompts.delete(PROMPT.filename)),
}
OF_SQLITE: Mapping[str, Save] = {
    "more appended than its log holds": Save(_append(9, MORE_THAN_THE_LOG)),
    "message appended to a log begun anew": Save(_append(10, "Hi"), before=_append(9, MORE_THAN_THE_LOG)),
    "database made, used and closed": Save(_use_another, where="other"),
    "log of a dead process taken over": Save(_use_another, before=_leave_a_copy, where="other"),
}
SAVES: Mapping[str, Mapping[str, Save]] = {
    "json": {**OF_SESSIONS, **OF_AGENTS, **OF_RUNS, **OF_PROMPTS},
    "sqlite": {**OF_SESSIONS, **OF_AGENTS, **OF_RUNS, **OF_SQLITE},
}
"""By the kind of store."""
