"""Money that an envelope has beyond its parts, by the kernel of trees: as by the plain path, and proven."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import draws
from support.lanes import Lane, first_of, seeds

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem


def test_one_part_with_all_dossiers_may_gain_too(tmp_path: Path) -> None:
    """The rows of an envelope and of its only part hold the same dossiers; the outer one binds as well."""
    for amount, own in ((100, 60), (60, 100), (75, 40)):
        rows = [f"D{k},{20 + 3 * k},{9 - k},p" for k in range(6)]
        (tmp_path / "dossiers.csv").write_text("\n".join(["dossier,requested,score,envelope", *rows]) + "\n")
        (tmp_path / "case.yaml").write_text(
            "schema_version: 1\nid: case\ntitle: SYNTHETIC\n"
            f"programme: {{id: tout, amount: {amount} €, overbooked: {str(own > amount).lower()}, "
            f"envelopes: [{{id: p, amount: {own} €}}]}}\n"
            "dossiers: [{file: dossiers.csv}]\nobjective: [{maximise: {score: 1}}]\n"
            "solver: {cross_check: never}\n",
            encoding="utf-8",
        )
        scenario = load_scenario(tmp_path / "case.yaml")
        ours, plain = solve(scenario), solve(scenario, method="direct")
        assert ours.document["method"] == "tree"
        assert ours.document["proof"] == "PROVED"
        assert ours.to_dataframe().equals(plain.to_dataframe())


def part(dice: random.Random, name: str, total: int, depth: int, leaves: list[str]) -> tuple[str, int]:
    """An envelope with its parts, and its amount: most often more than theirs."""
    below = []
    if depth and dice.random() < 0.6:
        below = [part(dice, f"{name}{k}", total // 3, depth - 1, leaves) for k in range(dice.randint(2, 3))]
    else:
        leaves.append(name)
    amount = sum(own for _, own in below) + (dice.randint(0, total // 3) if below else dice.randint(0, total))
    inside = f", envelopes: [{', '.join(text for text, _ in below)}]" if below else ""
    fenced = ", ring_fenced: true" if dice.random() < 0.15 else ""
    return f"{{id: {name}, amount: {amount} €{fenced}{inside}}}", amount


def written(folder: Path, seed: int) -> Path:
    dice = random.Random(seed)
    n = dice.randint(8, 30)
    amounts = [dice.randint(1, 40) * dice.choice([37, 100, 700]) for _ in range(dice.choice([3, 40]))]
    leaves: list[str] = []
    below = [part(dice, name, 120, 1, leaves) for name in "abc"[: dice.randint(2, 3)]]
    total = sum(own for _, own in below) + dice.randint(0, 150)
    rules = ""
    if dice.random() < 0.5:
        rules = "rules: [{id: cap, kind: limit, measure: granted, by: theme, max: 90.05 €}]\n"
    rows = [
        f"D{k:03},{dice.choice(amounts) / 100:.2f},{draws.text(draws.score(dice.choice))},{dice.choice(leaves)},"
        + draws.blank(dice.choice, draws.spelling(dice.choice, draws.THEMES[k % 3]))
        for k in range(n)
    ]
    text = "\n".join(["dossier,requested,score,envelope,theme", *rows]) + "\n"
    (folder / "dossiers.csv").write_text(text, encoding="utf-8")
    tree = ", ".join(text for text, _ in below)
    (folder / "case.yaml").write_text(
        "schema_version: 1\nid: case\ntitle: SYNTHETIC\n"
        f"programme: {{id: tout, amount: {total} €, envelopes: [{tree}]}}\n"
        f"dossiers: [{{file: dossiers.csv}}]\n{rules}objective: [{{maximise: {{score: 1}}}}]\n"
        "solver: {cross_check: never}\n",
        encoding="utf-8",
    )
    return folder / "case.yaml"


@pytest.mark.parametrize("seed", seeds(range(34), 8))
def test_as_the_plain_path(seed: int, tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, seed))
    ours, plain = solve(scenario), solve(scenario, method="direct")
    assert ours.document["status"] == plain.document["status"]
    assert ours.to_dataframe().equals(plain.to_dataframe())
    if ours.document["method"] == "tree":
        assert ours.document["proof"] == "PROVED"
        assert ours.document["canonical"] is True
        assert ours.document["canonical_proof"]["least_granted"] == "PROVED"


def test_most_are_decided_by_trees_of_caps(tmp_path: Path) -> None:
    problems = (compile_problem(load_scenario(written(tmp_path, seed))) for seed in range(30))
    ways = [optimise(problem, OptimiseOptions(prove=False)).method for problem in problems]
    assert ways.count("tree") >= 20


@pytest.mark.drawn
def test_their_certificates_close_only_what_holds_no_point(tmp_path: Path) -> None:
    """And nothing else is read from them than is meant: a cap with another mark is refused, or closes less."""
    seen = 0
    for seed in first_of(range(40), 15):
        scenario = load_scenario(written(tmp_path, seed))
        problem = compile_problem(scenario)
        answer = optimise(problem)
        proof = answer.certificates[0]
        if answer.method != "tree" or not any(len(part) == 3 for part in proof["caps"]["groups"][-1][1]):
            continue
        seen += 1
        claims = build_claims(problem)
        system, value = claims.of_stage(0, answer.values), answer.values[0]
        check_refutation(system, proof)
        reached = claims.of_stage(0, [value - claims.goals[0].scale])
        for other in (proof, *marked_otherwise(proof)):
            with pytest.raises(CertificateError):
                check_refutation(reached, other)
    assert seen > (5 if Lane.is_whole() else 1)


def marked_otherwise(proof: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The proof with one part of its last tree without its mark, without its parts, or told twice."""
    found = []
    for place, (row, below, *_) in enumerate(proof["caps"]["groups"][-1][1]):
        for others in ([[row, below]], [[row, [], True]], [[row, below, True], [row, below, True]]):
            other = copy.deepcopy(dict(proof))
            other["caps"]["groups"][-1][1][place : place + 1] = others
            found.append(other)
    return found
