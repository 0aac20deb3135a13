"""What is written of a session: worked out before the database is asked, in a thread where it is much."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import is_not

from adapters.sql.row import Values
from adapters.sql.session_cache import KnownSession
from adapters.sql.session_rows import MessageRow, SessionRow, json_of, preview_of
from adapters.sql.word_rows import keys_of_messages
from domain.conversation import system_prompt_of, without_system_prompt
from domain.message import Message, UserMessage
from domain.session import Session


def weight_of(messages: Sequence[Message]) -> int:
    """About how many characters there are to take apart or to encode."""
    pictures = (image for message in messages if isinstance(message, UserMessage) for image in message.images)
    return sum(len(message.content) for message in messages) + sum(map(len, pictures))


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Messages ready to be appended to any history: none of them is its system prompt."""

    bodies: Sequence[str]
    words: str
    """As JSON: by key, the index of the first message that has it. A long text's were 50 ms of the event loop's, where
    they became JSON as the statement was sent."""
    preview: str | None

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "NewMessages":
        """Raises StorageFailed for what JSON cannot hold."""
        return cls([*map(MessageRow.body_of, messages)], json_of(keys_of_messages(messages, 0)), preview_of(messages))

    @property
    def weight(self) -> int:
        return sum(map(len, self.bodies))

    @property
    def rows(self) -> Values:
        """As the statements want them that add the rows with the change of the session's."""
        return {"bodies": self.bodies, "words": self.words}


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """Behind the `kept` messages that both histories begin with, the system prompt aside, `new` ones take the place of
    the old ones, if there are any: `drops`."""

    kept: int
    drops: bool
    new: NewMessages
    has_other_prompt: bool

    @property
    def is_growth(self) -> bool:
        return not (self.drops or self.has_other_prompt)


@dataclass(frozen=True, slots=True)
class PreparedChange:
    """`values` are those of the session's row that change with its content."""

    old: KnownSession
    session: Session
    values: Values
    history: HistoryChange


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What is to become of `old`. Both histories begin with the very same `untouched` messages, the prompt aside."""

    old: KnownSession
    session: Session
    untouched: int

    @classmethod
    def of(cls, old: KnownSession, session: Session) -> "SessionChange":
        if session.session_id != old.session.session_id:
            raise ValueError(session.session_id)
        before, after = without_system_prompt(old.session.messages), without_system_prompt(session.messages)
        touched = compress(count(), map(is_not, before, after))
        return cls(old, session, next(touched, min(len(before), len(after))))

    @property
    def weight(self) -> int:
        return weight_of(without_system_prompt(self.session.messages)[self.untouched :])

    def prepared(self) -> PreparedChange:
        """Raises StorageFailed for what JSON cannot hold."""
        before, after = self.old.session, self.session
        old, new = without_system_prompt(before.messages), without_system_prompt(after.messages)
        kept = self.untouched + _alike_at_the_beginning(old[self.untouched :], new[self.untouched :])
        has_other_prompt = system_prompt_of(after.messages) is not system_prompt_of(before.messages)
        history = HistoryChange(kept, kept < len(old), NewMessages.of(new[kept:]), has_other_prompt)
        return PreparedChange(self.old, after, SessionRow.of(after), history)


def _alike_at_the_beginning(old: Sequence[Message], new: Sequence[Message]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    shared = min(len(old), len(new))
    return next((index for index, (one, other) in pairs if one is not other and not _are_same(one, other)), shared)


def _are_same(one: Message, other: Message) -> bool:
    """As JSON: to Python, 1 and True are the same too."""
    return MessageRow.body_of(one) == MessageRow.body_of(other)
