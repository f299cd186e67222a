"""Caps over the rows of a project: by hand, against enumeration, row by row, and what is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support import draws
from support.lanes import drawn
from support.tiny_scenario import HEAD, funded, tiny

from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.offers.cap_spec import LIBRARY
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

NB = "\u00a0"
WIDE = HEAD.replace("1 500 €", "9 k€").replace("900 €", "4 k€").replace("600 €", "4 k€")
ONE = """dossier,envelope,cost,base,requested,other_state,other_public,other_private,tags,department,score
1,a,1000,800,700,100,0,0,,01,10
2,a,1000,,700,0,200,100,chef-de-file,01,9
3,b,1000,,900,0,0,0,,974,8
"""
TWO = """dossier,project,envelope,cost,base,requested,other_state,score
1,p,a,1000,1000,600,100,10
2,p,b,1000,500,500,100,9
3,q,b,2000,2000,100,0,8
"""


def grants(folder: Path, tail: str, table: str, head: str = WIDE) -> dict[str, int]:
    return funded(solve(tiny(folder, head + tail, table), cross_check="never"))


def test_a_cap_tightens_the_amount_of_a_dossier_alone(tmp_path: Path) -> None:
    assert grants(tmp_path, "", ONE) == {"1": 700_00, "2": 700_00, "3": 900_00}
    # 1: 80 % of 800 − 100 = 540; 2: 80 % of its cost = 800 > 700; 3: 800
    assert grants(tmp_path, "caps: [r2334-27]\n", ONE) == {"1": 540_00, "2": 700_00, "3": 800_00}
    # owner's part: 1: 0.8·1000 − 100 = 700; 2: 0.8·(1000 − 100) − 200 = 520; 3: overseas, not under it
    assert grants(tmp_path, "caps: [{use: cgct-l1111-10}]\n", ONE) == {"1": 700_00, "2": 520_00, "3": 900_00}
    # a lead authority: 2: 0.7·900 − 200 = 430
    lead = "caps: [cgct-l1111-10, cgct-l1111-10-chef-de-file]\n"
    assert grants(tmp_path, lead, ONE) == {"1": 700_00, "2": 430_00, "3": 900_00}
    # what the entry says itself replaces the library's: 50 % of base for all, 400 − 100 = 300
    own = "caps: [{use: r2334-27, max: 50 %}]\n"
    assert grants(tmp_path, own, ONE) == {"1": 300_00, "2": 500_00, "3": 500_00}


def test_amounts_and_columns_as_caps(tmp_path: Path) -> None:
    table = ONE.replace("score", "invoices,score").replace(",10\n", ",333.33,10\n").replace(",9\n", ",,9\n")
    table = table.replace(",8\n", ",0,8\n")
    # an empty cell limits nothing, and nothing on invoices is nothing to pay
    assert grants(tmp_path, "caps: [invoices]\n", table) == {"1": 333_33, "2": 700_00}
    fixed = "caps: [{id: f, max: 650 €, counting: [other_state, other_public]}]\n"
    assert grants(tmp_path, fixed, ONE) == {"1": 550_00, "2": 450_00, "3": 650_00}


def test_exact_integer_rounded_down(tmp_path: Path) -> None:
    table = "dossier,envelope,cost,requested,score\n1,a,100.01,100,1\n"
    # a third of 10 001 cents is 3 333.67 cents
    assert grants(tmp_path, "caps: [{id: t, max: 1/3, of: cost}]\n", table) == {"1": 3_333}
    # an amount of 80 €, and a rate of 0.8
    assert grants(tmp_path, "caps: [{id: t, max: 80}]\n", table) == {"1": 80_00}
    assert grants(tmp_path, "caps: [{id: t, max: 0.8}]\n", table) == {"1": 80_00}


def test_two_rows_of_one_project_share_a_cap(tmp_path: Path) -> None:
    # 80 % of 1000 − 100 = 700 for both: 600 + 500 is too much, the better one stays
    # and without the cap, 1000 − 100 = 900: public aid never exceeds the cost
    assert grants(tmp_path, "", TWO) == {"1": 600_00, "3": 100_00}
    result = solve(tiny(tmp_path, WIDE + "caps: [r2334-27]\n", TWO), cross_check="never")
    assert funded(result) == {"1": 600_00, "3": 100_00}
    reasons = dict(zip(result.dossiers["dossier"], result.dossiers["reason"], strict=True))
    assert reasons["2"] == "Le financer ferait rompre la règle « r2334-27 »."
    # with amounts to choose, the other one gets what is left
    ranged = WIDE.replace("{score: 1}", "{granted: 1}")
    tail = "caps: [r2334-27]\ngrants: [{mode: range, min: 50 €}]\n"
    assert grants(tmp_path, tail, TWO, ranged) == {"1": 600_00, "2": 100_00, "3": 100_00}


def test_a_project_without_room_is_capped_out(tmp_path: Path) -> None:
    table = TWO.replace("1000,500,500,100", "1000,500,500,900").replace("600,100", "600,900")
    result = solve(tiny(tmp_path, WIDE + "caps: [r2334-27]\n", table), cross_check="never")
    assert funded(result) == {"3": 100_00}
    assert set(result.dossiers.filter(result.dossiers["project"] == "p")["reason_code"]) == {"capped_out"}


def test_commitments_are_kept_and_told(tmp_path: Path) -> None:
    table = TWO.replace("score", "committed,score").replace(",10\n", ",650,10\n")
    table = table.replace(",9\n", ",,9\n").replace(",8\n", ",1700,8\n")
    result = solve(tiny(tmp_path, WIDE + "caps: [r2334-27]\n", table), cross_check="never")
    # p: 700 − 650 = 50 are left for 2; q: 1700 > 1600 is kept
    assert funded(result) == {"1": 650_00, "2": 50_00, "3": 1700_00}
    told = [w.line(Lang.FR) for w in result.warnings if w.code.startswith("cap")]
    assert told == [
        "cap-committed table.csv:4 [3] — 1 engagement, qui reste acquis, dépasse le plafond « r2334-27 » par "
        f"projet, de : q (100{NB}€)."
    ]


REFUSED = {
    "caps: [r2334-28]": [
        "unknown-cap tiny.yaml:11:8 — la bibliothèque juridique n'a pas de plafond « r2334-28 ». "
        "Vouliez-vous dire « r2334-27 » ?"
    ],
    "caps: [{id: c, max: 80 %, counting: [other_stat]}]": [
        "unknown-column tiny.yaml:11:38 — la colonne « other_stat » n'existe pas. Vouliez-vous dire "
        "« other_state » ?"
    ],
    "caps: [{id: c, max: 800 €, of: cost}]": [
        "cap-amount tiny.yaml:11:32 — `of` ne s'écrit qu'avec un taux ; ici `max` est un montant. Retirez `of`, "
        "ou donnez un taux (80 %)."
    ],
    "caps: [{id: c, max: 120 %}]": [
        "rate-above-one tiny.yaml:11:21 — un taux de 120 % dépasse 100 %. Écrivez un taux d'au plus 100 %, ou un "
        "montant en euros."
    ],
    "caps: [r2334-27, {id: r2334-27, max: 10 %}]": [
        "cap-twice tiny.yaml:11:18 — le plafond « r2334-27 » est écrit deux fois. Donnez un autre `id` au second."
    ],
    "caps: [{id: c, max: 80 %, of: facture}]": [
        "unknown-column tiny.yaml:11:31 — la colonne « facture » n'existe pas. Noms connus : applicant, "
        "applicant_id, applicant_type, base, committed, commune, cost, department, dossier, end, envelope, "
        "epci…"
    ],
    "caps: [r2334-27]\nrules: [{id: j, kind: decide, fund: [1, 2]}]": [
        "cap-decided tiny.yaml:11:8 — les dossiers du projet « p » retenus par décision dépassent ensemble le "
        f"plafond « r2334-27 » de 400{NB}€. Retirez une décision, ou levez le plafond (`waivers`)."
    ],
}


@pytest.mark.parametrize("tail", REFUSED)
def test_what_is_refused(tail: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        solve(tiny(tmp_path, WIDE + tail + "\n", TWO), cross_check="never")
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == REFUSED[tail]
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)


def test_a_cap_needs_what_it_is_a_share_of(tmp_path: Path) -> None:
    table = "dossier,envelope,cost,requested,score\n1,a,,100,1\n2,a,100,100,1\n"
    with pytest.raises(ScenarioError) as caught:
        solve(tiny(tmp_path, WIDE + "caps: [{id: c, max: 80 %}]\n", table))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "cap-needs tiny.yaml:11:8, table.csv:2 [1] — ce plafond ne peut pas être calculé : « base » est vide pour "
        "1. Remplissez la colonne, ou limitez le plafond par `where`."
    ]


def test_a_cap_without_name_or_maximum(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        tiny(tmp_path, WIDE + "caps: [{max: 80 %}]\n")
    assert (
        caught.value.defects[0]
        .line(Lang.FR)
        .startswith(
            "cap tiny.yaml:11:8 — un plafond demande `id` et `max`, ou `use` avec un nom de la "
            "bibliothèque juridique"
        )
    )


def test_a_cap_for_nobody_is_a_warning(tmp_path: Path) -> None:
    tail = "caps: [{use: r2334-27, where: {department: 99}}, {id: c, max: 1 €, off: true}]\n"
    result = solve(tiny(tmp_path, WIDE + tail), cross_check="never")
    assert "cap-idle tiny.yaml:11:8 — le plafond « r2334-27 » ne vise aucun dossier." in [
        warning.line(Lang.FR) for warning in result.warnings
    ]
    assert len(funded(result)) == 4


def test_what_is_shown_reads_as_the_same_caps(tmp_path: Path) -> None:
    tail = (
        "caps: [r2334-27, {id: c, max: 0.8, of: cost}, {id: d, max: 16 k€}, {id: e, max: {column: cost}}]\n"
    )
    scenario = tiny(tmp_path, WIDE + tail)
    assert scenario.resolve()["caps"] == [
        {"use": "r2334-27"},
        {"id": "c", "max": "80 %", "of": "cost"},
        {"id": "d", "max": "16000.00 €"},
        {"id": "e", "max": {"column": "cost"}},
    ]


def test_every_entry_of_the_library_can_be_used(tmp_path: Path) -> None:
    table = ONE.replace("score", "invoices,score").replace(",10\n", ",300,10\n")
    table = table.replace(",9\n", ",400,9\n").replace(",8\n", ",500,8\n")
    tail = f"caps: [{', '.join(LIBRARY)}]\n"
    assert grants(tmp_path, tail, table) == {"1": 300_00, "2": 400_00, "3": 500_00}
    for entry in LIBRARY.values():
        assert entry.sure in "ABC"
        assert entry.source
        assert entry.title.fr != entry.title.en


# Against enumeration: a world of a few rows of a few projects, two caps, one envelope.

SETTINGS = drawn(150)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    rows = []
    for number in range(1, draw(st.integers(2, 6)) + 1):
        cents = draw(st.sampled_from([300, 500, 777, 1000]))
        rows.append(
            {
                "id": str(number),
                "project": draw(st.sampled_from(["p", "q", "r"])),
                "requested": cents,
                "base": cents + draw(st.sampled_from([0, 200, 555])),
                "other": draw(st.sampled_from([0, 0, 100, 333])),
                "ranged": draw(st.integers(0, 2)) == 0,
                "committed": draw(st.sampled_from([None, None, None, None, 250])),
                "score": draws.score(lambda some: draw(st.sampled_from(some))),
                "kind": draw(st.sampled_from(["a", "b"])),
            }
        )
        rows[-1]["written"] = draws.spelling(lambda some: draw(st.sampled_from(some)), rows[-1]["kind"])
    caps = [
        {
            "id": f"c{k}",
            "max": draw(st.sampled_from([(333, 1000), (1, 2), (4, 5), (1, 1)])),
            "counting": draw(st.booleans()),
            "where": draw(st.sampled_from([None, "a", "b"])),
        }
        for k in range(draw(st.integers(1, 2)))
    ]
    return {"rows": rows, "caps": caps, "amount": draw(st.integers(500, 4000))}


def rooms(world: dict[str, Any]) -> list[dict[str, int]]:
    """For each cap: project → what its rows may get together."""
    found = []
    for cap in world["caps"]:
        room = {}
        for project in {row["project"] for row in world["rows"]}:
            mine = [row for row in world["rows"] if row["project"] == project]
            if cap["where"] is not None and cap["where"] not in [row["kind"] for row in mine]:
                continue
            base, other = max(row["base"] for row in mine), max(row["other"] for row in mine)
            room[project] = base * cap["max"][0] // cap["max"][1] - (other if cap["counting"] else 0)
        found.append(room)
    return found


def choices(world: dict[str, Any], row: dict[str, Any]) -> list[int | None]:
    if row["committed"] is not None:
        return [row["committed"]]
    most = min(row["requested"], row["base"])
    for room in rooms(world):
        if row["project"] in room:
            mine = [r for r in world["rows"] if r["project"] == row["project"]]
            most = min(most, room[row["project"]] - sum(r["committed"] or 0 for r in mine))
    if not row["ranged"]:
        return [None, most] if most > 0 else [None]
    return [None, *range(200, most // 100 * 100 + 1, 100)]


def allocations(world: dict[str, Any]) -> Iterator[dict[str, int]]:
    for choice in product(*(choices(world, row) for row in world["rows"])):
        award = {
            row["id"]: cents for row, cents in zip(world["rows"], choice, strict=True) if cents is not None
        }
        if sum(award.values()) <= world["amount"]:
            yield award


def holds(world: dict[str, Any], award: dict[str, int]) -> bool:
    for room in rooms(world):
        for project, limit in room.items():
            mine = [row for row in world["rows"] if row["project"] == project and row["id"] in award]
            free = any(row["committed"] is None for row in mine)
            if free and sum(award[row["id"]] for row in mine) > limit:
                return False
    return True


def load(world: dict[str, Any], folder: Path) -> Any:
    lines = ["dossier,project,requested,base,other_state,committed,score,kind,ranged"]
    for row in world["rows"]:
        money = [f"{row[k] / 100:.2f}" for k in ("requested", "base", "other")]
        held = "" if row["committed"] is None else f"{row['committed'] / 100:.2f}"
        ranged = "oui" if row["ranged"] else "non"
        lines.append(
            ",".join(
                [row["id"], row["project"], *money, held, draws.text(row["score"]), row["written"], ranged]
            )
        )
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    caps = [
        {"id": cap["id"], "max": "{}/{}".format(*cap["max"])}
        | ({"counting": ["other_state"]} if cap["counting"] else {})
        | ({"where": {"kind": cap["where"]}} if cap["where"] else {})
        for cap in world["caps"]
    ]
    tree = {
        "schema_version": 1,
        "id": "world",
        "programme": {"id": "p", "amount": f"{world['amount'] / 100:.2f}"},
        "dossiers": [{"file": "table.csv"}],
        "grants": [{"where": {"ranged": "oui"}, "mode": "range", "min": "2 €", "round": "1 €"}],
        "caps": caps,
        "objective": [{"maximise": {"score": 1}}, {"maximise": {"granted": 1}}],
        "solver": {"cross_check": "never"},
    }
    with (folder / "world.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return load_scenario(folder / "world.yaml")


@SETTINGS
@given(worlds())
def test_the_engine_equals_enumeration(world: dict[str, Any]) -> None:
    names = [row["id"] for row in world["rows"]]
    scores = {row["id"]: row["score"] for row in world["rows"]}
    best = max(
        (award for award in allocations(world) if holds(world, award)),
        key=lambda award: (
            sum(scores[name] for name in award),
            sum(award.values()),
            tuple(name in award for name in names),
            tuple(award.get(name, 0) for name in names),
        ),
        default=None,
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = solve(load(world, Path(folder)))
        except ScenarioError as error:
            found = {defect.code for defect in error.defects}
            result = None
    if result is None:
        assert (found, best) == ({"committed-exceeds"}, None)
        return
    assert result.status is Status.OPTIMAL
    assert funded(result) == best


@SETTINGS
@given(worlds())
def test_rows_can_be_met_if_and_only_if_the_reading_holds(world: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            problem = compile_problem(load(world, Path(folder)))
        except ScenarioError:
            return
    form = formulate(problem)
    recovery = form.recovery
    names = problem.case.table["dossier"].to_list()
    every = list(allocations(world))
    for award in every[:: max(1, len(every) // 10)]:
        funded_ = np.array([name in award for name in names])
        granted = np.array([award.get(name, 0) for name in names], dtype=np.int64)
        lower, upper = form.model.col_lower.copy(), form.model.col_upper.copy()
        rows = recovery.amount_rows
        t = (granted[rows] - recovery.least_cents[rows]) // recovery.unit_cents[rows]
        fixed = np.concatenate([funded_[recovery.candidate].astype(np.int64), np.where(funded_[rows], t, 0)])
        lower[: len(fixed)] = upper[: len(fixed)] = fixed
        found = solve_integral(form.model.with_bounds(lower, upper), get_backend("highs"))
        allocation = Allocation(funded_, granted)
        broken = list_broken_rules(problem, allocation, read_allocation(problem, allocation))
        assert (found.values is not None) == (not broken) == holds(world, award)


def test_the_verifier_names_the_cap(tmp_path: Path) -> None:
    problem = compile_problem(tiny(tmp_path, WIDE + "caps: [r2334-27]\n", TWO))
    allocation = Allocation(np.array([True, True, False]), np.array([600_00, 500_00, 0], dtype=np.int64))
    (defect,) = list_broken_rules(problem, allocation, read_allocation(problem, allocation))
    assert defect.line(Lang.FR) == (
        "cap:r2334-27 tiny.yaml:11:8 — le projet « p » reçoit 1\u202f100\xa0€, plus que le plafond « r2334-27 » "
        "(700\xa0€)."
    )
