"""Ranges under a share of the money: the best amounts are whole cents though no linear program says so."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import pytest
from support.lanes import seeds
from support.tiny_scenario import tiny

from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.solve import solve

SCENARIO = """schema_version: 1
id: parts
programme: {{id: p, amount: {amount}}}
dossiers: [{{file: table.csv}}]
grants: [{{mode: range, min: 0.03 €}}]
rules: [{{id: part, kind: share, measure: granted, where: {{department: "01"}}, max: {share} %}}]
objective: [{{maximise: {{granted: {weight}, score: 1}}}}]
"""


@pytest.mark.parametrize("seed", seeds(range(10), 4))
def test_the_best_whole_cents(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    most = [rng.randint(3, 14) for _ in range(3)]
    score = [rng.randint(0, 9) for _ in range(3)]
    amount, share, weight = rng.randint(6, 30), rng.choice([31, 33, 37, 43]), rng.choice([10, 70, 300])
    table = "dossier,department,requested,score\n" + "".join(
        f"{k},{'01' if k < 2 else '02'},0.{most[k]:02d},{score[k]}\n" for k in range(3)
    )
    text = SCENARIO.format(amount=f"0.{amount:02d} €", share=share, weight=weight)
    result = solve(tiny(tmp_path, text, table), cross_check="never")

    def worth(cents: tuple[int, ...]) -> int:
        """In hundredths of a point; the goal counts euros."""
        return weight * sum(cents) + 100 * sum(s for s, c in zip(score, cents, strict=True) if c)

    offers = [[0, *range(3, m + 1)] for m in most]
    kept = [
        cents
        for cents in itertools.product(*offers)
        if sum(cents) <= amount and 100 * (cents[0] + cents[1]) <= share * sum(cents)
    ]
    order = [(worth(c), -sum(c), tuple(x > 0 for x in c), c) for c in kept]
    assert result.status is Status.OPTIMAL
    assert tuple(result.dossiers["granted_cents"].to_list()) == max(order)[-1]
    assert result.document["canonical"]
    assert result.proof is Proof.PROVED
