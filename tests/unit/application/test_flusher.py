"""Which runs are flushed when: each often enough, and few of them together."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from application.runs.flusher import FEW_RUNS, SLICES, due
from application.runs.run_handle import RunHandle
from domain.run import ChatRequest, Run


def handle(number: int) -> RunHandle:
    run = Run(
        run_id=f"run_{number:032x}",
        session_id=f"session-{number}",
        status="running",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return RunHandle(run, ChatRequest(message="Hello"))


@given(counts=st.lists(st.integers(0, 3 * FEW_RUNS), min_size=1, max_size=40))
async def test_no_run_waits_for_more_turns_than_there_are_slices(counts: list[int]) -> None:
    handles = [handle(number) for number in range(3 * FEW_RUNS)]
    waited = [0] * len(handles)
    were_few = True
    for number, count in enumerate(counts):
        are_few = count <= FEW_RUNS
        flushed = set(map(id, due(handles[:count], number % SLICES, are_few=are_few, were_few=were_few)))
        were_few = are_few
        for one, its_handle in enumerate(handles):
            waits = one < count and id(its_handle) not in flushed
            waited[one] = waited[one] + 1 if waits else 0
        assert max(waited) < SLICES


async def test_few_runs_are_flushed_in_one_turn_of_all() -> None:
    few = [handle(number) for number in range(FEW_RUNS)]

    turns = [due(few, turn, are_few=True, were_few=True) for turn in range(SLICES)]

    assert [len(runs) for runs in turns] == [FEW_RUNS, *[0] * (SLICES - 1)]


async def test_many_runs_are_flushed_in_even_parts() -> None:
    many = [handle(number) for number in range(2 * FEW_RUNS)]

    turns = [due(many, turn, are_few=False, were_few=False) for turn in range(SLICES)]

    assert [len(runs) for runs in turns] == [len(many) // SLICES] * SLICES
