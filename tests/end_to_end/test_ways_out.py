"""Whatever an id or a name holds, nothing outside the folders is opened: watched in the server's process itself."""

import ast
import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path

import aiohttp
from yarl import URL

from entrypoints.http.app import OPERATIONS
from entrypoints.http.operations import Operation
from tests.end_to_end.api import Json
from tests.end_to_end.servers import running
from tests.end_to_end.ways_out import NAMES_OUT, WAYS_OUT
from tests.http.requests_of import ValidRequest

TRACER = Path(__file__).with_name("traced_server.py")
CANARY = "what nobody may read"
REFUSALS = {400, 404, 405, 422}
TAKES_ANY_PLAIN_NAME = {"/api/v1/system-prompts", "/api/v1/sessions/import"}
"""What is no way out after all may be a name there."""

AT_ONCE = 8
KEPT_INSIDE = "system_prompts"
SESSION = "00000000aa"
EVERY_TENTH = 10


def in_paths() -> Iterator[tuple[str, URL, Json]]:
    """Each spelling in the place of each id and name; the operations that have it take turns."""
    having: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        for name in operation.path_parameters:
            having[name].append(operation)
    for name, operations in having.items():
        for operation, way in zip(cycle(operations), WAYS_OUT):
            valid = ValidRequest(operation)
            yield operation.method, URL(valid.path_of(name, way), encoded=True), valid.body


def in_bodies() -> Iterator[tuple[str, URL, Json]]:
    """Each spelling in the fields that name something."""
    for number, name in enumerate(NAMES_OUT):
        yield "POST", URL("/api/v1/system-prompts"), {"filename": name, "content": "x"}
        yield "POST", URL("/api/v1/sessions"), {"model": "demo", "system_prompt_source_file": name}
        yield "PUT", URL(f"/api/v1/sessions/{SESSION}/system-prompt"), {"source_file": name}
        yield "POST", URL("/api/v1/sessions"), {"model": "demo", "tool_settings": {"tools": [name]}}
        yield "POST", URL("/api/v1/sessions"), {"model": "demo", "agent_settings": {"enabled_agents": [name]}}
        yield "POST", URL(f"/api/v1/chat/{SESSION}/confirm-tool"), {"confirmation_id": name, "approved": True}
        yield "POST", URL(f"/api/v1/chat/{SESSION}/cancel").with_query(run_id=name), None
        yield "GET", URL("/api/v1/sessions").with_query(cursor=name), None
        if number % EVERY_TENTH == 0:  # a strange id becomes a new one, which is written
            file = {"metadata": {"session_id": name, "model": "demo", "format_version": "1.4"}, "messages": []}
            yield "POST", URL("/api/v1/sessions/import"), file


async def test_no_id_or_name_opens_anything_outside_the_folders(tmp_path: Path) -> None:
    folder, log = tmp_path / "inside" / "data", tmp_path / "opened"
    folder.mkdir(parents=True)
    for place in (tmp_path, tmp_path / "inside", folder):
        for name in ("secret.md", "secret.json", "secret"):
            (place / name).write_text(CANARY)
    async with running(folder, "http://127.0.0.1:9", (str(TRACER), str(log)), llm="demo") as (server, _):
        before = await asyncio.to_thread(log.read_text)
        assert before
        tried = await try_all(server.url, [*in_paths(), *in_bodies()])
        opened = (await asyncio.to_thread(log.read_text)).removeprefix(before)
    assert tried > 500 * 8
    assert KEPT_INSIDE in opened  # it is heard of, so silence about the rest says something
    assert strangers_in(opened, folder) == []
    for place in (tmp_path, tmp_path / "inside", folder):
        assert {path.name for path in place.iterdir() if path.is_file()} >= {"secret.md", "secret.json", "secret"}
        assert (place / "secret.md").read_text() == CANARY


async def try_all(server: str, requests: Iterable[tuple[str, URL, Json]]) -> int:
    """How many were made, some at a time."""
    waiting = deque(requests)
    count = len(waiting)
    async with aiohttp.ClientSession(server) as client, asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_work_off(client, waiting))
    return count


async def _work_off(client: aiohttp.ClientSession, waiting: deque[tuple[str, URL, Json]]) -> None:
    while waiting:
        method, url, body = waiting.popleft()
        async with client.request(method, url, json=body) as answer:
            text = await answer.text()
        assert CANARY not in text
        assert answer.status in REFUSALS or url.path in TAKES_ANY_PLAIN_NAME, (method, url, answer.status, text)


def strangers_in(opened: str, folder: Path) -> list[str]:
    """The paths that lie neither in the folder of a store nor are a plain name in an open folder."""
    paths = {str(ast.literal_eval(line)) for line in opened.splitlines()}
    homes = [folder / name for name in ("chat_sessions", "system_prompts", "tools", "agents")]
    return sorted(path for path in paths if not _is_plain(path) and not _is_at_home(Path(path), homes))


def _is_plain(name: str) -> bool:
    return "/" not in name and ".." not in name and "\0" not in name


def _is_at_home(path: Path, homes: list[Path]) -> bool:
    return ".." not in path.parts and any(path == home or home in path.parents for home in homes)
