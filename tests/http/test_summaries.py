"""Summaries over HTTP."""

from dataclasses import replace

from domain.session import Session, Summary
from tests.fakes.scripted_model import saying
from tests.http.bench import Client, HttpBench, error_of, json_of
from tests.unit.histories import assistant, session, user

PATH = "/api/v1/sessions/00000000ff"
TEXT = '{"summary": "They greeted.", "topics": ["greeting"]}'


def talk() -> Session:
    return session(user(), assistant())


async def test_a_summary_is_made_now_and_shown(client: Client, bench: HttpBench) -> None:
    await bench.keep(talk())
    assert await json_of(await client.get(f"{PATH}/summary")) == {"summary": None, "topics": None, "model_used": None}
    bench.model.reply_next(saying(TEXT))
    made = await json_of(await client.post(f"{PATH}/summarize", json={"model": "small"}))
    assert made == {"summary": "They greeted.", "topics": ["greeting"], "model_used": "small"}
    assert await json_of(await client.get(f"{PATH}/summary")) == made
    shown = await json_of(await client.get(PATH))
    assert (shown["summary"], shown["summary_model"]) == ({"summary": "They greeted.", "topics": ["greeting"]}, "small")
    [listed] = (await json_of(await client.get("/api/v1/sessions", params={"q": "greet"})))["sessions"]
    assert listed["summary"] == shown["summary"]


async def test_who_made_an_older_summary_is_not_known(client: Client, bench: HttpBench) -> None:
    await bench.keep(replace(talk(), summary=Summary(summary="Old.", topics=("age",))))
    shown = await json_of(await client.get(f"{PATH}/summary"))
    assert shown == {"summary": "Old.", "topics": ["age"], "model_used": None}


async def test_the_model_is_a_name(client: Client, bench: HttpBench) -> None:
    await bench.keep(talk())
    for model in ("", 1, ["llama"]):
        answer = await client.post(f"{PATH}/summarize", json={"model": model})
        assert (await error_of(answer, 422, "VALIDATION_ERROR"))["field"] == "model"
    answer = await client.post(f"{PATH}/summarize", json={"model": "gone"})
    assert (await error_of(answer, 404, "MODEL_NOT_FOUND"))["model"] == "gone"


async def test_a_busy_session_names_its_run(client: Client, bench: HttpBench) -> None:
    await bench.keep(talk())
    handle = await bench.begin_run("00000000ff")
    details = await error_of(await client.post(f"{PATH}/summarize"), 409, "SESSION_BUSY")
    assert details["run_id"] == handle.run.run_id
    await bench.supervisor.stop()
