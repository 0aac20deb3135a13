"""A worker: answers one line of JSON after the other, for one source.

`{"id", "do": "load", "folder", "main", "files"}` comes first and once, then any number of `"describe"`, and of
`"check"` and `"call"` with `"tool"`, `"arguments"` (JSON as text) and `"limit"` (characters). Each is answered by
`{"id", "reusable"}` and

- `"text"`, its first `limit` characters, and `"characters"`, how many it had; with `"error"`, the kind, of a failure,
- or, to `describe`, `"tools"` (`name`, `docstring`, `schema`) and `"errors"`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from collections.abc import Callable
from typing import Any

from .confinement import CHANNEL, Surroundings, confine  # noqa: TID252 - this package has another name where it runs
from .loading import Source  # noqa: TID252 - as above
from .outcomes import as_line, as_text, clean, describe  # noqa: TID252 - as above
from .parameters import Parameters, WrongArguments  # noqa: TID252 - as above

_REQUEST_BYTES = 16 << 20
_DOCSTRING_CHARACTERS = 20_000
_FAILED = "TOOL_EXECUTION_FAILED"
_WRONG = "VALIDATION_ERROR"


def serve(channel: int, parent: int) -> None:
    """Until the server closes the channel; does not return."""
    try:
        confine(channel, parent)
        _answer_all()
    finally:
        os._exit(1)  # Neither what tools registered to run at exit nor their threads may hold up the end.


def _answer_all() -> None:
    pid = os.getpid()
    worker = Worker()
    with open(CHANNEL, "rb", closefd=False) as requests:
        while (line := requests.readline(_REQUEST_BYTES)).endswith(b"\n"):
            request = json.loads(line)
            reply = {"id": request["id"], **worker.answer(request)}
            if os.getpid() != pid:
                os._exit(0)  # A tool forked, and this is the child: the call is its parent's to answer.
            _send(as_line(reply))


def _send(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(CHANNEL, view) :]


class Worker:
    """The one source that this process has, and its functions."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._parameters: dict[str, Parameters] = {}
        self._surroundings: Surroundings | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "load":
            reply = self._load(request)
            self._surroundings = Surroundings()
        elif request["do"] == "describe":
            reply = self._describe()
        else:
            reply = self._run(request)
        is_reusable = self._surroundings is not None and self._surroundings.are_as_before()
        return {**reply, "reusable": is_reusable}

    def _load(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._source = Source(request["folder"], request["main"], request["files"])
        except BaseException as error:  # noqa: BLE001 - a module may raise SystemExit or anything else
            texts = {f"{request['folder']}/{name}": b"" for name in request["files"]}
            return _failure(describe(error, texts, f"{request['folder']}/{request['main']}"))
        return _success("", 0)

    def _describe(self) -> dict[str, Any]:
        source = self._loaded()
        tools, errors = [], list(source.errors)
        for name, function in source.functions.items():
            try:
                schema = self._parameters_of(name).schema()
            except BaseException as error:  # noqa: BLE001 - annotations are the tool's own code
                reason = describe(error, {}, "").partition("\n")[0]
                errors.append(f"tool `{name}`: {reason}{source.line_of(function)}")
            else:
                tools.append({"name": name, "docstring": _docstring(function), "schema": schema})
        return {"tools": tools, "errors": errors}

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        source = self._loaded()
        try:
            arguments = self._parameters_of(request["tool"]).validate(request["arguments"])
            if request["do"] == "check":
                return _success("", 0)
            text = as_text(_result(source.functions[request["tool"]], arguments))
        except WrongArguments as error:
            return _failure(str(error), _WRONG)
        except BaseException as error:  # noqa: BLE001 - whatever a tool raises is its call's outcome
            return _failure(describe(error, source.texts, source.main))
        return _success(text, request["limit"])

    def _parameters_of(self, tool: str) -> Parameters:
        if tool not in self._parameters:
            self._parameters[tool] = Parameters(self._loaded().functions[tool])
        return self._parameters[tool]

    def _loaded(self) -> Source:
        if self._source is None:
            raise RuntimeError("no source is loaded")
        return self._source


def _result(function: Callable[..., Any], arguments: dict[str, Any]) -> object:
    result = function(**arguments)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> object:
    return await result


def _docstring(function: Callable[..., Any]) -> str:
    text = getattr(function, "__doc__", None)
    return clean(inspect.cleandoc(text))[:_DOCSTRING_CHARACTERS] if isinstance(text, str) else ""


def _success(text: str, limit: int) -> dict[str, Any]:
    return {"text": clean(text[:limit]), "characters": len(text)}


def _failure(text: str, kind: str = _FAILED) -> dict[str, Any]:
    return {"text": clean(text), "characters": len(text), "error": kind}
