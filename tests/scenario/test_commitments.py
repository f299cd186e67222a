"""Commitments above amounts: what is named is too small by itself, and raising it as said removes the error."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.lanes import seeds
from support.paths import ROOT

from tnt_sim.domain.money import parse_cents
from tnt_sim.errors import Defect, ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: t
date: 2026-03-31
programme: {programme}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
MONEY = re.compile(r'"([\w-]+)" by €(\d{1,3}(?:,\d{3})*(?:\.\d+)?)')
SHORT = re.compile(
    r'envelope "([\w-]+)" come to €([\d,.]+); it can grant (-?)€([\d,.]+): €([\d,.]+) too much'
)


def scenario(folder: Path, tree: str, rows: str, sets: tuple[str, ...] = ()) -> Any:
    (folder / "d.csv").write_text("dossier,envelope,requested,committed,score\n" + rows, encoding="utf-8")
    (folder / "t.yaml").write_text(HEAD.format(programme=tree), encoding="utf-8")
    return load_scenario(folder / "t.yaml", sets)


def defects(asked: Any) -> list[Defect]:
    try:
        compile_problem(asked)
    except ScenarioError as error:
        return list(error.defects)
    return []


def cents(text: str) -> int:
    return parse_cents(text.replace(",", "") + " €")


NESTED = (
    "{id: p, amount: 100 €, unassigned: pro_rata, envelopes: [{id: a, amount: 60 €, ring_fenced: true, "
    "unassigned: pro_rata, envelopes: [{id: b, amount: 48 €}, {id: c, amount: 12 €}]}]}"
)


def test_the_binding_envelope_is_named(tmp_path: Path) -> None:
    nb = "\u00a0"
    found = [defect.line(Lang.FR) for defect in defects(scenario(tmp_path, NESTED, "A,b,80,80,1\n"))]
    assert found == [
        f"committed-exceeds t.yaml:4:144 — les engagements de l'enveloppe « b » font 80{nb}€ ; elle peut accorder "
        f"48{nb}€ : 32{nb}€ de trop. Relevez « b » de 32{nb}€, et pour cela « a » de 32{nb}€, ou corrigez la "
        "colonne `committed`."
    ]
    sets = ("envelopes.b.amount=80 €", "envelopes.a.amount=92 €")
    assert defects(scenario(tmp_path, NESTED, "A,b,80,80,1\n", sets)) == []


def test_each_envelope_that_is_too_small_is_named_in_one_pass(tmp_path: Path) -> None:
    tree = (
        "{id: p, amount: 100 €, envelopes: [{id: a, amount: 40 €, ring_fenced: true}, "
        "{id: b, amount: 60 €, ring_fenced: true, reserve: 50 %}]}"
    )
    found = defects(scenario(tmp_path, tree, "A,a,45,45,1\nB,b,33,33,1\n"))
    assert [defect.text.en for defect in found] == [
        'the commitments of envelope "a" come to €45; it can grant €40: €5 too much.',
        'the commitments of envelope "b" come to €33; it can grant €30: €3 too much.',
    ]
    assert [MONEY.findall(defect.hint.en) for defect in found if defect.hint] == [
        [("a", "5"), ("p", "11")],
        [("b", "6"), ("p", "11")],
    ]


def test_the_flagship_with_a_smaller_axis(tmp_path: Path) -> None:
    """Axis 3 at 15 M€, its parts in proportion: axe-3 lacks 4 M€, its deconcentrated part 19 − 12.353 M€."""
    sets = (
        "programme.amount=69 M€",
        "envelopes.axe-3.amount=15 M€",
        "envelopes.deconcentre.amount=12352941.18",
    )
    sets += ("envelopes.demat-ads.amount=2426470.59", "envelopes.axe-3-reste.amount=220588.23")
    found = defects(load_scenario(ROOT / "tests/support/data/tnt-2021-3206/scenario.yaml", sets))
    short = {m[1]: m[5] for defect in found if (m := SHORT.search(defect.text.en))}
    assert short == {"axe-3": "4,000,000", "deconcentre": "6,647,058.82"}


def drawn(dice: Random, name: str, amount: int, depth: int, homes: dict[str, int]) -> str:
    """An envelope with what planners write, and its children within it."""
    parts = [f"id: {name}", f"amount: {amount}"]
    if dice.random() < 0.4:
        parts.append("ring_fenced: true")
    if dice.random() < 0.3:
        parts.append(f"reserve: {dice.choice([10, 25, 33])} %")
    if dice.random() < 0.3:
        parts.append(f"overprogram: {dice.choice([5, 10])} %")
    if dice.random() < 0.2:
        parts.append(f"min_use: {dice.choice([10, 30])} %")
    homes[name] = amount
    n = dice.randint(2, 3) if depth < 2 and (depth == 0 or dice.random() < 0.5) else 0
    if n:
        parts.append(f"unassigned: {dice.choice(['free', 'free', 'pro_rata', 'own'])}")
        share = amount if dice.random() < 0.5 else amount * 4 // 5
        children = [drawn(dice, f"{name}{k}", share // n, depth + 1, homes) for k in range(n)]
        parts.append(f"envelopes: [{', '.join(children)}]")
    return "{" + ", ".join(parts) + "}"


@pytest.mark.parametrize("block", seeds(range(4), 1))
def test_raising_what_is_named_removes_the_error(tmp_path: Path, block: int) -> None:
    """And what is named as lacking is what the envelope holds above what it can grant by itself."""
    seen = 0
    for seed in range(block * 40, block * 40 + 40):
        dice, amounts = Random(seed), dict[str, int]()
        tree = drawn(dice, "p", dice.choice([90, 100, 240]), 0, amounts)
        leaves = [name for name in amounts if not any(o != name and o.startswith(name) for o in amounts)]
        rows = ""
        for k in range(dice.randint(1, 5)):
            money = dice.randint(1, 60)
            rows += f"{k},{dice.choice(leaves)},{money},{money},1\n"
        found = [d for d in defects(scenario(tmp_path, tree, rows)) if d.code == "committed-exceeds"]
        if not found:
            continue
        seen += 1
        raises: dict[str, int] = {}
        for defect in found:
            said = SHORT.search(defect.text.en)
            assert said is not None, defect.text.en
            assert cents(said[2]) - (-1 if said[3] else 1) * cents(said[4]) == cents(said[5])
            assert defect.hint is not None
            pairs = MONEY.findall(defect.hint.en)
            assert pairs, (seed, defect.hint.en)
            assert pairs[0][0] == said[1]
            raises |= {name: cents(text) for name, text in pairs}
        sets = tuple(
            f"{'programme' if name == 'p' else 'envelopes.' + name}.amount={whole // 100}.{whole % 100:02d}"
            for name, whole in ((name, amounts[name] * 100 + more) for name, more in raises.items())
        )
        left = {d.code for d in defects(scenario(tmp_path, tree, rows, sets))}
        assert not left & {"committed-exceeds", "children-exceed"}, (seed, tree, rows, sets)
    assert seen > 5
