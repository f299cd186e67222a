"""Seeks a proof that a list is the one answer: the whole is narrowed by prices, then each part is refuted."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.listing import Listed, parts_before
from tnt_sim.certify.sharpen import sharpen
from tnt_sim.certify.system import STAGE, Box, MultiplierError, System, compact, narrowed, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.live_lp import Answer, LiveLp, whole_multipliers
from tnt_sim.prove.refute import refute
from tnt_sim.prove.search import NotProved
from tnt_sim.rules.base import IntArray


def first_of(system: System, listed: Listed, deadline: Deadline) -> dict[str, Any]:
    """A proof that no point of the system goes before the list, each of its refutations checked.

    Raises
    ------
    NotProved
        At the limit, or where 64 bits do not hold the proof.
    PointFound
        When a point goes before the list.
    CertificateError
        When a refutation does not hold: the search is wrong there.
    """
    system = sharpen(system)
    try:
        box = system.box()
        steps = [
            step for step in _prices(system, box, deadline) if narrowed(system, box, weigh(system, *step))
        ]
        proofs: list[dict[str, Any] | None] = []
        for part in parts_before(system, box, listed):
            left = compact(system, part)
            proofs.append(None if left is None else _refuted(left, deadline))
    except MultiplierError as error:
        raise NotProved(str(error)) from error
    return {"narrow": [np.stack(y, axis=1).ravel().tolist() for y in steps], "parts": proofs}


def _prices(system: System, box: Box, deadline: Deadline) -> list[tuple[IntArray, IntArray]]:
    """Multipliers for each stage's row as the goal: what each of them leaves open differs."""
    found = []
    for goal in [k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]:
        answer = LiveLp(system, goal).solve(box, deadline)
        if answer.answer is Answer.BOUNDED:
            found.append(whole_multipliers(system, answer.prices))
    return found


def _refuted(system: System, deadline: Deadline) -> dict[str, Any]:
    if deadline.expired:
        raise NotProved("no time is left")
    proof = refute(system, deadline)
    check_refutation(system, proof, deadline=deadline)
    return proof
