"""What a field says wherever it stands, and an example of it: for fields whose models do not say it themselves.

The same names mean the same in all answers, so that this is written once and not with each of them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pydantic import JsonValue


class FieldNote(NamedTuple):
    description: str
    example: JsonValue = None


_TIME = "2026-01-02T03:04:05.678901Z"
_ARGUMENTS: JsonValue = {"city": "Kyoto"}

FIELD_NOTES: Mapping[str, FieldNote] = MappingProxyType(
    {
        "active_tools": FieldNote("The tools that the model is offered now.", ["get_weather"]),
        "adjustment_history": FieldNote("The last ten changes of the window."),
        "agent_name": FieldNote("The agent that is at work here; null where none is.", "researcher"),
        "agent_settings": FieldNote("Which agents the session may hand work to."),
        "agents_enabled": FieldNote("Whether the model can hand work to agents now.", example=False),
        "approved": FieldNote("Whether the call may be made.", example=True),
        "arguments": FieldNote("What the tool is called with, by parameter.", _ARGUMENTS),
        "average_time": FieldNote("Seconds a call took.", 0.2),
        "call_index": FieldNote("The place of the call among those of its assistant message, from 0.", 0),
        "calls": FieldNote("How many calls there were.", 3),
        "capabilities": FieldNote("What the model can do."),
        "code": FieldNote("What went wrong, for programs.", "OLLAMA_UNREACHABLE"),
        "confirmation_id": FieldNote("The question, to be named in the answer.", "c5812e890e"),
        "confirmations": FieldNote("The questions that are open."),
        "content": FieldNote("The text.", "The sky is blue because of scattering."),
        "context_length": FieldNote("The largest context, in tokens.", 40_960),
        "context_window": FieldNote("How much of the conversation the model sees, in tokens."),
        "context_window_config": FieldNote("The window, as it is kept."),
        "created_at": FieldNote("When it was made, in UTC.", _TIME),
        "current_window": FieldNote("The window's size in tokens; null where none was asked for.", 8192),
        "description": FieldNote("What it is for, as the model reads it.", "Tell the weather of a city."),
        "details": FieldNote("What the code speaks of.", {}),
        "done_reason": FieldNote(
            "`stop` or `length`, as the model said, or why it was cut: `cancelled`, `error`, `interrupted`.", "stop"
        ),
        "dynamic_enabled": FieldNote("Whether the server sizes windows by itself.", example=True),
        "enabled_agents": FieldNote("Names of agents.", ["researcher"]),
        "ended_at": FieldNote("When it ended, in UTC; null while it has not.", _TIME),
        "error": FieldNote("What went wrong."),
        "error_code": FieldNote("Why the call failed, for programs; null where it did not.", None),
        "error_message": FieldNote("Why it failed, for people; null where it did not.", None),
        "estimated_tokens": FieldNote("About how many tokens the prompt has.", 812),
        "eval_count": FieldNote("Tokens of the answer; null where they were not counted.", 42),
        "estimate_error": FieldNote("How far estimates were off lately, as a part of 1.", 0.03),
        "execution_policy": FieldNote("Whether calls need a person's consent.", "always_confirm"),
        "execution_time": FieldNote("Seconds that the call took.", 0.2),
        "failures": FieldNote("How many calls failed.", 0),
        "family": FieldNote("The family of the model; null where its server does not tell.", "qwen3"),
        "filename": FieldNote("The name of a prompt file.", "pirate.md"),
        "format": FieldNote("The format of the model's file; null where its server does not tell.", "gguf"),
        "format_version": FieldNote("The version of the file's format."),
        "function": FieldNote("What is called."),
        "id": FieldNote("The id of the call, which its result names.", "call_1"),
        "images": FieldNote("Pictures in plain base64, for a model that can see.", []),
        "last_adjustment": FieldNote("The latest change of the window; null before the first."),
        "last_adjustment_reason": FieldNote("Why the window was changed last; null before the first change."),
        "manual_override": FieldNote("Whether a person has fixed the window.", example=False),
        "message": FieldNote("What is said about it, for people.", "The model's server does not answer."),
        "message_count": FieldNote("How many messages there are.", 2),
        "message_id": FieldNote("Ten lower-case hex characters.", "d725024172"),
        "message_index": FieldNote("The place in the whole list of messages, from 0.", 0),
        "messages": FieldNote("The history, oldest first."),
        "messages_left_out": FieldNote("How many of the oldest messages did not fit.", 0),
        "metadata": FieldNote("What is known of the session beside its messages."),
        "model": FieldNote("The name of the model.", "qwen3:8b"),
        "model_used": FieldNote("The model that wrote it.", "qwen3:8b"),
        "model_max_context": FieldNote("The largest context of the model, in tokens.", 40_960),
        "models": FieldNote("Those that can hold a conversation."),
        "name": FieldNote("The name to call it by.", "get_weather"),
        "new_window": FieldNote("The window after it.", 16384),
        "next_cursor": FieldNote("Where the next page begins; null on the last one.", None),
        "num_ctx": FieldNote("The window that is asked for, in tokens.", 8192),
        "ollama_host": FieldNote("The address of Ollama; null where it is not used.", "http://localhost:11434"),
        "parameter_size": FieldNote("How many parameters; null where its server does not tell.", "8.2B"),
        "previous_window": FieldNote("The window before it; null where there was none.", 8192),
        "preview": FieldNote("The beginning of the text.", "Why is the sky blue?"),
        "prompt_eval_count": FieldNote("Tokens of what the model read; null where they were not counted.", 120),
        "prompts": FieldNote("The prompt files, by name."),
        "quantization_level": FieldNote("How it was shrunk; null where its server does not tell.", "Q4_K_M"),
        "reason": FieldNote("Why the window is as it is.", "no_adjustment"),
        "reloads": FieldNote("How often a loaded model was loaded anew.", 0),
        "result": FieldNote("What the tool gave back; null where it failed.", "Sunny, 21 degrees."),
        "retryable": FieldNote("Whether the same request may succeed later.", example=True),
        "role": FieldNote("Whose text it is."),
        "run_id": FieldNote("Sixteen lower-case hex characters.", "fa7929db3dd08764"),
        "runs": FieldNote("The runs, newest first."),
        "session_id": FieldNote("Ten lower-case hex characters.", "d92727872d"),
        "sessions": FieldNote("One page of the sessions, or all."),
        "size_mb": FieldNote("What its file takes, in megabytes; null where its server does not tell.", 5225.4),
        "source": FieldNote("The file or folder that it comes from.", "weather.py"),
        "source_file": FieldNote("The prompt file that the text came from; null for none.", "pirate.md"),
        "started_at": FieldNote("When it began, in UTC; null while it waits.", _TIME),
        "status": FieldNote("How it stands.", "completed"),
        "success": FieldNote("Whether it went well.", example=True),
        "summary": FieldNote("The conversation in some sentences; null where there is no summary."),
        "summary_model": FieldNote("The model that was named for summaries; null for none.", None),
        "system_prompt": FieldNote("What the model is told before all else.", "You are a pirate."),
        "system_prompt_file": FieldNote("The prompt file that the system prompt came from; null for none.", None),
        "think": FieldNote("Whether, or how hard, a model that can think does so.", example=False),
        "thinking": FieldNote("What the model thought before it answered; null for nothing.", None),
        "timestamp": FieldNote("When it was written, in UTC.", _TIME),
        "tool_call_id": FieldNote("The id of the call, which its result names.", "call_1"),
        "tool_calls": FieldNote("The tools that the message calls.", []),
        "tool_calls_executed": FieldNote("The calls that have a result, also failed and refused ones."),
        "tool_name": FieldNote("The name of a tool.", "get_weather"),
        "tool_policies": FieldNote("Policies of single tools, by name.", {"get_weather": "never_confirm"}),
        "tool_settings": FieldNote("Which tools the model is offered, and which of them ask before a call."),
        "tools": FieldNote("Names of tools.", ["get_weather"]),
        "tools_count": FieldNote("How many tools there are.", 4),
        "tools_enabled": FieldNote("Whether the model is offered tools now.", example=True),
        "topics": FieldNote("What it is about, ten at most.", ["weather", "travel"]),
        "updated_at": FieldNote("When it was changed last, in UTC.", _TIME),
        "usage_tokens": FieldNote("Tokens of the prompt and the answer.", 162),
        "version": FieldNote("The server's version.", "0.1.0"),
        "warnings": FieldNote("What the session wanted and does not get.", []),
        "word_count": FieldNote("How many words the file has.", 12),
    }
)
