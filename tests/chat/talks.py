"""Conversations on a whole server in memory, with a screen that is told what is typed."""

from application.ports.language_model import ModelChunk, ModelEnd
from domain.agent import UnusableSkill
from domain.message import ToolCall
from entrypoints.chat.conversation import Conversation
from entrypoints.chat.talk import Talk
from entrypoints.chat.use_cases import use_cases_of
from tests.fakes.agent_store import FakeAgentStore, skill
from tests.fakes.house import House
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import ScriptedModel, Step
from tests.fakes.toolbox import FakeToolbox, echo


def house_of(*replies: list[Step]) -> House:
    """With a model that answers so, and the tool `echo`."""
    return House(ScriptedModel(*replies), toolbox=FakeToolbox({"echo": echo}))


def house_with_agents(*replies: list[Step]) -> House:
    """The same with the agents `cook` and `waiter`, who can `stir` and `serve`, and one that cannot be used."""
    return House(
        ScriptedModel(*replies),
        toolbox=FakeToolbox({"echo": echo}),
        agents=FakeAgentStore(
            skill("cook"), skill("waiter"), UnusableSkill(name="ghost", reason="SKILL.md: it has no description.")
        ),
        agent_toolbox=FakeToolbox({"cook.stir": echo, "waiter.serve": echo}),
    )


def conversation_on(house: House, screen: FakeScreen, *, session_id: str | None = None) -> Conversation:
    use_cases = use_cases_of(house.container)
    talk = Talk(use_cases=use_cases, screen=screen, model="clever", session_id=session_id)
    return Conversation(use_cases, screen, talk)


async def hold(house: House, screen: FakeScreen, *, session_id: str | None = None) -> bool:
    return await conversation_on(house, screen, session_id=session_id).hold()


def calling(*texts: str, tool: str = "echo") -> list[Step]:
    """An answer that calls the tool with each of these."""
    calls = tuple(
        ToolCall(call_id=f"call_{number}", tool_name=tool, arguments={"text": text})
        for number, text in enumerate(texts, start=1)
    )
    return [ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]


def delegating(agent: str = "cook", instruction: str = "Cook soup.") -> list[Step]:
    """An answer that hands this over."""
    order = {"agent": agent, "instruction": instruction}
    calls = (ToolCall(call_id="d1", tool_name="agent", arguments=order),)
    return [ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]
