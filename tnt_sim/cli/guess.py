"""Which column of a table is which: guessed from the headers, checked on the cells, always to be reviewed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.formats.synonyms import SYNONYMS, names_of, normalised
from tnt_sim.money import parse_cents_series
from tnt_sim.portfolio import APPLICANT_TYPES, CANONICAL, STATES, ColumnKind

_CLOSED = ("refuse", "classe sans suite", "sans suite", "refused", "without continuation")
_DEPARTMENT = re.compile(r"\d{2,3}|2A|2B")


@dataclass(frozen=True, slots=True)
class Guess:
    """What was found in a table.

    Attributes
    ----------
    columns : canonical name → header; only those that are not named canonically already
    set_aside : canonical name → (header, why it cannot be taken as it is)
    present : every canonical column that the table has, guessed or by its own name
    requested_cents : the sum asked, None when it cannot be read
    envelopes : the values of the envelope column
    closed : the values of a set-aside state column that say « refusé » or « sans suite »
    left_out : the headers that no canonical column took, in the order of the table
    """

    columns: Mapping[str, str]
    set_aside: Mapping[str, tuple[str, str]]
    present: frozenset[str]
    requested_cents: int | None
    envelopes: tuple[str, ...]
    closed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def guess_columns(table: pl.DataFrame) -> Guess:
    """Guess from the headers of a table of text cells; a column whose cells do not fit is set aside."""
    headers = [name for name in table.columns if not name.startswith("_")]
    by_norm: dict[str, str] = {}
    for header in headers:
        for label in names_of(header):
            by_norm.setdefault(label, header)
    own = {name for name in CANONICAL if name in headers or f"{name}_cents" in headers}
    taken: dict[str, str] = {}
    aside: dict[str, tuple[str, str]] = {}
    used: set[str] = set(own)
    for name, labels in SYNONYMS.items():
        if name in own:
            continue
        fitting = [by_norm[label] for label in labels if label in by_norm and by_norm[label] not in used]
        if not fitting:
            continue
        header = fitting[0]
        why = _unfit(name, table[header])
        if why:
            aside[name] = (header, why)
        else:
            taken[name] = header
            used.add(header)
    present = frozenset({*own, *taken})
    closed = _closed(table[aside["state"][0]]) if "state" in aside else ()
    known = {*used, *(f"{name}_cents" for name in own), *(header for header, _ in aside.values())}
    left_out = tuple(header for header in headers if header not in known)
    asked, envelopes = _asked(table, taken, own), _envelopes(table, taken, own)
    return Guess(taken, aside, present, asked, envelopes, closed, left_out)


def _closed(states: pl.Series) -> tuple[str, ...]:
    """The values of a state column that close a dossier, as they are written."""
    values = states.cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if normalised(value) in _CLOSED)


def _unfit(name: str, cells: pl.Series) -> str:
    """Why the cells of a column are not those of a canonical one; "" when they may be."""
    values = cells.cast(pl.String).drop_nulls()
    filled = values.filter(values.str.strip_chars() != "").unique().head(1000)
    if name == "state":
        return _not_among(filled, STATES)
    if name == "applicant_type":
        return _not_among(filled, APPLICANT_TYPES)
    if name == "department" and not all(_DEPARTMENT.fullmatch(value.strip()) for value in filled):
        return "les cellules ne sont pas des codes tels que 01 ou 2A"
    if CANONICAL[name] is ColumnKind.MONEY and parse_cents_series(filled)[1].is_not_null().any():
        return "certaines cellules ne sont pas des montants sûrs"
    if name == "dossier" and cells.is_duplicated().any():
        return "certaines valeurs y sont deux fois"
    return ""


def _not_among(filled: pl.Series, valid: Sequence[str]) -> str:
    strange = [value for value in filled if value not in valid]
    return f"valeurs à convertir : {', '.join(sorted(strange)[:4])}" if strange else ""


def _asked(table: pl.DataFrame, taken: Mapping[str, str], own: set[str]) -> int | None:
    if "requested_cents" in table.columns:
        cents = table["requested_cents"].cast(pl.String).cast(pl.Int64, strict=False)
        return int(cents.sum())
    header = taken.get("requested", "requested" if "requested" in own else "")
    if not header:
        return None
    cents, reasons = parse_cents_series(table[header].cast(pl.String))
    return None if reasons.is_not_null().any() else int(cents.sum())


def _envelopes(table: pl.DataFrame, taken: Mapping[str, str], own: set[str]) -> tuple[str, ...]:
    header = taken.get("envelope", "envelope" if "envelope" in own else "")
    if not header:
        return ()
    values = table[header].cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if value)
