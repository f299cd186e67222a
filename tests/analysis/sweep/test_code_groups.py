"""Which codes a list funds, against a loop over its rows."""

from __future__ import annotations

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.analysis.sweep.exact_steps import CodeGroups


@pytest.mark.parametrize("seed", seeds(range(8), 3))
def test_the_codes_that_lists_fund(seed: int) -> None:
    """A code without rows is never funded, and a row without a code counts for none."""
    rng = np.random.default_rng(seed)
    n, n_codes, n_lists = int(rng.integers(0, 12)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    code = rng.integers(-1, n_codes, n)
    funded = rng.random((n, n_lists)) < 0.4
    expected = np.zeros((n_codes, n_lists), dtype=np.int64)
    for row, key in enumerate(code.tolist()):
        if key >= 0:
            expected[key] |= funded[row]
    np.testing.assert_array_equal(CodeGroups.of(code, n_codes).find_funded_codes(funded), expected)
