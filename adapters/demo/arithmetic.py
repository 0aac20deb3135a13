"""Sums that stand in a message, worked out step by step and exactly."""

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

LONGEST_SUM = 100
"""Characters; no person types a longer one, and a parser is not asked to nest deeper."""

_LARGEST_BITS = 1_000
"""Of a numerator or denominator: what a float can still show."""

_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4}")
_WORDS = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/", "over": "/"}
_WORD = re.compile(rf"(?<=[\d)])\s+({'|'.join(_WORDS)})\s+(?=[\d(-])", re.IGNORECASE)
_TIMES_SIGN = re.compile("(?<=[\\d)])\\s*[x\u00d7\u00b7]\\s*(?=[\\d(-])", re.IGNORECASE)
_CHARACTERS_OF_SUMS = re.compile(r"[\d.()+*/^%\s-]+")

_Operation = Callable[[Fraction, Fraction], Fraction]
_OPERATIONS: dict[type[ast.operator], tuple[str, _Operation]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Mod: ("%", operator.mod),
}


@dataclass(frozen=True, slots=True)
class WorkedSum:
    """`steps` are single operations in the order of their doing; `value` is None where one cannot be done."""

    text: str
    steps: tuple[str, ...]
    value: Fraction | None


class _CannotBeDone(Exception):
    """A step that has no value, such as a division by zero."""


def find_sum(message: str) -> WorkedSum | None:
    """The first sum in `message`, worked out; None where it holds none."""
    text = _DATE.sub(" ", message)
    text = _WORD.sub(lambda match: f" {_WORDS[match[1].lower()]} ", text)
    text = _TIMES_SIGN.sub(" * ", text).replace("÷", "/")
    for run in _CHARACTERS_OF_SUMS.findall(text):
        worked = _work_out(" ".join(run.split()).lstrip(" .)+*/^%").rstrip(" .(+*/^%-"))
        if worked is not None:
            return worked
    return None


def in_figures(value: Fraction) -> str:
    """As people write it: whole, or a decimal of at most ten significant digits."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.10g}"


def _work_out(text: str) -> WorkedSum | None:
    if len(text) > LONGEST_SUM:
        return None
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(tree, ast.BinOp):
        return None
    steps: list[str] = []
    try:
        value = _value_of(tree, steps)
    except _CannotBeDone as reason:
        return WorkedSum(text, (*steps, str(reason)), None)
    return WorkedSum(text, tuple(steps), value)


def _value_of(node: ast.expr, steps: list[str]) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value_of(node.operand, steps)
    if isinstance(node, ast.BinOp):
        left, right = _value_of(node.left, steps), _value_of(node.right, steps)
        sign, value = _done(node.op, left, right)
        if _bits(value) > _LARGEST_BITS:
            raise _CannotBeDone("the number grows larger than I can show")
        steps.append(f"{in_figures(left)} {sign} {in_figures(right)} = {in_figures(value)}")
        return value
    raise _CannotBeDone("this is more than I can work out")


def _done(kind: ast.operator, left: Fraction, right: Fraction) -> tuple[str, Fraction]:
    if isinstance(kind, ast.Pow):
        return "^", _power(left, right)
    if type(kind) not in _OPERATIONS:
        raise _CannotBeDone("this is more than I can work out")
    sign, operation = _OPERATIONS[type(kind)]
    if right == 0 and sign in "/%":
        raise _CannotBeDone(f"{in_figures(left)} {sign} 0 has no value")
    return sign, operation(left, right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    too_large = _bits(base) * abs(exponent.numerator) > _LARGEST_BITS
    if exponent.denominator != 1 or too_large or (base == 0 and exponent < 0):
        raise _CannotBeDone(f"{in_figures(base)} ^ {in_figures(exponent)} is more than I can work out")
    return Fraction(base ** int(exponent))


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
