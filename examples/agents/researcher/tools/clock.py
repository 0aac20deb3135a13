"""What time it is, which no model knows."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["current_time", "time_between"]


def current_time(timezone: str = "UTC") -> str:
    """Tell the current date, weekday and time.

    Args:
        timezone: An IANA name such as "Europe/Berlin" or "Asia/Tokyo".
    """
    return datetime.now(_zone(timezone)).strftime("%A, %Y-%m-%d %H:%M:%S %Z (UTC%z)")


def time_between(start: datetime, end: datetime) -> str:
    """Tell how long it is from one moment to another.

    Args:
        start: The earlier moment, such as "2024-02-28T09:00:00".
        end: The later moment, in the same form.
    """
    if (start.tzinfo is None) != (end.tzinfo is None):
        raise ValueError("Give both moments with a time zone, or both without.")
    return str(end - start)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name!r}. Use a name such as Europe/Berlin.") from None
