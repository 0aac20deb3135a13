"""What docs/embedding.md promises."""

import re
import subprocess
import sys
from pathlib import Path

from tests.wiring.test_readme import environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedding.md").read_text()
PROGRAM = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHOWN = re.compile(r"```text\n(.*?)```", re.DOTALL)
TYPED = ("What is 12 * 7?", "Please order 5 rice cakes.", "y")

TOOL = re.compile(r"cat > tools/kitchen.py <<'END'\n(.*?)^END$", re.DOTALL | re.MULTILINE)
"""The README has it, and the page names it."""


def test_the_program_shows_what_the_page_says(tmp_path: Path) -> None:
    (program,), (shown,) = PROGRAM.findall(PAGE), SHOWN.findall(PAGE)
    (tool,) = TOOL.findall((ROOT / "README.md").read_text())
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "kitchen.py").write_text(tool)

    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env=environment(),
        input="".join(f"{line}\n" for line in (*TYPED, "")),
        capture_output=True,
        text=True,
        timeout=30,
    )

    # A pipe does not show what is typed into it, nor the ends of those lines.
    for line in TYPED:
        shown = shown.replace(f" {line}\n", " ")
    assert (result.stdout, result.stderr) == (shown.removesuffix("\n") + " ", "")
