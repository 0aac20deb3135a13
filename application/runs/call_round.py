"""The results of one answer's calls on their way into the history, in the order of the calls."""

from application.owned_task import finish_despite_cancellation
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.runs.call_result import CallResult
from application.runs.call_scope import CallScope
from application.runs.run_handle import RunHandle
from domain.conversation import append
from domain.session import Session


class CallRound:
    """`session` is what the model will be shown next; `next_index` the first call that has no result yet."""

    def __init__(
        self,
        scope: CallScope,
        handle: RunHandle,
        session: Session,
        *,
        next_index: int,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self.scope = scope
        self.handle = handle
        self.session = session
        self.next_index = next_index
        self._clock = clock
        self._ids = ids

    async def keep(self, *results: CallResult) -> None:
        """Store what comes next in order, then tell of it. Raises what the store raises."""
        if results:
            await finish_despite_cancellation(self._keep(results))

    async def _keep(self, results: tuple[CallResult, ...]) -> None:
        at = self._clock.now()
        messages = [result.message(self._ids.new_id(), at) for result in results]
        await self.scope.sessions.append(self.session.session_id, messages, at)
        self.session = append(self.session, messages, at)
        self.next_index += len(results)
        for result in results:
            self.handle.executed.append(result.executed(self.scope.name_of(result.call.tool_name)))
            self.handle.emit(self.scope.ended(result))
