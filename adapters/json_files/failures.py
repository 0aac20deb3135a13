"""What the operating system says, as errors of the domain."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import StorageFailed


@contextmanager
def storage_failures(doing: str) -> Iterator[None]:
    """Turn an OSError within into StorageFailed, which names no path of this machine.

    `doing` says what failed, as in "The session could not be written".
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "the operating system gave no reason"
        raise StorageFailed(f"{doing}: {reason}. Check the disk of the data folder and try again.") from error
