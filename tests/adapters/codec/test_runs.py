"""Records of runs as JSON."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codec.errors import NotDecodable
from adapters.codec.fields import RawObject
from adapters.codec.runs import decode_partial, decode_run, encode_partial, encode_run
from domain.confirmation import Confirmation, Decision
from domain.json_value import JsonValue
from domain.message import AssistantMessage
from domain.run import ChatRequest, PartialAnswer, Run, RunFailure
from tests.contracts import samples

RUN = Run(
    run_id="a" * 16,
    session_id="b" * 10,
    status="failed",
    created_at=samples.NOON,
    started_at=samples.after(1),
    ended_at=samples.after(2),
    message_id="c" * 10,
    eval_count=1,
    prompt_eval_count=2,
    error=RunFailure(code="OLLAMA_ERROR", message="it said \u2028 no"),
    last_sequence=3,
    idempotency_key="key",
    request_digest="00ff",
    confirmations=(
        Confirmation(
            confirmation_id="d" * 10,
            tool_name="write",
            arguments={"path": "a\u2028", "deep": [1, {"b": None}, 2.5, True]},
            call_index=1,
            tool_call_id="call_1",
            created_at=samples.NOON,
            state="approved",
            decision=Decision(approved=True, arguments={"path": "b"}),
        ),
    ),
    request=ChatRequest(think="low", options={"temperature": 0.5}, format={"type": "object"}, on_disconnect="continue"),
)
PARTIAL = PartialAnswer(
    session_id="b" * 10,
    run_id="a" * 16,
    message=AssistantMessage(
        message_id="c" * 10,
        timestamp=samples.NOON,
        content="so far",
        model="m",
        thinking="",
        tool_calls=(samples.call("one"),),
        done_reason="length",
        extra={"by": "x"},
    ),
)


SIXTY_FOUR_BITS = st.integers(-(2**63), 2**63 - 1)
"""The integers of JSON as orjson writes it; a token count is far from its bounds."""


def through_text(value: RawObject) -> JsonValue:
    parsed: JsonValue = orjson.loads(orjson.dumps(value))
    return parsed


def test_a_run_comes_back() -> None:
    assert decode_run(through_text(encode_run(RUN))) == RUN


def test_a_run_of_a_later_version_is_read_without_what_is_new() -> None:
    assert decode_run(through_text({**encode_run(RUN), "colour": "red"})) == RUN


def test_an_unfinished_answer_comes_back() -> None:
    assert decode_partial(through_text(encode_partial(PARTIAL))) == PARTIAL


@given(st.sampled_from(sorted(encode_run(RUN))), st.none() | SIXTY_FOUR_BITS | st.text() | st.lists(SIXTY_FOUR_BITS))
def test_whatever_stands_in_a_record_it_is_read_or_not_decodable(name: str, value: JsonValue) -> None:
    try:
        run = decode_run({**encode_run(RUN), name: value})
    except NotDecodable:
        return
    assert decode_run(through_text(encode_run(run))) == run


@pytest.mark.parametrize("value", [None, 5, "run", [], {}, {"message": {}}, {"message": {"timestamp": "soon"}}])
def test_what_is_no_unfinished_answer_is_not_decodable(value: JsonValue) -> None:
    with pytest.raises(NotDecodable):
        decode_partial(value)
