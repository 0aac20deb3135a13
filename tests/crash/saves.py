"""Everything that the JSON stores do to files for one call of a port: what is there before, and what the call is."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from adapters.json_files.text_log import LARGE_BYTES
from application.ports.prompt_store import PromptStore
from application.ports.run_store import RunStore
from application.ports.session_store import SessionStore
from domain.prompt import Prompt
from domain.run import Run
from tests.contracts.samples import after, conversation_with_tools, session, user
from tests.contracts.stores import file_prompts, json_runs, json_sessions
from tests.contracts.test_run_store import ended, partial, run

OLD: Final = session(1, *conversation_with_tools())
NEW: Final = session(2, user(1, "new"))
LONG: Final = "long " * 20_000
MUCH: Final = "x" * (LARGE_BYTES // 2 - 500)
RUN: Final = replace(run(1, session_id=OLD.session_id), idempotency_key="key", request_digest="00ff")
UNKEYED: Final = run(2, session_id=OLD.session_id)
PROMPT: Final = Prompt(filename="old.md", content="Be kind.")
NEW_PROMPT: Final = Prompt(filename="new.md", content="Be brief.")


@dataclass(frozen=True, slots=True)
class Stores:
    sessions: SessionStore
    runs: RunStore
    prompts: PromptStore


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Stores]:
    async with (
        json_sessions(folder) as sessions,
        json_runs(folder) as runs,
        file_prompts(folder / "prompts") as prompts,
    ):
        yield Stores(sessions, runs, prompts)


Call = Callable[[Stores], Awaitable[object]]


async def nothing(_stores: Stores) -> None: ...


@dataclass(frozen=True, slots=True)
class Save:
    """`call` is what faults befall; `before` is what the same process does first, untouched.

    Each can be made again after it was refused, and then shows whether the refused one took effect all the same.
    """

    call: Call
    before: Call = nothing


async def fill(folder: Path) -> None:
    """What every save finds."""
    async with opened(folder) as stores:
        await stores.sessions.create(OLD)
        await stores.runs.update(ended(replace(RUN, run_id="f" * 16)))
        await stores.prompts.create(PROMPT)


async def _create(stores: Stores) -> None:
    assert await stores.sessions.create(NEW)


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


OF_SESSIONS: Mapping[str, Save] = {
    "session created": Save(_create),
    "message appended": Save(lambda stores: stores.sessions.append(OLD.session_id, [user(9, LONG)], after(9))),
    "session updated": Save(lambda stores: stores.sessions.update(OLD.session_id, lambda it: replace(it, model="new"))),
    "session deleted": Save(lambda stores: stores.sessions.delete(OLD.session_id)),
}
OF_RUNS: Mapping[str, Save] = {
    "run claimed": Save(lambda stores: stores.runs.claim(RUN)),
    "first run claimed": Save(lambda stores: stores.runs.claim(run(1, session_id=NEW.session_id))),
    "run updated": Save(lambda stores: stores.runs.update(replace(RUN, eval_count=1)), before=_with_runs(RUN)),
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
SAVES: Mapping[str, Save] = {**OF_SESSIONS, **OF_RUNS, **OF_PROMPTS}
