"""Decisions under ceilings in a ceiling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.scenario.load import load_scenario

RULE = "rules: [{id: all, kind: limit, measure: granted, max: %d €}]\n"


def solve_nested_caps(folder: Path, seed: int, n: int = 13, *, cents: bool, rule: bool) -> ReferenceSolution:
    """A decision under ceilings in a ceiling, with an envelope that nobody asks: SYNTHETIC."""
    random = np.random.default_rng(seed)
    leaf = random.integers(0, 3, n)
    ask = random.choice([3, 4, 4, 5, 8, 13], n) + (random.integers(0, 3, n) * 0.37 if cents else 0.0)
    score = random.integers(1, 7, n) + (random.integers(0, 2, n) * 0.5 if cents else 0.0)
    table = pl.DataFrame(
        {
            "dossier": [f"D{k:02d}" for k in range(n)],
            "envelope": [f"e{k}" for k in leaf.tolist()],
            "cost": ask,
            "requested": ask,
            "score": score,
        }
    )
    table.write_csv(folder / "dossiers.csv")
    caps = [int(ask[leaf == k].sum() * random.integers(4, 11)) / 10 for k in range(3)]
    leaves = ", ".join(f"{{id: e{k}, amount: {cap:.2f} €}}" for k, cap in enumerate([*caps, 5.0]))
    amount = int(ask.sum() * random.integers(3, 8)) / 10
    text = f"""schema_version: 1
id: nested
title: SYNTHETIC
programme: {{id: tout, amount: {amount + 90 * rule:.2f} €, overbooked: true, envelopes: [{leaves}]}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
    text += RULE % int(sum(caps) + 2) if rule else ""
    (folder / "nested.yaml").write_text(text, encoding="utf-8")
    return solve_reference(load_scenario(folder / "nested.yaml"), prove=False)


def solve_two_trees(folder: Path, seed: int, n: int = 14) -> ReferenceSolution:
    """A decision under two ceilings, one of them over two envelopes, with cents and ties: SYNTHETIC."""
    random = np.random.default_rng(seed)
    ask = random.choice([3, 4, 4, 5, 8], n) + random.integers(0, 3, n) * 0.25
    score = random.choice([1, 2, 2.5, 3, 6], n)
    own = random.choice(["a1", "a2", "b"], n)
    rows = "".join(f"D{k:02d},{own[k]},{ask[k]:.2f},{ask[k]:.2f},{score[k]}\n" for k in range(n))
    (folder / "dossiers.csv").write_text("dossier,envelope,cost,requested,score\n" + rows, encoding="utf-8")
    caps = {name: ask[own == name].sum() * random.integers(4, 10) / 10 for name in ("a1", "a2", "b")}
    above = (caps["a1"] + caps["a2"]) * random.integers(5, 10) / 10
    text = f"""schema_version: 1
id: trees
title: SYNTHETIC
programme:
  id: tout
  envelopes:
    - id: a
      amount: {above:.2f} €
      overbooked: true
      envelopes: [{{id: a1, amount: {caps["a1"]:.2f} €}}, {{id: a2, amount: {caps["a2"]:.2f} €}}]
    - {{id: b, amount: {caps["b"]:.2f} €}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
    (folder / "trees.yaml").write_text(text, encoding="utf-8")
    return solve_reference(load_scenario(folder / "trees.yaml"), prove=False)
