"""The report of an answer as a tree of sentences, tables and charts, for terminal, page and workbook.

A builder of `reports/` makes one tree per answer, with sentences in both languages and figures as numbers. The
three renderers of `renderers/` write it in the language and the width of the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum, auto
from fractions import Fraction
from typing import Protocol

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.language import Output as Output
from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.i18n.numbers import (
    format_amounts,
    format_integer,
    format_number,
    format_rate,
    format_short_amounts,
)

type Words = Text | str
"""A sentence in both languages, or a text that has one form only, as a name or an id."""
type Cell = Words | int | Fraction | None


WIDE, NARROW = 552, 340
"""Widths in pixels of the two drawings of a picture: beside a table, and on a phone. None is scaled down."""
COLON = _(": ")
"""Sign between the head of a cell and the cell, where a row is written as a card."""
SYNTHETIC = _("SYNTHETIC data: these applications describe no real request.")


class Kind(StrEnum):
    """The kind of the values of a column.

    `MONEY` is integer cents; `ROUND_MONEY` too, read in k€ or M€ and exact in a sheet. `COUNT` is an integer,
    `DECIMAL` an exact number or its text, `RATE` a fraction of 1. `FIGURE` is a number with words: « 12 (≤ 15) ».
    """

    TEXT = auto()
    FIGURE = auto()
    MONEY = auto()
    ROUND_MONEY = auto()
    COUNT = auto()
    DECIMAL = auto()
    RATE = auto()


class Tone(Enum):
    """How a callout is marked."""

    GOOD = auto()
    BAD = auto()
    DOUBT = auto()
    BOUND = auto()
    PLAIN = auto()
    WARNING = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    optional : a terminal that is too narrow drops it
    narrow : what such a terminal writes instead, before it drops a column
    below : a terminal writes its cells under their row
    strong : a card writes its cells as plainly as the first one
    """

    head: Words
    values: Sequence[Cell]
    kind: Kind = Kind.TEXT
    outputs: Output = Output.ALL
    optional: bool = False
    narrow: Column | None = None
    below: bool = False
    strong: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the column is aligned to the left."""
        return self.kind is Kind.TEXT

    def format_values(self, lang: Lang, rows: Sequence[int], output: Output = Output.PAGE) -> list[str]:
        """Write the cells of some rows for a reader; a missing one is a dash."""
        values = [self.values[row] for row in rows]
        match None if any(isinstance(value, Text) for value in values) else self.kind:
            case Kind.MONEY:
                return format_amounts([_require_integer(value) for value in values], lang)
            case Kind.ROUND_MONEY:
                return format_short_amounts([_require_integer(value) for value in values], lang)
        return ["–" if value is None else _format_value(value, self.kind, lang, output) for value in values]


def _require_integer(value: Cell) -> int | None:
    assert value is None or isinstance(value, int)
    return value


def _format_value(value: Words | int | Fraction, kind: Kind, lang: Lang, output: Output) -> str:
    if isinstance(value, Text):
        return value.write(lang, output)
    match kind:
        case Kind.COUNT if isinstance(value, int):
            return format_integer(value, lang)
        case Kind.DECIMAL:
            return format_number(_parse_number(value), lang)
        case Kind.RATE:
            return format_rate(_parse_number(value), lang)
    return str(value)


def _parse_number(value: str | int | Fraction) -> Fraction:
    return parse_decimal(value) if isinstance(value, str) else Fraction(value)


def convert_to_number(value: Cell, kind: Kind) -> Cell | float:
    """Return a cell as a sheet holds it: euros, plain numbers, or words."""
    if value is None or kind in (Kind.TEXT, Kind.FIGURE):
        return value
    if isinstance(value, Text):
        return value.number()
    if kind in (Kind.MONEY, Kind.ROUND_MONEY):
        cents = _require_integer(value)
        return None if cents is None else cents / 100
    return value if isinstance(value, int) else float(_parse_number(value))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One sentence or a few; a `soft` one is a remark, and a `mark`, as « → », makes it an item of a list."""

    text: Words
    soft: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Callout:
    """A sentence that must be seen: the verdict, a warning, a limit."""

    text: Words
    tone: Tone


class Drawable(Protocol):
    """A picture as data, which draws itself as SVG."""

    def draw(self, label: str, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels, "" where there is nothing to draw; `label` says what it shows."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a page, drawn as SVG when it is rendered; other outputs have its table.

    Attributes
    ----------
    finding : what it shows in a sentence, its title
    question : what it is about, below the title
    alt : what it shows, for those who do not see it; by default the finding
    """

    picture: Drawable
    finding: Words = ""
    question: Words = ""
    alt: Words = ""

    def draw(self, lang: Lang, width: int) -> str:
        """Return its SVG for a width in pixels; "" where there is nothing to draw."""
        return self.picture.draw(write_words(self.alt or self.finding, lang), lang, width)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of columns of equal length.

    Attributes
    ----------
    caption : for a section of several tables
    name : of its sheet, by default the caption or the section's title
    most : rows that a terminal lists, the first ones, or evenly `spread`; a page has 500, a sheet all
    n_unlisted : rows of the answer beyond those of the table
    as_cards : each row is a few sentences, which a terminal writes below one another
    narrow_cards : a narrow page writes the cells of each row below one another
    folded : a page shows its caption alone until it is opened
    tones : of the rows on a terminal, by default none
    outputs : where the table appears
    """

    columns: Sequence[Column]
    caption: Words = ""
    name: Words = ""
    most: int = 20
    spread: bool = False
    n_unlisted: int = 0
    as_cards: bool = False
    narrow_cards: bool = False
    folded: bool = False
    tones: Sequence[Tone | None] = ()
    outputs: Output = Output.ALL

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    def select_columns(self, output: Output) -> list[Column]:
        """Return the columns that an output has."""
        return [column for column in self.columns if column.outputs & output]


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines of a file as they are written there, each with a remark or ""; `name` is that of its sheet."""

    lines: Sequence[tuple[str, str]]
    name: Words


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part. An `annex` is left to page and workbook, and a `folded` one shows its title on a page."""

    title: Words
    nodes: Sequence[Node] = ()
    annex: bool = False
    folded: bool = False


type Node = Paragraph | Callout | Chart | Table | Listing | Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer to one question.

    Attributes
    ----------
    title : the question in a few words
    subject : title of the scenario
    about : what identifies the answer, as the scenario's id and the day of the decision
    nodes : the verdict first, then sentences and sections
    answer : what a page says first in a few sentences, where the nodes of a terminal say it further below
    page : the nodes of a page, where its readers need other words than those of a terminal
    synthetic : whether the data are invented
    foot : fingerprints of the sources, by name
    bare : a terminal writes the nodes alone, without title and subject
    """

    title: Words
    subject: Words = ""
    about: Sequence[Words] = ()
    nodes: Sequence[Node] = ()
    answer: Sequence[Node] = ()
    page: Sequence[Node] = ()
    synthetic: bool = False
    foot: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    bare: bool = False


def build_section(
    title: Words,
    columns: Sequence[Column] = (),
    *,
    words: Sequence[Words] = (),
    chart: Chart | None = None,
    annex: bool = False,
    most: int = 20,
) -> Section:
    """Return a section of sentences, at most one chart and at most one table."""
    nodes: list[Node] = [Paragraph(text) for text in words]
    if chart is not None:
        nodes.append(chart)
    if columns:
        nodes.append(Table(columns, most=most))
    return Section(title, nodes, annex)


def write_both(describe: Callable[[Lang], str]) -> Text:
    """Return what is described in one language, in both."""
    return Bilingual(describe(Lang.FR), describe(Lang.EN))


def write_each[Entry](describe: Callable[[Entry, Lang], str], entries: Sequence[Entry]) -> list[Text]:
    """Return what is described of each entry, in both languages."""
    return [Bilingual(describe(entry, Lang.FR), describe(entry, Lang.EN)) for entry in entries]


def write_words(words: Words, lang: Lang, output: Output = Output.PAGE) -> str:
    """Return a text in one language, as an output shows it."""
    return words if isinstance(words, str) else words.write(lang, output)
