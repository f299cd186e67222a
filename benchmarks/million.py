"""A million dossiers on the way through everything but solving: seconds and memory.

uv run python benchmarks/million.py [ROWS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.decision_reasons import determine_reasons

HEAD = """schema_version: 1
id: million
programme:
  id: tout
  amount: 60 000 M€
  envelopes:
"""
TAIL = """dossiers: [{file: dossiers.parquet}]
rules:
  - {id: plafond, kind: limit, measure: granted, by: department, max: 900 M€}
  - {id: part, kind: share, measure: granted, where: {applicant_type: epci}, max: 60 %}
objective: [{maximise: {score: 1}}, {maximise: {population: 1}}]
"""


def write(folder: Path, rows: int) -> Path:
    """A seeded table of `rows` dossiers in 303 leaves."""
    random = np.random.default_rng(0)
    axis, department = random.integers(0, 3, rows), random.integers(1, 102, rows)
    cost = np.clip(random.lognormal(11.0, 0.9, rows), 5_000, 2_000_000).astype(np.int64) * 100
    pl.DataFrame(
        {
            "dossier": pl.Series(np.arange(rows)).cast(pl.String),
            "envelope": [f"a{a}-d{d}" for a, d in zip(axis.tolist(), department.tolist(), strict=True)],
            "department": pl.Series(department).cast(pl.String).str.zfill(3),
            "applicant_id": pl.Series(random.integers(0, rows // 2, rows)).cast(pl.String).str.zfill(9),
            "applicant_type": np.where(random.random(rows) < 0.3, "epci", "commune"),
            "population": random.integers(100, 50_000, rows),
            "cost_cents": cost,
            "requested_cents": cost * 8 // 10,
            "score": random.integers(20, 101, rows) / 10,
        }
    ).write_parquet(folder / "dossiers.parquet")
    leaves = [
        f"    - {{id: a{a}, amount: 20 000 M€, envelopes: ["
        + ", ".join(f"{{id: a{a}-d{d}, amount: 150 M€}}" for d in range(1, 102))
        + "]}\n"
        for a in range(3)
    ]
    (folder / "million.yaml").write_text(HEAD + "".join(leaves) + TAIL, encoding="utf-8")
    return folder / "million.yaml"


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), rows)
        clock = time.perf_counter()

        def lap(name: str) -> None:
            nonlocal clock
            now = time.perf_counter()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"{name:<12}{now - clock:8.2f} s   peak {peak:5.2f} GB", flush=True)
            clock = time.perf_counter()

        scenario = load_scenario(path)
        lap("read")
        problem = compile_problem(scenario)
        lap("compile")
        form = formulate(problem)
        lap("formulate")
        print(f"            {form.model.n_rows} rows, {form.model.n_cols} columns")
        funded = np.zeros(problem.case.n, dtype=np.bool_)
        funded[::40] = True
        allocation = Allocation(funded, np.where(funded, problem.offers.most_cents, 0))
        reading = read_allocation(problem, allocation)
        list_broken_rules(problem, allocation, reading)
        lap("verify")
        determine_reasons(problem, allocation, reading)
        lap("reasons")


if __name__ == "__main__":
    main()
