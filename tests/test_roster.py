"""The administrator's lists: what is read, what is refused and with which words' code, the plan."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped, unused-ignore]

from bot.cli.roster import read_roster
from bot.domain.people import Role, Unit
from bot.domain.roster import (
    Change,
    ChangeKind,
    ImportPlan,
    KnownPerson,
    PersonRow,
    PersonUpdate,
    Roster,
    RosterInvalid,
    RosterProblem,
    UnitRow,
    plan_import,
)

UNITS = "enhet;nämnd;ort\nDjurås skola;Barn och utbildning;Djurås\nFritidsgården;Kultur;Mockfjärd\n"
HEAD = "namn;konto;e-post;roll;enhet\n"
ANNA = "Anna Ek;@anna:gagnef.se;anna@gagnef.se;rapportör;Djurås skola\n"
BO = "Bo Å;@bo:gagnef.se;;samordnare;\n"
CARIN = "Carin Ö;@carin:gagnef.se;;rapportör;Fritidsgården\n"
PERSONS = HEAD + ANNA + BO + CARIN


def looks_like_identity_number(text: str) -> bool:
    """Stand in for the privacy rule, by form alone."""
    return re.search(r"(?<!\d)(?:19|20)?\d{2}[01]\d[0-3]\d-?\d{4}(?!\d)", text) is not None


def write(folder: Path, texts: Mapping[str, str | bytes]) -> list[Path]:
    """Write files and name their paths."""
    for name, text in texts.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return [folder / name for name in texts]


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write an XLSX with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def cells(text: str) -> list[list[str]]:
    """Split simple CSV into the rows of a sheet."""
    return [line.split(";") for line in text.splitlines()]


def read(paths: Sequence[Path], known: frozenset[str] = frozenset()) -> Roster:
    """Read with the stand-in for the privacy rule."""
    return read_roster(paths, known_units=known, holds_identity_number=looks_like_identity_number)


def problems(paths: Sequence[Path]) -> Sequence[RosterProblem]:
    """Read what must be refused."""
    with pytest.raises(RosterInvalid) as caught:
        read(paths)
    return caught.value.problems


def told(found: Sequence[RosterProblem]) -> list[tuple[str, int | None, str]]:
    """Reduce problems to place and code."""
    return [(problem.file, problem.line, problem.code) for problem in found]


def without_lines(roster: Roster) -> tuple[list[tuple[str, str, str]], list[tuple[object, ...]]]:
    """Reduce a roster to what it says, wherever it stood."""
    units = [(u.name, u.board, u.place) for u in roster.units]
    return units, [(p.name, p.account, p.email, p.holdings) for p in roster.persons]


EXPECTED = (
    [
        ("Djurås skola", "Barn och utbildning", "Djurås"),
        ("Fritidsgården", "Kultur", "Mockfjärd"),
    ],
    [
        (
            "Anna Ek",
            "@anna:gagnef.se",
            "anna@gagnef.se",
            frozenset({(Role.REPORTER, "Djurås skola")}),
        ),
        ("Bo Å", "@bo:gagnef.se", None, frozenset({(Role.COORDINATOR, None)})),
        ("Carin Ö", "@carin:gagnef.se", None, frozenset({(Role.REPORTER, "Fritidsgården")})),
    ],
)


@pytest.mark.parametrize(
    ("units", "persons"),
    [
        pytest.param(UNITS, PERSONS, id="plain"),
        pytest.param("\ufeff" + UNITS, "\ufeff" + PERSONS, id="byte order mark"),
        pytest.param(UNITS.replace(";", ","), PERSONS.replace(";", ","), id="commas"),
        pytest.param(UNITS.replace("\n", "\r\n"), PERSONS.replace("\n", "\r\n"), id="crlf"),
        pytest.param(UNITS.replace("\n", "\r"), PERSONS.replace("\n", "\r"), id="cr"),
        pytest.param(
            UNITS.replace("\n", "\n\n;;\n"), "\n" + PERSONS + "\n;;;;\n", id="blank lines"
        ),
        pytest.param(UNITS.replace(";", " ; "), PERSONS.replace("\n", " \t\n"), id="spaces"),
        pytest.param(
            UNITS.replace("Djurås skola", ' "Djurås  skola" '),
            PERSONS.replace("Anna Ek", '"Anna Ek"'),
            id="quotes",
        ),
        pytest.param(
            UNITS.replace("å", "a\u030a"), PERSONS.replace("å", "a\u030a"), id="decomposed letters"
        ),
        pytest.param(
            UNITS.replace("enhet;nämnd;ort", "Unit;BOARD;place"),
            PERSONS.replace("namn;konto;e-post;roll;enhet", "NAME;Account;email;Role;Unit"),
            id="english headings",
        ),
        pytest.param(
            UNITS.replace("nämnd", "NAMND"),
            PERSONS.replace("e-post", "Epost").replace("rapportör", "RAPPORTOR"),
            id="without diacritics",
        ),
        pytest.param(
            UNITS.replace("\n", ";;\n"), PERSONS.replace("\n", ";\n"), id="empty columns at the end"
        ),
        pytest.param(
            UNITS, PERSONS.replace(";Djurås skola", ";DJURÅS SKOLA"), id="unit in any case"
        ),
    ],
)
def test_reads_csv_as_people_save_it(tmp_path: Path, units: str, persons: str) -> None:
    """The same roster comes out of every ordinary way to save it, in either order."""
    paths = write(tmp_path, {"enheter.csv": units, "personer.csv": persons})

    assert without_lines(read(paths)) == EXPECTED
    assert without_lines(read(paths[::-1])) == EXPECTED


def test_reads_quoted_delimiter(tmp_path: Path) -> None:
    """A delimiter inside quotes belongs to the field."""
    text = 'unit,board,place\n"Skolan, norra","Barn ""och"" utbildning",Djurås\n'

    roster = read(write(tmp_path, {"u.csv": text}))

    assert roster.units == [
        UnitRow(name="Skolan, norra", board='Barn "och" utbildning', place="Djurås", line=2)
    ]


def test_accepts_server_names_in_any_case(tmp_path: Path) -> None:
    """A server's name may have capital letters; the account is kept as it is written."""
    texts = {"p.csv": HEAD + BO.replace("gagnef.se", "Gagnef.SE:8448")}

    assert [p.account for p in read(write(tmp_path, texts)).persons] == ["@bo:Gagnef.SE:8448"]


def test_reads_workbook(tmp_path: Path) -> None:
    """Two sheets of one workbook, found by their headings whatever they are called."""
    sheets = {"Blad1": cells(PERSONS), "Blad2": [[], *cells(UNITS)]}

    roster = read([workbook(tmp_path / "allt.xlsx", sheets)])

    assert without_lines(roster) == EXPECTED
    assert [unit.line for unit in roster.units] == [3, 4]


def test_tells_workbook_by_content(tmp_path: Path) -> None:
    """A workbook is a workbook whatever its file is called."""
    path = workbook(tmp_path / "a.xlsx", {"P": cells(PERSONS), "U": cells(UNITS)})

    assert without_lines(read([path.rename(tmp_path / "a.csv")])) == EXPECTED


def test_workbook_values_become_text(tmp_path: Path) -> None:
    """Numbers, dates and truth values in cells are read as the text they show."""
    row = [7, datetime(2026, 10, 1), 2.5]  # noqa: DTZ001 (a spreadsheet's dates have no zone)
    path = workbook(tmp_path / "a.xlsx", {"U": [["enhet", "nämnd", "ort"], row, [3.0, True, None]]})

    assert [(u.name, u.board, u.place) for u in read([path]).units] == [
        ("7", "2026-10-01", "2.5"),
        ("3", "True", ""),
    ]


def test_passes_over_other_sheets_aloud(tmp_path: Path) -> None:
    """A sheet with other headings is left out with a warning, an empty one in silence."""
    sheets = {"Läs mig": [["Så här gör du"]], "U": cells(UNITS), "Tom": []}

    roster = read([workbook(tmp_path / "a.xlsx", sheets)])

    assert told(roster.warnings) == [("a.xlsx (Läs mig)", None, "sheet_ignored")]


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Rapportör", Role.REPORTER),
        ("ersattare", Role.DEPUTY),
        ("SAMORDNARE", Role.COORDINATOR),
        ("ersättande  samordnare", Role.SUBSTITUTE),
        ("läsare BRÅ", Role.READER_BRA),
        ("lasare bra", Role.READER_BRA),
        ("läsare SAMSA", Role.READER_SAMSA),
        ("läsare ledning", Role.READER_MANAGEMENT),
        ("Läsare kommunstyrelseförvaltning", Role.READER_EXECUTIVE),
        ("administrator", Role.ADMINISTRATOR),
        *((role.value, role) for role in Role),
        *((role.value.replace("_", " ").title(), role) for role in Role),
    ],
)
def test_reads_every_role(tmp_path: Path, word: str, role: Role) -> None:
    """Roles go by Swedish and English words, in any case, with or without diacritics."""
    unit = "Skolan" if role.of_unit else ""
    path = write(tmp_path, {"p.csv": f"{HEAD}Anna;@a:b.se;;{word};{unit}\n"})

    roster = read(path, frozenset({"Skolan"}))

    assert roster.persons[0].holdings == {(role, unit or None)}


def test_merges_the_lines_of_an_account(tmp_path: Path) -> None:
    """One person holds all roles of the account's lines; an e-mail on one of them is enough."""
    second = "Anna Ek;@anna:gagnef.se;;Läsare BRÅ;\n"

    roster = read(write(tmp_path, {"u.csv": UNITS, "p.csv": HEAD + second + BO + CARIN + ANNA}))

    assert roster.persons[0] == PersonRow(
        name="Anna Ek",
        account="@anna:gagnef.se",
        email="anna@gagnef.se",
        holdings=frozenset({(Role.READER_BRA, None), (Role.REPORTER, "Djurås skola")}),
        lines=(2, 5),
    )


def test_persons_alone_use_known_units(tmp_path: Path) -> None:
    """Persons can be imported alone, for units that the database knows, spelled as there."""
    path = write(tmp_path, {"p.csv": HEAD + ANNA})

    roster = read(path, frozenset({"DJURÅS skola"}))

    assert roster.persons[0].holdings == {(Role.REPORTER, "DJURÅS skola")}
    assert roster.warnings == []


def test_warns_of_unit_without_reporter(tmp_path: Path) -> None:
    """A unit that only has a deputy is imported, with a warning."""
    deputy = CARIN.replace("rapportör", "ersättare")

    roster = read(write(tmp_path, {"u.csv": UNITS, "p.csv": HEAD + ANNA + deputy}))

    assert roster.warnings == [
        RosterProblem(
            file="u.csv", line=3, code="unit_without_reporter", params={"unit": "Fritidsgården"}
        )
    ]


BAD_PERSONS = [
    (";@a:b.se;;samordnare;", "empty_field", {"column": "name"}),
    ("A;;;samordnare;", "empty_field", {"column": "account"}),
    ("A;@a:b.se;;;", "empty_field", {"column": "role"}),
    (
        "A;@a:b.se;;raportör;Djurås skola",
        "unknown_role",
        {"role": "raportör", "suggestions": ("rapportör", "reporter")},
    ),
    ("A;@a:b.se;;kung;", "unknown_role", {"role": "kung", "suggestions": ()}),
    ("A;@a:b.se;;rapportör;", "unit_missing", {"role": Role.REPORTER}),
    ("A;@a:b.se;;ersättare", "unit_missing", {"role": Role.DEPUTY}),
    (
        "A;@a:b.se;;läsare BRÅ;Djurås skola",
        "unit_unexpected",
        {"role": Role.READER_BRA, "unit": "Djurås skola"},
    ),
    (
        "A;@a:b.se;;ersättare;Djuras skolan",
        "unknown_unit",
        {"unit": "Djuras skolan", "suggestions": ("Djurås skola",)},
    ),
    ("A;@a:b.se;;ersättare;Månen", "unknown_unit", {"unit": "Månen", "suggestions": ()}),
    *(
        (f"A;{account};;samordnare;", "malformed_account", {"account": account})
        for account in (
            "a:b.se", "@a", "@:b.se", "@a:", "@a b:c.se", "@Anna:b.se", "@å:b.se", "@a:b.se:x",
            "@a:b_c", "a@b.se", "@" + "a" * 250 + ":b.se",
        )
    ),
    *(
        (f"A;@a:b.se;{email};samordnare;", "malformed_email", {"email": email})
        for email in ("a", "a@", "@b.se", "a@b", "a b@c.se", "a@b..se", "a@b@c.se", "<a@b.se>")
    ),
    ("A;@a:b.se;19900101-1234;samordnare;", "identity_number", {"column": "email"}),
    ("A 900101-1234;@a:b.se;;kung;", "identity_number", {"column": "name"}),
    ("A;@199001011234:b.se;;samordnare;", "identity_number", {"column": "account"}),
    ("A;@a:b.se;;9001011234;", "identity_number", {"column": "role"}),
    ("101011234;@a:b.se;;samordnare;", "identity_number", {"column": "name"}),
    ('=HYPERLINK("x");@a:b.se;;samordnare;', "formula", {"column": "name"}),
    ('"A\nB";@a:b.se;;samordnare;', "line_break", {"column": "name"}),
    ("A;B;@a:b.se;;samordnare;x", "too_many_fields", {"column": "6"}),
    (
        "Anna;@anna:gagnef.se;;samordnare;",
        "different_name",
        {"account": "@anna:gagnef.se", "first_line": 2},
    ),
    (
        "Anna Ek;@anna:gagnef.se;ek@b.se;samordnare;",
        "different_email",
        {"account": "@anna:gagnef.se", "first_line": 2},
    ),
    (ANNA.strip(), "duplicate_line", {"first_line": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "params"), BAD_PERSONS)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_refuses_a_bad_person(
    tmp_path: Path, form: str, line: str, code: str, params: Mapping[str, object]
) -> None:
    """Each fault of a person's line is told with its line, code and what helps to mend it."""
    persons = HEAD + ANNA + "\n" + line
    paths = write(tmp_path, {"u.csv": UNITS})
    if form == "csv":
        file, paths = "p.csv", paths + write(tmp_path, {"p.csv": persons})
    else:
        # The same fields as a sheet; quotes are CSV's own.
        row = [cell.strip('"') for cell in line.split(";")]
        rows = [*cells(HEAD + ANNA), [], row]
        file, paths = "p.xlsx (P)", [*paths, workbook(tmp_path / "p.xlsx", {"P": rows})]

    found = [(p.file, p.line, p.code, p.params) for p in problems(paths)]

    assert found == [(file, 4, code, params)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("enhet;nämnd;ort\n;Kultur;Djurås\n", "empty_field", 2),
        (UNITS + "DJURÅS SKOLA;Annan;Annan\n", "duplicate_unit", 4),
        (UNITS + "Djurås skola;Barn och utbildning;Djurås\n", "duplicate_unit", 4),
        (UNITS + "=1+1;Kultur;Djurås\n", "formula", 4),
        ("enhet;nämnd\nSkolan;Barn\n", "missing_columns", 1),
        ("enhet;ort;nämnd;ort\n", "duplicate_column", 1),
        ("enhet;nämnd;ort;900101-1234\n", "identity_number", 1),
        ("a;b;c\n", "unknown_header", 1),
        ("", "unknown_header", 1),
        ("\n;;\n", "unknown_header", 1),
        ("namn;konto;roll;enhet\n", "missing_columns", 1),
    ],
)
def test_refuses_a_bad_table(tmp_path: Path, text: str, code: str, line: int) -> None:
    """Each fault of headings and units is told with its line."""
    assert told(problems(write(tmp_path, {"u.csv": text}))) == [("u.csv", line, code)]


@pytest.mark.parametrize(
    ("content", "line", "params"),
    [
        (UNITS.encode("cp1252"), 1, {"likely": "windows-1252"}),
        ("unit;board;place\r\nA;B;C\r\nDjurås;B;C".encode("cp1252"), 3, {"likely": "windows-1252"}),
        (UNITS.encode("utf-16"), 1, {"likely": "utf-16"}),
    ],
)
def test_refuses_other_encodings(
    tmp_path: Path, content: bytes, line: int, params: Mapping[str, object]
) -> None:
    """A file that is not UTF-8 is refused with the first such line and what it likely is."""
    assert problems(write(tmp_path, {"u.csv": content})) == (
        RosterProblem(file="u.csv", line=line, code="not_utf8", params=params),
    )


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 locked", b"a;b"]
)
def test_refuses_a_damaged_workbook(tmp_path: Path, content: bytes) -> None:
    """A workbook that can't be opened is said to be so."""
    found = problems(write(tmp_path, {"a.xlsx": content}))

    assert told(found) == [("a.xlsx", None, "unreadable_workbook")]


def test_refuses_a_truncated_workbook(tmp_path: Path) -> None:
    """A workbook whose sheet breaks off half-way is refused, not read half."""
    path = workbook(tmp_path / "a.xlsx", {"U": cells(UNITS)})
    path.write_bytes(path.read_bytes()[:-200])

    assert told(problems([path])) == [("a.xlsx", None, "unreadable_workbook")]


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told as the others."""
    assert told(problems([tmp_path / "x.csv"])) == [("x.csv", None, "unreadable_file")]


def test_refuses_an_endless_field(tmp_path: Path) -> None:
    """A quote that is never closed is told at the line where it opens."""
    text = 'enhet;nämnd;ort\nA;B;C\n"Skolan;' + "x\n" * 100_000

    assert told(problems(write(tmp_path, {"u.csv": text}))) == [("u.csv", 3, "broken_csv")]


def test_refuses_a_second_table(tmp_path: Path) -> None:
    """Two lists of units are refused: which of them is right nobody can tell."""
    found = problems(write(tmp_path, {"a.csv": UNITS, "b.csv": UNITS}))

    assert told(found) == [("b.csv", 1, "second_table")]
    assert found[0].params == {"first": "a.csv"}


def test_tells_all_problems_at_once(tmp_path: Path) -> None:
    """Every line of every file is checked before anything is refused."""
    texts = {
        "u.csv": UNITS + "Djurås skola;;\n",
        "p.csv": HEAD + ";@a:b.se;x;kung;\n" + "B;b;;rapportör;Månen\n" + ANNA + ANNA,
    }

    assert told(problems(write(tmp_path, texts))) == [
        ("p.csv", 2, "empty_field"),
        ("p.csv", 2, "malformed_email"),
        ("p.csv", 2, "unknown_role"),
        ("p.csv", 3, "malformed_account"),
        ("p.csv", 3, "unknown_unit"),
        ("p.csv", 5, "duplicate_line"),
        ("u.csv", 4, "duplicate_unit"),
    ]


@pytest.mark.parametrize(
    "units", [UNITS.replace("ort", "by"), UNITS.replace("Kultur", "900101-1234")]
)
def test_does_not_blame_persons_for_unread_units(tmp_path: Path, units: str) -> None:
    """Where units could not be read, the persons' units are not called unknown."""
    found = problems(write(tmp_path, {"u.csv": units, "p.csv": PERSONS}))

    assert {problem.file for problem in found} == {"u.csv"}


def test_never_quotes_an_identity_number(tmp_path: Path) -> None:
    """No problem repeats an identity number, wherever in the line it stands."""
    number = "19900101-1234"
    bad = [
        ";".join([*fields[:at], number, *fields[at + 1 :]])
        for fields in [ANNA.strip().split(";")]
        for at in range(5)
    ]
    units = f"{UNITS}{number};Kultur;Djurås\nSkolan;{number};Djurås\n"

    texts = {"u.csv": units, "p.csv": HEAD + "\n".join(bad), "x.csv": f"namn;konto;{number}\n"}
    found = problems(write(tmp_path, texts))

    assert sum(problem.code == "identity_number" for problem in found) == 7
    assert number not in repr(found)


def test_refuses_formulas_of_a_workbook(tmp_path: Path) -> None:
    """A formula is refused rather than computed, and its cell is named."""
    rows = [["enhet", "nämnd", "ort"], ["Skolan", "=A1", "Djurås"]]

    found = problems([workbook(tmp_path / "a.xlsx", {"U": rows})])

    assert found == (
        RosterProblem(file="a.xlsx (U)", line=2, code="formula", params={"column": "board"}),
    )


# The plan


def known(row: PersonRow, number: int) -> KnownPerson:
    """Give a new person an id, as the storage would."""
    return KnownPerson(
        id=number, name=row.name, account=row.account, email=row.email, holdings=row.holdings
    )


def changed(person: KnownPerson, update: PersonUpdate, names: Mapping[str, str]) -> KnownPerson:
    """Carry out an update, as the storage would: after units have got their names."""
    holdings = {(role, names.get(unit or "", unit)) for role, unit in person.holdings}
    assert update.taken <= holdings
    return KnownPerson(
        id=person.id,
        name=update.name,
        account=person.account,
        email=update.email,
        holdings=frozenset(holdings - update.taken | update.given),
    )


def carry_out(
    plan: ImportPlan, units: Sequence[Unit], persons: Sequence[KnownPerson]
) -> tuple[list[Unit], list[KnownPerson]]:
    """Do what the plan says, as the storage would."""
    new = {unit.id: unit for unit in plan.units_changed}
    names = {unit.name: new[unit.id].name for unit in units if unit.id in new}
    units_after = [new.get(unit.id, unit) for unit in units] + [
        Unit(id=100 + n, name=row.name, board=row.board, place=row.place)
        for n, row in enumerate(plan.units_added)
    ]
    updates = {update.id: update for update in plan.persons_changed}
    persons_after = [
        changed(p, updates[p.id], names) if p.id in updates else p for p in persons
    ] + [known(row, 100 + n) for n, row in enumerate(plan.persons_added)]
    return units_after, persons_after


SKOLA = Unit(id=1, name="DJURÅS skola", board="Gammal nämnd", place="Djurås")
GARD = Unit(id=2, name="Fritidsgården", board="Kultur", place="Mockfjärd", active=False)
OTHER = Unit(id=3, name="Biblioteket", board="Kultur", place="Gagnef")
OLD_ANNA = KnownPerson(
    id=1,
    name="Anna Gran",
    account="@anna:gagnef.se",
    email=None,
    holdings=frozenset(
        {(Role.REPORTER, "DJURÅS skola"), (Role.DEPUTY, "Biblioteket"), (Role.READER_BRA, None)}
    ),
)
STRANGER = KnownPerson(
    id=2,
    name="Disa",
    account="@disa:gagnef.se",
    email="d@b.se",
    holdings=frozenset({(Role.ADMINISTRATOR, None)}),
)


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    """The two files of the examples."""
    return read(write(tmp_path, {"u.csv": UNITS, "p.csv": PERSONS}))


def test_plans_everything_for_an_empty_database(roster: Roster) -> None:
    """At the first import every unit, person and role is new."""
    plan = plan_import(roster, units=[], persons=[])

    assert plan.changes == [
        Change(
            kind=ChangeKind.UNIT_ADDED,
            subject="Djurås skola",
            after="Djurås skola; Barn och utbildning; Djurås",
        ),
        Change(
            kind=ChangeKind.UNIT_ADDED,
            subject="Fritidsgården",
            after="Fritidsgården; Kultur; Mockfjärd",
        ),
        *added("Anna Ek", "@anna:gagnef.se", "anna@gagnef.se", Role.REPORTER, "Djurås skola"),
        *added("Bo Å", "@bo:gagnef.se", "", Role.COORDINATOR, None),
        *added("Carin Ö", "@carin:gagnef.se", "", Role.REPORTER, "Fritidsgården"),
    ]
    assert plan.units_added == roster.units
    assert plan.persons_added == roster.persons
    assert [*plan.units_changed, *plan.persons_changed] == []


def added(name: str, account: str, email: str, role: Role, unit: str | None) -> list[Change]:
    """List the changes that a new person with one role is."""
    subject, after = f"{name} ({account})", f"{role} {unit or ''}".strip()
    return [
        Change(kind=ChangeKind.PERSON_ADDED, subject=subject, after=f"{name}; {email}"),
        Change(kind=ChangeKind.ROLE_GIVEN, subject=subject, after=after, held=(role, unit)),
    ]


def test_plans_what_differs(roster: Roster) -> None:
    """Changed units and persons keep their ids; roles not in the files are taken."""
    plan = plan_import(roster, units=[SKOLA, GARD, OTHER], persons=[OLD_ANNA, STRANGER])

    assert plan.units_changed == [
        Unit(id=1, name="Djurås skola", board="Barn och utbildning", place="Djurås"),
        Unit(id=2, name="Fritidsgården", board="Kultur", place="Mockfjärd"),
    ]
    assert plan.persons_changed == [
        PersonUpdate(
            id=1,
            name="Anna Ek",
            email="anna@gagnef.se",
            given=frozenset(),
            taken=frozenset({(Role.DEPUTY, "Biblioteket"), (Role.READER_BRA, None)}),
        )
    ]
    anna = "Anna Ek (@anna:gagnef.se)"
    assert [(c.kind, c.subject, c.before, c.after) for c in plan.changes[:5]] == [
        (
            ChangeKind.UNIT_CHANGED,
            "Djurås skola",
            "DJURÅS skola; Gammal nämnd; Djurås",
            "Djurås skola; Barn och utbildning; Djurås",
        ),
        (ChangeKind.UNIT_ADDED, "Fritidsgården", "", "Fritidsgården; Kultur; Mockfjärd"),
        (ChangeKind.PERSON_CHANGED, anna, "Anna Gran; ", "Anna Ek; anna@gagnef.se"),
        (ChangeKind.ROLE_TAKEN, anna, "deputy Biblioteket", ""),
        (ChangeKind.ROLE_TAKEN, anna, "reader_bra", ""),
    ]


# Outside the chat

WIDE = "namn;konto;e-post;roll;enhet;funktion\n"
EVA = "Eva Polis;;Eva@polis.se;läsare BRÅ;;polis\n"
EVA_TOO = "Eva Polis;;eva@polis.se;läsare SAMSA;;\n"
OUTSIDE = KnownPerson(
    id=9,
    name="Eva Polis",
    account=None,
    email="eva@polis.se",
    holdings=frozenset({(Role.READER_BRA, None)}),
    function="polis",
)


def from_lines(folder: Path, text: str) -> Roster:
    """Read a list of persons alone."""
    return read(write(folder, {"p.csv": text}))


def told_changes(plan: ImportPlan) -> list[tuple[str, str, str, str]]:
    """Reduce a plan to what is told about it."""
    return [(c.kind.value, c.subject, c.before, c.after) for c in plan.changes]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_reads_a_member_outside_the_chat(tmp_path: Path, form: str) -> None:
    """A reader needs no account where there is an e-mail address; all its lines are one person."""
    if form == "csv":
        roster = from_lines(tmp_path, WIDE + EVA + EVA_TOO)
    else:
        roster = read([workbook(tmp_path / "p.xlsx", {"P": cells(WIDE + EVA + EVA_TOO)})])

    assert roster.persons == [
        PersonRow(
            name="Eva Polis",
            account=None,
            email="Eva@polis.se",
            holdings=frozenset({(Role.READER_BRA, None), (Role.READER_SAMSA, None)}),
            lines=(2, 3),
            function="polis",
        )
    ]


def test_english_heading_of_function(tmp_path: Path) -> None:
    """The column may be called function, and stand anywhere."""
    text = "function;name;account;email;role;unit\npolice;Eva;;eva@polis.se;reader bra;\n"

    assert [p.function for p in from_lines(tmp_path, text).persons] == ["police"]


@pytest.mark.parametrize(
    ("line", "code", "params"),
    [
        ("Eva;;;läsare BRÅ;;", "no_address", {"role": Role.READER_BRA}),
        ("Eva;;e@b.se;samordnare;;", "needs_account", {"role": Role.COORDINATOR}),
        ("Eva;;e@b.se;rapportör;Djurås skola;", "needs_account", {"role": Role.REPORTER}),
        ("Eva;;e@b;läsare ledning;;", "malformed_email", {"email": "e@b"}),
        ("Eva;;e@b.se;;;", "empty_field", {"column": "role"}),
        (
            "Eva;;ANNA@gagnef.se;läsare BRÅ;;",
            "account_missing",
            {"email": "ANNA@gagnef.se", "account": "@anna:gagnef.se"},
        ),
        (
            "Anna Ek;@anna:gagnef.se;;läsare BRÅ;;präst",
            "different_function",
            {"account": "@anna:gagnef.se", "first_line": 2},
        ),
        ("Eva;;e@b.se;läsare BRÅ;;19900101-1234", "identity_number", {"column": "function"}),
        ("Eva;;e@b.se;läsare BRÅ;;=1+1", "formula", {"column": "function"}),
    ],
)
def test_refuses_a_bad_outsider(
    tmp_path: Path, line: str, code: str, params: Mapping[str, object]
) -> None:
    """Each fault of a line without account, or of a function, is told as other faults are."""
    first = ANNA.replace("\n", ";rektor\n")
    paths = write(tmp_path, {"u.csv": UNITS, "p.csv": WIDE + first + line})

    assert [(p.file, p.line, p.code, p.params) for p in problems(paths)] == [
        ("p.csv", 3, code, params)
    ]


def test_refuses_an_outsider_whose_account_is_known(tmp_path: Path) -> None:
    """Whoever has an account in the database is not imported a second time without it."""
    with pytest.raises(RosterInvalid) as caught:
        read_roster(
            write(tmp_path, {"p.csv": WIDE + EVA}),
            known_accounts={"eva@polis.se": "@eva:b.se"},
            holds_identity_number=looks_like_identity_number,
        )

    assert told(caught.value.problems) == [("p.csv", 2, "account_missing")]


def test_refuses_two_columns_of_function(tmp_path: Path) -> None:
    """The optional column, too, stands once."""
    text = WIDE.replace("\n", ";function\n") + "\n"

    found = problems(write(tmp_path, {"p.csv": text}))

    assert [(p.code, p.params) for p in found] == [("duplicate_column", {"columns": ("function",)})]


def test_plans_a_new_outsider(tmp_path: Path) -> None:
    """Somebody outside the chat is told by the address, with the function."""
    plan = plan_import(from_lines(tmp_path, WIDE + EVA), units=[], persons=[STRANGER])

    assert told_changes(plan) == [
        ("person_added", "Eva Polis (Eva@polis.se)", "", "Eva Polis; Eva@polis.se; polis"),
        ("role_given", "Eva Polis (Eva@polis.se)", "", "reader_bra"),
    ]


def test_recognises_an_outsider_by_address(tmp_path: Path) -> None:
    """Whoever has no account is found again by the address, in any case, and changed."""
    text = WIDE + EVA_TOO.replace("Polis", "Ek").replace(";;\n", ";;räddningstjänsten\n")

    plan = plan_import(from_lines(tmp_path, text), units=[], persons=[OUTSIDE])

    subject = "Eva Ek (eva@polis.se)"
    before, after = "Eva Polis; eva@polis.se; polis", "Eva Ek; eva@polis.se; räddningstjänsten"
    assert told_changes(plan) == [
        ("person_changed", subject, before, after),
        ("role_given", subject, "", "reader_samsa"),
        ("role_taken", subject, "reader_bra", ""),
    ]
    assert [(u.id, u.account) for u in plan.persons_changed] == [(9, None)]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (HEAD + "Eva Polis;;eva@polis.se;läsare BRÅ;\n", None),
        (WIDE + "Eva Polis;;eva@polis.se;läsare BRÅ;;\n", "Eva Polis; eva@polis.se"),
    ],
)
def test_function_is_left_where_there_is_no_column(
    tmp_path: Path, text: str, after: str | None
) -> None:
    """Without the column functions stay as they are; an empty field takes one away."""
    plan = plan_import(from_lines(tmp_path, text), units=[], persons=[OUTSIDE])

    assert [c.after for c in plan.changes] == ([] if after is None else [after])


def test_outsider_who_gets_an_account_stays_the_same_person(tmp_path: Path) -> None:
    """An account is added to whoever was known by the same address and name."""
    text = HEAD + "Eva Polis;@eva:b.se;eva@polis.se;läsare BRÅ;\n"

    plan = plan_import(from_lines(tmp_path, text), units=[], persons=[OUTSIDE])

    assert plan.persons_added == []
    assert [(u.id, u.account) for u in plan.persons_changed] == [(9, "@eva:b.se")]
    assert [c.after for c in plan.changes] == ["Eva Polis; eva@polis.se; polis; @eva:b.se"]


def test_shared_address_is_no_proof_of_identity(tmp_path: Path) -> None:
    """An account with another name is another person, whatever address both use."""
    text = HEAD + "Ulf Polis;@ulf:b.se;eva@polis.se;läsare BRÅ;\n"

    plan = plan_import(from_lines(tmp_path, text), units=[], persons=[OUTSIDE])

    assert ([p.name for p in plan.persons_added], plan.persons_changed) == (["Ulf Polis"], [])


def test_outsider_who_had_left_comes_back(tmp_path: Path) -> None:
    """Somebody outside the chat who had left comes back as the same person, told as added."""
    plan = plan_import(
        from_lines(tmp_path, WIDE + EVA), units=[], persons=[replace(OUTSIDE, active=False)]
    )

    assert [u.id for u in plan.persons_changed] == [9]
    assert [c.kind for c in plan.changes] == [ChangeKind.PERSON_ADDED]


@pytest.mark.parametrize("units", [[], [SKOLA, GARD, OTHER]])
@pytest.mark.parametrize("persons", [[], [OLD_ANNA, STRANGER]])
def test_second_import_changes_nothing(
    roster: Roster, units: list[Unit], persons: list[KnownPerson]
) -> None:
    """The same files again change nothing, whatever was there before."""
    first = plan_import(roster, units=units, persons=persons)
    units_after, persons_after = carry_out(first, units, persons)

    second = plan_import(roster, units=units_after, persons=persons_after)

    assert first.changes != []
    assert second == ImportPlan(
        changes=[], units_added=[], units_changed=[], persons_added=[], persons_changed=[]
    )


def test_leaves_the_unnamed_untouched(roster: Roster) -> None:
    """Units and persons that the files do not name are no part of any change."""
    plan = plan_import(roster, units=[OTHER], persons=[STRANGER])

    _, persons = carry_out(plan, [OTHER], [STRANGER])
    assert STRANGER in persons
    assert not any("Disa" in c.subject or "Biblioteket" in c.subject for c in plan.changes)


def test_persons_alone_keep_units(tmp_path: Path) -> None:
    """Importing persons alone changes no unit, and a unit in other case is the same unit."""
    roster = read(write(tmp_path, {"p.csv": HEAD + ANNA}), frozenset({"DJURÅS skola"}))
    anna = PersonRow(
        name="Anna Ek",
        account="@anna:gagnef.se",
        email="anna@gagnef.se",
        holdings=frozenset({(Role.REPORTER, "djurås SKOLA")}),
        lines=(),
    )

    assert plan_import(roster, units=[SKOLA], persons=[known(anna, 1)]).changes == []


def test_empty_email_is_removed(tmp_path: Path) -> None:
    """For a person in the files an empty e-mail means none."""
    roster = read(write(tmp_path, {"p.csv": HEAD + BO}))
    bo = KnownPerson(
        id=7,
        name="Bo Å",
        account="@bo:gagnef.se",
        email="bo@gagnef.se",
        holdings=frozenset({(Role.COORDINATOR, None)}),
    )

    plan = plan_import(roster, units=[], persons=[bo])

    assert [(c.kind, c.before, c.after) for c in plan.changes] == [
        (ChangeKind.PERSON_CHANGED, "Bo Å; bo@gagnef.se", "Bo Å; ")
    ]
    assert plan.persons_changed[0].email is None
