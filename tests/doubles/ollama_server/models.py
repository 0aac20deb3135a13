"""The models that the server has, and which of them are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from domain.json_value import JsonObject, JsonValue
from tests.doubles.ollama_server.flavour import Flavour

DEFAULT_WINDOW = 4096
"""Tokens a model is loaded with where a request does not say and there is no GPU."""

RELOADING_OPTIONS = ("num_ctx", "num_batch", "num_thread", "num_gpu")
LOADED_NS, KEPT_NS = 270_000_000, 1_500_000
"""What `load_duration` says of a model that had to be loaded, and of one that was."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """`name` has its tag. `trained_window` is in tokens, `size` in bytes."""

    name: str
    capabilities: tuple[str, ...] = ("completion",)
    jinja: bool = False
    trained_window: int = 8192
    size: int = 10_946_054

    def capabilities_on(self, flavour: Flavour) -> tuple[str, ...]:
        """The older server can read nothing out of a jinja template."""
        return ("completion",) if self.jinja and not flavour.has_llama_server else self.capabilities

    def details(self) -> JsonObject:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "2.73M",
            "quantization_level": "Q4_K_M",
        }

    def digest(self) -> str:
        return sha256(self.name.encode()).hexdigest()


INSTALLED = (
    InstalledModel("tiny:latest"),
    InstalledModel("tiny-tools:latest", ("completion", "tools")),
    InstalledModel("tiny-jinja:latest", ("completion", "tools"), jinja=True),
    InstalledModel("tiny-think:latest", ("completion", "thinking")),
    InstalledModel("tiny-all:latest", ("completion", "tools", "thinking", "vision")),
    InstalledModel("tiny-vision:latest", ("completion", "vision"), trained_window=131_072, size=4_000_000_000),
    InstalledModel("tiny-embed:latest", ("embedding",)),
    InstalledModel("hub.example/people/tiny:q4_K_M"),
)


def full_name(name: str) -> str:
    """As the server looks a name up: with a tag, without case."""
    return (name if ":" in name.rpartition("/")[2] else f"{name}:latest").casefold()


@dataclass(frozen=True, slots=True)
class LoadedModel:
    model: InstalledModel
    window: int
    options: tuple[JsonValue, ...]
    expires_at: str


@dataclass(slots=True)
class LoadedModels:
    """What /api/ps tells. `reloads` counts, by name, how often a model was loaded."""

    by_name: dict[str, LoadedModel] = field(default_factory=dict)
    reloads: dict[str, int] = field(default_factory=dict)

    def load(self, model: InstalledModel, options: Mapping[str, JsonValue]) -> int:
        """Have `model` loaded for these options and give the `load_duration`, in nanoseconds."""
        wanted = tuple(options.get(name) for name in RELOADING_OPTIONS)
        asked = options.get("num_ctx")
        window = max(4, min(asked if isinstance(asked, int) else DEFAULT_WINDOW, model.trained_window))
        loaded = self.by_name.get(model.name)
        if loaded and loaded.window == window and loaded.options[1:] == wanted[1:]:
            return KEPT_NS
        self.by_name[model.name] = LoadedModel(model, window, wanted, "2026-11-22T19:15:56.93020346Z")
        self.reloads[model.name] = self.reloads.get(model.name, 0) + 1
        return LOADED_NS

    def unload(self, model: InstalledModel) -> None:
        self.by_name.pop(model.name, None)

    def window_of(self, name: str) -> int | None:
        loaded = self.by_name.get(full_name(name))
        return loaded.window if loaded else None
