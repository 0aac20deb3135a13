"""What the page for who operates the server says, and what is shipped with it, against the server itself."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus_metrics.telemetry import PrometheusMetrics
from entrypoints.settings import Settings, variable_of
from tests.fakes.clock import FakeClock
from tests.wiring.test_readme import demo_server, environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
CONTAINERFILE = (ROOT / "Containerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "deploy" / "mochi-server.service").read_text()


def test_the_table_of_figures_names_all_there_are() -> None:
    text = PrometheusMetrics(clock=FakeClock(), version="1").text().decode()
    families = text_string_to_metric_families(text)
    counted = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}
    told = set(re.findall(r"`(mochi_\w+)`", PAGE.split("## Figures")[1].split("To watch:")[0]))

    assert told == {name for name in counted if name.startswith("mochi_")}


def test_the_image_is_made_of_what_its_builder_is_sent() -> None:
    sent = [line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    for name in _copied():
        assert (ROOT / name).exists()
        assert any(fnmatch(name, pattern) for pattern in sent), name


def test_what_the_image_is_made_of_is_a_server(tmp_path: Path) -> None:
    """Built, installed and started as the Containerfile does, the dependencies being those of the tests."""
    source, wheels, environment_of_its_own = tmp_path / "source", tmp_path / "wheels", tmp_path / "server"
    source.mkdir()
    for name in _copied():
        _copy(ROOT / name, source / name)
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels), folder=source)
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment_of_its_own), folder=tmp_path)
    python = environment_of_its_own / "bin" / "python"
    _run(sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", str(python),
         *map(str, wheels.glob("*.whl")), folder=tmp_path)  # fmt: skip
    # Packages are found there, but not the clone: `.pth` files of a folder that is added so are not read.
    (packages,) = environment_of_its_own.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))

    with demo_server(tmp_path, [str(environment_of_its_own / "bin" / "mochi-server")]) as port:
        code = "import entrypoints; print(entrypoints.__file__)"
        imported = _run(str(python), "-c", code, folder=tmp_path)
        assert Path(imported.strip()).is_relative_to(packages)
        assert _health([str(python), *_health_arguments()], port) == 0


def _copied() -> list[str]:
    return " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)).split()


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(origin, target)


def _run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_image_runs_without_privileges() -> None:
    last_stage = CONTAINERFILE.rpartition("\nFROM ")[2]

    assert re.search(r"^USER 10001:10001$", last_stage, re.MULTILINE)


def test_the_images_health_is_that_of_the_server(tmp_path: Path) -> None:
    command = [sys.executable, *_health_arguments()]
    with demo_server(tmp_path) as port:
        at_work = _health(command, port)
    gone = _health(command, port)

    assert (at_work, gone) == (0, 1)


def _health_arguments() -> list[str]:
    """Those of the interpreter."""
    (words,) = re.findall(r"HEALTHCHECK [^[]*(\[.*\])", CONTAINERFILE)
    _, *arguments = json.loads(words)
    return list(arguments)


def _health(command: list[str], port: int) -> int:
    settings = {**environment(), "MOCHI_PORT": str(port)}
    return subprocess.run(command, env=settings, check=False, stderr=subprocess.DEVNULL, timeout=30).returncode


@pytest.mark.parametrize("text", [CONTAINERFILE, UNIT, json.dumps(COMPOSE)], ids=["Containerfile", "unit", "compose"])
def test_only_settings_that_there_are_are_set(text: str) -> None:
    known = {variable_of(name) for name in Settings.model_fields}

    assert set(re.findall(r"\bMOCHI_[A-Z_]+\b", text)) <= known


def test_compose_asks_for_a_key_and_opens_the_server_to_this_machine_alone() -> None:
    server = COMPOSE["services"]["mochi-server"]

    assert server["environment"]["MOCHI_API_KEYS"].startswith("${MOCHI_API_KEYS:?")
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "ports" not in COMPOSE["services"]["ollama"]
