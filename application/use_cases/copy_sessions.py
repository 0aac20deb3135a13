"""All sessions of one store into another, with the records of their runs."""

from application.ports.session_store import SessionStore
from application.runs.run_transfer import RunTransfer
from application.use_cases.storage_reports import Problem, Progress, SessionDigest, SessionsCopied
from domain.errors import SessionBusy, SessionCorrupt, SessionNotFound, StorageFailed
from domain.session import Session, goes_on_from

_BUSY = "a run of it has not ended: wait until it has, stop the server, and copy again"
_DIFFERENT = (
    "the target has a session of this id with other content, which was not changed: delete one of the two, "
    "then copy again"
)


class _NotCopied(Exception):
    """Why a session is not in the target as it is in the source."""


class CopySessions:
    """Goes through the source in the order of ids. Nothing is lost: the source is only read, and a session of the
    target is replaced only by one that holds all that it held.

    Done again, it goes on where it was interrupted: what the target has already is compared and not written.
    """

    def __init__(
        self, *, source: SessionStore, target: SessionStore, runs: RunTransfer | None, digest_of: SessionDigest
    ) -> None:
        """`runs` is None for sessions that have none of their own."""
        self._source = source
        self._target = target
        self._runs = runs
        self._digest_of = digest_of

    async def __call__(self, progress: Progress) -> SessionsCopied:
        """What was done. Raises StorageFailed where the source cannot be listed or the target not be written."""
        report = SessionsCopied()
        if self._runs:
            await self._runs.begin()
        session_ids = await self._source.session_ids()
        for done, session_id in enumerate(session_ids):
            progress(done, len(session_ids))
            try:
                await self._copy(session_id, report)
            except SessionNotFound:
                continue  # Deleted since the ids were listed.
            except SessionBusy:
                report.problems.append(Problem(session_id, _BUSY))
            except _NotCopied as reason:
                report.problems.append(Problem(session_id, str(reason)))
        progress(len(session_ids), len(session_ids))
        return report

    async def _copy(self, session_id: str, report: SessionsCopied) -> None:
        # The runs first: one that ends after they were read has its answer in the session that is read next.
        runs = await self._runs.runs_of(session_id) if self._runs else ()
        session = await self._read(session_id)
        digest = self._digest_of(session)
        try:
            kept = await self._target.load(session_id)
        except SessionNotFound:
            await self._create(session, report)
        except SessionCorrupt as error:
            raise _NotCopied(f"the target's own of this id was not changed: {_unreadable(error)}") from error
        else:
            await self._compare(kept, session, report, is_same=self._digest_of(kept) == digest)
        report.digests[session_id] = digest
        if self._runs:
            report.runs += await self._runs.move(session_id, runs)

    async def _read(self, session_id: str) -> Session:
        try:
            return await self._source.load(session_id)
        except SessionCorrupt as error:
            raise _NotCopied(_unreadable(error)) from error
        except StorageFailed as error:
            # One bad place of a disk: what lies elsewhere is worth the more.
            raise _NotCopied(f"it cannot be read: {error.message}") from error

    async def _create(self, session: Session, report: SessionsCopied) -> None:
        if not await self._target.create(session):
            raise _NotCopied(_DIFFERENT)
        report.copied += 1

    async def _compare(self, kept: Session, session: Session, report: SessionsCopied, *, is_same: bool) -> None:
        if is_same:
            report.present += 1
            return
        updated = await self._target.update(
            kept.session_id, lambda found: session if goes_on_from(found, session) else found
        )
        if updated != session:
            raise _NotCopied(_DIFFERENT)
        report.continued += 1


def _unreadable(error: SessionCorrupt) -> str:
    return f"it cannot be read: {error.details['reason']}"
