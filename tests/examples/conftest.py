"""The example agents as a server has them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from adapters.python_tools.sources import read_agents
from adapters.python_tools.toolbox import PythonToolbox
from tests.examples.agents import AGENTS


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the agent `files`. Beside it lies a secret."""
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv("AGENT_FILES_FOLDER", str(folder))
    return folder


@pytest.fixture
async def toolbox(shared: Path) -> AsyncIterator[PythonToolbox]:
    read = partial(read_agents, leave_out=shared)
    toolbox = PythonToolbox(folder=AGENTS, python=None, timeout_seconds=20, read=read)
    await toolbox.open()
    yield toolbox
    await toolbox.aclose()
