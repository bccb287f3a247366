"""Matrix: the only place that knows the homeserver, its API and the library that speaks to it."""

from bot.platforms.matrix.errors import LoggedOut
from bot.platforms.matrix.platform import MatrixPlatform

__all__ = ["LoggedOut", "MatrixPlatform"]
