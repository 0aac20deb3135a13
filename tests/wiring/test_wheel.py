"""The wheel holds what an installation serves."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "entrypoints/http/pages"


def test_the_wheel_has_the_pages_with_their_licences(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        for path in (path for path in PAGES.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".py"}):
            assert packed.read(str(path.relative_to(ROOT))) == path.read_bytes()
    assert sum(name.endswith("LICENSE.txt") for name in names) >= 5
    assert not any(name.startswith(("tests/", "maintenance/", "benchmarks/")) for name in names)
