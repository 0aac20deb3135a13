"""What the server does, told to those who count it, trace it and log it.

A piece of work is told of by a report: made when the work begins, completed by whoever does the work until it ends.
Reports hold names, numbers and ids; never a key, a prompt, a message, or what a tool was given or gave.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from domain.run import EndStatus

CUT = "CANCELLED"
"""The `error_code` of work that was cut and did nothing wrong. All others are the contract's, section 2."""

Purpose: TypeAlias = Literal["chat", "agent", "summary"]


@dataclass(slots=True, kw_only=True)
class RequestReport:
    """A client's request. `route` is the template that it matched, None where it matched none: nothing that a client
    wrote. `status` is what it was answered with, None while it is not."""

    request_id: str
    method: str
    route: str | None
    traceparent: str | None = None
    status: int | None = None
    error_code: str | None = None


@dataclass(slots=True, kw_only=True)
class StreamReport:
    """A reader's connection to a run, while events are written to it."""


@dataclass(slots=True, kw_only=True)
class RunReport:
    """A run from its first step to its last. `status` is None where the run has not ended: it waits for a person, and
    goes on when the server is there again. Tokens are of all its answers; None where the model counted none.
    `has_turn` is false of a run that ends while it waits for its turn."""

    run_id: str
    session_id: str
    has_turn: bool = True
    model: str | None = None
    status: EndStatus | None = None
    error_code: str | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


@dataclass(slots=True, kw_only=True)
class QuestionReport:
    """One question to a model and its answer, a second and tighter try included.

    `added_delay` is what the server itself took, in seconds: from the arrival of the request that began the run to
    its first question. None for later questions, without a request, and where the run waited for its turn or a person.
    `first_piece_after` is in seconds from the question to the first piece of the answer, be it text, thinking or a
    call; None where none came. Tokens are None where the model did not count.
    `was_reloaded` says that the question's window had a loaded model loaded anew.
    """

    model: str
    purpose: Purpose
    session_id: str
    num_ctx: int | None = None
    added_delay: float | None = None
    first_piece_after: float | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    done_reason: str | None = None
    was_reloaded: bool = False
    error_code: str | None = None


@dataclass(slots=True, kw_only=True)
class ToolReport:
    """One call of a tool that the server has; those of agents are called `agent.tool`. One that a person denied is over
    at once, as TOOL_EXECUTION_DENIED."""

    tool_name: str
    tool_call_id: str | None = None
    error_code: str | None = None


@dataclass(slots=True, kw_only=True)
class AgentReport:
    """One delegation at work, in the agent's own session."""

    agent_name: str
    model: str
    session_id: str
    error_code: str | None = None


Report: TypeAlias = RequestReport | StreamReport | RunReport | QuestionReport | ToolReport | AgentReport


class Telemetry(Protocol):
    """Called from the event loop, for many pieces of work at once, and never for a piece of an answer."""

    def during(self, report: Report) -> AbstractContextManager[None]:
        """The work that `report` tells of, from entering to leaving; the report is complete on leaving.

        Quick and without waiting. Raises nothing of its own, and lets every error of the work pass.
        Within, it may change context variables, which the tasks that the work starts inherit.
        """
        ...
