"""Asking a model for a summary, in as many parts as the conversation needs."""

import asyncio
from dataclasses import replace

from application.all_telemetry import told
from application.model_directory import ModelDirectory
from application.ports.language_model import LanguageModel, ModelChunk, ModelEnd, ModelRequest
from application.ports.telemetry import QuestionReport, Telemetry
from application.runs.background_windows import BackgroundWindow, BackgroundWindows
from domain.errors import ModelServerFailed, PromptTooLong
from domain.model_card import ModelCard
from domain.session import Session, Summary
from domain.summary import SCHEMA, summary_in
from domain.summary_questions import Question, first_questions, joining_questions, weight_of_question
from domain.token_estimate import weights_of

ANSWER_TOKENS = 1_024
"""Five sentences and ten topics have a third of it. A model that finds no end is cut there."""

ATTEMPTS = 2

PARTS_KEPT = 500
"""Summaries of parts that are kept, so that one which was stopped goes on where it was, and the next takes a part or
two: half a megabyte."""


class Summarizer:
    def __init__(
        self,
        *,
        model: LanguageModel,
        directory: ModelDirectory,
        windows: BackgroundWindows,
        telemetry: Telemetry,
    ) -> None:
        self._model = model
        self._directory = directory
        self._windows = windows
        self._telemetry = telemetry
        self._parts: dict[tuple[str, int, int], str] = {}

    async def __call__(self, session: Session, model: str) -> Summary:
        """The summary of a session that has something to summarise, by `model`. Nothing is stored.

        Raises ModelNotFound, ModelServerError; ModelServerFailed also for an answer that did not fit twice.
        """
        card = await self._directory.get(model)
        window = await self._windows.window_of(session, card, ANSWER_TOKENS)
        try:
            return await self._in_parts(session, card, window)
        except PromptTooLong:
            refused = min(window.most_weight, sum(weights_of(session.messages)))
            return await self._in_parts(session, card, replace(window, most_weight=refused // 2))

    async def _in_parts(self, session: Session, card: ModelCard, window: BackgroundWindow) -> Summary:
        messages, most_weight = session.messages, window.most_weight
        # In a thread: a long history takes milliseconds.
        questions = await asyncio.to_thread(first_questions, messages, most_weight)
        while len(questions) > 1:
            summaries = [await self._part(question, card, window) for question in questions]
            questions = joining_questions(messages, summaries, most_weight)
        return replace(await self._ask(questions[0], card, window), model=card.name)

    async def _part(self, question: Question, card: ModelCard, window: BackgroundWindow) -> str:
        """The summary of a part, which is asked for once while its text is the same."""
        text = question[0].content
        key = card.name, len(text), hash(text)
        if key not in self._parts:
            self._parts[key] = (await self._ask(question, card, window)).summary
            if len(self._parts) > PARTS_KEPT:
                del self._parts[next(iter(self._parts))]
        return self._parts[key]

    async def _ask(self, question: Question, card: ModelCard, window: BackgroundWindow) -> Summary:
        for _ in range(ATTEMPTS):
            if summary := summary_in(await self._answer(question, card, window)):
                return summary
        raise ModelServerFailed(
            f"What `{card.name}` gave for a summary did not have the form that it was asked for, twice. "
            "Try again, or name another `model`."
        )

    async def _answer(self, question: Question, card: ModelCard, window: BackgroundWindow) -> str:
        request = ModelRequest(
            model=card.name,
            messages=question,
            think=False if card.can_think else None,
            options={"num_predict": ANSWER_TOKENS},
            format=SCHEMA,
            num_ctx=window.num_ctx,
        )
        weight = weight_of_question(question)
        text: list[str] = []
        end = ModelEnd()

        def add(chunk: ModelChunk) -> None:
            nonlocal end
            text.append(chunk.content)
            end = chunk.end or end

        report = QuestionReport(
            model=card.name, purpose="summary", session_id=window.session_id, num_ctx=window.num_ctx
        )
        with told(self._telemetry, report), self._windows.asking(window, weight):
            await self._model.stream(request, add)
            report.prompt_tokens, report.answer_tokens = end.prompt_eval_count, end.eval_count
            report.done_reason = end.done_reason
        self._windows.learn(window, weight, end)
        return "".join(text)
