"""Waivers: an eligibility entry, a cap or a rule lifted for some dossiers, in the open.

A waived dossier need not meet the eligibility entry; a project with a waived dossier is not under the cap. A
waived dossier is left out of a rule's sums, groups and order (`Case.bound`); in `requires` it needs nobody, but
others may still need it. Only a decision cannot be lifted. Every waiver in force is printed among the warnings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.errors import Text, did_you_mean, so_many
from tnt_sim.fields import Code, Described
from tnt_sim.rules.base import BoolArray, Case, Path
from tnt_sim.rules.select import Selector, select

LIFTABLE = (
    "eligibility", "cap", "limit", "share", "exclusive", "requires", "together", "order", "coverage", "schedule",
    "equity",
)  # fmt: skip
NAMED = 10


class WaiverSpec(Described):
    """What is lifted, for whom, why and by whom."""

    of: Code
    where: Selector
    reason: str = ""
    author: str = ""


def read_waivers(
    case: Case, specs: Sequence[tuple[WaiverSpec, Path]], kinds: Sequence[tuple[str, str]]
) -> dict[str, BoolArray]:
    """For each lifted id, the dossiers it is lifted for, bool (n,); `kinds` lists every id with its kind."""
    waived: dict[str, BoolArray] = {}
    for spec, path in specs:
        found = [kind for name, kind in kinds if name == spec.of]
        if len(set(found)) > 1:
            _unclear(case, spec, found, path)
            continue
        if not found or found[0] not in LIFTABLE:
            _cannot(case, spec, found[0] if found else None, kinds, path)
            continue
        mask = select(case, spec.where, (*path, "where"))
        if mask is None:
            continue
        waived[spec.of] = waived[spec.of] | mask if spec.of in waived else mask
        _told(case, spec, mask, path)
    return waived


def _unclear(case: Case, spec: WaiverSpec, found: Sequence[str], path: Path) -> None:
    listed = ", ".join(sorted(set(found)))
    case.fault(
        "waiver-unclear",
        Text(
            f"« {spec.of} » est le nom de plusieurs choses ({listed}) : la dérogation ne dit pas laquelle lever.",
            f'"{spec.of}" is the name of several things ({listed}): the waiver does not say which is lifted.',
        ),
        (*path, "of"),
        Text("Donnez à chacune son nom.", "Give each a name of its own."),
    )


def _cannot(
    case: Case, spec: WaiverSpec, kind: str | None, kinds: Sequence[tuple[str, str]], path: Path
) -> None:
    if kind is None:
        case.fault(
            "unknown-waiver",
            Text(
                f"aucune condition, aucun plafond ni aucune règle ne s'appelle « {spec.of} ».",
                f'no eligibility entry, cap or rule is named "{spec.of}".',
            ),
            (*path, "of"),
            did_you_mean(spec.of, [name for name, found in kinds if found in LIFTABLE]),
        )
        return
    case.fault(
        "waiver-kind",
        Text(
            f"une règle de genre « {kind} » ne peut pas être levée pour quelques dossiers.",
            f'a rule of kind "{kind}" cannot be lifted for some dossiers.',
        ),
        (*path, "of"),
        Text("Retirez ces dossiers de la règle elle-même.", "Take these dossiers out of the rule itself."),
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
    n = so_many(len(rows), ("dossier", "dossiers"), ("dossier", "dossiers"))
    case.warnings.add(
        "waiver",
        Text(
            f"dérogation à « {spec.of} » pour {n.fr} ({names}{more}) : {fr}{author}.",
            f'waiver of "{spec.of}" for {n.en} ({names}{more}): {en}{author}.',
        ),
        case.locate(path),
    )
