"""What every RunStore must do: the sentences of its port, tried on each adapter."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from application.ports.run_store import RunStore
from domain.confirmation import Confirmation, Decision
from domain.errors import SessionBusy
from domain.message import AssistantMessage
from domain.run import (
    IDEMPOTENCY_KEPT,
    OLD_RUNS_KEPT,
    ChatRequest,
    PartialAnswer,
    Run,
    RunFailure,
    RunStatus,
)
from tests.contracts import samples
from tests.contracts.samples import NOON, after
from tests.contracts.stores import DURABLE_RUN_STORES, RUN_STORES, OpenRunStore

SESSION = "00000000aa"
durable = pytest.mark.parametrize("opener", DURABLE_RUN_STORES.values(), ids=list(DURABLE_RUN_STORES))


@pytest.fixture(params=RUN_STORES.values(), ids=list(RUN_STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunStore]:
    opener: OpenRunStore = request.param
    async with opener(tmp_path / "sessions") as opened:
        yield opened


def run(number: int, status: RunStatus = "running", *, session_id: str = SESSION) -> Run:
    return Run(
        run_id=f"{number:016x}",
        session_id=session_id,
        status=status,
        created_at=after(number),
        started_at=after(number),
        ended_at=after(number) if status in {"completed", "cancelled", "failed", "interrupted"} else None,
    )


def partial(of: Run, content: str, thinking: str | None = None) -> PartialAnswer:
    message = AssistantMessage(message_id="f" * 10, timestamp=NOON, content=content, thinking=thinking, model="m")
    return PartialAnswer(session_id=of.session_id, run_id=of.run_id, message=message)


def ended(of: Run) -> Run:
    return replace(of, status="completed", ended_at=of.created_at)


async def test_a_claimed_run_is_listed_as_it_is(store: RunStore) -> None:
    rich = replace(
        run(1),
        message_id="b" * 10,
        eval_count=1,
        prompt_eval_count=2,
        last_sequence=3,
        idempotency_key='key "\u2028é',
        request_digest="00ff",
    )
    await store.claim(rich)
    assert list(await store.list_runs(SESSION)) == [rich]


async def test_a_run_at_work_holds_its_session_and_is_named(store: RunStore) -> None:
    await store.claim(run(1))
    with pytest.raises(SessionBusy) as caught:
        await store.claim(run(2))
    assert caught.value.details == {"session_id": SESSION, "run_id": run(1).run_id}
    assert list(await store.list_runs(SESSION)) == [run(1)]
    await store.claim(run(3, session_id="00000000bb"))


async def test_a_run_that_waits_for_consent_holds_its_session(store: RunStore) -> None:
    await store.claim(run(1))
    await store.update(run(1, "awaiting_confirmation"))
    with pytest.raises(SessionBusy):
        await store.claim(run(2))


@pytest.mark.parametrize("status", ["completed", "cancelled", "failed", "interrupted"])
async def test_a_run_that_ended_frees_its_session(store: RunStore, status: RunStatus) -> None:
    await store.claim(run(1))
    end = replace(run(1, status), error=RunFailure(code="OLLAMA_ERROR", message="so it was"))
    await store.update(end)
    await store.claim(run(2))
    assert list(await store.list_runs(SESSION)) == [run(2), end]


async def test_the_end_of_a_run_that_was_never_claimed_is_kept_and_frees_nothing(store: RunStore) -> None:
    await store.claim(run(1))
    await store.update(ended(run(2)))
    assert list(await store.list_runs(SESSION)) == [ended(run(2)), run(1)]
    with pytest.raises(SessionBusy):
        await store.claim(run(3))


async def test_of_claims_at_once_one_wins(store: RunStore) -> None:
    outcomes = await asyncio.gather(*(store.claim(run(number)) for number in range(9)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, SessionBusy) for outcome in outcomes) == 8


async def test_runs_are_listed_newest_first_by_session(store: RunStore) -> None:
    for number in (2, 1, 3):
        await store.claim(run(number))
        await store.update(ended(run(number)))
    await store.claim(run(4, session_id="00000000bb"))
    assert list(await store.list_runs(SESSION)) == [ended(run(number)) for number in (3, 2, 1)]
    assert list(await store.list_runs("00000000bb")) == [run(4, session_id="00000000bb")]


@pytest.mark.parametrize("session_id", ["ffffffffff", "", "../x", "\ud800", "a\0"])
async def test_an_unknown_session_has_no_runs_and_none_to_forget(store: RunStore, session_id: str) -> None:
    assert list(await store.list_runs(session_id)) == []
    await store.forget(session_id)


async def test_forgotten_runs_are_gone_and_their_session_is_free(store: RunStore) -> None:
    await store.claim(run(1))
    await store.flush([partial(run(1), "text")])
    await store.forget(SESSION)
    await store.flush([partial(run(1), "more text")])
    assert list(await store.list_runs(SESSION)) == []
    await store.claim(run(2))


async def test_text_of_runs_that_nobody_claimed_is_ignored(store: RunStore) -> None:
    await store.flush([])
    await store.flush([partial(run(1), "text"), partial(run(2, session_id="0" * 10), "text")])
    assert list(await store.list_runs(SESSION)) == []
    await store.claim(run(1))


@pytest.mark.parametrize("steps", range(0, 24, 4))
async def test_a_cancelled_claim_is_whole_or_none(store: RunStore, steps: int) -> None:
    claiming = asyncio.create_task(store.claim(run(1)))
    for _ in range(steps):
        await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.gather(claiming, return_exceptions=True)
    listed = list(await store.list_runs(SESSION))
    assert listed in ([], [run(1)])
    await store.update(ended(run(1)))
    await store.claim(run(2))
    assert list(await store.list_runs(SESSION)) == [run(2), ended(run(1))]


async def test_no_run_of_a_living_process_is_abandoned(store: RunStore) -> None:
    await store.claim(run(1))
    await store.flush([partial(run(1), "text")])
    assert list(await store.abandoned()) == []


async def old_and_young_runs(store: RunStore, old_ones: int, young_ones: int) -> tuple[list[Run], list[Run]]:
    """Kept in their order, the oldest first. The old ones are out of the time in which all are kept."""
    long_ago = NOON - IDEMPOTENCY_KEPT - timedelta(hours=1)
    old = [replace(ended(run(number)), ended_at=long_ago) for number in range(old_ones)]
    young = [ended(run(number)) for number in range(1000, 1000 + young_ones)]
    for each in (*old, *young):
        await store.claim(replace(each, status="running", ended_at=None))
        await store.update(each)
    return old, young


async def test_young_runs_are_kept_and_the_newest_of_old_ones(store: RunStore) -> None:
    old, young = await old_and_young_runs(store, OLD_RUNS_KEPT + 5, 10)
    listed = list(await store.list_runs(SESSION))
    assert listed[: len(young)] == young[::-1]
    assert listed[len(young) : len(young) + OLD_RUNS_KEPT] == old[::-1][:OLD_RUNS_KEPT]


async def test_old_runs_do_not_gather_for_ever(store: RunStore) -> None:
    _, young = await old_and_young_runs(store, OLD_RUNS_KEPT + 200, 20)
    assert len(await store.list_runs(SESSION)) < OLD_RUNS_KEPT + len(young) + 50


@durable
async def test_a_run_whose_process_is_gone_is_abandoned_with_its_text(opener: OpenRunStore, tmp_path: Path) -> None:
    async with opener(tmp_path) as store:
        await store.claim(run(1))
        await store.update(ended(run(1)))
        await store.claim(run(2))
        await store.claim(run(3, session_id="00000000bb"))
        await store.flush([partial(run(2), "He"), partial(run(1), "ended long ago")])
        await store.flush([partial(run(2), "Hello", "thought")])
        await store.flush([partial(run(2), "Hello, \0\u2028餅", "thought on")])
        await store.claim(run(4, session_id="00000000cc"))
        await store.update(run(4, "awaiting_confirmation", session_id="00000000cc"))
    async with opener(tmp_path) as restarted:
        abandoned = {each.run.run_id: each for each in await restarted.abandoned()}
        assert abandoned.keys() == {run(number).run_id for number in (2, 3, 4)}
        assert abandoned[run(2).run_id].run == run(2)
        assert abandoned[run(2).run_id].partial == partial(run(2), "Hello, \0\u2028餅", "thought on")
        assert abandoned[run(3).run_id].partial is None
        assert abandoned[run(4).run_id].run.status == "awaiting_confirmation"
        assert list(await restarted.list_runs(SESSION)) == [run(2), ended(run(1))]


@durable
async def test_text_of_an_agent_is_kept_with_its_own_session(opener: OpenRunStore, tmp_path: Path) -> None:
    agents = replace(partial(run(1), "as an agent"), session_id="00000000ee")
    async with opener(tmp_path) as store:
        await store.claim(run(1))
        await store.flush([partial(run(1), "as a model")])
        await store.flush([agents])
    async with opener(tmp_path) as restarted:
        assert [each.partial for each in await restarted.abandoned()] == [agents]


@durable
async def test_the_later_flush_wins_also_where_it_says_something_else(opener: OpenRunStore, tmp_path: Path) -> None:
    other = AssistantMessage(
        message_id="e" * 10, timestamp=after(1), content="x", model="n", tool_calls=(samples.call("one"),)
    )
    last = PartialAnswer(session_id=SESSION, run_id=run(1).run_id, message=other)
    async with opener(tmp_path) as store:
        await store.claim(run(1))
        for each in (partial(run(1), "a long text"), partial(run(1), "short"), partial(run(1), "", "thinks"), last):
            await store.flush([each])
    async with opener(tmp_path) as restarted:
        assert [each.partial for each in await restarted.abandoned()] == [last]


@durable
async def test_an_abandoned_run_can_be_ended_or_taken_over(opener: OpenRunStore, tmp_path: Path) -> None:
    async with opener(tmp_path) as store:
        await store.claim(run(1))
        await store.flush([partial(run(1), "text")])
        await store.claim(run(2, session_id="00000000bb"))
    async with opener(tmp_path) as restarted:
        await restarted.update(replace(run(1, "interrupted"), message_id="f" * 10))
        await restarted.update(run(2, "awaiting_confirmation", session_id="00000000bb"))
        assert list(await restarted.abandoned()) == []
        await restarted.claim(run(3))
        with pytest.raises(SessionBusy):
            await restarted.claim(run(4, session_id="00000000bb"))
        await restarted.flush([partial(run(2, session_id="00000000bb"), "on it goes")])
    async with opener(tmp_path) as again:
        assert {each.run.run_id: each.partial for each in await again.abandoned()} == {
            run(3).run_id: None,
            run(2).run_id: partial(run(2, session_id="00000000bb"), "on it goes"),
        }


@durable
async def test_a_run_of_another_living_process_holds_its_session_and_is_not_abandoned(
    opener: OpenRunStore, tmp_path: Path
) -> None:
    async with opener(tmp_path) as first:
        await first.claim(run(1))
        await first.flush([partial(run(1), "so far")])
        async with opener(tmp_path) as second:
            assert list(await second.abandoned()) == []
            with pytest.raises(SessionBusy):
                await second.claim(run(2))
            await first.flush([partial(run(1), "so far, so good")])
            await first.update(ended(run(1)))
            await second.claim(run(2))
        assert [each.run for each in await first.abandoned()] == [run(2)]


@durable
async def test_questions_outlive_the_process_and_the_run_can_be_taken_over(
    opener: OpenRunStore, tmp_path: Path
) -> None:
    question = Confirmation(
        confirmation_id="c" * 10,
        tool_name="write",
        arguments={"text": "\0\u2028", "deep": [{"a": None}]},
        call_index=1,
        tool_call_id="call_1",
        created_at=NOON,
    )
    request = ChatRequest(think="low", options={"seed": 1}, on_disconnect="continue")
    waiting = replace(run(1, "awaiting_confirmation"), confirmations=(question,), request=request, last_sequence=7)
    answered = waiting.with_confirmation(question.decided(Decision(approved=True, arguments={"text": "other"})))
    async with opener(tmp_path) as store:
        await store.claim(run(1))
        await store.update(waiting)
        await store.update(answered)
    async with opener(tmp_path) as restarted:
        assert [each.run for each in await restarted.abandoned()] == [answered]
        await restarted.claim(answered)
        assert list(await restarted.abandoned()) == []
        with pytest.raises(SessionBusy):
            await restarted.claim(run(2))
