"""Connections to a PostgreSQL server, and what is done over them."""

import socket
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from adapters.sql.database import Operation, Result
from adapters.sql.failures import database_failures

_CONNECT_SECONDS: Final = 10
_LONGEST_ANSWER_SECONDS: Final = 30

_PROBES: Final = {
    "tcp_keepalives_idle": ("TCP_KEEPIDLE", 60),
    "tcp_keepalives_interval": ("TCP_KEEPINTVL", 15),
    "tcp_keepalives_count": ("TCP_KEEPCNT", 4),
}
"""The server's settings, and the options of our sockets: both ends ask after a minute at rest whether the other is
still there. That keeps routers from forgetting the connection, and tells of an end that is gone within two minutes; a
server that hears nothing of it would keep a lost machine's locks for hours."""


def new_engine(url: URL, *, waits_for_disk: bool = True, limits_answers: bool = True, **options: Any) -> AsyncEngine:
    # Just-in-time compilation is for queries of seconds: here it only makes some of milliseconds slow.
    settings = {"application_name": "mochi-server", "jit": "off"}
    settings |= {name: str(number) for name, (_, number) in _PROBES.items()}
    arguments = {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": _LONGEST_ANSWER_SECONDS if limits_answers else None,
        "server_settings": settings if waits_for_disk else {**settings, "synchronous_commit": "off"},
    }
    engine = create_async_engine(url, connect_args=arguments, json_serializer=str, **options)  # It is text already.
    event.listen(engine.sync_engine, "connect", _probe_peer)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _doubt_all_where_one_is_silent)
    return engine


async def carry_out(engine: AsyncEngine, operation: Operation[Result]) -> Result:
    """In one greenlet from the connection's checkout to its return: an AsyncConnection takes one for each step, which
    was a quarter of what a single statement costs."""
    with database_failures():
        return await greenlet_spawn(_within_transaction, engine.sync_engine, operation)


def _within_transaction(engine: Engine, operation: Operation[Result]) -> Result:
    with engine.begin() as connection:
        return operation(connection)


def _probe_peer(connection: Any, _record: object) -> None:
    transport = connection.driver_connection._transport  # noqa: SLF001 - asyncpg has no option for its sockets
    peer = transport.get_extra_info("socket")
    if peer.family == getattr(socket, "AF_UNIX", None):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, number in _PROBES.values():
        if hasattr(socket, name):  # Not every system has all of them.
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), number)


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool take another connection for one that the server has closed: unlike a ping, this costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _doubt_all_where_one_is_silent(context: ExceptionContext) -> None:
    """Have the pool replace those at rest too: else each of them would be waited for in turn, and fail a call."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True
