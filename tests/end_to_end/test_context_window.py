"""The context window over the wire: what Ollama is asked for, how often it loads a model anew, what it is spared."""

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.doubles.ollama_server.flavour import VERSIONS
from tests.doubles.ollama_server.models import InstalledModel
from tests.doubles.ollama_server.prompt import CHARACTERS_A_TOKEN
from tests.doubles.ollama_server.script import Gate, Piece, Refusal, Reply, Tokens
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Json
from tests.end_to_end.servers import served

MODELS = (
    InstalledModel("wide:latest", trained_window=131_072),
    InstalledModel("narrow:latest", trained_window=2_048),
)
NARROW_LIMIT = 1_843
ANSWER = Reply([Tokens(200, content=" tok")])
"""200 tokens, also when they come back in the prompt."""

SETTINGS: Json = {"storage": "memory", "summarization_enabled": False}


@pytest.fixture(params=VERSIONS)
async def ollama(request: pytest.FixtureRequest) -> AsyncIterator[OllamaServer]:
    async with OllamaServer(request.param, MODELS) as server:
        server.answer_always(ANSWER)
        yield server


@pytest.fixture
async def api(tmp_path: Path, ollama: OllamaServer) -> AsyncIterator[Api]:
    async with served(tmp_path, ollama.url, **SETTINGS) as api:
        yield api


def text(tokens: int) -> str:
    return ("word" * tokens)[: tokens * CHARACTERS_A_TOKEN]


def sent(server: OllamaServer) -> list[Json]:
    """The bodies of the chats that Ollama was asked for."""
    return list(server.chats)


def windows(server: OllamaServer) -> list[Json]:
    return [chat.get("options", {}).get("num_ctx") for chat in sent(server)]


def changes(server: OllamaServer) -> int:
    return sum(before != after for before, after in pairwise(windows(server)))


async def window_of(api: Api, session_id: str) -> Json:
    return (await api.call("GET", f"/sessions/{session_id}/status"))["context_window"]


async def test_sixty_turns_change_the_window_four_times(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("wide")

    uses = [(await api.answer(session_id, text(400)))["context_window"] for _ in range(60)]

    assert changes(ollama) <= 4
    assert list(dict.fromkeys(windows(ollama))) == [8_192, 16_384, 32_768, 65_536, 117_964]
    assert all(use["messages_left_out"] == 0 for use in uses)
    assert [use["reason"] for use in uses].count("usage_threshold") == 4
    status = await window_of(api, session_id)
    assert status["usage_tokens"] == uses[-1]["usage_tokens"] > 36_000
    assert status["reloads"] == ollama.loaded.reloads["wide:latest"] - 1 == 4
    assert status["estimate_error"] < 0.05


async def test_two_sessions_turn_about_share_the_loaded_window(api: Api, ollama: OllamaServer) -> None:
    long, short = await api.new_session("wide"), await api.new_session("WIDE:latest")
    for turn in range(20):
        await api.answer(long, text(900))
        await api.answer(short, text(5 + turn))

    assert changes(ollama) <= 3
    assert ollama.loaded.reloads["wide:latest"] <= 4
    assert (await window_of(api, short))["current_window"] == (await window_of(api, long))["current_window"]


async def test_a_window_loaded_by_another_client_is_taken_as_it_is(api: Api, ollama: OllamaServer) -> None:
    ollama.loaded.load(MODELS[0], {"num_ctx": 20_000})
    session_id = await api.new_session("wide")

    for _ in range(3):
        await api.answer(session_id, text(1_000))

    assert windows(ollama) == [20_000] * 3
    assert ollama.loaded.reloads == {"wide:latest": 1}


@pytest.mark.parametrize("loaded", [4_096, 120_000])
async def test_a_loaded_window_that_is_too_small_or_beyond_the_safe_limit_is_not(
    api: Api, ollama: OllamaServer, loaded: int, caplog: pytest.LogCaptureFixture
) -> None:
    ollama.loaded.load(MODELS[0], {"num_ctx": loaded})
    session_id = await api.new_session("wide")

    with caplog.at_level(logging.INFO, "application.runs.window_experience"):
        await api.answer(session_id)

    assert windows(ollama) == [8_192]
    assert (await window_of(api, session_id))["reloads"] == 1
    [line] = [record.getMessage() for record in caplog.records if "loaded anew" in record.getMessage()]
    assert f"from {loaded} to 8192 tokens" in line


async def test_concurrent_sessions_with_different_needs_do_not_take_turns_in_reloading(
    api: Api, ollama: OllamaServer
) -> None:
    small, large = await api.new_session("wide"), await api.new_session("wide")
    gate = Gate()
    ollama.answer_next(Reply([gate, Piece("late")]))
    first = asyncio.create_task(api.answer(small))
    await gate.reached.wait()
    await api.answer(large, text(10_000))
    others = [await api.new_session("wide") for _ in range(4)]
    await asyncio.gather(*(api.answer(session_id) for session_id in others))
    gate.opened.set()
    await first
    await api.answer(small)

    assert windows(ollama) == [8_192, *[32_768] * 6]
    assert ollama.loaded.reloads == {"wide:latest": 2}


async def test_what_does_not_fit_is_left_out_in_the_open_and_kept(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow", system_prompt="Be brief.")

    uses = [(await api.answer(session_id, f"{turn} {text(100)}"))["context_window"] for turn in range(12)]

    last = [message["content"] for message in sent(ollama)[-1]["messages"]]
    assert last[0] == "Be brief."
    assert last[-1].startswith("11 ")
    assert set(windows(ollama)) == {NARROW_LIMIT}
    assert len(ollama.chats) == 12
    assert uses[-1]["reason"] == "history_trimmed"
    assert uses[-1]["messages_left_out"] == 24 - len(last) > 0
    assert all(use["usage_tokens"] <= NARROW_LIMIT for use in uses)
    assert len(await api.messages(session_id)) == 25
    status = await window_of(api, session_id)
    assert status["last_adjustment_reason"] == "history_trimmed"
    assert status["messages_left_out"] == uses[-1]["messages_left_out"]


async def test_the_prompt_is_shown_as_it_is_then_sent(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow", system_prompt="Be brief.")
    for turn in range(9):
        await api.answer(session_id, f"{turn} {text(100)}")
    shown = await api.call("GET", f"/sessions/{session_id}/prompt")

    await api.answer(session_id, None)

    request = sent(ollama)[-1]
    assert set(shown) == {
        "model",
        "messages",
        "tools",
        "num_ctx",
        "estimated_tokens",
        "messages_left_out",
        "fits",
    }
    assert shown["messages"] == request["messages"]
    assert (shown["model"], shown["tools"], shown["fits"]) == ("narrow", [], True)
    assert shown["num_ctx"] == request["options"]["num_ctx"] == NARROW_LIMIT
    assert shown["messages_left_out"] == 19 - len(shown["messages"]) > 0
    assert shown["estimated_tokens"] == pytest.approx(ollama.generations[-1].prompt_tokens, rel=0.1)


async def test_a_refusal_leads_to_a_larger_window(api: Api, ollama: OllamaServer) -> None:
    """Text of one character a token, which nobody can foresee."""
    session_id = await api.new_session("wide")
    ollama.answer_next(_refusal(ollama, 9_000, 8_192), ANSWER)

    answer = await api.answer(session_id, "a" * 9_000)

    assert windows(ollama)[0] == 8_192
    assert windows(ollama)[1] >= 16_384
    assert len(ollama.chats) == 2
    assert answer["context_window"]["messages_left_out"] == 0
    assert answer["context_window"]["current_window"] == windows(ollama)[1]


async def test_a_refusal_at_the_limit_leads_to_a_shorter_history(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow")
    for turn in range(4):
        await api.answer(session_id, f"{turn} {text(100)}")
    ollama.answer_next(_refusal(ollama, 2_500, NARROW_LIMIT), ANSWER)

    answer = await api.answer(session_id, "again")

    assert len(ollama.chats) == 6
    before, after = (len(chat["messages"]) for chat in sent(ollama)[-2:])
    assert after < before
    assert answer["context_window"]["reason"] == "history_trimmed"
    assert answer["context_window"]["messages_left_out"] == before - after


async def test_two_refusals_are_an_overflow_and_the_message_stays(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow")
    await api.answer(session_id, text(100))
    ollama.answer_next(*[_refusal(ollama, 4_000, NARROW_LIMIT)] * 3)

    details = await api.error("POST", f"/chat/{session_id}", 422, "CONTEXT_OVERFLOW", json={"message": "again"})

    assert details["run_id"]
    assert len(ollama.chats) == 3
    assert (await api.last_message(session_id))["content"] == "again"


async def test_a_message_that_only_ollama_finds_too_long_is_an_error_of_the_run(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow")

    async with api.stream(session_id, "abcd" * 2_000) as stream:
        events = await stream.rest()

    assert [event.name for event in events] == ["run_start", "error", "done"]
    assert events[1].data["code"] == "CONTEXT_OVERFLOW"
    assert len(ollama.chats) == 1
    assert len(await api.messages(session_id)) == 1


async def test_a_message_that_is_surely_too_long_is_refused_before_it_is_stored(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow")

    for path in (f"/chat/{session_id}", f"/chat/{session_id}/stream"):
        details = await api.error("POST", path, 422, "CONTEXT_OVERFLOW", json={"message": "word " * 1_844})
        assert details["limit"] == NARROW_LIMIT

    assert not ollama.chats
    assert not await api.messages(session_id)
    assert not await api.runs(session_id)
    await api.error("POST", f"/chat/{session_id}", 422, "CONTEXT_OVERFLOW", json={"message": "x" * 100_000})


async def test_a_fixed_window_is_kept_above_the_safe_limit_too(api: Api, ollama: OllamaServer) -> None:
    session_id = await api.new_session("narrow", context_window={"manual_override": True, "current_window": 2_048})

    uses = [(await api.answer(session_id, text(100)))["context_window"] for _ in range(8)]

    assert windows(ollama) == [2_048] * 8
    assert [use["reason"] for use in uses] == ["manual_override"] * 6 + ["history_trimmed"] * 2
    await api.call("PATCH", f"/sessions/{session_id}", json={"context_window": {"manual_override": False}})
    assert (await api.answer(session_id))["context_window"]["current_window"] == NARROW_LIMIT


async def test_another_model_has_another_window(api: Api) -> None:
    session_id = await api.new_session("wide")
    await api.answer(session_id, text(3_000))
    await api.call("PATCH", f"/sessions/{session_id}", json={"model": "narrow"})

    use = (await api.answer(session_id, "short"))["context_window"]
    await api.call("PATCH", f"/sessions/{session_id}", json={"model": "wide"})
    back = (await api.answer(session_id, "short"))["context_window"]

    assert (use["reason"], use["current_window"]) == ("history_trimmed", NARROW_LIMIT)
    assert (back["reason"], back["current_window"], back["messages_left_out"]) == ("model_change", 8_192, 0)


async def test_without_dynamic_windows_nothing_is_asked_for_and_nothing_left_out(
    tmp_path: Path, ollama: OllamaServer
) -> None:
    async with served(tmp_path, ollama.url, dynamic_context_window_enabled=False, **SETTINGS) as api:
        session_id = await api.new_session("narrow")
        uses = [(await api.answer(session_id, text(300)))["context_window"] for _ in range(4)]
        shown = await api.call("GET", f"/sessions/{session_id}/prompt")
        await api.error("POST", f"/chat/{session_id}", 502, "OLLAMA_ERROR", json={"message": text(300)})

    assert all("options" not in chat for chat in ollama.chats)
    assert len(sent(ollama)[-1]["messages"]) == 9
    assert [use["current_window"] for use in uses] == [None] * 4
    assert (uses[-1]["reason"], uses[-1]["messages_left_out"]) == ("no_adjustment", 0)
    assert (shown["num_ctx"], shown["messages_left_out"]) == (None, 0)
    assert not [request for request in ollama.requests if request.path == "/api/ps"]


@pytest.mark.parametrize("fault", ["silent", "broken"])
async def test_a_turn_does_not_depend_on_the_look_at_what_is_loaded(api: Api, ollama: OllamaServer, fault: str) -> None:
    if fault == "silent":
        ollama.hang("/api/ps")
    else:
        ollama.refuse("/api/ps", Refusal(500, {"error": "no"}))
    session_id = await api.new_session("wide")

    async with asyncio.timeout(3.5):
        answers = [await api.answer(session_id) for _ in range(2)]

    assert [answer["context_window"]["current_window"] for answer in answers] == [8_192] * 2


def _refusal(server: OllamaServer, tokens: int, window: int) -> Refusal:
    return server.flavour.too_long(tokens, window)
