"""What can go wrong in a request, and what it means for the sender.

Every request ends in an answer or in one of three failures; `as_outcome` and `before_posting` turn
them into the words of the port. Nothing here speaks to the network.
"""

from datetime import timedelta
from types import MappingProxyType

from bot.platforms.matrix.lenient import Json
from bot.ports import MayBeSent, NeverWillBe, NotSent

_LOGGED_OUT = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"})

# The account or the server is stopped, not this room: the message may go later.
_NOT_NOW = frozenset(
    {
        "M_LIMIT_EXCEEDED",
        "M_RESOURCE_LIMIT_EXCEEDED",
        "M_CONSENT_NOT_GIVEN",
        "M_USER_LOCKED",
        "M_USER_SUSPENDED",
    }
)


class LoggedOut(NotSent):
    """The homeserver no longer accepts this device; only a person can mend that."""


class RequestFailed(Exception):
    """A request did not bring a usable answer."""


class Unreachable(RequestFailed):
    """The request never left: no connection could be made."""


class Lost(RequestFailed):
    """The request left, and what became of it is unknown."""


class Refused(RequestFailed):
    """The homeserver answered that it will not."""

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        retry_after: timedelta | None = None,
        answer: Json = MappingProxyType({}),
    ) -> None:
        super().__init__(f"{status} {code or 'without a Matrix error code'}: {reason}")
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.answer = answer

    @property
    def logged_out(self) -> bool:
        """Tell whether the token is no longer valid."""
        return self.code in _LOGGED_OUT

    @property
    def absent(self) -> bool:
        """Tell whether the thing is not there, or not for us: Synapse says 403 for both."""
        return self.code in {"M_NOT_FOUND", "M_FORBIDDEN", "M_GUEST_ACCESS_FORBIDDEN"}

    @property
    def passing(self) -> bool:
        """Tell whether another try may bring something else."""
        return self.status in (408, 429) or self.status >= 500 or not self.code


def as_outcome(failure: RequestFailed) -> NotSent | MayBeSent | NeverWillBe:
    """Say what the failure of the posting request itself means."""
    if isinstance(failure, Unreachable):
        return NotSent(str(failure))
    if isinstance(failure, Refused):
        return _refusal(failure)
    return MayBeSent(str(failure))


def before_posting(failure: RequestFailed) -> NotSent | NeverWillBe:
    """Say what the failure of a preparing request means: nothing has been posted yet."""
    outcome = as_outcome(failure)
    if isinstance(outcome, MayBeSent):
        return NotSent(str(outcome))
    return outcome


def _refusal(refused: Refused) -> NotSent | MayBeSent | NeverWillBe:
    if refused.status == 429 or refused.code in _NOT_NOW:
        return NotSent(str(refused), refused.retry_after)
    if refused.status == 413:
        return NeverWillBe(str(refused))
    # A 4xx without a Matrix code comes from a proxy in between, not from the homeserver.
    if refused.passing:
        return MayBeSent(str(refused))
    return NeverWillBe(str(refused))
