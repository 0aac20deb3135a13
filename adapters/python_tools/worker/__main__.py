"""Starts the fork server: `python -I -X utf8 <this file>`, its standard input a Unix socket to the server."""

import importlib
import importlib.util
import os
import sys

PACKAGE = "_mochi_worker"


def _become_a_package() -> None:
    """Make this folder importable under a name that nobody else has, without a place on `sys.path`."""
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is 10 ms of the start
    spec = importlib.util.spec_from_file_location(
        PACKAGE,
        os.path.join(folder, "__init__.py"),  # noqa: PTH118 - as above
        submodule_search_locations=[folder],
    )
    if spec is None or spec.loader is None:
        raise ImportError(PACKAGE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _become_a_package()
    importlib.import_module(f"{PACKAGE}.fork_server").main()
