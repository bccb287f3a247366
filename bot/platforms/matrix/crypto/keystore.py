"""The file that holds what the bot needs to read and write encrypted messages.

One SQLite file beside the database, its secrets sealed with a key from a file of its own. Each part
of the machine keeps its own table here and nobody reads another's; this module opens the file and
knows the schema. Ratchets only move forward: a copy of an old file must never be put back in use.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.platforms.matrix.crypto.secret_storage import seal, unseal

_VERSION = 1
_SCHEMA = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE person (
    account TEXT PRIMARY KEY, stale INTEGER NOT NULL, master TEXT, self_signing TEXT
) WITHOUT ROWID;
CREATE TABLE device (
    account TEXT, id TEXT, curve TEXT NOT NULL, ed TEXT NOT NULL, signed INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX device_by_key ON device (curve);
CREATE TABLE olm (
    curve TEXT, session TEXT, pickle TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (curve, session)
) WITHOUT ROWID;
CREATE TABLE inbound (
    room TEXT, session TEXT, sender TEXT NOT NULL, curve TEXT NOT NULL, pickle TEXT NOT NULL,
    backed_up INTEGER NOT NULL, PRIMARY KEY (room, session)
) WITHOUT ROWID;
CREATE INDEX inbound_to_back_up ON inbound (backed_up) WHERE backed_up = 0;
CREATE TABLE read_once (
    session TEXT, number INTEGER, event TEXT NOT NULL, PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE TABLE outbound (
    room TEXT PRIMARY KEY, session TEXT NOT NULL, pickle TEXT NOT NULL, since REAL NOT NULL,
    said INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE shared (
    session TEXT, curve TEXT, outcome TEXT NOT NULL, PRIMARY KEY (session, curve)
) WITHOUT ROWID;
CREATE TABLE parcel (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL,
    shares TEXT NOT NULL);
CREATE TABLE room (
    id TEXT PRIMARY KEY, encryption TEXT, members_known INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE member (room TEXT, account TEXT, PRIMARY KEY (room, account)) WITHOUT ROWID;
CREATE INDEX member_by_account ON member (account);
CREATE TABLE waiting (
    event TEXT PRIMARY KEY, room TEXT NOT NULL, session TEXT NOT NULL, sender TEXT NOT NULL,
    body TEXT NOT NULL, since REAL NOT NULL, reason TEXT NOT NULL, fetched INTEGER NOT NULL,
    asked INTEGER NOT NULL, told INTEGER NOT NULL
);
"""


class DamagedStore(Exception):
    """The file of keys can't be opened with its key; a person has to act."""


class KeyStore:
    """An open file of keys, used from one thread at a time."""

    def __init__(self, file: Path, key: bytes) -> None:
        """Open or make the file.

        Args:
            file: where; its folder is made and closed to others when it is missing.
            key: the 32 bytes that the secrets in it are sealed with.

        Raises:
            DamagedStore: the file is no key store of this version.
        """
        _make_private(file)
        self.key = key
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")  # a ratchet must never go back
            self.db.execute("PRAGMA busy_timeout=5000")
            (version,) = self.db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self.db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={_VERSION};COMMIT;")
            elif version != _VERSION:
                raise DamagedStore(f"{file} has version {version}, this bot knows {_VERSION}")
        except sqlite3.DatabaseError as error:
            self.db.close()
            raise DamagedStore(
                f"{file} can't be read: begin with new keys and the recovery key"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything that the block changes, or nothing when it raises."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:  # a full disk has ended it already
                self.db.execute("ROLLBACK")
            raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """Inside a transaction: keep what the block changes, or none of it when it raises."""
        self.db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK TO part")
                self.db.execute("RELEASE part")
            raise
        self.db.execute("RELEASE part")

    def get(self, name: str) -> str | None:
        """Read a fact."""
        row = self.db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set(self, name: str, value: str) -> None:
        """Write a fact; not where it stands so already, for a write waits for the disk."""
        self.db.execute(
            "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name)"
            " DO UPDATE SET value = excluded.value WHERE value != excluded.value",
            (name, value),
        )

    def secret(self, name: str) -> str | None:
        """Read a fact that is kept sealed.

        Raises:
            DamagedStore: it is there, but the store's key does not open it.
        """
        sealed = self.get(name)
        if sealed is None:
            return None
        try:
            return unseal(self.key, name, json.loads(sealed))
        except ValueError as error:
            raise DamagedStore("the store of keys and its key do not fit") from error

    def keep_secret(self, name: str, secret: str) -> None:
        """Write a fact sealed with the store's key."""
        self.set(name, json.dumps(seal(self.key, name, secret)))

    def forget(self, name: str) -> None:
        """Take a fact away."""
        self.db.execute("DELETE FROM fact WHERE name = ?", (name,))

    def close(self) -> None:
        """Close the file."""
        self.db.close()


def store_key(file: Path) -> bytes:
    """Read the key that seals the store, or make one at the first start.

    Raises:
        DamagedStore: the file is there but is no key.
    """
    _make_private(file)
    key = file.read_bytes()
    if not key:
        key = secrets.token_bytes(32)
        draft = file.with_name(file.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(key)
            new.flush()
            os.fsync(new.fileno())
        draft.replace(file)
    if len(key) != 32:
        raise DamagedStore(f"{file} is damaged: restore it from a backup")
    return key


def _make_private(file: Path) -> None:
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            file.parent.chmod(0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
    except OSError as error:
        raise DamagedStore(f"{file}: {error.strerror}; give it to the bot's user") from error
