"""What models and tools say, made harmless for a terminal.

An escape sequence could move the cursor over what a person is asked to agree to, set the title of the window, or have
the terminal type for them. Marks that turn the direction of writing could show arguments as others than they are.
"""

import json
import re

from domain.json_value import JsonValue

_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line feed, line separators, changes of direction, lone surrogates."""

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """`text` with a visible stand-in for each character that does something to a terminal instead of being shown."""
    return _HARMFUL.sub(_stand_in, text.replace("\r\n", "\n"))


def one_line(text: str, longest: int) -> str:
    """`text`, harmless, on a line of at most `longest` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def json_text(value: JsonValue, *, indent: int | None = 2) -> str:
    """`value` as JSON that hides nothing: whatever cannot be seen is escaped. Read back, it is `value` again."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(each if each == "\n" or each.isprintable() else json.dumps(each)[1:-1] for each in text)


def first_lines(text: str, *, lines: int, characters: int, note: str) -> str:
    """The beginning of `text`; where that is not all, `note` follows, with `{left_out}` characters in it."""
    shown = "\n".join(text.split("\n", lines)[:lines])[:characters]
    if len(shown) == len(text):
        return text
    return f"{shown}\n{note.format(left_out=f'{len(text) - len(shown):,}')}"


def _stand_in(found: "re.Match[str]") -> str:
    return _PICTURES.get(ord(found[0]), _REPLACEMENT)
