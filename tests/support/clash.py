"""Settings of the demo that contradict each other."""

from __future__ import annotations

CLASH = (
    "rules=[{id: un, kind: limit, measure: dossiers, where: {dossier: [E-01, E-02]}, min: 1, max: 1}, "
    "{id: ensemble, kind: together, where: {dossier: [E-01, E-02]}}]"
)
