"""Sessions taken out and brought in by people, and from one store to another."""

import binascii
from hashlib import sha256

from adapters.codec.errors import NotDecodable
from adapters.codec.session_file import decode_session_file, encode_session_file
from domain.errors import ValidationFailed
from domain.message import UserMessage
from domain.session import Session


def encode_session(session: Session) -> bytes:
    """The session file, format version 1.4."""
    return encode_session_file(session).data


def digest_of(session: Session) -> str:
    """SHA-256 of the session file: the same only where two sessions would be exported as the same bytes."""
    return sha256(encode_session(session)).hexdigest()


def decode_session(data: bytes) -> Session:
    """A session from a file of this or an older format version. Raises ValidationFailed where it is none."""
    try:
        session = decode_session_file(data).session
    except NotDecodable as error:
        raise ValidationFailed(f"This is no session file: {error}.") from error
    if not all(map(_is_base64, _images(session))):
        raise ValidationFailed("This session file has `images` that are not plain base64.", field="images")
    return session


def _images(session: Session) -> list[str]:
    return [image for message in session.messages if isinstance(message, UserMessage) for image in message.images]


def _is_base64(image: str) -> bool:
    """A path or an address is none: whoever is sent it could take it for a file to open."""
    try:
        return bool(binascii.a2b_base64(image.encode(), strict_mode=True))
    except ValueError:
        return False
