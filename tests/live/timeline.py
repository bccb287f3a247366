"""What a person reads in a room: a raw timeline folded into the messages that are shown.

Pure functions over events as the homeserver sends them. Fetching them belongs in client.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

# JSON off the wire: tests look into it freely, so its values stay untyped on purpose.
Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message as a client shows it now."""

    event_id: str
    sender: str
    body: str
    html: str | None
    msgtype: str
    thread: str | None
    """The event id of the thread's root, or None in the main timeline."""
    url: str | None
    """The mxc address of a file."""
    edited: bool


def body_of(event: Event) -> str:
    """Tell the newest text of one message, empty when it has none (or was redacted).

    An edit tells its new text; an edited message tells the text of its latest edit, when the
    homeserver put that beside it.
    """
    latest = event.get("unsigned", {}).get("m.relations", {}).get("m.replace", {})
    content = latest.get("content") or event.get("content", {})
    return str(content.get("m.new_content", content).get("body", ""))


def current_text(messages: Iterable[Event]) -> list[Shown]:
    """Fold edits into their originals and leave out what was redacted.

    An edit counts when its author wrote the original; of several, the latest by the homeserver's
    clock wins (Matrix specification, "Event replacements"). A redacted edit counts no more.

    Args:
        messages: events of one room in chronological order, of any type.

    Returns:
        The shown messages in the order of their originals.
    """
    events = list(messages)
    redacted = {_redacts(event) for event in events if event["type"] == "m.room.redaction"}
    texts = [
        event
        for event in events
        if event["type"] == "m.room.message"
        and event["event_id"] not in redacted
        and event["content"].get("msgtype")  # the homeserver empties what was redacted
    ]
    edits: dict[tuple[str, str], Event] = {}
    for event in sorted(texts, key=_age):
        target = edited_event(event)
        if target is not None and "m.new_content" in event["content"]:
            edits[target, event["sender"]] = event
    shown = []
    for event in texts:
        if edited_event(event) is not None:
            continue
        edit = edits.get((event["event_id"], event["sender"]))
        original = _show(event, event["content"])
        if edit is not None:
            new = _show(event, {"msgtype": original.msgtype} | edit["content"]["m.new_content"])
            original = replace(new, thread=original.thread, edited=True)
        shown.append(original)
    return shown


def edited_event(event: Event) -> str | None:
    """Tell which event this one replaces, or None when it is no edit."""
    relation = event["content"].get("m.relates_to", {})
    return relation.get("event_id") if relation.get("rel_type") == "m.replace" else None


def _show(event: Event, content: Event) -> Shown:
    relation = content.get("m.relates_to", {})
    return Shown(
        event_id=event["event_id"],
        sender=event["sender"],
        body=content.get("body", ""),
        html=content.get("formatted_body"),
        msgtype=content["msgtype"],
        thread=relation.get("event_id") if relation.get("rel_type") == "m.thread" else None,
        url=content.get("url") or content.get("file", {}).get("url"),
        edited=False,
    )


def _redacts(event: Event) -> str | None:
    # In the content since room version 11, beside it before.
    return event["content"].get("redacts") or event.get("redacts")


def _age(event: Event) -> tuple[int, str]:
    return event["origin_server_ts"], event["event_id"]
