"""Records of runs, copied with their sessions from every store to every other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.codec.transfer import digest_of
from adapters.memory.run_store import MemoryRunStore
from adapters.memory.session_store import MemorySessionStore
from application.ports.run_store import RunStore
from application.runs.run_transfer import RunTransfer
from application.use_cases.copy_sessions import CopySessions
from application.use_cases.storage_reports import SessionsCopied
from domain.confirmation import Confirmation, Decision
from domain.errors import StorageFailed
from domain.run import IDEMPOTENCY_KEPT, ChatRequest, Run
from tests.contracts.samples import NOON, after, session
from tests.contracts.stores import DURABLE_RUN_STORES, RUN_STORES
from tests.contracts.test_run_store import ended, partial, run
from tests.fakes.clock import FakeClock
from tests.storage.pairs import pairs_of

PAIRS = pairs_of(RUN_STORES)
DURABLE_PAIRS = pairs_of(DURABLE_RUN_STORES)
SESSION = session(1)
QUESTION = Confirmation(
    confirmation_id="c" * 10,
    tool_name="write",
    arguments={"text": "\0\u2028"},
    call_index=0,
    tool_call_id="call_1",
    created_at=NOON,
)


def of_session(number: int) -> Run:
    return run(number, session_id=SESSION.session_id)


@pytest.fixture(params=PAIRS, ids=[f"{source}-to-{target}" for source, target in PAIRS])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[RunStore, RunStore]]:
    source, target = request.param
    async with RUN_STORES[source](tmp_path / "source") as here, RUN_STORES[target](tmp_path / "target") as there:
        yield here, there


async def copied(source: RunStore, target: RunStore) -> SessionsCopied:
    sessions = MemorySessionStore()
    await sessions.create(SESSION)
    copy = CopySessions(
        source=sessions,
        target=MemorySessionStore(),
        runs=RunTransfer(source=source, target=target, clock=FakeClock(NOON)),
        digest_of=digest_of,
    )
    return await copy(lambda *_: None)


async def test_runs_that_have_ended_come_over_once(stores: tuple[RunStore, RunStore]) -> None:
    source, target = stores
    decided = QUESTION.decided(Decision(approved=False, reason="no"))
    asked = replace(ended(of_session(1)), confirmations=(decided,), request=ChatRequest(options={"seed": 1}))
    keyed = replace(ended(of_session(2)), idempotency_key="key", request_digest="00ff", last_sequence=7)
    for each in (asked, keyed):
        await source.claim(replace(each, status="running", ended_at=None))
        await source.update(each)
    assert (await copied(source, target)).runs == 2
    assert list(await target.list_runs(SESSION.session_id)) == [keyed, asked]
    again = await copied(source, target)
    assert (again.runs, again.problems) == (0, [])


async def test_a_run_at_work_keeps_its_session_from_being_copied(stores: tuple[RunStore, RunStore]) -> None:
    source, target = stores
    await source.claim(of_session(1))
    report = await copied(source, target)
    assert [problem.name for problem in report.problems] == [SESSION.session_id]
    assert "has not ended" in report.problems[0].reason
    assert (report.copied, report.digests) == (0, {})
    assert list(await target.list_runs(SESSION.session_id)) == []


async def test_records_that_no_store_need_keep_stay_behind(stores: tuple[RunStore, RunStore]) -> None:
    source, target = stores
    long_ago = NOON - IDEMPOTENCY_KEPT - timedelta(hours=1)
    for number in range(60):
        await source.update(replace(ended(of_session(number)), ended_at=long_ago))
    report = await copied(source, target)
    assert (report.runs, report.problems) == (50, [])
    assert (await copied(source, target)).runs == 0


@pytest.mark.parametrize(("source", "target"), DURABLE_PAIRS)
async def test_runs_of_dead_servers_are_left_to_the_targets_next_one(source: str, target: str, tmp_path: Path) -> None:
    request = ChatRequest(on_disconnect="continue")
    waiting = replace(of_session(1), status="awaiting_confirmation", confirmations=(QUESTION,), request=request)
    async with DURABLE_RUN_STORES[source](tmp_path / "source") as died:
        await died.claim(waiting)
        await died.flush([partial(waiting, "half an ans", "a thought")])
    async with (
        DURABLE_RUN_STORES[source](tmp_path / "source") as here,
        DURABLE_RUN_STORES[target](tmp_path / "target") as there,
    ):
        left = list(await here.abandoned())
        assert (await copied(here, there)).runs == 1
        assert list(await here.abandoned()) == left
    async with DURABLE_RUN_STORES[target](tmp_path / "target") as next_server:
        assert list(await next_server.abandoned()) == left


@pytest.mark.parametrize(("source", "target"), DURABLE_PAIRS)
async def test_a_copy_that_was_cut_before_the_text_is_made_whole(source: str, target: str, tmp_path: Path) -> None:
    cut = of_session(1)
    async with DURABLE_RUN_STORES[source](tmp_path / "source") as died:
        await died.claim(cut)
        await died.flush([partial(cut, "text")])
    async with DURABLE_RUN_STORES[target](tmp_path / "target") as there:
        await there.claim(cut)
    async with (
        DURABLE_RUN_STORES[source](tmp_path / "source") as here,
        DURABLE_RUN_STORES[target](tmp_path / "target") as there,
    ):
        assert (await copied(here, there)).runs == 1
    async with DURABLE_RUN_STORES[target](tmp_path / "target") as next_server:
        assert [each.partial for each in await next_server.abandoned()] == [partial(cut, "text")]


@pytest.mark.parametrize(("source", "target"), DURABLE_PAIRS)
async def test_a_run_that_a_server_of_the_target_went_on_with_is_let_alone(
    source: str, target: str, tmp_path: Path
) -> None:
    cut = of_session(1)
    async with DURABLE_RUN_STORES[source](tmp_path / "source") as died:
        await died.claim(cut)
        await died.flush([partial(cut, "text")])
    async with (
        DURABLE_RUN_STORES[source](tmp_path / "source") as here,
        DURABLE_RUN_STORES[target](tmp_path / "target") as server,
        DURABLE_RUN_STORES[target](tmp_path / "target") as there,
    ):
        await server.claim(cut)
        assert (await copied(here, there)).runs == 0
        assert list(await there.abandoned()) == []
        await server.update(replace(cut, status="interrupted", ended_at=after(2)))
        assert (await copied(here, there)).runs == 0
        assert [each.status for each in await there.list_runs(SESSION.session_id)] == ["interrupted"]


@pytest.mark.parametrize(("source", "target"), DURABLE_PAIRS)
async def test_another_run_at_work_in_the_target_is_told_of(source: str, target: str, tmp_path: Path) -> None:
    async with DURABLE_RUN_STORES[source](tmp_path / "source") as died:
        await died.claim(of_session(1))
    async with (
        DURABLE_RUN_STORES[source](tmp_path / "source") as here,
        DURABLE_RUN_STORES[target](tmp_path / "target") as there,
    ):
        await there.claim(of_session(2))
        assert [problem.name for problem in (await copied(here, there)).problems] == [SESSION.session_id]


class ForgetfulStore(MemoryRunStore):
    async def update(self, run: Run) -> None:
        await super().update(replace(run, error=None, eval_count=1))


async def test_a_target_that_gives_back_something_else_ends_the_copy() -> None:
    source = MemoryRunStore()
    await source.update(ended(of_session(1)))
    with pytest.raises(StorageFailed):
        await copied(source, ForgetfulStore())
