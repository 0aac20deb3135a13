"""What may be asked of a chat, and what is refused before a run starts."""

import pytest

from domain.run import ChatRequest
from entrypoints.http.schemas.chat import ChatBody
from tests.http.bench import Client, HttpBench, Json, error_of

CHAT = "/api/v1/chat/00000000ff"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_an_empty_body_has_the_defaults() -> None:
    assert ChatBody.model_validate({}).to_domain() == ChatRequest()


def test_all_that_may_be_asked_arrives() -> None:
    body: Json = {
        "message": "Look",
        "images": [PIXEL],
        "think": "high",
        "options": {"temperature": 0.5, "stop": ["x"], "nested": {"a": [None]}},
        "format": {"type": "object"},
        "on_disconnect": "continue",
        "if_busy": "enqueue",
    }
    assert ChatBody.model_validate(body).to_domain() == ChatRequest(**{**body, "images": (PIXEL,)})
    assert ChatBody.model_validate({"regenerate": True, "think": True}).to_domain() == ChatRequest(
        regenerate=True, think=True
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"message": 1}, "message"),
        ({"message": ["x"]}, "message"),
        ({"message": ""}, "body"),
        ({"message": "x", "regenerate": True}, "body"),
        ({"regenerate": 1}, "regenerate"),
        ({"regenerate": "true"}, "regenerate"),
        ({"think": 1}, "think"),
        ({"think": 0}, "think"),
        ({"think": "true"}, "think"),
        ({"think": "max"}, "think"),
        ({"think": None}, "think"),
        ({"think": []}, "think"),
        ({"think": {}}, "think"),
        ({"images": [PIXEL]}, "body"),
        ({"message": "x", "images": PIXEL}, "images"),
        ({"message": "x", "images": [None]}, "images.0"),
        ({"message": "x", "images": [""]}, "images.0"),
        ({"message": "x", "images": ["/etc/passwd"]}, "images.0"),
        ({"message": "x", "images": ["file:///etc/passwd"]}, "images.0"),
        ({"message": "x", "images": ["etc/passwd"]}, "images.0"),
        ({"message": "x", "images": [PIXEL[:-1]]}, "images.0"),
        ({"message": "x", "images": [PIXEL + "\n"]}, "images.0"),
        ({"message": "x", "images": ["data:image/png;base64," + PIXEL]}, "images.0"),
        ({"message": "x", "images": ["äöü="]}, "images.0"),
        ({"message": "x", "options": []}, "options"),
        ({"message": "x", "options": {"num_ctx": 4096}}, "options"),
        ({"message": "x", "format": "json"}, "format"),
        ({"message": "x", "on_disconnect": "wait"}, "on_disconnect"),
        ({"message": "x", "if_busy": True}, "if_busy"),
        ({"message": "x", "stream": True}, "stream"),
    ],
)
async def test_what_cannot_be_asked_starts_no_run(client: Client, bench: HttpBench, body: Json, field: str) -> None:
    kept = await bench.keep()
    for path in (CHAT, f"{CHAT}/stream"):
        details = await error_of(await client.post(path, json=body), 422, "VALIDATION_ERROR")
        assert details["field"] == field
    assert await bench.sessions.load(kept.session_id) == kept
    assert await bench.runs.list_runs(kept.session_id) == []


async def test_the_window_is_refused_by_name(client: Client, bench: HttpBench) -> None:
    await bench.keep()
    answer = await client.post(CHAT, json={"message": "x", "options": {"num_ctx": 1}})
    assert "num_ctx" in (await answer.json())["error"]["message"]
