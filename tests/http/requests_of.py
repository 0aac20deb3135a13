"""A valid request for each operation of the table, for tests that go over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoints.http.app import OPERATIONS
from entrypoints.http.operations import Operation
from tests.http.bench import Json
from tests.unit.histories import session, system, user

KEPT = session(system(), user())
KEPT_PROMPT = "kept.md"

_PATH_VALUES = {
    "session_id": KEPT.session_id,
    "message_index": "1",
    "run_id": "0000000000000001",
    "filename": KEPT_PROMPT,
    "model_name": "llama",
    "tool_name": "echo",
    "agent_name": "cook",
}
_FILE = {
    "metadata": {
        "session_id": "00000000ee",
        "model": "llama",
        "created_at": "2026-01-02T03:04:05.678901Z",
        "updated_at": "2026-01-02T03:04:05.678901Z",
        "format_version": "1.4",
    },
    "messages": [],
}
_BODIES: Mapping[str, Json] = {
    "SessionCreation": {"model": "llama"},
    "SessionUpdate": {"model": "small"},
    "MessageEdit": {"content": "edited"},
    "SystemPromptBody": {"content": "changed"},
    "ForkBody": {},
    "SummarizeBody": {},
    "SessionFile": _FILE,
    "NewPrompt": {"filename": "new.md", "content": "new"},
    "PromptContent": {"content": "changed"},
    "ChatBody": {"message": "Hello"},
    "ConfirmationBody": {"confirmation_id": "00000000ff", "approved": True},
}


@dataclass(frozen=True)
class ValidRequest:
    operation: Operation

    @property
    def method(self) -> str:
        return self.operation.method

    @property
    def path(self) -> str:
        return self._path_with({})

    def paths_with(self, value: str) -> list[str]:
        """The path with each of its parameters, in turn, being `value`."""
        return [self.path_of(name, value) for name in self.operation.path_parameters]

    def path_of(self, name: str, value: str) -> str:
        """The path with this one of its parameters being `value`."""
        return self._path_with({name: value})

    def _path_with(self, others: Mapping[str, str]) -> str:
        path = self.operation.path
        for name, value in {**_PATH_VALUES, **others}.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    @property
    def body(self) -> Json:
        return _BODIES[self.operation.body.__name__] if self.operation.body else None

    def __str__(self) -> str:
        return f"{self.operation.method} {self.operation.path}"


ALL_REQUESTS = [ValidRequest(operation) for operation in OPERATIONS]
WITH_BODY = [request for request in ALL_REQUESTS if request.operation.body]
"""The operations that read a body."""
