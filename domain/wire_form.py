"""Messages in the form in which a model's server takes them: that of Ollama's /api/chat.

It is here so that what a person is shown of a prompt and what is sent can never differ.
"""

from domain.json_value import JsonObject, JsonValue
from domain.message import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from domain.tool import Tool


def wire_message(message: Message) -> JsonObject:
    """One message; a field that would say nothing is left out. Pictures go as the base64 text that they are."""
    body: dict[str, JsonValue] = {"role": message.role, "content": message.content}
    match message:
        case UserMessage(images=images) if images:
            body["images"] = images
        case AssistantMessage(thinking=thinking, tool_calls=tool_calls):
            if thinking:
                body["thinking"] = thinking
            if tool_calls:
                body["tool_calls"] = [_call_body(call) for call in tool_calls]
        case ToolMessage(tool_name=tool_name, tool_call_id=tool_call_id):
            body["tool_name"] = tool_name
            if tool_call_id is not None:
                body["tool_call_id"] = tool_call_id
        case UserMessage() | SystemMessage():
            pass
    return body


def wire_tool(tool: Tool) -> JsonObject:
    """A tool as it is offered."""
    function: JsonObject = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _call_body(call: ToolCall) -> JsonObject:
    return {"id": call.call_id, "function": {"name": call.tool_name, "arguments": call.arguments}}
