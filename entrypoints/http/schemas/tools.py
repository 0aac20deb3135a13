"""Tools, and the answers that people give about their calls."""

from pydantic import Field, JsonValue

from domain.confirmation import Decision
from entrypoints.http.schemas.base import AnswerModel, RequestModel
from entrypoints.http.schemas.messages import Timestamp


class Tool(AnswerModel):
    name: str
    description: str
    parameters: dict[str, JsonValue] = Field(
        description="A JSON schema.",
        examples=[{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}],
    )
    source: str = Field(description="The file or folder under the tools folder, or the MCP server.")


class ToolSourceError(AnswerModel):
    source: str
    error: str = Field(description="Why it could not be loaded.", examples=["The parameter `city` has no type."])


class ToolList(AnswerModel):
    tools: dict[str, Tool]
    errors: list[ToolSourceError] = Field(description="What could not be loaded, and why.")


class ReloadedTools(AnswerModel):
    success: bool = Field(description="Whether everything could be loaded.")
    tools_count: int
    message: str = Field(description="What is loaded, in words.", examples=["4 tools are loaded."])


class ToolExecution(AnswerModel):
    """`execution_time` is in seconds."""

    tool_name: str
    session_id: str
    run_id: str
    success: bool
    error_message: str | None
    execution_time: float
    started_at: Timestamp


class ToolStatistics(AnswerModel):
    """`average_time` is in seconds."""

    calls: int
    failures: int
    average_time: float


class ExecutionReport(AnswerModel):
    executions: list[ToolExecution] = Field(description="The last 100, newest first.")
    statistics: dict[str, ToolStatistics] = Field(description="By tool, since the server's start.")


class ConfirmationBody(RequestModel):
    confirmation_id: str
    approved: bool
    arguments: dict[str, JsonValue] | None = Field(
        default=None, description="With an approval: what the tool is called with in the place of the model's own."
    )
    reason: str | None = Field(default=None, description="With a denial: reaches the model.")

    def to_domain(self) -> Decision:
        return Decision(approved=self.approved, arguments=self.arguments, reason=self.reason)


class ConfirmedTool(AnswerModel):
    success: bool
    tool_name: str
    message: str = Field(description="What becomes of the call.", examples=["The tool is called."])
