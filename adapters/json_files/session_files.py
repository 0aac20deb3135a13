"""The session files themselves: whole operations, each made to run in one thread from end to end."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.session_file import SessionFile, decode_session_file, encode_session_file
from adapters.json_files.atomic_file import (
    FileIdentity,
    look_at,
    open_folder,
    read_whole,
    remove_leftovers,
    write_whole,
)
from adapters.json_files.failures import storage_failures
from adapters.json_files.folder_watch import FolderWatch
from adapters.json_files.locks import StripeLocks
from adapters.json_files.removal import remove_whole
from adapters.json_files.session_cache import SessionCache
from domain.errors import SessionCorrupt, SessionNotFound, StorageFailed
from domain.identifiers import is_id
from domain.session import Session, SessionOverview, overview_of

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as its file holds it now. `is_changed` tells whether the operation wrote it."""

    session: Session
    identity: FileIdentity
    overview: SessionOverview
    is_changed: bool = True


class CorruptVersion(Exception):
    """A file that holds no session, for who goes through all of them; or, unless it `was_read`, that may hold one."""

    def __init__(self, identity: FileIdentity, *, was_read: bool) -> None:
        super().__init__()
        self.identity = identity
        self.was_read = was_read


class SessionFiles:
    """Every method may raise StorageFailed; those that write, LockBusy where another process writes just now."""

    def __init__(self, folder: Path, watch: FolderWatch) -> None:
        self.folder = folder
        self._scratch = folder / ".tmp"
        self._locks_folder = folder / ".locks"
        self._locks = StripeLocks(self._locks_folder, "session")
        self._cache = SessionCache()
        self._watch = watch

    def prepare(self) -> None:
        """Make the folder, and remove what dead writers left in it."""
        with storage_failures("The folder of the sessions could not be prepared"):
            for folder in (self._scratch, self._locks_folder):
                folder.mkdir(parents=True, exist_ok=True)
            with open_folder(self._scratch) as scratch:
                remove_leftovers(scratch)

    def load(self, session_id: str) -> Session:
        """Raises SessionNotFound, SessionCorrupt."""
        with storage_failures("The session could not be read"), open_folder(self.folder) as folder:
            return self._read(folder, session_id)[0].session

    def peek(self, session_id: str) -> tuple[Session, FileIdentity]:
        """Like `load`, for who looks at every session: what was used lately stays in memory, this does not.

        Raises SessionNotFound; CorruptVersion also where the file cannot be read at all.
        """
        with storage_failures("The session could not be read"), open_folder(self.folder) as folder:
            identity = self._look(folder, session_id)
            try:
                file, identity = self._read(folder, session_id, is_remembered=False)
            except (SessionCorrupt, OSError) as error:
                raise CorruptVersion(identity, was_read=not isinstance(error, OSError)) from None
            return file.session, identity

    def _look(self, folder: int, session_id: str) -> FileIdentity:
        try:
            return look_at(folder, file_name_of(session_id))
        except FileNotFoundError:
            raise SessionNotFound(session_id) from None

    def ids(self) -> list[str]:
        with storage_failures("The sessions could not be listed"), os.scandir(self.folder) as entries:
            found = [(session_id_of(entry.name), entry.is_file(follow_symlinks=False)) for entry in entries]
        return sorted(session_id for session_id, is_regular in found if session_id and is_regular)

    def create(self, session: Session) -> Kept | None:
        """None where the id is taken."""
        if not is_id(session.session_id):
            raise ValueError(session.session_id)
        file = _encoded(session, None)
        with self._writing(session.session_id) as folder:
            try:
                return self._write(folder, file, is_new=True)
            except FileExistsError:
                return None

    def change(self, session_id: str, change: Callable[[Session], Session]) -> Kept:
        """Raises SessionNotFound, SessionCorrupt and what `change` raises."""
        with self._writing(session_id) as folder:
            old, identity = self._read(folder, session_id)
            session = change(old.session)
            if session is old.session:
                return Kept(session, identity, overview_of(session), is_changed=False)
            if session.session_id != session_id:
                raise ValueError(session.session_id)
            return self._write(folder, _encoded(session, old))

    def delete(self, session_id: str) -> None:
        """Raises SessionNotFound."""
        with self._writing(session_id) as folder:
            self._look(folder, session_id)
            self._cache.drop(session_id)
            with open_folder(self._scratch) as scratch:
                remove_whole(folder, file_name_of(session_id), scratch=scratch, around_rename=self._watch.own_change)

    @contextmanager
    def _writing(self, session_id: str) -> Iterator[int]:
        if not is_id(session_id):
            raise SessionNotFound(session_id)
        with (
            storage_failures("The session could not be written"),
            self._locks.hold(session_id),
            open_folder(self.folder) as folder,
        ):
            yield folder

    def _read(self, folder: int, session_id: str, *, is_remembered: bool = True) -> tuple[SessionFile, FileIdentity]:
        identity = self._look(folder, session_id)
        if known := self._cache.get(session_id, identity):
            return known, identity
        try:
            data, identity = read_whole(folder, file_name_of(session_id))
        except FileNotFoundError:
            raise SessionNotFound(session_id) from None
        file = _decoded(session_id, data)
        if is_remembered:
            self._cache.put(session_id, identity, file)
        return file, identity

    def _write(self, folder: int, file: SessionFile, *, is_new: bool = False) -> Kept:
        session = file.session
        with open_folder(self._scratch) as scratch:
            identity = write_whole(
                folder,
                file_name_of(session.session_id),
                file.data,
                scratch=scratch,
                is_new=is_new,
                around_rename=self._watch.own_change,
            )
        self._cache.put(session.session_id, identity, file)
        return Kept(session, identity, overview_of(session))


def session_id_of(name: str) -> str | None:
    """The id of the session in a file of this name; None where it is no session file's name."""
    session_id = name.removesuffix(_SUFFIX)
    return session_id if name.endswith(_SUFFIX) and is_id(session_id) else None


def file_name_of(session_id: str) -> str:
    if not is_id(session_id):
        raise SessionNotFound(session_id)
    return session_id + _SUFFIX


def _decoded(session_id: str, data: bytes) -> SessionFile:
    try:
        file = decode_session_file(data)
    except NotDecodable as error:
        raise SessionCorrupt(session_id, error.reason) from None
    if file.session.session_id != session_id:
        raise SessionCorrupt(session_id, "its session_id is not the one that the file is named after")
    return file


def _encoded(session: Session, old: SessionFile | None) -> SessionFile:
    try:
        return encode_session_file(session, old)
    except NotEncodable:
        raise StorageFailed("The session holds something that JSON cannot, such as very deep nesting.") from None
