"""Python functions that users drop in a folder, run in processes of their own."""
