"""The one door to the database: transactions, one after another, in one thread of their own.

Commands are plain functions; the event loop never waits for a disk, and SQLite never sees two
writers. SQLite (WAL, synchronous=FULL) by default, PostgreSQL by its URL.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from storage.unit_of_work import UnitOfWork

T = TypeVar("T")

_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """An engine with its thread. `url` is a SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = _engine(url)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in one transaction: committed when it returns, rolled back when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.now, work)

    def now(self, work: Callable[[UnitOfWork], T]) -> T:
        """Do the same at once, for the command line and tests that have no event loop."""
        with (
            self._engine.begin() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            result = work(UnitOfWork(session, connection))
            session.flush()
            return result

    def migrate(self) -> None:
        """Bring the schema to the newest version; one that is there already costs two queries."""
        with self._engine.begin() as connection:
            if _version(connection) != _newest_version():
                _upgrade(connection)

    def close(self) -> None:
        """Wait for the running transaction and let the connections go."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()


def _upgrade(connection: Connection) -> None:
    # Loaded only when there is something to do: it is a tenth of the bot's memory and start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    """Give the version of the schema, or None where there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(version) if version else None


def _newest_version() -> str:
    """Give the version that the last migration leads to: its file's name begins with it."""
    return max(file.name.split("_")[0] for file in (_MIGRATIONS / "versions").glob("*.py"))


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=2)
    if parsed.database and parsed.database != ":memory:":
        _make_private(Path(parsed.database))
    engine = create_engine(url, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(file: Path) -> None:
    """Create the file readable by its owner only; answers are nobody else's before publishing."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
