"""The server as a program, for development: `python -m tests.doubles.ollama_server --port 0`."""

import argparse
import asyncio
import sys

import uvloop

from tests.doubles.ollama_server.flavour import VERSIONS, Version
from tests.doubles.ollama_server.script import Reply, Tokens
from tests.doubles.ollama_server.server import OllamaServer


async def serve(version: Version, port: int, reply: Reply | None) -> None:
    """Until it is cancelled. The first line on standard output is the server's address."""
    server = OllamaServer(version)
    server.answer_always(reply)
    await server.start(port)
    try:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.ollama_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--version", choices=VERSIONS, default=VERSIONS[-1], help="the Ollama to be like")
    parser.add_argument("--tokens", type=int, help="answer every chat with this many tokens")
    parser.add_argument("--per-second", type=float, help="how many of them a second; as fast as they go without it")
    parser.add_argument("--per-write", type=int, default=1, help="how many of them at a time")
    parser.add_argument("--stamped", action="store_true", help="each of them says when it was sent, in monotonic ns")
    parser.add_argument("--uvloop", action="store_true", help="be cheap, where others are measured on this machine")
    given = parser.parse_args()
    tokens = Tokens(given.tokens or 0, given.per_second, given.per_write, stamped=given.stamped)
    reply = Reply([tokens]) if given.tokens else None
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop if given.uvloop else None) as runner:
            runner.run(serve(given.version, given.port, reply))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
