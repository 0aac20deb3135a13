"""What a write outlives is settled for each of them, whatever the one before it asked for."""

import pytest
from sqlalchemy import Connection

from adapters.sql.database import Danger, Database


def setting(connection: Connection) -> object:
    """How the transaction that this is asked in is brought to disk: 2 is SQLite's FULL, 1 its NORMAL."""
    asked = "PRAGMA synchronous" if connection.dialect.name == "sqlite" else "SHOW synchronous_commit"
    return connection.exec_driver_sql(asked).scalar_one()


@pytest.mark.parametrize("is_one", [False, True])
async def test_a_write_waits_for_the_disk_where_it_is_to_outlive_more_than_a_kill(
    database: Database, kind: str, is_one: bool
) -> None:
    dangers: tuple[Danger, ...] = ("power cut", "kill", "crash", "power cut", "crash", "kill")
    found = [await database.write(setting, outlives=danger, is_one=is_one) for danger in dangers]
    expected: dict[str, dict[Danger, object]] = {
        "sqlite": {"kill": 1, "crash": 1, "power cut": 2},
        "postgresql": {"kill": "off", "crash": "on", "power cut": "on"},
    }
    assert found == [expected[kind][danger] for danger in dangers]
