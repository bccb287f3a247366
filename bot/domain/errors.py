"""Everything a person can cause, as one small tree.

    DomainError           rendered from templates/messages/<lang>/errors/<code>.md
    ├── Refused           this person may not do this
    ├── NotFound          the thing named does not exist
    ├── Invalid           the words do not fit what is asked for
    └── Conflict          the thing is not in a state where this can be done

Anything that is not a DomainError is a defect: rolled back, and logged with an incident number.
"""

from collections.abc import Mapping


class DomainError(Exception):
    """Say what is wrong by a stable code and its parameters; the words live in templates."""

    def __init__(self, code: str, params: Mapping[str, object] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})


class Refused(DomainError):
    """The person lacks the role that this verb demands."""


class NotFound(DomainError):
    """No unit, person, cycle or command goes by that name."""


class Invalid(DomainError):
    """The words after the command do not fit."""


class Conflict(DomainError):
    """The state of the thing forbids this step."""
