"""A proof passes only for a system without a point: small systems whose points are listed by hand."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import numpy as np
import pytest
from support.lanes import first_of, seeds, share
from support.systems.drawn import points, random_system

from tnt_sim.certify.certificate import CertificateError, check_refutation
from tnt_sim.certify.derived_rows import Recipe, derive_cut, tighten_system
from tnt_sim.certify.system import MultiplierError, System, compute_slack, narrow_box, weigh
from tnt_sim.deadline import Deadline
from tnt_sim.prove.branch_search import PointFound
from tnt_sim.prove.refutation import refute


@pytest.mark.parametrize("seed", seeds(range(250), 60))
def test_refuted_if_and_only_if_empty(seed: int) -> None:
    system = random_system(Random(seed))
    held = points(system)
    try:
        proof = refute(system, Deadline(20))
    except PointFound:
        assert held
        return
    assert not held
    check_refutation(system, proof)


@pytest.mark.parametrize("seed", seeds(range(250), 60))
def test_sharpening_keeps_every_point(seed: int) -> None:
    system = random_system(Random(seed))
    assert points(tighten_system(system)) == points(system)


@pytest.mark.parametrize("seed", seeds(range(150), 40))
def test_cuts_keep_every_point(seed: int) -> None:
    rng = Random(seed)
    system = random_system(rng)
    n_rows = system.rows.n + len(system.must)
    recipe = Recipe(
        np.arange(n_rows),
        np.array([rng.randint(-5, 9) for _ in range(n_rows)]),
        np.array([c for c in range(system.n_cols) if rng.random() < 0.3], dtype=np.int64),
        rng.randint(1, 40),
    )
    col, value, bound = derive_cut(system, recipe)
    for point in points(system):
        assert int(value @ np.array(point)[col]) <= bound


@pytest.mark.parametrize("seed", seeds(range(150), 40))
def test_multipliers_rule_out_no_point(seed: int) -> None:
    rng = Random(seed)
    system = random_system(rng)
    held = points(system)
    y = np.array([rng.randint(0, 6) for _ in range(system.rows.n)])
    weighed = weigh(system, np.arange(system.rows.n), y)
    box = system.build_box()
    room = compute_slack(system, box, weighed)[0]
    assert room >= 0 or not held
    if not narrow_box(system, box, weighed):
        assert not held
        return
    n = system.n_choices
    for point in held:
        x = np.array(point)
        assert (x[:n] <= box.open).all()
        assert (x[n:] >= box.low).all()
        assert (x[n:] <= box.high).all()
        taken = np.bincount(system.block[:n], weights=x[:n], minlength=len(box.must))
        assert (taken[box.must] == 1).all()


def _random_tree(rng: Random, system: System, n_pool: int, depth: int) -> list[Any]:
    if depth == 0 or rng.random() < 0.3:
        return [rng.randrange(n_pool)]
    if rng.random() < 0.2:
        return [["narrow", rng.randrange(n_pool)], *_random_tree(rng, system, n_pool, depth - 1)]
    c = rng.randrange(system.n_cols)
    node = [rng.choice(["branch", "some"]), c] if c < system.n_choices else ["split", c, rng.randint(0, 4)]
    both = [_random_tree(rng, system, n_pool, depth - 1) for _ in range(2)]
    return [node, *both[0], *both[1]]


@pytest.mark.drawn
def test_random_and_foreign_proofs_never_pass_for_a_system_with_a_point() -> None:
    rng, accepted, held, known = Random(7), 0, 0, []
    for seed in first_of(range(400), 120):
        system = random_system(Random(10_000 + seed))
        some = bool(points(system))
        held += some
        sharp = tighten_system(system)
        if not sharp.rows.n:
            continue
        if not some:
            known.append(refute(system, Deadline(20)))
        proofs = [copy.deepcopy(rng.choice(known))] if known else []
        for _ in range(8):
            pool = [[v for r in range(sharp.rows.n) for v in (r, rng.randint(0, 5))] for _ in range(3)]
            proofs.append({"rounds": [], "pool": pool, "tree": _random_tree(rng, sharp, 3, 3)})
        for proof in proofs:
            try:
                check_refutation(system, proof)
            except CertificateError:
                continue
            assert not some
            accepted += 1
    assert min(accepted, held) > share(100)


@pytest.mark.parametrize(
    "damage",
    [
        {"tree": []},
        {"tree": [0, 0]},
        {"tree": [["branch", 99], 0, 0]},
        {"tree": [["nonsense", 0], 0]},
        {"pool": [[0, -1]]},
        {"pool": [[99, 1]]},
        {"pool": [[-1, 1]]},
        {"pool": "x"},
        {"rounds": None},
        {"rounds": [{"cuts": [], "narrow": [[0, 2**62]]}]},
    ],
)
def test_damaged_proofs_are_refused_with_a_reason(damage: dict[str, Any]) -> None:
    system = next(s for s in (random_system(Random(k)) for k in range(100)) if points(s))
    proof = {"rounds": [], "pool": [[0, 1]], "tree": [0], **damage}
    with pytest.raises(CertificateError):
        check_refutation(system, proof)


def test_negative_multipliers_are_refused() -> None:
    system = random_system(Random(1))
    with pytest.raises(MultiplierError):
        weigh(system, np.array([0]), np.array([-1]))
