"""The oracle: random and near-miss instances, the engine against exact references; mismatches, overspends, proofs.

    uv run python benchmarks/oracle.py --random 10000 --near-miss 10000 --out /tmp/oracle.jsonl
    … --paths compiled numpy direct       each instance by three paths: kernels of C, of numpy, and no exact kernel
    uv run --with ortools python benchmarks/oracle.py --programmes 3 --out /tmp/programmes.jsonl

Up to 20 dossiers the reference is all 2^n sets. Above, two other solvers are asked for the same rows, written
apart from the engine (CP-SAT where it is installed, SCIP, CBC); each of their points is read in whole numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.trust.instances import Instance, brute_force, near_miss, programme, random_small
from support.trust.oracle_check import OVERSPENT, PATHS, RIGHT, WRONG, answer, answers, judged
from support.trust.other_solvers import Said, others

SIZES = (50, 100, 300, 2000)
RULES = ("envelope", "tree", "crossing-2", "crossing-3", "crossing-4", "crossing-5")
Row = dict[str, Any]


def small_rows(family: Any, seeds: Iterable[int], backend: str, second: str,
               paths: Sequence[str]) -> Iterator[Row]:  # fmt: skip
    """One row for each small instance and path."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        for seed in seeds:
            instance = family(seed)
            expected = brute_force(instance)
            for path, said in zip(
                paths, answers(instance, Path(folder), paths, backend, second), strict=True
            ):
                name = family.__name__ if len(paths) == 1 else f"{family.__name__}, {path}"
                yield row_of(instance, name, said, judged(instance, said, expected))


def programme_rows(seeds: Iterable[int], sizes: Iterable[int], backend: str, second: str,
                   seconds: float) -> Iterator[Row]:  # fmt: skip
    """One row for each programme, with what two other solvers make of it."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        for seed in seeds:
            for n in sizes:
                for rule in RULES:
                    instance = programme(seed, n, rule)
                    said = answer(instance, Path(folder), backend, second, seconds)
                    opinions = [ask(instance, seconds) for ask in others(2)]
                    yield row_of(instance, rule, said, against(instance, said.funded, opinions)) | {
                        "others": [f"{opinion.solver}: {opinion.status}" for opinion in opinions]
                    }


def against(instance: Instance, funded: list[int] | None, opinions: list[Said]) -> str:
    """The engine's set against the verified points of others; « alone » when none of them finished."""
    if funded is not None and instance.breaks(funded):
        return OVERSPENT
    value = None if funded is None else int(instance.micro[funded].sum())
    held = [opinion.value for opinion in opinions if opinion.value is not None]
    if held and (value is None or max(held) > value):
        return WRONG
    agree = sum(opinion.finished and opinion.value == value for opinion in opinions)
    return RIGHT if agree == len(opinions) else f"right by {agree} of {len(opinions)}" if agree else "alone"


def row_of(instance: Instance, family: str, said: Any, judgement: str) -> Row:
    """What is kept of one instance."""
    return {
        "name": instance.name,
        "family": family,
        "n": instance.n,
        "binding": None if said.funded is None else instance.n_binding(said.funded),
        "judgement": judgement,
        "status": said.status,
        "proof": said.proof,
        "canonical": said.canonical,
        "optimal_by": said.optimal_by,
        "first_by": said.first_by,
        "seconds": round(said.seconds, 4),
    }


def report(rows: list[Row]) -> str:
    """Counts as Markdown tables: judgements by family, proofs by family and size, proofs by binding rows."""
    lines = [
        "",
        "| family | instances | right | mismatches | overspends | else | median s |",
        "|---" * 7 + "|",
    ]
    for family, group in grouped(rows, "family"):
        kinds = Counter(row["judgement"] for row in group)
        known = kinds[RIGHT], kinds[WRONG], kinds[OVERSPENT]
        rest = {kind: k for kind, k in kinds.items() if kind not in (RIGHT, WRONG, OVERSPENT)}
        seconds = sorted(row["seconds"] for row in group)[len(group) // 2]
        lines.append(
            f"| {family} | {len(group)} | {known[0]} | {known[1]} | {known[2]} | {rest or 0} | {seconds} |"
        )
    for title, key in (("dossiers", size_of), ("binding rows", binding_of)):
        lines += [
            "",
            f"| family | {title} | PROVED | CROSS_CHECKED | FEASIBLE_GAP | canonical |",
            "|---" * 6 + "|",
        ]
        held = [row | {"key": key(row)} for row in rows if row["status"] in ("optimal", "feasible")]
        for family, group in grouped(held, "family"):
            for value, part in grouped(group, "key"):
                words = Counter(row["proof"] for row in part)
                shares = [f"{words[w] / len(part):.1%}" for w in ("PROVED", "CROSS_CHECKED", "FEASIBLE_GAP")]
                canonical = sum(row["canonical"] for row in part) / len(part)
                lines.append(f"| {family} | {value} ({len(part)}) | {' | '.join(shares)} | {canonical:.1%} |")
    lines += ["", "| family | list shown optimal by | shown the first of equals by |", "|---" * 3 + "|"]
    for family, group in grouped([row for row in rows if row["status"] == "optimal"], "family"):
        means = (Counter(row[key] for row in group) for key in ("optimal_by", "first_by"))
        words = (", ".join(f"{word} {n}" for word, n in count.most_common()) for count in means)
        lines.append(f"| {family} | {' | '.join(words)} |")
    return "\n".join(lines)


def size_of(row: Row) -> str:
    """The bucket of a number of dossiers."""
    n = row["n"]
    return f"{n}" if n > 20 else "2-9" if n < 10 else "10-14" if n < 15 else "15-20"


def binding_of(row: Row) -> str:
    """The number of binding rows."""
    return str(row["binding"])


def grouped(rows: list[Row], key: str) -> list[tuple[Any, list[Row]]]:
    """Rows by a key, in the order in which keys first come."""
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return list(found.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--random", type=int, default=0, help="random instances of 2 to 20 dossiers")
    parser.add_argument("--near-miss", type=int, default=0, help="near-miss instances of 4 to 14 dossiers")
    parser.add_argument(
        "--programmes", type=int, default=0, help="seeds of programmes of 50 to 2,000 dossiers"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--backend", default="highs")
    parser.add_argument("--cross-check", default="auto")
    parser.add_argument("--paths", nargs="+", choices=list(PATHS), default=["compiled"],
                        help="by which each small instance is solved")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=60.0, help="for each programme and each solver")
    parser.add_argument("--out", type=Path, help="one JSON line for each instance")
    asked = parser.parse_args()

    def seeds(count: int) -> range:
        return range(asked.first_seed, asked.first_seed + count)

    tasks = [
        small_rows(random_small, seeds(asked.random), asked.backend, asked.cross_check, asked.paths),
        small_rows(near_miss, seeds(asked.near_miss), asked.backend, asked.cross_check, asked.paths),
        programme_rows(seeds(asked.programmes), asked.sizes, asked.backend, asked.cross_check, asked.seconds),
    ]
    rows, began = [], time.perf_counter()
    for task in tasks:
        for row in task:
            rows.append(row)
            if asked.out is not None:
                with asked.out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")
            if row["judgement"] in (WRONG, OVERSPENT):
                print(json.dumps(row), flush=True)
    print(report(rows))
    print(f"\n{len(rows)} instances, {time.perf_counter() - began:.0f} s")
    return int(any(row["judgement"] in (WRONG, OVERSPENT) for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
