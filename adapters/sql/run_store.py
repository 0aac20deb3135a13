"""Records of runs in a database."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.sql.database import Danger, Database
from adapters.sql.run_rows import RUNS, RunRow, answer_of, text_of
from application.ports import run_store as ports
from domain.errors import SessionBusy, StorageFailed
from domain.identifiers import is_id
from domain.run import IDEMPOTENCY_KEPT, OLD_RUNS_KEPT, PartialAnswer, Run

# SQLite's and PostgreSQL's ON CONFLICT are spelt alike: SQLAlchemy compiles the one's statement for the other too.
_put = insert(RUNS)
_put_anew: Final = {name: _put.excluded[name] for name in ("owner", "is_open", "ended_at", "body")}
_PUT_RUN: Final = _put.on_conflict_do_update(index_elements=["run_id"], set_=_put_anew)
_PUT_ENDED: Final = _put.on_conflict_do_update(index_elements=["run_id"], set_={**_put_anew, "partial_answer": None})
_OF_SESSION: Final = RUNS.c.session_id == bindparam("session_id")
_NEWEST_FIRST: Final = (RUNS.c.created_at.desc(), RUNS.c.run_id.desc())
_LISTED: Final = select(RUNS.c.body).where(_OF_SESSION).order_by(*_NEWEST_FIRST)
_OPEN_OTHERS: Final = select(RUNS.c.owner, RUNS.c.body).where(
    _OF_SESSION, RUNS.c.is_open, RUNS.c.run_id != bindparam("run_id")
)
_others = RUNS.alias()
_of_record = [column for column in RUNS.columns if column is not RUNS.c.partial_answer]
_PUT_IF_ALONE: Final = _put.from_select(
    [column.name for column in _of_record],
    select(*[bindparam(column.name, type_=column.type) for column in _of_record]).where(
        ~exists().where(
            _others.c.session_id == bindparam("session_id"),
            _others.c.is_open,
            _others.c.run_id != bindparam("run_id"),
        )
    ),
).on_conflict_do_update(index_elements=["run_id"], set_=_put_anew)
"""`_PUT_RUN` where no other run of the session is open, which is nearly always: nobody has to be looked at then."""
_PUT_TEXT: Final = (
    update(RUNS)
    .where(RUNS.c.run_id == bindparam("its_run_id"), RUNS.c.owner == bindparam("its_owner"), RUNS.c.is_open)
    .values(partial_answer=bindparam("text"))
)
_OPEN_WITH_TEXT: Final = select(RUNS.c.owner, RUNS.c.body, RUNS.c.partial_answer).where(RUNS.c.is_open)
_old = (_OF_SESSION, RUNS.c.ended_at < bindparam("oldest"))
_PRUNE: Final = delete(RUNS).where(
    *_old, RUNS.c.run_id.in_(select(RUNS.c.run_id).where(*_old).order_by(*_NEWEST_FIRST).offset(OLD_RUNS_KEPT))
)
_PRUNES: Final = "0"
"""Ids are random hex: one run in sixteen takes along, as it ends, what need not be kept of its session's."""
_FORGET: Final = delete(RUNS).where(_OF_SESSION)


class SqlRunStore(ports.RunStore):
    """Any number of processes may share the database: it knows which of them live."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, run: Run) -> None:
        await self._database.write(partial(self._claim, run=run), outlives=_danger_to(run))

    async def update(self, run: Run) -> None:
        is_one = _oldest_kept_with(run) is None
        await self._database.write(partial(self._update, run=run), outlives=_danger_to(run), is_one=is_one)

    async def flush(self, partials: Sequence[PartialAnswer]) -> None:
        texts = {each.run_id: text_of(each) for each in partials}
        owner = self._database.instance_id
        rows = [{"its_run_id": run_id, "its_owner": owner, "text": text} for run_id, text in texts.items()]
        if rows:
            await self._database.write(
                lambda connection: connection.execute(_PUT_TEXT, rows), outlives="kill", is_one=True
            )

    async def list_runs(self, session_id: str) -> Sequence[Run]:
        if not is_id(session_id):
            return []
        bodies = await self._database.look(
            lambda connection: connection.execute(_LISTED, {"session_id": session_id}).scalars().all()
        )
        return [run for run in map(RunRow.to_domain, bodies) if run]

    async def abandoned(self) -> Sequence[ports.AbandonedRun]:
        return await self._database.read(self._abandoned)

    async def forget(self, session_id: str) -> None:
        if is_id(session_id):
            await self._database.write(lambda connection: connection.execute(_FORGET, {"session_id": session_id}))

    def _claim(self, connection: Connection, run: Run) -> None:
        if not self._database.take_turn(connection, run.session_id):
            raise StorageFailed("The database does not know yet that this server lives. Try again.")
        row = RunRow.of(run, self._database.instance_id)
        if connection.execute(_PUT_IF_ALONE, row).rowcount:
            return
        others = connection.execute(_OPEN_OTHERS, {"session_id": run.session_id, "run_id": run.run_id}).all()
        living = self._database.living(connection, {other.owner for other in others})
        for other in others:
            holder = RunRow.to_domain(other.body)
            if holder and holder.status != "queued" and other.owner in living:
                raise SessionBusy(run.session_id, holder.run_id)
        connection.execute(_PUT_RUN, row)

    def _update(self, connection: Connection, run: Run) -> None:
        statement = _PUT_ENDED if run.has_ended else _PUT_RUN
        connection.execute(statement, RunRow.of(run, self._database.instance_id))
        if oldest := _oldest_kept_with(run):
            connection.execute(_PRUNE, {"session_id": run.session_id, "oldest": oldest})

    def _abandoned(self, connection: Connection) -> list[ports.AbandonedRun]:
        rows = connection.execute(_OPEN_WITH_TEXT).all()
        living = self._database.living(connection, {row.owner for row in rows})
        left = ((RunRow.to_domain(row.body), row) for row in rows if row.owner not in living)
        return [ports.AbandonedRun(run=run, partial=answer_of(row.partial_answer)) for run, row in left if run]


def _oldest_kept_with(run: Run) -> datetime | None:
    """When those of its session ended that are to be kept; None where its end is not to look for others."""
    return run.ended_at - IDEMPOTENCY_KEPT if run.ended_at and run.run_id.endswith(_PRUNES) else None


def _danger_to(run: Run) -> Danger:
    """A power cut, where something would be done twice if the record were lost with it.

    The crash of a database server, for the end of a run: while we live on, nobody would else know that the run, which
    seems to be ours and at work, holds its session no more.
    """
    if run.idempotency_key is not None or run.confirmations:
        return "power cut"
    return "crash" if run.has_ended else "kill"
