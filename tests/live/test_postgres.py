"""The databases that other tests rely on, checked by themselves."""

import sqlite3

import psycopg
import pytest

from tests.live.postgres import Postgres


def test_postgres_answers(postgres: Postgres) -> None:
    """The server answers under the URL it names."""
    with psycopg.connect(_plain(postgres.url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_fresh_databases_are_apart(postgres: Postgres) -> None:
    """What is stored in one fresh database is not in the next."""
    first, second = postgres.fresh_database(), postgres.fresh_database()
    with psycopg.connect(_plain(first)) as connection:
        connection.execute("CREATE TABLE thing (name text)")
    with (
        psycopg.connect(_plain(second)) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("SELECT * FROM thing")
    for url in (first, second):
        postgres.drop_database(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(_plain(first))


def test_database_url_is_empty_and_writable(database_url: str) -> None:
    """The database of each kind takes a table, so it had none of that name."""
    if database_url.startswith("sqlite:///"):
        sqlite = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        sqlite.execute("CREATE TABLE thing (name text)")
        sqlite.close()
    else:
        with psycopg.connect(_plain(database_url)) as connection:
            connection.execute("CREATE TABLE thing (name text)")


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
