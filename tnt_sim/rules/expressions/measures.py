"""Measures: the quantities that rules bound and objectives optimise, as exact sums over dossiers.

Built in are granted, cost, base, requested, leverage (cost − granted), dossiers, projects, applicants and
population (these three once per project or applicant), inhabitants (each commune reached counted once),
changed, and every numeric column. A scenario may define further ones. A measure or column of the scenario
called `inhabitants` takes precedence over the built-in one. Except for granted and leverage, a dossier
counts in full as soon as it is funded.

`changed` is the Hamming distance to an earlier list L:

    Σ_{i ∉ L} x_i + Σ_{i ∈ L} (1 − x_i) + number of dossiers of L that the table does not have

L is the file `reference` of the scenario, with the columns `dossier` and `granted`; a row without an amount,
or with 0, was not funded. The `allocation.csv` of a run is such a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from tnt_sim.domain.field_types import Code, Described, Number, Spec
from tnt_sim.domain.money import MoneyError, parse_cents_series
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind, read_numeric_column, read_text_keys
from tnt_sim.rules.expressions.inhabitants import INHABITANTS, build_inhabitants_terms
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.expressions.values import is_joined
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Once, Terms, Unit, combine
from tnt_sim.rules.protocols import Case, Numeric, Path

REFERENCE: Path = ("reference",)
MAX_LISTED = 5


def build_changed_terms(case: Case, mask: BoolArray | None, path: Path) -> Terms | None:
    """Return `changed` over the dossiers of `mask`.

    Returns None, with a defect recorded, when the list cannot be read.

    With `mask` None all dossiers count, including those of the list that the table does not have.
    """
    table = case.side.get(REFERENCE)
    if table is None:
        case.record_defect(
            "no-reference",
            _('"changed" compares with an earlier list, and the scenario names none.'),
            path,
            _("Add `reference: FILE`."),
        )
        return None
    listed = _read_reference(case, table)
    if listed is None:
        return None
    before = case.table["dossier"].is_in(listed.implode()).to_numpy()
    gone = len(listed) - int(before.sum())
    if gone:
        _warn_absent(case, listed)
    counted = np.ones(case.n, dtype=np.bool_) if mask is None else mask
    change = np.where(before, -1, 1) * counted
    constant = int((before & counted).sum()) + (gone if mask is None else 0)
    return Terms(
        Fraction(1), Unit.NUMBER, change.astype(np.int64), np.zeros(case.n, dtype=np.int64), (), constant
    )


def can_restrict(case: Case, terms: Terms, restricted: bool, path: Path) -> bool:
    """Return False, with a defect, if a measure with a constant (`changed`) is restricted."""
    if not terms.constant or not restricted:
        return True
    case.record_defect(
        "changed-part",
        _('"changed" counts over all: no `where`, no `by`, no `once_per`.'),
        path,
        _("For a part, write a named measure `{{column: changed, where: {{…}}}}`."),
    )
    return False


def _read_reference(case: Case, table: pl.DataFrame) -> pl.Series | None:
    """Return the dossiers that the list funds, each once; None with defects recorded."""
    missing = [name for name in ("dossier", "granted") if name not in table.columns]
    if missing:
        case.record_defect(
            "reference",
            _(
                "this file needs the columns `dossier` and `granted`; missing: {missing}.",
                missing=", ".join(missing),
            ),
            REFERENCE,
        )
        return None
    cents, reasons = parse_cents_series(table["granted"])
    bad = reasons.is_not_null().arg_true().to_list()
    twice = table["dossier"].filter(table["dossier"].is_duplicated()).unique(maintain_order=True)
    for row in bad[:MAX_LISTED]:
        why = MoneyError(reasons[row]).text
        case.record_defect(
            "reference",
            _(
                'row {table}: "{table2}" is not read as an amount: {why}',
                table=table["_row"][row],
                table2=table["granted"][row],
                why=why,
            ),
            REFERENCE,
        )
    if len(twice):
        text = ", ".join(twice.head(MAX_LISTED).to_list())
        case.record_defect(
            "reference",
            _("this file names twice: {names}.", names=text),
            REFERENCE,
        )
    return None if bad or len(twice) else table["dossier"].filter((cents > 0).fill_null(value=False))


def _warn_absent(case: Case, listed: pl.Series) -> None:
    gone = listed.filter(~listed.is_in(case.table["dossier"].implode()))
    text = ", ".join(gone.head(MAX_LISTED).to_list()) + (", …" if len(gone) > MAX_LISTED else "")
    case.warnings.add(
        "reference-gone",
        _n(
            "{n} application of the earlier list is not in the table, which counts as a change ({names}).",
            "{n} applications of the earlier list are not in the table, which counts as a change ({names}).",
            n=len(gone),
            names=text,
        ),
        case.locate(REFERENCE),
    )


CENT = Fraction(1, 100)
BUILT_IN = (
    "granted",
    "cost",
    "base",
    "requested",
    "leverage",
    "dossiers",
    "projects",
    "applicants",
    "population",
    "changed",
)


class TermSpec(Spec):
    """One part of a measure: a column or a fixed value, for some applications, perhaps once per key."""

    column: Code | None = None
    value: Number | None = None
    where: Selector | None = None
    once_per: Code | None = None
    empty: Literal["0"] | None = None

    @model_validator(mode="after")
    def check_single_source(self) -> TermSpec:
        if (self.column is None) == (self.value is None):
            raise ValueError("column_or_value")
        return self


class MeasureSpec(Described):
    """A named measure of the scenario: a column, a value, a sum of parts, or a mean of columns."""

    column: Code | None = None
    value: Number | None = None
    where: Selector | None = None
    once_per: Code | None = None
    empty: Literal["0"] | None = None
    sum: Annotated[tuple[TermSpec, ...], Field(min_length=1)] | None = None
    mean: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def check_single_kind(self) -> MeasureSpec:
        given = [self.column, self.value, self.sum, self.mean]
        if sum(part is not None for part in given) != 1:
            raise ValueError("one_of_column_value_sum_mean")
        return self


@dataclass(frozen=True)
class Measures:
    """The measures of a scenario, resolved on its dossiers on demand and cached.

    `candidates` are the dossiers that can be funded, bool (n,): only their cells must be filled.
    """

    case: Case
    candidates: BoolArray
    named: Mapping[str, MeasureSpec]
    _known: dict[str, Terms] = field(default_factory=dict)

    def get_terms(self, name: str, path: Path) -> Terms | None:
        """Return the sum of a measure by its name; None, with a defect recorded, when it is undefined."""
        if name not in self._known:
            result = self._resolve(name, path)
            if result is None:
                return None
            self._known[name] = result
        return self._known[name]

    def list_names(self) -> list[str]:
        """Return every name that can be used as a measure, sorted."""
        table = self.case.table
        numeric = self.case.portfolio.memoise(
            ("names",), lambda: [column.removesuffix("_cents") for column in table.columns], ()
        )
        columns = (name for name in numeric if not name.startswith("_"))
        return sorted({*BUILT_IN, INHABITANTS, *self.named, *columns})

    def _resolve(self, name: str, path: Path) -> Terms | None:
        if name in self.named:
            return self._resolve_named(self.named[name], ("measures", name))
        if self._is_inhabitants(name):
            return build_inhabitants_terms(self.case, self.candidates, self.candidates, path)
        if name in BUILT_IN:
            return _resolve_built_in(self, name, path)
        return self._read_column(name, path, zero_if_empty=False)

    def _is_inhabitants(self, name: str) -> bool:
        """Return whether a name means the built-in measure and not a column of the table."""
        return name == INHABITANTS and get_column_kind(self.case, name) is None

    def _resolve_named(self, spec: MeasureSpec, path: Path) -> Terms | None:
        if spec.mean is not None:
            return self._compute_mean(spec, path)
        if spec.sum is not None:
            parts = [self._build_term(part, (*path, "sum", k)) for k, part in enumerate(spec.sum)]
            known = [(1, part) for part in parts if part is not None]
            total = combine(known) if len(known) == len(parts) else None
        else:
            piece = TermSpec(
                column=spec.column,
                value=spec.value,
                where=spec.where,
                once_per=spec.once_per,
                empty=spec.empty,
            )
            return self._build_term(piece, path)
        if total is None or spec.where is None:
            return total
        if not can_restrict(self.case, total, True, path):
            return None
        mask = select(self.case, spec.where, (*path, "where"))
        return None if mask is None else total.restrict(mask)

    def _compute_mean(self, spec: MeasureSpec, path: Path) -> Terms | None:
        columns = [self._read_numeric(name, (*path, "mean", k)) for k, name in enumerate(spec.mean or ())]
        known = [column for column in columns if column is not None]
        if len(known) < len(columns):
            return None
        scale = min(column.scale for column in known)
        filled = np.sum([~column.missing for column in known], axis=0).astype(np.int64)
        self._refuse_empty(filled == 0, spec.mean[0] if spec.mean else "", path)
        total = np.zeros(self.case.n, dtype=np.int64)
        for column in known:
            step = int(column.scale / scale)
            total += np.where(column.missing, 0, column.values * step)
        common = lcm(*range(1, len(known) + 1))
        share = total * (common // np.maximum(filled, 1))
        terms = Terms(scale / common, Unit.NUMBER, share, np.zeros_like(share)).reduce()
        if spec.where is None:
            return terms
        mask = select(self.case, spec.where, (*path, "where"))
        return None if mask is None else terms.restrict(mask)

    def _build_term(self, spec: TermSpec, path: Path) -> Terms | None:
        mask = None
        if spec.where is not None:
            mask = select(self.case, spec.where, (*path, "where"))
            if mask is None:
                return None
        if spec.value is not None:
            ones = np.full(self.case.n, spec.value.numerator, dtype=np.int64)
            scale = Fraction(1, spec.value.denominator)
            terms: Terms | None = Terms(scale, Unit.NUMBER, ones, np.zeros_like(ones)).reduce()
        else:
            name = spec.column or ""
            if name == "changed" and mask is not None and spec.once_per is None:
                return build_changed_terms(self.case, mask, (*path, "column"))
            terms = self._resolve_column(name, mask, (*path, "column"), zero_if_empty=spec.empty is not None)
        if terms is None:
            return None
        if not can_restrict(self.case, terms, spec.once_per is not None, path):
            return None
        if mask is not None:
            terms = terms.restrict(mask)
        return terms if spec.once_per is None else self._count_once(terms, spec.once_per, (*path, "once_per"))

    def _resolve_column(
        self, name: str, mask: BoolArray | None, path: Path, *, zero_if_empty: bool
    ) -> Terms | None:
        """Return the terms of the `column` of a part: a built-in measure or a column of the table."""
        if self._is_inhabitants(name):
            needed = self.candidates if mask is None else self.candidates & mask
            return build_inhabitants_terms(
                self.case, self.candidates, np.zeros_like(needed) if zero_if_empty else needed, path
            )
        if name in BUILT_IN and name not in ("population", "cost", "base", "requested"):
            return _resolve_built_in(self, name, path)
        return self._read_column(name, path, zero_if_empty=zero_if_empty, needed=mask)

    def _count_once(self, terms: Terms, column: str, path: Path) -> Terms | None:
        if terms.once or terms.per_cent.any():
            self.case.record_defect(
                "once-per",
                _(
                    "`once_per` needs a figure fixed for each application: no granted amount, and no measure "
                    "that is already counted once per applicant, project or inhabitant."
                ),
                path,
            )
            return None
        if get_column_kind(self.case, column) is ValueKind.LIST:
            self.case.record_defect(
                "once-per",
                _('"{column}" is a list; `once_per` needs one value for each application.', column=column),
                path,
            )  # fmt: skip
            return None
        keys = read_keys(self.case, column, path)
        if keys is None:
            return None
        active = self.candidates & (terms.per_funded != 0)
        self._refuse_empty(active & (keys < 0), column, path)
        return count_once_per_key(self.case, terms, np.where(active, keys, -1), column)

    def _read_numeric(self, name: str, path: Path) -> Numeric | None:
        return read_numeric_column(self.case, name, path, self.list_names)

    def _read_column(
        self, name: str, path: Path, *, zero_if_empty: bool, needed: BoolArray | None = None
    ) -> Terms | None:
        column = self._read_numeric(name, path)
        if column is None:
            return None
        if not zero_if_empty:
            where = column.missing if needed is None else column.missing & needed
            self._refuse_empty(where, name, path)
        values = np.where(column.missing | ~self.candidates, 0, column.values)
        return Terms(column.scale, column.unit, values, np.zeros_like(values)).reduce()

    def _refuse_empty(self, empty: BoolArray, column: str, path: Path) -> None:
        rows = np.flatnonzero(empty & self.candidates)
        if len(rows) == 0:
            return
        names = ", ".join(self.case.table["dossier"].gather(rows[:5]).to_list())
        more = f" (+{len(rows) - 5})" if len(rows) > 5 else ""
        self.case.defects.add(
            "measure-empty",
            _n(
                'the measure "{column}" is empty for {n} eligible application: {names}{more}.',
                'the measure "{column}" is empty for {n} eligible applications: {names}{more}.',
                n=len(rows),
                column=column,
                names=names,
                more=more,
            ),
            self.case.locate(path),
            *(self.case.portfolio.locate(int(row), column) for row in rows[:5]),
            hint=_("Fill these cells, or write `empty: 0` in a named measure."),
        )


def _resolve_built_in(measures: Measures, name: str, path: Path) -> Terms | None:
    case = measures.case
    n = case.n
    zeros = np.zeros(n, dtype=np.int64)
    ones = np.ones(n, dtype=np.int64)
    if name == "granted":
        return Terms(CENT, Unit.MONEY, zeros, ones)
    if name == "dossiers":
        return Terms(Fraction(1), Unit.NUMBER, ones, zeros)
    if name == "changed":
        return build_changed_terms(case, None, path)
    if name == "leverage":
        cost = measures._read_column("cost", path, zero_if_empty=False)
        if cost is None:
            return None
        granted = Terms(CENT, Unit.MONEY, zeros, ones)
        return combine([(1, cost), (-1, granted)])
    if name in ("projects", "applicants"):
        keys = encode_keys(case, "project" if name == "projects" else "applicant_id", fallback=True)
        return count_once_per_key(case, Terms(Fraction(1), Unit.NUMBER, ones, zeros), keys, name)
    column = measures._read_column(name, path, zero_if_empty=False)
    if column is None or name != "population":
        return column
    return count_once_per_key(case, column, encode_keys(case, "applicant_id", fallback=True), "applicant_id")


def count_once_per_key(case: Case, terms: Terms, keys: IntArray, column: str) -> Terms:
    """Count the funded part of `terms` once per key.

    Where the rows of a key differ, the largest value counts.

    `keys` is int64 (n,), -1 for no key.
    """
    held = keys >= 0
    n_keys = max(1, int(keys.max(initial=-1)) + 1)
    lowest = np.iinfo(np.int64).min
    worth = np.full(n_keys, lowest, dtype=np.int64)
    np.maximum.at(worth, keys[held], terms.per_funded[held])
    worth[worth == lowest] = 0
    filled = held & (terms.per_funded != 0)
    n_different = len(np.unique(keys[filled & (terms.per_funded != worth[np.maximum(keys, 0)])]))
    if n_different:
        case.warnings.add(
            "once-differs",
            _n(
                'for {n} value of "{column}" figures differ from one application to the next: the '
                "largest counts, once.",
                'for {n} values of "{column}" figures differ from one application to the next: the '
                "largest counts, once.",
                n=n_different,
                column=column,
            ),
        )
    zeros = np.zeros_like(terms.per_funded)
    return Terms(terms.scale, terms.unit, zeros, zeros, (Once.of_codes(keys, worth),))


def read_keys(case: Case, column: str, path: Path) -> IntArray | None:
    """Return codes of the values of one column, int64 (n,), -1 where empty.

    Returns None with a defect for an unknown column.
    """
    if column not in case.table.columns or column.startswith("_"):
        known = [name for name in case.table.columns if not name.startswith("_")]
        case.record_defect(
            "unknown-column",
            _('there is no column "{column}".', column=column),
            path,
            suggest_name(column, known),
        )
        return None
    return encode_keys(case, column, fallback=False)


def encode_keys(case: Case, column: str, *, fallback: bool) -> IntArray:
    """Return codes of the values of one column in order of value, int64 (n,), -1 where empty.

    A SIRET is compared by its SIREN. With `fallback`, an applicant without a number is identified by its
    name, and a dossier without either counts by itself.
    """
    joined = tuple(is_joined(case, name) for name in (column, "applicant"))
    return case.memoise(
        ("keys", column, fallback, joined),
        lambda case: _encode_keys(case, column, fallback),
        (column, "applicant", "dossier") if fallback else (column,),
    )


def _encode_keys(case: Case, column: str, fallback: bool) -> IntArray:
    text = read_text_keys(case, column)
    if fallback and column == "applicant_id" and (text == "").any():
        name = pl.lit("n:") + read_text_keys(case, "applicant")
        own = pl.lit("d:") + case.table["dossier"]
        text = case.table.select(
            pl.when(text != "")
            .then(pl.lit("i:") + text)
            .when(pl.col("applicant") != "")
            .then(name)
            .otherwise(own)
        ).to_series()
    filled = text.set(text == "", None)
    codes = filled.rank("dense").cast(pl.Int64) - 1
    return codes.fill_null(-1).to_numpy()
