"""Incomplete weights against enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases.clashing_rules import Choices, World, world, write
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.preferences import partial_weights as room
from tnt_sim.analysis.preferences.partial_weights import WeightsResult
from tnt_sim.analysis.preferences.weight_polytope import build_feasible_region as region_of
from tnt_sim.analysis.preferences.weight_polytope import build_half_spaces, round_figure
from tnt_sim.documents import dump_document
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report
from tnt_sim.studies.weights.answer import list_weight_ranges

NAMES = ("score", "dossiers", "second")
GRID = 24


def weighed(case: World) -> World:
    """The world with a second mark, drawn against the first."""
    for k, d in enumerate(case["dossiers"]):
        d["second"] = (7 * k + 3 * d["cents"]) % 20 + 1
    return case


def written(case: World, folder: Path) -> Any:
    write(case, folder)
    lines = (folder / "d.csv").read_text(encoding="utf-8").strip().split("\n")
    more = [
        lines[0] + ",second",
        *(f"{line},{d['second']}" for line, d in zip(lines[1:], case["dossiers"], strict=True)),
    ]
    (folder / "d.csv").write_text("\n".join(more) + "\n", encoding="utf-8")
    from tnt_sim.scenario.load import load_scenario

    return load_scenario(folder / "heurt.yaml")


def outcomes(case: World) -> set[tuple[Fraction, ...]]:
    every = Choices(case)
    figures = np.stack([every.tenths, every.held.sum(axis=1), every.total("second")], axis=1)
    return {(Fraction(tenths, 10), Fraction(n), Fraction(second))
            for tenths, n, second in figures[every.allowed].tolist()}  # fmt: skip


def possible(ranges: dict[str, tuple[int, int]], order: tuple[str, ...]) -> list[tuple[Fraction, ...]]:
    """The possible weights on a grid that holds every corner: all bounds are multiples of its step."""
    found = []
    for a, b in product(range(GRID + 1), repeat=2):
        w = dict(zip(NAMES, (a, b, GRID - a - b), strict=True))
        inside = all(low <= w[name] <= high for name, (low, high) in ranges.items())
        if w["second"] >= 0 and inside and all(w[x] >= w[y] for x, y in pairwise(order)):
            found.append(tuple(Fraction(w[name], GRID) for name in NAMES))
    return found


def undominated(
    every: set[tuple[Fraction, ...]], found: WeightsResult, grid: list[tuple[Fraction, ...]]
) -> set[tuple[Fraction, ...]]:
    """By the definition, over the weights of the grid: a gap is smallest at a corner, and corners are on it."""
    per = [one.per for one in found.criteria]

    def gaps(one: tuple[Fraction, ...], other: tuple[Fraction, ...]) -> list[Fraction]:
        return [
            sum((w * (a - b) / p for w, a, b, p in zip(ws, one, other, per, strict=True)), Fraction(0))
            for ws in grid
        ]

    def dominates(one: tuple[Fraction, ...], other: tuple[Fraction, ...]) -> bool:
        found = gaps(one, other)
        return min(found) >= 0 and max(found) > 0

    return {one for one in every if not any(dominates(other, one) for other in every)}


@pytest.mark.parametrize("seed", seeds(range(300, 312), 4))
def test_every_choice_of_weights_equals_enumeration(seed: int, tmp_path: Path) -> None:
    case = weighed(world(seed, 7))
    case["rules"] = case["rules"][:1]
    ranges = {"score": (6, 18)} if seed % 2 else {}
    order = ("score", "dossiers") if seed % 3 else ()
    asked = {
        name: (f"{Fraction(100 * a, GRID)} %", f"{Fraction(100 * b, GRID)} %")
        for name, (a, b) in ranges.items()
    }
    try:
        found = tnt.weights(written(case, tmp_path), NAMES, ranges=asked, order=order).result
    except ScenarioError:
        return
    every = outcomes(case)
    assert (found.exact, found.complete) == (True, True)
    expected = undominated(every, found, possible(ranges, order)) if every else set()
    assert {tuple(map(Fraction, one.criteria)) for one in found.outcomes} >= expected
    ours = {one.values for one in found.outcomes}
    assert len(ours) == len(found.outcomes)
    assert {tuple(map(Fraction, one.criteria)) for one in found.outcomes} <= expected
    if found.outcomes:
        best = {max(expected, key=lambda v: found_value(found, v, w)) for w in possible(ranges, order)}
        shown = {
            tuple(map(Fraction, one["criteria"].values()))
            for one in dump_document(found.data)["portfolios"]
            if one["supported"]
        }
        assert best <= shown


def found_value(
    found: WeightsResult, value: tuple[Fraction, ...], w: tuple[Fraction, ...]
) -> tuple[Fraction, ...]:
    per = [one.per for one in found.criteria]
    return (
        sum((x * v / p for x, v, p in zip(w, value, per, strict=True)), Fraction(0)),
        *value,
    )


def test_larger_ones_by_cells_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = weighed(world(304, 7))
    case["rules"] = []
    whole = tnt.weights(written(case, tmp_path), NAMES).result
    monkeypatch.setattr(room, "EXACT_DOSSIERS", 0)
    part = tnt.weights(written(case, tmp_path), NAMES, draws=10, seed=3).result
    assert (part.exact, part.complete, part.n_draws) == (False, True, 10)
    assert {one.criteria for one in part.outcomes} <= {one.criteria for one in whole.outcomes}
    best = {tuple(p["criteria"].values()) for p in dump_document(part.data)["portfolios"] if p["supported"]}
    # the best for each weight inside a cell are all there; what is best on a border only need not be
    for w in possible({}, ()):
        top = max(found_value(whole, tuple(map(Fraction, one.criteria)), w)[0] for one in whole.outcomes)
        mine = max(found_value(part, tuple(map(Fraction, c)), w)[0] for c in best)
        assert mine == top
    assert "10 tirages" in "\n".join(
        line.plain for line in render_report(build_report(load_study("weights"), part.data), Lang.FR, 100)
    )
    assert dump_document(whole.data)["exact"] is True


def test_four_criteria_have_all_that_are_best_for_some_weight(tmp_path: Path) -> None:
    case = weighed(world(325, 12, least=12))
    case["rules"] = []
    found = tnt.weights(written(case, tmp_path), (*NAMES, "granted"), draws=6, seed=2).result
    assert (found.exact, found.complete) == (False, True)
    every = Choices(case)
    figures = np.stack(
        [every.tenths / 10, every.held.sum(axis=1), every.total("second"), every.cents / 100], axis=1
    )[every.allowed]
    per = np.array([float(one.per) for one in found.criteria])
    worth = figures / per
    mine = np.array([[float(v) for v in one.criteria] for one in found.outcomes if one.supported]) / per
    draw = np.random.default_rng(1).dirichlet(np.ones(4), 400)
    assert np.allclose((worth @ draw.T).max(axis=0), (mine @ draw.T).max(axis=0), rtol=1e-12)
    assert len(mine) > 4
    # nothing that was found is dominated, at the corners of the simplex: the four criteria themselves
    for one in found.outcomes:
        own = np.array([float(v) for v in one.criteria]) / per
        assert not ((worth >= own).all(axis=1) & (worth > own).any(axis=1)).any()


def test_corners_of_ranges_and_orders() -> None:
    full = [(Fraction(0), Fraction(1))] * 3
    third, half = Fraction(1, 3), Fraction(1, 2)
    assert len(region_of(3, build_half_spaces(3, full, [])).points) == 3
    assert set(region_of(3, build_half_spaces(3, full, [(0, 1), (1, 2)])).points) == {
        (Fraction(1), Fraction(0), Fraction(0)),
        (half, half, Fraction(0)),
        (third, third, third),
    }
    assert region_of(2, build_half_spaces(2, [(Fraction(3, 4), Fraction(1))] * 2, [])).points == []
    chain = region_of(5, build_half_spaces(5, full[:1] * 5, [(k, k + 1) for k in range(4)])).points
    means = {tuple([Fraction(1, k)] * k + [Fraction(0)] * (5 - k)) for k in range(1, 6)}
    assert set(chain) == means
    cube = region_of(4, build_half_spaces(4, [(Fraction(0), half)] * 4, [])).points
    assert len(cube) == 6
    assert all(sorted(w) == [0, 0, half, half] for w in cube)
    assert [round_figure(Fraction(n)) for n in (1, 4, 99, 500, 0)] == [1, 2, 50, 500, 1]


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    case = weighed(world(304, 7))
    case["rules"] = []
    scenario = written(case, tmp_path)
    wrong: list[tuple[tuple[str, ...], dict[str, tuple[str, str]]]] = [
        (("score",), {}),
        (("score", "scores"), {}),
        (("score", "dossiers"), {"score": ("80 %", "90 %"), "dossiers": ("70 %", "90 %")}),
        (("score", "dossiers"), {"autre": ("0 %", "1 %")}),
    ]
    for names, ranges in wrong:
        with pytest.raises(UsageError):
            tnt.weights(scenario, names, ranges=ranges)


def test_a_scenario_with_steps_is_refused(tmp_path: Path) -> None:
    """Its first step alone would be told as the whole, as every other question says."""
    written(weighed(world(1)), tmp_path)
    path = tmp_path / "heurt.yaml"
    path.write_text(
        path.read_text(encoding="utf-8") + "date: 2026-01-01\nsteps: [{id: a}, {id: b}]\n", encoding="utf-8"
    )
    from tnt_sim.scenario.load import load_scenario

    with pytest.raises(UsageError, match="une seule décision"):
        tnt.weights(load_scenario(path), ["score", "dossiers"])


@pytest.mark.parametrize(
    ("ranges", "order", "words"),
    [
        ({}, (), "No preference"),
        ({"score": (6, 18)}, (), "Widest range: "),
        ({}, ("score", "dossiers", "second"), "Widest range: "),
        ({"score": (12, 12), "dossiers": (6, 6)}, (), "one weight for each criterion"),
    ],
)
def test_the_picture_of_weights_has_the_ranges_that_satisfy_the_preferences(
    tmp_path: Path, ranges: dict[str, tuple[int, int]], order: tuple[str, ...], words: str
) -> None:
    case = weighed(world(301, 5))
    case["rules"] = []
    texts = {name: (f"{100 * low}/{GRID}", f"{100 * high}/{GRID}") for name, (low, high) in ranges.items()}
    percent = {name: tuple(f"{float(Fraction(text)):g} %" for text in pair) for name, pair in texts.items()}
    found = tnt.weights(written(case, tmp_path), NAMES, ranges=percent, order=order).result
    grid = possible(ranges, order)
    exact = [(min(w[k] for w in grid), max(w[k] for w in grid)) for k in range(len(NAMES))]
    read = [float(weight) for pair in list_weight_ranges(found.data) for weight in pair]
    assert read == pytest.approx([float(weight) for pair in exact for weight in pair], abs=1e-9)
    page = render_report_html(build_report(load_study("weights"), found.data), Lang.EN)
    assert words in page
    picture = page[page.index("<figure>") : page.index("</figure>")]
    for low, high in exact:
        assert f"{round(100 * low)}% to {round(100 * high)}%" in picture
