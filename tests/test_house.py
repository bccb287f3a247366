"""The house's own rules, as far as no linter knows them: sizes, names, clock and tasks."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    path
    for folder in ("bot", "commands", "storage")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
LONGEST = 300
VAGUE = {"utils", "helpers", "common", "core", "manager", "misc"}
CLOCKS = {"bot/app.py", "bot/process.py", "bot/__main__.py", "bot/platforms/mail/sender.py"}
"""Where the machine's time is read: the clock itself, a command's start, and an e-mail's Date."""
TASKS = {"bot/app.py"}


def calls(path: Path) -> set[str]:
    """Name what a module calls as an attribute: `datetime.now`, `asyncio.create_task`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_the_rules(path: Path) -> None:
    """A module is short, says what it is, has a name, and leaves time to the clock."""
    name = str(path.relative_to(ROOT))
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert path.stem not in VAGUE
    assert not text or ast.get_docstring(ast.parse(text))
    if name not in CLOCKS:
        assert not calls(path) & {"datetime.now", "date.today", "datetime.utcnow", "time.time"}
    if name not in TASKS:
        assert not calls(path) & {"asyncio.create_task", "asyncio.ensure_future"}
