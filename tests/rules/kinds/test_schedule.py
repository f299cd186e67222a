"""`schedule`: promised and paid year by year; by hand, by enumeration, and bad inputs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_worlds import Award, World, answer, best, dossiers, few, quick, rows_agree, score, write

from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.run_replay import verify_run

NAMES = ["year", "end"]


def one(dossier: str, cents: int, score: int, year: object, end: str = "") -> dict[str, Any]:
    return {
        "id": dossier, "amounts": [cents], "ranged": False, "score": score, "eligible": True, "year": year,
        "end": end,
    }  # fmt: skip


HAND: World = {
    "amount": 1500_00,
    "dossiers": [one("1", 600_00, 9, 2021), one("2", 400_00, 8, 2021), one("3", 500_00, 3, 2022)],
}
PROFILE = ["30 %", "50 %", "20 %"]


def rule(**keys: Any) -> dict[str, Any]:
    return {"id": "r", "kind": "schedule", "year": {"column": "year"}, **keys}


def test_commitments_and_payments_change_the_answer() -> None:
    every = {"1": 600_00, "2": 400_00, "3": 500_00}
    assert answer(HAND, NAMES) == every
    assert answer(HAND, NAMES, rules=[rule(commitments={"2021": "600 €"})]) == {"1": 600_00, "3": 500_00}
    # 2022 pays 0.5 × 1,000 + 0.3 × 500 = 650
    paid = rule(profile=PROFILE, payments={"2022": "650 €"})
    assert answer(HAND, NAMES, rules=[paid]) == every
    paid = rule(profile=PROFILE, payments={"2022": "649.99 €"})
    assert answer(HAND, NAMES, rules=[paid]) == {"1": 600_00, "2": 400_00}
    # one year for all: 2021 takes all of 1,500
    assert answer(HAND, NAMES, rules=[rule(commitments={"2021": "1 k€"}) | {"year": 2021}]) == {
        "1": 600_00, "2": 400_00,
    }  # fmt: skip


def test_a_third_is_a_third() -> None:
    """Three thirds of 100 cents are 33⅓ each: 33 cents do not pay one, 34 do."""
    world: World = {"amount": 100, "dossiers": [one("1", 100, 1, 2021)]}
    thirds = rule(profile=["1/3", "1/3", "1/3"])
    assert answer(world, NAMES, rules=[thirds | {"payments": {"2022": "0.33 €"}}]) == {}
    assert answer(world, NAMES, rules=[thirds | {"payments": {"2022": "0.34 €"}}]) == {"1": 100}


def test_not_too_much_before_the_end(tmp_path: Path) -> None:
    """Of 2021, ending in 2023: 30 + 50 % are paid before. Ending in 2024: everything is."""
    early: World = {
        "amount": 1500_00,
        "dossiers": [
            one("1", 600_00, 9, 2021, "2023-01-01"),
            one("2", 400_00, 8, 2021, "2024-12-31"),
            one("3", 500_00, 3, 2022),
        ],
    }
    scenario = write(early, tmp_path, NAMES, rules=[rule(profile=PROFILE, before_end_max="80 %")])
    result = solve(scenario)
    funded = result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()
    assert funded == ["1", "3"]
    assert [w.text.fr for w in result.warnings if w.code == "schedule-end"] == [
        "1 dossier serait payé à plus de 80\u202f% avant l'année de la fin ; 1 n'a pas de date de fin "
        "et n'est pas limité."
    ]
    assert verify_run(write_run(result)).ok


def test_years_that_are_not_named_are_said(tmp_path: Path) -> None:
    written = rule(commitments={"2021": "1 M€"}, profile=PROFILE, payments={"2021": "300 €", "2022": "1 M€"})
    result = solve(write(HAND, tmp_path, NAMES, rules=[written]))
    assert [w.text.fr for w in result.warnings if w.code == "schedule-years"] == [
        "`commitments` ne limite pas : 2022.",
        "`payments` ne limite pas : 2023, 2024.",
    ]
    groups = {g["group"]: (g["num"], g["den"]) for g in result.document["rules"][0]["groups"]}
    assert {name: Fraction(*figure) for name, figure in groups.items()} == {
        "AE 2021": 1000,
        "CP 2021": 300,
        "CP 2022": 650,
    }


SHARES = {"PROFILE": [Fraction(3, 10), Fraction(1, 2), Fraction(1, 5)], "THIRDS": [Fraction(1, 3)] * 3}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, dict[str, Any], list[Fraction]]:
    years = st.sampled_from([2021, 2022])
    ends = st.sampled_from(["", "2022-06-30", "2023-01-01", "2024-12-31"])
    world = {"amount": draw(st.integers(500, 6000)), "dossiers": draw(dossiers(year=years, end=ends))}
    shares = SHARES[draw(st.sampled_from(sorted(SHARES)))]
    found: dict[str, Any] = {"profile": [str(share) for share in shares]}
    limits = st.dictionaries(st.sampled_from([2021, 2022, 2023]), st.integers(0, 4000), max_size=2)
    found["commitments"], found["payments"] = draw(limits), draw(limits)
    if draw(st.booleans()) or not (found["commitments"] or found["payments"]):
        found["before_end_max"] = draw(st.sampled_from(["80 %", "33.3 %", "50 %"]))
    return world, found, shares


def written(found: dict[str, Any]) -> dict[str, Any]:
    amounts = {
        key: {str(year): f"{cents / 100:.2f} €" for year, cents in found[key].items()}
        for key in ("commitments", "payments")
    }
    return rule(**(found | amounts))


def distance(world: World, found: dict[str, Any], shares: list[Fraction], award: Award) -> Fraction:
    """Euros above the ceilings."""
    rows = [(d, award[d["id"]]) for d in world["dossiers"] if d["id"] in award]
    gap = Fraction(0)
    for year, most in found["commitments"].items():
        gap += max(0, sum(g for d, g in rows if d["year"] == year) - most)
    for year, most in found["payments"].items():
        due = sum(
            (share * g for d, g in rows for k, share in enumerate(shares) if d["year"] + k == year),
            Fraction(0),
        )
        gap += max(0, due - most)
    if "before_end_max" in found:
        allowed = Fraction(found["before_end_max"][:-2]) / 100
        for d, g in rows:
            if d["end"]:
                before = sum(share for k, share in enumerate(shares) if d["year"] + k < int(d["end"][:4]))
                gap += max(0, before - allowed) * g
    return Fraction(gap) / 100


@quick
@given(worlds())
def test_schedule_equals_enumeration_hard_and_priced(
    case: tuple[World, dict[str, Any], list[Fraction]],
) -> None:
    world, found, shares = case
    expected = best(world, lambda a: distance(world, found, shares, a) == 0, lambda a: (score(world, a),))
    refused = ({"committed-exceeds"}, {"schedule-committed"}, {"committed-exceeds", "schedule-committed"})
    engine = answer(world, NAMES, rules=[written(found)])
    assert engine == expected or (engine in refused and expected is None)
    expected = best(
        world,
        lambda a: True,
        lambda a: (score(world, a) - Fraction(1, 4) * distance(world, found, shares, a),),
    )
    engine = answer(world, NAMES, rules=[written(found) | {"penalty": {"cost": "0.5", "per": "2 €"}}])
    assert engine == expected or (engine in refused and expected is None)


@few
@given(worlds())
def test_rows_say_what_the_reading_says(case: tuple[World, dict[str, Any], list[Fraction]]) -> None:
    world, found, _ = case
    rows_agree(world, NAMES, rules=[written(found)])


def test_the_year_of_a_date(tmp_path: Path) -> None:
    """A date-time is read in the scenario's timezone: 31 December, 23:30 UTC is 1 January in Paris."""
    world = {"amount": 100, "dossiers": [one("1", 100, 1, 0) | {"start": "2021-12-31T23:30:00Z"}]}
    limited = rule(commitments={"2021": "0 €"}) | {"year": {"column": "start"}}
    assert answer(world, ["start"], rules=[limited]) == {"1": 100}
    assert answer(world, ["start"], rules=[limited | {"commitments": {"2022": "0 €"}}]) == {}


NB, NNB = "\u00a0", "\u202f"
BAD = {
    "nothing bounded": (rule(), HAND, "no-bound — cette règle ne limite rien."),
    "a profile that is not whole": (
        rule(profile=["30 %", "50 %"], payments={"2021": "1 €"}),
        HAND,
        f"schedule-profile — les parts de `profile` font 80{NNB}%, et non 100 %.",
    ),
    "payments without a profile": (
        rule(payments={"2021": "1 €"}),
        HAND,
        f"schedule-profile — les parts de `profile` font 0{NNB}%, et non 100 %.",
    ),
    "too large an advance": (
        rule(profile=PROFILE, advance_max="15 %"),
        HAND,
        f"schedule-advance — la première année paie 30{NNB}%, plus que l'avance maximale de 15{NNB}%.",
    ),
    "an unknown column": (
        rule(commitments={"2021": "1 €"}) | {"year": {"column": "years"}},
        HAND,
        "unknown-column — la colonne « years » n'existe pas.",
    ),
    "a column without years": (
        rule(commitments={"2021": "1 €"}) | {"year": {"column": "mode"}},
        HAND,
        "schedule-year — la colonne « mode » ne donne pas d'année à 3 dossiers.",
    ),
    "too much is promised already": (
        rule(commitments={"2021": "500 €"}),
        {**HAND, "dossiers": [one("1", 600_00, 9, 2021) | {"committed": 600_00}]},
        f"schedule-committed — AE 2021 : les engagements font 600{NB}€, plus que 500{NB}€.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_schedule_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    keys, world, expected = BAD[name]
    with pytest.raises(InputError) as caught:
        solve(write(world, tmp_path, NAMES, rules=[keys]))
    (defect,) = caught.value.defects
    assert f"{defect.code} — {defect.text.fr}" == expected
    assert defect.line(Lang.FR).startswith(f"{defect.code} world.yaml:")
    assert defect.text.en
