"""Guess of the canonical columns of a table from its headers, checked on its cells, for a person to review."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from tnt_sim.domain.money import parse_cents_nearest, parse_cents_series
from tnt_sim.domain.portfolio import APPLICANT_TYPES, CANONICAL, STATES, ColumnKind
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names, normalise_header

_CLOSED = ("refuse", "classe sans suite", "sans suite", "refused", "without continuation")
_GRANTED = (
    "montant sub", "montant subvention", "montant de la subvention", "subvention", "subvention accordee",
    "montant accorde", "montant engage", "montant attribue", "montant", "grant",
)  # fmt: skip
"""Headers of granted amounts, which stand for the request where the table has none."""
_TO_CONVERT = _("values to convert")
_DEPARTMENT = re.compile(r"\d{2,3}|2A|2B")


@dataclass(frozen=True, slots=True)
class Guess:
    """The columns found in a table.

    Attributes
    ----------
    columns : header by canonical name, without those already named canonically
    set_aside : by canonical name, (header, why it cannot be used as it is)
    present : every canonical column that the table has, guessed or by its own name
    requested_cents : sum requested, None when it cannot be read
    envelopes : values of the envelope column
    closed : values of a set-aside state column that mean « refusé » or « sans suite »
    left_out : headers that no canonical column uses, in the order of the table
    rounded : by canonical name, how many of its amounts have more than two decimals
    as_granted : whether the request is read from a column of granted amounts
    asked_by : sum requested from each envelope, empty when it cannot be read
    """

    columns: Mapping[str, str]
    set_aside: Mapping[str, tuple[str, Text]]
    present: frozenset[str]
    requested_cents: int | None
    envelopes: tuple[str, ...]
    closed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    rounded: Mapping[str, int] = field(default_factory=dict)
    as_granted: bool = False
    asked_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_convertible_column(self) -> bool:
        """Whether a column was set aside for values that `import` can convert."""
        return any(why.fr.startswith(_TO_CONVERT.fr) for __, why in self.set_aside.values())


def guess_columns(table: pl.DataFrame, *, typed: bool = False) -> Guess:
    """Guess from the headers of a table of text cells; a column whose cells do not fit is set aside.

    `typed` says that numbers come from a workbook, where « 17246.668 » has one meaning.
    """
    fine = frozenset({"decimals", "ambiguous"} if typed else {"decimals"})
    headers = [name for name in table.columns if not name.startswith("_")]
    by_norm: dict[str, str] = {}
    for header in headers:
        for label in derive_names(header):
            by_norm.setdefault(label, header)
    own = {name for name in CANONICAL if name in headers or f"{name}_cents" in headers}
    taken: dict[str, str] = {}
    aside: dict[str, tuple[str, Text]] = {}
    used: set[str] = set(own)
    rounded: dict[str, int] = {}
    for name, labels in (*SYNONYMS.items(), ("requested", _GRANTED)):
        if name in own or name in taken or name in aside:
            continue
        fitting = [by_norm[label] for label in labels if label in by_norm and by_norm[label] not in used]
        if not fitting:
            continue
        header = fitting[0]
        why = _explain_misfit(name, table[header], fine)
        if why is not None:
            aside[name] = (header, why)
        else:
            taken[name] = header
            used.add(header)
            if CANONICAL[name] is ColumnKind.MONEY and (n := _count_fine_amounts(table[header], fine)):
                rounded[name] = n
    present = frozenset({*own, *taken})
    closed = _list_closed_states(table[aside["state"][0]]) if "state" in aside else ()
    known = {*used, *(f"{name}_cents" for name in own), *(header for header, __ in aside.values())}
    left_out = tuple(header for header in headers if header not in known)
    envelopes, by = _list_envelopes(table, taken, own), _sum_requested_by_envelope(table, taken, own, fine)
    total = None if by is None else sum(by.values())
    granted = any(label in _GRANTED for label in derive_names(taken.get("requested", "")))
    return Guess(taken, aside, present, total, envelopes, closed, left_out, rounded, granted, by or {})


def _list_closed_states(states: pl.Series) -> tuple[str, ...]:
    """Return the values of a state column that close a dossier, as written."""
    values = states.cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if normalise_header(value) in _CLOSED)


def _explain_misfit(name: str, cells: pl.Series, fine: frozenset[str]) -> Text | None:
    """Return why the cells of a column cannot be those of a canonical one; None when they can."""
    values = cells.cast(pl.String).drop_nulls()
    filled = values.filter(values.str.strip_chars() != "").unique().head(1000)
    if name == "state":
        return _explain_unknown_values(filled, STATES)
    if name == "applicant_type":
        return _explain_unknown_values(filled, APPLICANT_TYPES)
    if name == "department" and not all(_DEPARTMENT.fullmatch(value.strip()) for value in filled):
        return _("the cells are no codes such as 01 or 2A")
    if CANONICAL[name] is ColumnKind.MONEY and set(parse_cents_series(filled)[1].drop_nulls()) - fine:
        return _("some cells cannot be read as amounts for certain")
    if name == "dossier" and cells.is_duplicated().any():
        return _("some values stand there twice")
    return None


def _explain_unknown_values(filled: pl.Series, valid: Sequence[str]) -> Text | None:
    strange = [value for value in filled if value not in valid]
    some = ", ".join(sorted(strange)[:4])
    return _("{to_convert}: {some}", to_convert=_TO_CONVERT, some=some) if strange else None


def _count_fine_amounts(cells: pl.Series, fine: frozenset[str]) -> int:
    """Return how many amounts have more than two decimals of a euro."""
    return int(parse_cents_series(cells.cast(pl.String))[1].is_in(list(fine)).sum())


def _sum_requested_by_envelope(
    table: pl.DataFrame, taken: Mapping[str, str], own: set[str], fine: frozenset[str]
) -> dict[str, int] | None:
    """Return the cents requested by envelope, "" for no envelope; None when they cannot be read."""
    header = _get_header(taken, own, "requested")
    if "requested_cents" in table.columns:
        cents = table["requested_cents"].cast(pl.String).cast(pl.Int64, strict=False)
    elif not header:
        return None
    else:
        texts = table[header].cast(pl.String)
        cents, reasons = parse_cents_series(texts)
        if set(reasons.drop_nulls()) - fine:
            return None
        odd = reasons.is_not_null()
        near = [parse_cents_nearest(text, ".") if so else None for text, so in zip(texts, odd, strict=True)]
        cents = cents.zip_with(~odd, pl.Series(near, dtype=pl.Int64))
    where = _get_header(taken, own, "envelope")
    groups = table[where].cast(pl.String).fill_null("") if where else pl.repeat("", table.height, eager=True)
    sums = pl.DataFrame({"group": groups, "cents": cents}).group_by("group").agg(pl.col("cents").sum())
    return {str(group): int(total) for group, total in sums.sort("group").iter_rows()}


def _get_header(taken: Mapping[str, str], own: set[str], name: str) -> str:
    return taken.get(name, name if name in own else "")


def _list_envelopes(table: pl.DataFrame, taken: Mapping[str, str], own: set[str]) -> tuple[str, ...]:
    header = _get_header(taken, own, "envelope")
    if not header:
        return ()
    values = table[header].cast(pl.String).drop_nulls().unique().sort().to_list()
    return tuple(value for value in values if value)
