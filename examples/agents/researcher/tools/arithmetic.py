"""Sums that a model should not do in its head."""

import ast
import math
import operator

__all__ = ["calculate"]

_LONGEST = 500
_LARGEST_EXPONENT = 1000

_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS = {
    name: getattr(math, name)
    for name in ("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "floor", "ceil", "radians", "degrees")
} | {"abs": abs, "round": round, "min": min, "max": max}
_CONSTANTS = {"pi": math.pi, "e": math.e}


def calculate(expression: str) -> str:
    """Work out an arithmetic expression exactly.

    Args:
        expression: Numbers, + - * / // % ** and parentheses, pi and e, and functions such as sqrt, log, sin, round,
            min and max: "2 * (3 + 4) ** 2", "round(sqrt(2), 4)".
    """
    if len(expression) > _LONGEST:
        raise ValueError(f"The expression is longer than {_LONGEST} characters; work it out in parts.")
    return str(_value(ast.parse(expression.strip().replace("^", "**"), mode="eval").body))


def _value(node: ast.expr) -> float:
    """Of the few things that an expression may hold. `eval` would run anything."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]  # of the two types that were just asked for
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return _combined(node.op, _value(node.left), _value(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id in _FUNCTIONS:
            result: float = _FUNCTIONS[node.func.id](*map(_value, node.args))
            return result
        raise ValueError(f"There is no function {node.func.id!r}; there are {', '.join(sorted(_FUNCTIONS))}.")
    raise ValueError(f"{ast.unparse(node)!r} is no arithmetic.")


def _combined(operation: ast.operator, left: float, right: float) -> float:
    if isinstance(operation, ast.Pow):
        if abs(right) > _LARGEST_EXPONENT:
            raise ValueError(f"The exponent {right} is larger than {_LARGEST_EXPONENT}.")
        power: float = left**right
        return power
    if type(operation) not in _OPERATIONS:
        raise ValueError("Only + - * / // % and ** are known between numbers.")
    value: float = _OPERATIONS[type(operation)](left, right)
    return value
