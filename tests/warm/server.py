"""A process that has imported the program, and forks one that runs it whenever it is asked to.

The imports take most of a start's time on the processor, and the tests start hundreds. A fork runs the same main as
`python -m` does, with arguments, folder, environment and standard files of its own, and ends as an interpreter ends.

Requests come on a socket, which is the standard input: arguments, folder and environment as JSON, and the descriptors
of the answers' socket and of the three standard files. The answers are two lines: the process's id, and its exit code
(a signal's number below zero, as everywhere in Python) once it has ended. The end of the socket is the end of this
process, though not of those it forked.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import socket
import sys
from pathlib import Path
from typing import NamedTuple, TypedDict

_PACKAGES = ("domain", "application", "adapters", "entrypoints", "mochi_server")
_LEFT_OUT = ("__main__", "adapters.sql.migrations.", "adapters.python_tools.worker.")
"""Programs of their own, and what runs where it is imported."""

_LATER = ("alembic.command", "alembic.config")
"""What the program imports when it is needed."""

_LONGEST_REQUEST = 1 << 17
_DESCRIPTORS = 4


class Request(TypedDict):
    arguments: list[str]
    folder: str
    environment: dict[str, str]


class _Child(NamedTuple):
    pid: int
    answers: socket.socket


def import_program() -> None:
    for package in _PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not any(part in found.name for part in _LEFT_OUT):
                importlib.import_module(found.name)
    for module in _LATER:
        importlib.import_module(module)
    # As the server itself does once it has its imports. Each forked one would look through them all anew.
    gc.collect()
    gc.freeze()


def serve(requests: socket.socket) -> Request | None:
    """In this process None, at the end of the requests; in each forked one the request that it is to run."""
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ, None)
        while True:
            for key, _ in selector.select():
                if key.data is not None:
                    _tell_end(selector, key.fd, key.data)
                    continue
                message, descriptors, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, _DESCRIPTORS)
                if not message:
                    return None
                if _fork(selector, descriptors):
                    _close_all(selector)
                    request: Request = json.loads(message)
                    return request


def _fork(selector: selectors.BaseSelector, descriptors: list[int]) -> bool:
    """True in the new process, which has the standard files that were sent."""
    answers, *standard = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(answers)
        for target, descriptor in enumerate(standard):
            os.dup2(descriptor, target)
    else:
        child = _Child(pid, socket.socket(fileno=answers))
        child.answers.sendall(b"%d\n" % pid)
        selector.register(os.pidfd_open(pid), selectors.EVENT_READ, child)
    for descriptor in standard:
        os.close(descriptor)
    return pid == 0


def _tell_end(selector: selectors.BaseSelector, descriptor: int, child: _Child) -> None:
    selector.unregister(descriptor)
    os.close(descriptor)
    _, status = os.waitpid(child.pid, 0)
    with child.answers:
        try:
            child.answers.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        except BrokenPipeError:
            """Nobody waits for it any more."""


def _close_all(selector: selectors.BaseSelector) -> None:
    """What a program that was started has not: our socket, and what belongs to those forked earlier."""
    for key in list(selector.get_map().values()):
        if key.data is None:
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        else:
            os.close(key.fd)
            key.data.answers.close()


def run(request: Request) -> None:
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    runpy.run_module("mochi_server", run_name="__main__", alter_sys=True)


def main() -> None:
    requests = socket.socket(fileno=os.dup(0))
    import_program()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, "a fork has but the thread that forks, and the locks of all"
    asked = serve(requests)
    if asked is None:
        requests.close()
    else:
        run(asked)


if __name__ == "__main__":
    main()
