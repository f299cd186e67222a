"""Proofs by exact blocks: what is true is closed, what is false never, and a damaged certificate is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.certify.block_bound import SCALE, is_closed_by_blocks
from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.prove.kernel_proofs import prove_by_blocks


def system_of(random: np.random.Generator, better: int | None) -> tuple[System, int]:
    """Dossiers of one choice each, some that must be chosen; the goal row asks for `better` more than the best."""
    n = 8
    weight = random.integers(1, 9, n)
    theme = random.random(n) < 0.5
    rows = [weight, np.where(theme, -weight, 0), np.where(theme, 0, random.integers(0, 3, n))]
    upper = [int(weight.sum()) // 2, -int(weight[theme].sum()) // 3, 4]
    gain = random.integers(1, 12, n)
    must = random.random(n) < 0.15
    best = max(
        (
            int(gain @ x)
            for x in map(np.array, product((0, 1), repeat=n))
            if (x >= must).all() and all(int(r @ x) <= b for r, b in zip(rows, upper, strict=True))
        ),
        default=None,
    )
    wanted = (0 if best is None else best) + (1 if better is None else better)
    every = [*rows, -gain]
    entries = [(k, j, int(r[j])) for k, r in enumerate(every) for j in range(n) if r[j]]
    row, col, value = (np.array(part, dtype=np.int64) for part in zip(*entries, strict=True))
    names = ("cap", "floor", "count", "stage:score:better")
    box = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    table = Rows(row, col, value, np.array([*upper, -wanted]), names)
    return System(np.arange(n), must, *box, table), 0 if best is None else best


@pytest.mark.parametrize("seed", seeds(range(40), 15))
def test_a_unit_more_is_refuted_and_the_best_itself_is_not(seed: int) -> None:
    system, _ = system_of(np.random.default_rng(seed), 1)
    proof = prove_by_blocks(system)
    if proof is not None:
        check_refutation(system, proof)
    reached, best = system_of(np.random.default_rng(seed), 0)
    if best:
        assert prove_by_blocks(reached) is None
        if proof is not None:
            with pytest.raises(CertificateError):
                check_refutation(reached, proof)


def test_most_are_found() -> None:
    assert sum(prove_by_blocks(system_of(np.random.default_rng(s), 1)[0]) is not None for s in range(40)) > 30


def test_damage_is_refused() -> None:
    system, _ = system_of(np.random.default_rng(3), 1)
    proof = prove_by_blocks(system)
    assert proof is not None
    good = proof["blocks"]
    for damage in (
        {"goal": 99}, {"rows": [99, *good["rows"][1:]]}, {"rows": [good["goal"], *good["rows"][1:]]},
        {"prices": good["prices"][1:]}, {"prices": [-1] * len(good["prices"])}, {"own": [99]}, {"scale": 3},
        {"rows": []}, {"goal": None}, {"prices": None},
    ):  # fmt: skip
        with pytest.raises(CertificateError):
            check_refutation(system, {"blocks": {**good, **damage}})
    with pytest.raises(MultiplierError, match="share"):
        is_closed_by_blocks(system, 3, [0, 1], [0, 1], [1 << SCALE, 1 << SCALE])


def test_a_row_cannot_pay_twice() -> None:
    """A row with a block of its own counts what it leaves unused once, however often it is named."""
    zeros, ones = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    table = Rows(zeros, zeros, ones, np.array([0, 9]), ("stage:score:better", "cap"))
    system = System(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_), zeros, ones, table)
    entry = {"goal": 0, "rows": [1], "prices": [1 << SCALE], "scale": SCALE}
    for own in ([0, 0], [0, 0, 0]):
        with pytest.raises(CertificateError, match="twice"):
            check_refutation(system, {"blocks": {**entry, "own": own}})
