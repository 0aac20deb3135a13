"""What an agent is told in each phase of its work, for that one request (contract, section 7)."""

from dataclasses import dataclass

_PLANNING = """\
Make a plan for the task above before you act. You cannot call tools yet.
Write in a few short steps what you will do and which of your tools each step needs. Name what you do not know and how \
you will find it out. Do not answer the task itself yet."""

_EXECUTION = """\
Now carry out the plan with your tools. Call a tool whenever a step needs one; do not just say that you will.
When a result differs from what the plan assumed, change the plan. When nothing is left to do, answer without calling \
a tool: say what you found or did, with the facts that whoever gave you the task needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePrompts:
    """The texts that are appended to a request and never stored."""

    planning: str = _PLANNING
    execution: str = _EXECUTION
