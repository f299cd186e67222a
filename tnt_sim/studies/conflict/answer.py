"""The page of a conflict: each one with its picture, what stands, the repairs, and the scope of the search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl

from tnt_sim.analysis.infeasibility.document import ConflictDocument
from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult
from tnt_sim.reporting.report_tree import Callout, Node
from tnt_sim.reporting.reports.infeasibility import build_conflict_nodes, build_conflict_verdict


def map_tables(result: ConflictResult) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return the table of the answer: one row for each member of each conflict."""
    return {"members": result.to_dataframe}


def build_verdict(document: ConflictDocument) -> Iterator[Callout]:
    """Yield whether an allocation exists."""
    yield build_conflict_verdict(document)


def build_page(document: ConflictDocument) -> Sequence[Node]:
    """Return the conflicts, what stands, the repairs, and the scope of the search."""
    return build_conflict_nodes(document)


def is_without_allocation(document: ConflictDocument) -> bool:
    """Return whether a conflict stands beside the answer: here it is the answer."""
    return False


def choose_sets(document: ConflictDocument) -> Sequence[str] | None:
    """Return what `run` is typed with next: the first repair, where no list exists; None without one."""
    if document.status == "feasible":
        return ()
    return next((repair.set for repair in document.repairs if repair.set), None)
