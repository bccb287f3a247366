"""From a raw event to what happened. Pure, and never surprised: anybody can send anything.

What the bot has no use for gives None. `Malformed` marks an event of a kind that the bot does
handle but whose content is not what the specification says.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote

from bot.platforms.matrix.lenient import Json
from bot.ports import IncomingMessage, Kind

MAX_TEXT = 100_000
MAX_ID = 255
UNREADABLE_FIELD = "se.lagesbot.unreadable"
"""Where an event that is not believed says why; only a known word means anything."""
HANDLED = (
    "m.room.message",
    "m.reaction",
    "m.room.redaction",
    "m.room.encrypted",
    "m.room.member",
    "m.room.tombstone",
)

_FILES = frozenset({"m.file", "m.image", "m.audio", "m.video"})
_TEXTS = frozenset({"m.text", "m.emote"})
_QUOTED_REPLY = re.compile(r"> (?:\* )?<@[^\n]*(?:\n>[^\n]*)*\n\n?")


class Malformed(ValueError):
    """A kind of event we handle, with content that nobody should send."""


def parse_timeline_event(event: Json, room_id: str, own_user: str) -> IncomingMessage | None:
    """Read one event of a room; None when it is nothing to us, or malformed."""
    try:
        return read_event(event, room_id, own_user)
    except Malformed:
        return None


def read_event(event: Json, room_id: str, own_user: str) -> IncomingMessage | None:
    """Read one event of a room.

    Returns:
        What happened, or None for our own events and kinds that the bot has no use for.

    Raises:
        Malformed: the content is not what the specification says.
    """
    kind, content = event.get("type"), event.get("content")
    if kind not in HANDLED:
        return None
    event_id, sender = _id(event.get("event_id")), _id(event.get("sender"))
    if sender == own_user:
        return None
    if not isinstance(content, Mapping):
        raise Malformed("content")
    origin = _Origin(event_id, _id(room_id), sender, own_user)
    if kind == "m.room.member":
        return _membership(event, content, origin)
    if kind == "m.room.redaction":
        redacts = event.get("redacts") or content.get("redacts")
        return origin.happened(Kind.DELETION, target=_id(redacts))
    if kind == "m.room.tombstone":
        if event.get("state_key") != "" or not content:
            return None
        return origin.happened(Kind.MOVED, target=_id(content.get("replacement_room")))
    if not content:
        return None  # emptied by a redaction
    if kind == "m.reaction":
        return _reaction(content, origin)
    if kind == "m.room.encrypted":
        reason = _text(content.get(UNREADABLE_FIELD, ""))
        return origin.happened(Kind.UNREADABLE, text=reason, thread=_thread(_relation(content)))
    return _message(content, origin)


def parse_invitation(
    room_id: str, state: Sequence[object], own_user: str, since: str
) -> IncomingMessage | None:
    """Read the stripped state of a room that we are invited to.

    Stripped events have no id. One is made from the position that the invitation was read at: the
    same when the answer comes again, another when we are invited anew.
    """
    for event in state:
        if not isinstance(event, Mapping) or event.get("type") != "m.room.member":
            continue
        content = event.get("content")
        if event.get("state_key") != own_user or not isinstance(content, Mapping):
            continue
        if content.get("membership") != "invite":
            continue
        try:
            sender, room = _id(event.get("sender")), _id(room_id)
        except Malformed:
            return None
        digest = sha256("\n".join((room, sender, since)).encode()).hexdigest()[:32]
        return IncomingMessage(
            event_id=f"invitation-{digest}",
            room=room,
            sender=sender,
            kind=Kind.INVITATION,
            is_direct=content.get("is_direct") is True,
        )
    return None


class _Origin:
    """Where and from whom: what every kind of event has."""

    __slots__ = ("event_id", "own_user", "room", "sender")

    def __init__(self, event_id: str, room: str, sender: str, own_user: str) -> None:
        self.event_id, self.room, self.sender, self.own_user = event_id, room, sender, own_user

    def happened(
        self,
        kind: Kind,
        *,
        text: str = "",
        target: str | None = None,
        thread: str | None = None,
        mentions_me: bool = False,
        sender: str | None = None,
    ) -> IncomingMessage:
        return IncomingMessage(
            event_id=self.event_id,
            room=self.room,
            sender=sender or self.sender,
            kind=kind,
            text=text,
            target=target,
            thread=thread,
            mentions_me=mentions_me,
        )


def _message(content: Json, origin: _Origin) -> IncomingMessage | None:
    relation = _relation(content)
    if relation.get("rel_type") == "m.replace":
        return _edit(content, relation, origin)
    msgtype, thread, target = content.get("msgtype"), _thread(relation), _replied(relation)
    if not isinstance(msgtype, str):
        raise Malformed("msgtype")
    if msgtype in _FILES:
        name = content.get("filename") or content.get("body")
        return origin.happened(Kind.FILE, text=_text(name), target=target, thread=thread)
    if msgtype not in _TEXTS:
        return None
    text = _text(content.get("body"))
    if "m.in_reply_to" in relation:
        quoted = _QUOTED_REPLY.match(text)
        text = text[quoted.end() :] if quoted else text
    return origin.happened(
        Kind.MESSAGE,
        text=text,
        target=target,
        thread=thread,
        mentions_me=_mentions(content, origin.own_user),
    )


def _edit(content: Json, relation: Json, origin: _Origin) -> IncomingMessage | None:
    new = content.get("m.new_content")
    if not isinstance(new, Mapping):
        raise Malformed("m.new_content")
    msgtype = new.get("msgtype")
    if not isinstance(msgtype, str):
        raise Malformed("msgtype")
    if msgtype not in _TEXTS:
        return None
    return origin.happened(
        Kind.EDIT,
        text=_text(new.get("body")),
        target=_id(relation.get("event_id")),
        mentions_me=_mentions(new, origin.own_user),
    )


def _reaction(content: Json, origin: _Origin) -> IncomingMessage:
    relation = _relation(content)
    target, key = _id(relation.get("event_id")), _text(relation.get("key"))
    return origin.happened(Kind.REACTION, text=key, target=target)


def _membership(event: Json, content: Json, origin: _Origin) -> IncomingMessage | None:
    about, membership = _id(event.get("state_key")), content.get("membership")
    unsigned = event.get("unsigned")
    before = unsigned.get("prev_content") if isinstance(unsigned, Mapping) else None
    previous = before.get("membership") if isinstance(before, Mapping) else None
    if membership == "join":
        # A changed name or picture is a join after a join.
        return None if previous == "join" else origin.happened(Kind.ARRIVAL, sender=about)
    if membership == "ban" or (membership == "leave" and previous != "ban"):
        return origin.happened(Kind.DEPARTURE, sender=about)
    return None


def _relation(content: Json) -> Json:
    relation = content.get("m.relates_to")
    return relation if isinstance(relation, Mapping) else {}


def _thread(relation: Json) -> str | None:
    return _id(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else None


def _replied(relation: Json) -> str | None:
    """Give what is replied to; in a thread the fallback for old clients is not a reply."""
    if relation.get("rel_type") == "m.thread" and relation.get("is_falling_back") is True:
        return None
    reply = relation.get("m.in_reply_to")
    return _id(reply.get("event_id")) if isinstance(reply, Mapping) else None


def _mentions(content: Json, own_user: str) -> bool:
    mentions = content.get("m.mentions")
    users = mentions.get("user_ids") if isinstance(mentions, Mapping) else None
    if isinstance(users, list) and own_user in users:
        return True
    forms = (own_user, quote(own_user, safe=""))
    texts = (content.get("body"), content.get("formatted_body"))
    return any(isinstance(text, str) and form in text for text in texts for form in forms)


def _id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or _clean(value) != value:
        raise Malformed("identifier")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("text")
    return _clean(value[:MAX_TEXT])


def _clean(text: str) -> str:
    """Take out what no database stores: NUL and half characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
