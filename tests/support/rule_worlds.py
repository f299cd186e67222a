"""Small random worlds for one rule at a time: written as files for the engine, enumerated in plain Python.

A world is a dictionary: `amount` (cents), `dossiers`, and whatever the rule's own test adds. Enumeration shares no
code with the engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from ruamel.yaml import YAML

from support import draws
from support.lanes import drawn
from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral

World = dict[str, Any]
Award = dict[str, int]
FREE = ("lot", "zone", "kind")
Goals = Callable[[Award], tuple[Fraction, ...]]

quick = drawn(100)
few = drawn(40)


@st.composite
def dossiers(draw: st.DrawFn, most: int = 6, **columns: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
    """Dossiers with a cost, a score, sometimes a range of amounts, a commitment or no eligibility.

    A column of `FREE` text has one value in the world, `written` in the table as several people would.
    """
    found = []
    for number in range(1, draw(st.integers(1, most)) + 1):
        cents = draw(st.sampled_from([100, 250, 1000, 1999]))
        ranged = draw(st.integers(0, 5)) == 0
        one: dict[str, Any] = {
            "id": str(number),
            "amounts": [cents // 100 * 100 + step for step in (0, 100, 200)] if ranged else [cents],
            "more": draw(st.sampled_from([0, 37])) if ranged else 0,
            "ranged": ranged,
            "score": draws.score(lambda some: draw(st.sampled_from(some))),
            "eligible": draw(st.integers(0, 6)) > 0,
            **{name: draw(values) for name, values in columns.items()},
        }
        if draw(st.integers(0, 7)) == 0:
            one |= {"committed": draw(st.sampled_from([100, 777])), "ranged": False}
        free = {name: one[name] for name in columns if name in FREE}
        one["written"] = {
            name: draws.spelling(lambda some: draw(st.sampled_from(some)), text)
            for name, text in free.items()
        }
        found.append(one)
    return found


def options(dossier: dict[str, Any]) -> list[int | None]:
    if "committed" in dossier:
        return [dossier["committed"]]
    return [None, *dossier["amounts"]] if dossier["eligible"] else [None]


def awards_of(world: World) -> Iterator[Award]:
    """Every allocation that respects grants and the one envelope."""
    rows = world["dossiers"]
    for choice in product(*(options(d) for d in rows)):
        award = {d["id"]: cents for d, cents in zip(rows, choice, strict=True) if cents is not None}
        if sum(award.values()) <= world["amount"]:
            yield award


def best(world: World, holds: Callable[[Award], bool], goals: Goals) -> Award | None:
    """The canonical answer by enumeration; goals are all maximised."""
    names = [d["id"] for d in world["dossiers"]]
    top: tuple[Any, ...] | None = None
    found = None
    for award in awards_of(world):
        if not holds(award):
            continue
        funded = tuple(name in award for name in names)
        key = (*goals(award), -sum(award.values()), funded, tuple(award.get(name, 0) for name in names))
        if top is None or key > top:
            top, found = key, award
    return found


def score(world: World, award: Award) -> Fraction:
    return Fraction(sum(d["score"] for d in world["dossiers"] if d["id"] in award))


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _cell(value: Any) -> str:
    return draws.text(value) if isinstance(value, Fraction) else str(value)


def write(world: World, folder: Path, columns: list[str], **parts: Any) -> ScenarioData:
    """The world as files: `columns` beyond the usual ones, `parts` as further keys of the scenario."""
    lines = [",".join(["dossier", "requested", "min_grant", "score", "committed", "state", "mode", *columns])]
    for d in world["dossiers"]:
        cells = [
            d["id"],
            euros(d["amounts"][-1] + d.get("more", 0)),  # what is above the last whole euro is rounded off
            euros(d["amounts"][0]) if d["ranged"] else "",
            draws.text(Fraction(d["score"])),
            euros(d["committed"]) if "committed" in d else "",
            "en_instruction" if d["eligible"] else "refuse",
            "range" if d["ranged"] else "whole",
            *(_cell(d.get("written", d).get(name, d[name])) for name in columns),
        ]
        lines.append(",".join(cells))
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tree = {
        "schema_version": 1,
        "id": "world",
        "programme": {"id": "p", "amount": euros(world["amount"])},
        "dossiers": [{"file": "table.csv"}],
        "grants": [{"where": {"mode": "range"}, "mode": "range", "round": "1"}, {"mode": "all_or_nothing"}],
        "objective": [{"maximise": {"score": 1}}],
        "solver": {"cross_check": "never"},
        **parts,
    }
    with (folder / "world.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return load_scenario(folder / "world.yaml")


def answer(world: World, columns: list[str], files: dict[str, str] | None = None, **parts: Any) -> Any:
    """The engine's award, None when infeasible, or the codes of a refusal before solving."""
    with tempfile.TemporaryDirectory() as name:
        for path, text in (files or {}).items():
            (Path(name) / path).write_text(text, encoding="utf-8")
        try:
            result = solve(write(world, Path(name), columns, **parts))
        except ScenarioError as error:
            return {defect.code for defect in error.defects}
    if result.status is Status.INFEASIBLE:
        return None
    assert result.status is Status.OPTIMAL
    assert result.document["canonical"]
    funded = result.dossiers.filter(result.dossiers["funded"])
    return dict(zip(funded["dossier"].to_list(), funded["granted_cents"].to_list(), strict=True))


def rows_agree(
    world: World, columns: list[str], files: dict[str, str] | None = None, limit: int = 12, **parts: Any
) -> None:
    """For allocations of the world: its rows can be met if and only if every rule reads as held."""
    with tempfile.TemporaryDirectory() as name:
        for path, text in (files or {}).items():
            (Path(name) / path).write_text(text, encoding="utf-8")
        try:
            problem = compile_problem(write(world, Path(name), columns, **parts))
        except ScenarioError:
            return
    form = formulate(problem)
    recovery = form.recovery
    names = problem.case.table["dossier"].to_list()
    every = list(awards_of(world))
    for award in every[:: max(1, len(every) // limit)]:
        funded = np.array([name in award for name in names])
        granted = np.array([award.get(name, 0) for name in names], dtype=np.int64)
        lower, upper = form.model.col_lower.copy(), form.model.col_upper.copy()
        x = funded[recovery.candidate].astype(np.int64)
        rows = recovery.amount_rows
        t = np.where(
            funded[rows], (granted[rows] - recovery.least_cents[rows]) // recovery.unit_cents[rows], 0
        )
        lower[: len(x) + len(t)] = upper[: len(x) + len(t)] = np.concatenate([x, t])
        found = solve_integral(form.model.with_bounds(lower, upper), get_backend("highs"))
        assert found.termination in (Termination.OPTIMAL, Termination.INFEASIBLE)
        held = all(rule.read(funded, granted).holds for rule in (*problem.rules, *problem.table_rules))
        assert (found.values is not None) == held, award
