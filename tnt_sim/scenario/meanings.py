"""What each key of a scenario means, in one sentence: for editors (the JSON schema) and the reference in `docs/`.

The sentences stand in `tnt_sim/data/scenario-keys.csv`, by block (as the schema names it; « Scenario » is the file
itself) and key; `*` is every block that says nothing else of a key. The programme is an envelope.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tnt_sim.errors import Text

FILE = "Scenario"
"""The block of the keys at the top of a file."""
ANY = "*"
_LIKE: Mapping[str, str] = {"ProgrammeSpec": "EnvelopeSpec"}


@cache
def meanings() -> Mapping[tuple[str, str], Text]:
    """All sentences by block and key."""
    text = (files("tnt_sim") / "data" / "scenario-keys.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter=";")
    return {(row["block"], row["key"]): Text(row["fr"], row["en"]) for row in rows}


def meaning(block: str, key: str) -> Text | None:
    """What a key of a block means; None where nothing is written of it."""
    known = meanings()
    blocks = (block, _LIKE.get(block, ""), ANY)
    return next((known[name, key] for name in blocks if (name, key) in known), None)
