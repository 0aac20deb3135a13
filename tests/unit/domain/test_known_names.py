from dataclasses import replace

import pytest

from domain.errors import AgentNotFound, ToolNotFound
from domain.known_names import KnownNames
from domain.session import AgentSettings, ToolSettings
from tests.unit.histories import session

KNOWN = KnownNames(tools=frozenset({"weather", "clock"}), agents=frozenset({"writer"}))
TOOLS = ToolSettings(tools=("clock", "gone", "weather"))
AGENTS = AgentSettings(enabled_agents=("lost", "writer"))


def test_a_request_may_name_what_is_there() -> None:
    KNOWN.require_tools(ToolSettings(tools=("weather",), tool_policies={"anything": "never_confirm"}))
    KNOWN.require_agents(AgentSettings(enabled_agents=("writer",)))


def test_a_request_that_names_anything_else_is_refused_by_its_name() -> None:
    with pytest.raises(ToolNotFound) as tool:
        KNOWN.require_tools(TOOLS)
    with pytest.raises(AgentNotFound) as agent:
        KNOWN.require_agents(AGENTS)

    assert tool.value.details == {"tool_name": "gone"}
    assert agent.value.details == {"agent_name": "lost"}


def test_a_stored_session_goes_on_with_what_is_there() -> None:
    assert KNOWN.active_tools(TOOLS) == ("clock", "weather")
    assert KNOWN.active_agents(AGENTS) == ("writer",)


def test_and_says_what_it_goes_on_without() -> None:
    warnings = KNOWN.warnings(replace(session(), tool_settings=TOOLS, agent_settings=AGENTS))

    assert len(warnings) == 2
    assert "`gone`" in warnings[0]
    assert "`lost`" in warnings[1]
    assert KNOWN.warnings(session()) == ()
