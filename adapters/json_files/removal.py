"""Files that are gone, or there as they were: a removal that cannot be made durable is undone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

from adapters.json_files.atomic_file import RenameContext, new_temporary_name, open_regular, sync_folder


def remove_whole(
    folder: int, name: str, *, scratch: int | None = None, around_rename: RenameContext = nullcontext
) -> None:
    """Let the regular file `name` be gone, durably. On any OSError it is there as it was.

    It goes by way of a temporary name in `scratch` (default: `folder`), from which it can come back. Raises
    FileNotFoundError where there is none.
    """
    scratch = folder if scratch is None else scratch
    refuge = new_temporary_name()
    with _held(folder, name):
        with around_rename():
            os.rename(name, refuge, src_dir_fd=folder, dst_dir_fd=scratch)
        try:
            sync_folder(folder)
        except OSError:
            with around_rename():
                os.rename(refuge, name, src_dir_fd=scratch, dst_dir_fd=folder)
            raise
    # What is still there then is a leftover like any other: the name that counted is gone for good.
    with suppress(OSError):
        os.unlink(refuge, dir_fd=scratch)


@contextmanager
def _held(folder: int, name: str) -> Iterator[None]:
    """Under a lock, so that no other process takes the file for a leftover while it may have to come back."""
    try:
        descriptor = open_regular(folder, name)
    except PermissionError:  # What nobody may read can be removed all the same, without a lock.
        yield
        return
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
