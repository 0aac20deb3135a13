"""Words for outcomes and errors."""

import re
from typing import Final

_PATH: Final = re.compile(r"(?:/[^/\s'\"`:;,()<>]+){2,}/?")


def without_paths(text: str) -> str:
    """`text` with the last name alone of each absolute path: where things lie on this machine is nobody's business."""
    return _PATH.sub(lambda match: match[0].rstrip("/").rpartition("/")[2], text)
