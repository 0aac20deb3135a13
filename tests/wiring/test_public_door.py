"""What programs that embed the server import."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import mochi_server
from mochi_server import (
    AgentComplete,
    AgentConfirmationRequired,
    AgentExecution,
    AgentPlanning,
    AgentSettings,
    AgentStart,
    AgentToolCall,
    AgentToolResult,
    ChatRequest,
    ConfirmationRequired,
    Container,
    ContentDelta,
    Decision,
    Done,
    MochiError,
    NewSession,
    RunError,
    Settings,
    ThinkingDelta,
    ToolResult,
    ToolSettings,
    create_app,
    opened,
)


def test_each_promised_name_is_there() -> None:
    assert mochi_server.__version__ == version("mochi-server")
    promised = (
        *(ChatRequest, ConfirmationRequired, Container, ContentDelta, Decision, Done, NewSession, Settings),
        *(AgentComplete, AgentConfirmationRequired, AgentExecution, AgentPlanning, AgentSettings, AgentStart),
        *(AgentToolCall, AgentToolResult),
        *(MochiError, RunError, ThinkingDelta, ToolResult, ToolSettings, create_app, opened),
    )
    assert {name.__name__ for name in promised} | {"__version__"} == set(mochi_server.__all__)


def test_what_is_not_promised_is_no_attribute() -> None:
    assert not hasattr(mochi_server, "adapters")


def test_importing_the_door_loads_nothing_behind_it() -> None:
    program = "import sys, mochi_server; print(sorted({'aiohttp', 'pydantic', 'entrypoints'} & set(sys.modules)))"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)

    assert loaded.stdout == "[]\n"


def test_its_types_are_there_for_others() -> None:
    assert Path(mochi_server.__file__).with_name("py.typed").is_file()


async def test_the_use_cases_can_be_had_without_http(tmp_path: Path) -> None:
    settings = Settings(llm="demo", storage="memory", data_dir=tmp_path)

    async with opened(Container(settings=settings)) as container:
        models = await container.use_cases().list_models()

    assert [model.name for model in models] == ["demo"]


async def test_a_program_that_embeds_the_use_cases_answers_its_tools_questions_itself(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "shout.py").write_text('def shout(text: str = "hi") -> str:\n    return text.upper()\n')
    settings = Settings(llm="demo", storage="memory", data_dir=tmp_path)

    async with opened(Container(settings=settings)) as container:
        use_cases = container.use_cases()
        new = NewSession(model="demo", tool_settings=ToolSettings(tools=("shout",)))
        session_id = (await use_cases.create_session(new)).session.session_id
        results: list[ToolResult] = []
        async with use_cases.start_run(session_id, ChatRequest(message="use shout")) as started:
            done = False
            while not done:
                for entry in await started.events.next():
                    if isinstance(entry.event, ConfirmationRequired):
                        await use_cases.confirm_tool(session_id, entry.event.confirmation_id, Decision(approved=True))
                    elif isinstance(entry.event, ToolResult):
                        results.append(entry.event)
                    done = isinstance(entry.event, Done)

    assert [result.success for result in results] == [True]
