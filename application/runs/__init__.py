"""Runs at work: who owns them, how one is carried out, how they are recovered."""
