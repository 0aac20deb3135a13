"""What people bring in is looked at more closely than what we wrote ourselves."""

import orjson
import pytest

from adapters.codec.transfer import decode_session, encode_session
from domain.errors import ValidationFailed


def session_file(images: list[str], **config: object) -> bytes:
    return orjson.dumps(
        {
            "metadata": {"session_id": "a" * 10, "model": "m", "context_window_config": config},
            "messages": [{"role": "user", "content": "look", "images": images}],
        }
    )


@pytest.mark.parametrize("image", ["/etc/passwd", "http://example.org/a.png", "data:image/png;base64,aGk=", "aGk", ""])
def test_a_picture_that_is_no_base64_is_refused(image: str) -> None:
    with pytest.raises(ValidationFailed):
        decode_session(session_file(["aGk=", image]))


def test_a_picture_comes_in_as_it_went_out() -> None:
    session = decode_session(session_file(["aGk="]))
    assert decode_session(encode_session(session)) == session


@pytest.mark.parametrize("window", [-5, 0, 2**63, 2**31])
def test_a_window_that_is_none_is_sized_anew(window: int) -> None:
    config = decode_session(session_file([], current_window=window, manual_override=True)).context_window
    assert (config.current_window, config.manual_override) == (None, False)


def test_what_is_no_session_file_is_told_so() -> None:
    with pytest.raises(ValidationFailed):
        decode_session(b"[]")
