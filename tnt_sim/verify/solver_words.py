"""What certificate.json repeats of the solver's words. It supports no proof, and must agree with the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tnt_sim.errors import Defect, Place, Text
from tnt_sim.scenario.objective import Stage
from tnt_sim.verify.claims import Claim
from tnt_sim.verify.figures import decimal_text
from tnt_sim.verify.run_files import CERTIFICATE

LEAST = ("granted", "minimise")
"""The tie-break « least granted », told after the stages."""


def solver_words_apart(
    stored: Any, where: str, stages: Sequence[Stage], values: Sequence[Fraction], claim: Claim
) -> list[Defect]:
    """A defect for each entry of `stages` that does not agree with the summary and with what was read.

    Parameters
    ----------
    stored : `stages` of the decision's part of certificate.json
    where : what stands before the paths that are named
    stages, values : the decision's stages and their exact values
    claim : what the summary claims of them
    """
    entries = stored if isinstance(stored, list) else []
    wanted = [(stage.goal, stage.sense.value) for stage in stages]
    told = [(one.get("goal"), one.get("sense")) if isinstance(one, dict) else None for one in entries]
    whole = told in (wanted, [*wanted, LEAST])
    cut_short = claim.status != "optimal" and 0 < len(told) < len(wanted) and told == wanted[: len(told)]
    if not (whole or cut_short):
        return [_apart(f"{where}stages", str(told)[:80])]
    found = []
    for k, (stage, value, goal) in enumerate(zip(stages, values, claim.goals, strict=True)):
        if k >= len(entries):
            break
        one, path = entries[k], f"{where}stages[{k}]"
        if claim.status == "optimal" and one.get("termination") != "optimal":
            found.append(_apart(f"{path}.termination", str(one.get("termination"))[:80]))
        if one.get("bound") != decimal_text(goal.bound):
            found.append(_apart(f"{path}.bound", str(one.get("bound"))[:80]))
        if not stage.tolerance and one.get("value") != decimal_text(value):
            found.append(_apart(f"{path}.value", str(one.get("value"))[:80]))
    return found


def _apart(path: str, what: str) -> Defect:
    return Defect(
        f"certificate:{path}",
        Text(
            f"certificate.json : « {path} » contredit summary.json ou la relecture ({what}).",
            f'certificate.json: "{path}" contradicts summary.json or what was read again ({what}).',
        ),
        (Place(file=CERTIFICATE),),
    )
