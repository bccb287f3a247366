"""A municipality of any size, put into a database in bulk: units, reporters, a year of answers."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import create_engine, insert, update
from sqlmodel import Session

from bot.domain.calendar import Period
from bot.domain.cycle import CycleState, SubmissionState
from bot.domain.people import Role
from bot.domain.question import Value
from storage.database import Database
from storage.drafts import to_json
from storage.tables import (
    AccountRow,
    CycleRow,
    HoldingRow,
    PersonRow,
    SubmissionRow,
    UnitRow,
    VersionRow,
)

PLACES = ("Björbo", "Djurås", "Gagnef", "Mockfjärd", "Dala-Floda")
BOARDS = ("Barn- och utbildningsnämnden", "Socialnämnden", "Kultur- och fritidsnämnden")
LAST = Period.of(2026, 9)
"""The period that the newest round is about."""
_CATEGORIES = ("andts", "skadegorelse", "vald_hot", "ordning", "stold_bedrageri", "trafik", "nat")
_EVENT = (
    "Återkommande samlingar vid busstorget på kvällarna, mest fredagar, med hög ljudnivå och skräp."
    " Personalen har pratat med ungdomarna och med några av föräldrarna."
)


def period_keys(count: int) -> list[str]:
    """Name the last `count` months, the newest last."""
    keys = [LAST]
    while len(keys) < count:
        keys.insert(0, keys[0].previous(()))
    return [key.key for key in keys]


def fill(url: str, *, units: int, months: int, accounts: Sequence[str], coordinator: str) -> None:
    """Make the schema and everybody in it; the last of the months is still open.

    Args:
        url: an empty database.
        units: how many there are; each has one reporter, `accounts[n]` where there is one.
        months: how many rounds are there with an answer from nearly every unit; may be 0.
        accounts: the reporters' accounts.
        coordinator: the account of the one who opens, reminds and compiles.
    """
    database = Database(url)
    database.migrate()
    database.close()
    engine = create_engine(url)
    numbers = range(1, units + 1)
    names = [*accounts, *(f"@p{n}:bra.test" for n in range(len(accounts) + 1, units + 1))]
    boss = units + 1
    with Session(engine) as session:
        add = session.connection().execute
        add(
            insert(UnitRow),
            [
                {
                    "id": n,
                    "name": f"Enhet {n}",
                    "board": BOARDS[n % len(BOARDS)],
                    "place": PLACES[n % len(PLACES)],
                    "active": True,
                }
                for n in numbers
            ],
        )
        add(
            insert(PersonRow),
            [
                {"id": n, "name": f"Person {n}", "language": "sv", "active": True}
                for n in (*numbers, boss)
            ],
        )
        add(
            insert(AccountRow),
            [
                {"id": n, "person_id": n, "platform": "matrix", "address": name, "reachable": True}
                for n, name in enumerate([*names[:units], coordinator], start=1)
            ],
        )
        held = [{"person_id": n, "role": Role.REPORTER.value, "unit_id": n} for n in numbers]
        held.append({"person_id": boss, "role": Role.COORDINATOR.value, "unit_id": 0})
        add(insert(HoldingRow), held)
        if months:
            _add_rounds(session, units, months)
        session.commit()
    engine.dispose()


def set_direct_rooms(url: str, rooms: Sequence[str]) -> None:
    """Give person 1, 2, … their direct rooms."""
    engine = create_engine(url)
    with Session(engine) as session:
        for person, room in enumerate(rooms, start=1):
            session.connection().execute(
                update(AccountRow)
                .where(AccountRow.person_id == person)  # type: ignore[arg-type]
                .values(direct_room=room)
            )
        session.commit()
    engine.dispose()


def _add_rounds(session: Session, units: int, months: int) -> None:
    chance = random.Random(7)
    add = session.connection().execute
    for cycle, key in enumerate(period_keys(months), start=1):
        period = Period.parse(key)
        begins = datetime.combine(period.end, datetime.min.time(), UTC)
        add(
            insert(CycleRow),
            {
                "id": cycle,
                "key": key,
                "period": key,
                "question_set": "monthly",
                "state": (CycleState.OPEN if cycle == months else CycleState.PUBLISHED).value,
                "rehearsal": False,
                "delayed": False,
                "opens_at": begins,
                "closes_at": begins,
                "used": "",
            },
        )
        rows = [
            _submission((cycle - 1) * units + unit, cycle, unit, begins, chance)
            for unit in range(1, units + 1)
        ]
        add(insert(SubmissionRow), rows)
        versions = [
            {
                "submission_id": row["id"],
                "version": 1,
                "state": row["state"],
                "answers": row["answers"],
                "by_person": row["unit_id"],
                "at": begins,
            }
            for row in rows
            if row["version"]
        ]
        if versions:
            add(insert(VersionRow), versions)


def _submission(
    number: int, cycle: int, unit: int, at: datetime, chance: random.Random
) -> dict[str, object]:
    state = chance.choices(
        [SubmissionState.SUBMITTED, SubmissionState.NO_CHANGE, SubmissionState.AWAITED],
        [80, 15, 5],
    )[0]
    answered = state.is_answer
    return {
        "id": number,
        "cycle_id": cycle,
        "unit_id": unit,
        "state": state.value,
        "version": int(answered),
        "answers": to_json(_answers(chance)) if answered else {},
        "by_person": unit if answered else None,
        "received_at": at if answered else None,
        "on_behalf": False,
        "late": False,
        "internal": False,
        "registry_number": number,
        "case_number": "",
    }


def _answers(chance: random.Random) -> dict[str, Value]:
    level = chance.choices(["gron", "gul", "rod"], [60, 30, 10])[0]
    answers = {
        "lage": Value(chosen=(level,)),
        "jamfort": Value(chosen=(chance.choice(["battre", "samma", "samre"]),)),
    }
    if level != "gron":
        answers |= {
            "kategori": Value(chosen=tuple(chance.sample(_CATEGORIES, 2))),
            "handelse": Value(text=_EVENT),
            "plats": Value(chosen=(chance.choice(PLACES),)),
            "tid": Value(chosen=("skoltid",)),
            "gjort": Value(chosen=("egen_atgard",)),
            "stod": Value(chosen=("nej",)),
            "framat": Value(text="Höstlov vecka 44."),
        }
    return answers
