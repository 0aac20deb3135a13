"""What every part of a server builds on."""

from dependency_injector import containers, providers

from adapters.system.clock import SystemClock
from adapters.system.id_source import RandomIds
from application.ports.clock import Clock
from application.ports.id_source import IdSource
from application.turnstile import Turnstile
from entrypoints.settings import Settings


class Foundations(containers.DeclarativeContainer):
    """The settings, the time, new ids, and whose turn it is on the event loop."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[IdSource] = providers.Singleton(RandomIds)
    turnstile: providers.Provider[Turnstile] = providers.Singleton(Turnstile)
