"""Cost against size: family M with two levels of caps, 2,000 to 1,000,000 dossiers; a table and a picture.

uv run python benchmarks/scale.py [PICTURE.svg] [SIZE…]

One process a size. Processor seconds, since the machine may do other work: reading (Parquet) and compiling,
writing the model, solving, proving and checking the proof, reading the answer again. Memory is the process's peak.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from families import write_m

SIZES = (2_000, 10_000, 50_000, 200_000, 1_000_000)
PHASES = ("read", "model", "solve", "prove", "verify")


def measured(size: int) -> dict[str, float]:
    """Processor seconds of each phase and peak GB, in this process."""
    from tnt_sim.deadline import Deadline
    from tnt_sim.formulation.formulate import formulate
    from tnt_sim.formulation.linear_model import SolveStage
    from tnt_sim.prove.stage_proofs import prove_stages
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.solve.methods.cap_tree import solve_tree
    from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

    with tempfile.TemporaryDirectory() as folder:
        path = write_m(Path(folder), 0, size)
        marks = [time.process_time()]
        problem = compile_problem(load_scenario(path))
        marks.append(time.process_time())
        form = formulate(problem)
        marks.append(time.process_time())
        stages = (*form.stages, form.least_granted)
        found = solve_tree(
            form.model, [SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant) for s in stages]
        )
        assert found is not None
        assert found[0].values is not None
        marks.append(time.process_time())
        allocation = Allocation(*form.recovery.compute_awards(found[0].values))
        reading = read_allocation(problem, allocation)
        again = time.process_time()
        proofs = prove_stages(problem, reading.values, Deadline(600.0))
        assert all(proofs), "not proven"
        marks.append(time.process_time())
        assert not list_broken_rules(problem, allocation, reading)
    spent = dict(zip(PHASES[:4], (b - a for a, b in pairwise(marks)), strict=True))
    spent["verify"] = again - marks[3]
    spent["prove"] -= spent["verify"]
    return {**spent, "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def picture(rows: dict[int, dict[str, float]]) -> str:
    """Both axes logarithmic; a dashed line for n log n through the last point's sum."""
    width, height, left, bottom = 640, 400, 70, 50
    sums = {n: sum(row[p] for p in PHASES) for n, row in rows.items()}
    top, low = math.ceil(math.log10(max(sums.values()))), -3

    def at(n: float, seconds: float) -> str:
        x = left + (width - left - 110) * (math.log10(n) - 3) / 3
        y = 20 + (height - bottom - 20) * (top - math.log10(max(seconds, 10**low))) / (top - low)
        return f"{x:.1f},{y:.1f}"

    last = max(sums)
    guide = {n: sums[last] * n * math.log(n) / (last * math.log(last)) for n in rows}
    colours = dict(
        zip((*PHASES, "all"), ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000"), strict=True)
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" role="img"><title>Processor seconds against dossiers</title>'
    ]
    for power in range(low, top + 1):
        x, y = at(1_000, 10.0**power).split(",")
        parts.append(
            f'<path d="M{x} {y}H{width - 110}" stroke="#ddd"/><text x="10" y="{y}">10^{power} s</text>'
        )
    for n in rows:
        x = at(n, 1).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 20}" text-anchor="middle">{n:,}</text>')
    for name, values in {**{p: {n: row[p] for n, row in rows.items()} for p in PHASES}, "all": sums}.items():
        points = " ".join(at(n, value) for n, value in values.items())
        x, y = points.split()[-1].split(",")
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        parts.append(f'<text x="{float(x) + 6}" y="{y}" fill="{colours[name]}">{name}</text>')
    points = " ".join(at(n, value) for n, value in guide.items())
    parts.append(f'<polyline points="{points}" fill="none" stroke="#888" stroke-dasharray="4"/>')
    parts.append(f'<text x="{left}" y="14" fill="#888">dashed: n log n</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(int(sys.argv[2]))))
        return
    sizes = [int(word) for word in sys.argv[2:]] or SIZES
    rows = {}
    print("| dossiers | " + " | ".join(PHASES) + " | all, s | peak, GB | µs a dossier | kB a dossier |")
    for size in sizes:
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True
        )
        row = rows[size] = json.loads(done.stdout)
        total = sum(row[p] for p in PHASES)
        cells = " | ".join(f"{row[p]:.3f}" for p in PHASES)
        tail = f"{total:.2f} | {row['gb']:.2f} | {1e6 * total / size:.1f} | {1e6 * (row['gb'] - 0.13) / size:.2f}"
        print(f"| {size:,} | {cells} | {tail} |", flush=True)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(picture(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
