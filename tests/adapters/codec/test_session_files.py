"""Session files as they stand: today's format, the older ones, and whatever else a disk may hold."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import RawObject
from adapters.codec.session_file import decode_session_file, encode_session_file
from adapters.codec.sessions import session_document, session_of_document
from domain.context_window import Adjustment, ContextWindowConfig
from domain.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from domain.session import AgentSettings, Session, Summary, ToolSettings
from tests.contracts import samples
from tests.unit.histories import histories

OLDER_FIELDS = {
    "system": {"role", "content", "message_id", "timestamp", "source_file"},
    "user": {"role", "content", "message_id", "timestamp"},
    "assistant": {
        "role",
        "content",
        "message_id",
        "timestamp",
        "model",
        "eval_count",
        "prompt_eval_count",
        "thinking",
        "tool_calls",
    },
    "tool": {"role", "content", "message_id", "timestamp", "tool_name"},
}
"""What the older readers know of a message (contract, sections 4 and 10); they refuse one with anything else."""

METADATA: RawObject = {
    "session_id": "0123456789",
    "model": "llama3.2:3b",
    "created_at": "2025-01-02T03:04:05",
    "updated_at": "2025-01-02T05:04:05.600000+02:00",
    "message_count": 7,
    "summary": None,
    "summary_model": None,
}
CREATED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
UPDATED = datetime(2025, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)


def read(metadata: RawObject, *messages: object) -> Session:
    document = {"metadata": {**METADATA, **metadata}, "messages": messages}
    return decode_session_file(json.dumps(document, indent=2).encode()).session


def written(session: Session) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = json.loads(encode_session_file(session).data)
    return document


def test_the_file_has_the_shape_of_the_contract() -> None:
    document = json.loads(encode_session_file(samples.rich_session()).data)
    assert list(document) == ["metadata", *samples.rich_session().beside, "messages"]
    assert list(document["metadata"])[:11] == [
        "session_id",
        "model",
        "created_at",
        "updated_at",
        "message_count",
        "summary",
        "summary_model",
        "format_version",
        "tool_settings",
        "agent_settings",
        "context_window_config",
    ]
    assert document["metadata"]["format_version"] == "1.4"
    assert document["metadata"]["created_at"] == "2026-03-04T12:00:00.000001Z"
    assert document["metadata"]["message_count"] == len(document["messages"])
    assert document["metadata"]["title"] == "Sums"
    assert document["messages"][2]["tool_calls"][0]["id"] == "call_1"


def test_an_ordinary_conversation_with_tools_holds_only_what_older_readers_know() -> None:
    session = samples.session(1, *samples.conversation_with_tools())
    for message in json.loads(encode_session_file(session).data)["messages"]:
        assert message.keys() <= OLDER_FIELDS[message["role"]]
    assert decode_session_file(encode_session_file(session).data).session == session


def test_what_older_readers_do_not_know_is_written_only_where_it_says_something() -> None:
    messages = json.loads(encode_session_file(samples.rich_session()).data)["messages"]
    assert [message["done_reason"] for message in messages if "done_reason" in message] == ["cancelled"]
    assert [message["images"] for message in messages if "images" in message] == [["aGVsbG8=", "eHl6"]]
    assert [message["tool_call_id"] for message in messages if "tool_call_id" in message] == [
        "z",
        None,
        "y",
        "elsewhere",
    ]


@given(histories())
def test_every_history_comes_back_in_one_go_and_message_by_message(messages: tuple[Message, ...]) -> None:
    whole = encode_session_file(samples.session(1, *messages))
    assert decode_session_file(whole.data).session == samples.session(1, *messages)
    grown = encode_session_file(samples.session(1))
    for count in range(1, len(messages) + 1):
        grown = encode_session_file(samples.session(1, *messages[:count]), decode_session_file(grown.data))
        assert grown.data == encode_session_file(samples.session(1, *messages[:count])).data


def test_a_kept_beginning_keeps_its_bytes_whatever_follows() -> None:
    messages = (*samples.conversation_with_tools(), *(samples.user(number, f"text {number}") for number in range(20)))
    old = decode_session_file(encode_session_file(samples.session(1, *messages)).data)
    for count in range(len(messages) + 1):
        for more in ((), (samples.user(99, "new"),), (samples.assistant(98), samples.tool(99, None))):
            session = replace(old.session, messages=(*old.session.messages[:count], *more))
            assert encode_session_file(session, old).data == encode_session_file(session).data


@pytest.mark.parametrize("version", [None, "1.0"])
def test_1_0_knows_no_settings(version: str | None) -> None:
    session = read({"format_version": version} if version else {}, {"role": "user", "content": "Hi"})
    assert session.tool_settings == ToolSettings()
    assert session.agent_settings == AgentSettings()
    assert session.context_window == ContextWindowConfig()
    assert (session.created_at, session.updated_at) == (CREATED, UPDATED)
    assert written(session)["metadata"]["format_version"] == "1.4"


def test_1_1_has_tool_settings_with_a_group_that_is_dropped() -> None:
    settings: RawObject = {"tools": ["add"], "tool_group": "math", "execution_policy": "never_confirm", "colour": "red"}
    session = read({"format_version": "1.1", "tool_settings": settings})
    assert session.tool_settings == ToolSettings(
        tools=("add",), execution_policy="never_confirm", extra={"colour": "red"}
    )
    assert written(session)["metadata"]["tool_settings"] == {
        "tools": ["add"],
        "execution_policy": "never_confirm",
        "tool_policies": {},
        "colour": "red",
    }


def test_1_2_has_a_context_window() -> None:
    adjustment: RawObject = {
        "timestamp": "2025-01-02T03:04:05+00:00",
        "reason": "usage_threshold",
        "previous_window": None,
        "new_window": 16384,
        "note": "grew",
    }
    config: RawObject = {"dynamic_enabled": False, "current_window": 16384, "last_adjustment": adjustment, "keep": 1}
    session = read({"format_version": "1.2", "context_window_config": {**config, "adjustment_history": [adjustment]}})
    kept = Adjustment(
        timestamp=CREATED, reason="usage_threshold", previous_window=None, new_window=16384, extra={"note": "grew"}
    )
    assert session.context_window == ContextWindowConfig(
        dynamic_enabled=False,
        current_window=16384,
        last_adjustment=kept,
        adjustment_history=(kept,),
        extra={"keep": 1},
    )


def test_1_3_has_agents_and_still_a_tool_group() -> None:
    session = read(
        {
            "format_version": "1.3",
            "agent_settings": {"enabled_agents": ["cook"], "since": None},
            "tool_settings": {"tools": ["add"], "tool_group": None, "execution_policy": "always_confirm"},
            "summary": {"summary": "Short.", "topics": ["a"], "language": "en"},
            "summary_model": "tiny",
            "summary_model_used": "small",
        }
    )
    assert session.agent_settings == AgentSettings(enabled_agents=("cook",), extra={"since": None})
    assert session.summary == Summary(summary="Short.", topics=("a",), model="small", extra={"language": "en"})
    assert "tool_group" not in str(written(session))


@pytest.mark.parametrize("version", [None, "1.0", "1.1", "1.2", "1.3", "1.4"])
def test_nulls_stand_for_what_is_not_there_in_every_version(version: str | None) -> None:
    nulls: RawObject = dict.fromkeys(
        ("summary", "summary_model", "tool_settings", "agent_settings", "context_window_config", "message_count")
    )
    session = read({**nulls, "format_version": version, "updated_at": None})
    assert session == Session(session_id="0123456789", model="llama3.2:3b", created_at=CREATED, updated_at=CREATED)
    inner: RawObject = {
        "tool_settings": {"tools": None, "execution_policy": None, "tool_policies": None},
        "agent_settings": {"enabled_agents": None},
        "context_window_config": {
            "dynamic_enabled": None,
            "current_window": None,
            "last_adjustment": None,
            "adjustment_history": None,
            "manual_override": None,
        },
    }
    assert read({**inner, "format_version": version, "updated_at": None}) == session


def test_messages_of_older_writers_are_read_with_all_their_oddities() -> None:
    session = read(
        {"format_version": "1.3"},
        {"role": "system", "content": "Be kind.", "source_file": None, "timestamp": "2025-01-02T03:04:05"},
        {"role": "user", "content": "2+2?", "message_id": "aaaaaaaaaa", "timestamp": "2025-01-02T03:04:05Z", "ip": "x"},
        {
            "role": "assistant",
            "content": None,
            "message_id": None,
            "timestamp": None,
            "model": "m",
            "eval_count": None,
            "thinking": None,
            "tool_calls": [{"function": {"name": "add", "arguments": {"a": 2}}}, {"function": {"name": "add"}}],
        },
        {"role": "tool", "content": "4", "tool_name": "add"},
        {"role": "tool", "content": "5", "tool_name": "add"},
    )
    system, user, assistant, first, second = session.messages
    assert isinstance(system, SystemMessage)
    assert isinstance(user, UserMessage)
    assert isinstance(assistant, AssistantMessage)
    assert isinstance(first, ToolMessage)
    assert isinstance(second, ToolMessage)
    assert (user.extra, user.message_id, user.timestamp) == ({"ip": "x"}, "aaaaaaaaaa", CREATED)
    assert (assistant.content, assistant.timestamp, assistant.done_reason) == ("", CREATED, "stop")
    assert [call.arguments for call in assistant.tool_calls] == [{"a": 2}, {}]
    assert [first.tool_call_id, second.tool_call_id] == [call.call_id for call in assistant.tool_calls]
    assert len({message.message_id for message in session.messages}) == 5
    assert all(len(message.message_id) == 10 for message in session.messages)
    assert decode_session_file(encode_session_file(session).data).session == session


def test_ids_and_times_that_are_missing_are_the_same_at_each_reading() -> None:
    bare = [{"role": "user", "content": "a"}, {"role": "user", "content": "a"}]
    assert read({}, *bare) == read({}, *bare)
    assert read({}, *bare).messages[0].message_id != read({}, *bare).messages[1].message_id
    timeless = read({"created_at": None, "updated_at": None}, {**bare[0], "timestamp": "2025-01-02T03:04:05"}, bare[1])
    assert (timeless.created_at, timeless.updated_at) == (datetime(1970, 1, 1, tzinfo=UTC), CREATED)


def test_fields_of_other_programs_survive_reading_and_writing_at_every_level() -> None:
    rich = samples.rich_session()
    document = json.loads(encode_session_file(rich).data)
    document["app"] = {"theme": ["dark", None]}
    file = decode_session_file(json.dumps(document, indent=1).encode())
    assert file.session == replace(rich, beside={**rich.beside, "app": {"theme": ["dark", None]}})
    rewritten = encode_session_file(replace(file.session, model="other"), file)
    assert json.loads(rewritten.data) == {**document, "metadata": {**document["metadata"], "model": "other"}}
    assert decode_session_file(rewritten.data) == rewritten


def test_a_reason_that_only_its_writer_knew_survives() -> None:
    config: RawObject = {"last_adjustment": {"timestamp": "2025-01-02T03:04:05Z", "reason": "moon", "new_window": 5}}
    document = written(read({"format_version": "1.3", "context_window_config": config}))
    window = document["metadata"]["context_window_config"]
    assert isinstance(window, dict)
    assert window["last_adjustment"]["reason"] == "moon"


def test_what_strict_json_refuses_and_older_writers_wrote_is_read() -> None:
    text = json.dumps({"metadata": {**METADATA, "score": float("nan"), "big": 2**70}, "messages": []})
    text = text.replace("llama3.2:3b", "\\ud800 and \\udc00")
    session = decode_session_file(b"\xef\xbb\xbf" + text.encode()).session
    assert session.model == "\ufffd and \ufffd"
    assert session.extra == {"score": None, "big": float(2**70)}
    assert decode_session_file(encode_session_file(session).data).session == session


def test_what_json_cannot_say_never_breaks_a_file() -> None:
    session = replace(samples.session(1, samples.user(1, "lone \ud800")), extra={"\udfff": 2**70, "n": float("inf")})
    loaded = decode_session_file(encode_session_file(session).data).session
    assert loaded.messages == (samples.user(1, "lone \ufffd"),)
    assert loaded.extra == {"\ufffd": float(2**70), "n": None}


def test_nested_deeper_than_orjson_writes_is_kept() -> None:
    nested: RawObject = {}
    for _ in range(300):
        nested = {"n": nested}
    session = replace(samples.session(1), extra=nested)
    assert decode_session_file(encode_session_file(session).data).session == session


def test_a_document_out_and_in_is_the_same_session() -> None:
    rich = samples.rich_session()
    assert session_of_document(orjson.loads(orjson.dumps(session_document(rich)))) == rich


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_whatever_stands_anywhere_in_a_file_it_is_read_or_not_decodable(data: st.DataObject) -> None:
    document = json.loads(encode_session_file(samples.rich_session()).data)
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 4)) == 0:
            place[key] = data.draw(anything)
            break
        place = place[key]
    try:
        session = decode_session_file(json.dumps(document).encode()).session
    except NotDecodable:
        return
    assert decode_session_file(encode_session_file(session).data).session == session


@given(st.binary(max_size=40))
def test_any_bytes_are_not_decodable_and_nothing_else(data: bytes) -> None:
    with pytest.raises(NotDecodable):
        decode_session_file(data)


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b"[" * 500 + b"]" * 500, b"9" * 100_000, b'{"a":' * 100_000, b"1e999", b"-", b"\xff\xfe["]
)
def test_monstrous_json_is_not_decodable_and_nothing_else(data: bytes) -> None:
    with pytest.raises(NotDecodable):
        decode_session_file(data)
