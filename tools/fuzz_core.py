"""Fuzz the compiled kernels under the sanitizers: `python tools/fuzz_core.py [SECONDS]`.

Builds them with AddressSanitizer and UndefinedBehaviorSanitizer, then draws calls with fresh seeds and
compares both paths byte for byte. Numpy's memory is the sanitizer's too, so a write past the end of a work array
ends the run. The exit code is 1 where a call differs or a sanitizer stops; the seed of the call is printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from tnt_sim.kernel.compiled import build, library

SANITIZED = "TNT_SIM_SANITIZED_CORE"
"""Where the second process finds the sanitized library."""
FLAGS = (
    *(flag for flag in build.FLAGS if flag not in ("-O3", "-fwrapv")),
    "-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip


def start(seconds: float) -> int:
    """Build the sanitized library and run the draws in a process that loads the sanitizer first."""
    compiler = build.find_compiler()
    if compiler is None:
        print("no C compiler: nothing is fuzzed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / build.LIBRARY.name
        failure = build.build_library(target, FLAGS)
        if failure is not None:
            print(failure)
            return 1
        found = subprocess.run(
            [*compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        )
        env = {
            **os.environ,
            SANITIZED: str(target),
            "LD_PRELOAD": found.stdout.strip(),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONMALLOC": "malloc",
        }
        return subprocess.run([sys.executable, __file__, str(seconds)], env=env, check=False).returncode


def draw(seconds: float) -> int:
    """Draw calls until the time is up; return 1 at the first that differs."""
    import numpy as np
    from support.kernel_cases import CASES, assert_equal_paths

    library.LIBRARY = Path(os.environ[SANITIZED])
    path = library.get_kernel_path()
    assert path.functions is not None, path.reason
    end, count = time.monotonic() + seconds, 0
    seed = first = int.from_bytes(os.urandom(6))
    while time.monotonic() < end:
        for name, case in CASES.items():
            try:
                assert_equal_paths(case(np.random.default_rng([seed, *name.encode()])))
            except AssertionError:
                print(f"{name}: the paths differ at seed {seed}")
                return 1
            count += 1
        seed += 1
    print(f"{count} calls from seed {first} on: both paths equal, no sanitizer stopped")
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    length = float(words[0]) if words else 60.0
    sys.exit(draw(length) if SANITIZED in os.environ else start(length))
