"""What the agent `researcher` can do. `arithmetic.py` and `clock.py` are sample tools, copied from `examples/tools`:
an agent's folder holds all that it needs."""

from .arithmetic import calculate
from .clock import current_time, time_between
from .sources import read_source, search_sources

__all__ = ["calculate", "current_time", "read_source", "search_sources", "time_between"]
