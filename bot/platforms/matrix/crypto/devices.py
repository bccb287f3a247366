"""Whose devices there are, and which of them may have keys.

A device counts as *signed* when its owner's cross-signing identity vouches for it: the rule that
Element applies too (MSC4153). What the homeserver says of a device is believed only as far as
signatures carry it.
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.platforms.matrix.crypto.keystore import KeyStore
from bot.platforms.matrix.crypto.signing import decode, is_signed_by
from bot.platforms.matrix.lenient import Json, items, section, text, texts

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"
MOST_DEVICES = 200
"""Of one account; more than that is nobody's daily life."""
CHANGE_TOLD_FOR = 30 * 24 * 3600.0
"""Seconds that a new identity is told of: whoever looks once in a monthly round sees it."""

_CHANGED = "identity changed/"

_ACCOUNT = re.compile(r"@[^:\x00-\x20\x7f]*:[A-Za-z0-9.\-:\[\]]+")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of an account: its identity key (`curve`), its signing key (`ed`)."""

    account: str
    id: str
    curve: str
    ed: str
    signed: bool


class Devices:
    """The device lists of those we share encrypted rooms with."""

    def __init__(self, store: KeyStore, own: tuple[str, str]) -> None:
        """`own` is our own account and device id; that device is never listed."""
        self._store = store
        self._db = store.db
        self._own = own
        self.own_self_signing: str | None = None
        """The key that vouches for our own account's devices; the homeserver is not asked."""

    def track(self, accounts: Iterable[str]) -> None:
        """Follow these accounts' devices from now on."""
        count = self._next()
        self._db.executemany(
            "INSERT OR IGNORE INTO person VALUES (?, ?, NULL, NULL)",
            [(account, count) for account in accounts if is_account(account)],
        )

    def changed(self, accounts: Iterable[str]) -> None:
        """Note that lists have changed; those we do not follow stay unknown."""
        names = list(accounts)
        if not names:
            return  # as in almost every answer: nothing is written, nothing waits for the disk
        count = self._next()
        self._db.executemany(
            "UPDATE person SET stale = ? WHERE account = ?", [(count, a) for a in names]
        )

    def left(self, accounts: Iterable[str]) -> None:
        """Stop following those with whom we share no encrypted room any more."""
        for account in accounts:
            self._db.execute("DELETE FROM person WHERE account = ?", (account,))
            self._db.execute("DELETE FROM device WHERE account = ?", (account,))

    def stale(self) -> Mapping[str, int]:
        """Give whose lists must be asked for, with the change that each is waiting for."""
        rows = self._db.execute("SELECT account, stale FROM person WHERE stale > 0").fetchall()
        return dict(rows)

    def learn(self, asked: Mapping[str, int], answer: Json, now: float) -> None:
        """Take the answer of /keys/query.

        Args:
            asked: whom it was asked about, as `stale` gave them. An account of which a newer change
                was told meanwhile stays to be asked about.
            answer: whatever the homeserver said.
            now: seconds since 1970.
        """
        unreached = {server for server, _ in items(answer.get("failures"))}
        masters, selves = section(answer, "master_keys"), section(answer, "self_signing_keys")
        devices = section(answer, "device_keys")
        for account, count in asked.items():
            if account.partition(":")[2] in unreached:
                # Their server is away: go on with what is known, and ask again later.
                self._db.execute(
                    "UPDATE person SET stale = -stale WHERE account = ? AND stale = ?",
                    (account, count),
                )
                continue
            master = signing_key(masters.get(account), account, "master")
            own = selves.get(account)
            self_signing = signing_key(own, account, "self_signing")
            vouched = (
                master is not None
                and isinstance(own, Mapping)
                and is_signed_by(own, account, f"ed25519:{master}", master)
            )
            if not vouched:
                self_signing = None
            if account == self._own[0] and self_signing != self.own_self_signing:
                self_signing = None
            self._identity(account, master, self_signing, now)
            self._list(account, items(devices.get(account))[:MOST_DEVICES], self_signing)
            self._db.execute(
                "UPDATE person SET stale = 0 WHERE account = ? AND stale = ?", (account, count)
            )

    def of(self, accounts: Sequence[str]) -> Sequence[Device]:
        """List the devices of these accounts, ours left out."""
        rows = self._db.execute(
            "SELECT account, id, curve, ed, signed FROM device"
            " WHERE account IN (SELECT value FROM json_each(?))",
            (json.dumps(list(accounts)),),
        )
        return [d for d in map(_device, rows) if (d.account, d.id) != self._own]

    def by_key(self, account: str, curve: str) -> Device | None:
        """Find a device by its identity key."""
        row = self._db.execute(
            "SELECT account, id, curve, ed, signed FROM device WHERE curve = ? AND account = ?"
            " ORDER BY signed DESC",  # an invented namesake must not hide the true device
            (curve, account),
        ).fetchone()
        return None if row is None else _device(row)

    def follows(self, accounts: Sequence[str]) -> bool:
        """Tell whether the lists of all these accounts are known, as fresh as they can be."""
        (known,) = self._db.execute(
            "SELECT count(*) FROM person WHERE stale <= 0"
            " AND account IN (SELECT value FROM json_each(?))",
            (json.dumps(list(accounts)),),
        ).fetchone()
        return bool(known == len(accounts))

    def new_identities(self, now: float) -> Sequence[tuple[str, float]]:
        """List accounts whose identity has changed lately, with when we last saw it change."""
        rows = self._db.execute(
            "SELECT substr(name, ?), CAST(value AS REAL) FROM fact WHERE name GLOB ?"
            " AND CAST(value AS REAL) > ? ORDER BY 2, 1",
            (len(_CHANGED) + 1, f"{_CHANGED}*", now - CHANGE_TOLD_FOR),
        )
        return [(row[0], row[1]) for row in rows]

    def try_unreached(self) -> None:
        """Ask anew about those whose server did not answer the last time."""
        self._db.execute("UPDATE person SET stale = -stale WHERE stale < 0")

    def _next(self) -> int:
        count = int(self._store.get("changes") or 0) + 1
        self._store.set("changes", str(count))
        return count

    def _identity(
        self, account: str, master: str | None, self_signing: str | None, now: float
    ) -> None:
        row = self._db.execute("SELECT master FROM person WHERE account = ?", (account,)).fetchone()
        if row is not None and row[0] and master not in (None, row[0]):
            _log.warning("the cross-signing identity of %s has changed", account)
            if account != self._own[0]:  # of our own nobody need be asked: `Standing` sees to it
                self._tell_of_change(account, now)
        self._db.execute(
            "UPDATE person SET master = coalesce(?, master), self_signing = ? WHERE account = ?",
            (master, self_signing, account),
        )

    def _tell_of_change(self, account: str, now: float) -> None:
        self._db.execute(
            "DELETE FROM fact WHERE name GLOB ? AND CAST(value AS REAL) <= ?",
            (f"{_CHANGED}*", now - CHANGE_TOLD_FOR),
        )
        self._store.set(f"{_CHANGED}{account}", str(now))

    def _list(
        self, account: str, listed: Sequence[tuple[str, Json]], self_signing: str | None
    ) -> None:
        known = {
            row[1]: _device(row)
            for row in self._db.execute(
                "SELECT account, id, curve, ed, signed FROM device WHERE account = ?", (account,)
            )
        }
        found = []
        for device_id, keys in listed:
            device = read_device(account, device_id, keys, self_signing)
            if device is None:
                _log.warning("device keys of %s left out: they do not hold", account)
            elif known.get(device_id, device).ed != device.ed:
                _log.warning("a device of %s shows another key than before: left out", account)
                found.append(replace(known[device_id], signed=False))  # so it is known tomorrow too
            else:
                found.append(device)
        self._db.execute("DELETE FROM device WHERE account = ?", (account,))
        self._db.executemany(
            "INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?)",
            [(d.account, d.id, d.curve, d.ed, int(d.signed)) for d in found],
        )


def is_account(name: str) -> bool:
    """Tell whether it can be an account: one wrong name in a question makes the whole fail."""
    return len(name) <= 255 and _ACCOUNT.fullmatch(name) is not None


def signing_key(value: object, account: str, usage: str) -> str | None:
    """Read a cross-signing key, or give None where it is not one of that account and usage."""
    if not isinstance(value, Mapping) or value.get("user_id") != account:
        return None
    keys = section(value, "keys")
    if usage not in texts(value.get("usage")) or len(keys) != 1:
        return None
    name, public = next(iter(keys.items()))
    return public if isinstance(public, str) and name == f"ed25519:{public}" else None


def read_device(
    account: str, device_id: str, value: Json, self_signing: str | None
) -> Device | None:
    """Read a device's keys, or give None where they do not hold what they claim."""
    keys = section(value, "keys")
    curve, ed = text(keys, f"curve25519:{device_id}"), text(keys, f"ed25519:{device_id}")
    named = value.get("user_id") == account and value.get("device_id") == device_id
    if not named or not is_key(curve) or not is_key(ed):
        return None
    if not {OLM, MEGOLM} <= set(texts(value.get("algorithms"))):
        return None
    if not is_signed_by(value, account, f"ed25519:{device_id}", ed):
        return None
    signed = self_signing is not None and is_signed_by(
        value, account, f"ed25519:{self_signing}", self_signing
    )
    return Device(account=account, id=device_id, curve=curve, ed=ed, signed=signed)


def is_key(key: str) -> bool:
    """Tell whether it can be a device's key."""
    try:
        return len(decode(key)) == 32
    except ValueError:
        return False


def _device(row: Sequence[object]) -> Device:
    account, device_id, curve, ed, signed = row
    return Device(
        account=str(account), id=str(device_id), curve=str(curve), ed=str(ed), signed=bool(signed)
    )
