"""The verdict of the crash test: the rooms as their people read them, and the database itself.

It shares no code with the bot: the database is read with plain SQL.
"""

import asyncio
import contextlib
import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.client import Event, MatrixUser
from tests.live.connection import path_of
from tests.live.crash_parts import Meant
from tests.live.crash_people import KEY_FIELD, PASSWORD, Member, Town
from tests.live.timeline import edited_event

_QUIET_SECONDS = 60.0


@dataclass
class Verdict:
    """What was found wrong, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Neither lost nor doubled, but not as it should be: an incident, an error in the log."""


class Register:
    """The bot's database, read only."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the database."""
        return self._connection.execute(query, values).fetchall()

    async def caused(self, key: str, within: float) -> None:
        """Wait until the clock has caused something.

        Raises:
            TimeoutError: it has not.
        """
        try:
            async with asyncio.timeout(within):
                while not self.rows("select 1 from occurrence where key = ?", key):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"{key} never happened") from None

    async def quiet(self) -> None:
        """Wait until nothing is left to handle or to send; the verdict tells what stays."""
        waiting = (
            "select 1 from outbox where state in ('pending', 'sending')"
            " union all select 1 from inbox where not done"
        )
        still = 0
        for _ in range(int(_QUIET_SECONDS / 0.1)):
            still = 0 if self.rows(waiting) else still + 1
            if still > 10:
                return
            await asyncio.sleep(0.1)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


async def judge(town: Town, register: Register) -> Verdict:
    """Read everything and compare it with the ledger."""
    verdict = Verdict()
    rooms = await _read_rooms(town, verdict)
    _messages(town, register, rooms, verdict)
    _answers(town, register, verdict)
    await _documents(town, register, rooms, verdict)
    for key, state, reason in register.rows(
        "select key, state, reason from outbox where state not in ('sent', 'superseded')"
    ):
        verdict.lost.append(f"outbox {key} is {state}: {reason}")
    for event_id, text in register.rows("select event_id, text from inbox where not done"):
        verdict.lost.append(f"{event_id} was never handled: {text!r}")
    for action, outcome in register.rows(
        "select action, outcome from audit where outcome <> 'done'"
    ):
        verdict.faults.append(f"audit: {action} {outcome}")
    return verdict


@contextlib.asynccontextmanager
async def device_of(town: Town, member: Member) -> AsyncIterator[MatrixUser]:
    """Give a device to read by: a new one, or where rooms are encrypted the one with the keys."""
    if town.encrypted:
        yield member.user
        return
    base_url = town.settings.matrix.homeserver
    async with await MatrixUser.login(base_url, member.name, PASSWORD) as device:
        yield device


async def _read_rooms(town: Town, verdict: Verdict) -> dict[str, list[Event]]:
    """Read the bot's messages in every room of everybody, in order."""
    rooms: dict[str, list[Event]] = {}
    for member in town.everybody:
        name = member.name
        async with device_of(town, member) as device:
            joined = (await device.call("GET", path_of("joined_rooms")))["joined_rooms"]
            if member is not town.coordinator and len(joined) > 1:
                verdict.doubled += [f"{name} has {len(joined)} direct rooms"] * (len(joined) - 1)
            for room in joined:
                rooms[room] = [
                    event
                    for event in await device.messages(room)
                    if event["sender"] == member.bot and event["type"] == "m.room.message"
                ]
    return rooms


_BESIDE = re.compile(r"status/\d+(/.*)?|propose_year/\d+(/2)?#0")
"""What the bot says beside the round: the live status, and next year's meetings in November."""


def _messages(
    town: Town, register: Register, rooms: dict[str, list[Event]], verdict: Verdict
) -> None:
    """Find each expected message exactly once, and nothing besides."""
    known = {str(key) for (key,) in register.rows("select key from outbox")}
    left: dict[str, Counter[str]] = {}
    for room, events in rooms.items():
        left[room] = Counter(str(event["content"].get(KEY_FIELD)) for event in events)
        for key, times in left[room].items():
            verdict.doubled += [f"{key} stands {times} times in {room}"] * (times - 1)
            if key not in known:
                verdict.doubled.append(f"{key} stands in {room} and was never to be said")
    for expected in dict.fromkeys(town.ledger.messages):
        if not left.get(expected.room, Counter())[expected.key]:
            verdict.lost.append(f"{expected.what} is missing in {expected.room} ({expected.key})")
        else:
            left[expected.room][expected.key] = 0
    _status(town, register, rooms, verdict)
    for room, keys in left.items():
        for key, times in keys.items():
            if times and not _BESIDE.fullmatch(key):
                verdict.doubled.append(f"{key} stands in {room} and nobody asked for it")


def _status(
    town: Town, register: Register, rooms: dict[str, list[Event]], verdict: Verdict
) -> None:
    """Find the newest edit of each round's status message as the one that is shown."""
    shown: dict[str, str] = {}
    for event in rooms.get(town.office, ()):
        target = edited_event(event)
        if target is not None:
            shown[target] = str(event["content"].get(KEY_FIELD))
    newest = register.rows(
        "select first.event_id, edit.key, max(edit.id) from outbox edit"
        " join outbox first on first.key = edit.replaces group by first.event_id"
    )
    for event_id, key, _ in newest:
        if shown.get(str(event_id)) != key:
            verdict.lost.append(f"the status message does not show {key}")


def _answers(town: Town, register: Register, verdict: Verdict) -> None:
    """Find every answer as it was meant, once a unit and round, with its versions."""
    stored: dict[tuple[str, int], list[tuple[Meant, int]]] = {}
    for period, unit, state, version, answers, versions in register.rows(
        "select c.period, s.unit_id, s.state, s.version, s.answers,"
        " (select count(*) from submission_version v where v.submission_id = s.id)"
        " from submission s join cycle c on c.id = s.cycle_id"
    ):
        said = json.loads(str(answers))
        found = re.search(r"märke (\w+)", said.get("handelse", {}).get("text", ""))
        meant = Meant(
            state=str(state),
            lage=_first(said, "lage"),
            jamfort=_first(said, "jamfort"),
            token=found[1] if found else "",
            version=int(str(version)),
        )
        at = (str(period), int(str(unit)))
        stored.setdefault(at, []).append((meant, int(str(versions))))
    for (period, unit), meant in town.ledger.answers.items():
        there = stored.pop((period, unit), [])
        verdict.doubled += [f"unit {unit} has two submissions for {period}"] * (len(there) - 1)
        if not there or there[0][0] != meant:
            verdict.lost.append(f"unit {unit}, {period}: meant {meant}, stored {there}")
        elif there[0][1] != meant.version:
            verdict.doubled.append(f"unit {unit}, {period}: {there[0][1]} versions kept")
    verdict.doubled += [f"nobody answered {at}" for at in stored]


async def _documents(
    town: Town, register: Register, rooms: dict[str, list[Event]], verdict: Verdict
) -> None:
    """Compare the bytes of every posted document with those that were frozen."""
    frozen = {str(sha) for (sha,) in register.rows("select sha256 from artifact")}
    async with device_of(town, town.coordinator) as device:
        for event in [*rooms.get(town.bra, ()), *rooms.get(town.samsa, ())]:
            content = event["content"]
            if content["msgtype"] in ("m.file", "m.image"):
                address = content["url"] if "url" in content else content["file"]["url"]
                if hashlib.sha256(await device.download(address)).hexdigest() not in frozen:
                    verdict.lost.append(f"other bytes in {content[KEY_FIELD]}")


def errors_in(log: Path) -> Sequence[str]:
    """List what the bot's log calls an error."""
    lines: Iterable[str] = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if re.match(r"(ERROR|CRITICAL) |Traceback", line)]


def _first(answers: dict[str, dict[str, list[str]]], question: str) -> str:
    chosen = answers.get(question, {}).get("chosen") or [""]
    return chosen[0]
