"""Samples of the unit cube: equal to scipy's, in pieces that know their deadline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from tnt_sim.analysis.uncertainty import draws
from tnt_sim.analysis.uncertainty.draws import sample_latin_hypercube
from tnt_sim.deadline import Deadline, DeadlineExpired


@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 99), st.integers(1, 40))
def test_a_latin_hypercube_has_the_bytes_of_scipy(n: int, width: int, seed: int, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "CELLS_AT_ONCE", at_once)
        own = sample_latin_hypercube(np.random.default_rng(seed), n, width)
    theirs = qmc.LatinHypercube(d=width, rng=np.random.default_rng(seed)).random(n)
    assert own.tobytes() == np.ascontiguousarray(theirs).tobytes()


def test_a_sample_ends_on_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr(draws, "CELLS_AT_ONCE", 100)
    with pytest.raises(DeadlineExpired):
        sample_latin_hypercube(np.random.default_rng(0), 50, 50, Deadline(40.0, lambda: float(next(ticks))))
    assert next(ticks) < 50
