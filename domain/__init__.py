"""What is true of conversations, runs and windows, whoever asks and wherever it is kept.

Standard library only; no `async`, no clock, no I/O. Everything here is a frozen value or a pure function.
"""
