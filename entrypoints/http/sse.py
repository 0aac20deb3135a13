"""A run's events on the wire, as server-sent events (contract, section 5)."""

from aiohttp import HttpVersion11, web

from application.ports.run_log import Follower
from entrypoints.http.observing import OBSERVER
from entrypoints.http.open_stream import OpenStream, StreamKeeper

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
RETRY = b"retry: 2000\n\n"


async def stream_run(request: web.Request, run_id: str, follower: Follower, keeper: StreamKeeper) -> web.StreamResponse:
    """Write a run's events until `done`, or until the reader has gone."""
    response = web.StreamResponse(headers=HEADERS)
    if is_chunked := request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        transport = request.transport
        if transport is not None:
            stream = OpenStream(transport, follower, run_id, is_chunked=is_chunked)
            with keeper.keeping(stream), request.app[OBSERVER].stream():
                # At once, as the headers leave with the first bytes of the body.
                await response.write(RETRY + stream.beginning())
                await stream.write_to_end()
                # Kept until the reader has taken the last of it, too.
                await response.write_eof()
    except ConnectionResetError:
        return response
    return response
