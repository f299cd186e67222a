"""The keys that say who may be funded: requirements, decisions, caps, waivers, values, open questions."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.claims import (
    Award,
    Row,
    cents,
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

from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.scenario import describe_scenario
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

draw = partial(
    draw_rows,
    population=("", "100", "1999", "2000", "10000000"),
    theme=("", "eau", "école", "voirie"),
)
"""Applications whose cells are now and then blank."""


def best(rows: list[Row], amount: int, fits: set[str], must: set[str] = frozenset()) -> Award | None:  # type: ignore[assignment]
    offers = {name: some if name in fits else [] for name, some in requested(rows).items()}
    return choose_best(offers, lambda award: sum(award.values()) <= amount, score_of(rows), must)


@pytest.mark.claim(
    "EligibilitySpec.where", "EligibilitySpec.require", "EligibilitySpec.reason", "Scenario.eligibility"
)
def test_what_is_required_must_be_given_and_met(tmp_path: Path) -> None:
    n_out = 0
    for seed in range(10):
        dice = random.Random(seed)
        rows, amount = draw(dice), dice.randrange(60_000, 150_000)
        rules: list[dict[str, Any]] = [
            {
                "id": "small",
                "require": {"population": {"max": 2000}},
                "reason": "Une commune de 2 000 habitants.",
            },
            {"id": "theme", "where": {"theme": ["eau", "école"]}, "require": {"population": {"above": 100}}},
        ]
        out = {row["dossier"]: not row["population"] or int(row["population"]) > 2000 for row in rows}
        late = {
            row["dossier"] for row in rows
            if row["theme"] in ("eau", "école") and (not row["population"] or int(row["population"]) <= 100)
        }  # fmt: skip
        fits = {name for name, is_out in out.items() if not is_out} - late
        n_out += len(rows) - len(fits)
        result = solve_case(
            tmp_path, rows, whole(amount, eligibility=rules, values={"theme": {"allow_absent": True}})
        )
        assert awards(result) == best(rows, amount, fits), rows
        table = {row["dossier"]: row for row in result.dossiers.iter_rows(named=True)}
        assert {name for name, row in table.items() if row["eligible"]} == fits
        said = {name for name, row in table.items() if "Une commune de 2 000 habitants." in row["reason"]}
        given = {row["dossier"] for row in rows if row["population"]}
        assert said == {name for name, is_out in out.items() if is_out} & given
    assert n_out > 10


@pytest.mark.claim(
    "DecideSpec.fund", "DecideSpec.refuse", "DecideSpec.amounts", "DecideSpec.reason", "DecideSpec.author"
)
def test_decided_applications_are_funded_or_refused_with_their_amounts(tmp_path: Path) -> None:
    for seed in range(6):
        dice = random.Random(seed)
        rows, amount = draw(dice), dice.randrange(130_000, 200_000)
        names = [row["dossier"] for row in rows]
        fund, refuse, stated = dice.sample(names, 3)
        asked = cents(next(row["requested"] for row in rows if row["dossier"] == stated))
        own = dice.randrange(1, asked)
        decision = {
            "id": "d", "kind": "decide", "fund": [fund, stated], "refuse": [refuse],
            "amounts": {stated: euros(own)}, "reason": "Arbitrage du comité.", "author": "le cabinet",
        }  # fmt: skip
        offers = requested(rows) | {refuse: [], stated: [own]}
        expected = choose_best(
            offers, lambda award, amount=amount: sum(award.values()) <= amount, score_of(rows), {fund, stated}
        )
        body = whole(amount, rules=[decision], grants=[{"mode": "range", "min": "0.01 €"}])
        all_ = decide(tmp_path, rows, whole(amount, rules=[decision]))
        assert all_ == expected, (rows, decision)
        ranged = decide(tmp_path, rows, body)
        assert ranged is not None
        assert ranged[stated] == own
        assert refuse not in ranged
        told = solve_case(tmp_path, rows, whole(amount, rules=[decision])).dossiers.iter_rows(named=True)
        reasons = {row["dossier"]: row["reason"] for row in told}
        for name in (fund, stated, refuse):
            assert "Arbitrage du comité." in reasons[name], reasons[name]
            assert "le cabinet" in reasons[name], reasons[name]


def draw_projects(dice: random.Random) -> list[Row]:
    """Projects of one to three rows, whose cost and other aid are those of the project."""
    rows = []
    for project in "PQR":
        cost = dice.randrange(200_000, 400_000)
        shared = {
            "project": project,
            "cost": euros(cost),
            "base": dice.choice(("", euros(cost - 30_001))),
            "other_state": dice.choice(("", "150.55", "999")),
            "other_public": dice.choice(("", "200.10")),
            "other_private": dice.choice(("", "333.33")),
            "limit": dice.choice(("", "700.01")),
            "kind": dice.choice(("x", "y")),
            "department": dice.choice(("48", "974")),
            "tags": dice.choice(("", "chef-de-file")),
        }
        for __ in range(dice.choice((1, 2, 2))):
            rows.append(
                {
                    "dossier": f"D{len(rows)}",
                    "requested": euros(dice.randrange(20_000, 130_000)),
                    "score": dice.choice(("1", "2.25", "4.5")),
                }
                | shared
            )
    return rows


def money(row: Row, column: str) -> int:
    return cents(row[column] or "0")


def base_of(row: Row) -> int:
    return cents(row["base"] or row["cost"])


CAPS: dict[str, tuple[dict[str, Any], Any]] = {
    "rate": (
        {"id": "c", "max": "33.3 %", "of": "cost", "less": ["other_private"], "counting": ["other_state"]},
        lambda r: int(Fraction(333, 1000) * (cents(r["cost"]) - money(r, "other_private")))
        - money(r, "other_state"),
    ),
    "of base by default": ({"id": "c", "max": "40 %"}, lambda r: int(Fraction(4, 10) * base_of(r))),
    "amount": (
        {"id": "c", "max": "1 000,50 €", "counting": ["other_state", "other_public"]},
        lambda r: 100_050 - money(r, "other_state") - money(r, "other_public"),
    ),
    "column": ({"id": "c", "max": {"column": "limit"}}, lambda r: cents(r["limit"]) if r["limit"] else None),
    "where": (
        {"id": "c", "max": "25 %", "of": "cost", "where": {"kind": "x"}},
        lambda r: int(Fraction(1, 4) * cents(r["cost"])) if r["kind"] == "x" else None,
    ),
    "r2334-27": (
        {"use": "r2334-27", "max": "50 %"},
        lambda r: int(Fraction(1, 2) * base_of(r)) - money(r, "other_state"),
    ),
    "cgct-l1111-10": (
        {"use": "cgct-l1111-10", "max": "45 %"},
        lambda r: None if r["department"] == "974" else int(
            Fraction(45, 100) * (cents(r["cost"]) - money(r, "other_private"))
        ) - money(r, "other_state") - money(r, "other_public"),
    ),
}  # fmt: skip
"""Caps and what each leaves to a project beside what counts in it, from the cells of one of its rows."""


@pytest.mark.claim("Scenario.caps", "CapSpec.use", "CapSpec.max", "CapSpec.of", "CapSpec.counting", "CapSpec.less",
                   "CapSpec.where")  # fmt: skip
@pytest.mark.parametrize("name", CAPS)
def test_a_cap_holds_for_all_rows_of_a_project(tmp_path: Path, name: str) -> None:
    cap, room = CAPS[name]
    n_changed = 0
    for seed in range(8):
        rows = draw_projects(random.Random(seed))
        left = {row["project"]: room(row) for row in rows}
        of = {row["dossier"]: row["project"] for row in rows}
        tops = {
            row["dossier"]: min(cents(row["requested"]), base_of(row), *(
                most for most in [left[row["project"]]] if most is not None
            ))
            for row in rows
        }  # fmt: skip
        offers = {name: [top] if top > 0 else [] for name, top in tops.items()}

        def holds(award: Award, left: dict[str, int | None] = left, of: dict[str, str] = of) -> bool:
            return all(
                most is None or sum(award.get(n, 0) for n in of if of[n] == project) <= max(0, most)
                for project, most in left.items()
            )

        expected = choose_best(offers, holds, score_of(rows))
        assert decide(tmp_path, rows, {"programme": {"id": "p"}, "caps": [cap]}) == expected, (cap, rows)
        n_changed += expected != {row["dossier"]: min(cents(row["requested"]), base_of(row)) for row in rows}
    assert n_changed > 2


@pytest.mark.claim(
    "Scenario.waivers", "WaiverSpec.of", "WaiverSpec.where", "WaiverSpec.reason", "WaiverSpec.author"
)
@pytest.mark.parametrize("of", ["requirement", "cap", "rule"])
def test_a_waiver_lifts_an_entry_for_some(tmp_path: Path, of: str) -> None:
    entries: dict[str, dict[str, Any]] = {
        "requirement": {"eligibility": [{"id": "e", "require": {"population": {"above": 1999}}}]},
        "cap": {"caps": [{"id": "e", "max": "150 €"}]},
        "rule": {"rules": [{"id": "e", "kind": "limit", "measure": "dossiers", "max": "2"}]},
    }
    for seed in range(8):
        dice = random.Random(seed)
        rows, amount = draw(dice), dice.randrange(80_000, 200_000)
        rows[0]["theme"], rows[1]["theme"] = "eau", "voirie"
        waiver = {
            "of": "e",
            "where": {"theme": "eau"},
            "reason": "Sécheresse de 2026.",
            "author": "la préfète",
        }
        lifted = {row["dossier"] for row in rows if row["theme"] == "eau"}
        offers, n_most = requested(rows), len(rows)
        if of == "requirement":
            small = {
                row["dossier"] for row in rows if not row["population"] or int(row["population"]) <= 1999
            }
            offers |= {name: [] for name in small - lifted}
        elif of == "cap":
            offers = {n: [min(some[0], 15_000)] if n not in lifted else some for n, some in offers.items()}
        else:
            n_most = 2
        body = whole(amount, **entries[of], waivers=[waiver])
        expected = choose_best(
            offers,
            lambda award, amount=amount, lifted=lifted, n=n_most: (
                sum(award.values()) <= amount and len(award.keys() - lifted) <= n
            ),
            score_of(rows),
        )
        result = solve_case(tmp_path, rows, body)
        assert awards(result) == expected, (rows, of)
    told = "\n".join(f"{one.text} {one.note}" for one in describe_scenario(result.problem, Lang.FR))
    assert "Sécheresse de 2026." in told
    assert "la préfète" in told


@pytest.mark.claim("Scenario.values", "ValuesSpec.exact", "ValuesSpec.allow_absent")
def test_values_are_compared_as_it_is_written(tmp_path: Path) -> None:
    spellings = ("École", "ecole ", "ÉCOLE", "Eau", "eau")
    for seed in range(8):
        dice = random.Random(seed)
        rows, amount = draw(dice), 10**6
        for row in rows:
            row["theme"] = dice.choice(spellings)
        rows[0]["theme"] = "École"
        for exact in (True, False):
            body = whole(
                amount,
                values={"theme": {"exact": exact}},
                eligibility=[{"id": "e", "require": {"theme": "École"}}],
            )
            same = {"École"} if exact else {"École", "ecole ", "ÉCOLE"}
            fits = {row["dossier"] for row in rows if row["theme"] in same}
            assert decide(tmp_path, rows, body) == best(rows, amount, fits), (exact, rows)
    absent = whole(10**6, eligibility=[{"id": "e", "require": {"theme": ["patrimoine"]}}])
    assert solve_case(tmp_path, rows, absent).document["open_questions"] != []
    near = whole(10**6, eligibility=[{"id": "e", "require": {"theme": ["écoles"]}}])
    assert find_codes(lambda: solve_case(tmp_path, rows, near)) == {"absent-value"}
    allowed = solve_case(tmp_path, rows, near | {"values": {"theme": {"allow_absent": True}}})
    assert awards(allowed) == {}
    allowed = solve_case(tmp_path, rows, absent | {"values": {"theme": {"allow_absent": True}}})
    assert allowed.document["open_questions"] == []
    assert awards(allowed) == {}


@pytest.mark.claim(
    "Scenario.accept", "AcceptSpec.id", "AcceptSpec.count", "AcceptSpec.reason", "AcceptSpec.author"
)
def test_an_open_question_is_decided_for_so_many(tmp_path: Path) -> None:
    for seed in range(3):
        rows = draw(random.Random(seed))
        for k, row in enumerate(rows):
            row["department"] = random.Random(seed + k).choice(("", "48", "23"))
        rows[0]["department"] = ""
        n = sum(not row["department"] for row in rows)
        body = whole(10**6, rules=[{"id": "q", "kind": "exclusive", "by": "department"}])
        problem = compile_problem(load_scenario(write_case(tmp_path, rows, body)))
        (question,) = problem.questions
        assert question.count == n
        for count in (n - 1, n, n + 1):
            accept = {"id": question.id, "count": count, "reason": "Hors appel.", "author": "la directrice"}
            decided = compile_problem(load_scenario(write_case(tmp_path, rows, body | {"accept": [accept]})))
            assert bool(decided.questions) is (count < n)
            told = "\n".join(warning.text.in_(Lang.FR) for warning in decided.warnings)
            assert ("Hors appel." in told and "la directrice" in told) or count < n
            assert decide(tmp_path, rows, body | {"accept": [accept]}) == decide(tmp_path, rows, body)
