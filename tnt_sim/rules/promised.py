"""What is promised beyond what may be granted: commitments are kept whatever the rest says, each excess is told.

excess_i = committed_i − limit_i        where it is positive; one warning for each kind of limit
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.errors import Lang, Text, so_many
from tnt_sim.money import format_cents
from tnt_sim.rules.base import Case, IntArray
from tnt_sim.rules.cents import cents_of, is_committed

SHOWN = 20
LIMITS = {
    "requested": Text("le montant demandé", "the amount requested"),
    "formula": Text("le montant de la formule", "the amount of the formula"),
    "base": Text("l'assiette", "base"),
    "max_rate": Text("`max_rate` de l'assiette", "`max_rate` of base"),
    "max": Text("`max` du barème", "`max` of their grants entry"),
}
"""The limits of a grant, in the order in which they are told."""


def tell_above(case: Case, limits: dict[str, IntArray]) -> None:
    """Warn of every commitment above a limit of its grant; `limits` are cents (n,) by the keys of `LIMITS`."""
    held, committed = is_committed(case), cents_of(case, "committed", 0)
    if not held.any():
        return
    for key, words in LIMITS.items():
        if key not in limits:
            continue
        rows = np.flatnonzero(held & (committed > limits[key]))
        over = (committed - np.maximum(limits[key], 0))[rows].tolist()
        tell_excesses(
            case, "committed-above", words, case.table["dossier"].gather(rows).to_list(), over, rows
        )


def tell_excesses(
    case: Case, code: str, above: Text, names: Sequence[str], over_cents: Sequence[int], rows: IntArray
) -> None:
    """One warning: who exceeds a limit and by how much, the first 20 by name and place, then how many more."""
    if len(names) == 0:
        return
    pairs = list(zip(names, over_cents, strict=True))[:SHOWN]
    fr, en = (
        ", ".join(f"{name} ({format_cents(cents, lang)})" for name, cents in pairs)
        for lang in (Lang.FR, Lang.EN)
    )
    more = f", … (+{len(names) - SHOWN})" if len(names) > SHOWN else ""
    n = so_many(
        len(names),
        ("engagement, qui reste acquis, dépasse", "engagements, qui restent acquis, dépassent"),
        ("commitment, which is kept, exceeds", "commitments, which are kept, exceed"),
    )
    case.warnings.add(
        code,
        Text(
            f"{n.fr} {above.fr}, de : {fr}{more}.",
            f"{n.en} {above.en}, by: {en}{more}.",
        ),
        *(case.portfolio.place(int(row), "committed") for row in rows[:SHOWN]),
    )
