"""A run at work: the model is asked, what it says is told and stored, until it has nothing left to call."""

from collections.abc import Sequence
from dataclasses import replace

from application.model_directory import ModelDirectory
from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.ports.language_model import LanguageModel, ModelEnd, ModelRequest
from application.ports.session_store import SessionStore
from application.runs.answer_draft import AnswerDraft
from application.runs.answer_tool_calls import AnswerToolCalls
from application.runs.run_handle import RunHandle
from application.runs.run_news import RunNews
from application.runs.window_keeper import SizedPrompt, WindowKeeper
from application.tool_directory import ToolDirectory
from domain.context_window import ContextWindowConfig
from domain.conversation import last_calls, put_message, rounds_of_calls, without_pictures
from domain.errors import ModelServerFailed, PromptTooLong, ToolRoundsExceeded
from domain.message import AssistantMessage
from domain.model_card import ModelCard, require_sight
from domain.run import ChatRequest, Think
from domain.run_event import ContentDelta, MessageComplete, ThinkingDelta, ToolContinuationStart
from domain.session import Session
from domain.tool import Tool

_CONTINUATION = ToolContinuationStart(message="The results go back to the model.")


class ExecuteRun:
    """Carries one prepared run out.

    What is complete is stored here, each message as it completes; what a cut leaves is in the handle's draft.
    """

    def __init__(
        self,
        *,
        model: LanguageModel,
        directory: ModelDirectory,
        sessions: SessionStore,
        tools: ToolDirectory,
        answer_tool_calls: AnswerToolCalls,
        windows: WindowKeeper,
        news: RunNews,
        clock: Clock,
        ids: IdSource,
        max_tool_rounds: int,
    ) -> None:
        self._model = model
        self._directory = directory
        self._sessions = sessions
        self._tools = tools
        self._answer_tool_calls = answer_tool_calls
        self._windows = windows
        self._news = news
        self._clock = clock
        self._ids = ids
        self._max_tool_rounds = max_tool_rounds

    async def __call__(self, handle: RunHandle, session: Session) -> None:
        """Raises ModelNotFound, ModelServerError, ContextOverflow, ToolRoundsExceeded, ToolConfirmationRequired, and
        what the store raises."""
        if handle.is_resumed:
            session = await self._go_on(handle, session)
        card = await self._directory.get(session.model)
        if handle.request.images:
            require_sight(card)
        if not card.can_see:
            session = without_pictures(session)
        # What a person enables meanwhile counts from the next run.
        tools = await self._tools.offered(session.tool_settings) if card.can_use_tools else ()
        rounds = rounds_of_calls(session.messages) if handle.is_resumed else 0
        while True:
            session, answer = await self._ask(handle, session, card, tools)
            if not answer.tool_calls:
                return
            if rounds == self._max_tool_rounds:
                await self._answer_tool_calls.leave_undone(handle, session, answer)
                raise ToolRoundsExceeded(rounds)
            rounds += 1
            session = await self._answer_tool_calls(handle, session, answer, {tool.name for tool in tools})
            handle.emit(_CONTINUATION)

    async def _go_on(self, handle: RunHandle, session: Session) -> Session:
        """The session with results for the calls that its run waited with when its server stopped."""
        found = last_calls(session.messages)
        if found is None:
            return session
        answer, results_there = found
        if results_there < len(answer.tool_calls):
            session = await self._answer_tool_calls.go_on(handle, session, answer, results_there)
        handle.emit(_CONTINUATION)
        return session

    async def _ask(
        self, handle: RunHandle, session: Session, card: ModelCard, tools: Sequence[Tool]
    ) -> tuple[Session, AssistantMessage]:
        self._news.asks(handle, session.model)
        prompt = await self._windows.size(session, card.context_length, handle.request.options, tools)
        last = session.messages[-1]
        base = last if isinstance(last, AssistantMessage) else None
        draft = AnswerDraft(message_id=self._ids.new_id(), model=session.model, base=base)
        handle.begin_draft(draft)
        prompt, end = await self._answered(handle, draft, prompt, card)
        handle.count(end)
        self._windows.learn(prompt, end)
        # From here the answer is complete: it is stored and told of, even if a cancel comes meanwhile.
        return await finish_despite_cancellation(self._keep_answer(handle, draft, end, prompt))

    async def _answered(
        self, handle: RunHandle, draft: AnswerDraft, prompt: SizedPrompt, card: ModelCard
    ) -> tuple[SizedPrompt, ModelEnd]:
        """The end of the answer, and the prompt that had it: a tighter one where the first was refused as too long."""
        try:
            with self._windows.asking(prompt):
                return prompt, await self._relay(handle, draft, _model_request(prompt, handle.request, card))
        except PromptTooLong as refusal:
            prompt = self._windows.tighter(prompt, refusal)
        try:
            with self._windows.asking(prompt):
                return prompt, await self._relay(handle, draft, _model_request(prompt, handle.request, card))
        except PromptTooLong as refusal:
            raise self._windows.overflow(prompt, refusal) from refusal

    async def _relay(self, handle: RunHandle, draft: AnswerDraft, request: ModelRequest) -> ModelEnd:
        """Pass on what the model says, piece by piece. This loop is the price of a token: nothing else belongs here."""
        end: ModelEnd | None = None
        async with self._model.stream(request) as chunks:
            async for chunk in chunks:
                if chunk.thinking:
                    draft.add_thinking(chunk.thinking)
                    handle.emit(ThinkingDelta(chunk.thinking))
                if chunk.content:
                    draft.add_content(chunk.content)
                    handle.emit(ContentDelta(chunk.content))
                if chunk.tool_calls:
                    draft.tool_calls += chunk.tool_calls
                if chunk.end:
                    end = chunk.end
        if end is None:
            raise ModelServerFailed("The model's answer broke off before its end.")
        return end

    async def _keep_answer(
        self, handle: RunHandle, draft: AnswerDraft, end: ModelEnd, prompt: SizedPrompt
    ) -> tuple[Session, AssistantMessage]:
        session, window = prompt.session, prompt.plan.config
        at = self._clock.now()
        message = draft.message(
            at=at,
            done_reason=end.done_reason,
            tool_calls=tuple(draft.tool_calls),
            eval_count=end.eval_count,
            prompt_eval_count=end.prompt_eval_count,
        )
        if draft.base is None and window == session.context_window:
            await self._sessions.append(session.session_id, (message,), at)
        else:
            await self._sessions.update(
                session.session_id,
                lambda current: put_message(_with_window(current, session, window), message, at),
            )
        draft.is_stored = True
        if not message.tool_calls:
            handle.has_completed = True
            handle.emit(_message_complete(message, prompt))
        # What a person changed meanwhile counts from the next run: this one goes on with the settings it began with.
        return put_message(replace(session, context_window=window), message, at), message


def _with_window(current: Session, asked: Session, window: ContextWindowConfig) -> Session:
    """`current` with the window that was used, unless a person changed the window since."""
    if current.context_window != asked.context_window:
        return current
    return replace(current, context_window=window)


def _model_request(prompt: SizedPrompt, request: ChatRequest, card: ModelCard) -> ModelRequest:
    return ModelRequest(
        model=prompt.session.model,
        messages=prompt.messages,
        think=_think(request.think, card),
        options=request.options,
        format=request.format,
        num_ctx=prompt.plan.num_ctx,
        tools=prompt.tools,
    )


def _think(wanted: Think, card: ModelCard) -> Think | None:
    """A model that can think is told `false` too, or it would think unasked; another is told nothing."""
    return wanted if card.can_think else None


def _message_complete(message: AssistantMessage, prompt: SizedPrompt) -> MessageComplete:
    return MessageComplete(
        message_id=message.message_id,
        model=message.model or "",
        eval_count=message.eval_count,
        prompt_eval_count=message.prompt_eval_count,
        done_reason=message.done_reason,
        context_window=prompt.use_after(message),
    )
