"""The run that every part of a sheet reads, with its data, its decision table, and the places of entries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from tnt_sim.engine.result import ResultData
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.parameters import Names
from tnt_sim.reporting.public_run import hide_contacts, hide_in_table
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.text.legal_wording import LegalWording, load_shipped_wording
from tnt_sim.rules.expressions.measures import encode_keys
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Case, Path
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading
from tnt_sim.verify.decision_reasons import Reasons

FEW_OTHERS = 2
"""A sum is stated if it adds up this many other applicants at least; with fewer it would tell their figures."""


@dataclass(frozen=True)
class SheetSource:
    """A run as its sheets read it.

    Attributes
    ----------
    run, lang : the run, and the language of its sheets
    result : its decision, with the problem
    rows : int64, the rows of the dossiers that get a sheet
    wording : the legal texts
    """

    run: StoredRun
    lang: Lang
    result: ResultData
    rows: IntArray
    wording: LegalWording = field(default_factory=load_shipped_wording)

    @property
    def problem(self) -> Problem:
        """The problem of the decision."""
        return self.result.problem

    @property
    def allocation(self) -> Allocation:
        """The allocation."""
        assert self.result.allocation is not None  # a stored run has one
        return self.result.allocation

    @property
    def reading(self) -> AllocationReading:
        """The figures of the allocation."""
        assert self.result.reading is not None
        return self.result.reading

    @property
    def reasons(self) -> Reasons:
        """The reasons of the allocation."""
        assert self.result.reasons is not None
        return self.result.reasons

    @cached_property
    def case(self) -> Case:
        """The data of the rules, with collectors of its own: nothing that is read here warns of anything."""
        return replace(
            self.problem.case, defects=Defects(), warnings=Defects(), questions=[], wants_notices=False
        )

    @cached_property
    def table(self) -> pl.DataFrame:
        """The decision table, one row for each dossier of the problem, in its order."""
        order, decided = (
            self.problem.case.table.select("dossier"),
            build_decision_table(hide_contacts(self.run)),
        )
        return order.join(decided, on="dossier", how="left", maintain_order="left")

    @cached_property
    def shown_cells(self) -> pl.DataFrame:
        """The cells of the dossiers as a sheet shows them: without contacts and names of natural persons."""
        return hide_in_table(self.cells, self.run)

    @cached_property
    def measured(self) -> Mapping[str, str]:
        """The title of each column that one measure reads, "" without one."""
        columns = [spec.column for spec in self.problem.scenario.spec.measures.values()]
        return {
            spec.column: spec.title
            for spec in self.problem.scenario.spec.measures.values()
            if spec.column is not None and columns.count(spec.column) == 1
        }

    @cached_property
    def cells(self) -> pl.DataFrame:
        """The dossiers as their files give them, by row: without the grants that earlier steps made."""
        filed = self.problem.scenario.portfolio.table
        own = self.case.table
        order = own.select("dossier").join(filed, on="dossier", how="left", maintain_order="left")
        return order.hstack(own.select(name for name in own.columns if name not in order.columns))

    @cached_property
    def is_open(self) -> BoolArray:
        """The eligible dossiers without a commitment of an earlier decision, bool (n,)."""
        free: BoolArray = self.cells["committed_cents"].is_null().to_numpy()
        return self.problem.eligibility.eligible & free

    @cached_property
    def granted_cents(self) -> IntArray:
        """The grant of each dossier in cents, int64 (n,)."""
        cents: IntArray = self.table["granted_cents"].to_numpy()
        return cents

    @cached_property
    def possible_cents(self) -> IntArray:
        """The amount that counts in a comparison: the grant, or the least that it could be, int64 (n,)."""
        return np.where(
            self.allocation.funded, self.allocation.granted_cents, self.problem.offers.lowest_cents
        )

    @cached_property
    def applicants(self) -> IntArray:
        """Code of the applicant of each dossier, int64 (n,)."""
        return encode_keys(self.case, "applicant_id", fallback=True)

    def count_other_applicants(self, rows: BoolArray, codes: IntArray, n_groups: int) -> IntArray:
        """Return for each dossier how many other applicants have dossiers of `rows` in its group, int64 (n,).

        Parameters
        ----------
        rows : bool (n,), the dossiers that count
        codes : int64 (n,), group of each dossier, -1 for none
        """
        inside = rows & (codes >= 0)
        pairs = np.unique(np.stack([codes[inside], self.applicants[inside]]), axis=1)
        total = np.bincount(pairs[0], minlength=n_groups)
        width = int(self.applicants.max(initial=0)) + 1
        own = np.isin(codes * width + self.applicants, pairs[0] * width + pairs[1])
        counted: IntArray = np.where(codes >= 0, total[np.maximum(codes, 0)] - own, 0)
        return counted

    def locate_entry(self, path: Path) -> str:
        """Return the line of the scenario where a value stands."""
        return format_place(self.problem.scenario.locate(path), self.lang)

    def locate_field(self, field: str, file: str = "summary.json") -> str:
        """Return the field of one of the run's documents."""
        return _('{file}, field "{field}"', file=file, field=field).in_(self.lang)

    @cached_property
    def titles_by_id(self) -> dict[str, str]:
        """Titles of envelopes and measures, by their ids in quotes as a sentence writes them."""
        tree, spec = self.problem.case.tree, self.problem.scenario.spec
        titles = {name: measure.title for name, measure in spec.measures.items()}
        titles |= dict(zip(tree.ids, tree.titles, strict=True))
        quote = {name: Names([name]).in_(self.lang) for name in titles}
        return {quote[name]: Names([title]).in_(self.lang) for name, title in titles.items() if title}

    def replace_ids(self, sentence: str) -> str:
        """Return a sentence with the titles of envelopes and measures in place of their ids."""
        known = self.titles_by_id
        return (
            re.sub("|".join(map(re.escape, known)), lambda found: known[found[0]], sentence)
            if known
            else sentence
        )

    def join_origins(self, *origins: str) -> str:
        """Return several origins of one line, without empty ones."""
        return _("; ").in_(self.lang).join(origin for origin in origins if origin)

    @cached_property
    def is_compared(self) -> BoolArray:
        """The dossiers that are compared: eligible, with an amount, and not decided by hand, bool (n,)."""
        offers = self.problem.offers
        return offers.candidate & ~offers.forced & (self.possible_cents > 0)


def build_source(
    run: StoredRun, lang: Lang, rows: IntArray | None = None, wording: LegalWording | None = None
) -> SheetSource:
    """Return what the sheets of a run read; all dossiers by default."""
    result = run.decision
    if result is None or result.allocation is None or result.reading is None or result.reasons is None:
        text = _("the sheets need the data of the run, which are gone or have changed.")
        hint = _("Put the files of the scenario back, or name their folder with --project.")
        raise DataError([Defect("run-folder", text, (Place(file=str(run.folder)),), hint)])
    chosen = np.arange(result.problem.case.n, dtype=np.int64) if rows is None else rows
    return SheetSource(run, lang, result, chosen, wording or load_shipped_wording())


def format_place(place: Place, lang: Lang) -> str:
    """Return « scenario.yaml, ligne 32 »."""
    if place.line is None:
        return place.file or ""
    return _("{file}, line {number}", file=place.file or "", number=str(place.line)).in_(lang)
