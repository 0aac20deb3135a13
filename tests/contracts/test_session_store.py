"""What every SessionStore must do: the sentences of its port, tried on each adapter."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from application.ports.session_store import ListPosition, SessionStore
from domain.errors import InvalidMessageIndex, SessionNotFound
from domain.message import AssistantMessage, SystemMessage
from domain.search import words_of
from domain.session import Session, Summary, overview_of
from tests.contracts import samples
from tests.contracts.samples import after, assistant, session, user
from tests.contracts.stores import DURABLE_SESSION_STORES, SESSION_STORES, OpenSessionStore


@pytest.fixture(params=SESSION_STORES.values(), ids=list(SESSION_STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionStore]:
    opener: OpenSessionStore = request.param
    async with opener(tmp_path / "sessions") as opened:
        yield opened


async def ids_of(store: SessionStore, words: Sequence[str] = ()) -> list[str]:
    page = await store.list_sessions(words=words)
    return [overview.session_id for overview in page.sessions]


async def test_a_created_session_is_loaded_as_it_was(store: SessionStore) -> None:
    rich = samples.rich_session()
    assert await store.create(rich)
    assert await store.load(rich.session_id) == rich


async def test_a_taken_id_is_refused_and_nothing_changes(store: SessionStore) -> None:
    first, second = session(1, user(1)), session(1, user(2))
    assert await store.create(first)
    assert not await store.create(second)
    assert await store.load(first.session_id) == first


async def test_of_two_creations_of_an_id_at_once_one_wins(store: SessionStore) -> None:
    wins = await asyncio.gather(*(store.create(session(1, user(number))) for number in range(8)))
    assert sorted(wins) == [False] * 7 + [True]
    assert (await store.load(session(1).session_id)).messages == (user(wins.index(True)),)


@pytest.mark.parametrize("session_id", ["f" * 10, "../../etc/x", "", "F" * 10, "a" * 10 + "\n", "\ud800", "x\0"])
async def test_an_unknown_id_is_not_found(store: SessionStore, session_id: str) -> None:
    with pytest.raises(SessionNotFound):
        await store.load(session_id)
    with pytest.raises(SessionNotFound):
        await store.append(session_id, [user(1)], after(1))
    with pytest.raises(SessionNotFound):
        await store.update(session_id, lambda found: found)
    with pytest.raises(SessionNotFound):
        await store.delete(session_id)
    assert await ids_of(store) == []


@pytest.mark.parametrize("text", samples.ODD_TEXTS)
async def test_every_text_comes_back(store: SessionStore, text: str) -> None:
    odd = replace(session(1, user(1, text), assistant(2, text), samples.tool(3, None, text)), model=text)
    odd = replace(odd, summary=Summary(summary=text, topics=(text,)), extra={text: text})
    await store.create(odd)
    await store.append(odd.session_id, [user(4, text)], after(4))
    loaded = await store.load(odd.session_id)
    assert loaded == replace(odd, messages=(*odd.messages, user(4, text)), updated_at=after(4))


async def test_appended_messages_stand_at_the_end_and_the_session_is_updated(store: SessionStore) -> None:
    rich = samples.rich_session()
    await store.create(rich)
    more = samples.conversation_with_tools()[1:]
    await store.append(rich.session_id, more[:2], after(90))
    await store.append(rich.session_id, more[2:], after(91))
    assert await store.load(rich.session_id) == replace(rich, messages=(*rich.messages, *more), updated_at=after(91))


async def test_results_that_are_appended_one_by_one_know_their_calls(store: SessionStore) -> None:
    await store.create(session(1, user(1), assistant(2, "", samples.call("one"), samples.call("two"))))
    await store.append(session(1).session_id, [samples.tool(3, "two")], after(3))
    await store.append(session(1).session_id, [samples.tool(4, "one")], after(4))
    loaded = await store.load(session(1).session_id)
    assert loaded.messages[2:] == (samples.tool(3, "two"), samples.tool(4, "one"))


async def test_an_update_keeps_and_returns_what_the_change_makes(store: SessionStore) -> None:
    await store.create(session(1, user(1), assistant(2), user(3)))
    expected = session(1, user(1), assistant(2, "Better"), model="other", updated=9)

    updated = await store.update(
        session(1).session_id, lambda found: replace(expected, messages=(found.messages[0], assistant(2, "Better")))
    )

    assert updated == expected
    assert await store.load(expected.session_id) == expected


async def test_an_update_may_drop_any_part_of_a_history(store: SessionStore) -> None:
    messages = tuple(user(number, f"text {number}") for number in range(12))
    for number, kept in enumerate([(), messages[:1], messages[:11], messages[1:], (messages[3], *messages[5:])]):
        await store.create(session(number, *messages))
        await store.update(session(number).session_id, lambda found, kept=kept: replace(found, messages=kept))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        assert (await store.load(session(number).session_id)).messages == kept


async def test_an_error_of_the_change_passes_through_and_nothing_changes(store: SessionStore) -> None:
    kept = session(1, user(1))
    await store.create(kept)

    def refuse(found: Session) -> Session:
        raise InvalidMessageIndex("no", index=found.message_count)

    with pytest.raises(InvalidMessageIndex) as caught:
        await store.update(kept.session_id, refuse)
    assert caught.value.details == {"index": 1}
    assert await store.load(kept.session_id) == kept
    await store.append(kept.session_id, [user(2)], after(2))


async def test_a_change_that_returns_the_same_session_writes_nothing(store: SessionStore) -> None:
    kept = session(1, user(1))
    await store.create(kept)
    assert await store.update(kept.session_id, lambda found: found) == kept
    assert await store.load(kept.session_id) == kept


async def test_a_deleted_session_is_gone_and_its_id_free(store: SessionStore) -> None:
    await store.create(session(1, user(1, "findable")))
    await store.delete(session(1).session_id)
    with pytest.raises(SessionNotFound):
        await store.load(session(1).session_id)
    assert await ids_of(store) == []
    assert await ids_of(store, ["findable"]) == []
    assert await store.create(session(1))


async def test_200_appends_at_once_are_all_there(store: SessionStore) -> None:
    await store.create(session(1))
    await asyncio.gather(*(store.append(session(1).session_id, [user(number)], after(number)) for number in range(200)))
    loaded = await store.load(session(1).session_id)
    assert {message.message_id for message in loaded.messages} == {f"{number:010x}" for number in range(200)}
    assert loaded.message_count == 200


async def test_updates_at_once_never_undo_each_other(store: SessionStore) -> None:
    await store.create(replace(session(1), extra={}))

    async def note(number: int) -> None:
        await store.update(
            session(1).session_id, lambda found: replace(found, extra={**found.extra, f"note {number}": number})
        )

    await asyncio.gather(
        *(note(number) for number in range(50)),
        *(store.append(session(1).session_id, [user(number)], after(number)) for number in range(50)),
    )
    loaded = await store.load(session(1).session_id)
    assert len(loaded.extra) == 50
    assert loaded.message_count == 50


async def test_a_system_prompt_comes_changes_and_goes_while_the_rest_stays(store: SessionStore) -> None:
    prompt, other = (SystemMessage(message_id=each * 10, timestamp=after(0), content=each) for each in "ab")
    rest = (user(1), assistant(2), prompt, user(3))
    await store.create(session(1, *rest))
    for leading in ((prompt,), (other,), (other, prompt), (), (prompt, other), (prompt,)):
        await store.update(session(1).session_id, lambda found, new=leading: replace(found, messages=(*new, *rest)))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        await store.append(session(1).session_id, [user(4)], after(4))
        assert (await store.load(session(1).session_id)).messages == (*leading, *rest, user(4))


async def test_a_system_prompt_may_be_appended(store: SessionStore) -> None:
    prompt = SystemMessage(message_id="a" * 10, timestamp=after(0), content="Be kind.")
    await store.create(session(1))
    await store.append(session(1).session_id, [prompt, user(1)], after(1))
    await store.append(session(1).session_id, [prompt], after(2))
    await store.append(session(1).session_id, [], after(3))
    assert await store.load(session(1).session_id) == session(1, prompt, user(1), prompt, updated=3)


@pytest.mark.parametrize("steps", range(0, 30, 5))
async def test_a_cancelled_change_is_whole_or_none_and_the_next_finds_it_so(store: SessionStore, steps: int) -> None:
    kept = session(1, user(1), user(2))
    await store.create(kept)
    changed = replace(kept, messages=(user(1, "other"),), model="other")
    works = (
        store.update(kept.session_id, lambda _: changed),
        store.create(session(2, user(1))),
        store.list_sessions(words=["hello"]),
    )
    tasks = [asyncio.create_task(work) for work in works]
    for _ in range(steps):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    before = await store.load(kept.session_id)
    assert before in (kept, changed)
    await store.append(kept.session_id, [user(3)], after(3))
    assert (await store.load(kept.session_id)).messages == (*before.messages, user(3))
    assert len(await ids_of(store)) in (1, 2)


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancelled_append_takes_effect_whole_or_not_at_all(store: SessionStore, steps: int) -> None:
    await store.create(session(1))
    cancelled = asyncio.create_task(store.append(session(1).session_id, [user(1), user(2)], after(2)))
    for _ in range(steps):
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    seen = (await store.load(session(1).session_id)).messages
    assert seen in ((), (user(1), user(2)))
    await store.append(session(1).session_id, [user(3)], after(3))
    assert (await store.load(session(1).session_id)).messages == (*seen, user(3))


async def test_a_list_shows_overviews_newest_first_and_ties_by_greater_id(store: SessionStore) -> None:
    listed = [session(1, updated=5), session(3), session(2, user(1, "x" * 300)), session(4, updated=-1)]
    for each in listed:
        await store.create(each)
    page = await store.list_sessions()
    assert page.sessions == [overview_of(each) for each in listed]
    assert page.next_position is None


async def test_a_list_shows_every_change_at_once(store: SessionStore) -> None:
    for number in (1, 2, 3):
        await store.create(session(number, user(1, "first words"), updated=number))
    assert await ids_of(store) == [session(number).session_id for number in (3, 2, 1)]

    await store.append(session(1).session_id, [assistant(9)], after(9))
    await store.update(session(2).session_id, lambda found: replace(found, model="new", updated_at=after(8)))
    await store.delete(session(3).session_id)
    await store.create(session(4, updated=7))

    page = await store.list_sessions()
    assert [overview.session_id for overview in page.sessions] == [session(number).session_id for number in (1, 2, 4)]
    assert [overview.message_count for overview in page.sessions] == [2, 1, 0]
    assert [overview.model for overview in page.sessions] == ["llama3.2:3b", "new", "llama3.2:3b"]


async def test_pages_join_up_to_the_whole_list_ties_included(store: SessionStore) -> None:
    for number in range(23):
        await store.create(session(number, updated=number // 5))
    whole = await ids_of(store)
    for limit in (1, 4, 5, 22, 23, 24):
        pages: list[list[str]] = []
        position: ListPosition | None = None
        while not pages or position:
            page = await store.list_sessions(limit=limit, after=position)
            pages.append([overview.session_id for overview in page.sessions])
            position = page.next_position
        assert [each for page_ids in pages for each in page_ids] == whole
        assert all(len(page_ids) == limit for page_ids in pages[:-1])
        assert pages[-1]


async def test_a_page_goes_on_where_the_last_one_ended_though_its_last_session_is_gone(store: SessionStore) -> None:
    for number in range(6):
        await store.create(session(number, updated=number))
    page = await store.list_sessions(limit=2)
    await store.delete(page.sessions[-1].session_id)
    await store.append(session(0).session_id, [user(1)], after(99))
    rest = await store.list_sessions(after=page.next_position)
    assert [each.session_id for each in rest.sessions] == [session(number).session_id for number in (3, 2, 1)]


async def test_an_empty_store_lists_nothing(store: SessionStore) -> None:
    page = await store.list_sessions(limit=10)
    assert (list(page.sessions), page.next_position) == ([], None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("gard", [1, 2]),
        ("GARDEN", [1, 2]),
        ("garden rose", [1]),
        ("rose garden", [1]),
        ("ardent", []),
        ("gardener", [2]),
        ("toolword", []),
        ("systemword", []),
        ("summaryword", [3]),
        ("straße", [3]),
        ("STRASSE", [3]),
        ("餅", [4]),
        ("餅焼", [4]),
        ("もち", [4]),
        ("garden 餅", []),
        ("100", [4]),
        ("a", [1, 2, 3, 4]),
    ],
)
async def test_words_find_sessions_by_the_beginnings_of_their_words(
    store: SessionStore, query: str, found: list[int]
) -> None:
    system = samples.conversation_with_tools()[0]
    await store.create(session(1, replace(system, content="systemword"), user(1, "A Garden"), assistant(2, "ROSES")))
    await store.create(session(2, user(1, "the gardener's"), samples.tool(2, None, "toolword"), assistant(3, "a")))
    await store.create(replace(session(3, user(1, "An answer")), summary=Summary(summary="Summaryword, Straße!")))
    await store.create(session(4, assistant(1, "焼き餅 and もち, 1000")))
    assert sorted(await ids_of(store, words_of(query))) == [session(number).session_id for number in found]


@pytest.mark.parametrize("size", [199, 200, 201, 5000])
async def test_words_of_any_length_are_found_by_any_beginning(store: SessionStore, size: int) -> None:
    word = ("éab" * size)[:size]
    await store.create(session(1, user(1, f"say {word}")))
    await store.create(session(2, user(1, f"say {word[:-1]}x")))
    for beginning in (word[:1], word[: size // 2], word[:-1]):
        assert await ids_of(store, [beginning]) == [session(number).session_id for number in (2, 1)]
    assert await ids_of(store, [word]) == [session(1).session_id]
    assert await ids_of(store, [f"{word}a"]) == []
    assert await ids_of(store, [word, "say"]) == [session(1).session_id]


async def test_words_go_with_what_had_them_and_stay_with_what_has_them_too(store: SessionStore) -> None:
    await store.create(replace(session(1, user(1, "apple pear"), user(2, "pear fig")), summary=Summary(summary="fig")))
    await store.update(session(1).session_id, lambda found: replace(found, messages=found.messages[1:]))
    assert [bool(await ids_of(store, [word])) for word in ("apple", "pear", "fig")] == [False, True, True]
    await store.update(session(1).session_id, lambda found: replace(found, messages=(), summary=None))
    assert [bool(await ids_of(store, [word])) for word in ("apple", "pear", "fig")] == [False, False, False]


async def test_a_search_sees_changes_and_pages(store: SessionStore) -> None:
    for number in range(9):
        await store.create(session(number, user(1, "apple" if number % 2 else "pear"), updated=number))
    assert len(await ids_of(store, ["apple"])) == 4
    await store.append(session(0).session_id, [user(2, "apple")], after(50))
    await store.update(session(1).session_id, lambda found: replace(found, messages=()))
    page = await store.list_sessions(words=["app"], limit=3)
    rest = await store.list_sessions(words=["app"], limit=3, after=page.next_position)
    assert [each.session_id for each in (*page.sessions, *rest.sessions)] == [
        session(number).session_id for number in (0, 7, 5, 3)
    ]
    assert rest.next_position is None


async def test_lists_while_sessions_change_never_fail(store: SessionStore) -> None:
    async def live(number: int) -> None:
        await store.create(session(number))
        await store.append(session(number).session_id, [user(1)], after(number))
        if number % 2:
            await store.delete(session(number).session_id)

    async def look() -> None:
        for _ in range(10):
            await store.list_sessions(limit=5)
            await store.list_sessions(words=["hel"])

    await asyncio.gather(look(), *(live(number) for number in range(30)))
    assert len(await ids_of(store, ["hello"])) == 15


@pytest.mark.parametrize("opener", DURABLE_SESSION_STORES.values(), ids=list(DURABLE_SESSION_STORES))
async def test_what_was_kept_is_there_in_another_store_at_the_same_place(
    opener: OpenSessionStore, tmp_path: Path
) -> None:
    rich = samples.rich_session()
    cut = AssistantMessage(message_id="e" * 10, timestamp=after(70), content="cut", model="m", done_reason="error")
    async with opener(tmp_path) as first, opener(tmp_path) as second:
        await first.create(rich)
        assert await second.load(rich.session_id) == rich
        await second.append(rich.session_id, [cut], after(70))
        await first.append(rich.session_id, [user(71)], after(71))
        expected = replace(rich, messages=(*rich.messages, cut, user(71)), updated_at=after(71))
        assert await second.load(rich.session_id) == expected
        assert await ids_of(second) == await ids_of(first) == [rich.session_id]
    async with opener(tmp_path) as reopened:
        assert await reopened.load(rich.session_id) == expected
        assert (await reopened.list_sessions()).sessions == [overview_of(expected)]


async def test_the_ids_of_all_sessions_are_told_in_their_order(store: SessionStore) -> None:
    assert list(await store.session_ids()) == []
    for number in (3, 1, 2):
        await store.create(session(number, updated=number))
    await store.delete(session(2).session_id)
    assert list(await store.session_ids()) == [session(1).session_id, session(3).session_id]
