"""What the document says of the API as a whole, in Markdown."""

from collections.abc import Mapping
from types import MappingProxyType

DESCRIPTION = """\
Persistent chat sessions over Ollama, streamed by server-sent events.

**To begin**: `POST /api/v1/sessions` with a `model` of `GET /api/v1/models`, then
`POST /api/v1/chat/{session_id}/stream` with a `message`.

**Bodies** are JSON in UTF-8, sent as `application/json`. Types are taken as they are, and a field that does not exist,
or is given twice, is refused by name.

**Errors** are `{"error": {"code", "message", "details"}}`, also for a route that does not exist (404), a method that a
route does not have (405), and what is no HTTP at all (400).

**Keys**: a server with `MOCHI_API_KEYS` wants `Authorization: Bearer KEY`, but for health and this description.

**Pages** of other origins may not call, unless `MOCHI_CORS_ORIGINS` names them, and `Host` must be one of the server's
own names or in `MOCHI_ALLOWED_HOSTS`.

**Streams** are `text/event-stream`. Each event has `id: RUN_ID:SEQUENCE`, `event:` and one line of JSON as `data:`; it
is described here as an object of these three. A stream begins with `retry: 2000`, and a comment line comes every 15
seconds without an event. Every run's last event is `done`.
"""

LICENSE: Mapping[str, str] = MappingProxyType({"name": "MIT", "identifier": "MIT"})

TAGS: Mapping[str, str] = MappingProxyType(
    {
        "health": "Whether the server is there, and its model's server too.",
        "models": "What can hold a conversation.",
        "sessions": "Conversations and their settings.",
        "messages": "The history of a session, and its system prompt.",
        "summaries": "A conversation in some sentences.",
        "chat": "A request for an answer is a run. One run at a time works on a session; it is read as it writes, "
        "joined again, or ended.",
        "tools": "Functions that a model may call, after a person has agreed.",
        "metrics": "What the server did and does, for Prometheus.",
        "agents": "Models with instructions and tools of their own, to whom work is handed.",
        "system prompts": "Texts to begin sessions with, kept as files.",
        "documentation": "This description, for programs and for people.",
    }
)
"""By their names; those that no operation has are not told of."""
