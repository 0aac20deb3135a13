"""What is asked of sessions."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from application.use_cases.create_session import NewSession
from application.use_cases.sessions import MAX_PAGE_SIZE
from application.use_cases.update_session import SessionChange
from domain.session import AgentSettings, ToolSettings
from entrypoints.http.schemas.base import QueryModel, RequestModel, Text, WholeNumber
from entrypoints.http.schemas.prompts import NOT_BLANK, Filename
from entrypoints.http.schemas.settings import AgentSettingsBody, ToolSettingsBody, WindowChoiceBody


class SessionCreation(RequestModel):
    model: Text = Field(examples=["qwen3:8b"])
    system_prompt: str | None = None
    system_prompt_source_file: Filename | None = Field(
        default=None, description="A prompt file; wins over `system_prompt`."
    )
    tool_settings: ToolSettingsBody | None = None
    agent_settings: AgentSettingsBody | None = None
    context_window: WindowChoiceBody | None = None

    def to_domain(self) -> NewSession:
        return NewSession(
            model=self.model,
            system_prompt=self.system_prompt,
            system_prompt_source_file=self.system_prompt_source_file,
            tool_settings=self.tool_settings.to_domain() if self.tool_settings else ToolSettings(),
            agent_settings=self.agent_settings.to_domain() if self.agent_settings else AgentSettings(),
            context_window=self.context_window.to_domain() if self.context_window else None,
        )


class SessionUpdate(RequestModel):
    """What is given takes the place of the whole of what was; what is absent or null stays."""

    model: Text | None = None
    tool_settings: ToolSettingsBody | None = None
    agent_settings: AgentSettingsBody | None = None
    context_window: WindowChoiceBody | None = None

    def to_domain(self) -> SessionChange:
        return SessionChange(
            model=self.model,
            tool_settings=self.tool_settings.to_domain() if self.tool_settings else None,
            agent_settings=self.agent_settings.to_domain() if self.agent_settings else None,
            context_window=self.context_window.to_domain() if self.context_window else None,
        )


class SystemPromptBody(RequestModel):
    """One of the two is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "properties": {
                    "content": {"anyOf": [{"type": "null"}, {"type": "string", "not": {"pattern": NOT_BLANK}}]},
                    "source_file": {"type": "null"},
                }
            }
        }
    )

    content: str | None = Field(default=None, examples=["You are a pirate."])
    source_file: Filename | None = Field(default=None, description="A prompt file; wins over `content`.")

    @model_validator(mode="after")
    def _one_is_needed(self) -> "SystemPromptBody":
        if self.content is None and self.source_file is None:
            raise ValueError("Send `content` or `source_file`.")
        return self


class ForkBody(RequestModel):
    message_index: WholeNumber | None = Field(
        default=None, description="The place of the last message that goes along, from 0; all by default."
    )


def _in_plain_digits(text: object) -> object:
    """Pydantic would take `1_0`, ` 10 ` and digits of other scripts too."""
    if isinstance(text, str) and not (text.isascii() and text.isdecimal()):
        raise ValueError("It must be a whole number in digits.")
    return text


class ListQuery(QueryModel):
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE), BeforeValidator(_in_plain_digits)] | None = Field(
        default=None, description="How many sessions a page has; all of them without it.", examples=[20]
    )
    cursor: str | None = Field(
        default=None,
        description="The `next_cursor` of the page before, as it was.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    )
    q: str = Field(
        default="",
        description="Words, letter case aside, each of which begins one of the session's.",
        examples=["weather"],
    )


class ExportQuery(QueryModel):
    format: Literal["json", "markdown"] = Field(
        default="json", description="A session file for programs, or Markdown for people.", examples=["markdown"]
    )
