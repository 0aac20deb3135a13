"""Ids that count, so that tests can name them."""

from application.ports import id_source as ports


class CountingIds(ports.IdSource):
    def __init__(self) -> None:
        self._ids = 0
        self._run_ids = 0

    def new_id(self) -> str:
        self._ids += 1
        return f"{self._ids:010x}"

    def new_run_id(self) -> str:
        self._run_ids += 1
        return f"{self._run_ids:016x}"
