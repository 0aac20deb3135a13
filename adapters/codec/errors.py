"""What the codec raises."""


class NotDecodable(Exception):
    """What was read is not what this server writes. `reason` names the place and the fault, never the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotEncodable(Exception):
    """A value has no form in JSON, such as one nested a thousand levels deep."""
