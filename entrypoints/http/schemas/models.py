"""Models as answers show them."""

from pydantic import Field

from entrypoints.http.schemas.base import AnswerModel


class Model(AnswerModel):
    name: str = Field(description="What to name it by in requests.", examples=["qwen3:8b"])
    size_mb: float | None
    format: str | None
    family: str | None
    parameter_size: str | None
    quantization_level: str | None
    capabilities: list[str] = Field(examples=[["completion", "tools"]])
    context_length: int | None = Field(description="The largest context, in tokens.")


class ModelList(AnswerModel):
    models: list[Model]
