"""A thousand drawn values for `--set` through `run`: each is a refusal with its place, or a decision that checks.

uv run python benchmarks/drawn_sets.py [N] [--seed S] [--only K]

Paths are those of five small scenarios that hold every kind of rule between them, and of what they could hold.
Values are amounts, percentages, dates, names, lists, booleans, huge numbers, Unicode and tricks of YAML, half of
them of the kind that stands there. A run that ends well is read again from its inputs in integers (`verify`), and
its sums once more here, from `allocation.csv` alone.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.run_folders.small_runs import EVERY, project

from tnt_sim.cli.main import main as run_command
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.scenario.yaml.layers import load_tree

NAMES = tuple(name for name in EVERY if name != "half")
TIME_LIMIT = "20 s"
PLACES = (
    "--set",
    "cross_check",
    "backend",
    "petit.yaml",
    "table.csv",
    "dossiers.csv",
    "avant.csv",
    "fait.csv",
)
"""What a located refusal names: the change, or the place in a file that no longer fits it."""

_MORE = """
title date timezone locale territory.year territory.fill reference committed_from schema_version extends overrides
programme.amount programme.reserve programme.min_use programme.max_dossiers programme.overprogram programme.split
programme.unassigned programme.envelopes programme.off envelopes.a.amount envelopes.n.transfers envelopes.zz.amount
dossiers.0.file dossiers.0.read dossiers.0.where dossiers.0.columns dossiers.0.control grants.0.mode grants.0.where
grants.0.max_rate grants.0.levels grants.0.formula caps waivers measures measures.jury measures.neuve values rules
objective objective.0.maximise objective.0.minimise objective.0.tolerance rules.neuve rules.dep.by rules.dep.min
rules.dep.where rules.dep.penalty rules.dep.report rules.part.of rules.plafond.valid eligibility
eligibility.taille solver.backend solver.time_limit solver.gap solver.cross_check steps uncertain a.b.c . rules.
.rules rules..min
"""
MORE_PATHS = _MORE.split()
_VALUES = {
    "money": """
      0 | 1 € | 900 € | 1 234,56 € | 2.5 k€ | 1,5 M€ | 3 300 € | 0,01 € | -5 € | 1e3 | 1.234 | 1 €€ | 0.001 € |
      12,5,5 | 1 000 000 000 000 € | 92233720368547758.07 € | 92233720368547758.08 €""",
    "rate": """
      0 % | 35 % | 100 % | 250 % | 33,333 % | 0.5 | 1/3 | -1 % | 1e400 % | 100,0000000001 % | % 5 | 20""",
    "date": """
      2021-11-22 | 2021-03-01T10:00 | 2021-02-29 | 9999-12-31 | 0001-01-01 | 22/11/2021 | hier | 20211122 |
      2021-11-22T25:00 | 2021-13-01""",
    "count": """
      0 | 1 | 2 | 5 | -1 | 1.5 | 010 | 0x1F | 1e2 | 1e400 | 9007199254740993 | 9223372036854775808 | nan | .inf |
      １２""",
    "word": """
      score | granted | dossiers | cost | department | applicant_id | a | b | n | p | tout | D-1 | D-9 | 02 | fr |
      en | highs | own | free | pro_rata | high | low | range | levels | souple | Europe/Paris | Etc/Nowhere |
      null | petit.yaml | ../petit.yaml | /etc/passwd | autre.csv | ~ |""",
    "list": """
      [] | [a, b] | [D-1, D-3] | [[], {}] | [20 %, 40 %] | [1, [2, [3]]] | [applicant_id, department] | [score |
      a, b]""",
    "mapping": """
      {} | {min: 1, max: 0} | {department: '02'} | {score: 1} | {score: 2, granted: -1} | {zzz: 1} | {a: 1, a: 2}
      | {share: 24 %, of_amount: p} | {not: {department: 01}} | {any: [{score: {min: 3}}, {cost: {empty: true}}]}
      | {any: []} | {cost: 1, per: 100 €} | {cost: 99999999999999999999, per: 1 €} | {to: [s], out_max: 10 %} |
      {by: department, each: 100 €} | {filed_at: {after: 2021-02-01}} | {score: {min: {column: score, times:
      1.3}}} | {kind: limit, measure: granted, max: 1 000 €} | {kind: order, rank: score, best: high} | {id: n,
      kind: share, measure: dossiers, where: {score: {min: 3}}, max: 50 %} | {maximise: {dossiers: 1}} |
      {smallest: {measure: granted, by: department}}""",
    "boolean": "true | false | yes | NO | on | 0 | True | vrai",
}
STRANGE = r"""
é 😀 ﬀ İ &a~[*a] [&a~x,~*a] [*b] !!python/object:os.system~x !!int~3 <<:~{a:~1} ?~x -~x >~x %YAML~9 @x `x` ' " 'a
"\ud800" "\x" {{x}} ${HOME} =cmd() 24:61 ["\u0000"] {?~{a:~1}~:~b} [a,~,~b] {'':~1} {null:~1} #~rien
"""
ODD = [
    "\u202e",
    "\u0301",
    "\ufeff",
    "\u2028",
    "\0",
    "\x1b[31m",
    "\t",
    "\n- a",
    "a\nb: c",
    "| x",
    "[" * 200,
    "{a: " * 80,
]
KINDS: Mapping[str, list[str]] = {
    **{kind: [value.strip() for value in text.split("|")] for kind, text in _VALUES.items()},
    "strange": [*(word.replace("~", " ") for word in STRANGE.split()), *ODD, "x" * 70_000, "9" * 30 + " €"],
}


@dataclass(frozen=True)
class Outcome:
    """What one change came to; `wrong` where it is neither a located refusal nor a decision that checks."""

    scenario: str
    change: str
    kind: str
    said: str
    seconds: float
    wrong: str = ""


def places(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted paths of a scenario's tree with what stands there; entries with an id by their id."""
    for _ in range(1 if isinstance(tree, (Mapping, list)) else 4 if path else 0):  # single values more often
        yield path, tree
    if isinstance(tree, Mapping):
        for key, child in tree.items():
            yield from places(child, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for k, child in enumerate(tree):
            name = child.get("id", k) if isinstance(child, Mapping) else k
            yield from places(child, f"{path}.{name}")


def kind_of(value: Any) -> str:
    """The kind of a value that stands in a scenario."""
    text = str(value)
    if isinstance(value, list):
        return "list"
    if isinstance(value, Mapping):
        return "mapping"
    for mark, kind in (("€", "money"), ("%", "rate")):
        if mark in text:
            return kind
    if text in ("true", "false"):
        return "boolean"
    return "date" if text[:2] == "20" and text.count("-") == 2 else "count" if text.isdigit() else "word"


def drawn(rng: random.Random, known: list[tuple[str, Any]]) -> tuple[str, str]:
    """A change, and the kind of its value."""
    path, held = rng.choice(known) if rng.random() < 0.8 else (rng.choice(MORE_PATHS), None)
    kind = kind_of(held) if held is not None and rng.random() < 0.7 else rng.choice(list(KINDS))
    value = rng.choice(KINDS[kind])
    if kind == "count" and rng.random() < 0.5:
        value = str(rng.randint(0, 30))
    if kind == "money" and rng.random() < 0.5:
        value = f"{rng.randint(0, 6000)},{rng.randint(0, 99):02} €"
    elif kind == "rate" and rng.random() < 0.5:
        value = f"{rng.randint(0, 1500) / 10} %".replace(".", rng.choice(".,"))
    elif kind == "strange" and rng.random() < 0.3:
        value += "".join(chr(rng.randrange(0x11_0000)) for _ in range(4))
    return f"{path}{rng.choice(['='] * 30 + ['==', ''])}{value}", kind


def command(words: list[str]) -> tuple[int, str, str]:
    """A command in this process: its code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(words)
    return code, out.getvalue(), err.getvalue()


def judged(scenario: str, file: Path, change: str, kind: str) -> Outcome:
    """Run a change and hold what comes of it against what may."""
    out, begun = file.parent / "out", time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    words = ["run", str(file), *(f"--set={text}" for text in EVERY[scenario].sets), f"--set={change}"]
    try:
        code, told, err = command([*words, "--out", str(out), "--json", "--time-limit", TIME_LIMIT])
        said, wrong = _held(code, told, err, file, out)
    except Exception as error:  # noqa: BLE001  (a traceback is what is looked for)
        said, wrong = "traceback", f"{type(error).__name__}: {error}"
    return Outcome(scenario, change, kind, said, time.monotonic() - begun, wrong)


def _held(code: int, told: str, err: str, file: Path, out: Path) -> tuple[str, str]:
    """What was said, and what is wrong with it."""
    try:
        document = json.loads(told)
    except ValueError:
        return f"exit {code}", f"no JSON document: {told[:200]!r} {err[:200]!r}"
    if code in (2, 3):
        error = document["error"]
        text = error["message"] + json.dumps(error["places"], ensure_ascii=False)
        scraps = list(out.rglob("*")) if out.exists() else []
        located = any(place in text for place in PLACES)
        wrong = (
            "no place"
            if not located
            else "it wrote files"
            if scraps
            else "Traceback"
            if "Traceback" in err
            else ""
        )
        return "refused", wrong and f"{wrong}: {text[:300]}"
    if code in (4, 5):
        empty = document["n_funded"] is None and not out.exists()
        return document["status"], "" if empty else "an allocation where there is none"
    if code != 0:
        return f"exit {code}", json.dumps(document, ensure_ascii=False)[:400]
    return _checked(document, file, Path(document["run_dir"]))


def _checked(document: Mapping[str, Any], file: Path, run: Path) -> tuple[str, str]:
    found = verify_run(run, file.parent)
    if not found.ok:
        return document["status"], f"verify: {[str(defect.text.en) for defect in found.defects][:3]}"
    rows = list(csv.DictReader(io.StringIO((run / "allocation.csv").read_text(encoding="utf-8"), newline="")))
    cents = sum(int(Decimal(row["granted"]) * 100) for row in rows if row["granted"])
    if (
        cents != document["granted_cents"]
        or sum(row["funded"] == "true" for row in rows) != document["n_funded"]
    ):
        return document["status"], f"sums: {cents} and {document['granted_cents']}"
    if document["status"] == "optimal" and not found.optimal.is_shown and document["proof"] == "PROVED":
        return document["status"], "PROVED, and verify does not show it"
    return f"{document['status']}, {document['proof']}", ""


def outcomes(n: int, seed: int, folder: Path, only: int | None = None) -> Iterator[Outcome]:
    """So many changes, the scenarios in turn."""
    files = {name: project(EVERY[name], folder / name) for name in NAMES}
    known = {name: list(places(load_tree(file).tree)) for name, file in files.items()}
    for number in range(n):
        name = NAMES[number % len(NAMES)]
        change, kind = drawn(random.Random(f"{seed}/{number}"), known[name])
        if only is None or number == only:
            yield judged(name, files[name], change, kind)


def main() -> int:
    """Draw, run, and print what was said by kind; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--only", type=int, help="the number of one change")
    asked = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    wrong, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(outcomes(asked.n, asked.seed, Path(folder), asked.only)):
            counts[one.kind, one.said] += 1
            slowest = max(slowest, one.seconds)
            if one.wrong or asked.only is not None:
                wrong += bool(one.wrong)
                print(
                    f"{number} {one.scenario} --set={one.change[:200]!r}: {one.said}; {one.wrong}", flush=True
                )
    for (kind, said), count in sorted(counts.items()):
        print(f"{kind:10} {said:28} {count}")
    total = Counter[str]()
    for (_, said), count in counts.items():
        total[said] += count
    print(
        f"{sum(total.values())} changes: {dict(total.most_common())}, {wrong} wrong, slowest {slowest:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
