"""A contract that catches nothing is none: each is shown a violation, planted in a copy of the tree."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints", "mochi_server")

VIOLATIONS = {
    "hexagon": ("domain/planted.py", "import application.ports"),
    "application-layers": ("application/ports/planted.py", "import application.runs.supervisor"),
    "adapters-layers": ("adapters/demo/planted.py", "import adapters.memory.run_log"),
    "entrypoints-layers": ("entrypoints/http/planted.py", "import entrypoints.container"),
    "chat-without-http": ("entrypoints/chat/planted.py", "import entrypoints.http.app"),
    "one-door-to-the-adapters": ("entrypoints/http/planted.py", "import adapters.memory.run_log"),
    "domain-allow-list": ("domain/planted.py", "import os"),
    "application-allow-list": ("application/use_cases/planted.py", "import pathlib"),
    "home-of-aiohttp": ("adapters/json_files/planted.py", "import aiohttp"),
    "home-of-ollama": ("adapters/demo/planted.py", "import ollama"),
    "home-of-mcp": ("entrypoints/http/planted.py", "import mcp"),
    "home-of-files": ("entrypoints/http/planted.py", "import aiofiles"),
    "home-of-pydantic": ("application/planted.py", "import pydantic"),
    "home-of-docstring-parser": ("adapters/codec/planted.py", "import docstring_parser"),
    "home-of-yaml": ("adapters/codec/planted.py", "import yaml"),
    "home-of-prometheus": ("adapters/memory/planted.py", "import prometheus_client"),
    "home-of-opentelemetry": ("application/planted.py", "import opentelemetry"),
    "home-of-dependency-injector": ("entrypoints/http/planted.py", "from dependency_injector import wiring"),
    "home-of-loops-and-watches": ("entrypoints/http/planted.py", "import uvloop"),
    "home-of-sql": ("adapters/json_files/planted.py", "import sqlmodel"),
    "home-of-terminals": ("entrypoints/http/planted.py", "from rich import console"),
    "acyclic": ("domain/errors.py", "import domain.identifiers"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    # Not as a script of the environment: the copy has to come before the installed packages on the path.
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); from importlinter.cli import lint_imports_command; "
    program += f"lint_imports_command(['--no-cache', '--contract', {contract!r}])"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


def contracts() -> list[str]:
    config = ConfigParser()
    config.read(ROOT / ".importlinter")
    return [section.rpartition(":")[2] for section in config.sections() if section.startswith("importlinter:contract:")]


def test_every_contract_has_its_violation() -> None:
    assert sorted(contracts()) == sorted(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_is_caught(copy: Path, contract: str) -> None:
    where, violation = VIOLATIONS[contract]
    path = copy / where
    path.write_text((path.read_text() if path.exists() else "") + f"\n{violation}\n")
    result = lint(copy, contract)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout
    assert path.stem in result.stdout, "it names the place"


def test_an_import_for_types_alone_counts_too(copy: Path) -> None:
    planted = copy / "application" / "ports" / "planted.py"
    planted.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import adapters.memory.run_log\n")
    assert "planted" in lint(copy, "hexagon").stdout
