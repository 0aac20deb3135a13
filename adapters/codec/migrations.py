"""Metadata of older session files, made that of format 1.4, one step a version (contract, section 10).

Each step is pure and leaves alone what is there already: older writers mislabelled files.
"""

from collections.abc import Callable
from typing import Final

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import RawObject, read_object
from domain.json_value import JsonValue

FORMAT_VERSION: Final = "1.4"


def migrate(metadata: RawObject) -> RawObject:
    """Metadata of any known version as that of 1.4. Raises NotDecodable where a newer program wrote it."""
    version = metadata.get("format_version")
    version = "1.0" if version is None else version
    while version != FORMAT_VERSION:
        if not isinstance(version, str) or version not in _STEPS:
            raise NotDecodable("its format version is unknown to this server")
        metadata = _STEPS[version](metadata)
        version = metadata.get("format_version")
    return metadata


def to_1_1(metadata: RawObject) -> RawObject:
    """1.1 has `tool_settings`."""
    tool_settings: RawObject = {"tools": [], "tool_group": None, "execution_policy": "always_confirm"}
    return _with(metadata, "1.1", tool_settings=tool_settings)


def to_1_2(metadata: RawObject) -> RawObject:
    """1.2 has `context_window_config`."""
    config: RawObject = {
        "dynamic_enabled": True,
        "current_window": None,
        "last_adjustment": None,
        "adjustment_history": [],
        "manual_override": False,
    }
    return _with(metadata, "1.2", context_window_config=config)


def to_1_3(metadata: RawObject) -> RawObject:
    """1.3 has `agent_settings`."""
    agent_settings: RawObject = {"enabled_agents": []}
    return _with(metadata, "1.3", agent_settings=agent_settings)


def to_1_4(metadata: RawObject) -> RawObject:
    """1.4 knows no `tool_group` and has `tool_policies`."""
    settings = read_object(metadata.get("tool_settings"), "tool_settings")
    kept = {name: value for name, value in settings.items() if name != "tool_group"}
    policies = kept.get("tool_policies")
    kept["tool_policies"] = {} if policies is None else policies
    return {**metadata, "format_version": "1.4", "tool_settings": kept}


_STEPS: dict[str, Callable[[RawObject], RawObject]] = {"1.0": to_1_1, "1.1": to_1_2, "1.2": to_1_3, "1.3": to_1_4}


def _with(metadata: RawObject, version: str, **added: JsonValue) -> RawObject:
    missing = {name: value for name, value in added.items() if metadata.get(name) is None}
    return {**metadata, **missing, "format_version": version}
