"""Whether a run that a server left open still has something to wait for: the history tells."""

from collections.abc import Sequence

from domain.agent_work import is_open
from domain.conversation import is_unanswered, last_calls
from domain.message import Message
from domain.run import Run


def still_waits(run: Run, messages: Sequence[Message]) -> bool:
    """Whether the history ends with the run's own calls, one of which waits for a person or has an agent at work.

    It does not where the session has moved on without the run: others have answered there since, or its file was put
    back. Models give the same id to calls of several answers, so the ids of the calls alone do not tell.
    """
    found = last_calls(messages)
    if not run.outlives_its_server or found is None or found[0].message_id != run.message_id:
        return False
    if run.delegation is not None and is_open(run.delegation, messages):
        return True
    own = [each for each in run.confirmations if each.agent_name is None and each.awaits_its_call]
    return any(is_unanswered(messages, each.call_index, each.tool_call_id) for each in own)
