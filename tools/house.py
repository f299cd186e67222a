"""Measures how much the house writes twice: `python tools/house.py [record]` prints each figure beside its target.

`record` writes the figures to `house_figures.json`, from which the tests hold that none grows. The formatter, the
length of lines and `fmt: skip` stay as they are, so that a figure falls by what is deleted alone.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import rooms

FIGURES = Path(__file__).with_name("house_figures.json")
TARGETS: Mapping[str, int] = {
    "lines of the package": 130_000,
    "files of the package": 430,
    "files that name a verb of a study (mean)": 4,
    "files that name a verb of a study (most)": 6,
    "tokens that say the questions on money": 7_350,
    "tokens that say alternatives": 1_240,
    "tokens that say audit": 1_580,
    "tokens that say weights": 1_130,
    "tokens that say conflict": 2_730,
    "tokens that say batch": 2_110,
    "tokens that say reconcile": 1_590,
    "tokens that say sweep": 7_030,
    "tokens that say ensemble": 4_240,
    "tokens that say compare and core": 5_590,
    "tokens that say explain and inversions": 9_260,
    "tokens that say extend": 5_820,
    "tokens that say equity": 1_870,
    "classes whose fields another class repeats": 0,
    "functions with a parameter `lang`": 250,
    "functions of more than 8 parameters": 15,
    "functions of more than 60 lines": 0,
    "`Any`": 250,
    "`dict[str, Any]`": 40,
    "modules of less than 60 lines": 60,
    "files of the widest folder": 17,
    "files that build a table of envelopes": 1,
    "words without a textbook": 300,
    "modules that `run` imports": 150,
    "dataclasses that `run` makes": 150,
    "`fmt: skip`": 248,
}
"""By figure, what it is to be: half of the tokens of an answer of one table, two thirds of those of a tree."""
LOOKED_AT = ("lines of", "files of the package", "tokens")
"""Beginnings of figures that are no limits: a mended defect may add a line."""
VERBS = {
    "marginal-euro": "marginal[_-]euro|next[_-]euro|NextEuro",
    "entry-thresholds": "entry[_-]thresholds|EntryThreshold",
    "target": r"target_envelope|TargetDocument|TargetEntry|TargetResult|\"target\"|studies\.target",
    "rule-prices": "rule[_-]prices|RulePrice|PriceEntry|build_prices|price_sections|build_price_rows",
    "extension-shares": "extension[_-]shares|ExtensionOption|ExtensionDocument|extension_allocation",
    "extend": r"analysis\.extend|ExtendDocument|studies\.extend|\"extend\"",
    "alternatives": r"\balternatives\b|Alternatives",
    "audit": r"\baudit\b|Audit",
    "weights": r"partial_weights|PartialWeights|WeightsDocument|preferences|\"weights\"",
    "conflict": r"ConflictDocument|minimal_conflicts|\"conflict\"",
    "reconcile": r"ReconcileDocument|reconciliation|\"reconcile\"",
    "sweep": r"SweepDocument|reports\.sweep|analysis\.sweep|\"sweep\"",
    "ensemble": r"EnsembleDocument|analysis\.uncertainty|\bensemble\b",
}
"""By verb of a study, how a file names it."""
SAYING = {
    "the questions on money": "marginal|rule_prices|entry_thresholds|target|extension_shares|answer_tables",
    "alternatives": "alternatives",
    "audit": "audit",
    "weights": "preferences|weights",
    "conflict": "infeasibility|conflict",
    "batch": "batch",
    "reconcile": "reconcil",
    "sweep": "sweep|curve_limits",
    "ensemble": "uncertainty|ensemble",
    "compare and core": "compar|core",
    "explain and inversions": "explain|explanation|inversions",
    "extend": "extend|extension|step_effects",
    "equity": "equity",
}
"""By family, the names of the files that say its answers: options, documents, reports; pictures are apart."""
SAY_ROOMS = ("api", "cli/commands", "reporting/reports", "reporting/text", "studies")
PICTURES = ("charts", "plots", "picture")
WORDS = ["one", "own", "found", "room", "here", "course", "tongue", "take"]
"""Names of variables and parameters that no textbook of the field has."""
START = """\
import dataclasses, sys
made, make = [], dataclasses._process_class
def count(kind, *rest):
    made.extend([kind] if kind.__module__.startswith("tnt_sim") else ())
    return make(kind, *rest)
dataclasses._process_class = count
from tnt_sim.cli.verbs import load_verb
load_verb("run")
import tnt_sim.engine.solve, tnt_sim.engine.run_folder.writer, tnt_sim.reporting.reports.run
print(sum(name.split(".")[0] == "tnt_sim" for name in sys.modules), len(made))
"""


class Record(NamedTuple):
    """A class with its file and the fields that it annotates, without their units."""

    name: str
    path: Path
    fields: frozenset[str]


@cache
def read_sources() -> Mapping[Path, str]:
    """The text of each file of the package."""
    return {path: path.read_text(encoding="utf-8") for path in rooms.modules().values()}


@cache
def parse_sources() -> Mapping[Path, ast.Module]:
    """The tree of each file of the package."""
    return {path: ast.parse(text) for path, text in read_sources().items()}


def list_functions() -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods of the package."""
    for node in chain.from_iterable(map(ast.walk, parse_sources().values())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def list_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names that a function takes, without `self`."""
    named = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return [argument.arg for argument in named if argument.arg not in ("self", "cls")]


def count_code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring."""
    first = node.body[0]
    has_text = ast.get_docstring(node) is not None
    said = (first.end_lineno or 0) - first.lineno + 1 if has_text else 0
    return (node.end_lineno or 0) - node.lineno + 1 - said


def count_tokens(path: Path) -> int:
    """The tokens of a file without comments, docstrings and ends of lines."""
    idle = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(read_sources()[path]).readline)
    return sum(token.type not in idle and not token.string.startswith('"""') for token in tokens)


def count_said_tokens(names: str) -> int:
    """The tokens of the files that say the answers of a family."""
    counted = 0
    for path in read_sources():
        place = path.relative_to(rooms.PACKAGE).as_posix()
        says = place.startswith(SAY_ROOMS) or path.stem in ("document", "questions", "sentences")
        if says and not any(word in place for word in PICTURES):
            folders = place if place.startswith(("studies", "analysis")) else path.name
            counted += count_tokens(path) if re.search(names, folders) else 0
    return counted


def list_repeated_classes() -> Iterator[str]:
    """The classes of documents of which another class repeats 60 % of the fields and at least three."""
    records = [
        Record(node.name, path, fields)
        for path, tree in parse_sources().items()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and len(fields := _read_fields(node)) >= 3
    ]
    documents = [record for record in records if _is_document(record)]
    others = [record for record in records if not _is_document(record)]
    for document in documents:
        for other in others:
            shared = len(document.fields & other.fields)
            if shared >= 3 and shared >= 0.6 * min(len(document.fields), len(other.fields)):
                yield f"{document.name}: {other.name}"
                break


def _read_fields(node: ast.ClassDef) -> frozenset[str]:
    targets = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return frozenset(name.replace("_cents", "").rstrip("_") for name in names)


def _is_document(record: Record) -> bool:
    return "document" in record.path.name or record.name.endswith(("Document", "Entry", "Row"))


def count_words() -> int:
    """The variables and parameters whose names are among `WORDS`."""
    counts = Counter(chain.from_iterable(map(list_parameters, list_functions())))
    for node in chain.from_iterable(map(ast.walk, parse_sources().values())):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] += 1
    return sum(counts[word] for word in WORDS)


def count_envelope_tables() -> int:
    """The files that head a column with the word for an envelope and another with what it grants."""
    heads = ('_("Envelope")', '_("Granted")')
    return sum(all(head in text for head in heads) for text in read_sources().values())


def count_imports_of_run() -> tuple[int, int]:
    """The modules of the package that `run` imports, and the dataclasses that they make."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    modules, classes = map(int, done.stdout.split())
    return modules, classes


def measure_house() -> dict[str, int]:
    """Every figure of `TARGETS`, by its name."""
    texts, functions = read_sources().values(), list(list_functions())
    every = "\n".join(texts)
    named = [sum(bool(re.search(pattern, text)) for text in texts) for pattern in VERBS.values()]
    folders = Counter(path.parent for path in read_sources())
    apart = {folder for folder in folders if folder.name in ("commands", "kinds")}
    modules, classes = count_imports_of_run()
    return {
        "lines of the package": sum(len(text.splitlines()) for text in texts),
        "files of the package": len(texts),
        "files that name a verb of a study (mean)": round(sum(named) / len(named)),
        "files that name a verb of a study (most)": max(named),
        **{f"tokens that say {family}": count_said_tokens(names) for family, names in SAYING.items()},
        "classes whose fields another class repeats": sum(1 for _ in list_repeated_classes()),
        "functions with a parameter `lang`": sum("lang" in list_parameters(node) for node in functions),
        "functions of more than 8 parameters": sum(len(list_parameters(node)) > 8 for node in functions),
        "functions of more than 60 lines": sum(count_code_lines(node) > 60 for node in functions),
        "`Any`": len(re.findall(r"\bAny\b", every)),
        "`dict[str, Any]`": len(re.findall(r"(?:dict|Mapping)\[str, Any\]", every)),
        "modules of less than 60 lines": sum(len(text.splitlines()) < 60 for text in texts),
        "files of the widest folder": max(n for folder, n in folders.items() if folder not in apart),
        "files that build a table of envelopes": count_envelope_tables(),
        "words without a textbook": count_words(),
        "modules that `run` imports": modules,
        "dataclasses that `run` makes": classes,
        "`fmt: skip`": every.count("fmt: skip"),
    }


def main() -> int:
    """Print the table; with `record`, lower what the tests hold."""
    figures = measure_house()
    if sys.argv[1:] == ["record"]:
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    held: Mapping[str, int] = json.loads(FIGURES.read_text(encoding="utf-8"))
    print(f"{'':<46}{'today':>9}{'held':>9}{'to be':>9}{'too many':>10}")
    for name, figure in figures.items():
        target = TARGETS[name]
        print(f"{name:<46}{figure:>9,}{held[name]:>9,}{target:>9,}{max(0, figure - target):>10,}")
    for verb, pattern in VERBS.items():
        n = sum(bool(re.search(pattern, text)) for text in read_sources().values())
        print(f"  files that name {verb:<28}{n:>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
