"""A run in this process: its record, its request, and what is going on with it."""

import asyncio
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime

from application.ports.language_model import ModelEnd
from application.ports.run_log import LogWriter
from application.runs.answer_draft import AnswerDraft
from domain.errors import MochiError
from domain.json_value import JsonObject
from domain.message import AssistantMessage
from domain.run import ChatRequest, EndStatus, PartialAnswer, Run
from domain.run_event import RunEvent, RunStart, Snapshot
from domain.session import Session


class RunHandle:
    """Owned by the supervisor. `end_asked_for` is set before the task is cancelled and tells why it was.

    `has_begun` is set by the task's first step: one that is cancelled before that would never run at all, and never
    tell its end. `is_claimed` says that the run store knows the run. `accepted` is done when the run has its session
    and its user message is stored (None), or when something kept it from that (the error). `ended` is done when the
    last event is in the log and the record is kept.

    `can_confirm` is False where nobody reads events: then `session_before` is what the run goes back to should it have
    to ask. `is_resumed` marks one that another server process began. `executed` names the calls that have a result.
    `record_lock` is held while the record of the run is changed on the disk. `spread`, 0 to 255, parts runs evenly.
    `model` is the one that the run asks, None while nobody has looked; `agent_model` the one of an agent who works for
    it, whose answer grows in `agent_draft`. `arrived_at` is the clock's time of the request, in seconds, until a model
    is asked; None where something else than this server made the run wait. `context` is that of who asked for the run:
    another's end may start it.
    """

    def __init__(
        self,
        run: Run,
        request: ChatRequest,
        warnings: tuple[str, ...] = (),
        *,
        can_confirm: bool = True,
        is_resumed: bool = False,
        model: str | None = None,
        arrived_at: float | None = None,
    ) -> None:
        self.run = run
        self.request = request
        self.warnings = warnings
        self.can_confirm = can_confirm
        self.is_resumed = is_resumed
        self.model = model
        self.arrived_at = arrived_at
        self.context = copy_context()
        self.session_before: Session | None = None
        self.executed: list[JsonObject] = []
        self.record_lock = asyncio.Lock()
        self.last_sequence = 0
        self.spread = int(run.run_id[-2:], 16)
        self.task: asyncio.Task[None] | None = None
        self.draft: AnswerDraft | None = None
        self.agent_model: str | None = None
        self.agent_draft: AnswerDraft | None = None
        self.end_asked_for: EndStatus | None = None
        self.has_begun = False
        self.is_claimed = False
        self.has_completed = False
        self.readers = 0
        self._writer: LogWriter | None = None
        self._answer: asyncio.Future[None] | None = None
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[MochiError | None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    @property
    def was_announced(self) -> bool:
        return self._writer is not None

    def announce(self, writer: LogWriter) -> None:
        """Let readers in: the log begins with `run_start`."""
        self._writer = writer
        if not self.is_resumed:
            self.emit(RunStart(run_id=self.run.run_id, session_id=self.run.session_id, warnings=self.warnings))

    def emit(self, event: RunEvent) -> None:
        if self._writer is None:
            raise RuntimeError("a run that was not announced has nothing to say")
        self.last_sequence = self._writer.append(event)

    def ask_to_end(self, status: EndStatus) -> None:
        """Cancel the task for a reason; the first reason counts, and a run that completes first has completed."""
        if self.end_asked_for is None and not self.ended.done():
            self.end_asked_for = status
            if self.task is not None and self.has_begun:
                self.task.cancel()

    @property
    def stays_open(self) -> bool:
        """Whether the run is left as it is for the next start of the server: nobody but the server ends it."""
        return self.end_asked_for == "interrupted" and self.run.outlives_its_server

    async def next_answer(self) -> None:
        """Until `tell_answer`. For one who waits at a time."""
        self._answer = asyncio.get_running_loop().create_future()
        await self._answer

    def tell_answer(self) -> None:
        """A question of this run has been answered."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def begin(self) -> None:
        """The task's first step. Raises CancelledError where the run was asked to end before it."""
        self.has_begun = True
        if self.end_asked_for is not None:
            raise asyncio.CancelledError

    def count(self, end: ModelEnd) -> None:
        """Add the tokens of one answer to those of the run."""
        run = self.run
        self.run = replace(
            run,
            eval_count=_sum(run.eval_count, end.eval_count),
            prompt_eval_count=_sum(run.prompt_eval_count, end.prompt_eval_count),
        )

    def begin_draft(self, draft: AnswerDraft) -> None:
        self.draft = draft
        self.run = replace(self.run, message_id=draft.message_id)

    def end_delegation(self) -> None:
        """The agent is done, and all that it wrote is stored."""
        self.agent_draft = self.agent_model = None
        self.run = replace(self.run, delegation=None)

    @property
    def draft_at_work(self) -> AnswerDraft | None:
        """The one that grows: the agent's while one works."""
        return self.agent_draft or self.draft

    def unflushed(self) -> PartialAnswer | None:
        """What was written so far; None where all of that is flushed or stored."""
        draft, delegation = self.draft_at_work, self.run.delegation
        if draft is None or draft.is_stored or draft.size == draft.flushed_size:
            return None
        at = self.run.started_at or self.run.created_at
        message = draft.message(at=at, done_reason="interrupted")
        session_id = delegation.session_id if delegation and self.agent_draft else self.run.session_id
        return PartialAnswer(session_id=session_id, run_id=self.run.run_id, message=message)

    def cut_message(self, at: datetime, done_reason: str) -> AssistantMessage | None:
        """What is to be stored of an answer that was cut; None where it is stored already or nothing was written."""
        return _cut(self.draft, at, done_reason)

    def cut_agent_message(self, at: datetime, done_reason: str) -> AssistantMessage | None:
        """The same of the agent's answer."""
        return _cut(self.agent_draft, at, done_reason)

    def snapshot(self) -> Snapshot:
        draft = self.draft
        return Snapshot(
            run_id=self.run.run_id,
            status=self.run.status,
            message_id=draft.message_id if draft else None,
            content=draft.content if draft else "",
            thinking=draft.thinking if draft else "",
            confirmations=self.run.open_questions,
        )


def _cut(draft: AnswerDraft | None, at: datetime, done_reason: str) -> AssistantMessage | None:
    if draft is None or draft.is_stored or draft.is_empty:
        return None
    return draft.message(at=at, done_reason=done_reason)


def _sum(so_far: int | None, more: int | None) -> int | None:
    return so_far if more is None else (so_far or 0) + more
