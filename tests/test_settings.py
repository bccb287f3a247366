"""The settings of the council's year: what they mean, and how mistakes are told."""

import tomllib
from datetime import date, time
from pathlib import Path

import pytest

from bot.cli.phrases import TEMPLATES
from bot.config import BadSettings, load
from bot.domain.meeting_rule import DEFAULT_RULES, MonthSlot, WeekSlot
from bot.domain.people import Forum
from bot.domain.plan_check import PlanRules, SchoolHoliday
from bot.installation import rules_of

ROOT = Path(__file__).parents[1]
BASE = """\
[municipality]
name = "Exempelby kommun"

[matrix]
homeserver = "https://matrix.example.se"
user = "@lagesbot:example.se"

[administrator]
name = "Alva"
account = "@alva:example.se"

"""


def plan(folder: Path, text: str) -> PlanRules:
    """Read settings with these lines about meetings, and give the plan's rules."""
    return rules_of(load(_written(folder, text))).plan


def mistakes(folder: Path, text: str) -> list[str]:
    """Read settings with these lines, and list what is complained about."""
    path = _written(folder, text)
    with pytest.raises(BadSettings) as refused:
        load(path)
    return [line.removeprefix(f"{path}: ") for line in str(refused.value).splitlines()]


def _written(folder: Path, text: str) -> Path:
    path = folder / "lagesbot.toml"
    path.write_text(BASE + text, encoding="utf-8")
    return path


def test_nothing_said_means_the_routine(tmp_path: Path) -> None:
    """Without a section each forum meets as the routine says."""
    assert tuple(plan(tmp_path, "").rules) == DEFAULT_RULES


def test_the_example_is_the_routine() -> None:
    """What the example file spells out is what holds without it."""
    assert tuple(rules_of(load(ROOT / "lagesbot.example.toml")).plan.rules) == DEFAULT_RULES


def test_the_examples_comments_are_settings_too(tmp_path: Path) -> None:
    """Every setting that the example shows as a comment can be used as it stands."""
    example = (ROOT / "lagesbot.example.toml").read_text(encoding="utf-8")
    section = example.partition("[meetings]")[2].partition("[meetings.bra]")[0]
    rules = rules_of(load(_written(tmp_path, "[meetings]" + section.replace("\n# ", "\n"))))
    assert rules.meetings.quorum == {Forum.BRA: 0.5}
    assert rules.meetings.required == {Forum.BRA: ("polis", "räddningstjänst")}
    assert rules.plan.blocked == {date(2027, 2, 25): "Kommunfullmäktige"}
    assert [holiday.name for holiday in rules.plan.school_holidays] == ["Höstlov"]


def test_a_municipality_meets_as_it_likes(tmp_path: Path) -> None:
    """Weeks and numbered weekdays, a weekday, a time, a place and a link of its own."""
    found = plan(
        tmp_path,
        """\
[meetings]
blocked = [{ day = 2027-02-25, name = "Kommunfullmäktige" }]
school_holidays = [{ name = "Höstlov", first = 2027-11-01, last = 2027-11-05 }]

[meetings.bra]
when = ["v 7", "vecka 21 fredag", "andra tisdagen i maj"]
weekday = "onsdag"
at = 09:30:00
minutes = 90
place = "Kommunhuset"
link = "https://mote.example.se/bra"
""",
    )
    bra = found.of(Forum.BRA)
    assert bra.when == (
        WeekSlot(week=7),
        WeekSlot(week=21, weekday=5),
        MonthSlot(ordinal=2, weekday=2, month=5),
    )
    assert (bra.weekday, bra.at, bra.minutes) == (3, time(9, 30), 90)
    assert (bra.place, bra.link) == ("Kommunhuset", "https://mote.example.se/bra")
    assert found.of(Forum.SAMSA) == DEFAULT_RULES[1]
    assert found.blocked == {date(2027, 2, 25): "Kommunfullmäktige"}
    assert found.school_holidays == [
        SchoolHoliday(name="Höstlov", first=date(2027, 11, 1), last=date(2027, 11, 5))
    ]


BAD = """\
[meetings]
quorum = { bra = 2 }
blocked = [{ day = "snart", name = "" }, { name = "Stämma" }]
school_holidays = [{ name = "Höstlov", first = 2027-11-05, last = 2027-11-01 }]

[meetings.bra]
when = ["v 77", "snart"]
weekday = "söndag"
at = "25:00"
minutes = 5
link = "www.example.se"
plats = "Kommunhuset"
"""


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each mistake is named by its setting."""
    told = mistakes(tmp_path, BAD)
    assert [line.partition(": ")[0] for line in told] == [
        "meetings.quorum.bra",
        "meetings.bra.when.0",
        "meetings.bra.when.1",
        "meetings.bra.weekday",
        "meetings.bra.at",
        "meetings.bra.minutes",
        "meetings.bra.link",
        "meetings.bra.plats",
        "meetings.blocked.0.day",
        "meetings.blocked.0.name",
        "meetings.blocked.1.day",
        "meetings.school_holidays.0",
    ]


def test_mistakes_are_told_in_swedish(tmp_path: Path) -> None:
    """What the check says about them has its words in the Swedish sentences."""
    sentences = tomllib.loads((TEMPLATES / "cli" / "sv.toml").read_text(encoding="utf-8"))
    causes = {line.partition(": ")[2] for line in mistakes(tmp_path, BAD)}
    assert causes - set(sentences["settings"]) == set()


def test_encryption_is_on_unless_turned_off(tmp_path: Path) -> None:
    """Without a word the bot encrypts, and keys go to verified devices only; the example agrees."""
    for found in (load(_written(tmp_path, "")), load(ROOT / "lagesbot.example.toml")):
        assert (found.matrix.encryption, found.matrix.unsigned_devices) == (True, False)
        assert found.recovery_key() is None


def test_the_recovery_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example's comment names the file; the environment's name is the one in the docs."""
    example = (ROOT / "lagesbot.example.toml").read_text(encoding="utf-8")
    key = tmp_path / "key"
    key.write_text("EsTc 5678\n", encoding="utf-8")
    line = "# recovery_key_file = "
    assert example.count(line) == 1
    path = tmp_path / "lagesbot.toml"
    path.write_text(
        example.replace("/run/secrets/lagesbot-recovery-key", str(key)).replace(
            line, line.removeprefix("# ")
        ),
        encoding="utf-8",
    )
    assert load(path).recovery_key() == "EsTc 5678"

    monkeypatch.setenv("LAGESBOT_MATRIX__RECOVERY_KEY", "EsTa 1234")
    assert load(_written(tmp_path, "")).recovery_key() == "EsTa 1234"


def test_what_encryption_can_be_set_to_is_told(tmp_path: Path) -> None:
    """A setting that is no yes or no has its words in Swedish."""
    sentences = tomllib.loads((TEMPLATES / "cli" / "sv.toml").read_text(encoding="utf-8"))
    path = tmp_path / "lagesbot.toml"
    path.write_text(
        BASE.replace("[matrix]\n", '[matrix]\nencryption = "kanske"\nunsigned_devices = 3\n'),
        encoding="utf-8",
    )
    with pytest.raises(BadSettings) as refused:
        load(path)
    told = [
        line.removeprefix(f"{path}: ").partition(": ") for line in str(refused.value).split("\n")
    ]
    assert [name for name, _, _ in told] == ["matrix.encryption", "matrix.unsigned_devices"]
    assert {cause for _, _, cause in told} <= set(sentences["settings"])
