"""Places in the list of sessions as opaque text."""

import base64
import binascii
from datetime import datetime, timedelta

from application.ports.session_store import ListPosition
from domain.errors import ValidationFailed
from domain.identifiers import is_id


def cursor_of(position: ListPosition) -> str:
    text = f"{position.updated_at.isoformat()}/{position.session_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_at(cursor: str) -> ListPosition:
    """Raises ValidationFailed for what `cursor_of` did not make."""
    position = _decoded(cursor)
    if position is None or cursor_of(position) != cursor:
        raise ValidationFailed("This is no cursor: take the `next_cursor` of a list as it is.", field="cursor")
    return position


def _decoded(cursor: str) -> ListPosition | None:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode()
        time, _, session_id = text.partition("/")
        updated_at = datetime.fromisoformat(time)
    except (binascii.Error, ValueError):
        return None
    if updated_at.utcoffset() != timedelta() or not is_id(session_id):
        return None
    return ListPosition(updated_at=updated_at, session_id=session_id)
