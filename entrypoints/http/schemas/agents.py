"""Agents, and the sessions that they work in."""

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel
from entrypoints.http.schemas.session_answers import Session, SessionOverview


class Agent(AnswerModel):
    name: str = Field(description="The name of its folder.", examples=["researcher"])
    description: str = Field(
        description="What it is for, as the model reads it.", examples=["Finds things out and says where."]
    )
    model: str | None = Field(description="The one that it would rather use; null for the session's.")
    valid: bool
    error_message: str | None = Field(description="Why it cannot be used.")
    tool_count: int
    tools: list[str] = Field(description="The names of its tools.")


class AgentList(AnswerModel):
    agents: dict[str, Agent]


class ReloadedAgents(AnswerModel):
    success: bool = Field(description="Whether all agents can be used.")
    agents_count: int = Field(description="Of those that can be used.")
    message: str = Field(description="What can be used, in words.", examples=["1 agent is loaded."])


class AgentChat(Session):
    agent_name: str | None


class AgentChatOverview(SessionOverview):
    agent_name: str | None


class AgentChatList(AnswerModel):
    sessions: list[AgentChatOverview]
    next_cursor: str | None = Field(description="Null on the last page.")
