"""Agents of a real folder, played by a model on the wire, with a person on the other end of a socket."""

import asyncio
import signal
from pathlib import Path

import orjson

from domain.json_value import JsonObject
from tests.doubles.ollama_server.script import Piece, Reply, Silence, saying, tool_call
from tests.doubles.ollama_server.server import OllamaServer
from tests.end_to_end.api import Api, Event, Json, names_of
from tests.end_to_end.servers import running, served

MODEL = "tiny-tools"
TOOLS = '''
def stir(text: str) -> str:
    """Stir what is in the pot.

    Args:
        text: What to stir.
    """
    return f"stirred {text}"
'''
SKILL = "---\ndescription: It cooks.\n---\nYou cook."


def agent_in(folder: Path, name: str = "cook", skill: str = SKILL, tools: str = TOOLS) -> Path:
    agent = folder / "agents" / name
    agent.mkdir(parents=True)
    (agent / "SKILL.md").write_text(skill)
    (agent / "__init__.py").write_text(tools)
    return agent


def calling(name: str, arguments: JsonObject, call_id: str = "call_0") -> Reply:
    return Reply([Piece(tool_calls=[tool_call(name, arguments, call_id)])])


def delegating(**more: str) -> Reply:
    return calling("agent", {"agent": "cook", "instruction": "Cook soup.", **more}, "call_d")


SOUP = (delegating(), saying("Water."), calling("stir", {"text": "soup"}), saying("It is ready."), saying("Enjoy!"))


async def session_with_agents(api: Api, policy: str = "never_confirm", **policies: str) -> str:
    return await api.new_session(
        MODEL,
        tool_settings={"tools": [], "execution_policy": policy, "tool_policies": policies},
        agent_settings={"enabled_agents": ["cook"]},
    )


async def chats(api: Api) -> list[Json]:
    listed: list[Json] = (await api.call("GET", "/agents/chats"))["sessions"]
    return listed


async def test_agents_are_listed_shown_and_loaded_anew(tmp_path: Path, ollama_server: OllamaServer) -> None:
    agent_in(tmp_path)
    broken = agent_in(tmp_path, "burnt", tools="def f(:\n")
    agent_in(tmp_path, "mute", skill="Say nothing.")
    async with served(tmp_path, ollama_server.url) as api:
        agents = (await api.call("GET", "/agents"))["agents"]
        assert list(agents) == ["burnt", "cook", "mute"]
        assert agents["cook"] == {
            "name": "cook",
            "description": "It cooks.",
            "model": None,
            "valid": True,
            "error_message": None,
            "tool_count": 1,
            "tools": ["stir"],
        }
        assert [agents[name]["valid"] for name in ("burnt", "mute")] == [False, False]
        assert "line 1" in agents["burnt"]["error_message"]
        assert "---" in agents["mute"]["error_message"]
        assert await api.call("GET", "/agents/agent/mute") == agents["mute"]
        await api.error("GET", "/agents/agent/nobody", 404, "AGENT_NOT_FOUND")
        body = {"model": MODEL, "agent_settings": {"enabled_agents": ["nobody"]}}
        await api.error("POST", "/sessions", 404, "AGENT_NOT_FOUND", json=body)
        body = {"model": MODEL, "agent_settings": {"enabled_agents": ["burnt"]}}
        await api.error("POST", "/sessions", 422, "AGENT_INVALID", json=body)

        (broken / "__init__.py").write_text(TOOLS)
        reloaded = await api.call("POST", "/agents/reload")

        assert (reloaded["success"], reloaded["agents_count"]) == (False, 2)
        assert "mute" in reloaded["message"]
        assert (await api.call("GET", "/agents/agent/burnt"))["valid"]


async def test_a_delegation_from_the_question_to_the_last_word(tmp_path: Path, ollama_server: OllamaServer) -> None:
    agent_in(tmp_path)
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_agents(api)
        prompt = await api.call("GET", f"/sessions/{session_id}/prompt")
        assert [tool["function"]["name"] for tool in prompt["tools"]] == ["agent"]
        status = await api.call("GET", f"/sessions/{session_id}/status")
        assert (status["agents_enabled"], status["enabled_agents"]) == (True, ["cook"])
        ollama_server.answer_next(*SOUP)
        async with api.stream(session_id, "Soup, please.") as events:
            told = await events.rest()

        [listed] = await chats(api)
        agent_session = listed["session_id"]
        start, complete = named(told, "agent_start"), named(told, "agent_complete")
        assert start.data == {"agent_name": "cook", "instruction": "Cook soup.", "session_id": agent_session}
        assert complete.data["session_id"] == agent_session
        assert complete.data["output"].startswith(f"Session ID: {agent_session}\n")
        assert named(told, "agent_planning").data == {"agent_name": "cook", "content": "Water."}
        assert named(told, "agent_tool_call").data == {
            "agent_name": "cook",
            "tool_name": "stir",
            "arguments": {"text": "soup"},
        }
        assert named(told, "agent_tool_result").data == {
            "agent_name": "cook",
            "tool_name": "stir",
            "success": True,
            "result": "stirred soup",
            "error_message": None,
        }
        assert "tool_result" not in names_of(told)
        assert (listed["agent_name"], listed["message_count"]) == ("cook", 6)
        chat = await api.call("GET", f"/agents/chats/{agent_session}")
        assert [message["role"] for message in chat["messages"]] == [
            "system", "user", "assistant", "assistant", "tool", "assistant",
        ]  # fmt: skip
        file = orjson.loads((tmp_path / "agents" / "agent_chats" / f"{agent_session}.json").read_bytes())
        assert (file["metadata"]["agent_name"], file["metadata"]["format_version"]) == ("cook", "1.4")
        await api.error("GET", f"/sessions/{agent_session}", 404, "SESSION_NOT_FOUND")
        await api.error("GET", f"/agents/chats/{session_id}", 404, "SESSION_NOT_FOUND")
        executions = (await api.call("GET", "/tools/executions"))["executions"]
        assert [execution["tool_name"] for execution in executions] == ["cook.stir"]


async def test_the_non_streaming_answer_tells_what_ran(tmp_path: Path, ollama_server: OllamaServer) -> None:
    agent_in(tmp_path)
    async with served(tmp_path, ollama_server.url) as api:
        session_id = await session_with_agents(api)
        ollama_server.answer_next(*SOUP)

        answer = await api.call("POST", f"/chat/{session_id}", json={"message": "Soup, please."})

        assert answer["message"]["content"] == "Enjoy!"
        assert [each["tool_name"] for each in answer["tool_calls_executed"]] == ["cook.stir", "agent"]


async def test_consent_for_an_agents_tool_outlives_the_server(tmp_path: Path, ollama_server: OllamaServer) -> None:
    agent_in(tmp_path)
    async with running(tmp_path, ollama_server.url) as (server, api):
        session_id = await session_with_agents(api, "always_confirm")
        ollama_server.answer_next(*SOUP[:3])
        async with api.stream(session_id, "Soup!", on_disconnect="continue") as events:
            asked = (await events.until("tool_call_confirmation_required"))[-1]
        assert (asked.data["agent_name"], asked.data["tool_name"]) == ("cook", "stir")
        assert await server.end(signal.SIGKILL)
    async with running(tmp_path, ollama_server.url) as (_, api):
        [run] = await api.runs(session_id)
        assert run["status"] == "awaiting_confirmation"
        assert [each["agent_name"] for each in run["confirmations"]] == ["cook"]
        ollama_server.answer_next(*SOUP[3:])
        async with api.join(session_id) as events:
            await api.call(
                "POST",
                f"/chat/{session_id}/confirm-tool",
                json={"confirmation_id": asked.data["confirmation_id"], "approved": True},
            )
            told = names_of(await events.rest())
        assert told[-3:] == ["content_delta", "message_complete", "done"]
        assert "agent_complete" in told
        [listed] = await chats(api)
        assert listed["message_count"] == 6


async def test_a_server_that_is_killed_leaves_the_agents_text_and_whole_histories(
    tmp_path: Path, ollama_server: OllamaServer
) -> None:
    agent_in(tmp_path)
    async with running(tmp_path, ollama_server.url) as (server, api):
        session_id = await session_with_agents(api)
        hanging = Reply([Piece("I beg"), Piece("in"), Silence()])
        ollama_server.answer_next(delegating(), saying("Water."), hanging)
        async with api.stream(session_id, "Soup!") as events:
            await events.until("agent_execution")
            await events.until("agent_execution")
            await asyncio.sleep(1.2)
            assert await server.end(signal.SIGKILL)
    async with running(tmp_path, ollama_server.url) as (_, api):
        [run] = await api.runs(session_id)
        assert run["status"] == "interrupted"
        [listed] = await chats(api)
        chat = await api.call("GET", f"/agents/chats/{listed['session_id']}")
        assert (chat["messages"][-1]["content"], chat["messages"][-1]["done_reason"]) == ("I begin", "interrupted")
        session = await api.call("GET", f"/sessions/{session_id}")
        assert [message["role"] for message in session["messages"]] == ["user", "assistant", "tool"]
        ollama_server.answer_next(
            delegating(session_id=listed["session_id"]), saying("p"), saying("q"), saying("r"), saying("Enjoy!")
        )
        answer = await api.call("POST", f"/chat/{session_id}", json={"message": "Go on."})
        assert answer["message"]["content"] == "Enjoy!"


def named(events: list[Event], name: str) -> Event:
    return next(event for event in events if event.name == name)
