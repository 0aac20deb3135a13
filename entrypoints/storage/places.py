"""Where things are kept, as somebody names it on the command line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from entrypoints.database_url import database_url_of
from entrypoints.settings import Settings, WrongSetting, read_settings

_FORMS: Final = "`json`, `sql`, a data folder such as ./other, or a database's address such as postgresql://..."
_SQLITE: Final = "sqlite:///"
_NOT_TOLD: Final = re.compile(r"\+asyncpg(?=://)|(?<=//)[^/?]*@|\?.*")
"""Driver, credentials and options of an address."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store that outlives its process. `settings` choose it as those of a server would."""

    settings: Settings

    @property
    def address(self) -> str:
        if self.settings.storage == "json":
            return str(self.settings.sessions_dir.resolve())
        return self.settings.database_url or ""

    @property
    def label(self) -> str:
        """For people, without any password."""
        return f"{self.settings.storage}, {_NOT_TOLD.sub('', self.address)}"

    def is_the_same_as(self, other: "Place") -> bool:
        return (self.settings.storage, self.address) == (other.settings.storage, other.address)

    def require_something(self) -> None:
        """Raises WrongSetting where nothing was ever kept here: to make it would hide a mistyped name."""
        folder, file = self.settings.sessions_dir, Path(self.address.removeprefix(_SQLITE))
        try:
            if self.settings.storage == "json" and not folder.is_dir():
                raise WrongSetting(f"nothing is kept there: no folder {folder}")
            if self.address.startswith(_SQLITE) and not file.is_file():
                raise WrongSetting(f"nothing is kept there: no file {file}")
        except OSError as error:
            raise WrongSetting(f"{error.filename} cannot be looked at: {error.strerror}") from error


def place_of_settings(settings: Settings) -> Place:
    """Where a server with these settings keeps what it has. Raises WrongSetting."""
    if settings.storage == "memory":
        raise WrongSetting(f"what is kept in memory is gone with its server: choose {_FORMS}")
    return Place(settings)


def place_of(text: str, flag: str, flags: Mapping[str, str]) -> Place:
    """The place that `text` names: a kind of store, of which the settings say more, or another of its kind.

    Raises WrongSetting.
    """
    if "://" in text:
        _require_database(text, flag)
        return Place(read_settings({**flags, "storage": "sql", "database_url": text}))
    if "/" in text:
        return Place(read_settings({**flags, "storage": "json", "data_dir": text}))
    if text in {"json", "sql", "memory"}:
        return place_of_settings(read_settings({**flags, "storage": text}))
    raise WrongSetting(f"wrong value {text[:100]!r} for {flag}: choose {_FORMS}")


def _require_database(address: str, flag: str) -> None:
    try:
        database_url_of(address, Path())
    except ValueError as error:
        raise WrongSetting(f"wrong address for {flag}: {error}") from None
