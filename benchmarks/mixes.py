"""Every question on mixes of all kinds of rules, against enumeration; run by hand.

    uv run python benchmarks/mixes.py [FROM] [TO] [QUESTION ...]          (default 0 200, every question)

Each seed is a scenario of six to ten dossiers (`tests/support/mixed_cases/drawn.py`) with decimals, cents, blanks
and ties, and every answer is compared with plain enumeration (`tests/support/mixed_cases/questions.py`). Ctrl-C
ends with the table of what was compared. SYNTHETIC, all of it.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.mixed_cases.questions import QUESTIONS, check


def main() -> None:
    first, last = (int(word) for word in (*sys.argv[1:3], *("0", "200")[len(sys.argv[1:3]) :]))
    questions = tuple(sys.argv[3:]) or tuple(QUESTIONS)
    count: Counter[str] = Counter()
    wrong, began = 0, time.process_time()
    with suppress(KeyboardInterrupt):
        for seed in range(first, last):
            try:
                told, more = check(seed, questions, largest=6 + seed % 5)
            except Exception:  # noqa: BLE001 (one that breaks down is one disagreement; the others are looked at)
                told, more = [traceback.format_exc()], Counter({"broken down": 1})
            count += more
            count["mixes"] += 1
            wrong += bool(told)
            for line in told:
                print(f"{seed}: {line}", flush=True)
    for name, times in sorted(count.items()):
        print(f"{name:45} {times}")
    print(f"{wrong} mixes with a disagreement; {time.process_time() - began:.0f} s of processor time")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
