"""What everybody who is told of the server's work must do: listen, and be in nobody's way."""

import asyncio
from collections.abc import Callable, Sequence
from copy import copy

import pytest

from application.ports.telemetry import (
    CUT,
    AgentReport,
    QuestionReport,
    Report,
    RequestReport,
    RunReport,
    StreamReport,
    Telemetry,
    ToolReport,
)
from domain.errors import StorageFailed
from tests.contracts.telemetry_subjects import TELEMETRY


@pytest.fixture(params=TELEMETRY)
def telemetry(request: pytest.FixtureRequest) -> Telemetry:
    return TELEMETRY[request.param]()


def new_reports() -> Sequence[Report]:
    """One of each kind, with the least that is known at its start."""
    return (
        RequestReport(request_id="a", method="GET", route=None),
        StreamReport(),
        RunReport(run_id="0" * 16, session_id="0" * 10),
        QuestionReport(model="llama", purpose="chat", session_id="0" * 10),
        ToolReport(tool_name="echo"),
        AgentReport(agent_name="cook", model="llama", session_id="1" * 10),
    )


def complete(report: Report) -> None:
    """All that may become known until the end."""
    match report:
        case RequestReport():
            report.status, report.error_code = 503, "STORAGE_ERROR"
        case RunReport():
            report.status, report.model, report.error_code = "failed", "llama", "OLLAMA_ERROR"
            report.prompt_tokens = report.answer_tokens = 3
        case QuestionReport():
            report.num_ctx, report.added_delay, report.first_piece_after, report.done_reason = 8192, 0.01, 0.5, "stop"
            report.prompt_tokens = report.answer_tokens = 3
            report.was_reloaded = True
        case ToolReport() | AgentReport():
            report.error_code = "TOOL_TIMEOUT"
        case StreamReport():
            pass


Completing = Callable[[Report], None]
LEFT_AS_IT_IS: Completing = lambda _report: None  # noqa: E731 - a value among values


@pytest.mark.parametrize("completing", [complete, LEFT_AS_IT_IS])
def test_every_kind_of_work_can_be_told_of(telemetry: Telemetry, completing: Completing) -> None:
    for report in new_reports():
        with telemetry.during(report):
            completing(report)
            expected = copy(report)
        assert report == expected, "a report is the teller's own"


@pytest.mark.parametrize(
    "error", [StorageFailed("no"), ValueError("no"), asyncio.CancelledError(), KeyboardInterrupt()]
)
def test_an_error_of_the_work_passes(telemetry: Telemetry, error: BaseException) -> None:
    for report in new_reports():
        with pytest.raises(type(error)) as raised, telemetry.during(report):
            raise error
        assert raised.value is error


def test_work_lies_within_work(telemetry: Telemetry) -> None:
    request, stream, run, question, tool, agent = new_reports()
    with telemetry.during(request), telemetry.during(stream), telemetry.during(run):
        with telemetry.during(agent), telemetry.during(question):
            pass
        with telemetry.during(tool):
            pass


async def test_pieces_of_work_overlap_in_any_order(telemetry: Telemetry) -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def work(gate: asyncio.Event) -> None:
        with telemetry.during(RunReport(run_id="0" * 16, session_id="0" * 10)):
            await gate.wait()

    tasks = [asyncio.create_task(work(gate)) for gate in gates]
    await asyncio.sleep(0)
    for place in (1, 0, 2):
        gates[place].set()
        await tasks[place]


def test_the_same_work_may_come_again(telemetry: Telemetry) -> None:
    for _ in range(3):
        with telemetry.during(ToolReport(tool_name="echo", error_code=CUT)):
            pass
