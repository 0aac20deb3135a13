"""Every error that the server names, as one tree.

    MochiError
    ├── NotFound
    │   ├── SessionNotFound, RunNotFound, RunNotAtWork, PromptNotFound, ConfirmationNotFound
    │   └── ModelNotFound, ToolNotFound, AgentNotFound
    ├── InvalidRequest                          what the caller sent cannot be done
    │   ├── ValidationFailed, InvalidMessageIndex, EmptyHistory, ContextOverflow, SummaryModelRequired
    │   └── PromptExists, IdempotencyConflict, ConfirmationDecided, AgentInvalid
    ├── SessionBusy
    ├── SessionCorrupt, StorageFailed           what is kept cannot be read or written
    ├── ToolRoundsExceeded, ToolFailed, ToolConfirmationRequired
    ├── RunFailed                               a run's own error, for one who waits for its answer
    ├── ServerStopping
    └── ModelServerError                        what the model's server did
        ├── ModelServerUnreachable, ModelServerTimeout
        └── ModelServerFailed
            └── PromptTooLong                   handled by a tighter try

An error carries the contract's `code`, a message that says what to do, and `details` for programs. Which HTTP
status it becomes is the entrypoint's business. `retryable` says whether the same request may succeed later.
"""

from collections.abc import Mapping, Sequence

from domain.json_value import JsonObject, JsonValue


class MochiError(Exception):
    """Base of all errors that may reach a user; never raised itself."""

    code: str = "INTERNAL_ERROR"
    retryable: bool = False

    def __init__(self, message: str, **details: JsonValue) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, JsonValue] = details


class NotFound(MochiError):
    """Something named in the request does not exist."""


class SessionNotFound(NotFound):
    code = "SESSION_NOT_FOUND"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            "There is no session with this id. List the sessions with GET /api/v1/sessions.",
            session_id=session_id,
        )


class RunNotFound(NotFound):
    code = "RUN_NOT_FOUND"

    def __init__(self, session_id: str, run_id: str | None = None) -> None:
        message = "This session has had no run yet." if run_id is None else "This session has no such run."
        super().__init__(message, session_id=session_id, run_id=run_id)


class RunNotAtWork(NotFound):
    """None is there to be ended: neither one at work nor one that waits."""

    code = "RUN_NOT_FOUND"

    def __init__(self, session_id: str, run_id: str | None = None) -> None:
        message = "This session has no run at work." if run_id is None else "This session has no such run at work."
        super().__init__(message, session_id=session_id, run_id=run_id)


class PromptNotFound(NotFound):
    code = "PROMPT_NOT_FOUND"

    def __init__(self, filename: str) -> None:
        super().__init__(
            "There is no system prompt file of this name. List them with GET /api/v1/system-prompts.",
            filename=filename,
        )


class ConfirmationNotFound(NotFound):
    code = "CONFIRMATION_NOT_FOUND"

    def __init__(self, session_id: str, confirmation_id: str) -> None:
        super().__init__(
            "This session has no such question. GET /api/v1/chat/{id}/runs names those that are open.",
            session_id=session_id,
            confirmation_id=confirmation_id,
        )


class ModelNotFound(NotFound):
    code = "MODEL_NOT_FOUND"

    def __init__(self, model: str) -> None:
        super().__init__(
            "The model is not installed. List the models with GET /api/v1/models, or run `ollama pull`.",
            model=model,
        )


class ToolNotFound(NotFound):
    code = "TOOL_NOT_FOUND"

    def __init__(self, tool_name: str) -> None:
        super().__init__("There is no tool of this name on this server.", tool_name=tool_name)


class AgentNotFound(NotFound):
    code = "AGENT_NOT_FOUND"

    def __init__(self, agent_name: str) -> None:
        super().__init__("There is no agent of this name on this server.", agent_name=agent_name)


class InvalidRequest(MochiError):
    """The request is understood and cannot be done as it stands."""


class AgentInvalid(InvalidRequest):
    code = "AGENT_INVALID"

    def __init__(self, agent_name: str, reason: str) -> None:
        super().__init__(f"The agent cannot be used: {reason}", agent_name=agent_name)


class ValidationFailed(InvalidRequest):
    code = "VALIDATION_ERROR"


class InvalidMessageIndex(InvalidRequest):
    code = "INVALID_MESSAGE_INDEX"


class EmptyHistory(InvalidRequest):
    code = "EMPTY_HISTORY"

    def __init__(self, session_id: str, missing: str = "answer") -> None:
        """`missing` is what one could do if there were something."""
        super().__init__(
            f"The session holds nothing to {missing} yet. Send a `message`.",
            session_id=session_id,
        )


class SummaryModelRequired(InvalidRequest):
    code = "SUMMARY_MODEL_REQUIRED"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            "Neither the session's model nor one that was named before may make summaries on this server. "
            "Name another `model`.",
            session_id=session_id,
        )


class ContextOverflow(InvalidRequest):
    code = "CONTEXT_OVERFLOW"


class PromptExists(InvalidRequest):
    code = "PROMPT_EXISTS"

    def __init__(self, filename: str) -> None:
        super().__init__(
            "A system prompt file of this name exists. Change it with PUT, or choose another name.",
            filename=filename,
        )


class IdempotencyConflict(InvalidRequest):
    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self, session_id: str, run_id: str) -> None:
        super().__init__(
            "This Idempotency-Key was used for another body. Use a new key for a new request.",
            session_id=session_id,
            run_id=run_id,
        )


class ConfirmationDecided(InvalidRequest):
    code = "CONFIRMATION_DECIDED"

    def __init__(self, confirmation_id: str) -> None:
        super().__init__(
            "This question was answered before, or its run has ended. The first answer counts.",
            confirmation_id=confirmation_id,
        )


class SessionBusy(MochiError):
    code = "SESSION_BUSY"
    retryable = True

    def __init__(self, session_id: str, run_id: str | None) -> None:
        super().__init__(
            "A run is at work on this session. Wait for it, cancel it, or send `if_busy`.",
            session_id=session_id,
            run_id=run_id,
        )


class SessionCorrupt(MochiError):
    code = "SESSION_CORRUPT"

    def __init__(self, session_id: str, reason: str) -> None:
        super().__init__(
            "The stored session cannot be read; it was left as it is. Repair it or delete the session.",
            session_id=session_id,
            reason=reason,
        )


class StorageFailed(MochiError):
    """The store refused a read or a write (disk full, no rights, no connection). Nothing is half written."""

    code = "STORAGE_ERROR"
    retryable = True


class ToolRoundsExceeded(MochiError):
    code = "TOOL_ROUNDS_EXCEEDED"

    def __init__(self, rounds: int) -> None:
        super().__init__(
            "The model kept calling tools. What it did is stored; send a message to go on.",
            rounds=rounds,
        )


class ToolFailed(MochiError):
    """What was asked of a tool could not be done, for a reason that is the tool's or its interpreter's own."""

    code = "TOOL_EXECUTION_FAILED"


class ToolConfirmationRequired(MochiError):
    """A call needs a person's consent, and whoever waits for the whole answer cannot be asked."""

    code = "TOOL_CONFIRMATION_REQUIRED"

    def __init__(self, tool_name: str, executed: Sequence[JsonObject]) -> None:
        super().__init__(
            f"The model wants to call `{tool_name}`, which asks a person first. Use the stream, or set its policy to "
            "`never_confirm`. The session is as it was before the request.",
            tool_name=tool_name,
            tool_calls_executed=executed,
        )


class RunFailed(MochiError):
    """The error that ended a run, under its own code, for a caller who waited for the answer."""

    def __init__(self, code: str, message: str, **details: JsonValue) -> None:
        super().__init__(message, **details)
        self.code = code


class ServerStopping(MochiError):
    retryable = True

    def __init__(self) -> None:
        super().__init__("The server is stopping. Send the request again in a moment.")


class ModelServerError(MochiError):
    """The model's server did not do what it was asked."""

    retryable = True


class ModelServerUnreachable(ModelServerError):
    code = "OLLAMA_UNREACHABLE"


class ModelServerFailed(ModelServerError):
    """Carries the model server's own words as its message; `status` in details where it gave one."""

    code = "OLLAMA_ERROR"


class PromptTooLong(ModelServerFailed):
    """The prompt is longer than the window. `prompt_tokens` and `window` are None where the server does not say."""

    retryable = False

    def __init__(self, message: str, *, prompt_tokens: int | None, window: int | None) -> None:
        super().__init__(message, prompt_tokens=prompt_tokens, window=window)
        self.prompt_tokens = prompt_tokens
        self.window = window


class ModelServerTimeout(ModelServerError):
    code = "OLLAMA_TIMEOUT"
