"""`mochi-server storage check`."""

from application.use_cases.check_sessions import CheckSessions
from application.use_cases.storage_reports import SessionsChecked
from entrypoints.container import Container
from entrypoints.lifespan import opened_stores
from entrypoints.storage.places import Place
from entrypoints.storage.progress import progress_of
from entrypoints.storage.report import Report, counted


async def check(place: Place, report: Report) -> None:
    """Raises StorageFailed where nothing can be read."""
    report.line(f"What is kept in {place.label}")
    container = Container(settings=place.settings)
    async with opened_stores(container):
        for name, sessions in container.session_collections().items():
            runs = container.run_store() if sessions is container.session_store() else None
            with progress_of(f"checking {name}") as progress:
                checked = await CheckSessions(sessions=sessions, runs=runs)(progress)
            report.line(_line(name, checked))
            report.problems(name, checked.problems)
        prompts = await container.prompt_store().list_prompts()
        report.line(f"prompts: {len(prompts)}")


def _line(name: str, checked: SessionsChecked) -> str:
    runs = f", {counted(checked.runs, 'record')} of runs" if checked.runs else ""
    still_open = f" ({checked.open_runs} not ended)" if checked.open_runs else ""
    return f"{name}: {checked.sessions}, {counted(checked.messages, 'message')}{runs}{still_open}"
