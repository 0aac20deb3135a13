"""The models that can hold a conversation."""

from aiohttp import web

from domain.model_card import ModelCard
from entrypoints.http.answers import json_answer
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.requests import model_name_of, use_cases
from entrypoints.http.schemas.models import Model, ModelList

_TAG = "models"
_OLLAMA_ERRORS = ("OLLAMA_UNREACHABLE", "OLLAMA_ERROR", "OLLAMA_TIMEOUT")


async def list_models(request: web.Request) -> web.Response:
    cards = await use_cases(request).list_models()
    return json_answer({"models": [_rendered(card) for card in cards]})


async def get_model(request: web.Request) -> web.Response:
    return json_answer(_rendered(await use_cases(request).get_model(model_name_of(request))))


def _rendered(card: ModelCard) -> dict[str, object]:
    return {
        "name": card.name,
        "size_mb": card.size_mb,
        "format": card.format,
        "family": card.family,
        "parameter_size": card.parameter_size,
        "quantization_level": card.quantization_level,
        "capabilities": sorted(card.capabilities),
        "context_length": card.context_length,
    }


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/models",
        handler=list_models,
        summary="List the models",
        description="Those that can hold a conversation, in the order of their server.",
        tag=_TAG,
        answers=(json_answer_of(ModelList, "The models."),),
        errors=_OLLAMA_ERRORS,
    ),
    Operation(
        method="GET",
        path="/api/v1/models/{model_name}",
        handler=get_model,
        summary="Show a model",
        description="One of the list, or any other that the models' server knows.",
        tag=_TAG,
        answers=(json_answer_of(Model, "The model."),),
        errors=("MODEL_NOT_FOUND", *_OLLAMA_ERRORS),
    ),
)
