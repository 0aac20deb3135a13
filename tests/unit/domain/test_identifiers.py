import pytest

from domain.errors import SessionNotFound
from domain.identifiers import is_id, is_run_id, require_session_id

WRONG = [
    "",
    "0123456789a",
    "012345678",
    "012345678G",
    "ABCDEFABCD",
    "0123456789\n",
    " 012345678",
    "../../etc/",
    "٠١٢٣٤٥٦٧٨٩",
]


@pytest.mark.parametrize("text", ["0123456789", "abcdefabcd"])
def test_ids(text: str) -> None:
    assert is_id(text)
    require_session_id(text)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_id_is_not_found(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(SessionNotFound):
        require_session_id(text)


def test_run_ids_are_longer() -> None:
    assert is_run_id("0123456789abcdef")
    assert not is_run_id("0123456789")
    assert not is_run_id("0123456789ABCDEF")
    assert not is_run_id("0123456789abcdef\n")
