"""The `ollama` package's client, with what it lacks for us."""

from typing import cast

import httpx
import ollama
import orjson

from adapters.ollama.errors import Refusal
from adapters.ollama.exchange import ExchangeTransport, exchange, target_of
from adapters.ollama.receiver import Take
from domain.json_value import JsonObject, JsonValue

CONNECT_SECONDS = 5.0
"""How long a connection may take, names looked up and all: an Ollama is near, or it is not there."""


class OllamaClient(ollama.AsyncClient):
    """One for all adapters of a server: it reads the address and the key as every Ollama client does.

    `host` is in any form that OLLAMA_HOST takes, `timeout` in seconds of silence. Raises ValueError for a `host` that
    is none. The errors of its methods are for `adapters.ollama.errors.domain_errors` to translate.

    The package's own `chat` drops the ids of tool calls, reads pictures from paths, knows no `truncate` and parses
    each line twice; its `show` refuses a model that has no `model_info`. So JSON goes and comes as it is.
    """

    def __init__(self, *, host: str, timeout: float) -> None:
        super().__init__(
            host.strip(),
            transport=ExchangeTransport(),
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [_require_success]},
        )
        self._http = cast("httpx.AsyncClient", self._client)
        self._chat = target_of(self._http.build_request("POST", "/api/chat"))

    @property
    def address(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> JsonValue:
        return cast("JsonValue", orjson.loads((await self._http.get(path)).content))

    async def post(self, path: str, body: JsonObject) -> JsonValue:
        return cast("JsonValue", orjson.loads((await self._http.post(path, content=orjson.dumps(body))).content))

    async def post_chat(self, content: bytes, take: Take) -> None:
        """Hand the blocks of a streamed answer to `take`, as `exchange` does, whose errors this raises.

        The request is the one that the package's client would send; only its way is shorter, by a millisecond.
        """
        await exchange(self._chat, content, take)


async def _require_success(response: httpx.Response) -> None:
    if not response.is_success:
        await response.aread()
        raise Refusal(response.status_code, response.text)
