"""The scenarios that the repository ships and that decide something: all but lists of changes for a batch."""

from __future__ import annotations

from support.paths import ROOT

BATCHES = ("lot-enveloppes", "lot-objectifs")
SCENARIOS = ROOT / "scenarios"
PROGRAMMES = tuple(path.stem for path in sorted(SCENARIOS.glob("*.yaml")) if path.stem not in BATCHES)
