"""Sessions, copied from every store to every other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.codec.transfer import digest_of
from adapters.memory.session_store import MemorySessionStore
from application.ports.session_store import SessionStore
from application.use_cases.copy_sessions import CopySessions
from application.use_cases.storage_reports import SessionsCopied
from application.use_cases.verify_sessions import VerifySessions
from domain import conversation
from domain.errors import StorageFailed
from domain.session import Session
from tests.contracts import samples
from tests.contracts.samples import after, assistant, session, user
from tests.contracts.stores import SESSION_STORES, json_sessions
from tests.storage.pairs import pairs_of

PAIRS = pairs_of(SESSION_STORES)
ODD = [replace(session(number, user(1, text)), model=text) for number, text in enumerate(samples.ODD_TEXTS)]


@pytest.fixture(params=PAIRS, ids=[f"{source}-to-{target}" for source, target in PAIRS])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[SessionStore, SessionStore]]:
    source, target = request.param
    async with (
        SESSION_STORES[source](tmp_path / "source") as here,
        SESSION_STORES[target](tmp_path / "target") as there,
    ):
        yield here, there


async def copied(source: SessionStore, target: SessionStore) -> SessionsCopied:
    steps: list[tuple[int, int]] = []
    copy = CopySessions(source=source, target=target, runs=None, digest_of=digest_of)
    report = await copy(lambda done, total: steps.append((done, total)))
    total = len(await source.session_ids())
    assert steps == [(done, total) for done in range(total + 1)]
    return report


def counts(report: SessionsCopied) -> tuple[int, int, int, int]:
    return report.copied, report.continued, report.present, len(report.problems)


async def all_of(store: SessionStore) -> list[Session]:
    return [await store.load(session_id) for session_id in await store.session_ids()]


async def test_all_comes_over_as_it_was_and_back_again(stores: tuple[SessionStore, SessionStore]) -> None:
    source, target = stores
    kept = [samples.rich_session(), *ODD]
    for each in kept:
        await source.create(each)
    report = await copied(source, target)
    assert counts(report) == (len(kept), 0, 0, 0)
    assert await all_of(target) == await all_of(source) == sorted(kept, key=lambda each: each.session_id)
    assert report.digests == {each.session_id: digest_of(each) for each in kept}
    for each in kept:
        await source.delete(each.session_id)
    assert counts(await copied(target, source)) == (len(kept), 0, 0, 0)
    assert await all_of(source) == await all_of(target)


async def test_done_again_it_writes_only_what_is_missing(stores: tuple[SessionStore, SessionStore]) -> None:
    source, target = stores
    for number in range(4):
        await source.create(session(number, user(number)))
    await target.create(session(1, user(1)))
    assert counts(await copied(source, target)) == (3, 0, 1, 0)
    report = await copied(source, target)
    assert counts(report) == (0, 0, 4, 0)
    assert len(report.digests) == 4


async def test_what_was_said_since_the_last_copy_follows(stores: tuple[SessionStore, SessionStore]) -> None:
    source, target = stores
    rich = samples.rich_session()
    await source.create(rich)
    await copied(source, target)
    await source.append(rich.session_id, [user(90), assistant(91)], after(91))
    assert counts(await copied(source, target)) == (0, 1, 0, 0)
    assert await all_of(target) == [conversation.append(rich, [user(90), assistant(91)], after(91))]


async def test_other_content_in_the_target_is_told_of_and_let_alone(stores: tuple[SessionStore, SessionStore]) -> None:
    source, target = stores
    old = session(1, user(1), assistant(2))
    others = {
        "said something else": replace(old, messages=(user(1), assistant(2, "No"))),
        "said more": replace(old, messages=(*old.messages, user(3)), updated_at=after(3)),
        "chose another model": replace(old, model="other"),
    }
    await source.create(old)
    await source.create(session(2))
    for other in others.values():
        await target.create(other)
        report = await copied(source, target)
        assert [problem.name for problem in report.problems] == [old.session_id]
        assert "other content" in report.problems[0].reason
        assert old.session_id not in report.digests
        assert await target.load(old.session_id) == other
        await target.delete(old.session_id)
    assert await target.load(session(2).session_id) == session(2)


async def test_what_was_copied_is_found_in_the_target_and_what_changed_since_is_not(
    stores: tuple[SessionStore, SessionStore],
) -> None:
    source, target = stores
    for number in range(4):
        await source.create(session(number, user(number)))
    report = await copied(source, target)
    verify = VerifySessions(sessions=target, digest_of=digest_of)
    assert await verify(report.digests, lambda *_: None) == []
    await target.append(session(1).session_id, [user(9)], after(9))
    await target.delete(session(2).session_id)
    names = [problem.name for problem in await verify(report.digests, lambda *_: None)]
    assert names == [session(1).session_id, session(2).session_id]


async def test_corrupt_files_are_named_and_left_as_they_are_on_both_sides(tmp_path: Path) -> None:
    async with json_sessions(tmp_path / "source") as source, json_sessions(tmp_path / "target") as target:
        for number in range(4):
            await source.create(session(number))
        broken = [tmp_path / "source" / "0000000001.json", tmp_path / "target" / "0000000002.json"]
        for path in broken:
            path.write_bytes(b"{")
        report = await copied(source, target)
        assert counts(report) == (2, 0, 0, 2)
        assert [(each.name, "it is not valid JSON" in each.reason) for each in report.problems] == [
            ("0000000001", True),
            ("0000000002", True),
        ]
        assert [path.read_bytes() for path in broken] == [b"{", b"{"]
        assert not (tmp_path / "target" / "0000000001.json").exists()


class DamagedStore(MemorySessionStore):
    """On a disk with one bad place."""

    async def load(self, session_id: str) -> Session:
        if session_id == session(1).session_id:
            raise StorageFailed("The session could not be read: Input/output error.")
        return await super().load(session_id)


async def test_a_session_that_the_disk_does_not_give_back_is_named_and_the_others_are_copied() -> None:
    source, target = DamagedStore(), MemorySessionStore()
    for number in range(3):
        await source.create(session(number))
    report = await copied(source, target)
    assert counts(report) == (2, 0, 0, 1)
    assert "Input/output error" in report.problems[0].reason
