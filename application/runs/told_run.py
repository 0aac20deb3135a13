"""A run's work as it is told of: under the ids of its session and its own, from its first step to its last."""

from collections.abc import Awaitable, Callable

from application.ports.telemetry import RunReport, Telemetry
from application.runs.run_handle import RunHandle
from application.work_ids import working_on_run
from domain.run import EndStatus, Run


async def tell_run(
    telemetry: Telemetry, handle: RunHandle, work: Callable[[], Awaitable[None]], *, has_turn: bool
) -> None:
    """Raises what `work` raises."""
    report = RunReport(run_id=handle.run.run_id, session_id=handle.run.session_id, has_turn=has_turn)
    with working_on_run(report.session_id, report.run_id), telemetry.during(report):
        try:
            await work()
        finally:
            _complete(report, handle)


def _complete(report: RunReport, handle: RunHandle) -> None:
    run = handle.run
    report.model = handle.model
    report.status = _end_status(run)
    report.error_code = run.error.code if run.error else None
    report.prompt_tokens = run.prompt_eval_count
    report.answer_tokens = run.eval_count


def _end_status(run: Run) -> EndStatus | None:
    match run.status:
        case "completed" | "cancelled" | "failed" | "interrupted" as ended:
            return ended
        case _:
            return None
