"""Keeping a session under an id that is free."""

from dataclasses import replace

from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from domain.session import Session


async def keep_as_new(session: Session, *, sessions: SessionStore, ids: IdSource) -> Session:
    """`session` as it was kept: under its own id, or a new one where that is taken. Raises StorageFailed."""
    while not await sessions.create(session):
        session = replace(session, session_id=ids.new_id())
    return session
