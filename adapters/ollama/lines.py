"""The lines of an answer, out of the blocks in which they come."""

from domain.errors import ModelServerFailed

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. A piece of an answer takes hundreds, tool calls thousands; what has no end would take all memory."""


class Lines:
    """Split at line feeds only (text may hold other line ends), at a cost that is linear in a line's length."""

    __slots__ = ("_begun", "_begun_bytes")

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._begun_bytes = 0

    def feed(self, block: bytes) -> list[bytes]:
        """The lines that are whole now, for JSON to be read from: their ends may be with them. Blank ones are left out.

        Raises ModelServerFailed for a line without end.
        """
        if not self._begun and block.startswith(b"{") and block.find(b"\n") == len(block) - 1:
            return [block]  # One whole line, as nearly always.
        *lines, begun = block.split(b"\n")
        if lines and self._begun:
            lines[0] = b"".join([*self._begun, lines[0]])
            self._begun, self._begun_bytes = [], 0
        if begun:
            self._begun.append(begun)
            self._begun_bytes += len(begun)
            if self._begun_bytes > LONGEST_LINE:
                raise ModelServerFailed("Ollama sent an answer that is not understood: a line has no end.")
        return [line for line in lines if line and not line.isspace()]

    def end(self) -> bytes:
        """What to feed where nothing comes any more: the end of a line that was begun, else nothing."""
        return b"\n" if self._begun else b""
