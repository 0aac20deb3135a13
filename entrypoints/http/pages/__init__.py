"""The pages that show the API's description to people, and what they are made of (ADR 0017).

`vendored` is written by `make pages`; the rest is ours.
"""
