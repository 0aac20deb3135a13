"""Conversations on a whole server in memory, with a screen that is told what is typed."""

from application.ports.language_model import ModelChunk, ModelEnd
from domain.message import ToolCall
from entrypoints.chat.conversation import Conversation
from entrypoints.chat.talk import Talk
from entrypoints.chat.use_cases import use_cases_of
from tests.fakes.house import House
from tests.fakes.screen import FakeScreen
from tests.fakes.scripted_model import ScriptedModel, Step
from tests.fakes.toolbox import FakeToolbox, echo


def house_of(*replies: list[Step]) -> House:
    """With a model that answers so, and the tool `echo`."""
    return House(ScriptedModel(*replies), toolbox=FakeToolbox({"echo": echo}))


def conversation_on(house: House, screen: FakeScreen, *, session_id: str | None = None) -> Conversation:
    use_cases = use_cases_of(house.container)
    talk = Talk(use_cases=use_cases, screen=screen, model="clever", session_id=session_id)
    return Conversation(use_cases, screen, talk)


async def hold(house: House, screen: FakeScreen, *, session_id: str | None = None) -> bool:
    return await conversation_on(house, screen, session_id=session_id).hold()


def calling(*texts: str) -> list[Step]:
    """An answer that calls `echo` with each of these."""
    calls = tuple(
        ToolCall(call_id=f"call_{number}", tool_name="echo", arguments={"text": text})
        for number, text in enumerate(texts, start=1)
    )
    return [ModelChunk(tool_calls=calls), ModelChunk(end=ModelEnd("stop", 10, 1, 0))]
