"""Ordinal opinions instead of a score: as many of the best opinion as can be, then as many of the next.

    max #{funded, « très favorable »}, then max #{funded, « favorable »}, …

A number for each opinion would say how many of one are worth one of another, which nobody said; counts in order
do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.scenario import Scenario


def opinion_goals(column: str, opinions: Sequence[str]) -> dict[str, Any]:
    """The `measures` and the `objective` of a scenario that counts opinions, best first."""
    names = [f"{column}-{number}" for number in range(1, len(opinions) + 1)]
    return {
        "measures": {
            name: {"title": opinion, "value": 1, "where": {column: opinion}}
            for name, opinion in zip(names, opinions, strict=True)
        },
        "objective": [{"maximise": {name: 1}} for name in names],
    }


def by_opinion(scenario: Scenario, column: str, opinions: Sequence[str]) -> Scenario:
    """The scenario with that objective in place of its own; its other measures stay."""
    goals = opinion_goals(column, opinions)
    measures = {f"measures.{name}": spec for name, spec in goals["measures"].items()}
    return with_changes(scenario, {**measures, "objective": goals["objective"]})
