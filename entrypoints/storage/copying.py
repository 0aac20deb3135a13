"""`mochi-server storage copy`."""

from collections.abc import Mapping

from application.runs.run_transfer import RunTransfer
from application.use_cases.copy_prompts import CopyPrompts
from application.use_cases.copy_sessions import CopySessions
from application.use_cases.storage_reports import Problem, PromptsCopied, SessionsCopied
from application.use_cases.verify_sessions import VerifySessions
from entrypoints.container import Container
from entrypoints.lifespan import opened_stores
from entrypoints.storage.places import Place
from entrypoints.storage.progress import progress_of
from entrypoints.storage.report import Report, counted


async def copy(source: Place, target: Place, report: Report) -> None:
    """Raises StorageFailed where it cannot go on; what was copied until then is kept."""
    report.line(f"From {source.label} to {target.label}")
    digests = await _copy(source, target, report)
    verified = 0
    for name, expected in digests.items():
        problems = await _verify(target, name, expected)
        verified += len(expected) - len(problems)
        report.problems(name, problems)
    were = "session was" if verified == 1 else "sessions were"
    report.line(f"{verified} {were} read back from the target: their content is that of the source")


async def _copy(source: Place, target: Place, report: Report) -> Mapping[str, Mapping[str, str]]:
    """The digests of the sessions that are in the target now, by collection and id."""
    here, there = Container(settings=source.settings), Container(settings=target.settings)
    digests = {}
    async with opened_stores(here), opened_stores(there):
        runs = RunTransfer(source=here.run_store(), target=there.run_store(), clock=here.clock())
        for name, sessions in here.session_collections().items():
            copy_sessions = CopySessions(
                source=sessions,
                target=there.session_collections()[name],
                runs=runs if sessions is here.session_store() else None,
                digest_of=here.session_digest(),
            )
            with progress_of(f"copying {name}") as progress:
                copied = await copy_sessions(progress)
            report.line(_sessions_line(name, copied))
            report.problems(name, copied.problems)
            digests[name] = copied.digests
        prompts = await CopyPrompts(source=here.prompt_store(), target=there.prompt_store())()
        report.line(_prompts_line(prompts))
        report.problems("prompts", prompts.problems)
    return digests


async def _verify(target: Place, name: str, expected: Mapping[str, str]) -> list[Problem]:
    container = Container(settings=target.settings)
    async with opened_stores(container):
        verify = VerifySessions(sessions=container.session_collections()[name], digest_of=container.session_digest())
        with progress_of(f"reading back {name}") as progress:
            return await verify(expected, progress)


def _sessions_line(name: str, copied: SessionsCopied) -> str:
    runs = f", with {counted(copied.runs, 'record')} of runs" if copied.runs else ""
    continued = f", {copied.continued} brought up to date" if copied.continued else ""
    return f"{name}: {copied.copied} copied{continued}, {copied.present} there already{runs}"


def _prompts_line(copied: PromptsCopied) -> str:
    return f"prompts: {copied.copied} copied, {copied.present} there already"
