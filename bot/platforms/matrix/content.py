"""What goes into an event: the content of a message, an edit, a file; and its transaction id.

Plain values in, plain dictionaries out.
"""

from hashlib import sha256

from bot.markdown import to_html, to_plain
from bot.platforms.matrix.lenient import Json
from bot.ports import File, NeverWillBe, Text

KEY_FIELD = "se.lagesbot.key"
MAX_EVENT_BYTES = 60_000
"""The protocol allows 65 536 for the whole event; the rest is for the envelope and signatures."""

MAX_PLAIN_BYTES = 45_000
"""Of content that is to be encrypted, which makes it a third larger."""


def transaction_id(key: str) -> str:
    """Give the id by which the homeserver knows a repeated request; always the same for a key."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def text_content(key: str, text: Text) -> dict[str, object]:
    """Give the content of a message or of an edit."""
    plain, html = to_plain(text.markdown), to_html(text.markdown)
    mentions: dict[str, object] = {"user_ids": list(text.mentions)} if text.mentions else {}
    content: dict[str, object] = {
        "msgtype": "m.text",
        "body": plain,
        "format": "org.matrix.custom.html",
        "formatted_body": html,
        "m.mentions": mentions,
    }
    if text.replaces is not None:
        # The people were told by the first version: an edit must not ring again.
        content = {
            **content,
            "body": f"* {plain}",
            "formatted_body": f"* {html}",
            "m.mentions": {},
            "m.new_content": content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": text.replaces},
        }
    elif text.thread is not None:
        content["m.relates_to"] = _in_thread(text.thread)
    content[KEY_FIELD] = key
    return content


def file_content(key: str, file: File, place: str | Json) -> dict[str, object]:
    """Give the content that shows an uploaded file; `place` is its mxc URI, or, where the file is
    encrypted, the object that holds the URI with the keys."""
    info: dict[str, object] = {"mimetype": file.media_type, "size": len(file.content)}
    if file.width is not None and file.height is not None:
        info |= {"w": file.width, "h": file.height}
    content: dict[str, object] = {
        "msgtype": "m.image" if file.media_type.startswith("image/") else "m.file",
        "body": file.caption or file.name,
        "filename": file.name,
        **({"url": place} if isinstance(place, str) else {"file": place}),
        "info": info,
        "m.mentions": {},
        KEY_FIELD: key,
    }
    if file.thread is not None:
        content["m.relates_to"] = _in_thread(file.thread)
    return content


def check_size(encoded: bytes, most: int = MAX_EVENT_BYTES) -> bytes:
    """Give the bytes back, or raise NeverWillBe when the event would be refused."""
    if len(encoded) > most:
        raise NeverWillBe(f"the message is {len(encoded)} bytes, {most} is the most")
    return encoded


def _in_thread(root: str) -> dict[str, object]:
    return {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
