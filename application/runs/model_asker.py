"""One question to a model: sized, asked, relayed piece by piece, and its answer put into the history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from application.all_telemetry import told
from application.ports.clock import Clock
from application.ports.language_model import LanguageModel, ModelChunk, ModelEnd, ModelRequest
from application.ports.session_store import SessionStore
from application.ports.telemetry import Purpose, QuestionReport, Telemetry
from application.runs.answer_draft import AnswerDraft
from application.runs.run_handle import RunHandle
from application.runs.run_news import RunNews
from application.runs.window_keeper import SizedPrompt, WindowKeeper
from application.turnstile import Turnstile
from domain.context_window import ContextWindowConfig
from domain.conversation import put_message
from domain.errors import ModelServerFailed, PromptTooLong
from domain.json_value import JsonObject
from domain.message import AssistantMessage, UserMessage
from domain.model_card import ModelCard
from domain.run import Think
from domain.session import Session
from domain.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked: `session` as it is to see it, and `closing` behind that, for this once.

    The answer grows in `draft`; each non-empty piece of it is told as it comes, its text and its thinking apart.
    """

    session: Session
    card: ModelCard
    draft: AnswerDraft
    tell_content: Callable[[str], None]
    tell_thinking: Callable[[str], None]
    tools: Sequence[Tool] = ()
    think: Think = False
    options: JsonObject | None = None
    format: JsonObject | None = None
    closing: UserMessage | None = None
    purpose: Purpose = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The prompt that had the answer: a tighter one where the first was refused as too long."""

    question: Question
    prompt: SizedPrompt
    end: ModelEnd


class ModelAsker:
    def __init__(
        self,
        *,
        model: LanguageModel,
        windows: WindowKeeper,
        news: RunNews,
        telemetry: Telemetry,
        clock: Clock,
        turnstile: Turnstile,
    ) -> None:
        self._model = model
        self._windows = windows
        self._news = news
        self._telemetry = telemetry
        self._clock = clock
        self._turnstile = turnstile

    async def ask(self, handle: RunHandle, question: Question) -> Answered:
        """Raises ModelNotFound, ModelServerError, ContextOverflow."""
        await self._turnstile.turn()
        session = question.session
        self._news.asks(handle, session.model)
        prompt = await self._windows.size(
            session, question.card.context_length, question.options, question.tools, question.closing
        )
        report = self._report(handle, question, prompt)
        with told(self._telemetry, report):
            prompt, end = await self._answered(question, prompt, report)
            handle.count(end)
            report.was_reloaded = self._windows.learn(prompt, end)
            report.prompt_tokens, report.answer_tokens = end.prompt_eval_count, end.eval_count
            report.num_ctx, report.done_reason = prompt.plan.num_ctx, end.done_reason
        return Answered(question=question, prompt=prompt, end=end)

    def _report(self, handle: RunHandle, question: Question, prompt: SizedPrompt) -> QuestionReport:
        arrived_at, handle.arrived_at = handle.arrived_at, None
        return QuestionReport(
            model=question.session.model,
            purpose=question.purpose,
            session_id=question.session.session_id,
            num_ctx=prompt.plan.num_ctx,
            added_delay=None if arrived_at is None else self._clock.monotonic() - arrived_at,
        )

    async def keep(self, answered: Answered, sessions: SessionStore) -> tuple[Session, AssistantMessage]:
        """Store the answer, and give it with the session as the model is to see it next. Raises what the store raises.

        What a person changed of the session meanwhile counts from the next run: this one goes on with what it began.
        """
        await self._turnstile.turn()
        draft, end, prompt = answered.question.draft, answered.end, answered.prompt
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
            await sessions.append(session.session_id, (message,), at)
        else:
            await sessions.update(
                session.session_id,
                lambda current: put_message(_with_window(current, session, window), message, at),
            )
        draft.is_stored = True
        return put_message(replace(session, context_window=window), message, at), message

    async def _answered(
        self, question: Question, prompt: SizedPrompt, report: QuestionReport
    ) -> tuple[SizedPrompt, ModelEnd]:
        asked_at = self._clock.monotonic()

        def begin() -> None:
            report.first_piece_after = self._clock.monotonic() - asked_at

        try:
            with self._windows.asking(prompt):
                await self._turnstile.turn()
                return prompt, await self._relay(question, prompt, begin)
        except PromptTooLong as refusal:
            prompt = self._windows.tighter(prompt, refusal)
        try:
            with self._windows.asking(prompt):
                return prompt, await self._relay(question, prompt, begin)
        except PromptTooLong as refusal:
            raise self._windows.overflow(prompt, refusal) from refusal

    async def _relay(self, question: Question, prompt: SizedPrompt, begin: Callable[[], None]) -> ModelEnd:
        """Pass on what the model says, piece by piece.

        What is done within is the price of a token: nothing else belongs there.
        """
        end: ModelEnd | None = None
        has_begun = False
        draft, tell_content = question.draft, question.tell_content

        def pass_on(chunk: ModelChunk) -> None:
            nonlocal end, has_begun
            if not has_begun:
                has_begun = True
                begin()
            if chunk.thinking:
                draft.add_thinking(chunk.thinking)
                question.tell_thinking(chunk.thinking)
            if chunk.content:
                draft.add_content(chunk.content)
                tell_content(chunk.content)
            if chunk.tool_calls:
                draft.tool_calls += chunk.tool_calls
            if chunk.end:
                end = chunk.end

        await self._model.stream(_model_request(question, prompt), pass_on)
        if end is None:
            raise ModelServerFailed("The model's answer broke off before its end.")
        return end


def _with_window(current: Session, asked: Session, window: ContextWindowConfig) -> Session:
    """`current` with the window that was used, unless a person changed the window since."""
    if current.context_window != asked.context_window:
        return current
    return replace(current, context_window=window)


def _model_request(question: Question, prompt: SizedPrompt) -> ModelRequest:
    return ModelRequest(
        model=prompt.session.model,
        messages=prompt.messages,
        think=_think(question.think, question.card),
        options=question.options,
        format=question.format,
        num_ctx=prompt.plan.num_ctx,
        tools=prompt.tools,
    )


def _think(wanted: Think, card: ModelCard) -> Think | None:
    """A model that can think is told `false` too, or it would think unasked; another is told nothing."""
    return wanted if card.can_think else None
