"""What agents do, told: what they plan and say under a heading, their calls on lines of their own."""

from typing import TypeAlias

from domain.run_event import (
    AgentComplete,
    AgentExecution,
    AgentPlanning,
    AgentStart,
    AgentToolCall,
    AgentToolResult,
)
from entrypoints.chat.screen import Screen
from entrypoints.chat.wording import agent_begins, agent_ends

AgentText: TypeAlias = AgentPlanning | AgentExecution
AgentStep: TypeAlias = AgentStart | AgentToolCall | AgentToolResult | AgentComplete


class AgentTelling:
    """One for each run. Steps are told after whatever text flowed has been ended."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._heading: str | None = None

    def add(self, event: AgentText) -> None:
        """A piece of text. Each stretch of it has a heading, once."""
        heading = f"{event.agent_name} {'plans' if isinstance(event, AgentPlanning) else 'says'}:"
        if heading != self._heading:
            self._screen.note(heading)
        self._heading = heading
        self._screen.add_agent_text(event.content)

    def step(self, event: AgentStep) -> None:
        self._heading = None
        match event:
            case AgentStart():
                self._screen.show_step(agent_begins(event))
            case AgentToolCall():
                self._screen.show_call(event.tool_name, event.arguments, agent_name=event.agent_name)
            case AgentToolResult():
                self._screen.show_result(event)
            case AgentComplete():
                self._screen.show_step(agent_ends(event))
