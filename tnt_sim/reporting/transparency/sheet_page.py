"""A sheet as one page, for a phone, a screen and one page of paper; complete in itself, without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from html import escape

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.renderers.html import build_security_policy, read_asset


class SheetItem(StrEnum):
    """The four items of a sheet, in the order of the law."""

    CONTRIBUTION = "contribution"
    DATA = "data"
    PARAMETERS = "parameters"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line states one thing of a dossier.

    Attributes
    ----------
    item : the item that it belongs to
    key : what it is about, the same in every language: `data.requested`, `operations.rank`
    label : what it is called
    value : what it says
    origin : cell of the input, line of the scenario, or field of the run's documents; "" for what needs none
    """

    item: SheetItem
    key: str
    label: str
    value: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class SheetHead:
    """The head of a sheet, above its items.

    Attributes
    ----------
    dossier, project : number of the dossier, and title of its project
    programme, day : title of the programme, and day of the decision, "" without one
    decision : the decision in one sentence
    notices : what holds for the whole sheet: invented data, an unproven list
    lang : language of the sheet
    law : the sentence on the law behind the four items, "" outside France
    """

    dossier: str
    project: str
    programme: str
    day: str
    decision: str
    notices: tuple[str, ...]
    lang: Lang
    law: str = ""


TITLES: Mapping[SheetItem, Text] = {
    SheetItem.CONTRIBUTION: _("How far a computation contributed to the decision"),
    SheetItem.DATA: _("The data used, and where they come from"),
    SheetItem.PARAMETERS: _("The rules, and what they give for this application"),
    SheetItem.OPERATIONS: _("The operations carried out"),
}

"""Titles of the four items."""

SHEET = _("Explanation sheet")


def render_sheet(head: SheetHead, lines: Sequence[SheetLine]) -> str:
    """Return the page of a sheet."""
    title = escape(f"{SHEET.in_(head.lang)} {head.dossier}")
    start, article = build_page_start(title, head.lang), render_article(head, lines, 1)
    return f"{start}<main>\n{article}\n</main>\n</body>\n</html>\n"


@cache
def read_style() -> str:
    """Return the style of every sheet."""
    return read_asset("sheet.css")


@cache
def _build_head(lang: Lang, script: str) -> str:
    policy = escape(build_security_policy(script, (read_style(),)))
    return (
        f'<!doctype html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>'
    )


def build_page_start(title: str, lang: Lang, script: str = "") -> str:
    """Return a page up to its body; the title is escaped already."""
    return f"{_build_head(lang, script)}{title}</title>\n<style>{read_style()}</style>\n</head>\n<body>\n"


def render_article(head: SheetHead, lines: Iterable[SheetLine], level: int) -> str:
    """Return the sheet as an article, whose title is a heading of some level."""
    pieces = [
        "<article>",
        f'<p class="kind">{escape(SHEET.in_(head.lang))}</p>',
        render_title(head, level),
        f'<p class="where">{escape(describe_programme(head))}</p>',
        render_notices(head),
        f'<p class="decision">{escape(head.decision)}</p>',
        *render_items(lines, head.lang, level + 1),
        render_law(head),
        "</article>",
    ]
    return "\n".join(piece for piece in pieces if piece)


def render_law(head: SheetHead) -> str:
    """Return the sentence on the law, "" outside France."""
    return f'<p class="law">{escape(head.law)}</p>' if head.law else ""


def render_title(head: SheetHead, level: int) -> str:
    """Return the heading of a sheet: number and project."""
    name = f" – {escape(head.project)}" if head.project else ""
    return f"<h{level}>{escape(head.dossier)}{name}</h{level}>"


def describe_programme(head: SheetHead) -> str:
    """Return the programme and the day of the decision."""
    return " · ".join(text for text in (head.programme, head.day) if text)


def render_notices(head: SheetHead) -> str:
    """Return what holds for the whole sheet."""
    return "\n".join(f'<p class="notice">{escape(text)}</p>' for text in head.notices)


def render_items(lines: Iterable[SheetLine], lang: Lang, level: int) -> Iterator[str]:
    """Yield the heading of each item that has lines, and its lines."""
    grouped: dict[SheetItem, list[SheetLine]] = {item: [] for item in SheetItem}
    for entry in lines:
        grouped[entry.item].append(entry)
    for number, (item, entries) in enumerate(grouped.items(), start=1):
        if entries:
            title = f"{number}. {TITLES[item].in_(lang)}"
            yield f"<h{level}>{escape(title)}</h{level}>"
            if item is SheetItem.DATA:
                place, entries = _set_place_apart(entries)
                yield (
                    f'<p class="from">{escape(place)}</p>\n<dl class="data">'
                    if place
                    else '<dl class="data">'
                )
            else:
                yield "<dl>"
            yield from (render_entry(entry) for entry in entries)
            yield "</dl>"


def _set_place_apart(entries: list[SheetLine]) -> tuple[str, list[SheetLine]]:
    """Return the line or sheet from which the first value comes, and the lines without it in their origins."""
    place = entries[0].origin.rpartition(", ")[0]
    start = f"{place}, "
    if not place:
        return "", entries
    return place, [
        replace(entry, origin=entry.origin.removeprefix(start)) if entry.origin.startswith(start) else entry
        for entry in entries
    ]


@cache
def render_entry(entry: SheetLine) -> str:
    """Return a line of a sheet; lines that many sheets share are written once."""
    origin = f"<small>{escape(entry.origin)}</small>" if entry.origin else ""
    return f"<div><dt>{escape(entry.label)}</dt><dd>{escape(entry.value)}{origin}</dd></div>"


def render_fragment(head: SheetHead, lines: Sequence[SheetLine]) -> str:
    """Return the sheet for a notebook: its article with the style of sheets."""
    return f'<div lang="{head.lang.value}"><style>{read_style()}</style>\n{render_article(head, lines, 1)}\n</div>'
