"""The composition root: which adapter fills which port. The only place that names adapters.

Synchronous singletons and factories only: what has to be opened is opened by `entrypoints.lifespan`, in its order. Each
part names at its top what it takes from others.
"""

from entrypoints.container.server import Container

__all__ = ["Container"]
