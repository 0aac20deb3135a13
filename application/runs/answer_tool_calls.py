"""The tool calls of an answer: refused, asked about or made, and each followed by its result."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from application.all_telemetry import told
from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.ports.telemetry import Telemetry, ToolReport
from application.runs.call_result import CallResult
from application.runs.call_round import CallRound
from application.runs.call_scope import CallScope
from application.runs.consent import Consent
from application.runs.planned_call import PlannedCall, plan_again
from application.runs.run_handle import RunHandle
from domain.errors import MochiError, ToolConfirmationRequired
from domain.message import AssistantMessage
from domain.session import Session
from domain.tool import ToolOutcome
from domain.tool_texts import denied, unknown_tool


class AnswerToolCalls:
    """Follows each call with its result, in the order of the calls.

    Calls are made at once where none of them asks a person or delegates; else all questions are asked at once, and the
    calls are made one after the other, as their order may be what the person agreed to.
    """

    def __init__(
        self, *, chats: SessionStore, consent: Consent, telemetry: Telemetry, clock: Clock, ids: IdSource
    ) -> None:
        """`chats` keeps the session that a run is of: its policies count, also for the calls of agents."""
        self._chats = chats
        self._consent = consent
        self._telemetry = telemetry
        self._clock = clock
        self._ids = ids

    async def __call__(
        self, scope: CallScope, handle: RunHandle, session: Session, answer: AssistantMessage
    ) -> Session:
        """The session with a result for every call of `answer`; all stored.

        Raises ToolConfirmationRequired where a person would have to be asked and cannot be: then nothing of the answer
        was called. Raises what the stores raise and, where an agent does the work, what a run raises.
        """
        try:
            plan = await self._plan(scope, handle, answer)
        except ToolConfirmationRequired:
            if scope.agent_name is not None:  # The chat goes back to what it was; what its agents did stays.
                await self.leave_undone(scope, handle, session, answer)
            raise
        return await self._carry_out(self._round(scope, handle, session, 0), plan)

    async def go_on(
        self, scope: CallScope, handle: RunHandle, session: Session, answer: AssistantMessage, results_there: int
    ) -> Session:
        """The same for an answer whose calls a server that stopped left open, behind the results that are there."""
        plan = plan_again(scope, handle.run, answer, results_there)
        return await self._carry_out(self._round(scope, handle, session, results_there), plan)

    async def leave_undone(
        self, scope: CallScope, handle: RunHandle, session: Session, answer: AssistantMessage
    ) -> None:
        """Give each call a result that says that it was not made. Raises what the store raises."""
        plan = [PlannedCall(index=index, call=call) for index, call in enumerate(answer.tool_calls)]
        results = (each.cut(handle.run, has_begun=False) for each in plan)
        await self._round(scope, handle, session, 0).keep(*results)

    def _round(self, scope: CallScope, handle: RunHandle, session: Session, next_index: int) -> CallRound:
        return CallRound(scope, handle, session, next_index=next_index, clock=self._clock, ids=self._ids)

    async def _plan(self, scope: CallScope, handle: RunHandle, answer: AssistantMessage) -> Sequence[PlannedCall]:
        # The policy that counts is the one at the time of the call, whatever it was when the run began.
        settings = (await self._chats.load(handle.run.session_id)).tool_settings
        plan: list[PlannedCall] = []
        asked: list[PlannedCall] = []
        for index, call in enumerate(answer.tool_calls):
            asks = False
            outcome: ToolOutcome | None = unknown_tool(call.tool_name)
            if scope.offers(call.tool_name):
                asks = scope.asks_about(settings, call.tool_name)
                outcome = await scope.refusal(call) if asks else None
            delegates = scope.delegates(call.tool_name)
            plan.append(PlannedCall(index=index, call=call, outcome=outcome, delegates=delegates))
            if asks and outcome is None:
                asked.append(plan[-1])
        return await self._ask(scope, handle, plan, asked) if asked else plan

    async def _ask(
        self, scope: CallScope, handle: RunHandle, plan: Sequence[PlannedCall], asked: Sequence[PlannedCall]
    ) -> Sequence[PlannedCall]:
        if not handle.can_confirm:
            raise ToolConfirmationRequired(scope.name_of(asked[0].call.tool_name), list(handle.executed))
        questions = await self._consent.ask(handle, [(each.index, each.call) for each in asked], scope.agent_name)
        told = {question.call_index: question.confirmation_id for question in questions}
        return [replace(each, confirmation_id=told.get(each.index)) for each in plan]

    async def _carry_out(self, calls: CallRound, plan: Sequence[PlannedCall]) -> Session:
        at_once = not any(each.confirmation_id or each.delegates for each in plan)
        tasks = {each.index: asyncio.create_task(self._result(calls, each)) for each in plan if at_once}
        made: dict[int, CallResult] = {}
        try:
            for planned in plan:
                made[planned.index] = await (tasks.get(planned.index) or self._result(calls, planned))
                await calls.keep(made[planned.index])
        except BaseException:  # whatever it was, each call has its end, also for readers
            await finish_despite_cancellation(self._close(calls, plan, tasks, made))
            raise
        finally:
            await finish_despite_cancellation(_ended(tasks.values()))
        return calls.session

    async def _result(self, calls: CallRound, planned: PlannedCall) -> CallResult:
        scope, handle, index, call = calls.scope, calls.handle, planned.index, planned.call
        if planned.outcome is not None:
            return CallResult(index=index, call=call, outcome=planned.outcome)
        if planned.confirmation_id is None:
            if begun := scope.begun(index, call):
                handle.emit(begun)
            return await scope.make(handle, index, call, planned.changed_arguments)
        question = await self._consent.answered(handle, planned.confirmation_id)
        if question.state == "denied":
            outcome, tool_name = denied(question.reason), scope.name_of(call.tool_name)
            report = ToolReport(tool_name=tool_name, tool_call_id=call.call_id, error_code=outcome.error_code)
            with told(self._telemetry, report):
                return CallResult(index=index, call=call, outcome=outcome)
        await self._consent.start(handle, question)
        changed = question.final_arguments if question.has_changed_arguments else None
        result = await scope.make(handle, index, call, changed)
        self._consent.finish(handle, question)
        return result

    async def _close(
        self,
        calls: CallRound,
        plan: Sequence[PlannedCall],
        tasks: Mapping[int, "asyncio.Task[CallResult]"],
        made: Mapping[int, CallResult],
    ) -> None:
        """The run was cut: what has no result gets one, unless a person may still answer when the server is back.

        What was `made` and could not be stored is tried once more: no other result would be true. What the disk refuses
        here is made good with the ending of the run.
        """
        await _ended(tasks.values())
        run, stays_open = calls.handle.run, calls.handle.stays_open
        if not stays_open:
            run = await self._consent.deny_all(calls.handle)
        results: list[CallResult] = []
        for planned in plan[calls.next_index - plan[0].index :]:
            if stays_open and planned.awaits_its_call(run):
                break
            has_begun = bool(tasks) or planned.index == calls.next_index
            result = made.get(planned.index) or _finished(tasks.get(planned.index))
            results.append(result or planned.cut(run, has_begun=has_begun))
        with suppress(MochiError):
            await calls.keep(*results)


def _finished(task: "asyncio.Task[CallResult] | None") -> CallResult | None:
    has_result = task is not None and not task.cancelled() and task.exception() is None
    return task.result() if task is not None and has_result else None


async def _ended(tasks: Collection["asyncio.Task[CallResult]"]) -> None:
    """Calls that are still under way are cancelled, which ends their tools."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
