"""The lines of the list of persons, gathered: a person is all lines of an account, or of an e-mail
address where somebody is outside the chat.

What roles and units a line may name belongs in roster.py.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.cli.roster_words import role_of
from bot.domain.people import READERS, Role
from bot.domain.roster import FUNCTION, Code, Held, PersonRow

# Matrix user ids of today (specification, "User Identifiers"): a capital letter before the colon is
# a slip, and would name an account that does not exist; a server's name may have them. At most 255
# characters.
_ACCOUNT = re.compile(
    r"(?=.{1,255}\Z)@[a-z0-9._=/+-]+:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_EMAIL = re.compile(r'(?!.*\.\.)[^\s@;,<>"()]+@(?:[\w-]+\.)+[\w-]{2,}')


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A person while the lines are gathered."""

    file: str
    account: str | None
    name: str = ""
    email: str = ""
    function: str | None = None
    holdings: dict[Held, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


class PersonLines:
    """The persons of one reading. `wrong` is told what is the matter: file, line, code, params."""

    def __init__(self, wrong: Callable[[str, int, Code, Mapping[str, object]], None]) -> None:
        self._wrong = wrong
        self._drafts: dict[str, _Draft] = {}

    def check(self, file: str, line: int, value: Mapping[str, str]) -> None:
        """Check what can be told from a line alone, role and unit apart."""
        account, email = value["account"], value["email"]
        for column in ("name", "role"):
            if not value[column]:
                self._wrong(file, line, "empty_field", {"column": column})
        if account and not _ACCOUNT.fullmatch(account):
            self._wrong(file, line, "malformed_account", {"account": account})
        if email and not _EMAIL.fullmatch(email):
            self._wrong(file, line, "malformed_email", {"email": email})
        if not account:
            self._check_outside(file, line, email, role_of(value["role"]))

    def add(self, file: str, line: int, value: Mapping[str, str], held: Held | None) -> None:
        """Add a line to its person; `held` is the role that it gives."""
        account, email = value["account"], value["email"]
        known_by = account or email
        if not known_by:
            return
        new = _Draft(file=file, account=account or None)
        draft = self._drafts.setdefault(account or email.casefold(), new)
        draft.lines.append(line)
        first = {"account": known_by, "first_line": draft.lines[0]}
        draft.name = draft.name or value["name"]
        if value["name"] not in ("", draft.name):
            self._wrong(file, line, "different_name", first)
        # An e-mail or a function written on one of several lines is enough.
        draft.email = draft.email or email
        if email.casefold() not in ("", draft.email.casefold()):
            self._wrong(file, line, "different_email", first)
        draft.function = draft.function or value.get(FUNCTION)
        if value.get(FUNCTION, "").casefold() not in ("", (draft.function or "").casefold()):
            self._wrong(file, line, "different_function", first)
        if held and draft.holdings.setdefault(held, line) != line:
            self._wrong(file, line, "duplicate_line", {"first_line": draft.holdings[held]})

    def _check_outside(self, file: str, line: int, email: str, role: Role | None) -> None:
        """Tell what keeps somebody without account from being outside the chat.

        Readers may be: they are called and told by letter, and known by its address. Whoever is
        asked or decides needs an account.
        """
        reads = role in READERS
        if reads and not email:
            self._wrong(file, line, "no_address", {"role": role})
        elif not email:
            self._wrong(file, line, "empty_field", {"column": "account"})
        elif role and not reads:
            self._wrong(file, line, "needs_account", {"role": role})

    def rows(self, known_accounts: Mapping[str, str]) -> Sequence[PersonRow]:
        """Give the persons.

        Whoever has an account, in the files or in the database (`known_accounts`, by address in
        lower case), is known by it: their address without it would make them two persons.
        """
        accounts = {**known_accounts, **dict(self._addresses())}
        for address, draft in self._drafts.items():
            if draft.account is None and address in accounts:
                about = {"email": draft.email, "account": accounts[address]}
                for line in draft.lines:
                    self._wrong(draft.file, line, "account_missing", about)
        return [
            PersonRow(
                name=draft.name,
                account=draft.account,
                email=draft.email or None,
                holdings=frozenset(draft.holdings),
                lines=tuple(draft.lines),
                function=draft.function,
            )
            for draft in self._drafts.values()
        ]

    def _addresses(self) -> Iterator[tuple[str, str]]:
        for draft in self._drafts.values():
            if draft.account and draft.email:
                yield draft.email.casefold(), draft.account
