"""`equity`: per head within a band around the mean; by hand, by enumeration, and bad inputs."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import draws
from support.rule_worlds import (
    Award,
    World,
    answer,
    best,
    dossiers,
    few,
    options,
    quick,
    rows_agree,
    score,
    write,
)

from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError, VerificationError
from tnt_sim.formulation import builder as rounding
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.run_replay import verify_run

# inhabitants on the map of 2021
HEADS = {"05": 141220, "48": 76604, "23": 116617}
MAP = {"territory": {"year": 2021}}


def one(dossier: str, cents: int, score: int, department: str) -> dict[str, Any]:
    return {
        "id": dossier, "amounts": [cents], "ranged": False, "score": score, "eligible": True,
        "department": department,
    }  # fmt: skip


HAND: World = {
    "amount": 1000_00,
    "dossiers": [one("1", 600_00, 9, "05"), one("2", 400_00, 1, "48"), one("3", 400_00, 8, "05")],
}


def rule(**keys: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "kind": "equity",
        "measure": "granted",
        "per": "population",
        "by": "department",
        **keys,
    }


def test_equity_changes_the_answer() -> None:
    """Of 1,000 € for 217,824 inhabitants: 05 at 600 / 141,220 is 92.5 %, 48 at 400 / 76,604 is 113.7 %."""
    names = ["department"]
    assert answer(HAND, names, **MAP) == {"1": 600_00, "3": 400_00}
    assert answer(HAND, names, rules=[rule(min="92 %")], **MAP) == {"1": 600_00, "2": 400_00}
    assert answer(HAND, names, rules=[rule(min="93 %")], **MAP) == {}
    assert answer(HAND, names, rules=[rule(max="114 %")], **MAP) == {"1": 600_00, "2": 400_00}
    assert answer(HAND, names, rules=[rule(max="113 %")], **MAP) == {}


def test_a_group_without_demand_lowers_its_minimum(tmp_path: Path) -> None:
    """On the whole map 99 departments ask for nothing: strict, nobody; by demand, as before."""
    names = ["department"]
    strict = rule(min="50 %", groups=["05", "48", "23"], floor="strict")
    assert answer(HAND, names, rules=[strict], **MAP) == {}
    listed = rule(min="50 %", groups=["05", "48", "23"])
    scenario = write(HAND, tmp_path, names, rules=[listed], **MAP)
    result = solve(scenario)
    figures = result.document["rules"][0]
    assert figures["holds"]
    assert [(g["group"], g["lowered"], g["min"]) for g in figures["groups"] if g["group"] == "23"] == [
        ("23", True, "0")
    ]
    group = next(g for g in figures["groups"] if g["group"] == "05")
    assert Fraction(group["num"], group["den"]) == Fraction(600, HEADS["05"])
    assert verify_run(write_run(result)).ok
    assert answer(HAND, names, rules=[rule(min="50 %", groups="map")], **MAP) == {"1": 600_00, "2": 400_00}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, dict[str, Any]]:
    where = st.sampled_from(["05", "05", "48", "23", ""])
    world = {"amount": draw(st.integers(500, 6000)), "dossiers": draw(dossiers(department=where))}
    found: dict[str, Any] = {
        "measure": draw(st.sampled_from(["granted", "dossiers"])),
        "floor": draw(st.sampled_from(["demand", "strict"])),
    }
    if draw(st.booleans()):
        found["groups"] = ["48", "23"]
    if draw(st.booleans()):
        found["min"] = f"{draws.text(Fraction(draw(st.integers(0, 1000)), 10))} %"
    if "min" not in found or draw(st.booleans()):
        found["max"] = f"{draws.text(Fraction(draw(st.integers(1000, 3000)), 10))} %"
    return world, found


def distance(world: World, found: dict[str, Any], award: Award) -> tuple[Fraction, bool]:
    """What groups lack or have too much, in whole cents or dossiers (as the measure's unit); and if it holds."""
    playing = [d for d in world["dossiers"] if any(o is not None for o in options(d))]
    present = {d["department"] for d in playing if d["department"]}
    groups = sorted(found.get("groups", present))
    if not groups:
        return Fraction(0), True

    def value(department: str, cents: dict[str, int]) -> int:
        mine = [cents[d["id"]] for d in playing if d["department"] == department and d["id"] in cents]
        return sum(mine) if found["measure"] == "granted" else len(mine)

    most = {d["id"]: max(o for o in options(d) if o is not None) for d in playing}
    total = sum(value(g, award) for g in groups)
    gap = 0
    for g in groups:
        fair = Fraction(total * HEADS[g], sum(HEADS[h] for h in groups))
        if "min" in found:
            low = Fraction(found["min"][:-2]) / 100 * fair
            low = min(low, Fraction(value(g, most))) if found["floor"] == "demand" else low
            gap += max(0, ceil(low - value(g, award)))
        if "max" in found:
            gap += max(0, ceil(value(g, award) - Fraction(found["max"][:-2]) / 100 * fair))
    unit = Fraction(1, 100) if found["measure"] == "granted" else Fraction(1)
    return gap * unit, gap == 0


@quick
@given(worlds())
def test_equity_equals_enumeration_hard_and_priced(case: tuple[World, dict[str, Any]]) -> None:
    world, found = case
    expected = best(world, lambda a: distance(world, found, a)[1], lambda a: (score(world, a),))
    engine = answer(world, ["department"], rules=[rule(**found)], **MAP)
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)
    penalty = {"cost": "0.5", "per": "2"}
    expected = best(
        world,
        lambda a: True,
        lambda a: (score(world, a) - Fraction(1, 4) * distance(world, found, a)[0],),
    )
    engine = answer(world, ["department"], rules=[rule(**found, penalty=penalty)], **MAP)
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)


@few
@given(worlds())
def test_rows_say_what_the_reading_says(case: tuple[World, dict[str, Any]]) -> None:
    world, found = case
    rows_agree(world, ["department"], rules=[rule(**found)], **MAP)


@few
@given(worlds(), st.sampled_from([3, 20]))
def test_what_rounded_rows_let_through_is_cut_off(case: tuple[World, dict[str, Any]], largest: int) -> None:
    """Entries of two digits instead of twelve: rows let far too much through, and the answer is the same."""
    world, found = case
    world = {
        **world,
        "dossiers": [
            d | {"ranged": False, "more": 0, "amounts": d["amounts"][:1]} for d in world["dossiers"]
        ],
    }
    expected = best(world, lambda a: distance(world, found, a)[1], lambda a: (score(world, a),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "LARGEST", largest)
        engine = answer(world, ["department"], rules=[rule(**found)], **MAP)
    assert engine == expected or (engine == {"committed-exceeds"} and expected is None)


def test_open_amounts_that_the_reading_refuses_are_no_decision(tmp_path: Path) -> None:
    """Where amounts are open the choice of dossiers decides nothing: the run ends with a failed verification."""
    ranged = one("1", 100, 9, "05") | {"ranged": True, "amounts": [100, 200, 300]}
    world = {"amount": 1000, "dossiers": [ranged, one("2", 300, 1, "48")]}
    scenario = write(world, tmp_path, ["department"], rules=[rule(max="101 %")], **MAP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "LARGEST", 3)
        with pytest.raises(VerificationError):
            solve(scenario)


BAD = {
    "a price that no exact row can carry": (
        MAP,
        rule(min="33.3 %", penalty={"cost": "1", "per": "1 k€"}),
        "equity-price — l'écart à cette bande ne se calcule pas en nombres entiers assez courts pour un prix "
        "exact.",
    ),
    "no map": (
        {},
        rule(min="50 %"),
        "no-map — cette règle compte sur la carte, et le scénario n'en nomme pas.",
    ),
    "no bound": (MAP, rule(), "no-bound — cette règle n'a ni `min` ni `max`."),
    "a band above the mean": (
        MAP,
        rule(min="120 %"),
        "equity-band — la bande doit contenir 100 % : tous les groupes ne peuvent pas être d'un même côté de la "
        "moyenne.",
    ),
    "a band below the mean": (
        MAP,
        rule(max="90 %"),
        "equity-band — la bande doit contenir 100 % : tous les groupes ne peuvent pas être d'un même côté de la "
        "moyenne.",
    ),
    "a group that the map does not know": (
        MAP,
        rule(min="50 %", groups=["20A"]),
        "per-head — la carte de 2021 ne donne pas d'habitants à : 20A.",
    ),
    "a column that is not of the map": (
        MAP,
        rule(min="50 %", by="mode"),
        "per-head — `per: population` prend les habitants de la carte : `by` doit être l'une des colonnes "
        "commune, "
        "epci, department, region.",
    ),
    "the map's groups of such a column": (
        MAP,
        rule(min="50 %", by="mode", groups="map"),
        "groups-map — avec `groups: map`, `by` nomme une colonne de la carte : commune, epci, department, region.",
    ),
    "a measure below zero": (
        MAP | {"measures": {"perte": {"value": -1}}},
        rule(min="50 %", measure="perte"),
        "per-head-negative — cette mesure est négative pour certains dossiers : elle ne se compare pas d'un "
        "groupe à l'autre.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_equity_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    parts, written, expected = BAD[name]
    odd = one("4", 700_000_000_01, 1, "48")
    large = {**HAND, "amount": 900_000_000_00, "dossiers": [*HAND["dossiers"], odd]}
    scenario = write(large, tmp_path, ["department"], rules=[written], **parts)
    with pytest.raises(InputError) as caught:
        solve(scenario)
    (defect,) = caught.value.defects
    assert f"{defect.code} — {defect.text.fr}" == expected
    assert defect.line(Lang.FR).startswith(f"{defect.code} world.yaml:")
    assert defect.text.en
