"""The routes that clients of a chat need."""

import asyncio

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server import wire
from tests.doubles.ollama_server.default_reply import default_reply
from tests.doubles.ollama_server.generation import Generation
from tests.doubles.ollama_server.models import InstalledModel, full_name
from tests.doubles.ollama_server.prompt import count_prompt
from tests.doubles.ollama_server.script import Refusal, error
from tests.doubles.ollama_server.state import RecordedRequest, ServerState
from tests.doubles.ollama_server.validation import (
    Refused,
    messages_of,
    options_of,
    parse_body,
    require_abilities,
    require_options,
)

_LARGEST_BODY = 1 << 30
_MODIFIED_AT = "2026-11-22T19:10:41.609871689Z"


def application(server: ServerState) -> web.Application:
    routes = _Routes(server)
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[routes.record])
    app.router.add_get("/", routes.root)
    app.router.add_get("/api/version", routes.version)
    app.router.add_get("/api/tags", routes.tags)
    app.router.add_get("/api/ps", routes.loaded)
    app.router.add_post("/api/show", routes.show)
    app.router.add_post("/api/chat", routes.chat)
    return app


class _Routes:
    def __init__(self, server: ServerState) -> None:
        self._server = server

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._server.requests.append(RecordedRequest(request.method, request.path, headers, body))
        if request.path in self._server.silent_paths:
            await asyncio.Event().wait()
        if refusal := self._server.refusals.get((request.path, None)):
            return wire.refusal_response(refusal)
        try:
            return await handler(request)
        except Refused as refused:
            return wire.refusal_response(refused.answer)
        except web.HTTPNotFound:
            return wire.refusal_response(Refusal(404, b"404 page not found"))
        except web.HTTPMethodNotAllowed:
            return wire.refusal_response(Refusal(405, b"405 method not allowed"))

    async def root(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="Ollama is running")

    async def version(self, _request: web.Request) -> web.StreamResponse:
        return wire.json_response({"version": self._server.flavour.version})

    async def tags(self, _request: web.Request) -> web.StreamResponse:
        return wire.json_response({"models": [self._tag(model) for model in self._server.models.values()]})

    async def loaded(self, _request: web.Request) -> web.StreamResponse:
        models: list[JsonValue] = [
            {
                "name": loaded.model.name,
                "model": loaded.model.name,
                "size": loaded.model.size,
                "digest": loaded.model.digest(),
                "details": loaded.model.details(),
                "expires_at": loaded.expires_at,
                "size_vram": 0,
                "context_length": loaded.window,
            }
            for loaded in self._server.loaded.by_name.values()
        ]
        return wire.json_response({"models": models})

    async def show(self, request: web.Request) -> web.StreamResponse:
        body = parse_body(await request.read(), "ShowRequest")
        name = _name(body)
        model = self._server.models.get(full_name(name))
        if model is None:
            raise Refused(self._server.flavour.missing_in_show(name, full_name(name)))
        if refusal := self._server.refusals.get(("/api/show", model.name)):
            raise Refused(refusal)
        return wire.json_response(
            {
                "modelfile": f"FROM {model.name}\n",
                "template": "{{ .Prompt }}",
                "details": model.details(),
                "model_info": {
                    "general.architecture": "llama",
                    "llama.block_count": 2,
                    "llama.context_length": model.trained_window,
                    "tokenizer.ggml.scores": None,
                },
                "capabilities": model.capabilities_on(self._server.flavour),
                "modified_at": _MODIFIED_AT,
            }
        )

    async def chat(self, request: web.Request) -> web.StreamResponse:
        server = self._server
        scripted = server.next_answer()
        if isinstance(scripted, Refusal):
            server.chats.append(orjson.loads(await request.read()))
            raise Refused(scripted)
        body = parse_body(await request.read())
        server.chats.append(body)
        model = self._model(body)
        require_options(body, server.flavour)
        require_abilities(body, model, server.flavour)
        if not messages_of(body):
            return self._load_only(body, model)
        load_ns = server.loaded.load(model, options_of(body))
        window = server.loaded.by_name[model.name].window
        prompt_tokens = count_prompt(body, model, window, server.flavour)
        reply = scripted or default_reply(body, model, server.flavour)
        generation = Generation(body, reply, not server.flavour.has_llama_server, load_ns, prompt_tokens)
        return await self._generated(request, generation, model)

    async def _generated(
        self, request: web.Request, generation: Generation, model: InstalledModel
    ) -> web.StreamResponse:
        server = self._server
        server.generations.append(generation)
        server.changed()
        try:
            whole = generation.body.get("stream") is False
            response = await (generation.whole(request) if whole else generation.stream(request))
        except (asyncio.CancelledError, ConnectionError):
            # A reader's leaving shows as a cancellation or at the next write; a server that stops cancels as well.
            if generation.state == "active" and not server.stopping:
                generation.state = "aborted"
            raise
        else:
            generation.state = "finished"
            return response
        finally:
            if generation.body.get("keep_alive") == 0:
                server.loaded.unload(model)
            server.changed()

    def _load_only(self, body: JsonObject, model: InstalledModel) -> web.Response:
        unload = body.get("keep_alive") == 0
        if unload:
            self._server.loaded.unload(model)
        else:
            self._server.loaded.load(model, options_of(body))
        last = wire.chunk(body["model"], {"role": "assistant", "content": ""}, done=True)
        return wire.json_response(last | {"done_reason": "unload" if unload else "load"})

    def _model(self, body: JsonObject) -> InstalledModel:
        name = _name(body)
        model = self._server.models.get(full_name(name))
        if model is None:
            raise Refused(error(404, f"model '{name}' not found"))
        return model

    def _tag(self, model: InstalledModel) -> JsonObject:
        tag: dict[str, JsonValue] = {
            "name": model.name,
            "model": model.name,
            "modified_at": _MODIFIED_AT,
            "size": model.size,
            "digest": model.digest(),
            "details": model.details(),
        }
        if self._server.flavour.has_llama_server:
            tag["details"] = {**model.details(), "context_length": model.trained_window, "embedding_length": 512}
            tag["capabilities"] = ["completion"] if model.jinja else list(model.capabilities)
        return tag


def _name(body: JsonObject) -> str:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise Refused(error(400, "model is required"))
    if " " in name or name.endswith(":"):
        raise Refused(error(400, "invalid model name"))
    return name
