"""Hypothesis without deadlines, which a busy machine misses, and without a database in the working folder."""

from hypothesis import settings

settings.register_profile("calm", deadline=None, database=None)
settings.load_profile("calm")
