"""What an administrator does with the store of keys on the machine itself, the bot running or not.

Nothing here speaks to the homeserver.
"""

from pathlib import Path

from bot.platforms.matrix.crypto.keystore import KeyStore, store_key
from bot.platforms.matrix.crypto.recovery import encode_recovery_key
from bot.platforms.matrix.identity import RECOVERY_FACT, REPLACE_FACT, STORAGE_FACT
from bot.platforms.matrix.upkeep import STORE, STORE_KEY


def recovery_key(folder: Path) -> str | None:
    """Give the recovery key as people write it down; None where it has been taken, or none is made.

    A key is made with the first start that the homeserver has taken part in to the end, and with
    the first after `allow_replacement`: before, another would come in its place.

    Raises:
        DamagedStore: the store can't be read.
    """
    store = _open(folder)
    if store is None:
        return None
    try:
        stands = store.get(STORAGE_FACT) is not None and store.get(REPLACE_FACT) is None
        kept = store.secret(RECOVERY_FACT) if stands else None
    finally:
        store.close()
    return encode_recovery_key(bytes.fromhex(kept)) if kept else None


def recovery_key_taken(folder: Path) -> None:
    """Forget the recovery key: whoever asked for it has it now.

    Raises:
        DamagedStore: the store can't be read.
    """
    store = _open(folder)
    if store is not None:
        store.forget(RECOVERY_FACT)
        store.close()


def allow_replacement(folder: Path) -> None:
    """Let the next start replace the account's cross-signing identity by a new one.

    Raises:
        DamagedStore: the store can't be read.
    """
    store = KeyStore(folder / STORE, store_key(folder / STORE_KEY))
    store.set(REPLACE_FACT, "1")
    store.close()


def _open(folder: Path) -> KeyStore | None:
    if not (folder / STORE).exists():
        return None
    return KeyStore(folder / STORE, store_key(folder / STORE_KEY))
