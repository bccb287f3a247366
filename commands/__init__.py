"""The verbs, one a file. `load` finds them; nothing else imports a command."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from bot.command import Command


def load() -> Mapping[str, Command]:
    """Import every module here and collect the verbs it declares, by name.

    Raises:
        ValueError: two verbs share a name.
    """
    found: dict[str, Command] = {}
    for module in sorted(iter_modules(__path__), key=lambda m: m.name):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Command):
                if value.name in found:
                    raise ValueError(f"two commands are named {value.name}")
                found[value.name] = value
    return found
