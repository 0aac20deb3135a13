"""Whatever an id or a name holds, nothing outside the folders is opened: watched in the server's process itself."""

import ast
import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import aiohttp
from yarl import URL

from entrypoints.http.app import OPERATIONS
from entrypoints.http.operations import Operation
from tests.end_to_end.api import Json
from tests.end_to_end.servers import running
from tests.end_to_end.ways_out import NAMES_OUT, WAYS_OUT
from tests.http.requests_of import KEPT, ValidRequest

TRACER = Path(__file__).with_name("traced_server.py")
CANARY = "what nobody may read"
REFUSALS = {400, 404, 405, 422}
SUCCESSES = {200, 201}
"""In a body, what turns out to be no way out is a plain name, and may be taken."""

AT_ONCE = 8
KEPT_INSIDE = "system_prompts"
SESSION = KEPT.session_id
EVERY_TENTH = 10


class Attempt(NamedTuple):
    method: str
    url: URL
    body: Json


def in_paths() -> Iterator[Attempt]:
    """Each spelling in the place of each id and name; the operations that have it take turns."""
    having: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        for name in operation.path_parameters:
            having[name].append(operation)
    for name, operations in having.items():
        for operation, way in zip(cycle(operations), WAYS_OUT):
            valid = ValidRequest(operation)
            yield Attempt(operation.method, URL(valid.path_of(name, way), encoded=True), valid.body)


def in_bodies() -> Iterator[Attempt]:
    """Each spelling in the fields that name something."""
    for number, name in enumerate(NAMES_OUT):
        yield Attempt("POST", URL("/api/v1/system-prompts"), {"filename": name, "content": "x"})
        yield Attempt("POST", URL("/api/v1/sessions"), {"model": "demo", "system_prompt_source_file": name})
        yield Attempt("PUT", URL(f"/api/v1/sessions/{SESSION}/system-prompt"), {"source_file": name})
        yield Attempt("POST", URL("/api/v1/sessions"), {"model": "demo", "tool_settings": {"tools": [name]}})
        yield Attempt(
            "POST",
            URL("/api/v1/sessions"),
            {"model": "demo", "agent_settings": {"enabled_agents": [name]}},
        )
        yield Attempt(
            "POST",
            URL(f"/api/v1/chat/{SESSION}/confirm-tool"),
            {"confirmation_id": name, "approved": True},
        )
        yield Attempt("POST", URL(f"/api/v1/chat/{SESSION}/cancel").with_query(run_id=name), None)
        yield Attempt("GET", URL("/api/v1/sessions").with_query(cursor=name), None)
        if number % EVERY_TENTH == 0:  # a strange id becomes a new one, which is written
            yield Attempt("POST", URL("/api/v1/sessions/import"), file_of(name))


def file_of(session_id: str) -> Json:
    metadata = {"session_id": session_id, "model": "demo", "format_version": "1.4"}
    return {"metadata": metadata, "messages": [{"role": "user", "content": "Hello"}]}


async def test_no_id_or_name_opens_anything_outside_the_folders(tmp_path: Path) -> None:
    folder, log = tmp_path / "inside" / "data", tmp_path / "opened"
    folder.mkdir(parents=True)
    for place in (tmp_path, tmp_path / "inside", folder):
        for name in ("secret.md", "secret.json", "secret"):
            (place / name).write_text(CANARY)
    async with running(folder, "http://127.0.0.1:9", (str(TRACER), str(log)), llm="demo") as (server, api):
        await api.call("POST", "/sessions/import", 201, json=file_of(SESSION))
        before = await asyncio.to_thread(log.read_text)
        assert before
        tried = await try_all(server.url, in_paths(), REFUSALS)
        tried += await try_all(server.url, in_bodies(), REFUSALS | SUCCESSES)
        opened = (await asyncio.to_thread(log.read_text)).removeprefix(before)
    assert tried > 500 * 8
    assert KEPT_INSIDE in opened  # it is heard of, so silence about the rest says something
    assert strangers_in(opened, folder) == []
    for place in (tmp_path, tmp_path / "inside", folder):
        assert {path.name for path in place.iterdir() if path.is_file()} >= {"secret.md", "secret.json", "secret"}
        assert (place / "secret.md").read_text() == CANARY


async def try_all(server: str, attempts: Iterable[Attempt], allowed: set[int]) -> int:
    """How many were made, some at a time."""
    waiting = deque(attempts)
    count = len(waiting)
    async with aiohttp.ClientSession(server) as client, asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_work_off(client, waiting, allowed))
    return count


async def _work_off(client: aiohttp.ClientSession, waiting: deque[Attempt], allowed: set[int]) -> None:
    while waiting:
        method, url, body = waiting.popleft()
        async with client.request(method, url, json=body) as answer:
            text = await answer.text()
        assert CANARY not in text
        assert answer.status in allowed, (method, url, answer.status, text)


def strangers_in(opened: str, folder: Path) -> list[str]:
    """The paths that lie neither in the folder of a store nor are a plain name in an open folder."""
    paths = {str(ast.literal_eval(line)) for line in opened.splitlines()}
    homes = [folder / name for name in ("chat_sessions", "system_prompts", "tools", "agents")]
    return sorted(path for path in paths if not _is_plain(path) and not _is_at_home(Path(path), homes))


def _is_plain(name: str) -> bool:
    return "/" not in name and ".." not in name and "\0" not in name


def _is_at_home(path: Path, homes: list[Path]) -> bool:
    return ".." not in path.parts and any(path == home or home in path.parents for home in homes)
