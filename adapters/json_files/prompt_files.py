"""Prompt files themselves, named relative to their folder and never through a symbolic link."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.codec.json_text import clean_text
from adapters.json_files.atomic_file import (
    look_at,
    open_folder,
    open_regular,
    read_whole,
    remove_leftovers,
    write_whole,
)
from adapters.json_files.failures import storage_failures
from adapters.json_files.removal import remove_whole
from domain.errors import PromptExists, PromptNotFound, ValidationFailed
from domain.prompt import Prompt, require_prompt_filename


class PromptFiles:
    """Every method may raise StorageFailed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Remove what dead writers left, where the folder is there."""
        with storage_failures("The folder of the prompts could not be prepared"):
            if self._folder.is_dir():
                with open_folder(self._folder) as folder:
                    remove_leftovers(folder)

    def list_all(self) -> list[Prompt]:
        with storage_failures("The prompts could not be listed"):
            try:
                with open_folder(self._folder) as folder, os.scandir(folder) as entries:
                    names = sorted(entry.name for entry in entries if _is_prompt_name(entry.name))
                    return [prompt for name in names if (prompt := _read(folder, name))]
            except FileNotFoundError:
                return []

    def open_to_read(self, filename: str, _flags: int) -> int:
        """A prompt's descriptor, as the opener of an `open()`. Raises FileNotFoundError where it is no regular file."""
        with open_folder(self._folder) as folder:
            return open_regular(folder, filename)

    def create(self, prompt: Prompt) -> None:
        with storage_failures("The prompt could not be written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            with open_folder(self._folder) as folder:
                try:
                    write_whole(folder, prompt.filename, _encoded(prompt), is_new=True)
                except FileExistsError:
                    raise PromptExists(prompt.filename) from None

    def replace(self, prompt: Prompt) -> None:
        with self._folder_of_existing(prompt.filename) as folder:
            write_whole(folder, prompt.filename, _encoded(prompt))

    def delete(self, filename: str) -> None:
        with self._folder_of_existing(filename) as folder:
            remove_whole(folder, filename)

    @contextmanager
    def _folder_of_existing(self, filename: str) -> Iterator[int]:
        """Raises PromptNotFound where the prompt is no regular file."""
        with storage_failures("The prompt could not be written"):
            try:
                with open_folder(self._folder) as folder:
                    look_at(folder, filename)
                    yield folder
            except FileNotFoundError:
                raise PromptNotFound(filename) from None


def _is_prompt_name(name: str) -> bool:
    try:
        require_prompt_filename(name)
    except ValidationFailed:
        return False
    return True


def _read(folder: int, filename: str) -> Prompt | None:
    """None where there is no regular file of that name, or no text in it."""
    try:
        data, _ = read_whole(folder, filename)
        return Prompt(filename=filename, content=data.decode())
    except (FileNotFoundError, UnicodeDecodeError, PermissionError):
        return None


def _encoded(prompt: Prompt) -> bytes:
    return clean_text(prompt.content).encode()
