"""Processor seconds of whole commands, of this checkout beside those of another: nothing may become slower.

    uv run python benchmarks/commands.py OTHER_CHECKOUT [TURNS] [NAME …]        (default 9, all)

The other checkout has its own environment (`uv sync --all-extras`). The two take turns on the same work, each in a
folder of its own. User and system seconds of the whole process; the least and the median of the turns, and ratios
of this checkout to the other.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from startup import spent

HERE = Path(__file__).resolve().parents[1]
FLAGSHIP = "scenarios/tnt-2021.yaml"
COMMANDS = {
    "--version": "--version",
    "--help": "--help",
    "run --help": "run --help",
    "validate demo": "validate scenario.yaml",
    "validate tnt-2021": f"validate {FLAGSHIP}",
    "show demo": "show scenario.yaml",
    "show tnt-2021": f"show {FLAGSHIP}",
    "import": "import --quiet scenarios/data/tnt-2021-dossiers.csv --out imported",
    "run demo": "run scenario.yaml",
    "run tnt-2021": f"run {FLAGSHIP}",
    "verify demo": "verify RUN",
    "verify tnt-2021": "verify BIG",
    "explain demo, one": "explain RUN E-24",
    "explain demo, --all": "explain --all RUN",
    "report demo": "report RUN --out page.html --force",
    "report tnt-2021": "report BIG --out page.html --force",
    "workbook demo": "report RUN --out book.xlsx --force",
    "compare demo": "compare RUN OTHER",
    "sweep demo": "sweep scenario.yaml",
}


def prepare(checkout: Path, folder: Path) -> tuple[str, Path, dict[str, str]]:
    """The program of a checkout, its copy of the demo, and the run folders that commands read."""
    tool = str(checkout / ".venv" / "bin" / "tnt-sim")
    subprocess.run([tool, "new", "demo"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    demo = folder / "demo"
    shutil.copytree(HERE / "scenarios", demo / "scenarios")

    def run(*words: str) -> str:
        done = subprocess.run([tool, "run", *words, "--json"], check=True, capture_output=True, cwd=demo)
        return str(json.loads(done.stdout)["run_dir"])

    smaller = run("scenario.yaml", "--set", "programme.amount=1.2 M€")
    return tool, demo, {"RUN": run("scenario.yaml"), "BIG": run(FLAGSHIP), "OTHER": smaller}


def main(other: str, turns: str = "9", *names: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sides = []
        for name, checkout in (("other", Path(other).resolve()), ("here", HERE)):
            (Path(folder) / name).mkdir()
            sides.append(prepare(checkout, Path(folder) / name))
        print(f"load {os.getloadavg()[0]:.1f}")
        print("| command | before: least, median | now: least, median | ratio of the least | of medians |")
        print("|---|---|---|---|---|")
        for title in names or COMMANDS:
            times: tuple[list[float], list[float]] = ([], [])
            for turn in range(int(turns) + 1):
                for (tool, demo, runs), found in zip(sides, times, strict=True):
                    words = [runs.get(word, word) for word in COMMANDS[title].split()]
                    processor = spent([tool, *words], str(demo))[1]
                    if turn:  # the first warms the disk
                        found.append(processor)
            before, now = ((min(each), statistics.median(each)) for each in times)
            print(f"| {title} | {before[0]:.2f} {before[1]:.2f} | {now[0]:.2f} {now[1]:.2f} | "
                  f"{now[0] / before[0]:.2f} | {now[1] / before[1]:.2f} |", flush=True)  # fmt: skip
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
