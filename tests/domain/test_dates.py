"""What people write about dates, phrase by phrase, read on Thursday 8 October 2026 at 10.30."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.dates import (
    DateFault,
    DateProblem,
    DateRange,
    Moment,
    parse_moment,
    parse_range,
    split_moment,
)
from bot.domain.errors import DomainError

Row = tuple[str, str]
"""A phrase, and the moment it gives ("2026-10-13 14:00", or the day alone) or a DateFault."""

NOW = datetime(2026, 10, 8, 10, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


IN_THE_BRIEF: list[Row] = [
    ("idag", "2026-10-08"),
    ("imorgon", "2026-10-09"),
    ("i övermorgon", "2026-10-10"),
    ("tisdag", "2026-10-13"),
    ("på tisdag", "2026-10-13"),
    ("nästa tisdag", "2026-10-13"),
    ("kommande tisdag", "2026-10-13"),
    ("tisdag v 26", "2027-06-29"),
    ("12 juni", "2027-06-12"),
    ("12/6", "2027-06-12"),
    ("2026-11-12", "2026-11-12"),
    ("kl 14", "2026-10-08 14:00"),
    ("14.00", "2026-10-08 14:00"),
    ("14:00", "2026-10-08 14:00"),
    ("nästa tisdag 14:00", "2026-10-13 14:00"),
    ("12 juni 14:00", "2027-06-12 14:00"),
    ("onsdag 4 november 2026 kl. 13.00 (v. 45)", "2026-11-04 13:00"),
    ("torsdag 13 juni", DateFault.CONTRADICTION),  # a Sunday in 2027
]
"""Every phrase that the description of the work names."""

MORE: list[Row] = [
    ("idag kl 14", "2026-10-08 14:00"),
    ("i dag 14.00", "2026-10-08 14:00"),
    ("kl. 14.30", "2026-10-08 14:30"),
    ("klockan 14", "2026-10-08 14:00"),
    ("I morgon kl. 9", "2026-10-09 09:00"),
    ("imorgon fredag kl14.15", "2026-10-09 14:15"),
    ("i overmorgon", "2026-10-10"),
    ("övermorgon 08:00", "2026-10-10 08:00"),
    ("fredag", "2026-10-09"),
    ("nasta lordag", "2026-10-10"),
    ("LÖRDAG", "2026-10-10"),
    ("so\u0308ndag", "2026-10-11"),  # ö written as two characters
    ("torsdag", "2026-10-15"),  # today is a Thursday: the next one is meant
    ("tors 9.00", "2026-10-15 09:00"),
    ("tisdag nästa vecka", "2026-10-13"),
    ("fredag denna vecka", "2026-10-09"),
    ("fredag nästa vecka kl 13", "2026-10-16 13:00"),
    ("tisdag v. 45 kl 13", "2026-11-03 13:00"),
    ("v45 tisdag", "2026-11-03"),
    ("måndag vecka 53", "2026-12-28"),
    ("fredag v 53", "2027-01-01"),
    ("lördag 12 juni kl 14", "2027-06-12 14:00"),
    ("den 12:e juni", "2027-06-12"),
    ("1:a december", "2026-12-01"),
    ("8 oktober", "2026-10-08"),
    ("7 oktober", "2027-10-07"),
    ("12 dec", "2026-12-12"),
    ("12/11 14.00", "2026-11-12 14:00"),
    ("torsdagen den 12/11, kl. 14.00", "2026-11-12 14:00"),
    ("kl 14 torsdag 12/11", "2026-11-12 14:00"),
    ("12/11 2027", "2027-11-12"),
    ("29 februari 2028", "2028-02-29"),
    ("2026-11-12 14:00", "2026-11-12 14:00"),
    ("2026-11-12T14:00", "2026-11-12 14:00"),
    ("fredag 1 januari 2027 (v. 53)", "2027-01-01"),
    ("next tuesday at 14", "2026-10-13 14:00"),
    ("tomorrow 14:00", "2026-10-09 14:00"),
    ("June 12", "2027-06-12"),
    ("12th june 2027", "2027-06-12"),
    ("torsdag 3 december 14.00", "2026-12-03 14:00"),
    ("torsdag den 3 december kl. 14.00", "2026-12-03 14:00"),
    ("Torsdagen den 3:e december klockan 14.00", "2026-12-03 14:00"),
    ("3 dec kl 14", "2026-12-03 14:00"),
    ("3 dec. kl. 14.00", "2026-12-03 14:00"),
    ("tors 3/12 14:00", "2026-12-03 14:00"),
    ("tors. 3 dec. kl. 14.00.", "2026-12-03 14:00"),
    ("tor 3 dec", "2026-12-03"),
    ("3e dec", "2026-12-03"),
    ("3:e dec", "2026-12-03"),
    ("den 3:e december", "2026-12-03"),
    ("den 3 december", "2026-12-03"),
    ("kl 14, den 3 december", "2026-12-03 14:00"),
    ("kl 14 den 3/12", "2026-12-03 14:00"),
    ("3/12 kl 14", "2026-12-03 14:00"),
    ("03/12 14.00", "2026-12-03 14:00"),
    ("3 december, torsdag, 14.00", "2026-12-03 14:00"),
    ("3 december (torsdag) 14.00", "2026-12-03 14:00"),
    ("3 december 2026, kl. 14.00 (v. 49)", "2026-12-03 14:00"),
    ("2026-12-03 kl 14", "2026-12-03 14:00"),
    ("2026-12-03, 14:00", "2026-12-03 14:00"),
    ("2026-12-03 kl. 14.00", "2026-12-03 14:00"),
    ("torsdag 2026-12-03", "2026-12-03"),
    ("2026-12-03 (v 49)", "2026-12-03"),
    ("3 december!", "2026-12-03"),
    ("tredje december", "2026-12-03"),
    ("den tredje december kl 14", "2026-12-03 14:00"),
    ("första november", "2026-11-01"),
    ("den tjugofjärde november kl 9", "2026-11-24 09:00"),
    ("trettioförsta december", "2026-12-31"),
    ("mån 30/11 kl 9", "2026-11-30 09:00"),
    ("måndagen den 30:e november", "2026-11-30"),
    ("mon 30 nov", "2026-11-30"),
    ("tis 24 nov", "2026-11-24"),
    ("tue 24 nov", "2026-11-24"),
    ("ons 25 nov", "2026-11-25"),
    ("wed 25 nov", "2026-11-25"),
    ("thu 26 nov", "2026-11-26"),
    ("fre 27 nov 13.00", "2026-11-27 13:00"),
    ("fri 27 nov", "2026-11-27"),
    ("lör 28 nov", "2026-11-28"),
    ("sön 29 nov", "2026-11-29"),
    ("15 jan", "2027-01-15"),
    ("15 januari kl 13", "2027-01-15 13:00"),
    ("28 feb", "2027-02-28"),
    ("28 februari", "2027-02-28"),
    ("1 mars", "2027-03-01"),
    ("1 april", "2027-04-01"),
    ("15 apr 2027", "2027-04-15"),
    ("2 maj", "2027-05-02"),
    ("9 juni", "2027-06-09"),
    ("9 jun 2028", "2028-06-09"),
    ("20 juli", "2027-07-20"),
    ("20 jul", "2027-07-20"),
    ("20 augusti", "2027-08-20"),
    ("20 aug kl. 8.30", "2027-08-20 08:30"),
    ("12 september", "2027-09-12"),
    ("12 sept", "2027-09-12"),
    ("12 sep 2028", "2028-09-12"),
    ("9 okt", "2026-10-09"),
    ("9 oct", "2026-10-09"),
    ("1 november 2026", "2026-11-01"),
    ("december 3", "2026-12-03"),
    ("Dec 3 at 14", "2026-12-03 14:00"),
    ("3rd of december 2026", "2026-12-03"),
    ("the 3rd of December at 14:00", "2026-12-03 14:00"),
    ("den 15:e", "2026-10-15"),
    ("den 15", "2026-10-15"),
    ("den 15:e kl 13", "2026-10-15 13:00"),
    ("torsdag den 15:e", "2026-10-15"),
    ("kl 14.30 torsdag den 15:e", "2026-10-15 14:30"),
    ("den 9:e kl 8", "2026-10-09 08:00"),
    ("den 8:e kl 14", "2026-10-08 14:00"),
    ("den 7:e", "2026-11-07"),
    ("lördag den 7:e", "2026-11-07"),
    ("den 31:a", "2026-10-31"),
    ("den 1:a", "2026-11-01"),
    ("the 15th at 14", "2026-10-15 14:00"),
    ("imorgon den 9:e", "2026-10-09"),
    ("den 12:e nästa månad kl 10", "2026-11-12 10:00"),
    ("den 30:e denna månad", "2026-10-30"),
    ("om två veckor", "2026-10-22"),
    ("om 2 veckor kl 13", "2026-10-22 13:00"),
    ("om en vecka", "2026-10-15"),
    ("om 1 vecka", "2026-10-15"),
    ("om fyra veckor kl. 13.00", "2026-11-05 13:00"),
    ("torsdag om två veckor", "2026-10-22"),
    ("kl 14 om två veckor", "2026-10-22 14:00"),
    ("om 3 dagar", "2026-10-11"),
    ("om tre dagar kl 9", "2026-10-11 09:00"),
    ("om en dag", "2026-10-09"),
    ("om 10 dagar", "2026-10-18"),
    ("om 0 dagar", "2026-10-08"),
    ("in two weeks", "2026-10-22"),
    ("in 3 days at 14", "2026-10-11 14:00"),
    ("nästa vecka torsdag", "2026-10-15"),
    ("nästa vecka tisdag kl 9", "2026-10-13 09:00"),
    ("torsdag i nästa vecka", "2026-10-15"),
    ("på torsdag i nästa vecka", "2026-10-15"),
    ("i nästa vecka på onsdag", "2026-10-14"),
    ("kommande vecka fredag", "2026-10-16"),
    ("fredag den här veckan", "2026-10-09"),
    ("fredag i denna vecka", "2026-10-09"),
    ("friday next week", "2026-10-16"),
    ("friday this week 15:00", "2026-10-09 15:00"),
    ("torsdag v 49", "2026-12-03"),
    ("torsdag v49", "2026-12-03"),
    ("torsdag v.49 14.00", "2026-12-03 14:00"),
    ("torsdag vecka 49, 14.00", "2026-12-03 14:00"),
    ("torsdag i vecka 49", "2026-12-03"),
    ("torsdagen i v. 49 kl 14", "2026-12-03 14:00"),
    ("v 49 torsdag 14.00", "2026-12-03 14:00"),
    ("V. 49, torsdag kl. 14", "2026-12-03 14:00"),
    ("vecka 49, torsdagen den 3 december", "2026-12-03"),
    ("thursday week 49 at 14:00", "2026-12-03 14:00"),
    ("måndag v 1", "2027-01-04"),
    ("fredag v 7 2028", "2028-02-18"),
    ("torsdag v 4 kl 13", "2027-01-28 13:00"),
    ("söndag v 41", "2026-10-11"),
    ("första torsdagen i mars", "2027-03-04"),
    ("den första torsdagen i mars", "2027-03-04"),
    ("1:a torsdagen i mars", "2027-03-04"),
    ("den 1:a torsdagen i mars kl 13", "2027-03-04 13:00"),
    ("andra torsdagen i februari kl 13", "2027-02-11 13:00"),
    ("2:a torsdagen i februari", "2027-02-11"),
    ("tredje tisdagen i november", "2026-11-17"),
    ("fjärde måndagen i oktober", "2026-10-26"),
    ("femte torsdagen i oktober", "2026-10-29"),
    ("sista onsdagen i november", "2026-11-25"),
    ("sista fredagen i oktober 2026 kl 10", "2026-10-30 10:00"),
    ("första tisdagen i oktober", "2027-10-05"),
    ("andra torsdagen i nästa månad", "2026-11-12"),
    ("sista fredagen i denna månad", "2026-10-30"),
    ("första måndagen i februari 2028", "2028-02-07"),
    ("torsdag, andra torsdagen i november", "2026-11-12"),
    ("first thursday of march", "2027-03-04"),
    ("the second Thursday in February at 13:00", "2027-02-11 13:00"),
    ("last wednesday in november", "2026-11-25"),
    ("kl. 14.30 på torsdag", "2026-10-15 14:30"),
    ("14.30 på fredag", "2026-10-09 14:30"),
    ("14.00 imorgon", "2026-10-09 14:00"),
    ("kl 9 imorgon", "2026-10-09 09:00"),
    ("klockan 08.30 på måndag", "2026-10-12 08:30"),
    ("på måndag klockan 08.30", "2026-10-12 08:30"),
    ("på fredagen kl. 13", "2026-10-09 13:00"),
    ("fredag kl.13", "2026-10-09 13:00"),
    ("fredag, kl 13.15", "2026-10-09 13:15"),
    ("fredag 13:15", "2026-10-09 13:15"),
    ("FREDAG KL 13", "2026-10-09 13:00"),
    ("fredag kl 13.", "2026-10-09 13:00"),
    ("nu på fredag", "2026-10-09"),
    ("denna fredag", "2026-10-09"),
    ("den här fredagen kl 10", "2026-10-09 10:00"),
    ("nästkommande måndag 10.00", "2026-10-12 10:00"),
    ("kommande måndagen", "2026-10-12"),
    ("on monday at 10", "2026-10-12 10:00"),
    ("this friday 14:00", "2026-10-09 14:00"),
    ("next monday", "2026-10-12"),
    ("i morron kl 10", "2026-10-09 10:00"),
    ("imorron", "2026-10-09"),
    ("i morgon, fredag den 9 oktober, kl 8", "2026-10-09 08:00"),
    ("i övermorgon kl 9.15", "2026-10-10 09:15"),
    ("the day after tomorrow 9:15", "2026-10-10 09:15"),
    ("today 14:00", "2026-10-08 14:00"),
    ("idag torsdag kl 15", "2026-10-08 15:00"),
    ("idag 23:59", "2026-10-08 23:59"),
    ("imorgon 00:00", "2026-10-09 00:00"),
    ("kl 10.31", "2026-10-08 10:31"),
    ("", DateFault.NOT_UNDERSTOOD),
    ("   ", DateFault.NOT_UNDERSTOOD),
    ("snart", DateFault.NOT_UNDERSTOOD),
    ("tisdag 14", DateFault.NOT_UNDERSTOOD),  # the 14th, or 14.00?
    ("12 juni 14", DateFault.NOT_UNDERSTOOD),
    ("12.6.2027", DateFault.NOT_UNDERSTOOD),
    ("12/6/2027", DateFault.NOT_UNDERSTOOD),
    ("i fredags", DateFault.NOT_UNDERSTOOD),
    ("förra tisdagen", DateFault.NOT_UNDERSTOOD),
    ("imorgonkväll", DateFault.NOT_UNDERSTOOD),
    ("kl 14-16", DateFault.NOT_UNDERSTOOD),
    ("12 juni till 14 juni", DateFault.NOT_UNDERSTOOD),
    ("från tisdag", DateFault.NOT_UNDERSTOOD),
    ("tisdag 2027", DateFault.NOT_UNDERSTOOD),
    ("tisdag juni", DateFault.NOT_UNDERSTOOD),
    ("jul", DateFault.NOT_UNDERSTOOD),
    ("torsdag 13 november", DateFault.CONTRADICTION),  # a Friday
    ("torsdag 12/11 v 45", DateFault.CONTRADICTION),  # week 46
    ("imorgon lördag", DateFault.CONTRADICTION),
    ("måndag tisdag", DateFault.CONTRADICTION),
    ("kl 14 15:00", DateFault.CONTRADICTION),
    ("idag 10:30", DateFault.PAST),
    ("kl 9", DateFault.PAST),
    ("8 oktober kl 9", DateFault.PAST),
    ("2026-10-07", DateFault.PAST),
    ("tisdag v 41 2026", DateFault.PAST),
    ("12 juni 2112", DateFault.TOO_FAR),
    ("31 juni", DateFault.NO_SUCH_DATE),
    ("29 februari", DateFault.NO_SUCH_DATE),
    ("12/13", DateFault.NO_SUCH_DATE),
    ("2026-02-30", DateFault.NO_SUCH_DATE),
    ("måndag v 54", DateFault.NO_SUCH_DATE),
    ("imorgon 25:00", DateFault.NO_SUCH_TIME),
    ("imorgon 14.75", DateFault.NO_SUCH_TIME),
    ("v 45", DateFault.WHICH_DAY),
    ("juni", DateFault.WHICH_DAY),
    ("nästa vecka kl 14", DateFault.WHICH_DAY),
    ("tors 3/12 14:00-16:00", DateFault.NOT_UNDERSTOOD),  # one moment is asked for
    ("torsdag 3 december 14–16", DateFault.NOT_UNDERSTOOD),
    ("torsdag till fredag", DateFault.NOT_UNDERSTOOD),
    ("imorgon bitti", DateFault.NOT_UNDERSTOOD),  # when is that?
    ("ikväll kl 7", DateFault.NOT_UNDERSTOOD),  # 07.00 or 19.00?
    ("i eftermiddag", DateFault.NOT_UNDERSTOOD),
    ("fredag lunch", DateFault.NOT_UNDERSTOOD),
    ("kl halv tre på fredag", DateFault.NOT_UNDERSTOOD),
    ("klockan nio imorgon", DateFault.NOT_UNDERSTOOD),
    ("om en stund", DateFault.NOT_UNDERSTOOD),
    ("om två timmar", DateFault.NOT_UNDERSTOOD),
    ("om en månad", DateFault.NOT_UNDERSTOOD),
    ("om veckor", DateFault.NOT_UNDERSTOOD),
    ("varje torsdag", DateFault.NOT_UNDERSTOOD),
    ("varannan torsdag", DateFault.NOT_UNDERSTOOD),
    ("torsdagar", DateFault.NOT_UNDERSTOOD),
    ("första torsdagen", DateFault.NOT_UNDERSTOOD),  # of which month?
    ("sjätte torsdagen i mars", DateFault.NOT_UNDERSTOOD),
    ("torsdag i mars", DateFault.NOT_UNDERSTOOD),
    ("15:e", DateFault.NOT_UNDERSTOOD),
    ("15", DateFault.NOT_UNDERSTOOD),
    ("julafton", DateFault.NOT_UNDERSTOOD),
    ("3 decembr", DateFault.NOT_UNDERSTOOD),
    ("20261203", DateFault.NOT_UNDERSTOOD),
    ("26-12-03", DateFault.NOT_UNDERSTOOD),
    ("förra veckan", DateFault.NOT_UNDERSTOOD),
    ("igår", DateFault.NOT_UNDERSTOOD),
    ("kl 1400", DateFault.NOT_UNDERSTOOD),
    ("tisdag om två veckor", DateFault.CONTRADICTION),  # that is a Thursday
    ("fredag den 15:e", DateFault.CONTRADICTION),  # a Thursday
    ("imorgon den 10:e", DateFault.CONTRADICTION),
    ("fredag 3 december", DateFault.CONTRADICTION),  # a Thursday
    ("3 december v 48", DateFault.CONTRADICTION),  # week 49
    ("tisdag, andra torsdagen i november", DateFault.CONTRADICTION),
    ("idag imorgon", DateFault.CONTRADICTION),
    ("3 december 4 december", DateFault.CONTRADICTION),
    ("12 november nästa månad 2027", DateFault.CONTRADICTION),
    ("första torsdagen i oktober 2026", DateFault.PAST),  # it was the 1st
    ("den 8:e kl 9", DateFault.PAST),
    ("fredag v 40 2026", DateFault.PAST),
    ("3 december 2025", DateFault.PAST),
    ("10.30", DateFault.PAST),
    ("3 december 2030", DateFault.TOO_FAR),
    ("den 32:a", DateFault.NO_SUCH_DATE),
    ("den 31:a nästa månad", DateFault.NO_SUCH_DATE),  # November
    ("femte torsdagen i november", DateFault.NO_SUCH_DATE),
    ("30 februari kl 14", DateFault.NO_SUCH_DATE),
    ("0 december", DateFault.NO_SUCH_DATE),
    ("måndag v 53 2027", DateFault.NO_SUCH_DATE),
    ("fredag 24:00", DateFault.NO_SUCH_TIME),
    ("fredag 14.60", DateFault.NO_SUCH_TIME),
    ("nästa månad", DateFault.WHICH_DAY),
    ("i november", DateFault.WHICH_DAY),
    ("i vecka 45 kl 13", DateFault.WHICH_DAY),
]


def read(text: str) -> str:
    """Give what a phrase is read as, written like the tables: the moment, or why there is none."""
    try:
        found = parse_moment(text, now=NOW)
    except DateProblem as problem:
        return problem.code
    return f"{found.day} {found.at:%H:%M}" if found.at else f"{found.day}"


@pytest.mark.parametrize(("text", "expected"), [*IN_THE_BRIEF, *MORE])
def test_moment(text: str, expected: str) -> None:
    """A phrase gives its day, and its time if one was written; the rest is refused, not guessed."""
    assert read(text) == expected


def test_table_is_long_enough() -> None:
    """Beside the phrases of the brief there are 150 more, all different, and most of them dates."""
    phrases = {" ".join(text.casefold().split()) for text, _ in MORE if text.strip()}
    assert len(phrases - {text.casefold() for text, _ in IN_THE_BRIEF}) >= 150
    assert sum(expected not in set(DateFault) for _, expected in MORE) >= 150


def test_contradiction_tells_what_disagrees() -> None:
    """The refusal of a Thursday that is a Friday carries the date and the weekday that was said."""
    with pytest.raises(DateProblem) as problem:
        parse_moment("torsdag 13 november", now=NOW)
    expected = {"text": "torsdag 13 november", "day": date(2026, 11, 13), "weekday": 4}
    assert problem.value.params == expected


SPLIT: list[tuple[str, str, str]] = [
    ('torsdag 3 december 14.00 "oro kring skolan"', "2026-12-03 14:00", '"oro kring skolan"'),
    ("torsdag 3 december 14.00 oro kring skolan", "2026-12-03 14:00", "oro kring skolan"),
    ("3 dec kl 14 ”oro kring skolan”", "2026-12-03 14:00", "”oro kring skolan”"),
    ("imorgon kl 9", "2026-10-09 09:00", ""),
    ("  imorgon  kl 9   oro  i parken ", "2026-10-09 09:00", "oro  i parken"),
    ("imorgon\tkl 9\noro", "2026-10-09 09:00", "oro"),
    ("torsdag 14.00: oro", "2026-10-15 14:00", "oro"),
    ("torsdag 14.00 – oro kring skolan", "2026-10-15 14:00", "oro kring skolan"),
    ("torsdag 14.00, oro", "2026-10-15 14:00", "oro"),
    ("torsdag 14.00. Oro", "2026-10-15 14:00", "Oro"),
    ("onsdag 4 november 2026 kl. 13.00 (v. 45) oro", "2026-11-04 13:00", "oro"),
    ("onsdag den 4 november 2026, kl. 13.00 (v. 45) 3 bränder", "2026-11-04 13:00", "3 bränder"),
    ("kl 14 på fredag oro", "2026-10-09 14:00", "oro"),
    ("fredag oro på torget", "2026-10-09", "oro på torget"),
    # the rest begins with a number
    ("torsdag 3 december 14.00 3 bränder", "2026-12-03 14:00", "3 bränder"),
    ("torsdag 3 december 14.00 112-samtal", "2026-12-03 14:00", "112-samtal"),
    ("torsdag 14.00 2000 kronor saknas", "2026-10-15 14:00", "2000 kronor saknas"),
    ("kl 14 2000 kronor saknas", "2026-10-08 14:00", "2000 kronor saknas"),
    ("torsdag 3 december 5 grupper", "2026-12-03", "5 grupper"),
    ("torsdag 14.00 10-12 unga samlas", "2026-10-15 14:00", "10-12 unga samlas"),
    ("torsdag 14-16-åringar på stan", "2026-10-15", "14-16-åringar på stan"),
    ("3 december 1900-talets hus brinner", "2026-12-03", "1900-talets hus brinner"),
    ("2026-12-03 14:00 24/7-butiken", "2026-12-03 14:00", "24/7-butiken"),
    # the rest begins with what is like a word of a date
    ("torsdag 14.00 maj månads siffror", "2026-10-15 14:00", "maj månads siffror"),
    ("torsdag 3 december 14.00 maj månads siffror", "2026-12-03 14:00", "maj månads siffror"),
    ("torsdag 3 december 14.00 Maj-Britt ringde", "2026-12-03 14:00", "Maj-Britt ringde"),
    ("torsdag 3 december 14.00 marsvin", "2026-12-03 14:00", "marsvin"),
    ("3 december 14.00 julmarknaden", "2026-12-03 14:00", "julmarknaden"),
    ("3 december 14.00 jul i parken", "2026-12-03 14:00", "jul i parken"),
    ("torsdag 14.00 fredagsmyset", "2026-10-15 14:00", "fredagsmyset"),
    ("3 december 14.00 v 7-planen", "2026-12-03 14:00", "v 7-planen"),
    ('torsdag 14.00 "fredag 9 oktober"', "2026-10-15 14:00", '"fredag 9 oktober"'),
    ("torsdag 14.00 om skolan", "2026-10-15 14:00", "om skolan"),
    ("torsdag 14.00 i parken", "2026-10-15 14:00", "i parken"),
    ("om två veckor kl 13 om två skolor", "2026-10-22 13:00", "om två skolor"),
    ("första torsdagen i mars kl 13 första mötet", "2027-03-04 13:00", "första mötet"),
]


@pytest.mark.parametrize(("text", "moment", "rest"), SPLIT)
def test_split(text: str, moment: str, rest: str) -> None:
    """The longest phrase at the start is the moment; what follows is given back as it is."""
    found, left = split_moment(text, now=NOW)
    assert (f"{found.day} {found.at:%H:%M}" if found.at else f"{found.day}", left) == (moment, rest)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", DateFault.NOT_UNDERSTOOD),
        ("oro kring skolan torsdag 14.00", DateFault.NOT_UNDERSTOOD),
        ("snarast oro", DateFault.NOT_UNDERSTOOD),
        ('"torsdag 14.00" oro', DateFault.NOT_UNDERSTOOD),
        ("torsdag 14:00-16:00 oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag 14.00 – 16.00 oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag kl 14 till 16.00 oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag 14-16 oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag kl 14-16 oro", DateFault.NOT_UNDERSTOOD),
        ("imorgon bitti oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag på kvällen oro", DateFault.NOT_UNDERSTOOD),
        ("kl 14 15:00 oro", DateFault.NOT_UNDERSTOOD),
        ("torsdag till fredag oro", DateFault.NOT_UNDERSTOOD),
        ("1–26 juli semester", DateFault.NOT_UNDERSTOOD),
        ("torsdag 13 november oro", DateFault.CONTRADICTION),
        ("torsdag 3 december v 48 oro", DateFault.CONTRADICTION),
        ("imorgon lördag oro", DateFault.CONTRADICTION),
        ("idag 10:00 oro", DateFault.PAST),
        ("3 december 2025 14.00 oro", DateFault.PAST),
        ("3 december 2112 oro", DateFault.TOO_FAR),
        ("31 juni 14.00 oro", DateFault.NO_SUCH_DATE),
        ("torsdag 25:00 oro", DateFault.NO_SUCH_TIME),
        ("v 45 oro", DateFault.WHICH_DAY),
        ("juni månads siffror", DateFault.WHICH_DAY),
    ],
)
def test_refused_split(text: str, code: DateFault) -> None:
    """A text that begins with no moment, or a wrong one, is refused and not cut short."""
    with pytest.raises(DateProblem) as problem:
        split_moment(text, now=NOW)
    assert problem.value.code == code


def test_problem_belongs_to_both_trees() -> None:
    """A date problem is answered as something a person caused, and is a ValueError to code."""
    assert issubclass(DateProblem, DomainError)
    assert issubclass(DateProblem, ValueError)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1–26 juli", "2027-07-01", "2027-07-26"),
        ("1-26 juli", "2027-07-01", "2027-07-26"),
        ("1 — 26 juli 2028", "2028-07-01", "2028-07-26"),
        ("den 1:a till den 26:e juli", "2027-07-01", "2027-07-26"),
        ("1-26/7", "2027-07-01", "2027-07-26"),
        ("1/7-26/7", "2027-07-01", "2027-07-26"),
        ("1 juli – 3 augusti", "2027-07-01", "2027-08-03"),
        ("från 1 juli t.o.m. 3 augusti", "2027-07-01", "2027-08-03"),
        ("fr o m 1 juli t o m 3 augusti", "2027-07-01", "2027-08-03"),
        ("1 juli - 3 augusti 2028", "2028-07-01", "2028-08-03"),
        ("28 december – 4 januari", "2026-12-28", "2027-01-04"),
        ("28 december – 4 januari 2028", "2027-12-28", "2028-01-04"),
        ("1–26 oktober", "2026-10-01", "2026-10-26"),  # begun already
        ("28 september – 9 oktober", "2026-09-28", "2026-10-09"),
        ("1–7 oktober", "2027-10-01", "2027-10-07"),
        ("5 oktober till fredag", "2026-10-05", "2026-10-09"),
        ("idag till fredag", "2026-10-08", "2026-10-09"),
        ("till fredag", "2026-10-08", "2026-10-09"),
        ("idag – 16 oktober", "2026-10-08", "2026-10-16"),
        ("imorgon till måndag", "2026-10-09", "2026-10-12"),
        ("måndag till fredag", "2026-10-12", "2026-10-16"),
        ("mån-fre", "2026-10-12", "2026-10-16"),
        ("fredag till tisdag", "2026-10-09", "2026-10-13"),
        ("måndag till fredag v 29", "2027-07-19", "2027-07-23"),
        ("måndag v 29 till fredag v 31", "2027-07-19", "2027-08-06"),
        ("fredag till 3 november", "2026-10-09", "2026-11-03"),
        ("vecka 29", "2027-07-19", "2027-07-25"),
        ("v. 41", "2026-10-05", "2026-10-11"),  # the week that is going on
        ("v 29-31", "2027-07-19", "2027-08-08"),
        ("v. 29–v. 31", "2027-07-19", "2027-08-08"),
        ("vecka 52 till 1", "2026-12-21", "2027-01-10"),
        ("nästa vecka", "2026-10-12", "2026-10-18"),
        ("juli", "2027-07-01", "2027-07-31"),
        ("juni-augusti", "2027-06-01", "2027-08-31"),
        ("12 juni", "2027-06-12", "2027-06-12"),
        ("imorgon", "2026-10-09", "2026-10-09"),
        ("2027-07-01 – 2027-07-26", "2027-07-01", "2027-07-26"),
        ("2027-07-01--2027-07-26", "2027-07-01", "2027-07-26"),
        ("2026-12-28 till 4 januari", "2026-12-28", "2027-01-04"),
        ("today to friday", "2026-10-08", "2026-10-09"),
        ("den 12:e till den 16:e", "2026-10-12", "2026-10-16"),
        ("fr.o.m. den 5 t.o.m. den 9", "2026-10-05", "2026-10-09"),
        ("1 juli till den 5:e", "2027-07-01", "2027-07-05"),
        ("imorgon till den 12:e", "2026-10-09", "2026-10-12"),
        ("måndag till den 20:e", "2026-10-12", "2026-10-20"),
        ("nästa månad", "2026-11-01", "2026-11-30"),
        ("idag till om två veckor", "2026-10-08", "2026-10-22"),
        ("i nästa vecka", "2026-10-12", "2026-10-18"),
        ("week 29", "2027-07-19", "2027-07-25"),
    ],
)
def test_range(text: str, first: str, last: str) -> None:
    """A phrase gives the first and last day, both included."""
    expected = DateRange(first=date.fromisoformat(first), last=date.fromisoformat(last))
    assert parse_range(text, now=NOW) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", DateFault.NOT_UNDERSTOOD),
        ("1-26", DateFault.NOT_UNDERSTOOD),
        ("fredag -", DateFault.NOT_UNDERSTOOD),
        ("1.07-26.07", DateFault.NOT_UNDERSTOOD),  # reads as times
        ("1 juli – 2 juli – 3 juli", DateFault.NOT_UNDERSTOOD),
        ("idag kl 12 till fredag", DateFault.NOT_UNDERSTOOD),
        ("semester", DateFault.NOT_UNDERSTOOD),
        ("från fredag", DateFault.WHICH_END),
        ("fr.o.m. 1 juli", DateFault.WHICH_END),
        ("26–1 juli", DateFault.BACKWARDS),
        ("den 28:e till den 3:e", DateFault.BACKWARDS),
        ("9999-12-31 till fredag", DateFault.NOT_UNDERSTOOD),
        ("2199-12-31 till december", DateFault.TOO_FAR),
        ("v 31-29", DateFault.BACKWARDS),
        ("3 augusti – 1 juli", DateFault.BACKWARDS),
        ("2027-07-26 – 2027-07-01", DateFault.BACKWARDS),
        ("1–7 oktober 2026", DateFault.PAST),
        ("1 oktober till fredag", DateFault.PAST),  # Friday 2 October
        ("2026-07-01 – 26 juli", DateFault.PAST),
        ("1–31 juni", DateFault.NO_SUCH_DATE),
        ("v 52-54", DateFault.NO_SUCH_DATE),
        ("torsdag 13 november – 20 november", DateFault.CONTRADICTION),
        ("1–26 juli 2112", DateFault.TOO_FAR),
    ],
)
def test_refused_range(text: str, code: DateFault) -> None:
    """A stretch without an end, the wrong way round, over or impossible is refused."""
    with pytest.raises(DateProblem) as problem:
        parse_range(text, now=NOW)
    assert problem.value.code == code


@given(ahead=st.integers(1, 700), at=st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_own_format_is_understood(ahead: int, at: time) -> None:
    """The form in which dates are read back can be sent again and means the same."""
    day = NOW.date() + timedelta(days=ahead)
    weekdays = ["måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"]
    week = day.isocalendar().week
    text = f"{weekdays[day.weekday()]} {day.day}/{day.month} {day.year} kl. {at:%H.%M} (v. {week})"
    assert parse_moment(text, now=NOW) == Moment(day=day, at=at)


@given(start=st.integers(-100, 250), length=st.integers(0, 100), shown=st.integers(0, 360))
def test_range_without_year_is_the_one_not_over(start: int, length: int, shown: int) -> None:
    """Whenever it is written, a range without a year is the nearest that is not over yet."""
    now = NOW + timedelta(days=shown)
    first = now.date() + timedelta(days=start)
    last = first + timedelta(days=length)
    assume(last >= now.date())
    assume((2, 29) not in {(first.month, first.day), (last.month, last.day)})
    text = f"{first.day}/{first.month} – {last.day}/{last.month}"
    assert parse_range(text, now=now) == DateRange(first=first, last=last)


WORDS = sorted({word for text, _ in [*IN_THE_BRIEF, *MORE] for word in text.split()})


@given(
    text=st.text(alphabet="0123456789 .:/-–vkltisdagmåjunöe", max_size=24)
    | st.text(max_size=40)
    | st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
)
def test_anything_gives_a_date_or_a_problem(text: str) -> None:
    """No text whatever does more harm than a refusal, and no moment lies in the past."""
    for parse in (parse_moment, parse_range):
        try:
            found = parse(text, now=NOW)
        except DateProblem:
            continue
        day = found.day if isinstance(found, Moment) else found.last
        assert day >= NOW.date()
    try:
        moment, rest = split_moment(text, now=NOW)
    except DateProblem:
        return
    assert moment.day >= NOW.date()
    assert text.rstrip().endswith(rest)


@given(
    ahead=st.integers(1, 700),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    rest=st.text(alphabet="abcåäö0123456789 -.", max_size=20).map(lambda t: f'"{t}"'),
)
def test_quoted_rest_is_never_read(ahead: int, at: time, rest: str) -> None:
    """Whatever stands in quotation marks after a moment is given back and changes nothing."""
    day = NOW.date() + timedelta(days=ahead)
    text = f"{day} kl {at:%H.%M} {rest}"
    assert split_moment(text, now=NOW) == (Moment(day=day, at=at), rest)


@pytest.mark.parametrize("text", ["snart", " 31 juni ", "kl 9", "v 45", "12 juni 2112"])
def test_problem_carries_the_text(text: str) -> None:
    """Every refusal can be answered with the words that were written."""
    with pytest.raises(DateProblem) as problem:
        parse_moment(text, now=NOW)
    assert problem.value.params["text"] == text.strip()
