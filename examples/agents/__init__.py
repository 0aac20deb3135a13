"""Agents to copy into your agents folder, or to try where they are: `MOCHI_AGENTS_DIR=examples/agents make run`.

Each folder is an agent of its own. The server skips names that begin with `_`, and so this file.
"""
