"""Names and ids that try to lead elsewhere: none does, and none breaks the server."""

import pytest
from yarl import URL

from entrypoints.http.app import OPERATIONS
from tests.http.bench import Client, HttpBench, error_of
from tests.http.requests_of import KEPT, KEPT_PROMPT, ValidRequest

TRICKS = [
    "..%2f..%2fetc%2fpasswd",
    "..%5c..%5cx.md",
    "..%2Fx.md",
    "%2e%2e%2fx.md",
    "%252e%252e%252fx.md",
    "%00",
    "x%00.md",
    "%0d%0aSet-Cookie:x",
    "x" * 4000,
    "x" * 300 + ".md",
    "%F0%9F%98%80",
    "%FF",
    "%ED%A0%80",
    "%C0%AF.md",
    "00000000FF",
    "00000000ff%20",
    "%2000000000ff",
    "00000000ff%0a",
    "0" * 11,
    "%D9%A0" * 10,
    "{session_id}",
    "~",
    "*",
    ".md",
    "%20",
    "import",
]
FAILURES = {404: "_NOT_FOUND", 422: "VALIDATION_ERROR", 400: "INVALID_MESSAGE_INDEX"}


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:40])
async def test_no_name_leads_elsewhere(client: Client, bench: HttpBench, trick: str) -> None:
    await bench.keep(KEPT)
    await bench.keep_prompt(KEPT_PROMPT, "kept")
    for operation in OPERATIONS:
        valid = ValidRequest(operation)
        for path in valid.paths_with(trick):
            answer = await client.request(operation.method, URL(path, encoded=True), json=valid.body)
            body = await answer.json()
            assert answer.status in FAILURES, (operation.path, body)
            assert body["error"]["code"].endswith(FAILURES[answer.status])
    assert await bench.sessions.load(KEPT.session_id) == KEPT
    assert [prompt.filename for prompt in await bench.prompts.list_prompts()] == [KEPT_PROMPT]


@pytest.mark.parametrize(
    "name",
    ["a/b.md", "a\\b.md", "..md", "../a.md", ".a.md", "a\0.md", "a\n.md", "a.txt", "a.MD", "", "ä" * 127 + ".md"],
)
async def test_no_prompt_is_created_under_a_wrong_name(client: Client, bench: HttpBench, name: str) -> None:
    answer = await client.post("/api/v1/system-prompts", json={"filename": name, "content": "x"})
    await error_of(answer, 422, "VALIDATION_ERROR")
    assert not await bench.prompts.list_prompts()


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/sessions/", "/api/v2/health", "//", "/a%00"]
)
async def test_an_unknown_route_is_told_in_the_form_of_all_errors(client: Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        await error_of(await client.request(method, URL(path, encoded=True)), 404, "NOT_FOUND")


async def test_a_wrong_method_is_told_with_those_that_are_right(client: Client) -> None:
    answer = await client.delete("/api/v1/sessions")
    details = await error_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert details == {"allowed_methods": ["GET", "HEAD", "OPTIONS", "POST"]}
    for method in ("TRACE", "PROPFIND"):
        await error_of(await client.request(method, "/api/v1/health"), 405, "METHOD_NOT_ALLOWED")
