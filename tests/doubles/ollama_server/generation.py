"""One answer on its way, and how it ended."""

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson
from aiohttp import web

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server import wire
from tests.doubles.ollama_server.script import (
    Cut,
    EndEarly,
    Failure,
    Gate,
    Pause,
    Piece,
    Raw,
    Reply,
    Silence,
    Step,
    Tokens,
    Wire,
)

State: TypeAlias = Literal["active", "finished", "cut", "aborted"]
_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Generation:
    """`state` is `aborted` where the client left before the end, `cut` where the server did."""

    body: JsonObject
    reply: Reply
    flavour_leaves_out_eval_duration: bool
    load_ns: int
    prompt_tokens: int
    state: State = "active"

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        response.enable_chunked_encoding()
        written = 0
        for step in self.reply.steps:
            match step:
                case Pause() | Gate() | Silence():
                    await _wait(step)
                    continue
                case Wire(data=data):
                    if request.transport is not None:
                        request.transport.write(data)
                    continue
                case Cut():
                    await self._cut(request, step)
                case EndEarly():
                    self.state = "finished"
                    return await _finished(request, response)
                case Failure(error=error) if not response.prepared:
                    return wire.json_response({"error": error}, 500)
            if not response.prepared:
                await response.prepare(request)
            if isinstance(step, Tokens):
                written += await self._write_tokens(response, step)
            elif data := self._data_of(step):
                await response.write(data)
                written += 1
            if isinstance(step, Failure):
                return await _finished(request, response)
            if self.reply.pace:
                await asyncio.sleep(self.reply.pace)
        if not response.prepared:
            await response.prepare(request)
        # From here on a client that leaves has all it wanted.
        self.state = "finished"
        await response.write(wire.line(self._last_chunk(written)))
        return await _finished(request, response)

    async def whole(self, request: web.Request) -> web.StreamResponse:
        """The answer to `"stream": false`."""
        pieces: list[Piece] = []
        for step in self.reply.steps:
            match step:
                case Pause() | Gate() | Silence():
                    await _wait(step)
                case Cut():
                    await self._cut(request, step)
                case Failure(error=error):
                    return wire.json_response({"error": error}, 500)
                case EndEarly():
                    return wire.json_response(wire.chunk(self.body["model"], wire.message_of(_joined(pieces))))
                case Piece():
                    pieces.append(step)
                case Tokens():
                    pieces += [Piece(step.content)] * step.count
                case Raw(data=data):
                    return web.Response(body=data, content_type="application/json")
        last = self._last_chunk(len(pieces))
        last["message"] = wire.message_of(_joined([*pieces, self.reply.last]))
        return wire.json_response(last)

    async def _write_tokens(self, response: web.StreamResponse, tokens: Tokens) -> int:
        """At an even pace on the whole, whatever a single sleep does. Bytes are made once: benchmarks need the CPU."""
        line = wire.line(wire.chunk(self.body["model"], wire.message_of(Piece(tokens.content))))
        head, _, tail = line.partition(orjson.dumps(tokens.content)[1:-1])
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(0, tokens.count, tokens.per_write):
            if tokens.per_second is not None:
                await asyncio.sleep(start + number / tokens.per_second - loop.time())
            if tokens.stamped:
                line = b"%b%d%b" % (head, time.monotonic_ns(), tail)
            await response.write(line * min(tokens.per_write, tokens.count - number))
        return tokens.count

    def _data_of(self, step: Step) -> bytes:
        match step:
            case Piece():
                return wire.line(wire.chunk(self.body["model"], wire.message_of(step)))
            case Raw(data=data):
                return data
            case Failure(error=error):
                return wire.line({"error": error})
        return b""

    def _last_chunk(self, written: int) -> dict[str, JsonValue]:
        reply = self.reply
        count = written if reply.eval_count is None else reply.eval_count
        last = wire.chunk(self.body["model"], wire.message_of(reply.last), done=True)
        if reply.done_reason is not None:
            last["done_reason"] = reply.done_reason
        last |= {
            "total_duration": self.load_ns + 90_000_000,
            "load_duration": self.load_ns,
            "prompt_eval_count": self.prompt_tokens if reply.prompt_eval_count is None else reply.prompt_eval_count,
            "prompt_eval_duration": 21_438_500,
            "eval_count": count,
        }
        if count > 1 or not self.flavour_leaves_out_eval_duration:
            last["eval_duration"] = 4_000_000 * count
        return last

    async def _cut(self, request: web.Request, step: Cut) -> None:
        """Ends the connection, and with it this handler."""
        self.state = "cut"
        transport = request.transport
        if transport is not None:
            if step.reset:
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
            transport.abort()
        await asyncio.Event().wait()


async def _wait(step: Pause | Gate | Silence) -> None:
    match step:
        case Pause(seconds=seconds):
            await asyncio.sleep(seconds)
        case Gate(opened=opened, reached=reached):
            reached.set()
            await opened.wait()
        case Silence():
            await asyncio.Event().wait()


async def _finished(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()
    return response


def _joined(pieces: Sequence[Piece]) -> Piece:
    return Piece(
        "".join(piece.content for piece in pieces),
        "".join(piece.thinking for piece in pieces),
        [call for piece in pieces for call in piece.tool_calls],
    )
