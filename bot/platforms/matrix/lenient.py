"""Reading what anybody may have written: the right shape, or nothing."""

import json
from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = Mapping[str, object]

_DEEPEST = 200
_LONGEST_NUMBER = 100


def read_json(raw: bytes) -> Json | None:
    """Read a JSON object, or give None where it is none.

    What somebody nested without end becomes null, a number of thousands of digits infinite: the
    rest of the answer is still read, for the same answer would come again and again.
    """
    try:
        try:
            answer = json.loads(raw, parse_int=_whole)
        except RecursionError:
            answer = json.loads(_flattened(raw.decode()), parse_int=_whole)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_NUMBER else float(digits)


def _flattened(raw: str) -> str:
    """Put null in the place of whatever is nested deeper than anybody needs."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in raw:
        opens = not quoted and character in "[{"
        closes = not quoted and character in "]}"
        depth += opens
        if depth <= _DEEPEST:
            kept.append(character)
        elif opens and depth == _DEEPEST + 1:
            kept.append("null")
        depth -= closes
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
    return "".join(kept)


def items(value: object) -> list[tuple[str, Json]]:
    """Give the entries of what should be an object of objects, leaving out the rest."""
    if not isinstance(value, Mapping):
        return []
    return [
        (key, item) for key, item in value.items() if is_text(key) and isinstance(item, Mapping)
    ]


def objects(value: object) -> list[Json]:
    """Give the objects of what should be a list of objects, leaving out the rest."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def section(value: Json, name: str) -> Json:
    """Give the object of that name, empty when it is missing or something else."""
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def text(value: Json, name: str) -> str:
    """Give the text of that name, empty when it is missing or something else."""
    part = value.get(name)
    return str(part) if is_text(part) else ""


def texts(value: object) -> list[str]:
    """Give the texts of what should be a list of texts, leaving out the rest."""
    return [item for item in value if is_text(item)] if isinstance(value, list) else []


def is_text(value: object) -> bool:
    """Tell whether it is text that can be stored: half characters can't."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
