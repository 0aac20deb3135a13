"""What is known of a model before it is asked anything."""

from dataclasses import dataclass

from domain.errors import ValidationFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """`name` is opaque (it may hold `:` and `/`); `context_length` is in tokens, None where the server does not say."""

    name: str
    size_mb: float | None = None
    format: str | None = None
    family: str | None = None
    parameter_size: str | None = None
    quantization_level: str | None = None
    capabilities: frozenset[str] = frozenset()
    context_length: int | None = None

    @property
    def can_chat(self) -> bool:
        return "completion" in self.capabilities

    @property
    def can_think(self) -> bool:
        return "thinking" in self.capabilities

    @property
    def can_see(self) -> bool:
        return "vision" in self.capabilities

    @property
    def can_use_tools(self) -> bool:
        return "tools" in self.capabilities


def model_key(name: str) -> str:
    """The same for all names of one model: letter case does not count, and one without a tag means `latest`."""
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return tagged.casefold()


def require_sight(card: ModelCard) -> None:
    """Raises ValidationFailed where pictures were sent to a model that cannot see."""
    if not card.can_see:
        raise ValidationFailed(
            "This model cannot see pictures. Leave `images` out or choose a model with the `vision` capability.",
            field="images",
            model=card.name,
        )
