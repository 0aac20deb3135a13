"""Runs as answers show them."""

from pydantic import Field, JsonValue

from domain.run import EndStatus, RunStatus
from entrypoints.http.schemas.base import AnswerModel, QueryModel
from entrypoints.http.schemas.messages import Timestamp


class RunQuery(QueryModel):
    run_id: str | None = Field(default=None, description="A certain run; by default the one at work.")


class RunFailure(AnswerModel):
    code: str
    message: str


class Confirmation(AnswerModel):
    """A tool call that waits for a person's consent."""

    confirmation_id: str
    tool_name: str
    arguments: dict[str, JsonValue]
    call_index: int
    tool_call_id: str
    agent_name: str | None
    created_at: Timestamp


class Run(AnswerModel):
    run_id: str
    session_id: str
    status: RunStatus
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    eval_count: int | None
    prompt_eval_count: int | None
    error: RunFailure | None
    confirmations: list[Confirmation]


class RunList(AnswerModel):
    runs: list[Run]


class CancelledRun(AnswerModel):
    run_id: str
    status: EndStatus = Field(description="What it really ended with.")
