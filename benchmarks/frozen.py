"""The flagship as version 0.1.0 shipped it, with 3,206 dossiers: published times and counts are of this one."""

from __future__ import annotations

from pathlib import Path

FLAGSHIP = (
    Path(__file__).resolve().parents[1] / "tests" / "support" / "data" / "tnt-2021-3206" / "scenario.yaml"
)
