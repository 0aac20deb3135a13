"""What each code of an error means (contract, section 2), for the document."""

from collections.abc import Mapping
from types import MappingProxyType

MEANING_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "SESSION_NOT_FOUND": "There is no session of this id.",
        "MODEL_NOT_FOUND": "The model's server does not have this model.",
        "TOOL_NOT_FOUND": "There is no tool of this name.",
        "SUMMARY_MODEL_REQUIRED": "No model is suited for the summary: name one.",
        "AGENT_NOT_FOUND": "There is no agent of this name.",
        "AGENT_INVALID": "The agent cannot work: its `error_message` says why.",
        "PROMPT_NOT_FOUND": "There is no prompt file of this name.",
        "PROMPT_EXISTS": "There is a prompt file of this name already.",
        "CONFIRMATION_NOT_FOUND": "The session has no question of this id.",
        "CONFIRMATION_DECIDED": "The question was answered before.",
        "INVALID_MESSAGE_INDEX": "The message at this place is none that this can be done with.",
        "CONTEXT_OVERFLOW": "Even the newest turn alone is longer than what the model can read.",
        "EMPTY_HISTORY": "There is nothing to answer yet: send a `message`.",
        "VALIDATION_ERROR": "Something is wrong with the request: `details.errors` names each field.",
        "NOT_FOUND": "There is no such route.",
        "METHOD_NOT_ALLOWED": "The route does not answer this method.",
        "HOST_NOT_ALLOWED": "The server does not answer to this `Host`.",
        "INTERNAL_ERROR": "The server failed: its log has the `request_id`.",
        "OLLAMA_UNREACHABLE": "The model's server does not answer.",
        "OLLAMA_ERROR": "The model's server refused, with its own message.",
        "OLLAMA_TIMEOUT": "The model's server was silent for too long.",
        "TOOL_ROUNDS_EXCEEDED": "The model called tools again and again, beyond what is allowed.",
        "TOOL_EXECUTION_FAILED": "The tool could not be called.",
        "TOOL_EXECUTION_DENIED": "A person did not agree to the call.",
        "TOOL_CONFIRMATION_REQUIRED": "A tool asks for consent, for which this answer has no room: use the stream.",
        "SESSION_BUSY": "A run is at work on the session: wait, cancel it, or send `if_busy`.",
        "RUN_NOT_FOUND": "The session has no such run.",
        "SESSION_CORRUPT": "What is stored of the session cannot be read. It is kept as it is.",
        "IDEMPOTENCY_CONFLICT": "The key was used with another body before.",
        "STORAGE_ERROR": "The store cannot be read or written now.",
        "UNAUTHORIZED": "A key is needed: `Authorization: Bearer KEY`.",
        "FORBIDDEN": "Pages of this origin may not do this.",
        "PAYLOAD_TOO_LARGE": "The body is larger than the server takes.",
        "UNSUPPORTED_MEDIA_TYPE": "The body must be `application/json`, as it is or packed by gzip or deflate.",
    }
)
