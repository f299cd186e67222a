"""Systems rewritten so that a block takes one choice at most: they hold the same points, on small systems."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.drawn import points, ranged_system

from tnt_sim.certify import choice_blocks as menus
from tnt_sim.certify.choice_blocks import from_leasts, with_units
from tnt_sim.certify.single_row_bound import expand_row
from tnt_sim.certify.system import MultiplierError, Rows, System

MANY = 400


def worth(system: System, x: tuple[int, ...], goal: int) -> int:
    """What a point leaves of a row's bound: it stays the same however the system is written."""
    return int(system.rows.upper[goal]) - int(expand_row(system, goal) @ np.array(x))


@pytest.mark.parametrize("seed", seeds(range(MANY), MANY // 4))
def test_a_system_counted_from_its_leasts_holds_the_same_points(seed: int) -> None:
    system = ranged_system(Random(seed))
    found = from_leasts(system)
    n = system.n_choices
    rooms = sorted(tuple(worth(system, x, r) for r in range(system.rows.n)) for x in points(system))
    # a block that counted from a choice of its own takes none of the others, or one
    assert rooms == sorted(tuple(worth(found, x, r) for r in range(found.rows.n)) for x in points(found))
    opened = np.bincount(system.block[:n], weights=system.high[:n], minlength=len(system.must))
    assert (found.must == (system.must & (opened <= 1))).all()
    assert found.rows.names == system.rows.names


@pytest.mark.parametrize("seed", seeds(range(MANY), MANY // 4))
def test_units_as_choices_hold_the_same_points(seed: int) -> None:
    rng = Random(seed)
    system = ranged_system(rng)
    wanted = {r for r in range(system.rows.n) if rng.random() < 0.5}
    found = with_units(system, wanted)
    for rewritten in (found, from_leasts(found)):
        assert (np.diff(rewritten.block[: rewritten.n_choices]) >= 0).all()
        assert (rewritten.block[rewritten.n_choices :] == -1).all()
        assert (rewritten.high[: rewritten.n_choices] <= 1).all()
        rooms = sorted(tuple(worth(system, x, r) for r in range(system.rows.n)) for x in points(system))
        assert rooms == sorted(
            tuple(worth(rewritten, x, r) for r in range(rewritten.rows.n)) for x in points(rewritten)
        )


def test_only_units_that_a_row_is_the_better_for_become_choices() -> None:
    grown = stayed = 0
    for seed in range(MANY):
        system = ranged_system(Random(seed))
        goal = system.rows.n - 1
        helped = set(np.flatnonzero(expand_row(system, goal) < 0).tolist())
        found = with_units(system, [goal])
        ranges = [c for c in range(system.n_choices, system.n_cols) if f"range:{c}" in system.rows.names]
        gone = [c for c in ranges if c in helped]
        assert found.n_cols - found.n_choices == system.n_cols - system.n_choices - len(gone)
        assert found.n_choices == system.n_choices + sum(int(system.high[c]) for c in gone)
        assert (found is system) == (not gone)
        grown, stayed = grown + bool(gone), stayed + (len(ranges) > len(gone))
    assert min(grown, stayed) > 50


def one_range(most: int = 2, bound: int = 0, per_choice: int = -2, low: int = 0) -> System:
    """One dossier with a range of units, which a last row is the better for."""
    rows = Rows.from_entries(
        np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([per_choice, 1, -5, -1]),
        np.array([bound, -6]), ("range:0", "goal"),
    )  # fmt: skip
    return System(np.array([0, -1]), np.array([False]), np.array([0, low]), np.array([1, most]), rows)


def test_rows_that_hold_units_otherwise_are_no_ranges() -> None:
    assert with_units(one_range(), [1]).n_choices == 3
    for other in (one_range(bound=1), one_range(per_choice=-3), one_range(per_choice=-1), one_range(low=1)):
        assert with_units(other, [1]) is other
    pair = one_range()
    pair = replace(
        pair, block=np.array([0, 0, -1]), low=np.zeros(3, dtype=np.int64), high=np.array([1, 1, 2]),
        rows=replace(pair.rows, col=np.array([0, 2, 0, 2])),
    )  # fmt: skip
    assert with_units(pair, [1]) is pair  # the block has another choice


def test_more_choices_than_are_handled_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menus, "MOST_CHOICES", 2)
    system = one_range()
    assert with_units(system, [1]) is system


def test_units_of_which_the_sum_leaves_64_bits_stay_as_they_are() -> None:
    n, most = 8, 2**60
    choice, free, one = np.arange(n), np.arange(n) + n, np.ones(n, dtype=np.int64)
    names = (*(f"range:{k}" for k in range(n)), "goal")
    rows = Rows.from_entries(
        np.concatenate([choice, choice, one * n]), np.concatenate([choice, free, free]),
        np.concatenate([-most * one, one, -one]), np.append(0 * one, -1), names,
    )  # fmt: skip
    system = System(
        np.concatenate([choice, -one]), one > 1, np.zeros(2 * n, dtype=np.int64),
        np.concatenate([one, most * one]), rows,
    )  # fmt: skip
    assert with_units(system, [n]) is system


def test_numbers_that_leave_64_bits_are_refused() -> None:
    system = one_range(most=3, per_choice=-3)
    wide = replace(system.rows, value=np.array([-3, 1, -5, -(2**61)]))
    with pytest.raises(MultiplierError):
        with_units(replace(system, rows=wide), [1])
    block = np.zeros(2, dtype=np.int64)
    rows = Rows.from_entries(
        np.zeros(2, dtype=np.int64), np.arange(2), np.array([2**61, -(2**61)]), np.array([-(2**60)]), ("row",)
    )
    with pytest.raises(MultiplierError):
        from_leasts(System(block, np.array([True]), block, block + 1, rows))
