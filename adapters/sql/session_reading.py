"""A session read from its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from adapters.codec.errors import NotDecodable
from adapters.sql.session_cache import KnownSession
from adapters.sql.session_rows import MESSAGES, SESSIONS, SessionRow
from domain.errors import SessionCorrupt, SessionNotFound

_ROW: Final = select(SESSIONS).where(
    SESSIONS.c.collection == bindparam("collection"), SESSIONS.c.session_id == bindparam("session_id")
)
_STATE: Final = _ROW.with_only_columns(SESSIONS.c.key, SESSIONS.c.revision)
_LOCKED_ROW: Final = _ROW.with_for_update()
_BODIES: Final = select(MESSAGES.c.body).where(MESSAGES.c.session_key == bindparam("key")).order_by(MESSAGES.c.position)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A session's row; `bodies` of its messages, in their order, where nobody knew this state of it."""

    row: Any
    bodies: Sequence[str]
    known: KnownSession | None

    @property
    def weight(self) -> int:
        return sum(map(len, self.bodies))

    def decoded(self) -> KnownSession:
        """Raises SessionCorrupt."""
        if self.known:
            return self.known
        try:
            session = SessionRow.to_domain(self.row, self.bodies)
        except NotDecodable as error:
            raise SessionCorrupt(self.row.session_id, error.reason) from None
        return KnownSession(self.row.key, self.row.revision, session, self.weight)


def is_current(connection: Connection, collection: str, session_id: str, known: KnownSession) -> bool:
    """Whether what is `known` is the session as it is, by a single statement."""
    row = connection.execute(_STATE, {"collection": collection, "session_id": session_id}).one_or_none()
    return row is not None and (row.key, row.revision) == (known.key, known.revision)


def fetch(
    connection: Connection,
    collection: str,
    session_id: str,
    known: KnownSession | None = None,
    *,
    is_to_change: bool = False,
) -> Fetched:
    """`is_to_change` keeps others from changing it until the transaction ends. Raises SessionNotFound."""
    statement = _LOCKED_ROW if is_to_change else _ROW
    row = connection.execute(statement, {"collection": collection, "session_id": session_id}).one_or_none()
    if row is None:
        raise SessionNotFound(session_id)
    if known and (known.key, known.revision) == (row.key, row.revision):
        return Fetched(row, (), known)
    return Fetched(row, connection.execute(_BODIES, {"key": row.key}).scalars().all(), None)
