"""The command line and encryption: the recovery key, a new identity, and starts that are refused.

The homeserver is a small one of the tests, with just the answers that make a start end.
"""

import ast
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.cli.phrases import TEMPLATES
from bot.platforms.matrix.crypto.identity import Identity
from bot.platforms.matrix.crypto.keystore import KeyStore, store_key
from bot.platforms.matrix.crypto.recovery import decode_recovery_key, encode_recovery_key
from bot.platforms.matrix.identity import RECOVERY_FACT, REPLACE_FACT, STORAGE_FACT
from bot.platforms.matrix.session import Device, write_device
from bot.platforms.matrix.upkeep import STORE, STORE_KEY
from tests.test_command_line import ROOT, SETTINGS, Installation, Ran, bot, ready

__all__ = ["bot", "ready"]  # fixtures
ACCOUNT, DEVICE, KEY = "@lagesbot:example.se", "BOTDEVICE", bytes(range(32))
WRITTEN = {".md", ".toml"}
REFUSALS = ("LoggedOut", "NotOurIdentity", "DamagedStore")
LEAD_IN = "Boten har stannat och behöver hjälp av en människa (se docs/alarms.md): "


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The store of keys of an installation, opened for a moment."""

    folder: Path

    @contextmanager
    def opened(self) -> Iterator[KeyStore]:
        """Open the store as the bot does."""
        store = KeyStore(self.folder / STORE, store_key(self.folder / STORE_KEY))
        try:
            yield store
        finally:
            store.close()

    def has(self, fact: str) -> bool:
        """Tell whether a fact is there."""
        with self.opened() as store:
            return store.get(fact) is not None


@pytest.fixture
def keys(bot: Installation) -> Keys:
    """Where the installation's keys are; nothing is there yet."""
    return Keys(folder=bot.folder / "data")


# The recovery key


def test_recovery_key_is_shown_once(bot: Installation, keys: Keys) -> None:
    """The key stands alone on a line between two sentences, and the next time it is gone."""
    with keys.opened() as store:
        store.keep_secret(RECOVERY_FACT, KEY.hex())
        store.set(STORAGE_FACT, "stands")

    words = ("encryption", "recovery-key")
    first, second = bot.start(*words), bot.run(*words)

    assert (first.code, first.complained) == (0, "")
    before, key, after = first.said.splitlines()
    assert decode_recovery_key(key) == KEY
    assert "Den visas bara nu" in before
    assert "säkert förvar" in after
    assert second.code == 1
    assert second.said.startswith("Det finns ingen återställningsnyckel att hämta.")
    assert not keys.has(RECOVERY_FACT)


def test_recovery_key_speaks_the_municipality_s_language(bot: Installation, keys: Keys) -> None:
    """The sentences around the key follow the settings."""
    bot.write("lagesbot.toml", bot.config.read_text().replace("places", 'language = "en"\nplaces'))
    with keys.opened() as store:
        store.keep_secret(RECOVERY_FACT, KEY.hex())
        store.set(STORAGE_FACT, "stands")

    assert bot.run("encryption", "recovery-key").said.startswith("This is the recovery key")


@pytest.mark.parametrize("facts", [{}, {STORAGE_FACT: "stands", REPLACE_FACT: "1"}])
def test_recovery_key_that_will_be_another_is_not_shown(
    bot: Installation, keys: Keys, facts: dict[str, str]
) -> None:
    """Before the first start has ended, and while a replacement waits, it is kept."""
    with keys.opened() as store:
        store.keep_secret(RECOVERY_FACT, KEY.hex())
        for fact, value in facts.items():
            store.set(fact, value)
    assert bot.run("encryption", "recovery-key").code == 1
    assert keys.has(RECOVERY_FACT)


def test_recovery_key_that_nobody_read_is_kept(bot: Installation, keys: Keys) -> None:
    """Where the key could not be written out, it can be asked for again."""
    with keys.opened() as store:
        store.keep_secret(RECOVERY_FACT, KEY.hex())
        store.set(STORAGE_FACT, "stands")
    with Path("/dev/full").open("w") as nowhere:
        done = subprocess.run(
            bot.command("encryption", "recovery-key"),
            cwd=ROOT, stdout=nowhere, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode != 0
    assert keys.has(RECOVERY_FACT)


def test_no_recovery_key_before_the_first_start(bot: Installation) -> None:
    """Before there are keys it says so, needs no database, and makes nothing."""
    ran = bot.run("encryption", "recovery-key")

    assert (ran.code, ran.complained) == (1, "")
    assert "har boten inte startat med kryptering ännu" in ran.said
    assert not (bot.folder / "data").exists()
    assert not (bot.folder / "bot.db").exists()


# A new identity


def test_replacing_needs_a_yes(bot: Installation, keys: Keys) -> None:
    """Without --yes it tells what would happen, and nothing is prepared."""
    ran = bot.run("encryption", "replace")

    assert (ran.code, ran.complained) == (1, "")
    assert "frågan i sin app" in ran.said
    assert ran.said.endswith("python -m bot encryption replace --yes\n")
    assert not (keys.folder / STORE).exists()


def test_replacing_is_left_for_the_next_start(bot: Installation, keys: Keys) -> None:
    """With --yes the next start may replace the identity, and the cure goes on from there."""
    ran = bot.start("encryption", "replace", "--yes")

    assert (ran.code, ran.complained) == (0, "")
    assert "frågan i sin app" in ran.said
    assert "Starta nu om boten" in ran.said
    assert keys.has(REPLACE_FACT)


@pytest.mark.parametrize("words", [("recovery-key",), ("replace", "--yes")])
def test_damaged_keys_are_told(bot: Installation, keys: Keys, words: tuple[str, ...]) -> None:
    """A store that can't be read is one sentence with its file, and no traceback."""
    damage(keys)

    ran = bot.run("encryption", *words)

    assert (ran.code, ran.complained) == (1, "")
    assert "Botens krypteringsnycklar går inte att använda" in ran.said
    assert f"{keys.folder / STORE} can't be read" in ran.said


def damage(keys: Keys) -> None:
    """Put something else where the store of keys should be."""
    with keys.opened():
        pass
    (keys.folder / STORE).write_bytes(b"no database" * 500)


@pytest.mark.parametrize("words", [(), ("renew",), ("replace", "--ye")])
def test_wrong_words_are_told(bot: Installation, words: tuple[str, ...]) -> None:
    """A step that does not exist, or none, ends with 2."""
    ran = bot.run("encryption", *words)

    assert (ran.code, "Så kan kommandot inte skrivas" in ran.complained) == (2, True)


# check


@pytest.mark.parametrize("written", ["EsTc 5678", encode_recovery_key(KEY)[:-1] + "x", "lösenord"])
def test_check_finds_what_is_no_recovery_key(bot: Installation, written: str) -> None:
    """A mistyped recovery key is told with its line, and is not repeated."""
    key = bot.write("key", written + "\n")
    for setting in (f'recovery_key_file = "{key}"', f'recovery_key = "{written}"'):
        text = SETTINGS.format(folder=bot.folder, homeserver="https://matrix.example.se")
        bot.write("lagesbot.toml", text.replace("password =", f"{setting}\npassword ="))
        ran = bot.run("check")
        assert (ran.code, ran.complained) == (1, "")
        name = setting.partition(" ")[0]
        assert f"rad 12: matrix.{name}: är ingen återställningsnyckel: skriv alla 48" in ran.said
        assert written not in ran.said


def test_check_takes_a_recovery_key(bot: Installation) -> None:
    """A key as it was shown passes, and so does one without spaces."""
    for written in (encode_recovery_key(KEY), encode_recovery_key(KEY).replace(" ", "") + "\n"):
        setting = f'recovery_key_file = "{bot.write("key", written)}"\npassword ='
        text = SETTINGS.format(folder=bot.folder, homeserver="https://matrix.example.se")
        bot.write("lagesbot.toml", text.replace("password =", setting))
        assert bot.run("check").code == 0


def test_check_tells_all_missing_secrets_at_once(bot: Installation) -> None:
    """Files of password, recovery key and mail password that are missing are each told."""
    text = SETTINGS.format(folder=bot.folder, homeserver="https://matrix.example.se")
    secrets = 'password_file = "none"\nrecovery_key_file = "none"\npassword ='
    mail = '\n[mail]\npassword_file = "none"\n'
    bot.write("lagesbot.toml", text.replace("password =", secrets) + mail)

    ran = bot.run("check")

    for name in ("matrix.password_file", "matrix.recovery_key_file", "mail.password_file"):
        assert f"{name}: filen finns inte: rätta sökvägen" in ran.said


# Starts that are refused


class Homeserver(ThreadingHTTPServer):
    """Answers what it was given by the end of the path; anything else is an empty object."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, tuple[int, Mapping[str, object]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers


class _Handler(BaseHTTPRequestHandler):
    server: Homeserver

    def do_GET(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        found = (a for end, a in self.server.answers.items() if path.endswith(end))
        status, answer = next(found, (200, {}))
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def start(bot: Installation, answers: Mapping[str, tuple[int, Mapping[str, object]]]) -> Ran:
    """Start the bot, with a device that it has had before, beside such a homeserver."""
    device = Device(user_id=ACCOUNT, device_id=DEVICE, access_token="token")
    write_device(bot.folder / "data" / "matrix-device.json", device)
    with Homeserver(answers) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        address = f"http://127.0.0.1:{server.server_port}"
        bot.write("lagesbot.toml", SETTINGS.format(folder=bot.folder, homeserver=address))
        give_messages(bot)
        ran = bot.start("run")
        server.shutdown()
        serving.join()
    return ran


def give_messages(bot: Installation) -> None:
    """Let the bot read the delivered templates: those of the fixture hold too little to start."""
    text = bot.config.read_text().replace(f'templates = "{bot.folder}/templates"\n', "")
    bot.write("lagesbot.toml", text)


def test_an_identity_of_somebody_else_is_told_with_its_cure(bot: Installation) -> None:
    """The bot stops with one plain line, which names both ways out."""
    master = Identity.new().keys(ACCOUNT)["master_key"]

    ran = start(bot, {"/keys/query": (200, {"master_keys": {ACCOUNT: master}})})

    told = ran.said.splitlines()
    assert (ran.code, len(told)) == (1, 1)
    assert told[0].startswith(f"{LEAD_IN}{ACCOUNT} has a cross-signing identity already")
    assert "python -m bot encryption replace" in told[0]
    assert "Traceback" not in ran.complained


def test_a_device_that_is_no_longer_accepted_is_told_with_its_cure(bot: Installation) -> None:
    """A revoked token is one plain line too."""
    refused = {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"}

    ran = start(bot, {"/account/whoami": (401, refused)})

    assert (ran.code, ran.said.count("\n")) == (1, 1)
    assert ran.said.startswith(f"{LEAD_IN}the homeserver no longer accepts the bot's device")
    assert "Traceback" not in ran.complained


def test_damaged_keys_stop_the_start(bot: Installation, keys: Keys) -> None:
    """A store of keys that can't be read is one plain line too."""
    damage(keys)

    ran = start(bot, {})

    assert (ran.code, ran.said.count("\n")) == (1, 1)
    assert ran.said.startswith(f"{LEAD_IN}{keys.folder / STORE} can't be read")
    assert "Traceback" not in ran.complained


def test_keys_of_another_device_stop_the_start(bot: Installation, keys: Keys) -> None:
    """A store that belongs to another device says whose it is."""
    with keys.opened() as store:
        store.set("owner", f"{ACCOUNT} ANOTHER")
        store.set("account", "pickle")

    ran = start(bot, {})

    assert (ran.code, "Traceback" in ran.complained) == (1, False)
    assert f"belongs to {ACCOUNT} ANOTHER, not to {ACCOUNT} {DEVICE}" in ran.said


def test_a_homeserver_that_refuses_is_told(bot: Installation) -> None:
    """What the homeserver said is one plain line, with what to look at."""
    refused = {"errcode": "M_FORBIDDEN", "error": "not here"}

    ran = start(bot, {"/keys/query": (403, refused)})

    assert (ran.code, ran.said.count("\n")) == (1, 1)
    assert ran.said.startswith("Boten kom inte in på hemservern och har inte startat: 403 M_FORBID")
    assert "Traceback" not in ran.complained


# What is written about it


def quoted(document: str) -> list[str]:
    """List the pieces that a document quotes in the first column of its tables and in short lines,
    between the places that stand for something.
    """
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    texts = re.findall(r"`([^`]+)`", " ".join(text.split("\n")))
    return [piece.strip() for quote in texts for piece in quote.split("…") if len(piece) > 12]


def spoken() -> str:
    """Give every string of the program, and every template."""
    found = [p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*") if p.suffix in WRITTEN]
    for path in [*(ROOT / "bot").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_the_alarms_page_quotes_what_is_said() -> None:
    """Every quoted text is one that the bot has; commands and settings apart."""
    said = spoken()
    own = ("python -m bot", "LAGESBOT_", "matrix.", "matrix-")
    missing = [p for p in quoted("alarms.md") if p not in said and not p.startswith(own)]
    assert missing == []


def alarms() -> list[str]:
    """List what the chat service's part can log, and what it can refuse a start with: of each text
    the first piece that is long enough to know it by.
    """
    found = []
    for path in sorted((ROOT / "bot" / "platforms" / "matrix").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func)
            if not name.startswith("_log.") and name not in REFUSALS:
                continue
            parts = [p.value for p in ast.walk(node.args[0]) if isinstance(p, ast.Constant)]
            pieces = [
                piece.strip()
                for part in parts
                for piece in re.split(r"%[\d.]*\w|[:;,(]|\. ", str(part))
            ]
            if pieces:
                found.append(next((p for p in pieces if len(p) > 12), max(pieces, key=len)))
    return found


def test_the_alarms_page_knows_every_alarm() -> None:
    """Whatever the log or a refused start may say about the chat service stands there."""
    page = " ".join((ROOT / "docs" / "alarms.md").read_text(encoding="utf-8").split())
    assert len(alarms()) > 25
    assert [alarm for alarm in alarms() if alarm not in page] == []


def test_the_alarms_page_knows_every_notice() -> None:
    """Each point that `!hälsa` may tell of the chat service is quoted there."""
    page = quoted("alarms.md")
    health = (TEMPLATES / "messages" / "sv" / "health.md").read_text(encoding="utf-8")
    _, _, after = health.partition("**Att veta:**")
    points = [line for line in after.splitlines() if line.startswith("- ")]
    assert len(points) > 5
    assert [point for point in points if not any(piece in point for piece in page)] == []
