"""The table of a sheet: its header under titles and merged heads, and the label of each column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.ingest.forms.form_table import make_labels_unique, sanitise_label
from tnt_sim.ingest.intake.header_units import find_header_sign, list_signs, remove_sign, remove_unit
from tnt_sim.ingest.intake.header_words import find_factor, find_title_factor, identify_header, identify_role
from tnt_sim.ingest.intake.sheets import Sheet
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import format_letters

_LOOK_AHEAD = 60
"""Rows among which the header is looked for."""
_LONGEST_LABEL = 160
_NUMBER = re.compile(r"[-+−]?[\d\s\u00a0\u202f.,]+(?:€|%|k€|M€)?")
_YEAR = re.compile(r"20\d\d")
UNIT = re.compile(
    r"(?i)\W*(?:en )?(?:[km]?\s?€|[km]?(?:eur|euros?)|(?:milliers|millions)(?: d.euros)?|ht|ttc|en euros?|%|hab\.?"
    r"|habitants|/ ?\d+|n°|jj/mm/aaaa|texte|oui/non)(?:\s*(?:ht|ttc))?\W*"
)
"""A cell with the unit of a column alone."""
_SCALES = {1_000: "k", 1_000_000: "M"}


@dataclass(frozen=True, eq=False)
class TableFound:
    """The table of a sheet.

    Attributes
    ----------
    sheet : the sheet
    header_rows : indices of the rows that hold the headers; the last one is above the first line
    labels : by column, its header on one line, unique, "" for an empty column
    invented : columns with cells but no header, whose label is their letter
    scaled : columns whose thousands or millions stand above or below their header, and are added to it
    n_known : canonical columns that the labels name
    decimal : mark of the decimals in a table of another currency, where its cells prove it
    """

    sheet: Sheet
    header_rows: tuple[int, ...]
    labels: tuple[str, ...]
    invented: frozenset[int]
    n_known: int
    scaled: frozenset[int] = frozenset()
    decimal: str | None = None

    @property
    def names_applications(self) -> bool:
        """Return whether the labels name applications: their number, title or applicant, and an amount."""
        known = {found[0] for label in self.labels if (found := identify_header(label)) is not None}
        has_amount = any(CANONICAL[name] is ColumnKind.MONEY for name in known)
        return has_amount and bool(known & {"dossier", "title", "applicant"})

    @property
    def first(self) -> int:
        """Return the index of the first row below the header."""
        return self.header_rows[-1] + 1 if self.header_rows else 0

    @property
    def n_below(self) -> int:
        """Return the number of rows below the header."""
        return len(self.sheet.raw.rows) - self.first

    @property
    def merit(self) -> tuple[bool, bool, int, int]:
        """Return how well this is the table of applications: known columns, then lines."""
        rich = self.n_known >= 3 and self.n_below >= 1
        return self.sheet.visible, rich, min(self.n_known, 6) * min(self.n_below, 10_000), self.n_known


def find_table(sheet: Sheet, header_row: int | None = None) -> TableFound | None:
    """Find the table of a sheet; None where no row can be a header.

    `header_row` is the row of the headers as the file counts it, where the planner says so.
    """
    if any(column.header for column in sheet.raw.columns):
        labels = [sanitise_label(column.header) for column in sheet.raw.columns]
        return TableFound(sheet, (), tuple(make_labels_unique(labels)), frozenset(), _count_known(labels))
    if not len(sheet.raw.rows):
        return None
    if header_row is not None:
        at = [index for index, row in enumerate(sheet.raw.rows.to_list()) if row == header_row]
        return _build_table(sheet, at[0]) if at else None
    best, most = None, 0.0
    for index in range(min(_LOOK_AHEAD, len(sheet.raw.rows))):
        merit = _measure_header(sheet, index)
        if merit > most:
            best, most = index, merit
    return None if best is None else _build_table(sheet, best)


def _count_known(labels: Sequence[str]) -> int:
    return len({known[0] for label in labels if (known := identify_header(label)) is not None})


def is_number(text: str) -> bool:
    """Return whether a text is a number, with or without a unit, other than a year."""
    if (currency := get_currency()) != EURO:
        text = text.removeprefix(currency.symbol).removesuffix(currency.symbol).strip()
    text = remove_sign(text)
    return (
        _NUMBER.fullmatch(text) is not None and any(c.isdigit() for c in text) and not _YEAR.fullmatch(text)
    )


def is_certain_header(sheet: Sheet, index: int) -> bool:
    """Return whether a row is a header beyond doubt: two known columns, half of its cells, and no digit."""
    cells = [text for text in sheet.get_row(index) if text]
    if any(any(c.isdigit() for c in text) or len(text) > _LONGEST_LABEL for text in cells):
        return False
    n_known = _count_known(cells)
    return n_known >= 2 and n_known * 2 >= len(cells)


def _measure_header(sheet: Sheet, index: int) -> float:
    """Return how well a row can be the header; 0 where it cannot."""
    cells = [text for text in sheet.get_row(index) if text]
    if len(cells) < 2 or any(len(text) > _LONGEST_LABEL for text in cells):
        return 0.0
    numbers = sum(map(is_number, cells))
    if numbers * 3 > len(cells):
        return 0.0
    known = _count_known(cells)
    roles = sum(identify_role(text) is not None for text in cells)
    own = known < 2 and not _is_above_numbers(sheet, index)
    return 0.0 if own else 3.0 * known + roles + 0.25 * min(len(cells), 12) - 2.0 * numbers


def _is_above_numbers(sheet: Sheet, index: int) -> bool:
    """Return whether the rows below have numbers under the cells of this one."""
    if index + 1 >= len(sheet.raw.rows):
        return False
    below = sheet.get_row(index + 1)
    here = sheet.get_row(index)
    n_below = sum(bool(text) for text in below)
    both = any(
        is_number(text) and head and not is_number(head) for text, head in zip(below, here, strict=True)
    )
    return both and n_below * 2 >= sum(map(bool, here))


def _build_table(sheet: Sheet, index: int) -> TableFound:
    """Return the table below a header row, with the heads above it and the row of parts below it."""
    rows = [*_find_group_row(sheet, index), index, *_find_part_row(sheet, index)]
    cells = [_spread_merged(sheet, row) for row in rows]
    width = len(sheet.raw.columns)
    labels_above = [
        list(dict.fromkeys(sanitise_label(text) for line in cells if (text := line[column])))
        for column in range(width)
    ]
    shared = Counter(normalise_header(part[-1]) for part in labels_above if part)
    labels, invented = [], set()
    for column, part in enumerate(labels_above):
        if part:
            labels.append(_join_parts(part, shared))
        elif sheet.filled[rows[-1] + 1 :, column].any():
            labels.append(f"Colonne {format_letters(sheet.raw.columns[column].position)}")
            invented.add(column)
        else:
            labels.append("")
    factors = _find_factors(sheet, rows, labels, labels_above)
    labels = [label + factors.get(column, "") for column, label in enumerate(labels)]
    unique = iter(make_labels_unique(label for label in labels if label))
    named = tuple(next(unique) if label else "" for label in labels)
    known = _count_known(named)
    return TableFound(sheet, tuple(rows), named, frozenset(invented), known, frozenset(factors))


def _find_factors(
    sheet: Sheet, rows: Sequence[int], labels: Sequence[str], labels_above: Sequence[Sequence[str]]
) -> dict[int, str]:
    """Return the thousands or millions of columns of amounts whose own label has none, as « (k€) ».

    They stand in a head above, in a row of units below, or in a title: « Montants en k€ ».
    """
    titles = [text for index in range(rows[0]) for text in sheet.get_row(index) if text]
    of_titles = max(titles, key=find_title_factor, default="")
    units = sheet.get_row(rows[-1] + 1) if rows[-1] + 1 < len(sheet.raw.rows) else []
    if not all(is_unit(text) for text in units if text):
        units = []
    result = {}
    for column, label in enumerate(labels):
        known = identify_header(label)
        if known is None or CANONICAL[known[0]] is not ColumnKind.MONEY or find_factor(label) > 1:
            continue
        unit = units[column] if units else ""
        stated = max((unit, *labels_above[column]), key=find_factor)
        factor = find_factor(stated)
        if (
            factor == 1
            and not unit
            and not find_header_sign(label)
            and not re.search(r"(?i)\beuros?\b", label)
        ):
            stated, factor = of_titles, find_title_factor(of_titles)
        if factor > 1:
            sign = list_signs().get(find_header_sign(stated) or "", get_currency())
            result[column] = f" ({sign.build_unit(_SCALES[factor])})"
    return result


def is_unit(text: str) -> bool:
    """Return whether a cell has the unit of a column alone: « k€ », « £000 », « HT »."""
    alone = find_header_sign(text) is not None and not any(c.isalnum() for c in remove_unit(text))
    return alone or UNIT.fullmatch(text) is not None


def _join_parts(labels_above: list[str], shared: Counter[str]) -> str:
    """Return the last part where it says enough, else the heads above it with it."""
    whole = " – ".join(labels_above)
    if len(labels_above) == 1:
        return whole
    own, joined = identify_header(labels_above[-1]), identify_header(" ".join(labels_above))
    if (
        shared[normalise_header(labels_above[-1])] > 1
        or own is None
        or (joined is not None and joined[1] < own[1])
    ):
        return whole
    return labels_above[-1]


def _list_spans(sheet: Sheet, index: int) -> list[tuple[int, int, int, int]]:
    """Return the merged areas that touch a row."""
    row = int(sheet.raw.rows[index])
    return [area for area in sheet.raw.marks.merged if area[0] <= row <= area[2]]


def _spread_merged(sheet: Sheet, index: int) -> list[str]:
    """Return the texts of a row, with that of a merged area in each of its columns."""
    cells = sheet.get_row(index)
    at = {column.position: k for k, column in enumerate(sheet.raw.columns)}
    for first_row, first, __, last in _list_spans(sheet, index):
        source = index if int(sheet.raw.rows[index]) == first_row else sheet.row_index.get(first_row)
        if source is None or first not in at:
            continue
        text = sheet.texts[at[first]][source]
        for position in range(first, last + 1):
            if position in at:
                cells[at[position]] = text
    return cells


def _find_group_row(sheet: Sheet, index: int) -> list[int]:
    """Return the row above a header if it holds heads of several columns, and not a title."""
    if index == 0 or int(sheet.raw.rows[index - 1]) != int(sheet.raw.rows[index]) - 1:
        return []
    above, width = sheet.get_row(index - 1), len(sheet.raw.columns)
    filled = [column for column, text in enumerate(above) if text]
    if any(is_number(above[column]) or len(above[column]) > 60 for column in filled):
        return []
    spans = [
        last - first + 1
        for row, first, __, last in _list_spans(sheet, index - 1)
        if row == sheet.raw.rows[index - 1]
    ]
    if any(span * 10 > width * 7 for span in spans):
        return []
    header = sheet.get_row(index)
    fills = any(above[column] and not header[column] for column in filled)
    if len(filled) >= 2 and (spans or fills):
        return [index - 1]
    return [index - 1] if len(filled) == 1 and filled[0] > 0 and (spans or fills) else []


def _find_part_row(sheet: Sheet, index: int) -> list[int]:
    """Return the row below a header if it names the parts of merged heads: « HT », « TTC »."""
    if index + 1 >= len(sheet.raw.rows) or int(sheet.raw.rows[index + 1]) != int(sheet.raw.rows[index]) + 1:
        return []
    row = int(sheet.raw.rows[index])
    wide = {
        position
        for first_row, first, __, last in _list_spans(sheet, index)
        if first_row == row and last > first
        for position in range(first, last + 1)
    }
    here, below = sheet.get_row(index), sheet.get_row(index + 1)
    filled = [column for column, text in enumerate(below) if text]
    under = [
        column for column in filled
        if sheet.raw.columns[column].position in wide or not here[column]
    ]  # fmt: skip
    if len(filled) < 2 or len(under) < len(filled) or any(is_number(below[column]) for column in filled):
        return []
    return [index + 1] if any(sheet.raw.columns[column].position in wide for column in filled) else []
