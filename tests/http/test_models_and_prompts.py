"""Health, models and prompt files over HTTP."""

import pytest
from yarl import URL

from domain.errors import ModelServerFailed, ModelServerTimeout, ModelServerUnreachable
from domain.model_card import ModelCard
from tests.http.bench import VERSION, Client, HttpBench, error_of, json_of

HEALTH = "/api/v1/health"
MODELS = "/api/v1/models"
PROMPTS = "/api/v1/system-prompts"


@pytest.mark.parametrize("reachable", [True, False])
async def test_health_is_told_also_while_ollama_is_down(client: Client, bench: HttpBench, *, reachable: bool) -> None:
    bench.catalog.reachable = reachable
    bench.catalog.error = ModelServerUnreachable("down")
    assert await json_of(await client.get(HEALTH)) == {
        "status": "ok",
        "version": VERSION,
        "ollama_connected": reachable,
        "ollama_host": "http://scripted",
    }


async def test_head_answers_as_get_without_the_body(client: Client) -> None:
    got = await client.get(HEALTH)
    headed = await client.head(HEALTH)
    assert (headed.status, await headed.read()) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]


async def test_models_that_can_chat_are_listed(client: Client, bench: HttpBench) -> None:
    card = ModelCard(
        name="hf.co/user/model:Q4_K_M",
        size_mb=1.5,
        format="gguf",
        family="llama",
        parameter_size="8B",
        quantization_level="Q4_K_M",
        capabilities=frozenset({"vision", "completion"}),
        context_length=131072,
    )
    embedding = ModelCard(name="embedding", capabilities=frozenset({"embedding"}))
    bench.catalog.cards = {card.name: card, embedding.name: embedding}
    shown = {
        "name": "hf.co/user/model:Q4_K_M",
        "size_mb": 1.5,
        "format": "gguf",
        "family": "llama",
        "parameter_size": "8B",
        "quantization_level": "Q4_K_M",
        "capabilities": ["completion", "vision"],
        "context_length": 131072,
    }
    assert await json_of(await client.get(MODELS)) == {"models": [shown]}
    assert await json_of(await client.get(f"{MODELS}/hf.co/user/model:Q4_K_M")) == shown


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a:b", "a:b"),
        ("a%3Ab", "a:b"),
        ("a/b/c:d", "a/b/c:d"),
        ("a%2Fb%2fc", "a/b/c"),
        ("a%252Fb", "a%2Fb"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("%E6%A8%A1", "模"),
        ("a%00b", "a\0b"),
        ("..%2f..%2fetc", "../../etc"),
        ("a/", "a/"),
        ("{a}", "{a}"),
    ],
)
async def test_a_name_is_opaque(client: Client, bench: HttpBench, path: str, name: str) -> None:
    bench.catalog.cards[name] = ModelCard(name=name)
    shown = await client.get(URL(f"{MODELS}/{path}", encoded=True))
    assert (await json_of(shown))["name"] == name
    assert bench.catalog.asked == [name]


async def test_a_model_that_its_server_does_not_know_is_not_found(client: Client) -> None:
    details = await error_of(await client.get(f"{MODELS}/a/b:c"), 404, "MODEL_NOT_FOUND")
    assert details == {"model": "a/b:c"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(ModelServerUnreachable("x"), 502), (ModelServerFailed("x"), 502), (ModelServerTimeout("x"), 504)],
)
async def test_failures_of_the_models_server_are_told(
    client: Client, bench: HttpBench, error: ModelServerFailed, status: int
) -> None:
    bench.catalog.error = error
    await error_of(await client.get(MODELS), status, error.code)
    await error_of(await client.get(f"{MODELS}/llama"), status, error.code)


async def test_a_prompt_file_is_created_read_changed_listed_and_deleted(client: Client) -> None:
    prompt = {"filename": "pirate ü.md", "content": "Talk like\na pirate. " + "x" * 300}
    path = f"{PROMPTS}/pirate%20%C3%BC.md"
    assert await json_of(await client.post(PROMPTS, json=prompt), 201) == prompt
    assert await json_of(await client.get(URL(path, encoded=True))) == prompt
    assert await json_of(await client.get(PROMPTS)) == {
        "prompts": [{"filename": "pirate ü.md", "preview": prompt["content"][:250], "word_count": 5}]
    }
    await error_of(await client.post(PROMPTS, json=prompt), 409, "PROMPT_EXISTS")
    changed = {"filename": "pirate ü.md", "content": "Arr."}
    assert await json_of(await client.put(URL(path, encoded=True), json={"content": "Arr."})) == changed
    answer = await client.delete(URL(path, encoded=True))
    assert (answer.status, await answer.read()) == (204, b"")
    await error_of(await client.get(URL(path, encoded=True)), 404, "PROMPT_NOT_FOUND")
    await error_of(await client.put(URL(path, encoded=True), json={"content": "x"}), 404, "PROMPT_NOT_FOUND")
    await error_of(await client.delete(URL(path, encoded=True)), 404, "PROMPT_NOT_FOUND")


@pytest.mark.parametrize("content", ["", " \n\t", "x" * 10_000])
async def test_a_prompt_holds_something_and_not_too_much(client: Client, bench: HttpBench, content: str) -> None:
    await bench.keep_prompt("kept.md", "kept")
    await error_of(await client.post(PROMPTS, json={"filename": "a.md", "content": content}), 422, "VALIDATION_ERROR")
    await error_of(await client.put(f"{PROMPTS}/kept.md", json={"content": content}), 422, "VALIDATION_ERROR")
    assert [prompt.content for prompt in await bench.prompts.list_prompts()] == ["kept"]
