"""`coverage`: units of the map reached by funded dossiers or already; by hand, by enumeration, and bad inputs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import draws
from support.rule_worlds import Award, World, answer, best, dossiers, few, quick, rows_agree, score, write

from tnt_sim.domain.territory import load_territory
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.run_replay import verify_run

# Ain: four communes whose inhabitants on the map of 2021 are known to the test by their own reading
COMMUNES = ("01001", "01002", "01004", "01005")
PEOPLE = {code: load_territory(2021).get_population("commune")[code] for code in COMMUNES}
UNITS = {"code": list(COMMUNES)}
MAP = {"territory": {"year": 2021}}


def one(dossier: str, cents: int, score: int, **cells: Any) -> dict[str, Any]:
    return {
        "id": dossier, "amounts": [cents], "ranged": False, "score": score, "eligible": True, **cells,
    }  # fmt: skip


HAND: World = {
    "amount": 2000,
    "dossiers": [
        one("1", 1000, 9, members="01001"),
        one("2", 1000, 8, members="01001;01002"),
        one("3", 1000, 1, members="01004"),
    ],
}


def rule(**keys: Any) -> dict[str, Any]:
    return {"id": "r", "kind": "coverage", "units": UNITS, "covered_by": "members", **keys}


def test_coverage_changes_the_answer() -> None:
    assert answer(HAND, ["members"], **MAP) == {"1": 1000, "2": 1000}
    assert answer(HAND, ["members"], rules=[rule(min="3")], **MAP) == {"2": 1000, "3": 1000}
    assert answer(HAND, ["members"], rules=[rule(min="75 %")], **MAP) == {"2": 1000, "3": 1000}
    assert answer(HAND, ["members"], rules=[rule(max="1")], **MAP) == {"1": 1000}
    done = {"done.csv": "code\n01004\n01004\n"}
    assert answer(HAND, ["members"], done, rules=[rule(min="3", already="done.csv")], **MAP) == {
        "1": 1000,
        "2": 1000,
    }


def test_figures_and_inputs(tmp_path: Path) -> None:
    (tmp_path / "done.csv").write_text("code\n01005\n", encoding="utf-8")
    rules = [
        rule(min="50 %", already="done.csv", report=True),
        rule(measure="population", min="100000", report=True) | {"id": "p"},
    ]
    scenario = write(HAND, tmp_path, ["members"], rules=rules, **MAP)
    assert [(f.path, f.kind) for f in scenario.inputs if f.kind == "table"] == [("done.csv", "table")]
    result = solve(scenario)
    share, people = result.document["rules"]
    assert (share["num"], share["den"], share["min"], share["value"]) == (3, 4, "0.5", "0.75")
    assert (people["num"], people["den"]) == (PEOPLE["01001"] + PEOPLE["01002"], 1)
    assert (share["holds"], people["holds"]) == (True, False)
    assert verify_run(write_run(result)).ok


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, dict[str, Any], list[str]]:
    some = st.lists(st.sampled_from([*COMMUNES, "01006"]), max_size=3).map(";".join)
    world = {"amount": draw(st.integers(500, 8000)), "dossiers": draw(dossiers(members=some))}
    already = draw(st.lists(st.sampled_from(COMMUNES), max_size=2))
    measure = draw(st.sampled_from(["units", "population"]))
    top = 4 if measure == "units" else sum(PEOPLE.values())
    found: dict[str, Any] = {"measure": measure}
    if draw(st.booleans()):
        found["where"] = {"score": {"max": "6.6"}}
    low, high = sorted((draw(st.integers(0, top)), draw(st.integers(0, top))))
    if draw(st.booleans()):
        found["min"] = draw(st.sampled_from([str(low), f"{draws.text(Fraction(1000 * low // top, 10))} %"]))
    if "min" not in found or draw(st.booleans()):
        found["max"] = str(high)
    return world, found, already


def distance(world: World, found: dict[str, Any], already: list[str], award: Award) -> Fraction:
    reached = set(already)
    for d in world["dossiers"]:
        if d["id"] in award and ("where" not in found or d["score"] <= Fraction("6.6")):
            reached |= set(d["members"].split(";")) & set(COMMUNES)
    worth = dict.fromkeys(COMMUNES, 1) if found["measure"] == "units" else PEOPLE
    value, total = sum(worth[c] for c in reached), sum(worth.values())
    gap = Fraction(0)
    for side, sign in (("min", 1), ("max", -1)):
        if side in found:
            text = found[side]
            bound = Fraction(text[:-2]) * total / 100 if text.endswith("%") else Fraction(text)
            gap = max(gap, sign * (bound - value))
    return gap


@quick
@given(worlds())
def test_coverage_equals_enumeration_hard_and_priced(case: tuple[World, dict[str, Any], list[str]]) -> None:
    world, found, already = case
    files = {"done.csv": "code\n" + "\n".join(already) + "\n"} if already else {}
    keys = found | ({"already": "done.csv"} if already else {})
    expected = best(world, lambda a: distance(world, found, already, a) == 0, lambda a: (score(world, a),))
    engine = answer(world, ["members"], files, rules=[rule(**keys)], **MAP)
    assert engine == expected or (engine in ({"coverage-reach"}, {"committed-exceeds"}) and expected is None)
    penalty = {"cost": "0.5", "per": "1" if found["measure"] == "units" else "100"}
    price = Fraction(1, 2) / int(penalty["per"])
    expected = best(
        world,
        lambda a: True,
        lambda a: (score(world, a) - price * distance(world, found, already, a),),
    )
    engine = answer(world, ["members"], files, rules=[rule(**keys, penalty=penalty)], **MAP)
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)


@few
@given(worlds())
def test_rows_say_what_the_reading_says(case: tuple[World, dict[str, Any], list[str]]) -> None:
    world, found, already = case
    files = {"done.csv": "code\n" + "\n".join(already) + "\n"} if already else {}
    keys = found | ({"already": "done.csv"} if already else {})
    rows_agree(world, ["members"], files, rules=[rule(**keys)], **MAP)


def test_codes_are_keyed_by_the_applicants_type() -> None:
    """« 84 » is Vaucluse for a department and Auvergne-Rhône-Alpes for a region."""
    cells = {"applicant_type": "region", "applicant_id": "84"}
    world: World = {"amount": 5000, "dossiers": [one("1", 1000, 0, **cells)]}
    both = {"id": "r", "kind": "coverage", "covered_by": "applicant_id", "min": "1"}
    names = ["applicant_type", "applicant_id"]
    rules = [both | {"units": {"type": "departement", "code": "84"}}]
    assert answer(world, names, rules=rules, **MAP) == {"coverage-reach"}
    rules = [both | {"units": {"type": "region", "code": "84"}}]
    assert answer(world, names, rules=rules, **MAP) == {"1": 1000}
    world["dossiers"][0]["applicant_id"] = "R84"
    assert answer(world, names, rules=rules, **MAP) == {"1": 1000}


BAD = {
    "no map": (
        {},
        rule(min="1"),
        "no-map world.yaml:22:3 — cette règle compte sur la carte, et le scénario n'en nomme pas. Ajoutez "
        "`territory: {year: 2021}`.",
    ),
    "no unit": (
        MAP,
        rule(min="1", units={"type": "communes"}),
        "coverage-units world.yaml:25:5 — aucune unité de la carte de 2021 ne répond à ce critère. Valeurs de "
        "`type` : commune, epci, metropole, departement, region.",
    ),
    "an unknown column of the map": (
        MAP,
        rule(min="1", units={"kind": "commune"}),
        "unknown-column world.yaml:26:7 — la colonne « kind » n'existe pas. Vouliez-vous dire « type » ?",
    ),
    "an unknown column of the dossiers": (
        MAP,
        rule(min="1", covered_by="memebers"),
        "unknown-column world.yaml:22:15 — la colonne « memebers » n'existe pas. Vouliez-vous dire « members » ?",
    ),
    "no bound": (
        MAP,
        rule(),
        "no-bound world.yaml:22:3 — cette règle n'a ni `min` ni `max`. Donnez une borne, ou `report: true`.",
    ),
    "out of reach": (
        MAP,
        rule(min="100 %"),
        "coverage-reach world.yaml:25:8 — la couverture demandée est de 4, mais tous les dossiers éligibles "
        "ensemble n'en atteignent que 3 sur 4. Abaissez `min`, ou vérifiez `units`, `covered_by` et `where`.",
    ),
    "more than the maximum already": (
        MAP,
        rule(max="0", already="done.csv"),
        "coverage-reach world.yaml:26:8 — ce qui est déjà couvert, engagé ou décidé fait 1, plus que le maximum "
        "de 0. Relevez `max`, ou vérifiez `already`.",
    ),
    "a file that names no unit": (
        MAP,
        rule(min="1", already="wrong.csv"),
        "coverage-unknown world.yaml:22:12 — ce fichier nomme 1 unité que la carte de 2021 ne connaît pas : "
        "99999.",
    ),
    "a file without codes": (
        MAP,
        rule(min="1", already="nocode.csv"),
        "coverage-file world.yaml:22:12 — ce fichier n'a pas de colonne `code`, où les codes sont attendus.",
    ),
    "departments and regions at once": (
        MAP,
        rule(min="1", covered_by="place", units={"code": ["84", "11"]}),
        "coverage-codes world.yaml:22:15 — les codes des départements et des régions se confondent : « 01 » est "
        "l'Ain et la Guadeloupe. Ne retenez qu'un `type` dans `units`.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_coverage_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    parts, written, expected = BAD[name]
    for path, text in (("done", "code\n01001\n"), ("wrong", "code\n99999\n"), ("nocode", "insee\n01001\n")):
        (tmp_path / f"{path}.csv").write_text(text, encoding="utf-8")
    world = {**HAND, "dossiers": [d | {"place": "84"} for d in HAND["dossiers"]]}
    with pytest.raises(InputError) as caught:
        solve(write(world, tmp_path, ["members", "place"], rules=[written], **parts))
    lines = [defect.line(Lang.FR) for defect in caught.value.defects]
    assert [line.split(" — ")[1] for line in lines] == [expected.split(" — ")[1]]
    assert [line.split(" ")[0] for line in lines] == [expected.split(" ")[0]]
    assert all("world.yaml:" in line for line in lines)


def test_a_member_that_the_map_does_not_know(tmp_path: Path) -> None:
    world = {**HAND, "dossiers": [one("1", 1000, 1, members="01001;99999")]}
    with pytest.raises(InputError) as caught:
        solve(write(world, tmp_path, ["members"], rules=[rule(min="1")], **MAP))
    (defect,) = caught.value.defects
    assert defect.text.fr == (
        "la colonne « members » nomme 1 unité que la carte de 2021 ne connaît pas : 99999."
    )
    assert [place.row for place in defect.places] == [None, 2]
