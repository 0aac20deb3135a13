"""Which calls ask a person first (contract, section 6)."""

from domain.session import ToolSettings


def needs_consent(settings: ToolSettings, tool_name: str) -> bool:
    """By the tool's own policy where it has one, else by the session's, which asks unless it says otherwise."""
    return settings.tool_policies.get(tool_name, settings.execution_policy) == "always_confirm"
