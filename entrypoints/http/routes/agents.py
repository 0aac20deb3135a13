"""Agents: what there is, and the sessions that they work in (contract, section 7)."""

from collections.abc import Mapping

from aiohttp import web

from domain.agent import Agent
from entrypoints.http import rendering
from entrypoints.http.answers import json_answer, rendered_answer
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.rendering import Rendered
from entrypoints.http.requests import path_text, session_id_of, use_cases
from entrypoints.http.routes.sessions import READING_ERRORS, list_answer
from entrypoints.http.schemas.agents import Agent as AgentModel
from entrypoints.http.schemas.agents import AgentChat, AgentChatList, AgentList, ReloadedAgents
from entrypoints.http.schemas.sessions import ListQuery

_TAG = "agents"
_PATH = "/api/v1/agents"

agent_name_of = path_text("agent_name")


async def list_agents(request: web.Request) -> web.Response:
    agents = await use_cases(request).list_agents()
    return json_answer({"agents": {name: _agent(agent) for name, agent in agents.items()}})


async def get_agent(request: web.Request) -> web.Response:
    return json_answer(_agent(await use_cases(request).get_agent(agent_name_of(request))))


async def reload_agents(request: web.Request) -> web.Response:
    agents = await use_cases(request).reload_agents()
    usable = sum(agent.is_valid for agent in agents.values())
    return json_answer({"success": usable == len(agents), "agents_count": usable, "message": _summary(agents)})


async def list_agent_chats(request: web.Request) -> web.Response:
    return await list_answer(request, use_cases(request).list_agent_chats, rendering.agent_chat_overview)


async def get_agent_chat(request: web.Request) -> web.Response:
    view = await use_cases(request).get_agent_chat(session_id_of(request))
    return await rendered_answer(lambda: rendering.agent_chat(view), rendering.characters_of(view.session.messages))


def _agent(agent: Agent) -> Rendered:
    return {
        "name": agent.name,
        "description": agent.description,
        "model": agent.model,
        "valid": agent.is_valid,
        "error_message": agent.error_message,
        "tool_count": len(agent.tools),
        "tools": list(agent.tools),
    }


def _summary(agents: Mapping[str, Agent]) -> str:
    usable = sum(agent.is_valid for agent in agents.values())
    loaded = "1 agent can be used." if usable == 1 else f"{usable} agents can be used."
    broken = [f"{name}: {agent.error_message}" for name, agent in agents.items() if not agent.is_valid]
    return " ".join([loaded, *(["Not all can:", "; ".join(broken)] if broken else [])])


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=list_agents,
        tag=_TAG,
        summary="List the agents",
        description="Those of the agents folder, also such as cannot be used, with the reason.",
        answers=(json_answer_of(AgentList, "The agents, by name, those that cannot be used with the reason."),),
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/agent/{{agent_name}}",
        handler=get_agent,
        tag=_TAG,
        summary="Show an agent",
        description="What it is for, the tools it has, and whether it can be used.",
        answers=(json_answer_of(AgentModel, "The agent."),),
        errors=("AGENT_NOT_FOUND",),
    ),
    Operation(
        method="POST",
        path=f"{_PATH}/reload",
        handler=reload_agents,
        tag=_TAG,
        summary="Load all agents anew",
        description="Edited tools count from the next call. An edited `SKILL.md` does so without it.",
        answers=(json_answer_of(ReloadedAgents, "What can be used now."),),
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/chats",
        handler=list_agent_chats,
        tag=_TAG,
        summary="List the sessions of agents",
        description="Newest `updated_at` first: all of them, or pages by `limit` and `cursor`.",
        query=ListQuery,
        answers=(json_answer_of(AgentChatList, "The sessions, without their messages."),),
        errors=("STORAGE_ERROR",),
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/chats/{{session_id}}",
        handler=get_agent_chat,
        tag=_TAG,
        summary="Show a session of an agent",
        description="What was asked of it, what it planned and did, and its settings.",
        answers=(json_answer_of(AgentChat, "The session and its messages."),),
        errors=READING_ERRORS,
    ),
)
