"""Fixtures every test may ask for: real servers, and an empty database of each kind."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.interpreter import load_fast, run_smoothly
from storage.database import Database
from tests.live.homeserver import Homeserver
from tests.live.postgres import Postgres

load_fast()


_LONGEST_FIRST = ("live", "stories")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, or one process would be left alone with it in the end."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)


def pytest_collection_finish() -> None:
    """Set the interpreter as the bot does when it has started: the suite is a long life too."""
    run_smoothly()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run one PostgreSQL for all tests of this process."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def blank_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one SQLite database with tables and nothing in them, to copy."""
    file = tmp_path_factory.mktemp("blank") / "blank.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def blank_database(postgres: Postgres) -> str:
    """Make one PostgreSQL database with tables and nothing in them, to copy."""
    url = postgres.fresh_database()
    _migrate(url)
    return url


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give an empty database, once of each kind; PostgreSQL starts when first asked for."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("blank_file"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.fresh_database(like=request.getfixturevalue("blank_database"))
    yield url
    server.drop_database(url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def homeserver() -> AsyncIterator[Homeserver]:
    """Run one homeserver without rate limits for all tests of this process.

    Tests share it: make rooms and accounts of your own, and don't stop it.
    """
    async with Homeserver() as server:
        yield server
