"""Where answers come from."""

from dependency_injector import providers

from adapters.ollama.client import OllamaClient
from adapters.ollama.language_model import OllamaLanguageModel
from adapters.ollama.model_catalog import OllamaModelCatalog
from application.ports.language_model import LanguageModel
from application.ports.model_catalog import ModelCatalog
from entrypoints.container.foundations import Foundations
from entrypoints.container.lifecycles import Client

settings = Foundations.settings
ids = Foundations.ids


# The demo is imported where it is chosen: most servers never do.


def _demo_model() -> LanguageModel:
    from adapters.demo.language_model import DemoLanguageModel  # noqa: PLC0415 - as said above

    return DemoLanguageModel()


def _demo_catalog() -> ModelCatalog:
    from adapters.demo.model_catalog import DemoModelCatalog  # noqa: PLC0415 - as said above

    return DemoModelCatalog()


class Models(Foundations):
    """Chosen by the setting `llm`."""

    ollama_client: providers.Provider[OllamaClient] = providers.Singleton(
        OllamaClient, host=settings.provided.ollama_host, timeout=settings.provided.ollama_timeout
    )
    language_model: providers.Provider[LanguageModel] = providers.Selector(
        settings.provided.llm,
        ollama=providers.Singleton(OllamaLanguageModel, client=ollama_client, ids=ids),
        demo=providers.Singleton(_demo_model),
    )
    model_catalog: providers.Provider[ModelCatalog] = providers.Selector(
        settings.provided.llm,
        ollama=providers.Singleton(OllamaModelCatalog, client=ollama_client),
        demo=providers.Singleton(_demo_catalog),
    )
    clients: providers.Provider[list[Client]] = providers.Selector(
        settings.provided.llm, ollama=providers.List(ollama_client), demo=providers.List()
    )
