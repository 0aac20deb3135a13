"""What is to be done with each call of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.runs.call_result import CallResult
from application.runs.call_scope import CallScope
from domain.agent import Delegation
from domain.confirmation import Confirmation
from domain.json_value import JsonObject
from domain.message import AssistantMessage, ToolCall
from domain.run import Run
from domain.tool import ToolOutcome
from domain.tool_texts import NEVER_RAN, RUN_ENDED_MEANWHILE, denied, stopped_agent

_BEGUN = ("started", "done")
_MAY_HAVE_RUN = ToolOutcome(text=RUN_ENDED_MEANWHILE, error_code="TOOL_EXECUTION_FAILED")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that is refused with `outcome`, asked about as `confirmation_id`, or, with neither, simply made.

    `delegates` says that it is for an agent; `changed_arguments` are those that a person put in the place of the
    model's, before a server stopped that had begun with it.
    """

    index: int
    call: ToolCall
    outcome: ToolOutcome | None = None
    confirmation_id: str | None = None
    delegates: bool = False
    changed_arguments: JsonObject | None = None

    def awaits_its_call(self, run: Run) -> bool:
        """Whether a person may still answer, or has just approved, or an agent is at work on it."""
        if self._delegation(run) is not None:
            return True
        question = run.confirmation(self.confirmation_id) if self.confirmation_id else None
        return question is not None and question.awaits_its_call

    def cut(self, run: Run, *, has_begun: bool) -> CallResult:
        """What comes of it where its run ends first. `has_begun` says that its turn had come."""
        if delegation := self._delegation(run):
            outcome = ToolOutcome(text=stopped_agent(delegation.session_id), error_code="TOOL_EXECUTION_FAILED")
            return CallResult(index=self.index, call=self.call, outcome=outcome, delegation=delegation)
        question = run.confirmation(self.confirmation_id) if self.confirmation_id else None
        if question is not None and question.state == "denied":
            outcome = denied(question.reason)
        elif self.delegates or (question is not None and question.state == "approved"):
            outcome = self.outcome or NEVER_RAN
        else:
            outcome = self.outcome or (_MAY_HAVE_RUN if has_begun else NEVER_RAN)
        return CallResult(index=self.index, call=self.call, outcome=outcome)

    def _delegation(self, run: Run) -> Delegation | None:
        """By which an agent is at work on it, if one is."""
        delegation = run.delegation
        is_this = self.delegates and delegation is not None and delegation.is_of(self.index, self.call.call_id)
        return delegation if is_this else None


def plan_again(scope: CallScope, run: Run, answer: AssistantMessage, results_there: int) -> list[PlannedCall]:
    """The calls of `answer` that a server which stopped left without a result, in their order.

    Where one of them asked or delegated they were made one after the other, and at most the first that has no result
    had begun; else all of them had.
    """
    questions = [question for question in run.confirmations if question.agent_name == scope.agent_name]
    in_turn = any(
        scope.delegates(call.tool_name) or _was_asked_about(questions, answer, index, call)
        for index, call in enumerate(answer.tool_calls)
    )
    plan = []
    for index, call in list(enumerate(answer.tool_calls))[results_there:]:
        question = _question_about(questions, index, call)
        if scope.delegates(call.tool_name):
            plan.append(_delegated_again(index, call, question))
        else:
            plan.append(_planned_again(index, call, question, had_begun=not in_turn or index == results_there))
    return plan


def _was_asked_about(questions: Sequence[Confirmation], answer: AssistantMessage, index: int, call: ToolCall) -> bool:
    """In this answer, and not in an earlier one under the same id."""
    question = _question_about(questions, index, call)
    return question is not None and question.created_at >= answer.timestamp


def _delegated_again(index: int, call: ToolCall, question: Confirmation | None) -> PlannedCall:
    """What an agent did stands in its session: it goes on where it was, or begins."""
    has_begun = question is None or question.state in _BEGUN
    confirmation_id = None if question is None or has_begun else question.confirmation_id
    changed = question.final_arguments if question is not None and question.has_changed_arguments else None
    return PlannedCall(
        index=index, call=call, confirmation_id=confirmation_id, delegates=True, changed_arguments=changed
    )


def _planned_again(index: int, call: ToolCall, question: Confirmation | None, *, had_begun: bool) -> PlannedCall:
    if question is None:
        return PlannedCall(index=index, call=call, outcome=_MAY_HAVE_RUN if had_begun else None)
    if question.state in _BEGUN:
        return PlannedCall(index=index, call=call, outcome=_MAY_HAVE_RUN)
    return PlannedCall(index=index, call=call, confirmation_id=question.confirmation_id)


def _question_about(questions: Sequence[Confirmation], index: int, call: ToolCall) -> Confirmation | None:
    """The latest: models give the same id again."""
    for question in reversed(questions):
        if (question.call_index, question.tool_call_id) == (index, call.call_id):
            return question
    return None
