"""One run, from its first event to its last: shown, asked about, and cancelled by Ctrl-C."""

import asyncio
from contextlib import suppress

from application.ports.run_log import Follower
from application.runs.consent import event_of
from domain.errors import MochiError, NotFound
from domain.run import ChatRequest
from domain.run_event import (
    AgentComplete,
    AgentExecution,
    AgentPlanning,
    AgentStart,
    AgentToolCall,
    AgentToolResult,
    ConfirmationRequired,
    ContentDelta,
    Done,
    MessageComplete,
    RunError,
    RunEvent,
    RunStart,
    Snapshot,
    ThinkingDelta,
    ToolCallBegun,
    ToolResult,
)
from entrypoints.chat.agent_telling import AgentTelling
from entrypoints.chat.consent import Consent
from entrypoints.chat.screen import Interrupted, Screen
from entrypoints.chat.use_cases import ChatUseCases
from entrypoints.chat.wording import told


class Turn:
    """`warnings` are those that were told before; new ones are added."""

    def __init__(self, use_cases: ChatUseCases, screen: Screen, session_id: str, warnings: set[str]) -> None:
        self._use_cases = use_cases
        self._screen = screen
        self._session_id = session_id
        self._warnings = warnings
        self._consent = Consent(use_cases, screen, session_id)
        self._agents = AgentTelling(screen)
        self._cancel_wanted = False
        self._has_begun = False
        self._cancelling: asyncio.Task[None] | None = None
        self._has_text = False
        self._has_failed = False

    async def ask(self, request: ChatRequest) -> bool:
        """Whether the run came to its end without an error. Raises what StartRun raises."""
        with self._screen.interrupting(self._cancel):
            async with self._use_cases.start_run(self._session_id, request) as started:
                return await self._follow(started.events)

    async def rejoin(self) -> bool:
        """The same for the run that is at work already. Raises RunNotFound."""
        with self._screen.interrupting(self._cancel):
            async with self._use_cases.follow_run(self._session_id, None) as followed:
                return await self._follow(followed.events)

    async def _follow(self, events: Follower) -> bool:
        self._has_begun = True
        if self._cancel_wanted:
            self._cancel()
        try:
            is_done = False
            while not is_done:
                for entry in await events.next():
                    await self._tell(entry.event)
                    is_done = isinstance(entry.event, Done)
        finally:
            self._screen.end_text()
            if self._cancelling is not None:
                await asyncio.wait({self._cancelling})
        return not self._has_failed

    def _cancel(self) -> None:
        """At once, or as soon as there is a run; more than once is harmless."""
        self._cancel_wanted = True
        if self._has_begun and self._cancelling is None:
            self._cancelling = asyncio.create_task(self._cancel_run())

    async def _cancel_run(self) -> None:
        with suppress(NotFound):  # it came to its end first
            await self._use_cases.cancel_run(self._session_id)

    async def _tell(self, event: RunEvent) -> None:
        match event:
            case ContentDelta():
                self._has_text = True
                self._screen.add_answer(event.content)
            case ThinkingDelta():
                self._screen.add_thinking(event.content)
            case AgentPlanning() | AgentExecution():
                self._has_text = True
                self._agents.add(event)
            case _:
                self._screen.end_text()
                await self._tell_step(event)

    async def _tell_step(self, event: RunEvent) -> None:
        match event:
            case RunStart():
                self._warn(event.warnings)
            case ToolCallBegun():
                self._screen.show_call(event.tool_name, event.arguments)
            case ConfirmationRequired():
                await self._settle(event)
            case AgentStart() | AgentToolCall() | AgentToolResult() | AgentComplete():
                self._agents.step(event)
            case ToolResult():
                self._screen.show_result(event)
            case MessageComplete():
                self._tell_completion(event)
            case RunError():
                self._has_failed = True
                self._screen.tell_error(told(event))
            case Snapshot():
                await self._catch_up(event)
            case Done():
                self._tell_end(event)

    def _warn(self, warnings: tuple[str, ...]) -> None:
        for warning in warnings:
            if warning not in self._warnings:
                self._screen.note(warning)
        self._warnings.update(warnings)

    async def _settle(self, question: ConfirmationRequired) -> None:
        if self._cancel_wanted:
            return
        try:
            await self._consent(question)
        except Interrupted:
            self._cancel()
        except MochiError as error:
            # Nobody can be asked again, and the run would wait for ever.
            self._has_failed = True
            self._screen.tell_error(told(error))
            self._cancel()

    async def _catch_up(self, snapshot: Snapshot) -> None:
        """What the run has said while nobody read it, and the questions that it waits with."""
        self._has_text = bool(snapshot.content)
        if snapshot.content:
            self._screen.add_answer(snapshot.content)
        for question in snapshot.confirmations:
            self._screen.end_text()
            await self._settle(event_of(question))

    def _tell_completion(self, event: MessageComplete) -> None:
        if event.done_reason == "length":
            self._screen.note("The answer was cut: it is as long as the model may write.")
        if left_out := event.context_window.messages_left_out:
            self._screen.note(f"The model no longer sees the {left_out} oldest messages: its window is full.")

    def _tell_end(self, event: Done) -> None:
        if event.status in ("cancelled", "interrupted"):
            kept = " What was written is kept." if self._has_text else ""
            self._screen.note(f"{event.status.capitalize()}.{kept}")
