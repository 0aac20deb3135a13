"""Messages edited, system prompts set, sessions forked, exported and imported over HTTP."""

import orjson
import pytest
from yarl import URL

from domain.errors import SessionCorrupt
from domain.session import Session
from tests.http.bench import Client, HttpBench, Json, error_of, json_of
from tests.unit.histories import assistant, call, result, session, system, user

SESSION = "/api/v1/sessions/00000000ff"
IMPORT = "/api/v1/sessions/import"


@pytest.fixture
async def kept(bench: HttpBench) -> Session:
    """System prompt, question, answer with a call, its result, an answer."""
    return await bench.keep(
        session(
            system(),
            user("Weather?"),
            assistant("", calls=(call("x"),)),
            result("x"),
            assistant("It rains.", message_id="00000000c2"),
        )
    )


async def test_an_edit_drops_what_follows(client: Client, kept: Session) -> None:
    edited = await json_of(await client.put(f"{SESSION}/messages/1", json={"content": "And?"}))
    assert [message["content"] for message in edited["messages"]] == ["Be brief.", "And?"]
    assert edited["messages"][1]["message_id"] == kept.messages[1].message_id
    assert await json_of(await client.get(f"{SESSION}/messages")) == edited


@pytest.mark.parametrize(
    "index", ["0", "2", "3", "5", "-1", "99999999999", "1" * 5000, "1.0", "x", "%20", "%00", "%D9%A1", "+1", "1_0"]
)
@pytest.mark.usefixtures("kept")
async def test_only_the_place_of_a_user_message_can_be_edited(client: Client, index: str) -> None:
    before = await json_of(await client.get(f"{SESSION}/messages"))
    answer = await client.put(URL(f"{SESSION}/messages/{index}", encoded=True), json={"content": "x"})
    await error_of(answer, 400, "INVALID_MESSAGE_INDEX")
    assert await json_of(await client.get(f"{SESSION}/messages")) == before


@pytest.mark.usefixtures("kept")
async def test_an_edit_needs_a_text(client: Client) -> None:
    for body in ({}, {"content": None}, {"content": 1}, {"content": ""}):
        details = await error_of(await client.put(f"{SESSION}/messages/1", json=body), 422, "VALIDATION_ERROR")
        assert details["errors"][0]["field"] == "content"


async def test_a_system_prompt_is_set_replaced_and_removed(client: Client, bench: HttpBench) -> None:
    await bench.keep()
    await bench.keep_prompt("pirate.md", "Arr.")
    path = f"{SESSION}/system-prompt"
    given = await json_of(await client.put(path, json={"content": "Be kind."}))
    assert given == {"content": "Be kind.", "source_file": None, "message_index": 0}
    given = await json_of(await client.put(path, json={"content": "x", "source_file": "pirate.md"}))
    assert given == {"content": "Arr.", "source_file": "pirate.md", "message_index": 0}
    assert (await json_of(await client.get(f"{SESSION}/status")))["system_prompt_file"] == "pirate.md"
    shown = (await json_of(await client.get(f"{SESSION}/messages")))["messages"]
    assert [message["content"] for message in shown] == ["Arr.", "Hello"]
    for _ in range(2):
        answer = await client.delete(path)
        assert (answer.status, await answer.read()) == (204, b"")
    shown = (await json_of(await client.get(f"{SESSION}/messages")))["messages"]
    assert [message["content"] for message in shown] == ["Hello"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "VALIDATION_ERROR"),
        ({"content": None, "source_file": None}, 422, "VALIDATION_ERROR"),
        ({"content": " "}, 422, "VALIDATION_ERROR"),
        ({"source_file": "unknown.md"}, 404, "PROMPT_NOT_FOUND"),
        ({"source_file": "../../etc/passwd"}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_a_system_prompt_needs_a_text(
    client: Client, bench: HttpBench, body: Json, status: int, code: str
) -> None:
    kept = await bench.keep()
    await error_of(await client.put(f"{SESSION}/system-prompt", json=body), status, code)
    assert await bench.sessions.load(kept.session_id) == kept


@pytest.mark.parametrize("body", [None, {}, {"message_index": None}])
@pytest.mark.usefixtures("kept")
async def test_a_fork_takes_the_whole_history_along(client: Client, body: Json) -> None:
    origin = await json_of(await client.get(SESSION))
    fork = await json_of(await client.post(f"{SESSION}/fork", json=body), 201)
    assert fork["session_id"] != origin["session_id"]
    assert fork["messages"] == origin["messages"]
    assert await json_of(await client.get(f"/api/v1/sessions/{fork['session_id']}")) == fork
    assert await json_of(await client.get(SESSION)) == origin


@pytest.mark.usefixtures("kept")
async def test_a_fork_ends_with_the_message_that_is_asked_for(client: Client) -> None:
    fork = await json_of(await client.post(f"{SESSION}/fork", json={"message_index": 1}), 201)
    assert [message["role"] for message in fork["messages"]] == ["system", "user"]


@pytest.mark.parametrize(("index", "status"), [(2, 400), (5, 400), (-1, 400), ("1", 422), (True, 422), (1.5, 422)])
@pytest.mark.usefixtures("kept")
async def test_a_fork_parts_no_call_from_its_result(client: Client, index: object, status: int) -> None:
    answer = await client.post(f"{SESSION}/fork", json={"message_index": index})
    await error_of(answer, status, "INVALID_MESSAGE_INDEX" if status == 400 else "VALIDATION_ERROR")
    assert len((await json_of(await client.get("/api/v1/sessions")))["sessions"]) == 1


async def test_a_busy_session_is_left_alone(client: Client, bench: HttpBench) -> None:
    await bench.keep()
    handle = await bench.begin_run("00000000ff")
    for method, path, body in (
        ("PUT", "/messages/0", {"content": "x"}),
        ("PUT", "/system-prompt", {"content": "x"}),
        ("DELETE", "/system-prompt", None),
        ("POST", "/fork", {}),
    ):
        answer = await client.request(method, SESSION + path, json=body)
        assert (await error_of(answer, 409, "SESSION_BUSY"))["run_id"] == handle.run.run_id
    assert (await client.delete(SESSION)).status == 204
    assert bench.supervisor.all_runs() == []


@pytest.mark.usefixtures("kept")
async def test_an_exported_session_comes_back_as_another(client: Client) -> None:
    exported = await client.get(f"{SESSION}/export")
    assert exported.status == 200
    assert exported.content_type == "application/json"
    assert exported.headers["Content-Disposition"] == 'attachment; filename="00000000ff.json"'
    file = await exported.read()
    origin = await json_of(await client.get(SESSION))
    answer = await client.post(IMPORT, data=file, headers={"Content-Type": "application/json"})
    taken = await json_of(answer, 201)
    assert taken["session_id"] != origin["session_id"]
    assert taken["messages"] == origin["messages"]
    await client.delete(SESSION)
    answer = await client.post(IMPORT, data=file, headers={"Content-Type": "application/json"})
    assert await json_of(answer, 201) == origin


async def test_what_is_unknown_in_a_file_survives(client: Client) -> None:
    file = {
        "metadata": {"session_id": "00000000ee", "model": "gone", "theme": {"dark": True}, "format_version": "1.4"},
        "messages": [{"role": "user", "content": "Hi", "stars": 5}],
    }
    await json_of(await client.post(IMPORT, json=file), 201)
    exported = orjson.loads(await (await client.get("/api/v1/sessions/00000000ee/export?format=json")).read())
    assert exported["metadata"]["theme"] == {"dark": True}
    assert exported["messages"][0]["stars"] == 5


@pytest.mark.parametrize(
    "file",
    [
        {},
        {"metadata": {}},
        {"metadata": [], "messages": []},
        {"metadata": {}, "messages": {}},
        {"metadata": {"session_id": "00000000ee", "model": "llama"}, "messages": [1]},
        {"metadata": {"session_id": "00000000ee", "model": 1}, "messages": []},
        {"metadata": {"session_id": "00000000ee", "model": "llama"}, "messages": [{"role": "wizard", "content": ""}]},
    ],
)
async def test_what_is_no_session_file_is_refused(client: Client, file: Json) -> None:
    await error_of(await client.post(IMPORT, json=file), 422, "VALIDATION_ERROR")
    assert (await json_of(await client.get("/api/v1/sessions")))["sessions"] == []


@pytest.mark.usefixtures("kept")
async def test_markdown_is_for_people(client: Client) -> None:
    answer = await client.get(f"{SESSION}/export?format=markdown")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "It rains." in await answer.text()
    await error_of(await client.get(f"{SESSION}/export?format=pdf"), 422, "VALIDATION_ERROR")


async def test_a_corrupt_session_is_told_of(client: Client, bench: HttpBench) -> None:
    async def corrupt(session_id: str) -> Session:
        raise SessionCorrupt(session_id, "it is not valid JSON")

    bench.sessions.load = corrupt  # type: ignore[method-assign]  # memory cannot be corrupt by itself
    for path in (SESSION, f"{SESSION}/messages", f"{SESSION}/status", f"{SESSION}/export"):
        details = await error_of(await client.get(path), 500, "SESSION_CORRUPT")
        assert details["session_id"] == "00000000ff"
