"""A project with the scenario of one application for each reason, whose only open question is accepted."""

from __future__ import annotations

from pathlib import Path

from support.paths import ROOT

_ACCEPTED = "accept: [{id: not_given/delai, count: 1, reason: Relancé, author: Le service}]\n"


def copy_motifs(folder: Path) -> Path:
    """Return the scenario in a project folder of its own."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name in ("motifs.yaml", "data/motifs.csv"):
        (folder / name).write_bytes((ROOT / "scenarios" / name).read_bytes())
    with (folder / "motifs.yaml").open("a", encoding="utf-8") as file:
        file.write(_ACCEPTED)
    return folder / "motifs.yaml"
