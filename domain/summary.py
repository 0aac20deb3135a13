"""Summaries: what one must be, which conversations are worth one, and who makes it (contract, section 9)."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from domain.conversation import without_system_prompt
from domain.json_value import JsonObject
from domain.message import DONE_REASONS_OF_A_CUT, AssistantMessage, Message
from domain.model_card import model_key
from domain.session import Session, Summary

LEAST_MESSAGES = 2
MOST_SENTENCES = 5
LONGEST_SUMMARY = 4_000
"""Characters: five long sentences have a quarter of it."""

MOST_TOPICS = 10
LONGEST_TOPIC = 100

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "summary": {"type": "string", "description": "Two to five sentences."},
        "topics": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_TOPICS},
    },
    "required": ["summary", "topics"],
    "additionalProperties": False,
}
"""Without bounds of lengths, of which Ollama's grammars make so much that they refuse some."""

# A full stop of Latin script ends a sentence where a word follows that does not begin small; one of CJK always does.
_SENTENCE_END = re.compile(r"[.!?…][\"')\]»”]*\s+(?=\W*[^\Wa-z_])|[。！？](?=.)")  # noqa: RUF001 - those of CJK
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def summary_in(text: str) -> Summary | None:
    """The summary in an answer; None where that does not fit the schema, is blank or has no bounds.

    Sentences beyond the fifth, topics that are blank, too long, named twice or too many are left away.
    """
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or set(answer) != {"summary", "topics"}:
        return None
    summary, topics = answer["summary"], answer["topics"]
    if (
        not isinstance(summary, str)
        or not isinstance(topics, list)
        or not all(isinstance(each, str) for each in topics)
    ):
        return None
    sentences = _first_sentences(_clean(summary))
    if not sentences or len(sentences) > LONGEST_SUMMARY:
        return None
    return Summary(summary=sentences, topics=_distinct(map(_clean, topics)))


def _clean(text: str) -> str:
    """On one line. JSON's escapes can say what no text may hold."""
    return " ".join(_LONE_SURROGATE.sub("\ufffd", text).split())


def _first_sentences(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[MOST_SENTENCES - 1]].rstrip() if len(ends) >= MOST_SENTENCES else text


def _distinct(topics: Iterable[str]) -> tuple[str, ...]:
    by_key: dict[str, str] = {}
    for topic in topics:
        if 0 < len(topic) <= LONGEST_TOPIC:
            by_key.setdefault(topic.casefold(), topic)
    return tuple(by_key.values())[:MOST_TOPICS]


def has_something_to_summarize(messages: Sequence[Message]) -> bool:
    return len(without_system_prompt(messages)) >= LEAST_MESSAGES


def ends_with_plain_answer(messages: Sequence[Message]) -> bool:
    """Whether the last message is an answer that was not cut and calls nothing."""
    last = messages[-1] if messages else None
    return (
        isinstance(last, AssistantMessage)
        and not last.tool_calls
        and last.done_reason not in DONE_REASONS_OF_A_CUT
        and bool(last.content.strip())
    )


def can_summarize(model: str, unsupported_models: Collection[str]) -> bool:
    """Whether `model` is none of `unsupported_models`, whichever of its names either has."""
    return model_key(model) not in map(model_key, unsupported_models)


def summary_model_of(session: Session, unsupported_models: Collection[str]) -> str | None:
    """The session's model, else its `summary_model`, whichever comes first that can; None where neither can."""
    named = (session.model, session.summary_model)
    return next((model for model in named if model and can_summarize(model, unsupported_models)), None)


def with_summary(session: Session, summary: Summary, *, summary_model: str | None = None) -> Session:
    """`session` with its summary, and the model to be remembered where one is named.

    `updated_at` stays: nobody said anything, and a list must not be reordered by what a server does for itself.
    """
    return replace(session, summary=summary, summary_model=summary_model or session.summary_model)
