"""Which calls ask a person first (contract, section 6)."""

from domain.agent import AGENT_TOOL, qualified
from domain.session import ToolSettings


def needs_consent(settings: ToolSettings, tool_name: str) -> bool:
    """By the tool's own policy where it has one, else by the session's, which asks unless it says otherwise."""
    return settings.tool_policies.get(tool_name, settings.execution_policy) == "always_confirm"


def agent_needs_consent(settings: ToolSettings, agent_name: str, tool_name: str) -> bool:
    """For an agent's call: by the policy of `agent.tool` where there is one, else as for any tool of that name."""
    own = settings.tool_policies.get(qualified(agent_name, tool_name))
    return needs_consent(settings, tool_name) if own is None else own == "always_confirm"


def delegating_needs_consent(settings: ToolSettings) -> bool:
    """Only where a policy of its own says so: what the agent does then is asked about call by call."""
    return settings.tool_policies.get(AGENT_TOOL) == "always_confirm"
