"""Session files taken out and brought in by people."""

from adapters.codec.errors import NotDecodable
from adapters.codec.session_file import decode_session_file, encode_session_file
from domain.errors import ValidationFailed
from domain.session import Session


def encode_session(session: Session) -> bytes:
    """The session file, format version 1.4."""
    return encode_session_file(session).data


def decode_session(data: bytes) -> Session:
    """A session from a file of this or an older format version. Raises ValidationFailed where it is none."""
    try:
        return decode_session_file(data).session
    except NotDecodable as error:
        raise ValidationFailed(f"This is no session file: {error}.") from error
