"""An answer while it is being written."""

from datetime import datetime

from domain.message import AssistantMessage, ToolCall


class AnswerDraft:
    """Collects the pieces of one assistant message; `base` is the stored message that it continues, if any."""

    __slots__ = (
        "_content",
        "_thinking",
        "base",
        "flushed_size",
        "is_stored",
        "message_id",
        "model",
        "size",
        "tool_calls",
    )

    def __init__(self, *, message_id: str, model: str, base: AssistantMessage | None = None) -> None:
        self.message_id = base.message_id if base else message_id
        self.model = model
        self.base = base
        self.tool_calls: list[ToolCall] = []
        self._content: list[str] = [base.content] if base else []
        self._thinking: list[str] = [base.thinking] if base and base.thinking else []
        self.size = 0
        self.flushed_size = 0
        self.is_stored = False

    @classmethod
    def of_stored(cls, message: AssistantMessage) -> "AnswerDraft":
        """One to which nothing is added any more."""
        draft = cls(message_id=message.message_id, model=message.model or "", base=message)
        draft.is_stored = True
        return draft

    def add_content(self, piece: str) -> None:
        self._content.append(piece)
        self.size += len(piece)

    def add_thinking(self, piece: str) -> None:
        self._thinking.append(piece)
        self.size += len(piece)

    @property
    def content(self) -> str:
        return _joined(self._content)

    @property
    def thinking(self) -> str:
        return _joined(self._thinking)

    @property
    def is_empty(self) -> bool:
        """Whether nothing new was written: then a cut leaves no message behind."""
        return self.size == 0

    def message(
        self,
        *,
        at: datetime,
        done_reason: str,
        tool_calls: tuple[ToolCall, ...] = (),
        eval_count: int | None = None,
        prompt_eval_count: int | None = None,
    ) -> AssistantMessage:
        """The message as it stands now. A continued one keeps its time, what other programs wrote to it and, until the
        model has counted anew, its counts."""
        return AssistantMessage(
            message_id=self.message_id,
            timestamp=self.base.timestamp if self.base else at,
            content=self.content,
            model=self.model,
            thinking=self.thinking or None,
            tool_calls=tool_calls,
            eval_count=self.base.eval_count if self.base and eval_count is None else eval_count,
            prompt_eval_count=(
                self.base.prompt_eval_count if self.base and prompt_eval_count is None else prompt_eval_count
            ),
            done_reason=done_reason,
            extra=self.base.extra if self.base else {},
        )


def _joined(pieces: list[str]) -> str:
    """All pieces as one, kept so: the next call joins only what is new."""
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0] if pieces else ""
