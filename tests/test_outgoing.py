"""What becomes of a command's words on their way to the outbox."""

import pytest

from bot.outgoing import MOST_SIGNS
from bot.platforms.matrix.content import MAX_PLAIN_BYTES, check_size, text_content
from bot.platforms.matrix.transport import encode
from bot.ports import Text


@pytest.mark.parametrize("replaces", [None, "$edited"])
def test_the_longest_message_fits_an_encrypted_event(replaces: str | None) -> None:
    """Also where the lines are short and nearly all of it is markup, and in an edit."""
    line = "- **å:** ö\n"
    most = MOST_SIGNS // 2 if replaces else MOST_SIGNS
    content = text_content("k", Text(markdown=line * (most // len(line)), replaces=replaces))
    check_size(encode(content), MAX_PLAIN_BYTES)
