"""The tool calls of an answer: refused, asked about or made, and each followed by its result."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.session_store import SessionStore
from application.runs.call_result import CallResult
from application.runs.call_round import CallRound
from application.runs.consent import Consent
from application.runs.planned_call import PlannedCall, plan_again
from application.runs.run_handle import RunHandle
from application.runs.tool_caller import ToolCaller
from domain.errors import MochiError, ToolConfirmationRequired
from domain.message import AssistantMessage
from domain.run_event import ToolCallBegun
from domain.session import Session
from domain.tool import ToolOutcome
from domain.tool_policy import needs_consent
from domain.tool_texts import denied, unknown_tool


class AnswerToolCalls:
    """Follows each call with its result, in the order of the calls.

    Calls are made at once where none of them asks a person; else all questions are asked at once, and the calls are
    made one after the other, as their order may be what the person agreed to.
    """

    def __init__(
        self, *, sessions: SessionStore, call_tool: ToolCaller, consent: Consent, clock: Clock, ids: IdSource
    ) -> None:
        self._sessions = sessions
        self._call_tool = call_tool
        self._consent = consent
        self._clock = clock
        self._ids = ids

    async def __call__(
        self, handle: RunHandle, session: Session, answer: AssistantMessage, offered: Collection[str]
    ) -> Session:
        """The session with a result for every call of `answer`; all stored. `offered` are the names of the tools that
        the model was offered: no other ever runs.

        Raises ToolConfirmationRequired where a person would have to be asked and cannot be: then nothing of the answer
        was called. Raises what the stores raise.
        """
        plan = await self._plan(handle, answer, offered)
        return await self._carry_out(self._round(handle, session, 0), plan)

    async def go_on(self, handle: RunHandle, session: Session, answer: AssistantMessage, results_there: int) -> Session:
        """The same for an answer whose calls a server that stopped left open, behind the results that are there."""
        plan = plan_again(handle.run, answer, results_there)
        return await self._carry_out(self._round(handle, session, results_there), plan)

    async def leave_undone(self, handle: RunHandle, session: Session, answer: AssistantMessage) -> None:
        """Give each call a result that says that it was not made. Raises what the store raises."""
        plan = [PlannedCall(index=index, call=call) for index, call in enumerate(answer.tool_calls)]
        await self._round(handle, session, 0).keep(*(each.cut(handle.run, has_begun=False) for each in plan))

    def _round(self, handle: RunHandle, session: Session, next_index: int) -> CallRound:
        return CallRound(
            handle, session, next_index=next_index, sessions=self._sessions, clock=self._clock, ids=self._ids
        )

    async def _plan(
        self, handle: RunHandle, answer: AssistantMessage, offered: Collection[str]
    ) -> Sequence[PlannedCall]:
        # The policy that counts is the one at the time of the call, whatever it was when the run began.
        settings = (await self._sessions.load(handle.run.session_id)).tool_settings
        plan: list[PlannedCall] = []
        asked: list[PlannedCall] = []
        for index, call in enumerate(answer.tool_calls):
            asks = False
            outcome: ToolOutcome | None = unknown_tool(call.tool_name)
            if call.tool_name in offered:
                asks = needs_consent(settings, call.tool_name)
                outcome = await self._call_tool.refusal(call) if asks else None
            plan.append(PlannedCall(index=index, call=call, outcome=outcome))
            if asks and outcome is None:
                asked.append(plan[-1])
        return await self._ask(handle, plan, asked) if asked else plan

    async def _ask(
        self, handle: RunHandle, plan: Sequence[PlannedCall], asked: Sequence[PlannedCall]
    ) -> Sequence[PlannedCall]:
        if not handle.can_confirm:
            raise ToolConfirmationRequired(asked[0].call.tool_name, handle.executed)
        questions = await self._consent.ask(handle, [(each.index, each.call) for each in asked])
        told = {question.call_index: question.confirmation_id for question in questions}
        return [
            PlannedCall(index=each.index, call=each.call, confirmation_id=told[each.index])
            if each.index in told
            else each
            for each in plan
        ]

    async def _carry_out(self, calls: CallRound, plan: Sequence[PlannedCall]) -> Session:
        at_once = not any(each.confirmation_id for each in plan)
        tasks = {each.index: asyncio.create_task(self._result(calls.handle, each)) for each in plan if at_once}
        try:
            for planned in plan:
                await calls.keep(await (tasks.get(planned.index) or self._result(calls.handle, planned)))
        except asyncio.CancelledError:
            await finish_despite_cancellation(self._close(calls, plan, tasks))
            raise
        finally:
            await finish_despite_cancellation(_ended(tasks.values()))
        return calls.session

    async def _result(self, handle: RunHandle, planned: PlannedCall) -> CallResult:
        index, call = planned.index, planned.call
        if planned.outcome is not None:
            return CallResult(index=index, call=call, outcome=planned.outcome)
        if planned.confirmation_id is None:
            handle.emit(_begun(planned))
            return await self._call_tool(handle, index, call)
        question = await self._consent.answered(handle, planned.confirmation_id)
        if question.state == "denied":
            return CallResult(index=index, call=call, outcome=denied(question.reason))
        await self._consent.start(handle, question)
        changed = question.final_arguments if question.has_changed_arguments else None
        result = await self._call_tool(handle, index, call, changed)
        self._consent.finish(handle, question)
        return result

    async def _close(
        self, calls: CallRound, plan: Sequence[PlannedCall], tasks: Mapping[int, "asyncio.Task[CallResult]"]
    ) -> None:
        """The run was cut: what has no result gets one, unless a person may still answer when the server is back.

        What the disk refuses here is made good with the ending of the run.
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
            results.append(_finished(tasks.get(planned.index)) or planned.cut(run, has_begun=has_begun))
        with suppress(MochiError):
            await calls.keep(*results)


def _begun(planned: PlannedCall) -> ToolCallBegun:
    call = planned.call
    return ToolCallBegun(
        tool_name=call.tool_name, arguments=call.arguments, call_index=planned.index, tool_call_id=call.call_id
    )


def _finished(task: "asyncio.Task[CallResult] | None") -> CallResult | None:
    has_result = task is not None and not task.cancelled() and task.exception() is None
    return task.result() if task is not None and has_result else None


async def _ended(tasks: Collection["asyncio.Task[CallResult]"]) -> None:
    """Calls that are still under way are cancelled, which ends their tools."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
