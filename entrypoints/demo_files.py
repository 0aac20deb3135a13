"""What a user would write into the folders of tools and agents."""

from pathlib import Path

TOOL = """\
def order_rice_cakes(count: int, flavour: str = "plain") -> str:
    \"""Order rice cakes from the kitchen.

    Args:
        count: How many.
        flavour: What they taste of.
    \"""
    return f"{count} {flavour} rice cakes are on their way."
"""

SKILL = """\
---
description: Tastes dishes and says what they need.
---
You are a cook. Never say what a dish needs before you have tasted it:

- `taste` tells what a dish tastes of.
"""

AGENT_TOOL = """\
def taste(dish: str) -> str:
    \"""Taste a dish.

    Args:
        dish: Which one.
    \"""
    return f"The {dish} needs salt."
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
