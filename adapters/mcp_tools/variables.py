"""`${NAME}`, `${env:NAME}` and `${NAME:-otherwise}` in a text, as other clients write variables of the environment."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class MissingVariable(Exception):
    """Names a variable that is not set."""


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Raises MissingVariable."""

    def value_of(reference: re.Match[str]) -> str:
        name, otherwise = reference.groups()
        value = environment.get(name, otherwise)
        if value is None:
            raise MissingVariable(f"The environment variable {name} is not set.")
        return value

    return _REFERENCE.sub(value_of, text)
