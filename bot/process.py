"""What belongs to a process and not to the bot: its clock, its lock, what its log may say."""

import fcntl
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from bot.config import BadSettings
from bot.domain.privacy import scrub


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Give the present instant."""
        return datetime.now(UTC)

    def to_real(self, instant: datetime) -> datetime:
        """Give the same instant: our time is the machine's."""
        return instant


class ScrubbingFilter(logging.Filter):
    """The privacy brake's belt: no record leaves for a log with an identity number in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the finished text, its traceback included."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        record.msg, record.args, record.exc_text = scrub(text).text, (), None
        return True


class OnlyOne:
    """Hold the data folder for this process; two on one device would break both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise BadSettings(
                f"another process already runs on {self._folder}; stop it before starting this one"
            ) from error

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
