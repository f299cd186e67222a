"""What every verb prints and writes is what was recorded (`tools/golden.py`).

The shipped scenarios take minutes each: they are compared by hand (CONTRIBUTING.md).
"""

from __future__ import annotations

import golden
import pytest


@pytest.mark.slow
@pytest.mark.parametrize("name", ["help", "infeasible", "steps", "levels", "demo", "studies"])
def test_nothing_is_said_or_written_otherwise(name: str) -> None:
    differences = golden.compared(name)
    assert not differences, "\n".join(differences)
