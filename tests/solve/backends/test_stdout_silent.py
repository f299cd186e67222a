"""Nothing reaches file descriptor 1, not even the banner of HiGHS; and nothing heavy is imported early."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.lanes import seeds
from support.programs import each_backend

SOLVE = """
import numpy as np, scipy.sparse as sp
from tnt_sim.rules.protocols import Sense
from tnt_sim.formulation.linear_model import LinearModel, NO_LOWER
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral
model = LinearModel(sp.csr_array(np.array([[3, 4, 5], [1, 2, 1]])), [NO_LOWER, 1], [8, 4], [0] * 3, [1] * 3,
                    [True] * 3, [5, 6, 7], Sense.MAXIMISE, ("a", "b"), ("x", "y", "z"))
backend = get_backend({name!r})
assert solve_integral(model, backend).value == 12
backend.solve(model, relax=True)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("name", seeds(each_backend(), 1))
def test_a_solve_prints_nothing(name: str) -> None:
    done = run(SOLVE.format(name=name))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


def test_output_of_the_program_itself_is_kept() -> None:
    code = "print('before', flush=True)\nprint('held')\n" + SOLVE.format(name="highs") + "print('after')\n"
    assert run(code).stdout == "before\nheld\nafter\n"


def test_without_standard_output_it_still_solves() -> None:
    done = run("import os\nos.close(1)\n" + SOLVE.format(name="highs"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "unwanted"),
    seeds(
        [
            ("tnt_sim.solve.backends.highs", ("pulp", "scipy.optimize", "highspy")),
            ("tnt_sim.solve.backends.registry", ("pulp", "scipy.optimize", "highspy")),
            ("tnt_sim.solve.methods.cross_check", ("pulp", "scipy.optimize", "highspy")),
            ("tnt_sim.solve.methods.tie_break", ("pulp", "scipy.optimize", "highspy")),
        ],
        0,
    ),
)
def test_imports_are_light(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}\nprint([name for name in {unwanted!r} if name in sys.modules])"
    assert run(code).stdout.strip() == "[]"


def test_highs_does_not_bring_pulp() -> None:
    done = run(SOLVE.format(name="highs") + "import sys\nprint('pulp' in sys.modules)")
    assert done.stdout.strip() == "False"
