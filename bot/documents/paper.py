"""What a paper shows: Markdown that the templates rendered → plain data for paper.typ.

The Markdown is the messages' own: a line break in the source is a line break on the paper, and
HTML never means anything. What is not known here is shown as the text it is, never lost. How it
looks is paper.typ's business, the wheel has wheel_view.py. The data is JSON and never markup, so
that nothing in it can become Typst's.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.tree import SyntaxTreeNode

from bot.documents.wheel_view import wheel_view
from bot.documents.words import View, Words, drawable, loses_signs
from bot.handouts import Manuscript

MOST_UPRIGHT = 4
"""A table of more columns than this is too narrow to read on an upright page."""

SHORT = 900
"""Signs of text that don't earn a page of their own beside a lying one: about a third of one."""

_NARROW = 13
"""A column whose longest cell has at most so many signs is as wide as that: dates, short names."""
_WIDEST = 3
"""How many times wider the fullest column may be than the emptiest of those that share the rest."""
_RANK = {"h1": 1, "h2": 2}
"""Heading tags with a rank of their own; all others are third."""


def paper_view(paper: Manuscript, words: Words) -> View:
    """Build what paper.typ shows."""
    blocks = read_blocks(paper.markdown)
    if blocks and blocks[0]["kind"] == "heading" and "".join(_texts(blocks[0])) == paper.title:
        blocks = blocks[1:]  # the title stands there already
    parts = _parts(_ranked(blocks), opening_stands=paper.wheel is not None)
    view: View = {
        "lang": words.code,
        "date": [paper.day.year, paper.day.month, paper.day.day],
        "title": paper.title,
        "municipality": paper.municipality,
        "draft": paper.draft,
        "footer": paper.footer or f"{paper.municipality} · {paper.title}",
        "page": words.text["page"],
        "wheel": wheel_view(paper.wheel, paper.municipality) if paper.wheel else None,
        "parts": parts,
        "note": None,
    }
    if loses_signs(view):
        view["note"] = words.text["missing_glyph"]
    return drawable(view)


def read_blocks(markdown: str) -> list[View]:
    """Read Markdown into blocks, in order.

    Each has a `kind`: heading, paragraph, list, table, quote or rule. Words are in runs, each
    {"text", "bold", "italic"}, or {"break": True} between two lines.
    """
    # Half a character can't be encoded and would stop the whole paper.
    whole = markdown.encode("utf-8", "replace").decode("utf-8")
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return _blocks(SyntaxTreeNode(parser.parse(whole)))


def _blocks(node: SyntaxTreeNode) -> list[View]:
    return [block for child in node.children if (block := _block(child)) is not None]


def _block(node: SyntaxTreeNode) -> View | None:
    match node.type:
        case "heading":
            runs = _runs_in(node)
            return (
                {"kind": "heading", "level": _RANK.get(node.tag, 3), "runs": runs} if runs else None
            )
        case "bullet_list" | "ordered_list":
            first = node.attrs.get("start", 1) if node.type == "ordered_list" else None
            tight = all(part.hidden for item in node.children for part in item.children[:1])
            items = [_blocks(item) for item in node.children]
            return {"kind": "list", "start": first, "tight": tight, "items": items}
        case "blockquote":
            return {"kind": "quote", "blocks": _blocks(node)}
        case "table":
            return _table(node)
        case "hr":
            return {"kind": "rule"}
        case _:
            return {"kind": "paragraph", "runs": _runs_in(node)}


def _runs_in(node: SyntaxTreeNode) -> list[View]:
    """Give the words of a block: those of its parts, or of itself where it has none (code)."""
    if not node.children:
        return _lines(node.content.rstrip("\n"), frozenset()) if node.content else []
    return [run for child in node.children for run in _runs(child, frozenset())]


def _runs(node: SyntaxTreeNode, looks: frozenset[str]) -> list[View]:
    match node.type:
        case "softbreak" | "hardbreak":
            return [{"break": True}]
        case "strong" | "em":
            inner = looks | {"bold" if node.type == "strong" else "italic"}
            return [run for child in node.children for run in _runs(child, inner)]
        case "link":
            runs = [run for child in node.children for run in _runs(child, looks)]
            address = normalizeLinkText(str(node.attrs.get("href", "")))
            shown = "".join(_texts(runs))
            if address in ("", shown, f"mailto:{shown}"):
                return runs
            return [*runs, _run(f" ({address.removeprefix('mailto:')})", looks)]
        case _:
            if node.children and node.type != "image":
                return [run for child in node.children for run in _runs(child, looks)]
            return _lines(node.content, looks) if node.content else []


def _lines(text: str, looks: frozenset[str]) -> list[View]:
    first, *rest = text.split("\n")
    runs = [_run(first, looks)]
    for line in rest:
        runs += [{"break": True}, _run(line, looks)]
    return runs


def _run(text: str, looks: frozenset[str]) -> View:
    return {"text": text, "bold": "bold" in looks, "italic": "italic" in looks}


def _table(node: SyntaxTreeNode) -> View:
    rows = [row for part in node.children for row in part.children]
    cells = [[_runs_in(cell) for cell in row.children] for row in rows]
    styles = [str(cell.attrs.get("style", "")) for cell in rows[0].children]
    columns = [list(column) for column in zip(*cells, strict=True)]
    return {
        "kind": "table",
        "header": cells[0],
        "rows": cells[1:],
        "widths": _widths(columns),
        "align": [style.removeprefix("text-align:") or "left" for style in styles],
    }


def _widths(columns: Sequence[Sequence[Sequence[View]]]) -> list[float]:
    """Share the page's width: 0 for as wide as its words, else the column's part of the rest."""
    lengths = [[len("".join(_texts(cell))) for cell in column] for column in columns]
    narrow = [max(column) <= _NARROW for column in lengths]
    if all(narrow):
        return [1.0] * len(columns)
    # The root: a column with four times the words gets twice the width, and the lines even out.
    roots = [sum(column) ** 0.5 for column in lengths]
    least = min(root for root, is_narrow in zip(roots, narrow, strict=True) if not is_narrow)
    return [
        0.0 if is_narrow else round(min(root / least, _WIDEST), 2)
        for root, is_narrow in zip(roots, narrow, strict=True)
    ]


def _ranked(blocks: Sequence[View]) -> list[View]:
    """Begin with rank one and skip none, as PDF/UA-1 demands; templates may begin with `##`."""
    levels = [level for block in blocks if isinstance(level := block.get("level"), int)]
    lift = min(levels, default=1) - 1
    ranked, above = [], 0
    for block in blocks:
        level = block.get("level")
        if isinstance(level, int):
            above = min(level - lift, above + 1)
            block = {**block, "level": above}
        ranked.append(block)
    return ranked


def _parts(blocks: Sequence[View], *, opening_stands: bool) -> list[View]:
    """Part the paper where the page turns: a section with a wide table lies, the others stand.

    A few lines beside a lying section lie with it, rather than on a page by themselves; with a
    wheel, which needs the height, the first page stands.
    """
    sections: list[list[View]] = [[]]
    for block in blocks:
        if block.get("level") == 1 and sections[-1]:
            sections.append([])
        sections[-1].append(block)
    parts = _joined([(any(map(_is_wide, section)), section) for section in sections])
    if opening_stands and parts[0][0]:
        parts.insert(0, (False, []))
    head = parts[:1] if opening_stands else []
    rest = parts[len(head) :]
    if any(wide for wide, _ in rest):
        rest = _joined([(wide or _is_short(section), section) for wide, section in rest])
    return [{"wide": wide, "blocks": section} for wide, section in [*head, *rest]]


def _joined(sections: Sequence[tuple[bool, list[View]]]) -> list[tuple[bool, list[View]]]:
    return [
        (wide, [block for _, section in group for block in section])
        for wide, group in groupby(sections, key=lambda section: section[0])
    ]


def _is_wide(value: object) -> bool:
    if isinstance(value, dict):
        widths = value.get("widths")
        if isinstance(widths, list):
            return len(widths) > MOST_UPRIGHT
        return any(map(_is_wide, value.values()))
    return isinstance(value, list) and any(map(_is_wide, value))


def _is_short(section: Sequence[View]) -> bool:
    return sum(map(len, _texts(section))) < SHORT


def _texts(value: object) -> Iterator[str]:
    """Give all words in it, in order."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        else:
            for part in value.values():
                yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
