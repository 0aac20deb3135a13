"""Tools: what there is, what they did, and a person's answers about their calls (contract, section 6)."""

from aiohttp import web

from application.runs.tool_executions import ToolExecution
from domain.tool import Tool, ToolInventory
from entrypoints.http.answers import json_answer
from entrypoints.http.operations import Operation, json_answer_of
from entrypoints.http.rendering import Rendered, timestamp
from entrypoints.http.requests import body_of, path_text, session_id_of, use_cases
from entrypoints.http.schemas.tools import (
    ConfirmationBody,
    ConfirmedTool,
    ExecutionReport,
    ReloadedTools,
    ToolList,
)
from entrypoints.http.schemas.tools import Tool as ToolModel

_TAG = "tools"

tool_name_of = path_text("tool_name")


async def list_tools(request: web.Request) -> web.Response:
    inventory = await use_cases(request).list_tools()
    return json_answer(
        {
            "tools": {name: _tool(tool) for name, tool in inventory.tools.items()},
            "errors": [{"source": each.source, "error": each.error} for each in inventory.errors],
        }
    )


async def get_tool(request: web.Request) -> web.Response:
    return json_answer(_tool(await use_cases(request).get_tool(tool_name_of(request))))


async def reload_tools(request: web.Request) -> web.Response:
    inventory = await use_cases(request).reload_tools()
    return json_answer(
        {
            "success": not inventory.errors,
            "tools_count": len(inventory.tools),
            "message": _summary(inventory),
        }
    )


async def report_executions(request: web.Request) -> web.Response:
    report = await use_cases(request).report_executions()
    return json_answer(
        {
            "executions": [_execution(execution) for execution in report.executions],
            "statistics": {
                name: {"calls": each.calls, "failures": each.failures, "average_time": each.average_time}
                for name, each in report.statistics.items()
            },
        }
    )


async def confirm_tool(request: web.Request) -> web.Response:
    body = body_of(request, ConfirmationBody)
    confirmation = await use_cases(request).confirm_tool(session_id_of(request), body.confirmation_id, body.to_domain())
    words = "The tool is called." if body.approved else "The call is denied, and the model is told so."
    return json_answer({"success": True, "tool_name": confirmation.tool_name, "message": words})


def _tool(tool: Tool) -> Rendered:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "source": tool.source,
    }


def _summary(inventory: ToolInventory) -> str:
    count = len(inventory.tools)
    loaded = "1 tool is loaded." if count == 1 else f"{count} tools are loaded."
    if not inventory.errors:
        return loaded
    reasons = "; ".join(f"{each.source}: {each.error}" for each in inventory.errors)
    return f"{loaded} Not everything could be: {reasons}"


def _execution(execution: ToolExecution) -> Rendered:
    return {
        "tool_name": execution.tool_name,
        "session_id": execution.session_id,
        "run_id": execution.run_id,
        "success": execution.success,
        "error_message": execution.error_message,
        "execution_time": execution.execution_time,
        "started_at": timestamp(execution.started_at),
    }


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/tools",
        handler=list_tools,
        tag=_TAG,
        summary="List the tools",
        description="Those of the tools folder and of MCP servers, as they were loaded last.",
        answers=(json_answer_of(ToolList, "The tools, by name, and what could not be loaded."),),
    ),
    # Before the route of one tool: a tool of this name is found in the list.
    Operation(
        method="GET",
        path="/api/v1/tools/executions",
        handler=report_executions,
        tag=_TAG,
        summary="Show what tools did",
        description="Calls that ran, since the server's start.",
        answers=(json_answer_of(ExecutionReport, "The latest calls, and sums by tool."),),
    ),
    Operation(
        method="POST",
        path="/api/v1/tools/reload",
        handler=reload_tools,
        tag=_TAG,
        summary="Load all tools anew",
        description="Edited files count from the next call; calls under way end with what they began with.",
        answers=(json_answer_of(ReloadedTools, "What is loaded now."),),
    ),
    Operation(
        method="GET",
        path="/api/v1/tools/{tool_name}",
        handler=get_tool,
        tag=_TAG,
        summary="Show a tool",
        description="What it is for, what it takes, and where it comes from.",
        answers=(json_answer_of(ToolModel, "The tool."),),
        errors=("TOOL_NOT_FOUND",),
    ),
    Operation(
        method="POST",
        path="/api/v1/chat/{session_id}/confirm-tool",
        handler=confirm_tool,
        tag=_TAG,
        summary="Answer whether a tool may be called",
        description="The first answer to a question counts. Wrong `arguments` leave it open.",
        body=ConfirmationBody,
        answers=(json_answer_of(ConfirmedTool, "The answer is kept, and the run goes on."),),
        errors=(
            "SESSION_NOT_FOUND",
            "CONFIRMATION_NOT_FOUND",
            "CONFIRMATION_DECIDED",
            "SESSION_BUSY",
            "TOOL_NOT_FOUND",
            "TOOL_EXECUTION_FAILED",
            "STORAGE_ERROR",
        ),
    ),
)
