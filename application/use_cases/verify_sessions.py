"""Whether a store holds what was copied into it."""

from collections.abc import Mapping

from application.ports.session_store import SessionStore
from application.use_cases.storage_reports import Problem, Progress, SessionDigest
from domain.errors import SessionCorrupt, SessionNotFound


class VerifySessions:
    """For a store that was opened anew, so that what is compared comes from where it is kept, not from memory."""

    def __init__(self, *, sessions: SessionStore, digest_of: SessionDigest) -> None:
        self._sessions = sessions
        self._digest_of = digest_of

    async def __call__(self, expected: Mapping[str, str], progress: Progress) -> list[Problem]:
        """The sessions that are not there with the `expected` digest, by id. Raises StorageFailed."""
        problems = []
        for done, (session_id, digest) in enumerate(expected.items()):
            progress(done, len(expected))
            if not await self._holds(session_id, digest):
                problems.append(Problem(session_id, "the target does not give it back as it was copied: copy again"))
        progress(len(expected), len(expected))
        return problems

    async def _holds(self, session_id: str, digest: str) -> bool:
        try:
            return self._digest_of(await self._sessions.load(session_id)) == digest
        except (SessionNotFound, SessionCorrupt):
            return False
