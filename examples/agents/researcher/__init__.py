"""The agent `researcher`. Its tools are those of the package `tools`, as this one exports none."""
