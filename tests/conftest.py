"""Fixtures for all tests."""

pytest_plugins = ["tests.doubles.fixtures"]
