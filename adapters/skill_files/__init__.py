"""Agents as folders that users write: what their `SKILL.md` says of them."""
