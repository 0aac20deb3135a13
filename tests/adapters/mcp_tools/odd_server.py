"""A stdio server that does what none should: `python odd_server.py '{"manner": ..., "pages": [[tool, ...], ...]}'`.

Written by hand, as the SDK's classes would not do it; and it starts in an instant. What a tool does goes by its name;
most tell their arguments. A file `more.json` in its working folder holds one more page.
"""

import json
import os
import signal
import socket
import sys
import time
from typing import Any

notes = socket.socket(socket.AF_UNIX)


def note(text: str) -> None:
    if "NOTES" in os.environ:
        notes.sendall(f"{text}\n".encode())


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer(request: dict[str, Any], result: dict[str, Any]) -> None:
    say(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}))


def refuse(request: dict[str, Any], code: int, message: str) -> None:
    say(json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}))


def text(words: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}]}


def initialize(request: dict[str, Any], manner: str) -> None:
    if manner == "modern":
        return refuse(request, -32601, "Method not found")
    capabilities = {"tools": {"listChanged": True}}
    info = {"name": "odd", "version": "1"}
    return answer(request, {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": info})


def discover(request: dict[str, Any]) -> None:
    cache = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    answer(request, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, **cache})


def list_tools(request: dict[str, Any], manner: str, pages: list[list[dict[str, Any]]]) -> None:
    if manner == "toolless":
        return refuse(request, -32601, "Method not found")
    if os.path.exists("more.json"):  # noqa: PTH110 - pathlib takes half as long as all the rest to import
        with open("more.json", encoding="utf-8") as more:  # noqa: PTH123 - as above
            pages = [*pages, json.load(more)]
    page = int(request.get("params", {}).get("cursor") or 0)
    following = {"nextCursor": str(page + 1)} if page + 1 < len(pages) else {}
    cache = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    return answer(request, {"tools": pages[page], **following, **cache})


def call(request: dict[str, Any]) -> None:
    name = request["params"]["name"]
    note(f"called {name}")
    if name == "surrogate":
        answer(request, text("a cut \ud83d face"))
    elif name == "huge_id_first":
        answer(request, text("x" * 20_000_000))
    elif name == "huge_id_last":
        say(json.dumps({"result": text("x" * 20_000_000), "jsonrpc": "2.0", "id": request["id"]}))
    elif name == "leave":
        sys.stderr.write("no more")
        os._exit(7)
    elif name == "leave_a_helper":
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
        os._exit(7)
    elif name == "structured":
        answer(request, {"content": [], "structuredContent": {"degrees": 21}})
    elif name == "pieces":
        answer(request, {"content": [{"type": "text", "text": "x"}] * 200_000})
    elif name == "promise":
        answer(request, {"content": [], "structuredContent": {"degrees": "many"}})
    elif name == "nonsense":
        answer(request, {"content": "none"})
    elif name in ("echo", "added", "fail"):
        of_the_contract(request, name, request["params"]["arguments"].get("text", ""))
    elif name == "sleep_well":
        time.sleep(60)
    elif name not in ("hang", "sleep"):
        answer(request, {**text(json.dumps(request["params"]["arguments"])), "resultType": "complete"})


def of_the_contract(request: dict[str, Any], name: str, said: str) -> None:
    if name == "fail":
        answer(request, {**text(said), "isError": True})
    else:
        answer(request, text(said if name == "echo" else f"added {said}"))


def serve(manner: str, pages: list[list[dict[str, Any]]]) -> None:
    if manner == "chatty":
        say("Welcome to the odd server!\n\n{}\n[1]")
        sys.stderr.write("warning: " * 200_000)
    for line in sys.stdin:
        message = json.loads(line)
        method = message.get("method")
        if method == "initialize":
            initialize(message, manner)
        elif method == "server/discover":
            discover(message)
        elif method == "tools/list":
            list_tools(message, manner, pages)
        elif method == "tools/call":
            call(message)
        elif method == "notifications/cancelled":
            note("cancelled")


if __name__ == "__main__":
    if "NOTES" in os.environ:
        notes.connect(os.environ["NOTES"])
        note("started")
    plan = json.loads(sys.argv[1])
    if plan["manner"] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if plan["manner"] == "quits":
        sys.exit(5)
    if plan["manner"] != "silent":
        serve(plan["manner"], plan.get("pages", [[]]))
    while plan["manner"] in ("silent", "stubborn"):
        time.sleep(60)
