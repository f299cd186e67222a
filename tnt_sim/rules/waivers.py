"""Waivers: an eligibility entry, a cap, or a `limit` or `share` lifted for some dossiers, in the open.

A waived dossier need not meet the eligibility entry; a project with a waived dossier is not under the cap; a
waived dossier is left out of the rule's sums and groups. Every waiver in force is printed among the warnings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tnt_sim.errors import Text, did_you_mean
from tnt_sim.fields import Code, Described
from tnt_sim.rules.base import BoolArray, Case, Path
from tnt_sim.rules.select import Selector, select

LIFTABLE = ("eligibility", "cap", "limit", "share")
NAMED = 10


class WaiverSpec(Described):
    """What is lifted, for whom, why and by whom."""

    of: Code
    where: Selector
    reason: str = ""
    author: str = ""


def read_waivers(
    case: Case, specs: Sequence[tuple[WaiverSpec, Path]], kinds: Mapping[str, str]
) -> dict[str, BoolArray]:
    """For each lifted id, the dossiers it is lifted for, bool (n,); `kinds` gives the kind of every id."""
    waived: dict[str, BoolArray] = {}
    for spec, path in specs:
        kind = kinds.get(spec.of)
        if kind not in LIFTABLE:
            _cannot(case, spec, kind, kinds, path)
            continue
        mask = select(case, spec.where, (*path, "where"))
        if mask is None:
            continue
        waived[spec.of] = waived[spec.of] | mask if spec.of in waived else mask
        _told(case, spec, mask, path)
    return waived


def _cannot(case: Case, spec: WaiverSpec, kind: str | None, kinds: Mapping[str, str], path: Path) -> None:
    if kind is None:
        case.fault(
            "unknown-waiver",
            Text(
                f"aucune condition, aucun plafond ni aucune règle ne s'appelle « {spec.of} ».",
                f'no eligibility entry, cap or rule is named "{spec.of}".',
            ),
            (*path, "of"),
            did_you_mean(spec.of, [name for name, found in kinds.items() if found in LIFTABLE]),
        )
        return
    case.fault(
        "waiver-kind",
        Text(
            f"une règle de genre « {kind} » ne peut pas être levée pour quelques dossiers.",
            f'a rule of kind "{kind}" cannot be lifted for some dossiers.',
        ),
        (*path, "of"),
        Text("Retirez ces dossiers par son `where`.", "Leave these dossiers out by its `where`."),
    )


def _told(case: Case, spec: WaiverSpec, mask: BoolArray, path: Path) -> None:
    rows = np.flatnonzero(mask)
    if len(rows) == 0:
        case.warnings.add(
            "waiver-idle",
            Text(
                f"la dérogation à « {spec.of} » ne vise aucun dossier.",
                f'the waiver of "{spec.of}" concerns no dossier.',
            ),
            case.locate(path),
        )
        return
    names = ", ".join(case.table["dossier"].gather(rows[:NAMED]).to_list())
    more = f", … (+{len(rows) - NAMED})" if len(rows) > NAMED else ""
    author = f" ({spec.author})" if spec.author else ""
    fr, en = spec.reason or "sans motif écrit", spec.reason or "no reason given"
    case.warnings.add(
        "waiver",
        Text(
            f"dérogation à « {spec.of} » pour {len(rows)} dossier(s) ({names}{more}) : {fr}{author}.",
            f'waiver of "{spec.of}" for {len(rows)} dossier(s) ({names}{more}): {en}{author}.',
        ),
        case.locate(path),
    )
