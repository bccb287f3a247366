"""`!person`: list people, add one, give and take roles; a change of people in one place."""

import re
from collections.abc import Iterable, Sequence

from bot.command import Context, Message, command
from bot.domain.errors import Conflict, Invalid, Refused
from bot.domain.people import OFFICE, READERS, Holding, Person, Role
from bot.domain.question import fold

LONGEST, LONGEST_ACCOUNT = 100, 255
"""Characters in a name, and in an account (Matrix specification, "User Identifiers")."""
_EMAIL = re.compile(r"[^\s@;]+@[^\s@;]+\.[^\s@;]+")


@command("person", subject="person", may=OFFICE)
def person(ctx: Context) -> Iterable[Message]:
    """Without words list; `ny Namn; konto; roll; enhet`, `ge p3 roll; enhet`, `ta p3 roll; enhet`,
    `epost p3 adress`, `funktion p3 polis`, `avsluta p3`. Who is outside the chat has an e-mail
    address instead of an account.

    Raises:
        Invalid: `person_form`, `role`, `needs_account`. NotFound: `person`, `unit`.
        Conflict: `account_taken`, `last_administrator`. Refused: `administrator_only`.
    """
    word, _, rest = ctx.args.strip().partition(" ")
    match fold(word):
        case "":
            units = {u.id: u.name for u in ctx.uow.people.units()}
            people = ctx.uow.people.everybody()
            yield Message(template="people", data={"people": people, "units": units})
        case "ny" | "new" | "add":
            yield from _add(ctx, rest)
        case "ge" | "give":
            yield from _change(ctx, rest, give=True)
        case "ta" | "take":
            yield from _change(ctx, rest, give=False)
        case "epost" | "e-post" | "email" | "mail":
            yield _correct(ctx, rest, "email")
        case "funktion" | "function":
            yield _correct(ctx, rest, "function")
        case "avsluta" | "end":
            leaver = ctx.uow.people.named(rest)
            _keep_an_administrator(ctx, leaver)
            if Role.ADMINISTRATOR in leaver.roles and Role.ADMINISTRATOR not in ctx.person.roles:
                raise Refused("administrator_only")
            ctx.uow.people.set_active(leaver.id, False)
            _offer_back(ctx, leaver.id, active=True)
            yield Message(template="person_saved", data={"person": leaver, "what": "ended"})
        case _:
            raise Invalid("person_form")


def _add(ctx: Context, text: str) -> Iterable[Message]:
    fields = [" ".join(field.split()) for field in text.split(";")]
    if len(fields) not in (3, 4) or not all(fields[:3]) or len(fields[0]) > LONGEST:
        raise Invalid("person_form")
    name, account = fields[0], fields[1]
    if _EMAIL.fullmatch(account):
        yield from _add_outside(ctx, name, account, fields[2:])
        return
    if not re.fullmatch(r"@[^\s:]+:\S+", account) or len(account) > LONGEST_ACCOUNT:
        raise Invalid("person_form")
    if ctx.uow.people.of_account(ctx.rules.platform, account) is not None:
        raise Conflict("account_taken", {"account": account})
    holding = _holding(ctx, fields[2:])
    added = _come_back(ctx, name, account)
    if added is None:
        added = ctx.uow.people.add_person(name, ctx.rules.language)
        ctx.uow.people.add_account(added.id, ctx.rules.platform, account)
    ctx.uow.people.give(added.id, holding)
    _offer_back(ctx, added.id, active=False)
    added = ctx.uow.people.get(added.id)
    yield Message(template="person_saved", data={"person": added, "what": "added"})


def _add_outside(ctx: Context, name: str, email: str, fields: Sequence[str]) -> Iterable[Message]:
    """Add somebody outside the chat: a member who is called by e-mail and answers by mouth."""
    role = _holding(ctx, fields)
    if role.role not in READERS:
        raise Invalid("needs_account", {"name": name})
    if any(p.email == email for p in ctx.uow.people.everybody()):
        raise Conflict("account_taken", {"account": email})
    added = ctx.uow.people.add_person(name, ctx.rules.language, email)
    ctx.uow.people.give(added.id, role)
    _offer_back(ctx, added.id, active=False)
    added = ctx.uow.people.get(added.id)
    yield Message(template="person_saved", data={"person": added, "what": "added"})


def _correct(ctx: Context, text: str, what: str) -> Message:
    """Change somebody's e-mail address or function; nothing after the name takes it away."""
    name, _, said = text.strip().partition(" ")
    subject, said = ctx.uow.people.named(name), " ".join(said.split())
    if len(said) > LONGEST or (what == "email" and said and not _EMAIL.fullmatch(said)):
        raise Invalid("person_form")
    if what == "email":
        ctx.uow.people.change_person(
            subject.id, name=subject.name, email=said or None, language=subject.language
        )
    else:
        ctx.uow.people.set_function(subject.id, said)
    changed = ctx.uow.people.get(subject.id)
    return Message(template="person_saved", data={"person": changed, "what": "corrected"})


def _come_back(ctx: Context, name: str, account: str) -> Person | None:
    """Let somebody who had ended come back, without the roles of before."""
    before = [a for a in ctx.uow.people.all_accounts() if a.address == account]
    if not before:
        return None
    back = ctx.uow.people.get(before[0].person_id)
    for held in back.holdings:
        ctx.uow.people.take(back.id, held)
    ctx.uow.people.change_person(back.id, name=name, email=back.email, language=back.language)
    ctx.uow.people.set_active(back.id, True)
    return back


def _offer_back(ctx: Context, person_id: int, *, active: bool) -> None:
    data = {"person": person_id, "active": active}
    ctx.uow.marks.offer_undo(ctx.person.id, "active", data, ctx.now)


def _change(ctx: Context, text: str, *, give: bool) -> Iterable[Message]:
    name, _, fields = text.strip().partition(" ")
    subject = ctx.uow.people.named(name)
    holding = _holding(ctx, [f.strip() for f in fields.split(";")])
    if give:
        ctx.uow.people.give(subject.id, holding)
    else:
        if holding.role is Role.ADMINISTRATOR:
            _keep_an_administrator(ctx, subject)
        ctx.uow.people.take(subject.id, holding)
    undo = {
        "person": subject.id,
        "role": holding.role.value,
        "unit": holding.unit_id or 0,
        "gave": give,
    }
    ctx.uow.marks.offer_undo(ctx.person.id, "person", undo, ctx.now)
    changed = ctx.uow.people.get(subject.id)
    yield Message(
        template="person_saved", data={"person": changed, "what": "given" if give else "taken"}
    )


def _holding(ctx: Context, fields: Sequence[str]) -> Holding:
    """Read a role in any language, with its unit where it is of one."""
    role = ctx.words.role(fields[0])
    if role is None:
        raise Invalid("role", {"said": fields[0][:40]})
    if role is Role.ADMINISTRATOR and Role.ADMINISTRATOR not in ctx.person.roles:
        raise Refused("administrator_only")
    if not role.of_unit:
        return Holding(role=role)
    if len(fields) < 2 or not fields[1]:
        raise Invalid("person_form")
    return Holding(role=role, unit_id=ctx.uow.people.unit_named(fields[1]).id)


def _keep_an_administrator(ctx: Context, leaver: Person) -> None:
    others = [p for p in ctx.uow.people.with_role(Role.ADMINISTRATOR) if p.id != leaver.id]
    if Role.ADMINISTRATOR in leaver.roles and not others:
        raise Conflict("last_administrator")
