"""What a model would be sent now, without asking it."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.model_directory import ModelDirectory
from application.offers import NOTHING, Offers
from application.ports.session_store import SessionStore
from application.runs.call_closer import CallCloser
from application.runs.window_keeper import WindowKeeper
from domain.conversation import without_pictures
from domain.identifiers import require_session_id
from domain.json_value import JsonObject
from domain.wire_form import wire_message, wire_tool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPreview:
    """`messages` and `tools` as they go over the wire; `num_ctx`, in tokens, None where none would be asked for.

    `fits` says whether the estimate stays within that window, or else within the model's largest, where it is known.
    """

    model: str
    messages: Sequence[JsonObject]
    tools: Sequence[JsonObject]
    num_ctx: int | None
    estimated_tokens: int
    messages_left_out: int
    fits: bool


class PreviewPrompt:
    def __init__(
        self,
        *,
        sessions: SessionStore,
        models: ModelDirectory,
        offers: Offers,
        windows: WindowKeeper,
        call_closer: CallCloser,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._offers = offers
        self._windows = windows
        self._call_closer = call_closer

    async def __call__(self, session_id: str) -> PromptPreview:
        """The prompt of a request without a message and options. Works while the model's server is down.

        Raises SessionNotFound, SessionCorrupt, StorageFailed.
        """
        require_session_id(session_id)
        session = self._call_closer(await self._sessions.load(session_id))
        card = await self._models.peek(session.model)
        largest = card.context_length if card else None
        if card and not card.can_see:
            session = without_pictures(session)
        offer = await self._offers.offer(session) if card is None or card.can_use_tools else NOTHING
        prompt = await self._windows.size(session, largest, None, offer.tools)
        room = prompt.plan.num_ctx or largest
        return PromptPreview(
            model=session.model,
            messages=[wire_message(message) for message in prompt.messages],
            tools=[wire_tool(tool) for tool in offer.tools],
            num_ctx=prompt.plan.num_ctx,
            estimated_tokens=prompt.plan.prompt_tokens,
            messages_left_out=prompt.plan.messages_left_out,
            fits=room is None or prompt.plan.prompt_tokens <= room,
        )
