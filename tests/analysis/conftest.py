"""A small programme with a batch file, for studies that run many scenarios."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

SCENARIO = """\
schema_version: 1
id: petit
date: 2026-01-01
programme: {id: p, amount: 60 k€, envelopes: [{id: a, amount: 30 k€}, {id: b, amount: 20 k€}]}
dossiers: [{file: dossiers.csv}]
rules: [{id: plafond, kind: limit, measure: granted, by: department, max: 30 k€}]
objective: [{maximise: {score: 1}}]
"""
BATCH = """\
base: petit.yaml
matrix:
  programme.amount: [50 k€, 60 k€, 70 k€]
  rules.plafond.max: [20 k€, 30 k€]
  envelopes.a.amount: [20 k€, 30 k€]
skip: [{programme.amount: 70 k€, rules.plafond.max: 20 k€}]
name: "{programme.amount}, {rules.plafond.max}, {envelopes.a.amount}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder with `petit.yaml`, its 24 dossiers and `lot.yaml`."""
    draw = random.Random(7)
    rows = ["dossier,envelope,department,cost,requested,score"]
    for number in range(1, 25):
        cost = draw.randint(4, 12) * 1000
        department = draw.choice(["01", "02", "2A"])
        rows.append(f"D{number},{draw.choice('ab')},{department},{cost},{cost // 2},{draw.randint(1, 20)}")
    (tmp_path / "tnt-sim.toml").write_text("")
    (tmp_path / "dossiers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "lot.yaml").write_text(BATCH, encoding="utf-8")
    return tmp_path
