"""The positions of the slider: allocations of the same dossiers, computed before, told against the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.errors import Text, UsageError
from tnt_sim.view.run_reader import StoredRun

Entry = Mapping[str, Any]
Cents = npt.NDArray[np.int64]
FIGURES = ("effective_cents", "granted_cents", "unspent_cents", "n_funded")
"""What is told of each envelope at each position."""


@dataclass(frozen=True, eq=False)
class Position:
    """One amount and what it buys.

    Attributes
    ----------
    amount_cents : the amount of the envelope that the slider moves
    summary : the document of that run; None where no allocation is possible
    granted_cents : by dossier, in the order of the decision's table, (n,) cents
    codes : the reason code of each dossier, in the same order
    why : why there is no allocation, else ""
    """

    amount_cents: int
    summary: Entry | None
    granted_cents: Cents = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    codes: Sequence[str] = ()
    why: Text = field(default_factory=lambda: Text("", ""))

    @property
    def envelopes(self) -> Sequence[Entry]:
        """The figures of each envelope."""
        found: Sequence[Entry] = self.summary["envelopes"] if self.summary else ()
        return found


@dataclass(frozen=True, eq=False)
class Slider:
    """Positions in ascending order of amount, one of which is the decision.

    Attributes
    ----------
    envelope : the id of the envelope whose amount changes
    positions : the decision among them
    rule : how the envelopes under it follow
    """

    envelope: str
    positions: Sequence[Position]
    rule: Text


def position_of(run: StoredRun, envelope: str, amount_cents: int | None = None) -> Position:
    """A stored run as a position of the slider."""
    entry = next(one for one in run.envelopes if one["id"] == envelope)
    amount = amount_cents if amount_cents is not None else entry["amount_cents"]
    codes = [code or "" for code in run.table["reason_code"].to_list()]
    return Position(int(amount or 0), run.summary, run.table["granted_cents"].to_numpy(), codes)


def slider_of_runs(runs: Sequence[StoredRun]) -> Slider:
    """A slider over stored runs of the same dossiers and the same envelopes, the first being the decision.

    Raises
    ------
    UsageError
        When they are not about the same dossiers and envelopes, or two have the same amount.
    """
    first = runs[0]
    same = all(_alike(first, run) for run in runs[1:])
    root = str(first.envelopes[0]["id"])
    amounts = [run.envelopes[0]["amount_cents"] for run in runs]
    if not same or None in amounts or len(set(amounts)) < len(amounts):
        raise UsageError(
            Text(
                "ces calculs ne peuvent pas être les positions d'un même curseur : il faut les mêmes dossiers, "
                "les mêmes enveloppes, et des montants différents du programme.",
                "these runs cannot be the positions of one slider: they need the same dossiers, the same "
                "envelopes, and different amounts of the programme.",
            ),
            code="usage.report",
        )
    positions = sorted((_aligned(first, run, root) for run in runs), key=lambda one: one.amount_cents)
    rule = Text("Chaque position est un calcul enregistré.", "Each position is a stored run.")
    return Slider(root, positions, rule)


def _alike(one: StoredRun, other: StoredRun) -> bool:
    return [e["id"] for e in one.envelopes] == [e["id"] for e in other.envelopes] and set(
        one.table["dossier"]
    ) == set(other.table["dossier"])


def _aligned(first: StoredRun, run: StoredRun, root: str) -> Position:
    """The run's dossiers in the order of the decision's table."""
    found = position_of(run, root)
    if run is first:
        return found
    table = pl.DataFrame({"dossier": run.table["dossier"], "at": range(run.table.height)})
    order = first.table.select("dossier").join(table, on="dossier", how="left", maintain_order="left")["at"]
    return Position(
        found.amount_cents,
        found.summary,
        found.granted_cents[order.to_numpy()],
        [found.codes[k] for k in order.to_list()],
    )
