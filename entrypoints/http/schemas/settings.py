"""The settings of a session, as a request gives them: a given object stands for the whole of one."""

from typing import Annotated

from pydantic import FailFast, Field

from domain.context_window import WindowChoice
from domain.session import AgentSettings, ExecutionPolicy, ToolSettings
from entrypoints.http.schemas.base import WHOLE, RequestModel, Text

MAX_POLICIES = 1000

Names = Annotated[list[Text], FailFast()]


class ToolSettingsBody(RequestModel):
    tools: Names = Field(default_factory=list, description="Names of the tools that the model is offered.")
    execution_policy: ExecutionPolicy = "always_confirm"
    tool_policies: dict[str, ExecutionPolicy] = Field(
        default_factory=dict, max_length=MAX_POLICIES, description="Policies of single tools, by name."
    )

    def to_domain(self) -> ToolSettings:
        return ToolSettings(
            tools=tuple(self.tools), execution_policy=self.execution_policy, tool_policies=dict(self.tool_policies)
        )


class AgentSettingsBody(RequestModel):
    enabled_agents: Names = Field(default_factory=list)

    def to_domain(self) -> AgentSettings:
        return AgentSettings(enabled_agents=tuple(self.enabled_agents))


class WindowChoiceBody(RequestModel):
    """Fixes the window at `current_window` tokens, or, with `manual_override` false, frees it."""

    manual_override: bool
    current_window: Annotated[int, Field(ge=1), WHOLE] | None = None

    def to_domain(self) -> WindowChoice:
        return WindowChoice(manual_override=self.manual_override, current_window=self.current_window)
