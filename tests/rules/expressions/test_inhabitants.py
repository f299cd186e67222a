"""`inhabitants`: each inhabitant of the communes reached once; by hand, by enumeration, and bad inputs.

The map is read here from its own file, and unions are sets of codes: nothing is shared with the engine.
"""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import ROOT
from support.rule_worlds import Award, World, answer, best, dossiers, few, quick, rows_agree, score, write

from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.run_folder.replay import check_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.inhabitants import find_reached_communes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.run_replay import verify_run

MAP = {"territory": {"year": 2021}}
RAW = pl.read_parquet(ROOT / "tnt_sim" / "data" / "territories-2021.parquet")
COMMUNES = RAW.filter(pl.col("type") == "commune").rows(named=True)
PEOPLE = {row["code"]: row["population"] for row in COMMUNES}
COLUMN_OF = {"commune": "code", "epci": "epci", "departement": "department", "region": "region"}
"""The column of the raw map that says which communes a territory of a type holds."""
COLUMNS = ["applicant_type", "applicant_id", "commune", "epci", "department", "members"]
NONE = dict.fromkeys(COLUMNS, "")

# Mayotte (976, region 06) and its EPCI overlap; 06 is a department elsewhere
PLACES: dict[str, dict[str, str]] = {
    "a commune": {"applicant_type": "commune", "applicant_id": "97608"},
    "a commune by its column": {"applicant_type": "commune", "commune": "97608"},
    "a number that the map does not know": {
        "applicant_type": "commune", "applicant_id": "21976008800019", "commune": "97611",
    },
    "an unknown commune": {"applicant_type": "commune", "applicant_id": "99999"},
    "an EPCI": {"applicant_type": "epci", "applicant_id": "200060457"},
    "an EPCI by its SIRET": {"applicant_type": "epci", "applicant_id": "20005053200018"},
    "a department": {"applicant_type": "departement", "applicant_id": "976"},
    "a department and its seat": {
        "applicant_type": "departement", "applicant_id": "976", "commune": "97611", "members": "97611",
    },
    "the department 06": {"applicant_type": "departement", "applicant_id": "06"},
    "the region 06": {"applicant_type": "region", "applicant_id": "R06"},
    "a group": {"applicant_type": "mutualisation", "members": "200050532;97608;97601;97601"},
    "a group of a department": {"applicant_type": "syndicat", "members": "976;97601"},
    "a group with an unknown member": {"applicant_type": "mutualisation", "members": "97601;97699"},
    "a group without members": {"applicant_type": "mutualisation", "department": "976"},
    "an association and its commune": {"applicant_type": "autre", "commune": "97616"},
    "a commune for others": {
        "applicant_type": "commune", "applicant_id": "97611", "members": "97607;97611",
    },
    "nobody": {},
}  # fmt: skip


@cache
def communes_of(kind: str, code: str) -> frozenset[str]:
    column = COLUMN_OF["epci" if kind == "metropole" else kind]
    wanted = code[:9] if len(code) == 14 else code.removeprefix("R") if kind == "region" else code
    return frozenset(row["code"] for row in COMMUNES if row[column] == wanted)


def reached(dossier: dict[str, Any]) -> tuple[frozenset[str], bool]:
    """The communes of a dossier, and whether the map knows all that it names."""
    cells = {name: str(dossier.get(name, "")) for name in COLUMNS}
    members = [code for code in cells["members"].split(";") if code]
    kind = cells["applicant_type"]
    is_territory = kind in (*COLUMN_OF, "metropole")
    if is_territory and members in ([], [cells["commune"]]):
        own = {"epci": "epci", "metropole": "epci", "departement": "department"}.get(kind, kind)
        for code in (cells["applicant_id"], cells.get(own, "")):
            if code and communes_of(kind, code):
                return communes_of(kind, code), True
        return frozenset(), False
    named = members or [code for code in [cells["commune"]] if code]
    found = [
        frozenset().union(*(communes_of(k, c) for k in ("commune", "epci", "departement"))) for c in named
    ]
    return frozenset().union(*found), bool(named) and all(found)


def inhabitants(rows: list[dict[str, Any]]) -> int:
    """Plain union, then the sum."""
    return sum(PEOPLE[code] for code in set().union(*(reached(row)[0] for row in rows)))


def one(dossier: str, cents: int, score: int, place: str, **cells: Any) -> dict[str, Any]:
    return {
        "id": dossier, "amounts": [cents], "ranged": False, "score": score, "eligible": True,
        **NONE, **PLACES[place], **cells,
    }  # fmt: skip


def of_award(world: World, award: Award) -> list[dict[str, Any]]:
    return [row for row in world["dossiers"] if row["id"] in award]


HAND: World = {
    "amount": 2000,
    "dossiers": [
        one("1", 1000, 9, "a commune"),
        one("2", 1000, 8, "a commune by its column"),
        one("3", 1000, 1, "an association and its commune"),
    ],
}


def test_each_inhabitant_counts_once(tmp_path: Path) -> None:
    people = {"maximise": {"inhabitants": 1}}
    assert answer(HAND, COLUMNS, **MAP) == {"1": 1000, "2": 1000}
    assert answer(HAND, COLUMNS, **MAP, objective=[people, {"maximise": {"score": 1}}]) == {
        "1": 1000,
        "3": 1000,
    }
    wanted = PEOPLE["97608"] + PEOPLE["97616"]
    least = {"id": "r", "kind": "limit", "measure": "inhabitants", "min": str(wanted)}
    assert answer(HAND, COLUMNS, **MAP, rules=[least]) == {"1": 1000, "3": 1000}
    most = {"id": "r", "kind": "limit", "measure": "inhabitants", "max": str(PEOPLE["97608"] - 1)}
    assert answer(HAND, COLUMNS, **MAP, rules=[most]) == {"3": 1000}
    told = {"id": "r", "kind": "limit", "measure": "inhabitants", "report": True}
    result = solve(write(HAND, tmp_path, COLUMNS, **MAP, rules=[told]))
    assert result.document["rules"][0]["num"] == PEOPLE["97608"] == result.document["inhabitants"]
    assert result.document["n_unlocated"] == 0
    assert verify_run(write_run(result)).ok


@pytest.mark.parametrize("place", PLACES)
def test_every_way_to_name_a_place(place: str, tmp_path: Path) -> None:
    row = one("1", 1000, 1, place)
    problem = compile_problem(write({"amount": 2000, "dossiers": [row]}, tmp_path, COLUMNS, **MAP))
    reach = find_reached_communes(problem.case)
    assert reach is not None
    codes, located = reached(row)
    assert reach.count_inhabitants(np.array([True])) == sum(PEOPLE[code] for code in codes)
    assert len(reach.commune) == len(codes)
    assert bool(reach.unlocated[0]) is not located


def test_population_keeps_its_meaning(tmp_path: Path) -> None:
    """An EPCI and its commune: the population of both applicants, and the inhabitants of the EPCI's communes."""
    rows = [one("1", 1000, 1, "an EPCI"), one("2", 1000, 1, "a number that the map does not know")]
    for row, people in zip(rows, (87_285, 71_437), strict=True):
        row["population"] = people
    rules = [
        {"id": name, "kind": "limit", "measure": name, "report": True}
        for name in ("population", "inhabitants")
    ]
    world = {"amount": 2000, "dossiers": rows}
    result = solve(write(world, tmp_path, [*COLUMNS, "population"], rules=rules, **MAP))
    assert [rule["num"] for rule in result.document["rules"]] == [87_285 + 71_437, 87_285]


@st.composite
def worlds(draw: st.DrawFn, places: list[str]) -> World:
    found = draw(dossiers(place=st.sampled_from(places)))
    rows = [{**NONE, **PLACES[row["place"]], **row} for row in found]
    return {"amount": draw(st.integers(500, 6000)), "dossiers": rows}


ANY = worlds(list(PLACES))
KNOWN = worlds([name for name, cells in PLACES.items() if reached(cells)[1]])
NAMED = {
    "gens": {"column": "inhabitants", "empty": 0},
    "petits": {"column": "inhabitants", "where": {"score": {"max": 2}}},
}


@quick
@given(ANY, st.sampled_from([1, 0]), st.sampled_from(["inhabitants", "gens"]), st.sampled_from(["0", "2500"]))
def test_objective_equals_enumeration(world: World, up: int, name: str, weight: str) -> None:
    """The most inhabitants, or the fewest beside a score; blanks and unknown codes are refused or count zero."""
    sense, sign = ("maximise", 1) if up else ("minimise", -1)
    goal = {name: "1", **({"score": weight if up else f"-{weight}"} if weight != "0" else {})}
    unknown = any(not reached(row)[1] for row in world["dossiers"] if row["eligible"] or "committed" in row)
    stages = [{sense: goal}, {"maximise": {"score": 1}}]
    engine = answer(world, COLUMNS, **MAP, measures=NAMED, objective=stages)
    refused = {"inhabitants-unlocated"} if name == "inhabitants" and unknown else set()
    if refused or engine == {"committed-exceeds"}:
        assert isinstance(engine, set)
        assert engine - {"committed-exceeds"} == refused
        return

    def goals(award: Award) -> tuple[Fraction, ...]:
        value = sign * inhabitants(of_award(world, award)) + int(weight) * score(world, award)
        return Fraction(value), score(world, award)

    assert engine == best(world, lambda award: True, goals)


@st.composite
def rules_of(draw: st.DrawFn, world: World) -> dict[str, Any]:
    top = inhabitants(world["dossiers"])
    kind = draw(st.sampled_from(["limit", "limit", "by", "share"]))
    measure = draw(st.sampled_from(["inhabitants", "gens", "petits"]))
    if kind == "share":
        found = {"kind": "share", "measure": measure, "where": {"score": {"max": 3}}}
        return found | {draw(st.sampled_from(["min", "max"])): f"{draw(st.integers(1, 99))} %"}
    found = {"kind": "limit", "measure": measure, "floor": "strict"}
    if kind == "by":
        found["by"] = "applicant_type"
    side = draw(st.sampled_from(["min", "max"]))
    return found | {side: str(draw(st.integers(0, top)))}


def figures(world: World, rule: dict[str, Any], award: Award) -> list[tuple[int, int]]:
    """(numerator, denominator) of each group of a rule."""

    def measure(rows: list[dict[str, Any]]) -> int:
        small = rule["measure"] == "petits"
        return inhabitants([row for row in rows if not small or row["score"] <= 2])

    rows = of_award(world, award)
    if rule["kind"] == "share":
        return [(measure([row for row in rows if row["score"] <= 3]), measure(rows))]
    if "by" not in rule:
        return [(measure(rows), 1)]
    alive = [row for row in world["dossiers"] if row["eligible"] or "committed" in row]
    groups = sorted({row["applicant_type"] for row in alive})
    return [(measure([row for row in rows if row["applicant_type"] == group]), 1) for group in groups]


def distance(world: World, rule: dict[str, Any], award: Award) -> Fraction:
    total = Fraction(0)
    for num, den in figures(world, rule, award):
        for side, sign in (("min", 1), ("max", -1)):
            if side in rule:
                text = rule[side]
                bound = Fraction(text[:-2]) / 100 if text.endswith("%") else Fraction(text)
                total += max(Fraction(0), sign * (bound * den - num))
    return total


@quick
@given(st.data())
def test_rules_equal_enumeration(data: st.DataObject) -> None:
    world = data.draw(KNOWN)
    rule = data.draw(rules_of(world))
    expected = best(world, lambda a: distance(world, rule, a) == 0, lambda a: (score(world, a),))
    engine = answer(world, COLUMNS, **MAP, measures=NAMED, rules=[{"id": "r", **rule}])
    assert engine == expected or (isinstance(engine, set) and expected is None), engine


@few
@given(st.data())
def test_penalties_equal_enumeration(data: st.DataObject) -> None:
    world = data.draw(KNOWN)
    rule = data.draw(rules_of(world))
    price = Fraction(1, 2000)
    expected = best(world, lambda a: True, lambda a: (score(world, a) - price * distance(world, rule, a),))
    priced = {"id": "r", **rule, "penalty": {"cost": "0.5", "per": "1000"}}
    engine = answer(world, COLUMNS, **MAP, measures=NAMED, rules=[priced])
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)


@few
@given(st.data())
def test_rows_say_what_the_reading_says(data: st.DataObject) -> None:
    world = data.draw(KNOWN)
    rules_agree = {"id": "r", **data.draw(rules_of(world))}
    rows_agree(world, COLUMNS, rules=[rules_agree], measures=NAMED, **MAP)


@few
@given(KNOWN)
def test_the_smallest_type_reaches_as_many_as_it_can(world: World) -> None:
    stages = [{"maximise": {"smallest": {"measure": "inhabitants", "by": "applicant_type"}}}]
    engine = answer(world, COLUMNS, **MAP, objective=stages)
    alive = [row for row in world["dossiers"] if row["eligible"] or "committed" in row]
    kinds = {row["applicant_type"] for row in alive}

    def goals(award: Award) -> tuple[Fraction, ...]:
        rows = of_award(world, award)
        sums = [inhabitants([row for row in rows if row["applicant_type"] == kind]) for kind in kinds]
        return (Fraction(min(sums, default=0)),)

    expected = best(world, lambda award: True, goals)
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)


@few
@given(KNOWN)
def test_what_is_proven_is_checked_again(world: World) -> None:
    """The optimum has a proof that the checker replays, and the figure is read again from the inputs."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        try:
            result = solve(
                write(world, Path(name), COLUMNS, **MAP, objective=[{"maximise": {"inhabitants": 1}}])
            )
        except ScenarioError:  # commitments above the envelope
            assert sum(row.get("committed", 0) for row in world["dossiers"]) > world["amount"]
            return
        assert (result.status, result.proof) == (Status.OPTIMAL, Proof.PROVED)
        folder = write_run(result)
        checked = check_run(folder)
        assert checked.verification.ok
        assert checked.verification.optimal.is_shown
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert summary["inhabitants"] == inhabitants(of_award(world, dict.fromkeys(funded_of(result), 1)))
        summary["inhabitants"] += 1
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        assert any(defect.code == "summary:inhabitants" for defect in verify_run(folder).defects)
        del summary["inhabitants"]
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        assert not check_run(folder).verification.ok


def funded_of(result: Any) -> list[str]:
    found: list[str] = result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()
    return found


def test_communes_of_the_same_dossiers_are_one_column(tmp_path: Path) -> None:
    """17 communes of Mayotte under a department, an EPCI and a commune: three sets of dossiers."""
    places = ("a department", "an EPCI", "a commune")
    rows = [one(str(k), 1000, 1, place) for k, place in enumerate(places, 1)]
    rows.append(one("4", 1000, 1, "the region 06", eligible=False))
    problem = compile_problem(
        write(
            {"amount": 2000, "dossiers": rows},
            tmp_path,
            COLUMNS,
            **MAP,
            objective=[{"maximise": {"inhabitants": 1}}],
        )
    )
    (part,) = problem.stages[0].terms.once
    assert len(part.worth) == 3
    scale = problem.stages[0].terms.scale
    assert int(scale * part.worth.sum()) == 256_518 == inhabitants(rows[:3])


def test_a_column_of_that_name_goes_before() -> None:
    """A table that has a column `inhabitants` is counted as it was before there was such a measure."""
    world = {
        "amount": 1000,
        "dossiers": [
            {**one("1", 1000, 1, "an EPCI"), "inhabitants": 5},
            {**one("2", 1000, 1, "nobody"), "inhabitants": 7},
        ],
    }
    goal = [{"maximise": {"inhabitants": 1}}]
    assert answer(world, [*COLUMNS, "inhabitants"], objective=goal) == {"2": 1000}
    assert answer(world, [*COLUMNS, "inhabitants"], objective=goal, **MAP) == {"2": 1000}


BAD = {
    "no map": (
        {},
        "inhabitants",
        "no-map world.yaml:12:27 — la mesure « inhabitants » compte les communes de la carte, et le scénario n'en "
        "nomme pas. Ajoutez `territory: {year: 2021}`.",
    ),
    "no place": (
        MAP,
        "inhabitants",
        "inhabitants-unlocated world.yaml:12:27, table.csv:3 [2] — la mesure « inhabitants » : 1 dossier éligible "
        "ne désigne aucun territoire, ou un code que la carte de 2021 ne connaît pas : 2. Corrigez "
        "`applicant_type`, `applicant_id`, `commune` ou `members`, ou écrivez une mesure nommée "
        "`{column: inhabitants, empty: 0}` : ce que la carte ne connaît pas compte alors pour zéro.",
    ),
    "once per applicant": (
        MAP,
        "porteurs",
        "once-per world.yaml:10:55 — `once_per` demande une mesure fixe par dossier : ni montant accordé, "
        "ni mesure "
        "déjà comptée une fois par demandeur, par projet ou par habitant.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_unusable_unit_is_refused(name: str, tmp_path: Path) -> None:
    parts, goal, message = BAD[name]
    world = {
        "amount": 1000,
        "dossiers": [one("1", 1000, 1, "an EPCI"), one("2", 1000, 1, "an unknown commune")],
    }
    measures = {"porteurs": {"column": "inhabitants", "once_per": "applicant_id", "empty": 0}}
    with pytest.raises(ScenarioError) as caught:
        compile_problem(
            write(world, tmp_path, COLUMNS, **parts, measures=measures, objective=[{"maximise": {goal: 1}}])
        )
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [message]


def test_a_measure_of_that_name_goes_before() -> None:
    """A scenario that named a measure `inhabitants` keeps it."""
    world = {"amount": 1000, "dossiers": [one("1", 1000, 1, "an EPCI"), one("2", 1000, 5, "nobody")]}
    named = {"inhabitants": {"column": "score"}}
    goal = [{"maximise": {"inhabitants": 1}}]
    assert answer(world, COLUMNS, objective=goal, measures=named, **MAP) == {"2": 1000}
