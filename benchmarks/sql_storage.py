"""What a database costs: appending to short and long sessions, lists and searches among many.

`python -m benchmarks.sql_storage [--sessions 100000] [--postgres postgresql://...]`. Without an address, SQLite alone
is measured; the tables at the address must be there, and are emptied. Times are of this process, in milliseconds.
"""

import argparse
import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, delete, insert, text
from sqlalchemy.engine import URL, make_url

from adapters.sql.database import Database
from adapters.sql.postgres import PostgresDatabase
from adapters.sql.postgres_engine import new_engine
from adapters.sql.session_rows import SESSIONS
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.sqlite import SqliteDatabase
from adapters.sql.word_rows import WORDS
from benchmarks.conversations import AT, message, session
from benchmarks.json_storage import report
from benchmarks.many_sessions import RARE_WORD, session_rows, word_rows

LENGTHS = (0, 1000, 10_000)
APPENDS = 100
LISTS = 20
BATCH = 2000


async def measure_appends(database: Database) -> None:
    store = SqlSessionStore(database, "chats")
    for length in LENGTHS:
        await store.create(session(f"{length:010d}", length))
    times: dict[int, list[float]] = {length: [] for length in LENGTHS}
    for _ in range(APPENDS):
        for length in LENGTHS:
            began = time.perf_counter()
            await store.append(f"{length:010d}", [message(0), message(1)], AT)
            times[length].append((time.perf_counter() - began) * 1000)
    for length, taken in times.items():
        ratio = median(taken) / median(times[LENGTHS[0]])
        print(f"append a turn to {length} messages: median {median(taken):.2f} wall, {ratio:.2f} times the first")


async def fill(database: Database, count: int) -> None:
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))

        def put(connection: Connection, numbers: range = numbers) -> None:
            connection.execute(insert(SESSIONS), session_rows(numbers))
            connection.execute(insert(WORDS), word_rows(numbers))

        await database.write(put)


async def tidy_up(address: URL) -> None:
    """What PostgreSQL does by itself, a minute after so many new rows: it counts them, and notes which all may see."""
    engine = new_engine(address, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE) mochi_words, mochi_sessions"))
    await engine.dispose()


async def measure_lists(database: Database, count: int) -> None:
    store = SqlSessionStore(database, "chats")
    await report(f"first page of 50 of {count}", partial(store.list_sessions, limit=50), LISTS)
    middle = (await store.list_sessions(limit=1000)).next_position
    await report("a page of 50 further on", partial(store.list_sessions, limit=50, after=middle), LISTS)
    queries = {
        "a word of every session": ["common"],
        "the beginning of a third of all words": ["b"],
        "a word of one session in ten": ["tenth"],
        "a word of 50 sessions, the oldest": [RARE_WORD],
        "a word of none": ["nowhere"],
        "a common word and a rare one": ["common", RARE_WORD],
        "two words that a tenth each has, and no session both": ["tenth", "another"],
    }
    for what, words in queries.items():
        await report(f"search for {what}", partial(store.list_sessions, words=words, limit=50), LISTS)


async def empty(database: Database) -> None:
    # PostgreSQL leaves rows that were deleted in its way until it gets to clearing them up.
    wipe = text("TRUNCATE mochi_sessions CASCADE") if isinstance(database, PostgresDatabase) else delete(SESSIONS)
    await database.write(lambda connection: connection.execute(wipe))


async def measure(database: Database, count: int, tidied: URL | None = None) -> None:
    await database.open()
    try:
        await empty(database)
        await measure_appends(database)
        await empty(database)
        await fill(database, count)
        if tidied:
            await tidy_up(tidied)
        await measure_lists(database, count)
    finally:
        await database.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--postgres", type=make_url)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        asyncio.run(measure(SqliteDatabase(Path(folder, "mochi.db")), given.sessions))
    if given.postgres:
        print("PostgreSQL")
        address = given.postgres.set(drivername="postgresql+asyncpg")
        asyncio.run(measure(PostgresDatabase(address), given.sessions, tidied=address))


if __name__ == "__main__":
    main()
