"""A card as plain data, sections of paragraphs, lists, tables and pictures, and how it is written: Markdown or HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

Lang = str


@dataclass(frozen=True)
class Text:
    """A paragraph; ``kind`` is ``note``, ``won`` or ``lost`` where it is set apart."""

    words: str
    kind: str = ""


@dataclass(frozen=True)
class Items:
    """A list; ``kind`` as for :class:`Text`."""

    lines: Sequence[str]
    kind: str = ""


@dataclass(frozen=True)
class Grid:
    """A table; where it is ``wide`` cells hold sentences; its ``words`` first columns hold words, the rest figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    wide: bool = False
    words: int = 1


@dataclass(frozen=True)
class Picture:
    """SVG, shown on the page only: a table beside it must say the same."""

    svg: str


Block = Text | Items | Grid | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]
    name: str = ""


def to_markdown(sections: Sequence[Section], *, level: int = 2) -> str:
    """Return the sections as Markdown."""
    return "\n\n".join(_section_markdown(section, level) for section in sections)


def to_html(sections: Sequence[Section]) -> str:
    """Return the sections as HTML; every word is escaped."""
    return "".join(
        f"<h2>{html.escape(section.title)}</h2>" + "".join(_block_html(block) for block in section.blocks)
        for section in sections
    )


def _section_markdown(section: Section, level: int) -> str:
    parts = [f"{'#' * level} {section.title}"]
    parts += [_block_markdown(block) for block in section.blocks if not isinstance(block, Picture)]
    return "\n\n".join(parts)


def _block_markdown(block: Block) -> str:
    match block:
        case Text(words, kind):
            return f"**{words}**" if kind == "lost" else words
        case Items(lines, _):
            return "\n".join(f"- {line}" for line in lines)
        case Grid(head, rows):
            table = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
            return "\n".join("| " + " | ".join(row) + " |" for row in table)
        case Picture():
            return ""


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def _block_html(block: Block) -> str:
    match block:
        case Text(words, kind):
            return f"<p{_class(kind)}>{html.escape(words)}</p>"
        case Items(lines, kind):
            items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            return f"<ul>{items}</ul>" if not kind else f"<div{_class(kind)}><ul>{items}</ul></div>"
        case Grid(head, rows, wide, words):
            top = "".join(
                f"<th{_class('w' if 0 < at < words else '')}>{html.escape(cell)}</th>" for at, cell in enumerate(head)
            )
            body = "".join(
                "<tr>"
                + "".join(
                    f"<td{_class('w' if 0 < at < words else '')}>{html.escape(c)}</td>" for at, c in enumerate(row)
                )
                + "</tr>"
                for row in rows
            )
            return f"<div class='scroll'><table{_class('wide' if wide else '')}><tr>{top}</tr>{body}</table></div>"
        case Picture(svg):
            return svg


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
