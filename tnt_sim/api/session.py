"""Sessions: changed versions of one scenario, solved one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.api.result import Result
from tnt_sim.documents import DecimalText
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, build_outcome_result
from tnt_sim.engine.session import SessionOutcome, SolverSession
from tnt_sim.errors import TntError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import list_sets
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.told_errors import with_told_errors
from tnt_sim.verify.run_document import format_fraction, hash_allocation

SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "variant": pl.Int64,
    "changes": pl.List(pl.String),
    "status": pl.String,
    "proof": pl.String,
    "canonical": pl.Boolean,
    "n_funded": pl.Int64,
    "granted_cents": pl.Int64,
    "values": pl.List(pl.String),
    "bound": pl.String,
    "allocation_sha256": pl.String,
    "error": pl.String,
}

"""Columns of the table; `values` are exact, by goal, and `bound` is that of the first goal where it is open."""


@dataclass(frozen=True, slots=True)
class VariantRow:
    """Figures of one variant; `status` is `error` for one that is refused, `stopped` if time ran out."""

    status: str
    proof: str | None = None
    canonical: bool | None = None
    n_funded: int | None = None
    granted_cents: int | None = None
    values: Sequence[DecimalText] | None = None
    bound: DecimalText | None = None
    allocation_sha256: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, outcome: SessionOutcome | TntError) -> VariantRow:
        """Return the row of an outcome, or of the error that refuses the variant.

        Examples
        --------
        >>> from tnt_sim.errors import TntError
        >>> from tnt_sim.i18n.message import _
        >>> VariantRow.of(TntError(_("no"))).error
        'no'
        """
        if isinstance(outcome, TntError):
            return cls("error", error=outcome.text.in_(Lang.EN))
        answer = outcome.answer
        if answer.allocation is None:
            return cls(str(answer.status), None if answer.proof is None else str(answer.proof))
        return cls(
            status=str(answer.status),
            proof=str(answer.proof),
            canonical=answer.canonical,
            n_funded=int(answer.allocation.funded.sum()),
            granted_cents=answer.granted_cents,
            values=[format_fraction(value) for value in answer.values],
            bound=format_fraction(answer.bound),
            allocation_sha256=hash_allocation(outcome.problem, answer.allocation),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantEntry(VariantRow):
    """Figures of one variant, with its place and its changes."""

    variant: int
    changes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantsDocument:
    """Variants of one scenario, in the order asked."""

    kind: str = field(default="variants", init=False)
    status: str
    n_variants: int
    variants: Sequence[VariantEntry]


@dataclass(frozen=True, slots=False, eq=False)
class Variants(StudyAnswer):
    """Variants of one scenario: `status`, `document`, and `table()` with a row for each, in the order asked.

    Attributes
    ----------
    changes : new values by dotted path, for each variant
    rows : figures of each variant that was solved or refused, by its place
    """

    changes: Sequence[Mapping[str, object]]
    rows: Mapping[int, VariantRow]

    def __repr__(self) -> str:
        return f"<Variants: {len(self.rows)} of {len(self.changes)}, {self.status}>"

    @property
    def status(self) -> str:
        """`complete`, or `stopped` if time ran out or Ctrl-C came before the last variant."""
        return "complete" if len(self.rows) == len(self.changes) else "stopped"

    @cached_property
    def data(self) -> VariantsDocument:
        """The rows of all variants, as a document."""
        stopped = VariantRow("stopped")
        entries = [
            VariantEntry(
                variant=place,
                changes=list_sets(one),
                **asdict(self.rows.get(place, stopped)),
            )
            for place, one in enumerate(self.changes)
        ]
        return VariantsDocument(status=self.status, n_variants=len(entries), variants=entries)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The table, by column."""
        entries = self.data.variants
        columns = {name: [getattr(entry, name) for entry in entries] for name in SCHEMA}
        return pl.DataFrame(columns, schema=dict(SCHEMA))

    def to_dataframe(
        self,
        backend: str = "polars",
        *,
        table: str = "variants",
        euros: bool = False,
        labels: Lang | str | None = None,
    ) -> Any:
        """Return the table of the variants, by default amounts in integer cents and values as exact numbers.

        Parameters
        ----------
        backend : `polars` or `pandas`
        table : `variants`
        euros : amounts in euros with two decimals, in columns without `_cents`, and figures as numbers
        labels : headers in words, in `fr` or `en`

        Raises
        ------
        ValueError
            If the table, the backend or the language does not exist.

        Examples
        --------
        >>> many = tnt.Session(scenario).solve_many([{"programme.amount": "1 M€"}])
        >>> many.to_dataframe("pandas", euros=True)["n_funded"].to_list()
        [16]
        """
        from tnt_sim.reporting.notebook.tables import convert_table

        return convert_table(self.table(table), backend, euros=euros, labels=labels)

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        return {"variants": lambda: self.frame}


class Session:
    """Solves changed versions of one scenario, and reuses what earlier solves computed.

    Parameters
    ----------
    scenario
        The base scenario. Each call changes this one, not the previous version.
    backend
        `highs`, `scipy` or `pulp:NAME`.
    """

    def __init__(self, scenario: ScenarioData, *, backend: str = "highs") -> None:
        self.scenario = scenario
        self.backend = backend
        self._session = SolverSession(scenario)

    def __repr__(self) -> str:
        return f"<Session {self.scenario.id}, {self.backend}>"

    @with_told_errors
    def solve(
        self,
        changes: Mapping[str, object] | None = None,
        *,
        prove: bool = True,
        canonical: bool = True,
        cross_check: str = "never",
        time_limit: float | None = None,
    ) -> Result:
        """Find the optimal allocation of the scenario with some values changed.

        Parameters
        ----------
        changes
            New values by dotted path, as in `Scenario.with_`.
        prove
            Seek an exact certificate.
        canonical
            Break ties, so that the list is the same on every machine.
        cross_check
            `never`, `auto` or the name of a second solver.
        time_limit
            Seconds.

        Raises
        ------
        ScenarioError
            If the changes contradict the scenario.
        LimitReached
            If a limit came before any allocation was found.

        Examples
        --------
        >>> session = tnt.Session(scenario)
        >>> [session.solve({"programme.amount": f"{m} M€"}).document["n_funded"] for m in ("1", "1.2")]
        [16, 17]
        """
        options = OptimiseOptions(
            prove=prove,
            canonical=canonical,
            backend=self.backend,
            cross_check=cross_check,
            with_evidence=True,
        )
        clock = Clock(time_limit)
        found = self._session.optimise(changes, options, clock=clock)
        return Result.from_data(build_outcome_result(found.problem, found.answer, clock.seconds))

    @with_told_errors
    def solve_many(
        self,
        changes: Sequence[Mapping[str, object]],
        *,
        prove: bool = True,
        canonical: bool = True,
        time_limit: float | None = None,
    ) -> Variants:
        """Solve many changed versions, each with the answer that it has alone, and return a table.

        Versions that change the same values are solved one after the other, as they share the compiled rules,
        rows and kernel results. A version that contradicts itself has its error in its row. At the time limit,
        or at Ctrl-C, the table has what was solved.

        Parameters
        ----------
        changes
            For each version, new values by dotted path, as in `Scenario.with_`.
        prove, canonical
            As in `solve`.
        time_limit
            Seconds for all versions.

        Examples
        --------
        >>> session = tnt.Session(scenario)
        >>> many = session.solve_many([{"programme.amount": f"{m} M€"} for m in ("1", "1.2")])
        >>> many.table().select("status", "proof", "n_funded").rows()
        [('optimal', 'PROVED', 16), ('optimal', 'PROVED', 17)]
        """
        options = OptimiseOptions(prove=prove, canonical=canonical, backend=self.backend)
        rows: dict[int, VariantRow] = {}
        with suppress(KeyboardInterrupt):
            for place, found in self._session.optimise_many(changes, options, clock=Clock(time_limit)):
                rows[place] = VariantRow.of(found)
        return Variants(tuple(changes), rows)
