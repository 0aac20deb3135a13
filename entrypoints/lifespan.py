"""What is opened when the server starts, and closed when it stops, in this order."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from entrypoints.container import Container
from entrypoints.http.app import build_app
from entrypoints.settings import Settings, read_settings

LAST_EVENTS_SECONDS = 1.0
"""How long a stop waits for readers to take the last events of their runs: aiohttp would wait for them far longer."""


def create_app(settings: Settings | None = None) -> web.Application:
    """The aiohttp application; `settings` from the environment where none are given.

    Nothing is opened before the application starts. Run it with `handler_cancellation=True`, so that a reader who
    leaves is noticed at once. Raises WrongSetting where the environment's settings are wrong.
    """
    container = Container(settings=settings or read_settings())
    streams = container.streams()
    app = build_app(container.use_cases(), container.http_config(), streams, container.observer())

    async def keep_open(_app: web.Application) -> AsyncIterator[None]:
        async with opened(container), owned_task(streams.sweep_for_ever()):
            yield

    async def stop_runs(_app: web.Application) -> None:
        await container.supervisor().stop()
        await streams.close(LAST_EVENTS_SECONDS)

    app.cleanup_ctx.append(keep_open)
    # While the readers still listen, so that each gets the last event of its run.
    app.on_shutdown.append(stop_runs)
    return app


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[Container]:
    """The container's world, open: stores, the models' server, tools, recovery, flushing, summaries.

    For programs that embed the use cases; the HTTP application enters it by itself. Runs are stopped on leaving.
    Raises StorageFailed where the store cannot be opened.
    """
    async with AsyncExitStack() as stack:
        for traces in container.traces():
            stack.push_async_callback(traces.aclose)
        for client in container.clients():
            stack.push_async_callback(client.aclose)
        await stack.enter_async_context(opened_stores(container))
        for toolbox in (*container.toolboxes(), container.agent_toolbox()):
            stack.push_async_callback(toolbox.aclose)
            await toolbox.open()
        stack.push_async_callback(container.check_health().aclose)
        stack.push_async_callback(container.check_readiness().aclose)
        stack.push_async_callback(container.loaded_windows().aclose)
        await container.recover_runs()()
        await stack.enter_async_context(owned_task(container.flusher().flush_for_ever()))
        await stack.enter_async_context(owned_task(container.keeper().retry_for_ever()))
        stack.push_async_callback(container.supervisor().stop)
        if container.settings().summarization_enabled:
            await stack.enter_async_context(owned_task(container.summary_keeper().keep_for_ever()))
        yield container


@asynccontextmanager
async def opened_stores(container: Container) -> AsyncIterator[None]:
    """What is kept, and nothing else: for who works on it while no server does. Raises StorageFailed."""
    async with AsyncExitStack() as stack:
        for store in container.stores():
            stack.push_async_callback(store.aclose)
            await store.open()
        yield


@asynccontextmanager
async def owned_task(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """`work` as a task that does not outlive the context."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        # Not by awaiting the task: a cancellation that is meant for us would pass for its own.
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
