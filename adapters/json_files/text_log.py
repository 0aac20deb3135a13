"""The text of the answers that one server's runs are writing: `.runs/text-{instance}.jsonl`, a JSON object a line.

`{"text"}` is an answer, `{"more"}` what its run wrote since; the last word on a run counts. A line that cannot be read
(its writer died over it) says nothing. There is one file for all runs, and one write for all that is flushed at a
time: a file for each run took 0.4 ms of processor time a run and flush, a sixth of all that a relayed token cost.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.codec.errors import NotDecodable, NotEncodable
from adapters.codec.fields import RawObject, read_object, read_text
from adapters.codec.json_text import parse, render
from adapters.codec.runs import decode_partial, encode_partial
from adapters.instance_lock import InstanceLock
from adapters.json_files.atomic_file import open_folder, write_all, write_whole
from domain.errors import StorageFailed
from domain.message import AssistantMessage
from domain.run import PartialAnswer

_PREFIX: Final = "text-"
_SUFFIX: Final = ".jsonl"
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

LARGE_BYTES: Final = 4 * 1024 * 1024
"""What a file may grow by before it is written anew with what still counts of it."""


class TextLog:
    """The file of this server, made when it is first needed. For one thread."""

    def __init__(self, folder: Path, instance: InstanceLock) -> None:
        """`instance` has its id by the time that there is text."""
        self._folder = folder
        self._instance = instance
        self._descriptor: int | None = None
        self._held: dict[str, PartialAnswer] = {}
        self._largest = LARGE_BYTES

    def put(self, partials: Iterable[PartialAnswer]) -> StorageFailed | None:
        """Keep what these runs have written so far. What cannot be written as JSON keeps nobody else's from being.

        Raises OSError; then nothing has changed.
        """
        descriptor, size = self._opened()
        lines: list[bytes] = []
        taken: dict[str, PartialAnswer] = {}
        failure: StorageFailed | None = None
        for partial in partials:
            held = taken.get(partial.run_id) or self._held.get(partial.run_id)
            try:
                lines.append(_more_line(partial, held))
                taken[partial.run_id] = partial
            except NotEncodable:
                failure = StorageFailed("The answer holds something that JSON cannot, such as very deep nesting.")
        data = b"".join(lines)
        _append(descriptor, data, size)
        self._held |= taken
        if size + len(data) > self._largest:
            try:
                self._write_anew()
            except OSError:
                # The text is in the file that stays long, and must not be said not to be.
                self._largest += LARGE_BYTES
        return failure

    def drop(self, run_id: str) -> None:
        """The run has ended: its text counts no more, and that of the last one takes the file's content along."""
        if self._held.pop(run_id, None) is not None and not self._held and self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        """What is held is left for who comes next; an empty file is not."""
        if self._descriptor is None:
            return
        try:
            if not self._held:
                (self._folder / self._name).unlink(missing_ok=True)
        finally:
            self._let_go()

    @property
    def _name(self) -> str:
        return text_log_name(self._instance.instance_id)

    def _opened(self) -> tuple[int, int]:
        """The open file and its size; a new one where there is none, or where somebody took its name away."""
        if self._descriptor is not None:
            status = os.fstat(self._descriptor)
            if status.st_nlink:
                return self._descriptor, status.st_size
            self._let_go()
        with open_folder(self._folder) as folder:
            self._descriptor = os.open(self._name, _APPEND, 0o666, dir_fd=folder)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._let_go()
            raise OSError("no regular file")
        return self._descriptor, status.st_size

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._held = None, {}

    def _write_anew(self) -> None:
        lines = b"".join(map(_text_line, self._held.values()))
        with open_folder(self._folder) as folder:
            write_whole(folder, self._name, lines)
        held = self._held
        self._let_go()
        self._opened()
        self._held, self._largest = held, LARGE_BYTES + 2 * len(lines)


def text_log_name(instance_id: str) -> str:
    return f"{_PREFIX}{instance_id}{_SUFFIX}"


def instances_with_text(folder: Path) -> list[str]:
    """Those that have a file, or left one."""
    return [path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for path in folder.glob(text_log_name("*"))]


def texts_in(data: bytes) -> dict[str, PartialAnswer]:
    """The answers that a file holds, by run; those without any text are left out."""
    texts: dict[str, tuple[PartialAnswer, list[str], list[str]]] = {}
    for line in filter(None, data.split(b"\n")):
        try:
            _read_line(line, texts)
        except NotDecodable:
            continue
    whole = {run_id: _joined(*parts) for run_id, parts in texts.items()}
    return {run_id: each for run_id, each in whole.items() if each.message.content or each.message.thinking}


def _read_line(line: bytes, texts: dict[str, tuple[PartialAnswer, list[str], list[str]]]) -> None:
    raw = read_object(parse(line), "a line")
    if "text" in raw:
        partial = decode_partial(raw["text"])
        texts[partial.run_id] = (partial, [partial.message.content], [partial.message.thinking or ""])
    elif "more" in raw:
        more = read_object(raw["more"], "more")
        if known := texts.get(read_text(more.get("run_id"), "run_id")):
            known[1].append(read_text(more.get("content"), "content"))
            known[2].append(read_text(more.get("thinking"), "thinking"))


def _joined(partial: PartialAnswer, content: Sequence[str], thinking: Sequence[str]) -> PartialAnswer:
    message = replace(partial.message, content="".join(content), thinking="".join(thinking) or None)
    return replace(partial, message=message)


def _append(descriptor: int, data: bytes, size: int) -> None:
    """Put `data` at the end of a file of `size` bytes, whole or not at all."""
    try:
        write_all(descriptor, data)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _text_line(partial: PartialAnswer) -> bytes:
    return _line({"text": encode_partial(partial)})


def _more_line(partial: PartialAnswer, held: PartialAnswer | None) -> bytes:
    """What is new in `partial`: all of it where it is not what was `held` before, gone on."""
    if held is None or not _goes_on(held.message, partial.message):
        return _text_line(partial)
    content = partial.message.content[len(held.message.content) :]
    thinking = (partial.message.thinking or "")[len(held.message.thinking or "") :]
    return _line({"more": {"run_id": partial.run_id, "content": content, "thinking": thinking}})


def _goes_on(old: AssistantMessage, new: AssistantMessage) -> bool:
    # Field by field, as this is done for each run at each flush: to compare copies took ten times as long.
    return (
        new.message_id == old.message_id
        and new.timestamp == old.timestamp
        and new.model == old.model
        and new.tool_calls == old.tool_calls
        and new.done_reason == old.done_reason
        and new.content.startswith(old.content)
        and (new.thinking or "").startswith(old.thinking or "")
        and (new.eval_count, new.prompt_eval_count, new.extra) == (old.eval_count, old.prompt_eval_count, old.extra)
    )


def _line(raw: RawObject) -> bytes:
    return render(raw) + b"\n"
