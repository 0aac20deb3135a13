"""The list of sessions over HTTP: its items, its pages and its search."""

import pytest

from tests.http.bench import Client, HttpBench, error_of, json_of
from tests.unit.histories import session, user

SESSIONS = "/api/v1/sessions"
NOW = "2026-01-02T03:04:05.678901Z"


async def test_the_list_shows_each_session_without_its_messages(client: Client, bench: HttpBench) -> None:
    await bench.keep(session(user("x" * 101)))
    listed = await json_of(await client.get(SESSIONS))
    assert listed == {
        "sessions": [
            {
                "session_id": "00000000ff",
                "model": "llama",
                "created_at": NOW,
                "updated_at": NOW,
                "message_count": 1,
                "tool_settings": {"tools": [], "execution_policy": "always_confirm", "tool_policies": {}},
                "agent_settings": {"enabled_agents": []},
                "summary": None,
                "summary_model": None,
                "preview": "x" * 100,
            }
        ],
        "next_cursor": None,
    }


async def test_pages_give_every_session_once_newest_first(client: Client, bench: HttpBench) -> None:
    for _ in range(5):
        await client.post(SESSIONS, json={"model": "llama"})
        bench.clock.advance(1)
    found: list[str] = []
    cursor = None
    for expected in (2, 2, 1):
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await json_of(await client.get(SESSIONS, params=query))
        assert len(page["sessions"]) == expected
        found += [listed["session_id"] for listed in page["sessions"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert found == [f"{number:010x}" for number in (5, 4, 3, 2, 1)]


async def test_sessions_are_found_by_the_beginnings_of_their_words(client: Client, bench: HttpBench) -> None:
    await bench.keep(session(user("The Weather in Oslo"), session_id="00000000f1"))
    await bench.keep(session(user("Whether or not"), session_id="00000000f2"))
    for query, expected in (("weat os", ["00000000f1"]), ("WHE", ["00000000f2"]), ("eather", [])):
        page = await json_of(await client.get(SESSIONS, params={"q": query}))
        assert [listed["session_id"] for listed in page["sessions"]] == expected


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1.0",
        "limit=1_0",
        "limit=+1",
        "limit=%201",
        "limit=",
        "limit=x",
        "limit=%D9%A1",
        "limit=" + "9" * 5000,
        "limit=1&limit=2",
        "q=a&q=b",
        "unknown=1",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        "cursor=%C3%A4",
        "cursor=MjAyNi0wMS0wMlQwMzowNDowNS8wMDAwMDAwMDAx",
        "cursor=MDAwMS0wMS0wMVQwMDowMDowMCswNTowMC8wMDAwMDAwMDAx",  # before the first moment there is in UTC
        "cursor=" + "A" * 4000,
    ],
)
async def test_a_wrong_query_is_refused_by_name(client: Client, query: str) -> None:
    details = await error_of(await client.get(f"{SESSIONS}?{query}"), 422, "VALIDATION_ERROR")
    assert details["errors"][0]["field"] == query.partition("=")[0]


async def test_a_page_of_a_thousand_may_be_asked_for(client: Client) -> None:
    await json_of(await client.get(SESSIONS, params={"limit": "1000"}))
