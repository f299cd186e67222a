"""The three dated scenarios of the flagship, and each reading of what its sources contradict each other on."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.paths import ROOT

from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, decide
from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

SCENARIOS = ROOT / "scenarios"
TABLES = ("tnt-2021-dossiers", "tnt-2021-axe-2-seul", "franceconnect-2021-equipped")
FREE = [f"envelopes.{axis}.transfers={{to: [{others}]}}" for axis, others in (
    ("axe-1", "axe-2, axe-3"), ("axe-2", "axe-1, axe-3"), ("axe-3", "axe-1, axe-2")
)]  # fmt: skip
"""Axes that may give each other anything: the best transfer at an unchanged total."""


class Runs:
    """Each question once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], ResultData] = {}

    def __call__(self, name: str, *sets: str) -> ResultData:
        key = (name, *sets)
        if key not in self._known:
            scenario = load_scenario(SCENARIOS / f"{name}.yaml", list(sets))
            self._known[key] = solve(scenario, cross_check="never")
        return self._known[key]


def solve_unproven(name: str, *sets: str) -> ResultData:
    """The optimum as the solver claims it: its proof would take minutes."""
    scenario = load_scenario(SCENARIOS / f"{name}.yaml", list(sets))
    return decide(scenario, OptimiseOptions(cross_check="never", prove=False), clock=Clock(None))


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs()


def envelope(run: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in run.document["envelopes"] if e["id"] == name)
    return found


def rule(run: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in run.document["rules"] if r["id"] == name)
    return found


def value(run: ResultData) -> Fraction:
    return Fraction(run.document["objective"][0]["value"])


def test_the_flagship_is_proven_and_spends_its_money(runs: Runs) -> None:
    """Less than 2 % of the 88 M€ are left, with 119 M€ of eligible demand of which 37 M€ are committed."""
    run = runs("tnt-2021")
    assert (run.proof, run.document["canonical"], run.document["method"]) == (Proof.PROVED, True, "tree")
    assert run.document["amount_cents"] == 8_800_000_000
    assert run.document["unspent_cents"] * 50 < run.document["amount_cents"]
    assert envelope(run, "tnt")["committed_cents"] == 3_709_000_000
    assert run.document["n_eligible"] == 8_200
    assert 1_579 < run.document["n_funded"] < 8_200


def test_every_axis_decides_and_money_moves_between_them(runs: Runs) -> None:
    run = runs("tnt-2021")
    for name in ("axe-1", "appels", "fc", "groupes", "deconcentre", "demat-ads", "axe-3-reste"):
        part = envelope(run, name)
        assert 0 < part["n_funded"] < part["n_eligible"], name
    assert envelope(run, "axe-1")["transferred_out_cents"] > 1_000_000_000
    assert envelope(run, "axe-3")["granted_cents"] > 3_400_000_000


def test_what_a_department_may_get_costs_points(runs: Runs) -> None:
    """The cap binds though no department reaches it: dossiers are not cut. Both optima are proven."""
    plain, without = runs("tnt-2021"), runs("tnt-2021", "rules.plafond-departement.off=true")
    assert (plain.proof, without.proof) == (Proof.PROVED, Proof.PROVED)
    assert value(without) - value(plain) == Fraction("116.9")
    assert without.document["n_funded"] == 5_768


def test_the_quotas_of_twelve_departments_bind(runs: Runs) -> None:
    """Without the cap twelve departments get more than their two parts; with it none does."""
    quota = 59_400_000
    without = _by_department(runs("tnt-2021", "rules.plafond-departement.off=true"))
    assert sum(cents > quota for cents in without.values()) == 12
    assert max(without.values()) == 84_262_724
    assert max(_by_department(runs("tnt-2021")).values()) == 59_292_333


def _by_department(run: ResultData) -> dict[str, int]:
    windows = run.dossiers.filter(run.dossiers["envelope"] == "deconcentre")
    departments = run.problem.scenario.portfolio.table.select("dossier", "department")
    sums = windows.join(departments, on="dossier").group_by("department").agg(pl.col("granted_cents").sum())
    return dict(sums.iter_rows())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quart-mutualisation", "fc-plafond"])
def test_rules_that_cost_nothing(runs: Runs, name: str) -> None:
    plain, without = runs("tnt-2021"), runs("tnt-2021", f"rules.{name}.off=true")
    assert without.document["allocation_sha256"] == plain.document["allocation_sha256"]


@pytest.mark.slow
def test_the_quarter_of_the_metropoles_costs_points(runs: Runs) -> None:
    """The optimum has 25 of 109; a list with a quarter costs 14.56 points at most."""
    plain, bound = runs("tnt-2021"), solve_unproven("tnt-2021", "rules.part-metropoles.off=false")
    laureates = plain.dossiers.filter(
        plain.dossiers["funded"] & plain.dossiers["envelope"].is_in(["axe-1", "appels"])
    )
    of_them = laureates.filter(laureates["applicant_type"] == "metropole").height
    assert (of_them, laureates.height) == (25, 109)
    share = rule(bound, "part-metropoles")
    assert share["holds"]
    assert 4 * share["num"] >= share["den"]
    assert 0 <= value(plain) - value(bound) <= Fraction("14.56")
    assert bound.document["allocation_sha256"] != plain.document["allocation_sha256"]


@pytest.mark.slow
def test_more_money_buys_more_than_moving_it(runs: Runs) -> None:
    """98 M€ are worth more than the best that any transfer makes of 88 M€."""
    best = runs("tnt-2021", *FREE)
    assert best.proof is Proof.PROVED
    assert value(runs("tnt-2021")) <= value(best) < value(runs("enveloppe-98"))
    amounts = [runs("tnt-2021"), *(runs(f"enveloppe-{millions}") for millions in (90, 98, 108))]
    assert {run.proof for run in amounts} == {Proof.PROVED}
    values = [value(run) for run in amounts]
    assert values == sorted(set(values))


def test_what_was_decided_on_22_november_2021(runs: Runs) -> None:
    run = runs("tnt-2021-11")
    assert [envelope(run, name)["amount_cents"] for name in ("tnt", "axe-1", "axe-2", "axe-3", "deconcentre")] == [
        8_800_000_000, 3_000_000_000, 2_400_000_000, 3_400_000_000, 2_800_000_000,
    ]  # fmt: skip
    axes = [envelope(run, "axe-1"), envelope(run, "appels")]
    counts = [sum(part[key] for part in axes) for key in ("n_dossiers", "n_eligible", "n_funded")]
    assert counts == [200, 120, 75]
    local = envelope(run, "deconcentre")
    assert (local["n_funded"], local["granted_cents"]) == (1_400, 1_900_000_000)
    connected = envelope(run, "fc")
    assert (connected["n_funded"], connected["granted_cents"]) == (104, 52_000_000)
    first = envelope(run, "demat-ads")
    assert (first["amount_cents"], first["granted_cents"]) == (550_000_000, 0)
    for name in ("quart-mutualisation", "part-metropoles"):
        assert (rule(run, name)["num"], rule(run, name)["den"]) == (19, 75)
    assert run.document["granted_cents"] == 3_709_000_000
    assert not run.document["warnings"]


def test_the_flagship_keeps_what_was_decided(runs: Runs) -> None:
    decided = runs("tnt-2021-11").dossiers.filter("funded")
    kept = runs("tnt-2021").dossiers.filter("funded")
    held = dict(kept.select("dossier", "granted_cents").rows())
    assert dict(decided.select("dossier", "granted_cents").rows()).items() <= held.items()


@pytest.mark.slow
def test_axis_2_alone_is_a_switch_in_both(runs: Runs) -> None:
    """Contradiction 1: 200, 120 and 75 for axis 2 alone, and 44 laureates in axis 1."""
    run = runs("tnt-2021-11-axe-2-seul")
    calls, first = envelope(run, "appels"), envelope(run, "axe-1")
    assert [calls[key] for key in ("n_dossiers", "n_eligible", "n_funded")] == [200, 120, 75]
    assert (calls["granted_cents"], first["n_funded"], first["granted_cents"]) == (
        1_310_000_000,
        44,
        1_330_000_000,
    )
    assert (rule(run, "quart-mutualisation")["num"], rule(run, "part-metropoles")["den"]) == (19, 75)
    open_ = runs("lecture-axe-2-seul")
    assert open_.document["amount_cents"] - open_.document["unspent_cents"] > 8_624_000_000
    assert envelope(open_, "tnt")["committed_cents"] == 3_709_000_000 + 610_000_000 + 273_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "switch"),
    [
        ("lecture-axe-2-seul", ("dossiers.axe-2-seul.off=false",)),
        (
            "lecture-seuil-axe-1",
            ("eligibility.taille-axe-1.off=false", "eligibility.taille-axe-2-appel-1.off=true"),
        ),
    ],
)
def test_a_reading_is_a_switch_of_the_scenario(runs: Runs, name: str, switch: tuple[str, ...]) -> None:
    other, plain = runs(name), runs("tnt-2021")
    assert other.proof is Proof.PROVED
    assert (
        load_scenario(SCENARIOS / "tnt-2021.yaml", list(switch)).sha256
        != load_scenario(SCENARIOS / "tnt-2021.yaml").sha256
    )
    again = solve(load_scenario(SCENARIOS / "tnt-2021.yaml", list(switch)), cross_check="never")
    assert again.document["allocation_sha256"] == other.document["allocation_sha256"]
    assert other.document["allocation_sha256"] != plain.document["allocation_sha256"]


@pytest.mark.slow
def test_the_threshold_of_axis_1_shuts_out_small_bodies(runs: Runs) -> None:
    """Contradiction 2: 500,000 inhabitants asked of axis 1 and no more of the first call of axis 2."""
    other, plain = runs("lecture-seuil-axe-1"), runs("tnt-2021")
    assert envelope(other, "axe-1")["n_eligible"] < envelope(plain, "axe-1")["n_eligible"] == 55
    assert envelope(other, "appels")["n_eligible"] > envelope(plain, "appels")["n_eligible"] == 79


@pytest.mark.slow
def test_5000_or_10000_euros_for_franceconnect(runs: Runs) -> None:
    """Contradiction 3: 5,000 € for both, or 5,000 € and 5,000 € more for the APIs."""
    both, apart = runs("tnt-2021"), runs("lecture-fc-10000")
    assert apart.proof is Proof.PROVED
    for run, most in ((both, 500_000), (apart, 1_000_000)):
        assert rule(run, "fc-plafond")["holds"]
        granted = run.dossiers.filter((run.dossiers["envelope"] == "fc") & run.dossiers["funded"])
        assert granted["granted_cents"].max() == most


@pytest.mark.slow
def test_28_or_34_million_for_the_deconcentrated_windows(runs: Runs) -> None:
    """Contradiction 4: what is not granted of 34 M€ may go nowhere else."""
    plain, other = runs("tnt-2021"), runs("lecture-deconcentre-34")
    assert envelope(plain, "deconcentre")["amount_cents"] == 2_800_000_000
    assert envelope(other, "deconcentre")["amount_cents"] == 3_400_000_000
    assert other.proof is Proof.PROVED
    # the optimum asks more than 34 M€ of the windows either way: which reading is right changes nothing
    assert envelope(plain, "deconcentre")["granted_cents"] > 3_400_000_000
    assert other.document["allocation_sha256"] == plain.document["allocation_sha256"]


@pytest.mark.slow
def test_the_goals_of_the_minister_can_be_switched_on(runs: Runs) -> None:
    """Proven, and dearer than all else: every candidate of the window is needed, from 5,000 € each."""
    goals = ("objectif-departements", "objectif-grandes", "objectif-petites")
    run = runs("tnt-2021", *(f"rules.{goal}.off=false" for goal in goals))
    assert (run.proof, run.document["canonical"]) == (Proof.PROVED, True)
    assert {(rule(run, goal)["num"], rule(run, goal)["den"]) for goal in goals} == {
        (101, 101), (2_211, 4_422), (3_180, 31_797),
    }  # fmt: skip
    assert envelope(run, "fc")["n_funded"] == 104 + 4_492
    assert value(runs("tnt-2021")) - value(run) == Fraction("1058.27")


def test_what_axis_1_leaves_reaches_the_lines_of_axis_3(runs: Runs) -> None:
    """What is left of 88 M€ may go to a Démat.ADS centre: through axis 3, within the limits of transfers."""
    run = runs("tnt-2021")
    decided = of_result(run)
    left = decided.reasons.room.whole_cents
    place = decided.problem.case.tree.ids.index
    assert run.document["unspent_cents"] > 0
    for name in ("axe-1", "appels", "fc", "groupes", "deconcentre", "demat-ads", "axe-3-reste"):
        assert left[place(name)] == run.document["unspent_cents"], name


def test_rows_of_moving_money_are_read_twice(runs: Runs) -> None:
    """Amounts that money is added to or taken from, limits of transfers, and what axis 3 shares out."""
    run = runs("tnt-2021")
    problem = of_result(run).problem
    claims = build_claims(problem)
    rows, n = claims.system.rows, claims.system.n_choices
    moving = {rows.names[row] for row in rows.row[rows.col >= n].tolist()}
    axes = ("axe-1", "axe-2", "axe-3", "deconcentre", "demat-ads", "axe-3-reste")
    assert moving == {
        *(f"envelope:{name}:max" for name in axes), "out:axe-1", "in:axe-2", "in:axe-3",
        "link:axe-3:unassigned:max", "axe-3:shares", "out:axe-2", "out:axe-3",
    }  # fmt: skip
    found = compare_readings(problem, claims)
    assert (found.narrow, found.n_unread) == ((), 0)
    assert run.document["proof_rows"] == {"read": found.n_read, "unread": 0}


def test_inhabitants_can_be_the_goal_and_a_rule(runs: Runs) -> None:
    """Every eligible dossier has a place on the map; each inhabitant counts once."""
    best = runs("tnt-2021", "objective=[{maximise: {inhabitants: 1}}]")
    assert best.proof is Proof.PROVED
    assert value(best) == best.document["inhabitants"] > runs("tnt-2021").document["inhabitants"]
    assert best.document["n_unlocated"] == runs("tnt-2021").document["n_unlocated"] == 0


@pytest.mark.slow
def test_inhabitants_can_be_a_rule(tmp_path: Path) -> None:
    """A floor above what the optimum reaches without it changes the list, and is kept."""
    (tmp_path / "data").mkdir()
    for name in ("tnt-2021.yaml", *(f"data/{stem}.csv" for stem in TABLES)):
        shutil.copyfile(SCENARIOS / name, tmp_path / name)
    path = tmp_path / "habitants.yaml"
    floor = "{id: habitants, title: Habitants, kind: limit, measure: inhabitants, min: 66000000}"
    path.write_text(f"schema_version: 1\nextends: tnt-2021.yaml\nid: habitants\nrules: [{floor}]\n")
    run = solve(load_scenario(path), cross_check="never", time_limit=20)
    assert rule(run, "habitants")["holds"]
    assert run.document["inhabitants"] == rule(run, "habitants")["num"] >= 66_000_000


@pytest.mark.slow
def test_the_published_end_is_reported_beside_the_optimum(runs: Runs) -> None:
    run = runs("tnt-2023-01")
    assert run.document["amount_cents"] == 9_000_000_000
    assert run.document["allocation_sha256"] == runs("enveloppe-90").document["allocation_sha256"]
    assert rule(run, "fin-projets")["holds"]
    assert rule(run, "fin-collectivites")["holds"]
    assert rule(run, "fin-axe-1-montant")["holds"]
    assert not rule(run, "fin-axe-1-projets")["holds"]


@pytest.mark.slow
def test_the_impact_questionnaire_is_reported_and_can_be_the_goal(runs: Runs) -> None:
    reported = {name: rule(runs("tnt-2021"), f"impact-{name}") for name in ("formes", "heures", "economies")}
    assert {(one["mode"], one["holds"]) for one in reported.values()} == {("report", True)}
    goal = load_scenario(SCENARIOS / "tnt-2021.yaml", ["objective=[{maximise: {formes: 1}}]"])
    best = solve(goal, cross_check="never", time_limit=20)
    assert value(best) > Fraction(reported["formes"]["value"])
