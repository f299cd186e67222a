"""Variants of one scenario, solved together: a row for each, in the order asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from tnt_sim.analysis.shared.study_answer import DocumentTables
from tnt_sim.engine.session import SessionOutcome
from tnt_sim.errors import TntError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import set_text
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
    values: Sequence[str] | None = None
    bound: str | None = None
    allocation_sha256: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, outcome: SessionOutcome | TntError) -> VariantRow:
        """Return the row of an outcome, or of the error that refuses the variant.

        Examples
        --------
        >>> from tnt_sim.errors import TntError
        >>> VariantRow.of(TntError(tnt.Text("non", "no"))).error
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


@dataclass(frozen=True, slots=False, eq=False)
class Variants(DocumentTables):
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
    def frame(self) -> pl.DataFrame:
        """The table, by column."""
        stopped = VariantRow("stopped")
        rows = [self.rows.get(place, stopped) for place in range(len(self.changes))]
        texts = [[f"{path}={set_text(value)}" for path, value in one.items()] for one in self.changes]
        columns: dict[str, Any] = {"variant": range(len(rows)), "changes": texts}
        for name in SCHEMA:
            if name not in columns:
                columns[name] = [getattr(row, name) for row in rows]
        return pl.DataFrame(columns, schema=dict(SCHEMA))

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The table as JSON data, with its status."""
        rows = json.loads(self.frame.write_json())
        return {"kind": "variants", "status": self.status, "n_variants": len(rows), "variants": rows}

    def table(self, name: str = "variants") -> pl.DataFrame:
        """Return the table of the variants; amounts in integer cents, values as exact numbers.

        Raises
        ------
        ValueError
            For another name.

        Examples
        --------
        >>> tnt.Session(scenario).solve_many([{"programme.amount": "1 M€"}]).table()["n_funded"].to_list()
        [16]
        """
        if name != "variants":
            raise ValueError(f"table must be variants, not {name!r}")
        return self.frame
