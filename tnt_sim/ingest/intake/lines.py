"""The rows of a sheet sorted: title, header, application, line aside with a reason, or question."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Money
from tnt_sim.ingest.intake.header_words import identify_header
from tnt_sim.ingest.intake.table_search import TableFound, is_certain_header, is_number, is_unit
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import shorten_value


class LineKind(IntEnum):
    """Kind of a row."""

    TITLE = 0
    HEADER = 1
    APPLICATION = 2
    ASIDE = 3
    QUESTIONED = 4


@dataclass(frozen=True, slots=True)
class SortedLine:
    """A row that is no application.

    Attributes
    ----------
    row : its number in the file
    kind : what it is
    code, reason : why
    text : its first cells
    """

    row: int
    kind: LineKind
    code: str
    reason: Text
    text: str


@dataclass(frozen=True, eq=False)
class SortedLines:
    """The rows of the sheet of the table.

    Attributes
    ----------
    kinds : LineKind of each row, int8 (n_rows,)
    lines : the rows that are no application, in order
    unnumbered : rows of the file that are applications without a number
    """

    kinds: npt.NDArray[np.int8]
    lines: tuple[SortedLine, ...]
    unnumbered: tuple[int, ...] = ()

    @property
    def is_application(self) -> pl.Series:
        """Return which rows are applications, Boolean."""
        return pl.Series("kept", self.kinds == LineKind.APPLICATION)


_TOTAL = (
    r"(?i)^\W*(?:(?:sous[- ]?|s/)?tota(?:l|ux)\b|cumul\b|ensemble$|moyenne\b|(?:. )?report(?:er)?$"
    r"|reste . (?:r.partir|programmer)|solde\b|disponible\b|enveloppe\b|montant total\b|nombre (?:de|total)"
    r"|nb (?:de )?dossiers|grand total)"
)
_TOTAL_ALONE = (
    r"(?i)^\W*(?:(?:sous[- ]?|s/)?tota(?:l|ux)|grand total|cumul|ensemble|moyenne)"
    r"(?: g.n.ra(?:l|ux))?\W*$"
)
_SUM = r"(?i)^\W*somme\W*$"
"""Name of a total only where the amounts add up: the Somme is a department too."""
_LETTER = re.compile(r"\(?([a-z]|\d{1,2})\)?(?:\s*=.*)?", re.I)
_MOST_SUMMED = 1_000
"""Rows without name that are compared with the sums above them."""
_CODE = re.compile(r"(?=.*\d)\S{1,24}")
_UNCLEAR = _("neither an application nor a total for certain")
_OTHER_TABLE = _("another table of the sheet, with a header of its own")


def sort_lines(
    table: TableFound,
    columns: Mapping[str, int],
    cents: Mapping[str, pl.Series],
    *,
    take: frozenset[int] = frozenset(),
    drop: frozenset[int] = frozenset(),
    n_rounded: Mapping[str, int] = MappingProxyType({}),
) -> SortedLines:
    """Sort the rows of a sheet.

    Parameters
    ----------
    table : the table of the sheet
    columns : index of the column of each canonical name
    cents : amounts of every row of the sheet, by canonical name of money
    take, drop : rows of the file that the planner takes as applications, or sets aside
    n_rounded : amounts that are no whole cents, by canonical name: a total of them may differ by half a cent each
    """
    return _Sorter(table, columns, cents, take, drop, n_rounded).run()


class _Sorter:
    """One pass over a sheet; each step settles the rows that no earlier one has."""

    def __init__(
        self,
        table: TableFound,
        columns: Mapping[str, int],
        cents: Mapping[str, pl.Series],
        take: frozenset[int],
        drop: frozenset[int],
        n_rounded: Mapping[str, int],
    ) -> None:
        self.table, self.columns, self.cents, self.take, self.drop = table, columns, cents, take, drop
        self.n_rounded = n_rounded
        sheet = table.sheet
        self.rows = sheet.raw.rows.to_numpy().astype(np.int64)
        self.labelled = [k for k, label in enumerate(table.labels) if label]
        self.filled = sheet.filled[:, self.labelled]
        self.counts = self.filled.sum(axis=1)
        self.kinds = np.full(len(self.rows), -1, dtype=np.int8)
        self.lines: dict[int, SortedLine] = {}

    def run(self) -> SortedLines:
        self._sort_head()
        below = np.arange(len(self.rows)) >= self.table.first
        if below.any():
            self._apply_answers()
            self._find_repeated_headers()
            self._find_other_tables()
            self._find_totals()
            self._find_applications()
            self._find_totals_among_applications()
            self._find_copies()
            self._sort_rest()
            self._check_totals()
        key = self._select_filled("dossier")
        unnumbered: list[int] = []
        if "dossier" in self.columns:
            unnumbered = np.flatnonzero((self.kinds == LineKind.APPLICATION) & ~key).tolist()
        ordered = tuple(self.lines[index] for index in sorted(self.lines))
        return SortedLines(self.kinds, ordered, tuple(int(self.rows[index]) for index in unnumbered))

    def _settle(self, index: int, kind: LineKind, code: str, reason: Text) -> None:
        self.kinds[index] = kind
        cells = [text for text in self.table.sheet.get_row(index) if text]
        self.lines[index] = SortedLine(
            int(self.rows[index]), kind, code, reason, shorten_value(" | ".join(cells), 90)
        )

    def _select_filled(self, name: str) -> npt.NDArray[np.bool_]:
        if name not in self.columns:
            return np.zeros(len(self.rows), dtype=bool)
        return self.table.sheet.filled[:, self.columns[name]].copy()

    def _sort_head(self) -> None:
        below_header = False
        for index in range(self.table.first):
            below_header |= index < self.table.header_rows[0] - 1 and is_certain_header(
                self.table.sheet, index
            )
            if index in self.table.header_rows:
                self._settle(index, LineKind.HEADER, "header", _("header"))
            elif below_header and self.table.sheet.filled[index].sum() > 1:
                self._settle(index, LineKind.QUESTIONED, "other_table", _OTHER_TABLE)
            else:
                self._settle(index, LineKind.TITLE, "title", _("above the header"))

    def _apply_answers(self) -> None:
        below = np.arange(len(self.rows)) >= self.table.first
        self.kinds[below & np.isin(self.rows, list(self.take))] = LineKind.APPLICATION
        for index in np.flatnonzero(below & np.isin(self.rows, list(self.drop))).tolist():
            self._settle(index, LineKind.ASIDE, "planner", _("set aside as asked"))

    def _list_open(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self.kinds < 0)

    def _find_repeated_headers(self) -> None:
        """Set aside headers printed again, and the rows of units or of column numbers below the header."""
        labels = [normalise_header(self.table.labels[k]) for k in self.labelled]
        key = self.columns.get("dossier", self.labelled[0])
        texts = self.table.sheet.texts[key]
        words = [text for text in texts.unique().to_list() if text and not any(c.isdigit() for c in text)]
        heads = [
            text
            for text in words
            if identify_header(text) is not None
            and identify_header(text) == identify_header(self.table.labels[key])
        ]
        heads += [
            text for text in words if normalise_header(text) == normalise_header(self.table.labels[key])
        ]
        for index in np.flatnonzero(texts.is_in(heads).to_numpy() & (self.kinds < 0)).tolist():
            cells = [normalise_header(self.table.sheet.texts[k][index]) for k in self.labelled]
            same = sum(
                cell == label or label.endswith(cell)
                for cell, label in zip(cells, labels, strict=True)
                if cell
            )
            if same * 2 > sum(map(bool, cells)):
                self._settle(index, LineKind.ASIDE, "repeated_header", _("the header again"))
        first = self._list_open()[:1]
        for index in first.tolist():
            cells = [text for text in self.table.sheet.get_row(index) if text]
            if len(cells) < 2:
                continue
            if all(is_unit(text) for text in cells):
                self._settle(index, LineKind.ASIDE, "units", _("units of the columns"))
            elif len(cells) > 2 and _is_numbering(cells):
                self._settle(index, LineKind.ASIDE, "numbering", _("numbers of the columns"))

    def _find_other_tables(self) -> None:
        """Ask about the rows below another header: the columns of this table do not read them."""
        open_ = self._list_open()
        header = next((index for index in open_.tolist() if is_certain_header(self.table.sheet, index)), None)
        if header is None:
            return
        for index in open_[open_ >= header].tolist():
            if self.table.sheet.filled[index].sum() > 1:
                self._settle(index, LineKind.QUESTIONED, "other_table", _OTHER_TABLE)

    def _find_totals_among_applications(self) -> None:
        """Set aside totals that look like applications: they have a count as number, or no row has a number."""
        sheet, has_number = self.table.sheet, "dossier" in self.columns
        named = np.zeros(len(self.rows), dtype=bool)
        is_total_alone = named.copy()
        for k in range(len(sheet.texts)):
            if sheet.raw.columns[k].typed is None:
                named |= sheet.texts[k].str.contains(f"{_TOTAL}|{_SUM}").to_numpy()
                is_total_alone |= sheet.texts[k].str.contains(_TOTAL_ALONE).to_numpy()
        applications = (self.kinds == LineKind.APPLICATION) & ~np.isin(self.rows, list(self.take))
        candidates = np.flatnonzero(named & applications)[:_MOST_SUMMED].tolist()
        self.kinds[candidates] = -1
        for index in candidates:
            if self._is_sum(index):
                self._settle(index, LineKind.ASIDE, "total", _("a total, not an application"))
        for index in candidates:
            if self.kinds[index] < 0 and is_total_alone[index] and not has_number:
                self._settle(index, LineKind.ASIDE, "total", _("a total, not an application"))
            elif self.kinds[index] < 0 and is_total_alone[index]:
                self._settle(index, LineKind.QUESTIONED, "unclear", _UNCLEAR)
            elif self.kinds[index] < 0:
                self.kinds[index] = LineKind.APPLICATION
        last = int(np.flatnonzero(self.kinds == LineKind.APPLICATION).max(initial=-1))
        if (
            not has_number
            and (self.kinds == LineKind.APPLICATION).sum() > 2
            and self.rows[last] not in self.take
        ):
            self._ask_of_last_line(last)

    def _ask_of_last_line(self, last: int) -> None:
        """Ask about the last line if it is the sum of the others and has less to its name than each of them."""
        names = [name for name in ("title", "applicant") if name in self.columns]
        others = self.kinds == LineKind.APPLICATION
        others[last] = False
        lacks = any(
            not self._select_filled(name)[last] and self._select_filled(name)[others].all() for name in names
        )
        self.kinds[last] = -1
        if lacks and self._is_sum(last):
            self._settle(last, LineKind.QUESTIONED, "unclear", _UNCLEAR)
        else:
            self.kinds[last] = LineKind.APPLICATION

    def _find_totals(self) -> None:
        """Set aside the rows named as totals, where no application has this number."""
        sheet = self.table.sheet
        named = np.zeros(len(self.rows), dtype=bool)
        for k in range(len(sheet.texts)):
            if sheet.raw.columns[k].typed is None:
                named |= sheet.texts[k].str.contains(_TOTAL).to_numpy()
        key = self._select_filled("dossier")
        if "dossier" in self.columns:
            key &= ~sheet.texts[self.columns["dossier"]].str.contains(_TOTAL).to_numpy()
        else:
            key = self.counts * 2 > np.median(self.counts[self.table.first :])
        for index in np.flatnonzero(named & ~key & (self.kinds < 0)).tolist():
            self._settle(index, LineKind.ASIDE, "total", _("a total, not an application"))

    def _find_applications(self) -> None:
        open_ = self.kinds < 0
        typical = float(np.median(self.counts[open_])) if open_.any() else 0.0
        key = self._select_filled("dossier")
        named = self._select_filled("title") | self._select_filled("applicant")
        money = np.zeros(len(self.rows), dtype=bool)
        for name in ("requested", "cost", "base"):
            money |= self._select_filled(name)
        full = self.counts * 2 >= typical
        odd = np.zeros(len(self.rows), dtype=bool)
        if "dossier" in self.columns:
            odd = self._select_odd_numbers(open_ & key & (self.counts >= 2))
            applications = open_ & key & (self.counts >= 2)
        elif "title" in self.columns or "applicant" in self.columns:
            applications = open_ & named & full & (self.counts >= 2)
        else:
            applications = open_ & full & (self.counts >= 2)
        last = int(np.flatnonzero(applications & full & ~odd).max(initial=-1))
        gaps = np.flatnonzero(np.diff(self.rows, prepend=self.rows[:1]) > 1)
        gap = int(gaps[gaps > last][0]) if (gaps > last).any() else len(self.rows)
        after = np.arange(len(self.rows)) >= gap
        applications &= ~odd | (named & money & full & ~after)
        thin = applications & after
        self.kinds[applications & ~thin] = LineKind.APPLICATION
        for index in np.flatnonzero(thin).tolist():
            self._settle(index, LineKind.ASIDE, "below", _("below the table, after an empty line"))
        if "dossier" in self.columns:
            bare = (
                (self.kinds < 0) & named & money & full & ~self._select_filled("dossier") & (self.counts >= 2)
            )
            for n_summed, index in enumerate(
                np.flatnonzero(bare & (np.arange(len(self.rows)) < gap)).tolist()
            ):
                if n_summed >= _MOST_SUMMED or not self._is_sum(index):
                    self.kinds[index] = LineKind.APPLICATION

    def _select_odd_numbers(self, keyed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return the rows whose number has no digit, where nearly all others have one."""
        digit = self.table.sheet.texts[self.columns["dossier"]].str.contains(r"\d").to_numpy()
        n_keyed = int(keyed.sum())
        nearly_all = int((keyed & digit).sum()) * 2 > n_keyed
        return keyed & ~digit if nearly_all else np.zeros(len(self.rows), dtype=bool)

    def _find_copies(self) -> None:
        """Set aside applications that stand on two rows with the same cells throughout."""
        if "dossier" not in self.columns:
            return
        sheet = self.table.sheet
        numbers = sheet.texts[self.columns["dossier"]]
        doubled = numbers.is_duplicated().to_numpy() & (self.kinds == LineKind.APPLICATION)
        first_rows: dict[tuple[str, ...], int] = {}
        for index in np.flatnonzero(doubled & self._select_filled("dossier")).tolist():
            cells = tuple(sheet.texts[k][index] for k in self.labelled)
            if cells in first_rows:
                first = int(self.rows[first_rows[cells]])
                self._settle(
                    index, LineKind.ASIDE, "copy", _("the same in every cell as line {first}", first=first)
                )
            else:
                first_rows[cells] = index

    def _sort_rest(self) -> None:
        """Settle the rows that remain: titles between the lines, notes, totals without a name, or a question."""
        applications = np.flatnonzero(self.kinds == LineKind.APPLICATION)
        last = int(applications.max(initial=-1))
        for n_summed, index in enumerate(self._list_open().tolist()):
            cells = [text for text in self.table.sheet.get_row(index) if text]
            words = [text for text in cells if not is_number(text)]
            if n_summed < _MOST_SUMMED and self._is_sum(index):
                self._settle(
                    index, LineKind.ASIDE, "total", _("a total without a name: the sum of the lines above")
                )
            elif len(cells) == 1 and _CODE.fullmatch(cells[0]) and self._select_filled("dossier")[index]:
                reason = _("a number alone")
                self._settle(index, LineKind.QUESTIONED, "bare_number", reason)
            elif index > last and (len(cells) == 1 or len(words) == len(cells)) and words:
                self._settle(index, LineKind.ASIDE, "note", _("a note below the table"))
            elif len(cells) == 1 and words:
                self._settle(index, LineKind.ASIDE, "section", _("a title between the lines"))
            elif index > last and (np.diff(self.rows[last : index + 1]) > 1).any():
                self._settle(index, LineKind.ASIDE, "below", _("below the table, after an empty line"))
            else:
                self._settle(index, LineKind.QUESTIONED, "unclear", _UNCLEAR)

    def _is_sum(self, index: int) -> bool:
        """Return whether each amount of a row is the sum of the applications above it, or of its block."""
        amounts = {name: one[index] for name, one in self.cents.items() if one[index] is not None}
        return bool(amounts) and all(
            self._has_equal_sum(name, index, value) for name, value in amounts.items()
        )

    def _has_equal_sum(self, name: str, index: int, value: int) -> bool:
        everything, block = self._sum_above(name, index)
        slack = (self.n_rounded.get(name, 0) + 1) // 2
        return value != 0 and min(abs(value - everything), abs(value - block)) <= slack

    def _sum_above(self, name: str, index: int) -> tuple[int, int]:
        """Return the sum over all applications, and over those between the last line set aside and this one."""
        applications = self.kinds == LineKind.APPLICATION
        values = self.cents[name].fill_null(0).to_numpy()
        before = [
            at for at in self.lines if at < index and self.lines[at].code in ("total", "section", "header")
        ]
        start = max(before, default=0)
        block = applications.copy()
        block[:start] = False
        block[index:] = False
        return int(values[applications].sum()), int(values[block].sum())

    def _check_totals(self) -> None:
        """Say where a total differs from the sum of its lines."""
        for index, settled in list(self.lines.items()):
            value = (
                self.cents["requested"][index]
                if settled.code == "total" and "requested" in self.cents
                else None
            )
            if value is None or self._has_equal_sum("requested", index, value):
                continue
            everything, block = self._sum_above("requested", index)
            reason = _(
                "a total of {value}, but the lines add up to {total}",
                value=Money(value), total=Money(block or everything),
            )  # fmt: skip
            self.lines[index] = SortedLine(settled.row, settled.kind, "wrong_total", reason, settled.text)


def _is_numbering(cells: Sequence[str]) -> bool:
    """Return whether the cells count the columns: 1, 2, 3 … or (a), (b), (c) …."""
    matched = [match[1].lower() if (match := _LETTER.fullmatch(text)) else "" for text in cells]
    if not all(matched):
        return False
    places = [int(text) if text.isdigit() else ord(text) - 96 for text in matched]
    return all(b - a == 1 for a, b in itertools.pairwise(places)) and places[0] in (0, 1)
