"""Sizing the window of each question to a model, and learning from each answer (contract, section 8)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from application.ports.clock import Clock
from application.ports.language_model import ModelEnd
from application.runs.loaded_windows import LoadedWindows
from application.runs.window_experience import WindowExperience
from domain.context_window import WindowUse
from domain.errors import ContextOverflow, PromptTooLong
from domain.json_value import JsonObject
from domain.message import AssistantMessage, Message
from domain.prompt_size import PromptSize, has_changed_model, left_out_of, prompt_size
from domain.session import Session
from domain.token_estimate import has_pictures, tools_weight, weights_of
from domain.tool import Tool
from domain.window_plan import WindowPlan, WindowQuestion, overflow, plan_window, tighter_plan

MESSAGES_AT_ONCE = 2_000
"""Histories that are longer are measured in a thread: it takes milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedPrompt:
    """What goes to the model: `messages` and `tools`, under the window of `plan`. `loaded_window` is the one before,
    if any. `closing` is said behind the history, in this prompt alone."""

    session: Session
    tools: Sequence[Tool]
    question: WindowQuestion
    plan: WindowPlan
    loaded_window: int | None
    closing: Message | None = None

    @property
    def messages(self) -> Sequence[Message]:
        left_out = self.plan.messages_left_out
        kept = left_out_of(self.session.messages, left_out) if left_out else self.session.messages
        return (*kept, self.closing) if self.closing else kept

    def use_after(self, answer: AssistantMessage) -> WindowUse:
        """What a run says of its window once it has the answer."""
        counted = answer.prompt_eval_count
        return WindowUse(
            current_window=self.plan.num_ctx,
            usage_tokens=(self.plan.prompt_tokens if counted is None else counted) + (answer.eval_count or 0),
            reason=self.plan.reason,
            messages_left_out=self.plan.messages_left_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStanding:
    """How a session's window stands between two runs. `estimate_error` is a part of 1, None before the first count."""

    usage_tokens: int
    messages_left_out: int
    reloads: int
    estimate_error: float | None


class WindowKeeper:
    """Knows the loaded windows and the models' tokens; what a session remembers of its window is in the session."""

    def __init__(
        self, *, loaded: LoadedWindows, experience: WindowExperience, clock: Clock, dynamic_window_enabled: bool
    ) -> None:
        self._loaded = loaded
        self._experience = experience
        self._clock = clock
        self._dynamic_window_enabled = dynamic_window_enabled

    def look_ahead(self, model: str) -> None:
        """Let the coming question to `model` find its loaded window known."""
        if self._dynamic_window_enabled:
            self._loaded.look_ahead(model)

    async def size(
        self,
        session: Session,
        model_max_context: int | None,
        options: JsonObject | None,
        tools: Sequence[Tool] = (),
        closing: Message | None = None,
    ) -> SizedPrompt:
        """The prompt of the next question: nothing is asked or remembered yet. Raises nothing."""
        size = await self._size_of(session, tools, closing)
        loaded = await self._loaded.window_of(session.model) if self._dynamic_window_enabled else None
        # No await from here until `asking`: whoever sizes next sees this window as the one that is about to be loaded.
        question = WindowQuestion(
            config=session.context_window,
            size=size,
            dynamic_enabled=self._dynamic_window_enabled,
            model_max_context=model_max_context,
            has_changed_model=has_changed_model(session.messages, session.model),
            loaded_window=loaded,
            answer_tokens=_longest_answer(options),
        )
        plan = plan_window(question, self._clock.now())
        return SizedPrompt(
            session=session, tools=tools, question=question, plan=plan, loaded_window=loaded, closing=closing
        )

    @contextmanager
    def asking(self, prompt: SizedPrompt) -> Iterator[None]:
        """While the model is asked. A refusal tells how long the prompt was, where the server says it."""
        try:
            with self._loaded.asking(prompt.session.model, prompt.plan.num_ctx):
                yield
        except PromptTooLong as refusal:
            self._learn(prompt, refusal.prompt_tokens)
            raise

    def tighter(self, prompt: SizedPrompt, refusal: PromptTooLong) -> SizedPrompt:
        """What to try after a refusal. Raises ContextOverflow where nothing is left to try, and the refusal itself
        where windows are not ours to size."""
        plan = tighter_plan(prompt.question, prompt.plan, refusal, self._clock.now())
        return replace(prompt, plan=plan, loaded_window=prompt.plan.num_ctx)

    def overflow(self, prompt: SizedPrompt, refusal: PromptTooLong) -> ContextOverflow:
        """The error of a run whose tighter try was refused as well."""
        return overflow(prompt.plan, refusal)

    def learn(self, prompt: SizedPrompt, end: ModelEnd) -> bool:
        """Take in what an answer says of its prompt and of the model's loading. Whether the prompt's window had the
        model loaded anew."""
        self._learn(prompt, end.prompt_eval_count)
        return self._experience.note_load(
            prompt.session.session_id,
            prompt.session.model,
            loaded_window=prompt.loaded_window,
            num_ctx=prompt.plan.num_ctx,
            end=end,
        )

    async def standing(self, session: Session) -> WindowStanding:
        """Raises nothing and waits for nobody."""
        size = await self._size_of(session)
        left_out = session.context_window.messages_left_out if self._dynamic_window_enabled else 0
        left_out = left_out if left_out in size.cuts else 0
        return WindowStanding(
            usage_tokens=size.tokens(left_out),
            messages_left_out=left_out,
            reloads=self._experience.reloads_of(session.session_id),
            estimate_error=size.estimate.error,
        )

    async def _size_of(
        self, session: Session, tools: Sequence[Tool] = (), closing: Message | None = None
    ) -> PromptSize:
        estimate = self._experience.estimate_of(session.model)
        left_out = session.context_window.messages_left_out
        # What closes a prompt is no turn of its own: the newest turn, which always stays, is the one before it.
        besides = tools_weight(tools) + (weights_of((closing,))[0] if closing else 0)
        arguments = session.messages, session.model, estimate, left_out, besides
        if len(session.messages) > MESSAGES_AT_ONCE:
            return await asyncio.to_thread(prompt_size, *arguments)
        return prompt_size(*arguments)

    def _learn(self, prompt: SizedPrompt, counted: int | None) -> None:
        weight = prompt.question.size.weight(prompt.plan.messages_left_out)
        self._experience.learn(
            prompt.session.model, weight, counted, is_all_text=not has_pictures(prompt.session.messages)
        )


def _longest_answer(options: JsonObject | None) -> int | None:
    """`num_predict`, where it is a limit: none, zero and less are without one."""
    limit = (options or {}).get("num_predict")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None
