"""Fetch Swagger UI and ReDoc, and lay what the pages need of them into entrypoints/http/pages/vendored.

Run by `make pages`. npm asks whatever registry it is set up for; what comes is taken only where its hash is the one
below, so every run on every machine writes the same bytes.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VENDORED = Path(__file__).parents[1] / "entrypoints/http/pages/vendored"
SUMS = "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class Package:
    """`sha512` is of the package as npm packs it, in base64; `files` are those taken, under the names they get;
    `replaced` are the pieces of text that become others, each of which must be there once."""

    name: str
    version: str
    sha512: str
    files: Mapping[str, str]
    replaced: Mapping[bytes, bytes] = field(default_factory=dict)


PACKAGES = (
    Package(
        name="swagger-ui-dist",
        version="5.35.0",
        sha512="U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==",
        files={
            "swagger-ui-bundle.js": "swagger-ui-5.35.0.js",
            "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-5.35.0.js.LICENSE.txt",
            "swagger-ui.css": "swagger-ui-5.35.0.css",
            "LICENSE": "swagger-ui.LICENSE.txt",
            "NOTICE": "swagger-ui.NOTICE.txt",
        },
        # The maps are not taken, and a browser would ask for them.
        replaced={b"\n/*# sourceMappingURL=swagger-ui.css.map*/": b""},
    ),
    Package(
        name="redoc",
        version="2.5.4",
        sha512="M6jWhG1qoBnH6TFmzJnstyCZ87HmOY/UzDm78mHiYihEdlV/YcS9ogOo1NlElnJMeLsyxHFe2yFc4sNjHTrABQ==",
        files={
            "bundles/redoc.standalone.js": "redoc-2.5.4.js",
            "bundles/redoc.standalone.js.LICENSE.txt": "redoc-2.5.4.js.LICENSE.txt",
            "bundles/d87bcbdbea8f8f5aa26f.worker.js.LICENSE.txt": "redoc-2.5.4.worker.js.LICENSE.txt",
            "LICENSE": "redoc.LICENSE.txt",
        },
        replaced={
            # The only thing that it would fetch from elsewhere.
            b"https://cdn.redoc.ly/redoc/logo-mini.svg": b"data:,",
            b"\n//# sourceMappingURL=redoc.standalone.js.map": b"",
        },
    ),
)


def main() -> None:
    written: dict[str, bytes] = {}
    for package in PACKAGES:
        written |= taken(package)
    VENDORED.mkdir(exist_ok=True)
    for old in VENDORED.iterdir():
        old.unlink()
    for name, content in written.items():
        (VENDORED / name).write_bytes(content)
    (VENDORED / SUMS).write_text(sums_of(written))


def taken(package: Package) -> dict[str, bytes]:
    """The files of `package` under their new names. Ends the program where the package is another than was meant."""
    with tempfile.TemporaryDirectory() as folder:
        archive = packed(package, Path(folder))
        with tarfile.open(archive) as members:
            contents = {new: content_of(members, f"package/{old}") for old, new in package.files.items()}
    for old_text, new_text in package.replaced.items():
        found = [name for name, content in contents.items() if old_text in content]
        if len(found) != 1 or contents[found[0]].count(old_text) != 1:
            sys.exit(f"{package.name}: {old_text!r} must be there once")
        contents[found[0]] = contents[found[0]].replace(old_text, new_text)
    return contents


def packed(package: Package, folder: Path) -> Path:
    wanted = f"{package.name}@{package.version}"
    subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), wanted], check=True, stdout=subprocess.DEVNULL
    )
    (archive,) = folder.iterdir()
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.sha512:
        sys.exit(f"{wanted} has the hash {found}, not {package.sha512}")
    return archive


def content_of(members: tarfile.TarFile, name: str) -> bytes:
    file = members.extractfile(name)
    if file is None:
        sys.exit(f"{name} is no file")
    return file.read()


def sums_of(contents: Mapping[str, bytes]) -> str:
    """As `sha256sum --check` reads them."""
    return "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))


if __name__ == "__main__":
    main()
