"""What a docstring says to a model: of the tool, and of each parameter."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_GOOGLE: Final = re.compile(r"(Args|Arguments|Params|Parameters|Keyword Args|Keyword Arguments|Other Parameters):\s*")
_NUMPY: Final = re.compile(r"(Other )?Parameters\s*")
_UNDERLINE: Final = re.compile(r"-{3,}\s*")
_SPHINX: Final = re.compile(r":(param|parameter|arg|argument|key|keyword|type)\b[^:]*:")


def parameter_descriptions(docstring: str) -> Mapping[str, str]:
    """By parameter, each on one line; of the style that the docstring is in."""
    import docstring_parser  # noqa: PLC0415 - a server without tools in Python need not hold it

    try:
        parsed = docstring_parser.parse(docstring)
    except Exception:  # noqa: BLE001 - whatever it makes of foreign text, the tool is there without descriptions
        return {}
    found = {}
    for parameter in parsed.params:
        text = " ".join((parameter.description or "").split())
        if text and parameter.args[0] == "param":
            found[parameter.arg_name.lstrip("*")] = text
    return found


def without_parameters(docstring: str) -> str:
    """The docstring's text less what describes the parameters. It is expected without indentation of its own."""
    text = "\n".join(_kept(docstring.split("\n")))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _kept(lines: list[str]) -> Iterator[str]:
    ends_at_underline = skips = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        is_heading = _UNDERLINE.fullmatch(following) is not None
        if is_heading and _NUMPY.fullmatch(line):
            skips = ends_at_underline = True
        elif _GOOGLE.fullmatch(line) or _SPHINX.match(line):
            skips, ends_at_underline = True, False
        elif skips and _ends_section(line, is_heading=is_heading, ends_at_underline=ends_at_underline):
            skips = False
        if not skips:
            yield line


def _ends_section(line: str, *, is_heading: bool, ends_at_underline: bool) -> bool:
    """NumPy's sections end at the next heading, the others' with the first line that is not indented."""
    return is_heading if ends_at_underline else bool(line.strip()) and not line[0].isspace()
