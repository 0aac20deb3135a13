"""Names as values of labels: every one that is new takes memory for good, here and in whoever collects."""

MOST_NAMES = 200
OTHER = "other"


class BoundedNames:
    """The first names that come are taken as they are, and all later ones are `other`."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._names: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._names:
            if len(self._names) >= self._most:
                return OTHER
            self._names.add(name)
        return name
