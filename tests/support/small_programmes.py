"""Small programmes of one envelope, with what mixed cases draw of applications and grants."""

from __future__ import annotations

import random
from typing import Any

from support.enumeration.rows import Case
from support.mixed_cases.dossiers import Money, dossiers, euros, grants
from support.mixed_cases.drawn import MEASURES


def draw_case(dice: random.Random, *, whole: bool) -> Case:
    """Six applications of one envelope, with decimals, cents, blanks and ties, that ask for more than it has."""
    money = Money(dice)
    rows = dossiers(dice, money, ["p"], 6 if whole else 5)
    for row in rows:
        row |= {"variant_of": "", "requires": "", "committed": ""}
        if whole:
            row |= {"grant_kind": "whole", "min_grant": ""}
    programme = {"id": "p", "amount": euros(money.unit * dice.randint(50, 90))}
    scenario: dict[str, Any] = {
        "schema_version": "1", "id": "case", "date": "2021-11-22",
        "territory": {"year": "2021", "fill": ["population"]},
        "programme": programme, "dossiers": [{"file": "dossiers.csv"}], "grants": grants(dice, money),
        "measures": MEASURES, "rules": [], "objective": [{"maximise": {"score": "1"}}],
        "solver": {"cross_check": "never"},
    }  # fmt: skip
    return {
        "scenario": scenario,
        "rows": rows,
        "files": {"fc.csv": [{"code": dice.choice(["48009", "48095"])}]},
    }
