"""Document of the equity of a list: amounts in integer cents, indices and shares as decimals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tnt_sim.analysis.equity.list_equity import EquityClass, EquityIndex, EquitySplit, ListEquity
from tnt_sim.analysis.equity.theil_index import DECIMALS
from tnt_sim.documents import DecimalText
from tnt_sim.verify.run_document import format_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassEntry:
    """One class of applicants; the dimension is empty in the row of the whole list.

    `per_head_cents` is exact or has 12 significant digits. `before_cents` is what the register had committed.
    """

    dimension: str
    class_: str
    n_dossiers: int
    n_eligible: int
    n_funded: int
    requested_cents: int | None
    eligible_cents: int | None
    granted_cents: int
    n_applicants: int
    n_funded_applicants: int
    n_unknown: int
    inhabitants: int
    known_cents: int
    per_head_cents: DecimalText | None
    funded_share: DecimalText | None
    money_share: DecimalText | None
    before_cents: int | None
    before_per_head_cents: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """Indices of money per head between units, with six correct decimals; `before` as the register stood."""

    unit: str
    n_units: int
    gini: DecimalText
    theil: DecimalText
    before_gini: DecimalText | None
    before_theil: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitEntry:
    """Theil index between applicants, between and within the classes of a dimension."""

    dimension: str
    between: DecimalText
    within: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityDocument:
    """How a list treats classes of applicants."""

    status: Literal["done"] = "done"
    scenario: str
    classes: Sequence[ClassEntry]
    indices: Sequence[IndexEntry]
    splits: Sequence[SplitEntry]


def build_document(equity: ListEquity, scenario: str) -> EquityDocument:
    """Return the document of the equity of a list."""
    return EquityDocument(
        scenario=scenario,
        classes=list_class_entries(equity),
        indices=[_build_index(entry, equity.before) for entry in equity.indices],
        splits=[build_split(entry) for entry in equity.splits],
    )


def list_class_entries(equity: ListEquity) -> list[ClassEntry]:
    """Return the whole list, then the classes of each dimension."""
    before = {} if equity.before is None else _map_classes(equity.before)
    return [_build_class(entry, before.get(place)) for place, entry in _map_classes(equity).items()]


def _map_classes(equity: ListEquity) -> dict[tuple[str, str], EquityClass]:
    return {(entry.dimension, entry.name): entry for entry in (equity.total, *equity.classes)}


def _build_class(entry: EquityClass, before: EquityClass | None) -> ClassEntry:
    return ClassEntry(
        dimension=entry.dimension,
        class_=entry.name,
        **{name: getattr(entry, name) for name in EquityClass.__slots__ if name not in ("dimension", "name")},
        per_head_cents=format_fraction(entry.per_head),
        funded_share=format_fraction(entry.funded_share),
        money_share=format_fraction(entry.money_share),
        before_cents=None if before is None else before.granted_cents,
        before_per_head_cents=None if before is None else format_fraction(before.per_head),
    )


def _build_index(entry: EquityIndex, before: ListEquity | None) -> IndexEntry:
    earlier = None if before is None else before.find_index(entry.unit)
    return IndexEntry(
        unit=entry.unit,
        n_units=entry.n_units,
        gini=format_index(entry.gini),
        theil=format_index(entry.theil),
        before_gini=None if earlier is None else format_index(earlier.gini),
        before_theil=None if earlier is None else format_index(earlier.theil),
    )


def build_split(entry: EquitySplit) -> SplitEntry:
    """Return the parts of an index as decimals."""
    return SplitEntry(
        dimension=entry.dimension, between=format_index(entry.between), within=format_index(entry.within)
    )


def format_index(index: Fraction) -> DecimalText:
    """Write an index with six decimals, without zeros at its end."""
    return format_fraction(round(index, DECIMALS))
