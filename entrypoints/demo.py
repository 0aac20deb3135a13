"""`mochi-server demo`: a short conversation with a server of one's own, over real HTTP, to see what it does."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from domain.errors import MochiError
from entrypoints.demo_client import API, DemoClient, DemoFailed, ServerEvent
from entrypoints.demo_files import AGENT_TOOL, SKILL, TOOL, write
from entrypoints.demo_screen import Screen
from entrypoints.lifespan import create_app
from entrypoints.logging_setup import configure_logging
from entrypoints.serving import CannotListen, listening, loop_factory, stopped_by_signals
from entrypoints.settings import Settings

LONGEST = 60.0
"""Seconds after which something must be wrong; the demo takes about fifteen."""

EVENTS_BEFORE_LEAVING = 30
SECONDS_AWAY = 1.5

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


class DemoSettings(Settings):
    """Whatever the environment says, the demo touches nothing but its own folder and its own port."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings hands over all sources, by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - left out on purpose
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - left out on purpose
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - left out on purpose
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def run_demo(*, keep: bool) -> int:
    """The exit code: 0 where all went as promised. With `keep`, the server stays up until Ctrl-C."""
    configure_logging("WARNING", "text")
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_demo(Screen(sys.stdout), keep=keep))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_INTERRUPTED
    except TimeoutError:
        return _complain(f"the conversation took longer than {LONGEST:g} s")
    except (DemoFailed, CannotListen, MochiError, OSError, aiohttp.ClientError) as error:
        return _complain(str(error) or type(error).__name__)
    return 0


def _complain(reason: str) -> int:
    sys.stderr.write(f"mochi-server demo: {reason}\n")
    return EXIT_FAILED


async def _demo(screen: Screen, *, keep: bool) -> None:
    me = asyncio.current_task()
    if me is not None:
        # So that the folder goes away then, too.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    with tempfile.TemporaryDirectory(prefix="mochi-demo-", ignore_cleanup_errors=True) as folder:
        settings = DemoSettings(llm="demo", host="127.0.0.1", port=0, data_dir=Path(folder), log_level="WARNING")
        async with listening(create_app(settings), settings.host, settings.port) as (bound, *_):
            async with asyncio.timeout(LONGEST), aiohttp.ClientSession(bound.url) as http:
                await _Conversation(DemoClient(http), screen, settings).hold(bound.url)
            if keep:
                screen.step(
                    f"The server stays up at {bound.url} (its routes, to try: {bound.url}/docs). Ctrl-C ends it."
                )
                await stopped_by_signals().wait()


class _Conversation:
    def __init__(self, client: DemoClient, screen: Screen, settings: Settings) -> None:
        self._client = client
        self._screen = screen
        self._settings = settings

    async def hold(self, url: str) -> None:
        self._screen.title("mochi-server: a conversation, end to end")
        self._screen.note(f"A server with the built-in demo model listens on {url} and keeps its files in")
        self._screen.note(f"{self._settings.data_dir}, which is removed at the end.")
        session_id = await self._create_session()
        await self._ask_with_thinking(session_id)
        await self._leave_and_come_back(session_id)
        self._show_file(session_id)
        await self._consent_to_a_tool(await self._give_a_tool())
        await self._hand_over(await self._give_an_agent())
        self._say_how_to_go_on()

    async def _create_session(self) -> str:
        body = {"model": "demo"}
        self._screen.step("Create a session")
        self._screen.exchange("POST", f"{API}/sessions", body)
        session = await self._client.post(f"{API}/sessions", body)
        self._screen.value(session)
        return str(session["session_id"])

    async def _ask_with_thinking(self, session_id: str) -> None:
        path = f"{API}/chat/{session_id}/stream"
        body = {"message": "Hello! Who are you?", "think": True}
        self._screen.step("Ask, and let it think aloud: server-sent events, as they arrive")
        self._screen.exchange("POST", path, body)
        async with self._client.ask(path, body) as events:
            received = await self._read(events)
        _require_completed(received)

    async def _leave_and_come_back(self, session_id: str) -> None:
        path = f"{API}/chat/{session_id}/stream"
        body = {"message": "Tell me a story.", "on_disconnect": "continue"}
        self._screen.step("Ask again, and drop the connection in the middle of the answer")
        self._screen.exchange("POST", path, body)
        async with self._client.ask(path, body) as events:
            received = await self._read(events, at_most=EVENTS_BEFORE_LEAVING)
        last_id = received[-1].event_id
        self._screen.note(f"The connection is cut after event {received[-1].sequence}. The run goes on without us...")
        await asyncio.sleep(SECONDS_AWAY)

        self._screen.step("Come back with the id of the last event that arrived")
        self._screen.exchange("GET", f"{path}   Last-Event-ID: {last_id}")
        async with self._client.rejoin(path, last_id) as events:
            received += await self._read(events)
        _require_completed(received)
        await self._check_nothing_lost(session_id, received)

    async def _check_nothing_lost(self, session_id: str, received: list[ServerEvent]) -> None:
        sequences = [event.sequence for event in received]
        text = "".join(event.text for event in received if event.name == "content_delta")
        answer = await self._client.get(f"{API}/sessions/{session_id}/messages")
        stored = str(answer["messages"][-1]["content"])
        if sequences != list(range(1, len(received) + 1)) or text != stored:
            raise DemoFailed("events were lost on the way, or came twice")
        self._screen.note(
            f"Nothing was lost: events 1 to {len(received)} arrived once each, over two connections, and their "
            f"{len(text)} characters are those that are stored."
        )

    async def _give_a_tool(self) -> str:
        """The session that has it."""
        self._screen.step("Give it a tool: a Python file in the tools folder")
        path = self._settings.tools_dir / "kitchen.py"
        self._screen.note(str(path))
        self._screen.code(TOOL)
        await asyncio.to_thread(write, path, TOOL)
        self._screen.exchange("POST", f"{API}/tools/reload")
        self._screen.value(await self._client.post(f"{API}/tools/reload"))
        body = {"model": "demo", "tool_settings": {"tools": ["order_rice_cakes"]}}
        self._screen.exchange("POST", f"{API}/sessions", body)
        session = await self._client.post(f"{API}/sessions", body)
        self._screen.value(session)
        return str(session["session_id"])

    async def _consent_to_a_tool(self, session_id: str) -> None:
        path = f"{API}/chat/{session_id}/stream"
        body = {"message": "Please order 12 rice cakes."}
        self._screen.step("Ask for something that takes the tool: it is not called before somebody agrees")
        self._screen.exchange("POST", path, body)
        async with self._client.ask(path, body) as events:
            asked = await self._read(events, until="tool_call_confirmation_required")
            self._screen.step("Agree, while the stream is open")
            await self._confirm(session_id, asked[-1])
            answered = await self._read(events)
        _require_completed(answered)
        if not any(event.name == "tool_result" and orjson.loads(event.data)["success"] for event in answered):
            raise DemoFailed("the tool was not called")

    async def _give_an_agent(self) -> str:
        """The session that has it."""
        self._screen.step("Give it an agent: a folder with a SKILL.md and tools of its own")
        for name, text in (("SKILL.md", SKILL), ("__init__.py", AGENT_TOOL)):
            path = self._settings.agents_dir / "cook" / name
            self._screen.note(str(path))
            self._screen.code(text)
            await asyncio.to_thread(write, path, text)
        self._screen.exchange("POST", f"{API}/agents/reload")
        self._screen.value(await self._client.post(f"{API}/agents/reload"))
        body = {
            "model": "demo",
            "agent_settings": {"enabled_agents": ["cook"]},
            "tool_settings": {"tool_policies": {"cook.taste": "never_confirm"}},
        }
        self._screen.exchange("POST", f"{API}/sessions", body)
        session = await self._client.post(f"{API}/sessions", body)
        self._screen.value(session)
        return str(session["session_id"])

    async def _hand_over(self, session_id: str) -> None:
        path = f"{API}/chat/{session_id}/stream"
        body = {"message": "Ask the cook to taste the soup."}
        self._screen.step("Ask for something that is for the agent: it plans, acts and reports")
        self._screen.exchange("POST", path, body)
        async with self._client.ask(path, body) as events:
            received = await self._read(events)
        _require_completed(received)
        if not any(event.name == "agent_tool_result" and orjson.loads(event.data)["success"] for event in received):
            raise DemoFailed("the agent's tool was not called")

    async def _confirm(self, session_id: str, question: ServerEvent) -> None:
        path = f"{API}/chat/{session_id}/confirm-tool"
        body = {"confirmation_id": orjson.loads(question.data)["confirmation_id"], "approved": True}
        self._screen.exchange("POST", path, body)
        self._screen.value(await self._client.post(path, body))

    async def _read(
        self, events: AsyncIterator[ServerEvent], *, at_most: int | None = None, until: str = "done"
    ) -> list[ServerEvent]:
        """Up to an event of the name `until`. What follows can be read later."""
        received: list[ServerEvent] = []
        async for event in events:
            self._screen.event(event)
            received.append(event)
            if len(received) == at_most or event.name == until:
                return received
        raise DemoFailed(f"a stream ended without `{until}`")

    def _show_file(self, session_id: str) -> None:
        path = self._settings.sessions_dir / f"{session_id}.json"
        session = orjson.loads(path.read_bytes())
        self._screen.step("What is stored: one readable file a session")
        self._screen.note(str(path))
        self._screen.value({"metadata": session["metadata"]})
        for message in session["messages"]:
            self._screen.value(message, indent=4)

    def _say_how_to_go_on(self) -> None:
        self._screen.step("Go on with a real model (Ollama: https://ollama.com)")
        self._screen.command("ollama pull qwen3:0.6b")
        self._screen.command("mochi-server      (in a clone: make run)")


def _require_completed(received: list[ServerEvent]) -> None:
    last = received[-1]
    if last.name != "done" or orjson.loads(last.data)["status"] != "completed":
        raise DemoFailed(f"a run did not complete: {last.data}")
