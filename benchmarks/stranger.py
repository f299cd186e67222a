"""The proof as a stranger repeats it: `verify --export`, then `python verifier.py` in a Python without packages.

Each list is decided by `run`, exported, and shown by the exported file alone; best of three, in seconds of the
whole process (start and reading included). SYNTHETIC scores for N.

uv run python benchmarks/stranger.py [--list GRANTS.csv] [NAME …]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from families import write_n

from tnt_sim.cli.main import main as type_command

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = (
    "tnt-2021", "demat-ads", "franceconnect", "franceconnect-10m", "ae-cp", "equite-territoriale",
)  # fmt: skip
TIMES = 3


def show(name: str, scenario: Path, place: Path) -> list[str]:
    """Return a row for each decision of a scenario: what is shown, seconds, and bytes of the two files."""
    runs, proof = place / "runs", place / "proof"
    for words in (["run", scenario, "--out", runs], ["verify", None, "--export", proof]):
        typed = [str(next(runs.glob("*/summary.json")).parent if word is None else word) for word in words]
        if type_command([*typed, "--quiet"]):
            raise SystemExit(f"{name}: {typed} failed")
    rows = []
    for folder in sorted(file.parent for file in proof.rglob("verifier.py")):
        command, seconds = [sys.executable, "-I", "-S", str(folder / "verifier.py")], []
        for _ in range(TIMES):
            began = time.perf_counter()
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
            seconds.append(time.perf_counter() - began)
        n_shown = sum(line.startswith("shown: ") for line in told)
        sizes = [(folder / f"{file}.json").stat().st_size / 1000 for file in ("rows", "certificate")]
        step = "" if folder == proof else f", {folder.name}"
        rows.append(
            f"| {name}{step} | {n_shown} of {len(told)} | {min(seconds):.2f} | {sizes[0]:,.0f} | {sizes[1]:,.1f} |"
        )
    return rows


def main() -> int:
    """Print a table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*")
    asked.add_argument("--list", type=Path, help="real grants, for N")
    options = asked.parse_args()
    print("| scenario | shown | s | rows, kB | certificate, kB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="stranger-") as folder:
        scenarios = {name: ROOT / "scenarios" / f"{name}.yaml" for name in options.names or SHIPPED}
        if options.list:
            scenarios["N, 51,093 grants"] = write_n(Path(folder) / "n", 1, options.list)
        for number, (name, scenario) in enumerate(scenarios.items()):
            print("\n".join(show(name, scenario, Path(folder) / f"out-{number}")), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
