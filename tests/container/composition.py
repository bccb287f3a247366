"""compose.yaml: its services as typed values, and the commands its first lines tell one to run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # comes with the homeserver


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service; volumes as (source, target), whichever way they are written."""

    environment: Mapping[str, str]
    secrets: Sequence[str]
    volumes: Sequence[tuple[str, str]]
    needs: Mapping[str, str]
    health_command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The whole file. `secrets` gives each secret's file, relative to compose.yaml."""

    services: Mapping[str, Service]
    secrets: Mapping[str, str]
    volumes: frozenset[str]
    preparations: tuple[str, ...]


def read(file: Path) -> Composition:
    """Read a compose file; a preparation is a comment line that begins with `$`."""
    text = file.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return Composition(
        services={name: _service(what) for name, what in content["services"].items()},
        secrets={name: what["file"] for name, what in content["secrets"].items()},
        volumes=frozenset(content["volumes"]),
        preparations=tuple(re.findall(r"^#\s+\$ (.+)$", text, re.MULTILINE)),
    )


def _service(what: Mapping[str, object]) -> Service:
    environment, needs, check = (
        what.get(key, {}) for key in ("environment", "depends_on", "healthcheck")
    )
    secrets, volumes = (what.get(key, []) for key in ("secrets", "volumes"))
    assert isinstance(environment, dict)
    assert isinstance(needs, dict)
    assert isinstance(check, dict)
    assert isinstance(secrets, list)
    assert isinstance(volumes, list)
    test = check.get("test", ["CMD"])
    assert test[0] == "CMD", "a shell would stand between"
    return Service(
        environment={name: str(value) for name, value in environment.items()},
        secrets=secrets,
        volumes=[_volume(one) for one in volumes],
        needs={name: one["condition"] for name, one in needs.items()},
        health_command=tuple(test[1:]),
    )


def _volume(one: str | Mapping[str, str]) -> tuple[str, str]:
    if isinstance(one, str):
        source, target = one.split(":")[:2]
        return source, target
    return one["source"], one["target"]
