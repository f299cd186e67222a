"""A programme with a floor for each department and each region, a share, and rates. SYNTHETIC."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

HEAD = """schema_version: 1
id: petit
title: Petit
date: 2026-01-01
programme: {{id: p, amount: {whole} €, envelopes: [{{id: a, amount: {left} €}}, {{id: b, amount: {right} €}}]}}
dossiers: [{{file: dossiers.csv}}]
grants: [{{max_rate: 45 %}}]
objective: [{{maximise: {{score: 1}}}}]
rules: [{rules},
  {{id: plafond, kind: limit, measure: granted, by: department, max: 30 k€}}]
"""


def write_floors(folder: Path, n: int = 240, n_departments: int = 100) -> Path:
    """Write `petit.yaml` and its dossiers: a department gets 20 % of its demand, a region 40 %."""
    draw, demand, rows = (
        random.Random(n),
        Counter[str](),
        ["dossier,envelope,department,region,kind,cost,requested,score"],
    )
    for k in range(n):
        department = k % n_departments
        region, kind = department // 10, draw.choice("xyz")
        cents = 10_000 + round(22_000 * math.exp(draw.gauss(0.0, 0.9)))
        score = draw.randint(10, 200) / 10
        cells = f"D{k + 1},{'ab'[k % 2]},d{department},r{region},{kind}"
        rows.append(f"{cells},{cents / 45:.2f},{cents / 100:.2f},{score}")
        demand.update({f"department: d{department}": cents, f"region: r{region}": cents, "": cents})
    whole = demand.pop("") // 100
    rules = [
        f"{{id: f{k}, kind: limit, measure: granted, where: {{{where}}}, min: {cents * share // 10_000} €}}"
        for k, (where, cents) in enumerate(demand.items())
        for share in [20 if "dep" in where else 40]
    ]
    rules.append("{id: part, kind: share, measure: granted, where: {kind: x}, min: 30 %}")
    amounts = {"whole": whole * 6 // 10, "left": whole // 4, "right": whole // 5}
    (folder / "tnt-sim.toml").write_text("", encoding="utf-8")
    (folder / "dossiers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "petit.yaml").write_text(HEAD.format(rules=",\n  ".join(rules), **amounts), encoding="utf-8")
    return folder / "petit.yaml"
