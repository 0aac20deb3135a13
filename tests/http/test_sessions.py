"""Sessions over HTTP: made, shown, changed and deleted."""

from dataclasses import replace

import pytest

from domain.errors import ModelServerUnreachable
from domain.message import AssistantMessage, UserMessage
from domain.session import ToolSettings
from tests.http.bench import Client, HttpBench, Json, error_of, json_of
from tests.unit.histories import AT, assistant, call, result, session, system, user

SESSIONS = "/api/v1/sessions"
NOW = "2026-01-02T03:04:05.678901Z"
UNKNOWN = "0123456789"


async def test_a_new_session_is_shown_whole_with_its_defaults(client: Client) -> None:
    created = await json_of(await client.post(SESSIONS, json={"model": "llama"}), 201)
    assert created == {
        "session_id": "0000000001",
        "model": "llama",
        "created_at": NOW,
        "updated_at": NOW,
        "message_count": 0,
        "tool_settings": {"tools": [], "execution_policy": "always_confirm", "tool_policies": {}},
        "agent_settings": {"enabled_agents": []},
        "context_window": {
            "dynamic_enabled": True,
            "current_window": None,
            "model_max_context": 4096,
            "last_adjustment_reason": None,
            "manual_override": False,
            "usage_tokens": 0,
            "messages_left_out": 0,
            "reloads": 0,
            "estimate_error": None,
        },
        "summary": None,
        "summary_model": None,
        "messages": [],
        "warnings": [],
    }
    assert await json_of(await client.get(f"{SESSIONS}/0000000001")) == created


async def test_a_session_is_made_with_all_its_settings(client: Client, bench: HttpBench) -> None:
    await bench.keep_prompt("pirate.md", "Talk like a pirate.")
    body = {
        "model": "llama",
        "system_prompt": "ignored",
        "system_prompt_source_file": "pirate.md",
        "tool_settings": {
            "tools": ["weather"],
            "execution_policy": "never_confirm",
            "tool_policies": {"weather": "always_confirm"},
        },
        "agent_settings": {"enabled_agents": ["writer"]},
        "context_window": {"manual_override": True, "current_window": 2048},
    }
    created = await json_of(await client.post(SESSIONS, json=body), 201)
    assert created["tool_settings"] == body["tool_settings"]
    assert created["agent_settings"] == body["agent_settings"]
    assert created["context_window"]["current_window"] == 2048
    assert created["context_window"]["manual_override"] is True
    assert created["messages"] == [
        {
            "role": "system",
            "content": "Talk like a pirate.",
            "message_id": created["messages"][0]["message_id"],
            "timestamp": NOW,
            "source_file": "pirate.md",
        }
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "unknown"}, 404, "MODEL_NOT_FOUND"),
        ({"model": "llama", "tool_settings": {"tools": ["unknown"]}}, 404, "TOOL_NOT_FOUND"),
        ({"model": "llama", "agent_settings": {"enabled_agents": ["unknown"]}}, 404, "AGENT_NOT_FOUND"),
        ({"model": "llama", "system_prompt_source_file": "unknown.md"}, 404, "PROMPT_NOT_FOUND"),
        ({"model": "llama", "system_prompt_source_file": "../x.md"}, 422, "VALIDATION_ERROR"),
        (
            {"model": "llama", "context_window": {"manual_override": True, "current_window": 4097}},
            422,
            "VALIDATION_ERROR",
        ),
        ({"model": "llama", "context_window": {"manual_override": True}}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_what_a_session_names_must_be_there(client: Client, body: Json, status: int, code: str) -> None:
    await error_of(await client.post(SESSIONS, json=body), status, code)
    assert (await json_of(await client.get(SESSIONS)))["sessions"] == []


async def test_a_model_server_that_is_down_is_told_of(client: Client, bench: HttpBench) -> None:
    bench.catalog.error = ModelServerUnreachable("Ollama does not answer.")
    await error_of(await client.post(SESSIONS, json={"model": "llama"}), 502, "OLLAMA_UNREACHABLE")


async def test_every_kind_of_message_is_shown_with_its_fields(client: Client, bench: HttpBench) -> None:
    told = AssistantMessage(
        message_id="00000000c2",
        timestamp=AT,
        content="It rains.\0\u2028",
        model="llama",
        thinking="Hm.",
        eval_count=3,
        prompt_eval_count=5,
        done_reason="length",
    )
    await bench.keep(
        session(
            system(source_file="a.md"),
            UserMessage(message_id="00000000b1", timestamp=AT.replace(microsecond=0), content="Look", images=("aGk=",)),
            assistant("", calls=(call("x"),)),
            result("x"),
            told,
        )
    )
    shown = await json_of(await client.get(f"{SESSIONS}/00000000ff"))
    unsaid = {"eval_count": None, "prompt_eval_count": None, "thinking": None, "done_reason": "stop", "model": "llama"}
    assert shown["messages"] == [
        {
            "role": "system",
            "content": "Be brief.",
            "message_id": "00000000aa",
            "timestamp": NOW,
            "source_file": "a.md",
        },
        {
            "role": "user",
            "content": "Look",
            "message_id": "00000000b1",
            "timestamp": "2026-01-02T03:04:05.000000Z",
            "images": ["aGk="],
        },
        {
            "role": "assistant",
            "content": "",
            "message_id": "00000000c1",
            "timestamp": NOW,
            "tool_calls": [{"id": "x", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}],
            **unsaid,
        },
        {
            "role": "tool",
            "content": "rain",
            "message_id": "00000000d1",
            "timestamp": NOW,
            "tool_name": "weather",
            "tool_call_id": "x",
        },
        {
            "role": "assistant",
            "content": "It rains.\0\u2028",
            "message_id": "00000000c2",
            "timestamp": NOW,
            "model": "llama",
            "eval_count": 3,
            "prompt_eval_count": 5,
            "thinking": "Hm.",
            "tool_calls": [],
            "done_reason": "length",
        },
    ]
    assert shown["context_window"]["usage_tokens"] == 8
    assert await json_of(await client.get(f"{SESSIONS}/00000000ff/messages")) == {"messages": shown["messages"]}


async def test_a_long_history_is_shown_whole(client: Client, bench: HttpBench) -> None:
    await bench.keep(session(*(user(f"{number}", message_id=f"{number:010x}") for number in range(10_000))))
    shown = await json_of(await client.get(f"{SESSIONS}/00000000ff/messages"))
    assert [message["content"] for message in shown["messages"]] == [str(number) for number in range(10_000)]


async def test_lone_surrogates_of_an_old_file_do_not_break_the_answer(client: Client, bench: HttpBench) -> None:
    await bench.keep(session(user("broken \ud800 text")))
    shown = await json_of(await client.get(f"{SESSIONS}/00000000ff"))
    assert shown["messages"][0]["content"] == "broken \ufffd text"


async def test_a_session_goes_on_without_tools_that_are_gone_and_says_so(client: Client, bench: HttpBench) -> None:
    await bench.keep(replace(session(), tool_settings=ToolSettings(tools=("gone", "weather"))))
    shown = await json_of(await client.get(f"{SESSIONS}/00000000ff"))
    assert len(shown["warnings"]) == 1
    assert "gone" in shown["warnings"][0]


async def test_given_settings_replace_the_old_ones_whole_and_others_stay(client: Client, bench: HttpBench) -> None:
    settings = {"tools": ["weather"], "execution_policy": "never_confirm"}
    created = await json_of(await client.post(SESSIONS, json={"model": "llama", "tool_settings": settings}), 201)
    bench.clock.advance(1)
    path = f"{SESSIONS}/{created['session_id']}"
    changed = await json_of(await client.patch(path, json={"tool_settings": {"tool_policies": {"x": "never_confirm"}}}))
    assert changed["tool_settings"] == {
        "tools": [],
        "execution_policy": "always_confirm",
        "tool_policies": {"x": "never_confirm"},
    }
    assert changed["updated_at"] == "2026-01-02T03:04:06.678901Z"
    changed = await json_of(await client.patch(path, json={"model": "small"}))
    assert changed["model"] == "small"
    assert changed["tool_settings"]["tool_policies"] == {"x": "never_confirm"}
    changed = await json_of(
        await client.patch(path, json={"context_window": {"manual_override": True, "current_window": 7}})
    )
    assert changed["context_window"]["last_adjustment_reason"] == "manual_override"
    changed = await json_of(await client.patch(path, json={"context_window": {"manual_override": False}}))
    assert changed["context_window"]["manual_override"] is False


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "unknown"}, 404, "MODEL_NOT_FOUND"),
        ({"tool_settings": {"tools": ["unknown"]}}, 404, "TOOL_NOT_FOUND"),
        ({"agent_settings": {"enabled_agents": ["unknown"]}}, 404, "AGENT_NOT_FOUND"),
        ({"session_id": "0000000002"}, 422, "VALIDATION_ERROR"),
        ({"tool_settings": []}, 422, "VALIDATION_ERROR"),
        ({"context_window": {"manual_override": True, "current_window": 2049}}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(client: Client, body: Json, status: int, code: str) -> None:
    created = await json_of(await client.post(SESSIONS, json={"model": "small"}), 201)
    path = f"{SESSIONS}/{created['session_id']}"
    await error_of(await client.patch(path, json=body), status, code)
    assert await json_of(await client.get(path)) == created


async def test_a_deleted_session_is_gone(client: Client, bench: HttpBench) -> None:
    await bench.keep()
    answer = await client.delete(f"{SESSIONS}/00000000ff")
    assert (answer.status, await answer.read()) == (204, b"")
    await error_of(await client.get(f"{SESSIONS}/00000000ff"), 404, "SESSION_NOT_FOUND")
    await error_of(await client.delete(f"{SESSIONS}/00000000ff"), 404, "SESSION_NOT_FOUND")


async def test_the_status_tells_of_window_settings_and_run(client: Client, bench: HttpBench) -> None:
    body = {
        "model": "llama",
        "tool_settings": {"tools": ["weather"], "execution_policy": "never_confirm"},
        "agent_settings": {"enabled_agents": ["writer"]},
    }
    created = await json_of(await client.post(SESSIONS, json=body), 201)
    path = f"{SESSIONS}/{created['session_id']}"
    expected = {
        "session_id": created["session_id"],
        "model": "llama",
        "message_count": 0,
        "context_window": created["context_window"],
        "tools_enabled": True,
        "active_tools": ["weather"],
        "execution_policy": "never_confirm",
        "agents_enabled": True,
        "enabled_agents": ["writer"],
        "system_prompt_file": None,
        "summary": None,
        "summary_model": None,
        "run": None,
    }
    assert await json_of(await client.get(f"{path}/status")) == expected
    handle = await bench.begin_run(created["session_id"])
    at_work = (await json_of(await client.get(f"{path}/status")))["run"]
    assert at_work == {
        "run_id": handle.run.run_id,
        "session_id": created["session_id"],
        "status": "running",
        "created_at": NOW,
        "started_at": NOW,
        "ended_at": None,
        "eval_count": None,
        "prompt_eval_count": None,
        "error": None,
        "confirmations": [],
    }
    await bench.supervisor.stop()
