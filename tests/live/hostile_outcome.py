"""What a run of hostile.py came to. How it is found out stands there."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a run came to."""

    poisons: int = 0
    down: int = 0
    lost: int = 0
    claims: int = 0
    """Among the poisons, the answers to /keys/claim that the bot had."""
    before: float = 0.0
    """The median answer before the first poison, in seconds."""
    worst: float = 0.0
    faults: list[str] = field(default_factory=list)
    """Which poison did what, and what the bot's log calls an error."""

    @property
    def line(self) -> str:
        """The line that tells it all."""
        return f"poisons={self.poisons} down={self.down} lost={self.lost}"

    @property
    def is_clean(self) -> bool:
        """Tell whether the bot withstood."""
        return not (self.down or self.lost)
