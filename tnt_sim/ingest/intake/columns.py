"""The columns of a table understood: by their header, then by their cells; each with what it could serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind
from tnt_sim.errors import DataError, Defects, Place, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.ingest.forms.form_table import filter_column, infer_kind
from tnt_sim.ingest.forms.layouts import WORDS, can_be_states, has_state
from tnt_sim.ingest.forms.mapping import SOURCE_ROW
from tnt_sim.ingest.intake.currency import simplify_amounts
from tnt_sim.ingest.intake.header_words import (
    GRANTED,
    Role,
    find_factor,
    identify_header,
    identify_role,
    is_of_application,
    is_scale_unclear,
    strip_units,
)
from tnt_sim.ingest.intake.table_search import TableFound
from tnt_sim.ingest.tables import cell_types
from tnt_sim.ingest.tables.cell_types import read_decimal, read_text
from tnt_sim.ingest.tables.date_cells import read_when, with_french_days
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.money_cells import read_money
from tnt_sim.ingest.tables.personal_data import E_MAIL, find_personal_labels
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, ReadOptions, Reporter, Rounding, strip_header

MAP_YEAR = 2026
_ENOUGH = 0.5
"""Share of the cells that must read as what the header says."""
_LONG_TEXT = 40
_MOST_STATES = 12
"""Most values of a column of states in words of the office: each of them is a question."""
NOTHING = r"^\s*(?:[-–—/.]|n/?a|null|nc|n.ant|sans objet|s\.?o\.?)\s*$"
"""Cells of a column of numbers or days that say that there is nothing."""


class Use(StrEnum):
    """Use of a column: canonical, further, or none."""

    CANONICAL = "canonical"
    FURTHER = "kept"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """How one column is understood.

    Attributes
    ----------
    position : index of the column in the sheet
    label : its header
    use : read under a canonical name, kept under its own, or set aside
    name : of the column in the copy; "" for one that is set aside
    kind : what its cells look like: text, number, date, flag or choice
    role : what a kept column seems to hold
    reason : why it is set aside
    factor : by which its amounts are multiplied: 1,000 for a header in k€
    rivals : headers of other columns that could be the same
    as_granted : whether granted amounts stand for the request
    certain : whether the planner or a known header says so
    """

    position: int
    label: str
    use: Use
    name: str = ""
    kind: str = "text"
    role: Role | None = None
    reason: Text | None = None
    factor: int = 1
    rivals: tuple[str, ...] = ()
    as_granted: bool = False
    certain: bool = True


def identify_columns(
    table: TableFound, mask: pl.Series, chosen: Mapping[str, str], shown_as: str
) -> tuple[ColumnReading, ...]:
    """Return how each column with a header is understood.

    Parameters
    ----------
    table : the table
    mask : which rows of the sheet count as applications, Boolean
    chosen : header by canonical name, as the planner says
    shown_as : the path as messages show it
    """
    cells = {
        k: filter_column(table.sheet.raw.columns[k], mask) for k, label in enumerate(table.labels) if label
    }
    stated = _locate_chosen(table, chosen, shown_as)
    names = stated | _assign_names(table, cells, stated)
    as_granted = False
    if "requested" not in names:
        granted = _find_granted(table, cells, set(names.values()))
        if granted is not None:
            names["requested"], as_granted = granted, True
    by_position = {position: name for name, position in names.items()}
    persons = find_personal_labels(label for label in table.labels if label)
    readings = []
    for k, column in cells.items():
        label, kind = table.labels[k], infer_kind(column)
        if k in by_position:
            name = by_position[k]
            rivals = tuple(
                table.labels[other]
                for other in cells
                if other != k and other not in by_position and _get_canonical_name(table.labels[other]) == name
                and _can_be(name, cells[other], table.labels[other], table.decimal)
            )  # fmt: skip
            money = CANONICAL[name] is ColumnKind.MONEY
            readings.append(
                ColumnReading(
                    k,
                    label,
                    Use.CANONICAL,
                    name,
                    kind,
                    factor=find_factor(label) if money else 1,
                    rivals=rivals,
                    as_granted=as_granted and name == "requested",
                    certain=name in stated or _is_certain(name, column, label, table.decimal),
                )
            )
        elif label == SOURCE_ROW:
            readings.append(
                ColumnReading(k, label, Use.ASIDE, kind=kind, reason=_("the row in an earlier file"))
            )
        elif not column.select_filled().any():
            readings.append(ColumnReading(k, label, Use.ASIDE, kind=kind, reason=_("no cell is filled")))
        elif label in persons or _has_addresses(column):
            readings.append(ColumnReading(k, label, Use.ASIDE, kind=kind, reason=_("it names persons")))
        elif kind == "text" and _is_prose(column):
            readings.append(
                ColumnReading(k, label, Use.ASIDE, kind=kind, reason=_("free text, which no rule reads"))
            )
        else:
            role = identify_role(label)
            if role is Role.RATE and kind not in ("number", "choice"):
                role = None
            if role is Role.OPINION and kind in ("number", "date"):
                role = None
            readings.append(ColumnReading(k, label, Use.FURTHER, _build_further_name(label), kind, role))
    return _make_names_unique(readings)


def _get_canonical_name(label: str) -> str:
    known = identify_header(label)
    return known[0] if known is not None else ""


def _locate_chosen(table: TableFound, chosen: Mapping[str, str], shown_as: str) -> dict[str, int]:
    """Return the columns that the planner names, by canonical name."""
    exact = {label: k for k, label in reversed(list(enumerate(table.labels))) if label}
    near = {normalise_header(label): k for label, k in exact.items()}
    result, defects = {}, Defects()
    for name, header in chosen.items():
        position = exact.get(strip_header(header), near.get(normalise_header(header)))
        if position is None:
            text = _('no column is called "{header}".', header=header)
            defects.add("missing_column", text, Place(file=shown_as, sheet=table.sheet.raw.sheet),
                        hint=suggest_name(header, exact))  # fmt: skip
        else:
            result[name] = position
    defects.raise_if_any(DataError)
    return result


def _assign_names(
    table: TableFound, cells: Mapping[int, RawColumn], stated: Mapping[str, int]
) -> dict[str, int]:
    """Return a column for each canonical name: the surest header with cells that fit."""
    offers: list[tuple[int, int, str]] = []
    for k in cells:
        label = table.labels[k]
        known = identify_header(label)
        if known is not None and k not in stated.values():
            offers.append((known[1], k, known[0]))
        if k not in stated.values():
            offers += [
                (40, k, name) for name in ("commune", "epci") if strip_units(label) in (name, f"{name}s")
            ]
    result: dict[str, int] = {}
    for __, k, name in sorted(offers):
        if name in stated or name in result or k in result.values():
            continue
        if _measure_fit(name, cells[k], table.labels[k], table.decimal) >= _ENOUGH:
            result[name] = k
    if "state" not in {*stated, *result}:
        rest = [k for __, k, name in sorted(offers) if name == "state" and k not in result.values()]
        own = [k for k in rest if _has_own_states(cells[k], table.labels[k])]
        if own:
            result["state"] = own[0]
    return result


def _can_be(name: str, column: RawColumn, label: str, decimal: str | None) -> bool:
    if name == "state" and _has_own_states(column, label):
        return True
    return _measure_fit(name, column, label, decimal) >= _ENOUGH


def _is_certain(name: str, column: RawColumn, label: str, decimal: str | None) -> bool:
    """Return whether a known header says what the column is, and states are mostly in the usual words."""
    known = identify_header(label)
    if known is None or known[1] >= 50:
        return False
    return name != "state" or _measure_fit(name, column, label, decimal) >= _ENOUGH


def _has_own_states(column: RawColumn, label: str) -> bool:
    """Return whether a column under a header of states has states in words of the office.

    Each of these words is a question. « Statut » alone may be a legal form or anything else: one of its
    values must then be a usual state.
    """
    texts = read_text(column).filter(column.select_filled())
    values = texts.unique().to_list()
    if not values or len(values) > _MOST_STATES or infer_kind(column) not in ("choice", "text"):
        return False
    return has_state(values) or (is_of_application(label) and can_be_states(values))


def _find_granted(table: TableFound, cells: Mapping[int, RawColumn], used: set[int]) -> int | None:
    for label in GRANTED:
        for k, column in cells.items():
            fits = k not in used and label in (
                normalise_header(table.labels[k]),
                strip_units(table.labels[k]),
            )
            if fits and _measure_fit("requested", column, table.labels[k], table.decimal) >= _ENOUGH:
                return k
    return None


def _measure_fit(name: str, column: RawColumn, label: str, decimal: str | None) -> float:
    """Return the share of the filled cells that read as the canonical column; 1 for an empty one."""
    filled = column.select_filled()
    n_filled = int(filled.sum())
    if not n_filled:
        return 1.0 if name not in ("dossier", "commune", "epci") else 0.0
    texts = read_text(column)
    match CANONICAL[name]:
        case ColumnKind.MONEY | ColumnKind.DECIMAL | ColumnKind.INTEGER | ColumnKind.WHEN:
            if CANONICAL[name] is ColumnKind.MONEY and is_scale_unclear(label):
                return 0.0
            read = read_cells(name, column, find_factor(label), decimal)
            n_nothing = int((filled & texts.str.to_lowercase().str.contains(NOTHING)).sum())
            return int(read.is_not_null().sum()) / max(1, n_filled - n_nothing)
    return _measure_text_fit(name, texts.filter(filled))


def _measure_text_fit(name: str, texts: pl.Series) -> float:
    """Return the share of texts that can be those of a column of text or of codes."""
    if name == "dossier":
        return texts.n_unique() / len(texts)
    if name in FIXED_VALUES:
        known = [value in FIXED_VALUES[name] or normalise_header(value) in WORDS[name] for value in texts]
        return sum(known) / len(texts)
    if name in ("department", "region"):
        codes = cell_types.read(name, texts, MAP_YEAR)
        return float(codes.str.contains(r"^(?:\d{2,3}|2[AB])$").mean() or 0.0)  # type: ignore[arg-type]
    if name in ("commune", "epci"):
        width = 5 if name == "commune" else 9
        codes = cell_types.read(name, texts, MAP_YEAR)
        return float(codes.str.contains(rf"^(?:\d{{{width}}}|2[AB]\d{{3}})$").mean() or 0.0)  # type: ignore[arg-type]
    if name == "applicant_id":
        return float(texts.str.contains(r"^[0-9A-Z][0-9A-Z \u00a0\u202f]{3,20}(?:\.0)?$").mean() or 0.0)  # type: ignore[arg-type]
    if name in ("title", "applicant"):
        return float((~texts.str.contains(r"^[\d\s.,€%]+$")).mean() or 0.0)  # type: ignore[arg-type]
    if name == "envelope":
        return 1.0 if texts.n_unique() <= 40 else 0.0
    return 1.0


def read_cells(name: str, column: RawColumn, factor: int = 1, decimal: str | None = None) -> pl.Series:
    """Return the values of a canonical column of numbers or days, null where a cell cannot be read."""
    table = RawTable("", (column,), pl.Series("_row", range(len(column.text)), dtype=pl.UInt32))
    report, options = Reporter(table, Defects()), ReadOptions(rounding=Rounding.NEAREST)
    column = prepare(name, column, factor, decimal)
    match CANONICAL[name]:
        case ColumnKind.MONEY:
            return read_money(column, name, report, options)
        case ColumnKind.WHEN:
            return read_when(with_french_days(column), name, report, "Europe/Paris")
    return read_decimal(column, name, report, options)


_OUT_OF = r"^([0-9]+(?:[.,][0-9]+)?)\s*(?:/|sur)\s*([0-9]{1,3})$"
_POINTS = r"(?i)^([0-9]+(?:[.,][0-9]+)?)\s*(?:pts?|points?)\.?$"
_INHABITANTS = r"(?i)\s*(?:hab\.?|habitants)$"


def prepare(name: str, column: RawColumn, factor: int = 1, decimal: str | None = None) -> RawColumn:
    """Return a column with its cells written as the readers expect: « 15/20 » as 15, k€ as euros."""
    if column.typed is not None:
        return column
    text, currency = column.text, get_currency()
    if currency != EURO and CANONICAL.get(name) in (ColumnKind.MONEY, ColumnKind.INTEGER, ColumnKind.DECIMAL):
        text = simplify_amounts(text, currency, decimal)
    if name == "score":
        scales = text.str.extract(_OUT_OF, 2).drop_nulls().unique()
        if len(scales) == 1:
            text = text.str.replace(_OUT_OF, "${1}")
        text = text.str.replace(_POINTS, "${1}")
    elif name == "population":
        text = text.str.replace(_INHABITANTS, "").str.replace_all(
            r"^(\d{1,3})[ \u00a0\u202f.](\d{3})$", "${1}${2}"
        )
    elif CANONICAL.get(name) is ColumnKind.MONEY:
        text = text.str.replace(r"(?i)\s*(?:€|eur|euros?)?\s*(?:h\.?t\.?|ttc)\.?\s*$", "").str.replace(
            r"(?i)\s*(?:eur|euros?)$", " €"
        )
        text = text.set((text.str.contains(r"^[-–—]$")).fill_null(value=False), "")
        if factor > 1:
            return _scale(replace(column, text=text), factor)
    return replace(column, text=text)


def _scale(column: RawColumn, factor: int) -> RawColumn:
    """Return a column of amounts multiplied, exactly: a text by its unit, a number by its shortest digits."""
    unit = " k" if factor == 1_000 else " M"
    bare = column.text.str.contains(r"^[-+]?[\d \u00a0\u202f.,]+$").fill_null(value=False)
    text = (column.text + unit).zip_with(bare, column.text)
    if column.numbers is not None:
        learnt = read_text(
            RawColumn("", 0, pl.Series("text", [None] * len(text), dtype=pl.String), column.numbers)
        )
        text = text.fill_null((learnt.str.replace(".", ",", literal=True) + unit).set(learnt == "", None))
    return replace(column, text=text, numbers=None)


def _has_addresses(column: RawColumn) -> bool:
    texts = read_text(column)
    filled = texts.filter(texts != "")
    return bool(len(filled)) and int(filled.str.contains(E_MAIL).sum()) * 4 > len(filled)


def _is_prose(column: RawColumn) -> bool:
    """Return whether a column holds sentences rather than values."""
    texts = read_text(column)
    filled = texts.filter(texts != "")
    mean = filled.str.len_chars().mean()
    return filled.n_unique() * 3 > len(filled) and isinstance(mean, float) and mean > _LONG_TEXT


def _build_further_name(label: str) -> str:
    clashing = {*CANONICAL, *(f"{name}_cents" for name in CANONICAL), SOURCE_ROW}
    own = label.lstrip("_ ") or "Colonne"
    return f"{own} (source)" if label in clashing or own != label else label


def _make_names_unique(readings: Sequence[ColumnReading]) -> tuple[ColumnReading, ...]:
    taken: set[str] = set()
    result = []
    for reading in readings:
        name = reading.name
        while name and name in taken:
            name += " (2)"
        taken.add(name)
        result.append(replace(reading, name=name))
    return tuple(result)
