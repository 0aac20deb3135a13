"""A file system without hard links: a new file takes its name by a rename."""

import errno
import os
from pathlib import Path

import pytest

from tests.adapters.json_files.test_leftovers import temporaries
from tests.contracts.samples import session
from tests.contracts.stores import json_sessions


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS], ids=errno.errorcode.get)
async def test_sessions_are_made_once_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(*_arguments: object, **_named: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refused)
    async with json_sessions(tmp_path) as store:
        assert await store.create(session(1))
        assert not await store.create(session(1))
        assert await store.load(session(1).session_id) == session(1)
    assert temporaries(tmp_path) == []
