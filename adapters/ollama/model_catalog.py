"""The models that an Ollama server has."""

import asyncio
from collections.abc import Mapping, Sequence

from adapters.ollama.client import OllamaClient
from adapters.ollama.errors import domain_errors
from application.ports import model_catalog as ports
from domain.errors import ModelNotFound, ModelServerError, ModelServerFailed
from domain.json_value import JsonObject, JsonValue
from domain.model_card import ModelCard, model_key

SHOWN_AT_ONCE = 8
"""Models whose details are asked for at a time: /api/show reads files, and a person may have hundreds of models."""

BYTES_A_MEGABYTE = 1_000_000
"""As `ollama list` counts."""


class OllamaModelCatalog(ports.ModelCatalog):
    """Whoever made the client closes it."""

    def __init__(self, *, client: OllamaClient) -> None:
        self._client = client

    @property
    def address(self) -> str | None:
        return self._client.address

    async def is_reachable(self) -> bool | None:
        try:
            with domain_errors(self._client.address):
                await self._client.get("/api/version")
        except ModelServerError:
            return False
        return True

    async def list_models(self) -> Sequence[ModelCard]:
        gate = asyncio.Semaphore(SHOWN_AT_ONCE)

        async def card(name: str, size: int | None) -> ModelCard | None:
            async with gate:
                try:
                    return _card(name, await self._show(name), size)
                except (ModelNotFound, ModelServerError):
                    return None

        cards = await asyncio.gather(*(card(name, size) for name, size in (await self._sizes()).items()))
        return [found for found in cards if found is not None]

    async def get_model(self, name: str) -> ModelCard:
        shown = await self._show(name)
        try:
            sizes = await self._sizes()
        except ModelServerError:
            sizes = {}
        size = next((size for listed, size in sizes.items() if model_key(listed) == model_key(name)), None)
        return _card(name, shown, size)

    async def loaded_windows(self) -> Mapping[str, int]:
        with domain_errors(self._client.address):
            models = _object(await self._client.get("/api/ps")).get("models")
        windows: dict[str, int] = {}
        for model in models if isinstance(models, list) else ():
            name, window = _object(model).get("name"), _object(model).get("context_length")
            if isinstance(name, str) and isinstance(window, int) and window > 0:
                windows[name] = window
        return windows

    async def _show(self, name: str) -> JsonObject:
        with domain_errors(self._client.address, model=name):
            return _object(await self._client.post("/api/show", {"model": name}))

    async def _sizes(self) -> Mapping[str, int | None]:
        """The names of all models, in the server's order, and what they take on its disk, in bytes."""
        with domain_errors(self._client.address):
            models = _object(await self._client.get("/api/tags")).get("models")
        sizes: dict[str, int | None] = {}
        for model in models if isinstance(models, list) else ():
            name, size = _object(model).get("name"), _object(model).get("size")
            if isinstance(name, str):
                sizes[name] = size if isinstance(size, int) else None
        return sizes


def _card(name: str, shown: JsonObject, size: int | None) -> ModelCard:
    details, info = _object(shown.get("details")), _object(shown.get("model_info"))
    capabilities = shown.get("capabilities")
    context_length = info.get(f"{info.get('general.architecture')}.context_length")
    return ModelCard(
        name=name,
        size_mb=None if size is None else round(size / BYTES_A_MEGABYTE, 1),
        format=_text(details.get("format")),
        family=_text(details.get("family")),
        parameter_size=_text(details.get("parameter_size")),
        quantization_level=_text(details.get("quantization_level")),
        capabilities=frozenset(filter(_text, capabilities)) if isinstance(capabilities, list) else frozenset(),
        context_length=context_length if isinstance(context_length, int) else None,
    )


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, Mapping | None):
        raise ModelServerFailed("Ollama described its models in a way that is not understood.")
    return value or {}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
