"""Texts and numbers within the bounds of a JSON schema."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from adapters.demo.schema_alternatives import NoInstance, Schema

LONGEST_TEXT = 100_000

_TEXT_OF_FORMAT = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT5M",
    "email": "mochi@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def make_text(schema: Schema, wish: str) -> str:
    """`wish`, or the example of a format, as long as the schema allows. Raises NoInstance."""
    text = _TEXT_OF_FORMAT.get(str(schema.get("format")), wish)
    least = count_in(schema, "minLength", 0)
    most = count_in(schema, "maxLength", max(len(text), least))
    if least > min(most, LONGEST_TEXT):
        raise NoInstance("the schema asks for a text longer than it allows, or than anyone would write")
    if len(text) < least:
        text += f" {text or '.'}" * (least // max(len(text), 1) + 1)
        return text[:least]
    return text[:most]


def make_number(schema: Schema, wish: Fraction, *, whole: bool) -> int | float:
    """`wish`, or the nearest thing to it that is tried. Raises NoInstance."""
    step = _fraction(schema, "multipleOf") or (Fraction(1) if whole else None)
    if whole and step is not None:
        step = Fraction(step.numerator)  # of the multiples of 3/2, those of 3 are whole
    allowed = [value for value in _candidates(schema, wish, step) if _is_within(schema, value, step)]
    if not allowed:
        raise NoInstance("no number is found within the schema's bounds")
    value = min(allowed, key=lambda one: abs(one - wish))
    return int(value) if value.denominator == 1 else float(value)


def _candidates(schema: Schema, wish: Fraction, step: Fraction | None) -> Iterator[Fraction]:
    ends = (_fraction(schema, "minimum"), _fraction(schema, "exclusiveMinimum"))
    low = max((end for end in ends if end is not None), default=None)
    ends = (_fraction(schema, "maximum"), _fraction(schema, "exclusiveMaximum"))
    high = min((end for end in ends if end is not None), default=None)
    if step is not None:
        yield step * round(wish / step)
        yield from (step * (ceil(low / step) + further) for further in (0, 1) if low is not None)
        yield from (step * (floor(high / step) - further) for further in (0, 1) if high is not None)
        return
    yield wish
    if low is not None and high is not None:
        yield from (low, high, (low + high) / 2)
    elif low is not None:
        yield from (low, low + 1)
    elif high is not None:
        yield from (high, high - 1)


def _is_within(schema: Schema, value: Fraction, step: Fraction | None) -> bool:
    least, most = _fraction(schema, "minimum"), _fraction(schema, "maximum")
    above, below = _fraction(schema, "exclusiveMinimum"), _fraction(schema, "exclusiveMaximum")
    return (
        (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
        and (below is None or value < below)
        and (step is None or (value / step).denominator == 1)
    )


def _fraction(schema: Schema, keyword: str) -> Fraction | None:
    value = schema.get(keyword)
    return Fraction(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count_in(schema: Schema, keyword: str, otherwise: int) -> int:
    """The number that `keyword` gives, `otherwise` where it gives none."""
    value = schema.get(keyword)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
