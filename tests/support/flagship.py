"""The frozen copy of the flagship: tests of scale assert its figures, whatever the shipped one becomes."""

from __future__ import annotations

from pathlib import Path

FROZEN = Path(__file__).resolve().parent / "data" / "tnt-2021-3206" / "scenario.yaml"
