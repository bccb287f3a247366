"""Markdown to the two forms of a message: HTML for programs that show it, plain for others.

A line break in the source is a line break on the screen in both forms. Raw HTML is never passed
through, pictures become their alternative text, and only web and mail addresses become links.
"""

from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

_LINKS = ("https://", "http://", "mailto:")


def to_html(markdown: str) -> str:
    """Give the HTML form."""
    parser = _parser()
    return str(parser.renderer.render(_tokens(markdown), parser.options, {})).strip()


def to_plain(markdown: str) -> str:
    """Give the plain form: what a notification and a simple client show."""
    return "\n\n".join(_blocks(SyntaxTreeNode(_tokens(markdown))))


@lru_cache(maxsize=32)
def _tokens(markdown: str) -> list[Token]:
    """Parse once for both forms, and for the rooms that get the same words."""
    # Half a character can't be encoded and would stop the whole message.
    tokens = _parser().parse(markdown.encode("utf-8", "replace").decode("utf-8"))
    for token in tokens:
        # Clients drop the alignment of cells; a style attribute only adds bytes.
        token.attrs.pop("style", None)
        if token.children:
            token.children = [_without_picture(child) for child in token.children]
    return tokens


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    # The library's way to set the rule is to replace the method.
    parser.validateLink = _is_allowed  # type: ignore[method-assign]
    return parser


def _is_allowed(url: str) -> bool:
    return url.strip().lower().startswith(_LINKS)


def _without_picture(token: Token) -> Token:
    return Token("text", "", 0, content=token.content) if token.type == "image" else token


def _blocks(node: SyntaxTreeNode) -> list[str]:
    return [text for child in node.children if (text := _block(child))]


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "paragraph" | "heading":
            return _inline(node.children[0]) if node.children else ""
        case "bullet_list":
            return _list(node, ["• "] * len(node.children))
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return _list(node, [f"{first + index}. " for index in range(len(node.children))])
        case "blockquote":
            lines = "\n\n".join(_blocks(node)).split("\n")
            return "\n".join(f"> {line}".rstrip() for line in lines)
        case "table":
            rows = [row for part in node.children for row in part.children]
            return "\n".join(
                " | ".join(_inline(cell.children[0]) if cell.children else "" for cell in row)
                for row in (row.children for row in rows)
            )
        case "hr":
            return "———"
        case _:
            return node.content.rstrip("\n")


def _list(node: SyntaxTreeNode, markers: list[str]) -> str:
    items = []
    for marker, item in zip(markers, node.children, strict=True):
        inner = "\n".join(_blocks(item)).replace("\n", "\n" + " " * len(marker))
        items.append(marker + inner)
    return "\n".join(items)


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "softbreak" | "hardbreak":
            return "\n"
        case "link":
            return _link(node)
        case _:
            if node.children:
                return "".join(_inline(child) for child in node.children)
            return "" if node.type in {"inline", "strong", "em"} else node.content


def _link(node: SyntaxTreeNode) -> str:
    text = "".join(_inline(child) for child in node.children)
    url = str(node.attrs.get("href", ""))
    return text if text in {url, url.removeprefix("mailto:")} else f"{text} ({url})"
