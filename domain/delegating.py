"""What a model says when it delegates, read strictly (contract, section 7)."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.errors import ValidationFailed
from domain.json_value import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`session_id` is that of earlier work of this agent to go on with, None to begin anew."""

    agent_name: str
    instruction: str
    session_id: str | None


def order_of(arguments: JsonObject, agents: Collection[str]) -> Order:
    """Raises ValidationFailed, in words that a model can act on. `agents` are those that it may delegate to."""
    agent, instruction = arguments.get("agent"), arguments.get("instruction")
    if not isinstance(agent, str) or agent not in agents:
        listed = ", ".join(f"`{name}`" for name in agents)
        raise ValidationFailed(f"`agent` must be one of {listed}.", field="agent")
    if not isinstance(instruction, str) or not instruction.strip():
        raise ValidationFailed("`instruction` must say what the agent is to do.", field="instruction")
    return Order(agent_name=agent, instruction=instruction, session_id=_session_id(arguments.get("session_id")))


def _session_id(value: JsonValue) -> str | None:
    """Models leave a field empty rather than out."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise ValidationFailed("`session_id` must be the Session ID of earlier work, or left out.", field="session_id")
    return value.strip()
