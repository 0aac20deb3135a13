"""The collector is the process's own: each case runs in one of its own."""

import subprocess
import sys
from typing import Final

_BEGIN: Final = """
import gc, weakref
from entrypoints.garbage import leave_alone_what_stays, postpone_garbage, set_apart_what_stays

class Cycle:
    def __init__(self):
        self.me = self

def is_gone_in_the_end(reference):
    for _ in range(1_000):
        waste = [[] for _ in range(2_000)]
        if reference() is None:
            return True
    return False
"""


def _run(case: str) -> None:
    done = subprocess.run([sys.executable, "-c", _BEGIN + case], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_looked_for_while_a_server_starts() -> None:
    _run("postpone_garbage(); assert not is_gone_in_the_end(weakref.ref(Cycle()))")


def test_garbage_of_the_imports_is_freed_before_the_rest_is_built() -> None:
    _run("postpone_garbage(); waste = weakref.ref(Cycle()); set_apart_what_stays(); assert waste() is None")


def test_what_serving_leaves_is_freed() -> None:
    _run("postpone_garbage(); leave_alone_what_stays(); assert is_gone_in_the_end(weakref.ref(Cycle()))")


def test_what_was_there_before_is_not_looked_at() -> None:
    _run("postpone_garbage(); leave_alone_what_stays(); assert len(gc.get_objects()) < 100 < gc.get_freeze_count()")
