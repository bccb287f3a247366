"""Raw Matrix events as the bot reads them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.matrix.parse import (
    HANDLED,
    MAX_TEXT,
    Malformed,
    parse_invitation,
    parse_timeline_event,
    read_event,
)
from bot.ports import IncomingMessage, Kind

ROOM, OWN, ANNA = "!rum:bra.test", "@lagesbot:bra.test", "@anna:bra.test"

Event = dict[str, Any]


def event(content: object, **fields: object) -> Event:
    """Make a message from Anna, or another event by its fields."""
    return {
        "type": "m.room.message",
        "event_id": "$e",
        "sender": ANNA,
        "origin_server_ts": 1,
        "content": content,
        **fields,
    }


def text(body: str, **content: object) -> Event:
    """Make a text message from Anna."""
    return event({"msgtype": "m.text", "body": body, **content})


def parsed(raw: Event) -> IncomingMessage | None:
    """Read an event in the room as the bot."""
    return parse_timeline_event(raw, ROOM, OWN)


def happened(kind: Kind, **fields: Any) -> IncomingMessage:
    """Say what is expected of Anna's event."""
    return IncomingMessage(
        **{"event_id": "$e", "room": ROOM, "sender": ANNA, "kind": kind} | fields
    )


def test_a_text_is_a_message() -> None:
    """A text message comes with its text."""
    assert parsed(text("!läget")) == happened(Kind.MESSAGE, text="!läget")


def test_an_emote_is_a_message_and_a_notice_is_not() -> None:
    """Bots talk in notices, and bots must not answer each other."""
    assert parsed(event({"msgtype": "m.emote", "body": "x"})) == happened(Kind.MESSAGE, text="x")
    assert parsed(event({"msgtype": "m.notice", "body": "x"})) is None


def test_own_events_are_nothing() -> None:
    """What the bot said itself is not a command."""
    assert parsed(text("!läget") | {"sender": OWN}) is None


def test_an_edit_tells_the_new_text_and_its_target() -> None:
    """The new content counts, not the fallback."""
    raw = text(
        "* 12",
        **{
            "m.new_content": {"msgtype": "m.text", "body": "12"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$first"},
        },
    )
    assert parsed(raw) == happened(Kind.EDIT, text="12", target="$first")


def test_a_thread_is_not_a_reply() -> None:
    """The fallback for old clients does not make a thread message a reply."""
    relation = {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$latest"},
    }
    raw = text("3", **{"m.relates_to": relation})
    assert parsed(raw) == happened(Kind.MESSAGE, text="3", thread="$root")
    relation["is_falling_back"] = False
    assert parsed(raw) == happened(Kind.MESSAGE, text="3", thread="$root", target="$latest")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("> <@bot:bra.test> Hur många?\n> Skriv tal.\n\n12", "12"),
        ("> * <@bot:bra.test> vinkar\n\nhej\n\nigen", "hej\n\nigen"),
        ("12", "12"),
        ("> mitt eget citat\n\n12", "> mitt eget citat\n\n12"),
    ],
)
def test_a_reply_loses_its_quotation(body: str, said: str) -> None:
    """The quoted fallback is cut away, a person's own quotation is not."""
    raw = text(body, **{"m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}})
    assert parsed(raw) == happened(Kind.MESSAGE, text=said, target="$q")


@pytest.mark.parametrize(
    "raw",
    [
        event({}, type="m.room.redaction", redacts="$gone"),
        event({"redacts": "$gone"}, type="m.room.redaction"),
    ],
)
def test_a_redaction_is_a_deletion(raw: Event) -> None:
    """Old and new room versions say the target in different places."""
    assert parsed(raw) == happened(Kind.DELETION, target="$gone")


def test_a_reaction_tells_its_key() -> None:
    """The key is the text, the message reacted to the target."""
    relation = {"rel_type": "m.annotation", "event_id": "$q", "key": "✅"}
    raw = event({"m.relates_to": relation}, type="m.reaction")
    assert parsed(raw) == happened(Kind.REACTION, text="✅", target="$q")


@pytest.mark.parametrize("msgtype", ["m.file", "m.image", "m.audio", "m.video"])
def test_a_file_tells_its_name(msgtype: str) -> None:
    """The name counts, not the caption; old clients have the name in the body."""
    old = event({"msgtype": msgtype, "body": "a.xlsx"})
    assert parsed(old) == happened(Kind.FILE, text="a.xlsx")
    new = event({"msgtype": msgtype, "body": "Se här", "filename": "a.xlsx"})
    assert parsed(new) == happened(Kind.FILE, text="a.xlsx")


def test_an_encrypted_event_is_unreadable() -> None:
    """The bot knows that something was said, and where."""
    relation = {"rel_type": "m.thread", "event_id": "$root"}
    raw = event({"ciphertext": "x", "m.relates_to": relation}, type="m.room.encrypted")
    assert parsed(raw) == happened(Kind.UNREADABLE, thread="$root")


@pytest.mark.parametrize(
    "raw",
    [
        event({"body": "x"}, type="m.sticker"),
        event({"msgtype": "m.location", "body": "x"}),
        event({}),  # emptied by a redaction
        event({"name": "x"}, type="m.room.name", state_key=""),
        text("x") | {"sender": "x" * 300},
    ],
)
def test_other_events_are_nothing(raw: Event) -> None:
    """What the bot has no use for gives nothing."""
    assert parsed(raw) is None


def membership(now: str, before: str | None = None, **fields: object) -> Event:
    """Make a change of Bo's membership."""
    unsigned = {} if before is None else {"prev_content": {"membership": before}}
    return (
        event(
            {"membership": now}, type="m.room.member", state_key="@bo:bra.test", unsigned=unsigned
        )
        | fields
    )


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (membership("join"), Kind.ARRIVAL),
        (membership("join", "invite"), Kind.ARRIVAL),
        (membership("join", "join"), None),
        (membership("leave", "join"), Kind.DEPARTURE),
        (membership("ban", "join"), Kind.DEPARTURE),
        (membership("leave", "ban"), None),
        (membership("invite"), None),
    ],
)
def test_people_come_and_go(raw: Event, kind: Kind | None) -> None:
    """The sender is the person it is about; a new name is not an arrival."""
    expected = None if kind is None else happened(kind, sender="@bo:bra.test")
    assert parsed(raw) == expected


def test_our_own_removal_is_a_departure() -> None:
    """The bot learns that it was put out."""
    raw = membership("leave", "join", state_key=OWN)
    assert parsed(raw) == happened(Kind.DEPARTURE, sender=OWN)


@pytest.mark.parametrize(
    "raw",
    [
        text("hej", **{"m.mentions": {"user_ids": [ANNA, OWN]}}),
        text(f"{OWN}: hej"),
        text("Bot: hej", formatted_body=f'<a href="https://matrix.to/#/{OWN}">Bot</a>: hej'),
        text("Bot: hej", formatted_body='<a href="https://matrix.to/#/%40lagesbot%3Abra.test">'),
    ],
)
def test_a_mention_is_noticed(raw: Event) -> None:
    """New clients list whom they mention, old ones write the id."""
    found = parsed(raw)
    assert found is not None
    assert found.mentions_me


def test_long_texts_are_cut_and_unstorable_characters_removed() -> None:
    """No text breaks the database, by its length or by its characters."""
    found = parsed(text("a\0b\ud800c" + "d" * MAX_TEXT))
    assert found is not None
    assert found.text.startswith("ab?cd")
    assert len(found.text) <= MAX_TEXT


@pytest.mark.parametrize(
    "raw",
    [
        event({"body": "utan typ"}),
        event({"msgtype": "m.text", "body": 7}),
        event({"msgtype": "m.text"}),
        event([]),
        event({"msgtype": ["m.text"], "body": "x"}),
        event({"m.relates_to": {"event_id": "$q"}}, type="m.reaction"),
        event({}, type="m.room.redaction"),
        text("x", **{"m.new_content": 3, "m.relates_to": {"rel_type": "m.replace"}}),
        text("x") | {"event_id": None},
    ],
)
def test_malformed_events_are_told_apart(raw: Event) -> None:
    """What nobody should send gives nothing, and can be counted."""
    assert parsed(raw) is None
    with pytest.raises(Malformed):
        read_event(raw, ROOM, OWN)


def invite_state(**content: object) -> list[object]:
    """Make what comes with an invitation from Anna."""
    return [
        {"type": "m.room.name", "state_key": "", "content": {"name": "x"}, "sender": ANNA},
        {
            "type": "m.room.member",
            "state_key": OWN,
            "sender": ANNA,
            "content": {"membership": "invite", **content},
        },
    ]


def test_an_invitation_names_who_invites() -> None:
    """The one who invites is the sender, and a direct room says so."""
    found = parse_invitation(ROOM, invite_state(is_direct=True), OWN, "s1")
    assert found is not None
    assert (found.sender, found.kind, found.is_direct) == (ANNA, Kind.INVITATION, True)


def test_an_invitation_has_the_same_id_until_the_next() -> None:
    """Read again it is the same; a new one later is another."""
    ids = [parse_invitation(ROOM, invite_state(), OWN, since) for since in ("s1", "s1", "s2")]
    assert ids[0] == ids[1] != ids[2]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
CONTENT = st.dictionaries(
    st.sampled_from(
        [
            *("msgtype", "body", "filename", "formatted_body", "m.mentions", "m.relates_to"),
            *("m.new_content", "membership", "redacts"),
        ]
    ),
    JSON
    | st.sampled_from(["m.text", "m.file", "join", "leave"])
    | st.fixed_dictionaries(
        {},
        optional={
            "rel_type": JSON | st.sampled_from(["m.replace", "m.thread"]),
            "event_id": JSON,
            "key": JSON,
            "m.in_reply_to": JSON | st.dictionaries(st.just("event_id"), JSON),
            "msgtype": JSON | st.just("m.text"),
            "body": JSON,
            "user_ids": JSON,
        },
    ),
)
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(HANDLED) | JSON, "content": CONTENT | JSON},
    optional={
        "event_id": st.just("$e") | JSON,
        "sender": st.just(ANNA) | JSON,
        "state_key": st.just(OWN) | JSON,
        "unsigned": st.dictionaries(st.just("prev_content"), CONTENT | JSON) | JSON,
        "redacts": JSON,
    },
)


@given(EVENT | st.dictionaries(st.text(), JSON))
def test_nothing_anybody_sends_raises(raw: Event) -> None:
    """Arbitrary JSON gives an event that can be stored, or nothing."""
    found = parse_timeline_event(raw, ROOM, OWN)
    if found is not None:
        stored = (found.event_id, found.sender, found.text, found.target or "", found.thread or "")
        assert all("\0" not in value and value.encode() is not None for value in stored)


@given(st.lists(EVENT | JSON, max_size=3))
def test_no_invitation_raises(state: list[object]) -> None:
    """Arbitrary state of an invitation gives an invitation, or nothing."""
    found = parse_invitation(ROOM, state, OWN, "s1")
    assert found is None or found.kind is Kind.INVITATION
