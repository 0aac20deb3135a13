from dataclasses import replace

import pytest

from application.use_cases.session_status import ReadStatus
from domain.errors import SessionNotFound
from domain.message import Message
from domain.session import AgentSettings, ToolSettings
from tests.unit.application.bench import Bench
from tests.unit.histories import session, system, user


@pytest.fixture
def read_status(bench: Bench) -> ReadStatus:
    return ReadStatus(sessions=bench.sessions, supervisor=bench.supervisor, views=bench.views)


async def test_what_is_in_force(bench: Bench, read_status: ReadStatus) -> None:
    kept = await bench.keep(
        replace(
            session(system(source_file="brief.md"), user()),
            tool_settings=ToolSettings(tools=("gone", "weather")),
            agent_settings=AgentSettings(enabled_agents=("writer", "lost")),
        )
    )

    status = await read_status(kept.session_id)

    assert status.view.session == kept
    assert (status.active_tools, status.active_agents) == (("weather",), ("writer",))
    assert status.system_prompt_file == "brief.md"
    assert status.run is None


@pytest.mark.parametrize("messages", [(), (system(),), (user(),)])
async def test_without_a_prompt_file(bench: Bench, read_status: ReadStatus, messages: tuple[Message, ...]) -> None:
    kept = await bench.keep(session(*messages))

    assert (await read_status(kept.session_id)).system_prompt_file is None


async def test_the_run_at_work(bench: Bench, read_status: ReadStatus) -> None:
    kept = await bench.keep()
    handle = await bench.begin_run(kept.session_id)

    run = (await read_status(kept.session_id)).run

    assert run is not None
    assert (run.run_id, run.status) == (handle.run.run_id, "running")


@pytest.mark.parametrize("session_id", ["00000000e0", "../../etc"])
async def test_a_session_that_is_not_there(read_status: ReadStatus, session_id: str) -> None:
    with pytest.raises(SessionNotFound):
        await read_status(session_id)
