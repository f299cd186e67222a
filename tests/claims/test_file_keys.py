"""The keys of the file itself: what it starts from, its day and zone, its goals, steps and list of reference."""

from __future__ import annotations

import json
import random
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.claims import (
    Award,
    Row,
    choose_best,
    decide,
    draw_rows,
    euros,
    find_codes,
    requested,
    score_of,
    solve_case,
    whole,
    write_case,
)
from support.text_scenarios import awards

from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

draw = partial(
    draw_rows,
    other=("0.1", "0.1", "0.3", "4"),
    theme=("eau", "voirie"),
    filed_at=[f"2026-0{month}-{day}" for month in (1, 2, 3) for day in ("01", "15", "28")],
)


def best(rows: list[Row], amount: int, most: int = 99) -> Award | None:
    return choose_best(
        ranked(rows), lambda award: sum(award.values()) <= amount and len(award) <= most, score_of(rows)
    )


def ranked(rows: list[Row]) -> dict[str, list[int]]:
    """What each asks, in the order in which equal lists are told apart: by day, then by number."""
    return requested(sorted(rows, key=lambda row: (row["filed_at"], row["dossier"])))


@pytest.mark.claim("Scenario.extends", "Scenario.overrides", "Scenario.schema_version", "Scenario.programme",
                   "ProgrammeSpec.id")  # fmt: skip
def test_a_file_writes_only_what_changes(tmp_path: Path) -> None:
    for seed in range(6):
        dice = random.Random(seed)
        rows, amounts = draw(dice), [dice.randrange(50_000, 150_000) for __ in range(4)]
        limit = {"id": "r", "kind": "limit", "measure": "dossiers", "max": "2"}
        path = write_case(tmp_path, rows, whole(amounts[0], rules=[limit]))

        def write(name: str, folder: Path = tmp_path, **keys: Any) -> Path:
            (folder / name).write_text(json.dumps(keys), encoding="utf-8")
            return folder / name

        def found(path: Path, *sets: str) -> Award:
            return awards(solve(load_scenario(path, sets=sets), cross_check="never"))

        child = {"extends": path.name, "programme": {"amount": euros(amounts[1])}}
        assert found(write("child.yaml", **child)) == best(rows, amounts[1], 2)
        assert found(write("free.yaml", **child, rules=[{"id": "r", "max": "3"}])) == best(
            rows, amounts[1], 3
        )
        assert found(write("none.yaml", **child, rules=None)) == best(rows, amounts[1])
        write("one.yaml", programme={"amount": euros(amounts[2])})
        write("two.yaml", rules=[{"id": "r", "max": "1"}])
        over = child | {"overrides": ["one.yaml", "two.yaml"]}
        assert found(write("over.yaml", **over)) == best(rows, amounts[2], 1)
        set_ = f"envelopes.p.amount={euros(amounts[3])}"  # the programme is its root envelope too
        assert found(write("over.yaml", **over), set_) == best(rows, amounts[3], 1)
        write("three.yaml", programme={"amount": euros(amounts[2] + 1)})
        clash = write("clash.yaml", **child, overrides=["one.yaml", "three.yaml"])
        assert find_codes(partial(found, clash)) == {"override_conflict"}
        assert find_codes(partial(decide, tmp_path, rows, whole(amounts[0], schema_version=2)))


@pytest.mark.claim("Scenario.date")
def test_the_day_of_the_decision_is_the_one_written(tmp_path: Path) -> None:
    for day in ("1999-01-15", "2026-02-15", "2077-03-01"):
        rows = draw(random.Random(day))
        for row in rows:
            row["end"] = random.Random(day + row["dossier"]).choice(
                (day, f"{int(day[:4]) + 1}-01-01", "2026-02-16")
            )
        require = {"end": {"after": {"date": "decision"}}}
        body = whole(10**6, date=day, eligibility=[{"id": "e", "require": require}])
        kept = [row for row in rows if row["end"] > day]
        assert decide(tmp_path, rows, body) == best(kept, 10**6), day


@pytest.mark.claim("Scenario.timezone")
@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC", "Pacific/Noumea", "America/Guadeloupe"])
def test_days_are_those_of_the_time_zone(tmp_path: Path, zone: str) -> None:
    rows = draw(random.Random(zone), 7)
    instants = ("2026-02-28T23:30:00Z", "2026-03-01T00:30:00+02:00", "2026-03-01T12:59:00Z",
                "2026-03-01T13:01:00Z", "2026-03-02T03:59:00Z", "2026-03-02T04:01:00Z", "2026-03-01")  # fmt: skip
    for row, instant in zip(rows, instants, strict=True):
        row["filed_at"] = instant
    kept = {
        row["dossier"] for row in rows
        if len(row["filed_at"]) == 10
        or datetime.fromisoformat(row["filed_at"]).astimezone(ZoneInfo(zone)).date() == date(2026, 3, 1)
    }  # fmt: skip
    where = {"filed_at": {"from": "2026-03-01", "until": "2026-03-01"}}
    body = {"programme": {"id": "p"}, "timezone": zone, "eligibility": [{"id": "e", "require": where}]}
    found = decide(tmp_path, rows, body)
    assert found is not None
    assert found.keys() == kept


@pytest.mark.claim("Scenario.locale")
def test_sentences_are_in_the_language_written(tmp_path: Path) -> None:
    rows = draw(random.Random(1))
    words = {"fr": "Retenu", "en": "Funded"}
    for language, word in words.items():
        result = solve_case(tmp_path, rows, whole(10**6, locale=language))
        assert all(word in reason for reason in result.dossiers["reason"].to_list())
    assert "Retenu" in solve_case(tmp_path, rows, whole(10**6)).dossiers["reason"][0]


@pytest.mark.claim("Scenario.reference")
def test_what_changes_is_counted_from_the_list_of_reference(tmp_path: Path) -> None:
    for seed in range(8):
        dice = random.Random(seed)
        rows, amount = draw(dice), dice.randrange(60_000, 150_000)
        before = {row["dossier"]: dice.choice((0, 5_000)) for row in rows if dice.random() < 0.7}
        text = "dossier,granted\n" + "".join(f"{name},{euros(one)}\n" for name, one in before.items())
        funded = {name for name, one in before.items() if one}
        goals = [{"minimise": {"changed": 1}}, {"maximise": {"score": 1}}]
        score = score_of(rows)
        expected = choose_best(
            ranked(rows),
            lambda award, amount=amount: sum(award.values()) <= amount,
            lambda award, funded=funded, score=score: (-len(award.keys() ^ funded), score(award)),
        )
        found = decide(tmp_path, rows, whole(amount, reference="ref.csv", objective=goals), {"ref.csv": text})
        assert found == expected, (rows, before)


@pytest.mark.claim("Scenario.objective", "Scenario.rules", "Scenario.measures")
def test_stages_follow_each_other_under_the_rules(tmp_path: Path) -> None:
    for seed in range(8):
        dice = random.Random(seed)
        rows, amount = draw(dice), dice.randrange(80_000, 180_000)
        measures = {"m": {"sum": [{"column": "other"}, {"value": "0.5", "where": {"theme": "eau"}}]}}
        goals = [{"maximise": {"m": 1}}, {"maximise": {"score": "0.3", "dossiers": "-1"}}]
        limit = {"id": "r", "kind": "limit", "measure": "m", "max": "4.7"}
        own = {row["dossier"]: Fraction(row["other"]) + Fraction(row["theme"] == "eau") / 2 for row in rows}
        score = score_of(rows)

        def worth(award: Award, own: Any = own, score: Any = score) -> tuple[Fraction, Fraction]:
            return sum((own[n] for n in award), Fraction(0)), Fraction(3, 10) * score(award) - len(award)

        expected = choose_best(
            ranked(rows),
            lambda award, amount=amount, own=own: (
                sum(award.values()) <= amount and sum(own[name] for name in award) <= Fraction(47, 10)
            ),
            worth,
        )
        body = whole(amount, measures=measures, objective=goals, rules=[limit])
        assert decide(tmp_path, rows, body) == expected, rows


@pytest.mark.claim("Scenario.steps", "StepSpec.date", "StepSpec.set")
def test_each_step_decides_what_is_filed_by_its_date(tmp_path: Path) -> None:
    """Grants of a step are kept by the next; a step may change the amount, and only for itself."""
    n_two = 0
    for seed in range(10):
        dice = random.Random(seed)
        rows = draw(dice)
        first = dice.randrange(40_000, 80_000)
        last = first + dice.randrange(5_000, 50_000)
        steps = [
            {"id": "one", "date": "2026-02-15", "set": {"programme.amount": euros(first)}},
            {"id": "two", "date": "2026-03-15"},
        ]
        early = [row for row in rows if row["filed_at"] <= "2026-02-15"]
        kept = best(early, first)
        assert kept is not None
        filed = [row for row in rows if row["filed_at"] <= "2026-03-15"]
        # what the first step granted counts in the second, and goes first among equals
        expected = choose_best(
            ranked(filed), lambda award, last=last: sum(award.values()) <= last, score_of(rows), kept
        )
        found = decide(tmp_path, rows, whole(last, date="2026-03-15", steps=steps))
        assert found == expected, (rows, kept)
        n_two += expected != best(filed, last)
    assert n_two > 0
