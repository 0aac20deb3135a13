"""What is to be done with each call of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.runs.call_result import CallResult
from domain.confirmation import Confirmation
from domain.message import AssistantMessage, ToolCall
from domain.run import Run
from domain.tool import ToolOutcome
from domain.tool_texts import RUN_ENDED_BEFORE, RUN_ENDED_MEANWHILE, denied

_NEVER_RAN = ToolOutcome(text=RUN_ENDED_BEFORE, error_code="TOOL_EXECUTION_FAILED")
_MAY_HAVE_RUN = ToolOutcome(text=RUN_ENDED_MEANWHILE, error_code="TOOL_EXECUTION_FAILED")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that is refused with `outcome`, asked about as `confirmation_id`, or, with neither, simply made."""

    index: int
    call: ToolCall
    outcome: ToolOutcome | None = None
    confirmation_id: str | None = None

    def awaits_its_call(self, run: Run) -> bool:
        """Whether a person may still answer, or has just approved."""
        question = run.confirmation(self.confirmation_id) if self.confirmation_id else None
        return question is not None and question.awaits_its_call

    def cut(self, run: Run, *, has_begun: bool) -> CallResult:
        """What comes of it where its run ends first. `has_begun` says that its turn had come."""
        question = run.confirmation(self.confirmation_id) if self.confirmation_id else None
        if question is not None and question.state == "denied":
            outcome = denied(question.reason)
        elif question is not None and question.state == "approved":
            outcome = _NEVER_RAN
        else:
            outcome = self.outcome or (_MAY_HAVE_RUN if has_begun else _NEVER_RAN)
        return CallResult(index=self.index, call=self.call, outcome=outcome)


def plan_again(run: Run, answer: AssistantMessage, results_there: int) -> list[PlannedCall]:
    """The calls of `answer` that a server which stopped left without a result, in their order.

    They were made one after the other, so at most the first of them had begun.
    """
    calls = list(enumerate(answer.tool_calls))[results_there:]
    return [
        _planned_again(index, call, _question_about(run.confirmations, index, call), is_first=index == results_there)
        for index, call in calls
    ]


def _planned_again(index: int, call: ToolCall, question: Confirmation | None, *, is_first: bool) -> PlannedCall:
    if question is None:
        # What nobody was asked about may have been at work when the server stopped, if its turn had come.
        return PlannedCall(index=index, call=call, outcome=_MAY_HAVE_RUN if is_first else None)
    if question.state in ("started", "done"):
        return PlannedCall(index=index, call=call, outcome=_MAY_HAVE_RUN)
    return PlannedCall(index=index, call=call, confirmation_id=question.confirmation_id)


def _question_about(questions: Sequence[Confirmation], index: int, call: ToolCall) -> Confirmation | None:
    """The latest: models give the same id again."""
    for question in reversed(questions):
        if (question.call_index, question.tool_call_id) == (index, call.call_id):
            return question
    return None
