"""One answer: the same `allocation_sha256` whatever the seed, the order of rows or columns, and the solver.

    uv run python benchmarks/determinism.py
    uv run python benchmarks/determinism.py --highspy 1.15.1

`--highspy` names another version; a process of its own runs with it. Some instances have very many ties.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.trust.instances import Instance, near_miss, programme, random_small

from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.solve.backends import highs
from tnt_sim.solve.backends.registry import list_available_backends

ROOT = Path(__file__).resolve().parents[1]
N_SEEDS, N_ORDERS = 10, 10
SHIPPED = ("tnt-2021", "demat-ads")


def instances() -> dict[str, Instance]:
    """Small ones by the dozen, programmes, and flat fees with C(n, n/2) best sets."""
    found = [near_miss(seed) for seed in range(10)] + [random_small(seed) for seed in range(10)]
    found += [programme(1, 100, rule) for rule in ("envelope", "tree", "crossing-2", "crossing-3")]
    found += [tied(300), tied(1000)]
    return {instance.name: instance for instance in found}


def tied(n: int) -> Instance:
    """Three fees and three scores only, two crossing limits: millions of sets are best."""
    rng = np.random.default_rng([n, 7])
    cents = rng.choice([4_000_00, 4_000_00, 5_000_00], n)
    instance = Instance(f"tied n={n}", cents, rng.integers(1, 4, n) * 10**6, int(cents.sum() * 0.5) + 17)
    instance.columns["theme"] = [f"t{k}" for k in rng.integers(0, 3, n).tolist()]
    instance.columns["region"] = [f"r{k}" for k in rng.integers(0, 4, n).tolist()]
    instance.limit("dossiers", ("theme", "t0"), min=n // 4)
    instance.limit("granted", ("region", "r1"), max=int(cents.sum() * 0.09))
    return instance


def digest(instance: Instance, backend: str = "highs", method: str = "auto", **written: Any) -> str:
    """The hash of the engine's answer, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="determinism-") as folder:
        scenario = instance.scenario(Path(folder), "auto", **written)
        return told(lambda: solve(scenario, backend=backend, method=method))


def told(task: Callable[[], Any]) -> str:
    """The hash of a result that is canonical, else the words that say it is not."""
    try:
        document = task().document
    except TntError as error:
        return f"{type(error).__name__}: {error}"
    if document["status"] != "optimal":
        return str(document["status"])
    return document["allocation_sha256"] if document["canonical"] else "not canonical"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """HiGHS with another random seed on its first path."""
    plain = highs._build_options

    def options(*args: Any) -> dict[str, Any]:
        return plain(*args) | {"random_seed": seed}

    highs._build_options = options
    try:
        yield
    finally:
        highs._build_options = plain


def variations(instance: Instance) -> Iterator[tuple[str, str]]:
    """(what was varied, hash) for one instance."""
    for seed in range(1, N_SEEDS + 1):
        with seeded(seed):
            yield "seed", digest(instance, method="direct")
    rng = np.random.default_rng(5)
    for _ in range(N_ORDERS):
        yield "row order", digest(instance, order=rng.permutation(instance.n))
    yield "column order", digest(instance, reverse_columns=True)
    yield "column order, direct", digest(instance, method="direct", reverse_columns=True)
    for backend in list_available_backends():
        if backend != "highs":
            yield backend, digest(instance, backend)


def all_digests() -> dict[str, str]:
    """Every instance and two shipped scenarios, plainly."""
    found = {name: digest(instance) for name, instance in instances().items()}
    for name in SHIPPED:
        scenario = load_scenario(ROOT / "scenarios" / f"{name}.yaml")
        found[name] = told(lambda scenario=scenario: solve(scenario))
    return found


def elsewhere(*prefix: str) -> dict[str, str]:
    """`all_digests` in a process of its own."""
    done = subprocess.run(
        [*prefix, str(Path(__file__)), "--worker"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--highspy", action="append", default=[], help="another version to compare with")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps(all_digests()))
        return 0
    began = time.perf_counter()
    base = all_digests()
    seen: dict[str, list[int]] = {}

    def compare(what: str, name: str, found: str) -> None:
        counts = seen.setdefault(what, [0, 0])
        counts[0] += 1
        if found != base[name]:
            counts[1] += 1
            print(f"{name}, {what}: {found} instead of {base[name]}", flush=True)

    for name, instance in instances().items():
        for what, found in variations(instance):
            compare(what, name, found)
    elsewhere_by = {"fresh process": (sys.executable,)}
    for version in asked.highspy:
        run = ("uv", "run", "--with", f"highspy=={version}", "python")
        elsewhere_by[f"highspy {version}"] = run
    for what, prefix in elsewhere_by.items():
        for name, found in elsewhere(*prefix).items():
            compare(what, name, found)
    print("\n| varied | answers | differences |\n|---|---|---|")
    for what, (count, different) in seen.items():
        print(f"| {what} | {count} | {different} |")
    known = sum(len(value) == 64 for value in base.values())
    print(f"\n{len(base)} instances, {known} with a canonical answer; {time.perf_counter() - began:.0f} s")
    return int(any(different for _, different in seen.values()))


if __name__ == "__main__":
    raise SystemExit(main())
