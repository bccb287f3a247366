"""How much is measured: the full run of `make bench`, and a small one for the tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Numbers of everything; pairs are one measurement of the bot and one of the bare client.

    The encrypted direct rooms are twice `rooms`: in half of them there are people with devices.
    `quiet` is how many seconds are let pass before what must not be disturbed.
    """

    reply_pairs: int
    users: int
    commands_each: int
    burst_pairs: int
    rooms: int
    fan_out_pairs: int
    encrypted_pairs: int
    starts: int
    units: tuple[int, ...]
    months: int
    repeats: int
    quiet: float

    @property
    def burst(self) -> int:
        """How many commands a burst has."""
        return self.users * self.commands_each


FULL = Sizes(
    reply_pairs=80,
    users=50,
    commands_each=4,
    burst_pairs=5,
    rooms=500,
    fan_out_pairs=4,
    encrypted_pairs=3,
    starts=3,
    units=(50, 500, 2000),
    months=12,
    repeats=3,
    quiet=2.0,
)
SMALL = Sizes(
    reply_pairs=3,
    users=3,
    commands_each=2,
    burst_pairs=1,
    rooms=6,
    fan_out_pairs=1,
    encrypted_pairs=2,
    starts=1,
    units=(3, 6, 9),
    months=3,
    repeats=1,
    quiet=0.2,
)
