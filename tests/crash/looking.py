"""What a killed writer left, as the next process finds it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from application.ports.run_store import AbandonedRun, RunStore
from application.ports.session_store import SessionStore
from domain.errors import SessionCorrupt
from domain.session import Session
from tests.crash.stores import opened
from tests.crash.writing import AT, SESSION, Acknowledged, answer, message

_PATIENCE: Final = 400
"""Looks, a fortieth of a second apart, until a database server has noticed the death of its client."""


async def faults_left(kind: str, folder: Path, round_number: int, said: Acknowledged) -> list[str]:
    """What is amiss. The killed writer's run is ended, as the next start of a server does."""
    async with opened(kind, folder) as (sessions, runs):
        faults = [f"temporary: {path.name}" for path in _temporaries(folder)]
        faults += [fault async for fault in _of_sessions(sessions, said)]
        faults += [fault async for fault in _of_runs(runs, round_number, said)]
        return faults


async def clear(kind: str, folder: Path) -> None:
    async with opened(kind, folder) as (sessions, _):
        for session_id in await sessions.session_ids():
            await sessions.delete(session_id)


def _temporaries(folder: Path) -> list[Path]:
    return list(folder.rglob(".tmp-*"))


async def _of_sessions(sessions: SessionStore, said: Acknowledged) -> AsyncIterator[str]:
    listed = {overview.session_id for overview in (await sessions.list_sessions()).sessions}
    session_ids = await sessions.session_ids()
    for session_id in session_ids:
        try:
            session = await sessions.load(session_id)
        except SessionCorrupt as error:
            yield f"unreadable: {session_id}: {error.details['reason']}"
            continue
        if session_id not in listed:
            yield f"not listed: {session_id}"
        if session_id == SESSION:
            for fault in _of_session(session, said):
                yield fault
    for session_id in {*said.created, *([SESSION] if said.appended else [])} - set(session_ids):
        yield f"session lost: {session_id}"


def _of_session(session: Session, said: Acknowledged) -> Iterator[str]:
    if session.message_count < said.appended:
        yield f"messages lost: {said.appended - session.message_count}"
    if session.messages != tuple(message(number) for number in range(session.message_count)):
        yield "messages changed"
    updates = session.extra.get("updates", 0)
    if not isinstance(updates, int) or updates < said.updated:
        yield "update lost"


async def _of_runs(runs: RunStore, round_number: int, said: Acknowledged) -> AsyncIterator[str]:
    abandoned = await _abandoned(runs)
    for each in abandoned:
        text = each.partial.message.content if each.partial else ""
        if int(each.run.run_id, 16) != round_number:
            yield "a run of an earlier round was not ended"
        if len(text) < said.flushed:
            yield f"flushed text lost: {said.flushed - len(text)}"
        if text != answer(len(text)).content:
            yield "flushed text changed"
        await runs.update(replace(each.run, status="interrupted", ended_at=AT))
    if said.flushed and not abandoned:
        yield "run lost"


async def _abandoned(runs: RunStore) -> Sequence[AbandonedRun]:
    """All runs that are open, once their writer is known to be dead."""
    for _ in range(_PATIENCE):
        abandoned = await runs.abandoned()
        if len(abandoned) == sum(not run.has_ended for run in await runs.list_runs(SESSION)):
            return abandoned
        await asyncio.sleep(0.025)
    return ()
