"""Tools to copy into your tools folder, or to try where they are: `MOCHI_TOOLS_DIR=examples/tools make run`.

Each file is a source of its own. The server skips names that begin with `_`, and so this file.
"""
