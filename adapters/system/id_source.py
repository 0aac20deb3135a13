"""Ids from the operating system's random numbers."""

import secrets

from application.ports import id_source as ports


class RandomIds(ports.IdSource):
    def new_id(self) -> str:
        return secrets.token_hex(5)

    def new_run_id(self) -> str:
        return secrets.token_hex(8)
