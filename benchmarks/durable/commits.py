"""What the disk gives: commits of one row into a file of SQLite alone, with the settings of the store.

Every ratio and goal depends on it, so it is measured in the same run and the same folder.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from time import perf_counter


def commit_times(folder: Path, commits: int) -> list[float]:
    """How long each of some commits took, in seconds."""
    times: list[float] = []
    with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS row (value TEXT)")
        for _ in range(commits):
            begin = perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO row VALUES ('a row of a few dozen bytes, as a status is')")
            connection.execute("COMMIT")
            times.append(perf_counter() - begin)
    return times
