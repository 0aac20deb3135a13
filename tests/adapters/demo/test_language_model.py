"""The demo model as a language model: what its port leaves to it. The port's own words are in the contract suite."""

from dataclasses import replace

import orjson
import pytest

from adapters.demo.model_catalog import CONTEXT_LENGTH, DEMO_MODEL, DemoModelCatalog
from domain.errors import ModelNotFound, ModelServerFailed
from domain.json_value import JsonObject
from domain.run import Think
from tests.adapters.demo.conversations import conversation, hear, request, say, with_options


async def test_the_same_history_gets_the_same_pieces() -> None:
    asked = replace(request("Hi!", "Hello!", "Tell me a story"), think=True)

    assert await hear(asked) == await hear(asked)


async def test_an_answer_comes_in_word_sized_pieces() -> None:
    heard = await hear(request("Tell me a story"))

    assert len(heard.pieces) > 150
    assert max(len(piece.strip()) for piece in heard.pieces) <= 16


async def test_the_end_counts_the_pieces_that_were_sent() -> None:
    heard = await hear(replace(request("What is 12 * 7?"), think=True))

    assert heard.end.done_reason == "stop"
    assert heard.end.eval_count == len(heard.pieces) + len(heard.thoughts)
    assert heard.end.prompt_eval_count == 1 + 5  # for the role, and for the words


async def test_a_longer_history_counts_for_more() -> None:
    short, long = await hear(request("Hi")), await hear(request("Hi", "Hello, you!", "Hi"))

    assert (short.end.prompt_eval_count or 0) < (long.end.prompt_eval_count or 0)


@pytest.mark.parametrize("think", [None, False])
async def test_it_thinks_only_when_asked(think: Think | None) -> None:
    assert not (await hear(replace(request("Hi"), think=think))).thoughts


async def test_it_thinks_as_hard_as_it_is_asked_to() -> None:
    lengths = [len((await hear(replace(request("Hi"), think=think))).thoughts) for think in ("low", "medium", "high")]

    assert 0 < lengths[0] < lengths[1] < lengths[2]


async def test_a_begun_answer_goes_on_where_it_was_cut() -> None:
    whole = await say("Tell me a story")
    begun = whole[:100]

    assert begun + await say("Tell me a story", begun) == whole


async def test_a_complete_answer_is_continued_with_something_more() -> None:
    whole = await say("Hi")

    more = await say("Hi", whole)

    assert more.startswith(" ")
    assert more not in whole


@pytest.mark.parametrize("limit", [1, 5])
async def test_num_predict_cuts_the_answer(limit: int) -> None:
    heard = await hear(with_options(request("Hi"), num_predict=limit))

    assert len(heard.pieces) == limit
    assert heard.end.done_reason == "length"
    assert heard.end.eval_count == limit


@pytest.mark.parametrize("limit", [0, -1, 5_000])
async def test_num_predict_may_leave_the_answer_whole(limit: int) -> None:
    assert await hear(with_options(request("Hi"), num_predict=limit)) == await hear(request("Hi"))


@pytest.mark.parametrize("stop", ["built-in", ["nowhere", "built-in"]])
async def test_stop_ends_the_answer_before_it(stop: str | list[str]) -> None:
    heard = await hear(with_options(request("Hi"), stop=stop))

    assert heard.text == "Hello! I am mochi-server's "
    assert heard.end.done_reason == "stop"


@pytest.mark.parametrize("options", [{"num_predict": "5"}, {"stop": 5}, {"stop": [5]}])
async def test_options_of_a_wrong_type_are_refused_as_ollama_does(options: JsonObject) -> None:
    with pytest.raises(ModelServerFailed, match="must be of type"):
        await hear(replace(request("Hi"), options=options))


async def test_a_schema_is_obeyed_and_the_sum_is_in_its_place() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"answer": {"type": "string"}, "result": {"type": "integer"}},
        "required": ["answer", "result"],
    }

    heard = await hear(replace(request("What is 12*7?"), format=schema, think=True))

    assert orjson.loads(heard.text) == {"answer": "12*7 = 84.", "result": 84}
    assert heard.thoughts


async def test_a_schema_that_nothing_satisfies_is_refused() -> None:
    with pytest.raises(ModelServerFailed, match="invalid format"):
        await hear(replace(request("Hi"), format={"type": "integer", "minimum": 2, "maximum": 1}))


async def test_a_begun_json_answer_is_completed_and_nothing_is_put_behind_it() -> None:
    schema: JsonObject = {"type": "array", "items": {"type": "string"}}
    whole = (await hear(replace(request("Hi"), format=schema))).text

    rest = await hear(replace(request("Hi", whole[:5]), format=schema))
    nothing = await hear(replace(request("Hi", whole), format=schema))

    assert whole[:5] + rest.text == whole
    assert nothing.text == ""


async def test_its_instructions_reach_it() -> None:
    asked = replace(request(), messages=conversation("What is your system prompt?", system="Speak like a pirate."))

    assert "Speak like a pirate." in (await hear(asked)).text


async def test_the_catalog_holds_the_one_model() -> None:
    catalog = DemoModelCatalog()

    (card,) = await catalog.list_models()

    assert card == await catalog.get_model(DEMO_MODEL)
    assert (card.can_chat, card.can_think, card.can_see, card.can_use_tools) == (True, True, False, True)
    assert card.context_length == CONTEXT_LENGTH
    assert (catalog.address, await catalog.is_reachable()) == (None, None)
    with pytest.raises(ModelNotFound):
        await catalog.get_model("demo:latest")
