"""Matrix: the only place that knows the homeserver, its API and the library that speaks to it."""

from bot.platforms.matrix.crypto.machine import Policy
from bot.platforms.matrix.errors import LoggedOut
from bot.platforms.matrix.platform import MatrixPlatform
from bot.platforms.matrix.upkeep import Secrecy

__all__ = ["LoggedOut", "MatrixPlatform", "Policy", "Secrecy"]
