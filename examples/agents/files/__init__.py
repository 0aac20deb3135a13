"""The tools of the agent `files`; `folder.py` says which files they can reach."""

from .notes import write_note
from .reading import list_files, read_file, search_files

__all__ = ["list_files", "read_file", "search_files", "write_note"]
