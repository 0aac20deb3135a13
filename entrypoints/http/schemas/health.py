"""The answer to: are you there?"""

from typing import Literal

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel


class Health(AnswerModel):
    status: Literal["ok"]
    version: str
    ollama_connected: bool | None = Field(description="Null where the language model is not Ollama's.")
    ollama_host: str | None


class Readiness(AnswerModel):
    status: Literal["ready"]
    version: str
    storage: Literal["writable"] = Field(description="Tried by a write.")
    models: Literal["reachable", "built_in"] = Field(
        description="Whether their server answers; the demo's is built in."
    )
