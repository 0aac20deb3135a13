"""The system's Chromium, headless, driven by its DevTools protocol."""

import asyncio
import itertools
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import orjson

Json: TypeAlias = Any  # what the protocol gives is for each caller to say

PATIENCE = 30.0
"""Seconds for what takes one on an idle machine."""

STRANGER = "evil.example"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-sandbox",  # a container's root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--window-size=1280,1000",
    # A stranger's name is this machine, and no other name is anything.
    f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "about:blank",
)


def installed() -> str | None:
    """The program to run, where there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Chromium:
    """A connection to a browser. `heard` are all events of all pages and their workers, in their order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.heard: list[Json] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._news = asyncio.Event()
        self._sending: set[asyncio.Future[None]] = set()

    async def listen(self) -> None:
        async for message in self._socket:
            told = orjson.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
                continue
            self.heard.append(told)
            self._news.set()
            if told["method"] == "Target.attachedToTarget":
                # A worker of a page: it was held until somebody listens.
                session = told["params"]["sessionId"]
                self.say("Network.enable", session)
                self.say("Runtime.enable", session)
                self.say("Runtime.runIfWaitingForDebugger", session)

    def say(self, method: str, session: str | None = None, **params: Json) -> "asyncio.Future[Json]":
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        said = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        sending = asyncio.ensure_future(self._socket.send_str(orjson.dumps(said).decode()))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return self._answers[number]

    async def ask(self, method: str, session: str | None = None, **params: Json) -> Json:
        async with asyncio.timeout(PATIENCE):
            answer = await self.say(method, session, **params)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    async def until(self, method: str, session: str) -> None:
        """Until an event of this name has come from there."""
        async with asyncio.timeout(PATIENCE):
            while not any(told["method"] == method and told.get("sessionId") == session for told in self.heard):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running_chromium(folder: Path) -> AsyncIterator[Chromium]:
    """A browser that has seen nothing yet; it keeps its files in `folder`, and is gone on leaving."""
    program = installed()
    assert program is not None, "CI tries the pages in Chromium: .ci/run installs it"
    process = await asyncio.create_subprocess_exec(
        program, f"--user-data-dir={folder}", *FLAGS, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
    )
    try:
        address, drained = await _address_of(process)
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(address, max_msg_size=0) as socket,
            asyncio.TaskGroup() as tasks,
        ):
            browser = Chromium(socket)
            listening = tasks.create_task(browser.listen())
            yield browser
            # Asked to end, it takes its temporary folder with it.
            browser.say("Browser.close")
            async with asyncio.timeout(PATIENCE):
                await process.wait()
            listening.cancel()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()
    await drained


async def _address_of(process: asyncio.subprocess.Process) -> tuple[str, "asyncio.Task[bytes]"]:
    """Where it listens, and a task that reads on, so that it is never held up by what it logs."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            if found := re.search(rb"ws://\S+", line):
                return found[0].decode(), asyncio.create_task(process.stderr.read())
    raise AssertionError("Chromium ended before it listened")
