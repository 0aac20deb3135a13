"""What the demo model says, and what it thinks before it does: rules over the conversation, nothing learned."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.demo.arithmetic import find_sum, in_figures
from adapters.demo.texts import (
    ABOUT_ITSELF,
    ABOUT_SERVER,
    ABOUT_STREAMS,
    GREETING,
    HAIKU,
    HOW_TO_GET_A_REAL_MODEL,
    STORY,
)

CHARACTERS_LOOKED_AT = 2_000
"""Of one message, for telling what it is about."""

FURTHEST_COUNT = 10_000
LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    thinking: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as the demo model sees it; `said` is what the person said, the newest last."""

    said: Sequence[str]
    instructions: str | None = None

    @property
    def latest(self) -> str:
        return self.said[-1] if self.said else ""

    def is_about(self, pattern: str) -> bool:
        return re.search(pattern, self.latest[:CHARACTERS_LOOKED_AT], re.IGNORECASE) is not None


def answer_to(talk: Talk) -> Answer:
    """The answer to the newest thing said; the same conversation always gets the same one."""
    for topic in _TOPICS:
        answer = topic(talk)
        if answer:
            return answer
    return _say_back(talk)


def _remember(talk: Talk) -> Answer | None:
    if not talk.is_about(r"\b(did I|I) (just )?(say|said|ask|asked|tell|told|write|wrote|mention)|remember|so far"):
        return None
    before = talk.said[:-1]
    if not before:
        return Answer(
            "This is the first thing you have said to me in this conversation, so there is nothing to remember yet.",
            "They ask what was said before. I look at the history. It holds no earlier message.",
        )
    if talk.is_about(r"\b(last|just|before|previous)"):
        return Answer(
            f"Just before this you said: {quoted(before[-1])}",
            f"They ask about the message before this one. I look it up in the {len(before)} earlier ones.",
        )
    tail = f" Since then you have written {_counted(len(before) - 1, 'more message')}." if len(before) > 1 else ""
    return Answer(
        f"The first thing you said was: {quoted(before[0])}{tail}",
        f"They ask about the beginning. The history holds {_counted(len(before), 'earlier message')} of theirs.",
    )


def _tell_name(talk: Talk) -> Answer | None:
    if not talk.is_about(r"\bwhat('s| is) my name|who am I\b"):
        return None
    for text in reversed(talk.said[:-1]):
        name = re.search(
            r"\b(?:my name is|I am called|call me)\s+(\w{1,40})", text[:CHARACTERS_LOOKED_AT], re.IGNORECASE
        )
        if name:
            return Answer(
                f"You are {name[1]}; you told me so earlier in this conversation.",
                "They ask for their name. I look for the words in which people give theirs.",
            )
    return Answer(
        "You have not told me your name. Say `my name is ...` and I will find it again.",
        "They ask for their name. No earlier message gives one.",
    )


def _calculate(talk: Talk) -> Answer | None:
    worked = find_sum(talk.latest[:CHARACTERS_LOOKED_AT])
    if worked is None:
        return None
    if worked.value is None:
        return Answer(
            f"I tried to work out {worked.text}, but {worked.steps[-1]}.",
            f"The message holds a sum: {worked.text}. One of its steps has no answer.",
        )
    steps = "; ".join(worked.steps)
    way = f" Step by step: {steps}." if len(worked.steps) > 1 else ""
    return Answer(
        f"{worked.text} = {in_figures(worked.value)}.{way}",
        f"The message holds a sum: {worked.text}. I work from the inside out: {steps}.",
    )


def _count(talk: Talk) -> Answer | None:
    wanted = re.search(r"\bcount (?:up )?to (\d{1,9})\b", talk.latest[:CHARACTERS_LOOKED_AT], re.IGNORECASE)
    if not wanted:
        return None
    last = min(int(wanted[1]), FURTHEST_COUNT)
    numbers = " ".join(str(number) for number in range(1, last + 1))
    return Answer(
        numbers if last == int(wanted[1]) else f"{numbers} (that is as far as I count)",
        f"They want numbers. I start at 1 and go on to {last}.",
    )


def _quote_instructions(talk: Talk) -> Answer | None:
    if not talk.is_about(r"\bsystem prompt|\byour instructions\b"):
        return None
    if not talk.instructions:
        return Answer(
            "This session has no system prompt. PUT one at /api/v1/sessions/{session_id}/system-prompt.",
            "They ask about my instructions. The history does not begin with any.",
        )
    return Answer(
        f"My system prompt is: {quoted(talk.instructions)} A real model would act on it; I can only quote it.",
        "They ask about my instructions. The history begins with them.",
    )


def _summarise(talk: Talk) -> Answer | None:
    if not talk.is_about(r"\bsummar(y|i[sz]e)|tl;?dr\b"):
        return None
    words = [word for text in talk.said for word in re.findall(r"\w+", text[:CHARACTERS_LOOKED_AT])]
    longest = sorted({word.lower() for word in words}, key=lambda word: (-len(word), word))[:3]
    return Answer(
        f"In {_counted(len(talk.said), 'message')} you have used {_counted(len(words), 'word')}. It began with "
        f"{quoted(talk.said[0])} The weightiest words, going by length alone, are {', '.join(longest)}. "
        "A real model would understand them, too.",
        "They want a summary. I can count words and quote, so that is what I do.",
    )


def _fixed(pattern: str, text: str, thinking: str) -> Callable[[Talk], Answer | None]:
    def topic(talk: Talk) -> Answer | None:
        return Answer(text, thinking) if talk.is_about(pattern) else None

    return topic


def _say_back(talk: Talk) -> Answer:
    words = len(talk.latest.split())
    if not words:
        return Answer(
            "I see nothing to answer yet. Say hello, or ask me what 12 * 7 is.",
            "There is no text in the newest message.",
        )
    question = talk.latest.rstrip().endswith("?")
    remark = (
        "A good question, and beyond a built-in demo." if question else "Noted, though a demo cannot do more with it."
    )
    return Answer(
        f"You said, in {_counted(words, 'word')}: {quoted(talk.latest)} {remark} I know my way around greetings, sums, "
        "what you said before, and this server. For real answers, ask me how to use a real model.",
        f"The message has {_counted(words, 'word')} and fits none of my topics. "
        "I say it back, so that they see that it arrived. Then I name what I can do.",
    )


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """`text` on one line in quotation marks, shortened where it is long, and ended like a sentence."""
    line = " ".join(text.split())
    short = line if len(line) <= longest else f"{line[:longest].rstrip()}..."
    return f'"{short}"' if short.endswith((".", "!", "?")) else f'"{short}".'


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_TOPICS: tuple[Callable[[Talk], Answer | None], ...] = (
    _remember,
    _tell_name,
    _count,
    _calculate,
    _quote_instructions,
    _summarise,
    _fixed(
        r"\bollama\b|\b(real|another|other|better|bigger) (language )?model",
        HOW_TO_GET_A_REAL_MODEL,
        "They would like a real model. That takes Ollama and one setting.",
    ),
    _fixed(
        r"\bwh(o|at) (are|r) you|about (you|yourself)\b|your name|are you (an?|real|human|alive)\b|\bdemo\b",
        ABOUT_ITSELF,
        "They ask about me. I should be honest about what I am: rules, and no neural network.",
    ),
    _fixed(
        r"\bstream|\bsse\b|disconnect|reconnect|rejoin|\bcancel|last-event-id",
        ABOUT_STREAMS,
        "They ask about streaming. The point is that a run does not depend on its readers.",
    ),
    _fixed(
        r"\bmochi|\bserver|\bfeature|\bhelp\b|what can you|\bapi\b|\bsession",
        ABOUT_SERVER,
        "They ask about the server. I name what it does for its clients, the most useful first.",
    ),
    _fixed(r"\bhaiku|\bpoem|\bverse", HAIKU, "A poem, then. Five syllables, seven, five."),
    _fixed(r"\bstory|\btale\b|long (text|answer)|write something", STORY, "They want a story. I know one, about rice."),
    _fixed(
        r"^\W*(hi|hello|hey|hiya|howdy|greetings|moin|hallo|salut|hola|ciao|good (morning|day|afternoon|evening))\b",
        GREETING,
        "They greet me. I greet back. Then I say what I am, so that nobody takes me for more.",
    ),
    _fixed(
        r"\bthank|\bthanks\b|\bbye\b|see you",
        "You are welcome! The conversation stays where it is; come back to this session whenever you like.",
        "They are being kind, or leaving. Both deserve a short answer.",
    ),
)
