"""`tnt-sim verify` on the frozen `tnt-2021`: reading the files, and what the check takes beyond; best of 9.

uv run python benchmarks/verify_speed.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frozen import FLAGSHIP

from tnt_sim.engine.run_folder import replay as recheck
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify import run_replay as replay
from tnt_sim.verify.run_files import read_object
from tnt_sim.verify.stored_allocation import read_parquet

TIMES = 9


def best(what: Callable[[], Any]) -> float:
    """The least milliseconds of TIMES calls."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        what()
        found.append(1000 * (time.perf_counter() - began))
    return min(found)


def main() -> None:
    result = solve(load_scenario(FLAGSHIP))
    n = result.problem.case.n
    with tempfile.TemporaryDirectory() as folder:
        run = write_run(result, Path(folder))
        assert recheck.verify_run(run).ok

        def read() -> None:
            load_scenario(FLAGSHIP)
            for name in ("summary.json", "certificate.json"):
                read_object(run / name)
            read_parquet(run / "allocation.parquet", replay.Defects())
            (run / "allocation.csv").read_bytes()

        files, integers, whole = (
            best(read),
            best(lambda: replay.verify_run(run)),
            best(lambda: recheck.verify_run(run)),
        )
        seen = replay.replay(run)
        assert seen.scenario is not None
        assert seen.whole is not None
        scenario, decision = seen.scenario, seen.whole
        told = recheck.replay_run(seen, scenario, decision)
        parts = {
            "compile": best(lambda: replay.compile_problem(scenario)),
            "tell anew": best(lambda: recheck.replay_run(seen, scenario, decision)),
            "summary": best(lambda: recheck._compare_summary(seen, told, moved=False, replayed=True)),
            "tables": best(lambda: recheck._compare_tables(seen, told.result)),
            "resolved": best(lambda: recheck._check_resolved(seen, scenario)),
        }
    print(f"{n} dossiers: files {files:.1f} ms, integers {integers:.1f} ms, whole check {whole:.1f} ms")
    print(f"beyond the files {whole - files:.1f} ms, {2000 * (whole - files) / n:.1f} ms for 2,000 dossiers")
    print(", ".join(f"{name} {value:.1f} ms" for name, value in parts.items()))


if __name__ == "__main__":
    main()
