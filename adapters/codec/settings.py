"""The nested objects of a session's metadata ⇄ JSON (contract, section 10)."""

from typing import cast, get_args

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import (
    RawObject,
    read_flag,
    read_list,
    read_object,
    read_optional_count,
    read_text,
    read_texts,
    read_time,
    rest_of,
    write_time,
)
from domain.context_window import Adjustment, AdjustmentReason, ContextWindowConfig
from domain.json_value import JsonValue
from domain.session import AgentSettings, ExecutionPolicy, Summary, ToolSettings

_POLICIES = frozenset(get_args(ExecutionPolicy))
_REASONS = frozenset(get_args(AdjustmentReason))
_TOOL_SETTINGS = frozenset({"tools", "execution_policy", "tool_policies"})
_AGENT_SETTINGS = frozenset({"enabled_agents"})
_SUMMARY = frozenset({"summary", "topics"})
_ADJUSTMENT = frozenset({"timestamp", "reason", "previous_window", "new_window", "messages_left_out"})
_CONTEXT_WINDOW = frozenset(
    {"dynamic_enabled", "current_window", "last_adjustment", "adjustment_history", "manual_override"}
)


def encode_tool_settings(settings: ToolSettings) -> RawObject:
    return {
        "tools": settings.tools,
        "execution_policy": settings.execution_policy,
        "tool_policies": dict(settings.tool_policies),
        **settings.extra,
    }


def decode_tool_settings(value: JsonValue) -> ToolSettings:
    raw = read_object(value, "tool_settings")
    policies = read_object(raw.get("tool_policies"), "tool_policies")
    return ToolSettings(
        tools=read_texts(raw.get("tools"), "tools"),
        execution_policy=_policy(raw.get("execution_policy") or "always_confirm", "execution_policy"),
        tool_policies={
            name: _policy(policy, "tool_policies") for name, policy in policies.items() if policy is not None
        },
        extra=rest_of(raw, _TOOL_SETTINGS),
    )


def _policy(value: JsonValue, name: str) -> ExecutionPolicy:
    if isinstance(value, str) and value in _POLICIES:
        return cast("ExecutionPolicy", value)
    raise NotDecodable(f"{name} holds an unknown policy")


def encode_agent_settings(settings: AgentSettings) -> RawObject:
    return {"enabled_agents": settings.enabled_agents, **settings.extra}


def decode_agent_settings(value: JsonValue) -> AgentSettings:
    raw = read_object(value, "agent_settings")
    return AgentSettings(
        enabled_agents=read_texts(raw.get("enabled_agents"), "enabled_agents"), extra=rest_of(raw, _AGENT_SETTINGS)
    )


def encode_summary(summary: Summary | None) -> RawObject | None:
    if summary is None:
        return None
    return {"summary": summary.summary, "topics": summary.topics, **summary.extra}


def decode_summary(value: JsonValue) -> Summary | None:
    if value is None:
        return None
    raw = read_object(value, "summary")
    return Summary(
        summary=read_text(raw.get("summary"), "summary"),
        topics=read_texts(raw.get("topics"), "topics"),
        extra=rest_of(raw, _SUMMARY),
    )


MOST_TOKENS = 2**31 - 1
"""What Ollama takes for a window at most. One beyond it, or below 1, is no window: it is sized anew."""


def encode_context_window(config: ContextWindowConfig) -> RawObject:
    return {
        "dynamic_enabled": config.dynamic_enabled,
        "current_window": config.current_window,
        "last_adjustment": _encode_adjustment(config.last_adjustment),
        "adjustment_history": [_encode_adjustment(each) for each in config.adjustment_history],
        "manual_override": config.manual_override,
        **config.extra,
    }


def decode_context_window(value: JsonValue) -> ContextWindowConfig:
    raw = read_object(value, "context_window_config")
    last = raw.get("last_adjustment")
    window = read_optional_count(raw.get("current_window"), "current_window")
    if window is not None and not 1 <= window <= MOST_TOKENS:
        window = None
    return ContextWindowConfig(
        dynamic_enabled=read_flag(raw.get("dynamic_enabled"), "dynamic_enabled", default=True),
        current_window=window,
        manual_override=window is not None and read_flag(raw.get("manual_override"), "manual_override", default=False),
        last_adjustment=None if last is None else _decode_adjustment(last),
        adjustment_history=tuple(
            _decode_adjustment(each) for each in read_list(raw.get("adjustment_history"), "adjustment_history")
        ),
        extra=rest_of(raw, _CONTEXT_WINDOW),
    )


def _encode_adjustment(adjustment: Adjustment | None) -> RawObject | None:
    if adjustment is None:
        return None
    return {
        "timestamp": write_time(adjustment.timestamp),
        "reason": adjustment.reason,
        "previous_window": adjustment.previous_window,
        "new_window": adjustment.new_window,
        **({"messages_left_out": adjustment.messages_left_out} if adjustment.messages_left_out else {}),
        **adjustment.extra,
    }


def _decode_adjustment(value: JsonValue) -> Adjustment:
    """A reason that only its writer knew stays, in `extra`, from where it is written again."""
    raw = read_object(value, "an adjustment")
    reason = read_text(raw.get("reason"), "an adjustment's reason")
    known_reason = reason in _REASONS
    return Adjustment(
        timestamp=read_time(raw.get("timestamp"), "an adjustment's timestamp"),
        reason=cast("AdjustmentReason", reason) if known_reason else "no_adjustment",
        previous_window=read_optional_count(raw.get("previous_window"), "previous_window"),
        new_window=read_optional_count(raw.get("new_window"), "new_window") or 0,
        messages_left_out=read_optional_count(raw.get("messages_left_out"), "messages_left_out") or 0,
        extra=rest_of(raw, _ADJUSTMENT if known_reason else _ADJUSTMENT - {"reason"}),
    )
