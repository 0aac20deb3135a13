"""A server made of the SDK's own classes: `python sdk_server.py stdio`, or `http sse 0`, or `http json 0`.

Over HTTP it prints its port. It notes what its tools do on the socket that NOTES names. Nothing of the project is
imported, as it runs with the few variables that every server gets.
"""

import asyncio
import os
import signal
import socket
import sys

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ImageContent, SamplingMessage, TextContent
from pydantic import BaseModel

server = MCPServer("sdk")
notes = socket.socket(socket.AF_UNIX)


def note(text: str) -> None:
    if "NOTES" in os.environ:
        notes.sendall(f"{text}\n".encode())


class Point(BaseModel):
    x: int
    y: int = 0


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


@server.tool()
def echo(text: str) -> str:
    """Give back the text."""
    return text


@server.tool()
def mirror(point: Point) -> Point:
    """Change places of the two."""
    return Point(x=point.y, y=point.x)


@server.tool(structured_output=False)
def count(tree: Tree) -> str:
    return str(1 + sum(int(count(child)) for child in tree.children))


@server.tool()
def fail() -> str:
    raise ToolError("The kettle is empty.")


@server.tool()
def leave() -> str:
    os._exit(3)


@server.tool()
def freeze() -> str:
    os.kill(os.getpid(), signal.SIGSTOP)
    return "thawed"


@server.tool()
async def wait(name: str) -> str:
    note(f"{name} began")
    try:
        await asyncio.Event().wait()
    finally:
        note(f"{name} ended")
    return "never"


@server.tool()
def variable(name: str) -> str:
    return os.environ.get(name, "not set")


@server.tool()
def long(characters: int) -> str:
    return "x" * characters


@server.tool(structured_output=False)
def picture() -> list[TextContent | ImageContent]:
    return [
        TextContent(type="text", text="Here it is:"),
        ImageContent(type="image", data="AAAA" * 100 + "AA==", mime_type="image/png"),
    ]


@server.tool(structured_output=False)
async def ask(context: Context) -> str:
    message = SamplingMessage(role="user", content=TextContent(type="text", text="What?"))
    await context.session.create_message(messages=[message], max_tokens=1)
    return "answered"


@server.tool(structured_output=False)
async def grow(context: Context) -> str:
    server.add_tool(lambda: "new", name="grown", structured_output=False)
    await context.session.send_tool_list_changed()
    return "grown"


@server.tool(structured_output=False)
async def headers(context: Context) -> str:
    return str((context.headers or {}).get("x-key"))


async def serve_http(style: str, port: int) -> None:
    app = server.streamable_http_app(json_response=style == "json", host="127.0.0.1")
    with socket.create_server(("127.0.0.1", port)) as listening:
        print(listening.getsockname()[1], flush=True)  # noqa: T201 - a program
        await uvicorn.Server(uvicorn.Config(app, log_level="critical")).serve(sockets=[listening])


if __name__ == "__main__":
    if "NOTES" in os.environ:
        notes.connect(os.environ["NOTES"])
        note("started")
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        asyncio.run(serve_http(sys.argv[2], int(sys.argv[3])))
