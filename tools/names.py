"""Counts the names that say nothing, and functions without a verb: `python tools/names.py [--list ROOM]`.

A participle or a filler (`told`, `found`, `one`, `part`) does not say what a value is. Counted are definitions:
functions, classes, parameters, attributes, names of modules, and variables that are used over more than three
lines. Names bound in a comprehension or a lambda are not: they live as long as one expression.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import rooms

WORDS = frozenset(
    {
        "told",
        "tell",
        "asked",
        "answered",
        "kept",
        "shown",
        "seen",
        "found",
        "made",
        "said",
        "given",
        "mine",
        "one",
    }
    | {"every", "beyond", "alone", "homeless", "line", "thing", "way", "part", "parts", "figures"}
)
VERBS = frozenset(
    {
        "accept", "add", "advance", "aggregate", "agree", "align", "allow", "append", "apply", "apportion",
        "ask", "assign", "attach", "audit", "begin", "bind", "borrow", "bracket", "branch", "break", "build",
        "call", "cancel", "capitalise", "caption", "catch", "check", "choose", "clamp", "classify", "clear",
        "climb", "close", "coalesce", "collect", "combine", "commit", "compare", "compile", "complete", "compute",
        "conclude", "confirm", "consolidate", "convert", "convolve", "copy", "count", "create", "cross", "decide",
        "decode", "decompose", "derive", "describe", "detect", "determine", "dismiss", "distribute", "divide",
        "draw", "drop", "dump", "eliminate", "emit", "enclose", "encode", "enumerate", "escape", "estimate",
        "evaluate",
        "examine", "exchange", "exclude", "expand", "explain", "explore", "export", "extend", "extract", "fill",
        "filter", "find", "finish", "fit", "fix", "flatten", "flip", "flush", "follow", "form", "format",
        "formulate", "freeze", "gather", "generate", "get", "give", "group", "grow", "guard", "guess", "hash",
        "hide", "hold", "identify", "import", "improve", "increase", "infer", "insert", "install", "interpolate",
        "intersect", "invert", "iterate", "join", "keep", "label", "lay", "leave", "let", "lift", "limit",
        "link", "list", "load", "localise", "locate", "lock", "look", "lower", "make", "map", "mark", "mask",
        "match", "maximise", "measure", "memoise", "merge", "minimise", "move", "multiply", "narrow",
        "negate", "normalise", "notify", "number", "omit", "open", "optimise", "pack", "pad", "parse", "partition",
        "pass", "pay", "pick", "pivot", "plot", "polish", "pool", "prepare", "print", "project", "propagate",
        "propose", "prove", "prune", "put", "quarantine", "quote", "raise", "rank", "reach", "read",
        "receive", "recompute", "reconcile", "record", "recover", "reduce", "refine", "reformulate", "refuse",
        "refute", "register", "reject", "relax", "release", "remove", "rename", "render", "renumber", "repair",
        "replace", "replay", "reply", "report", "require", "rescale", "reset", "resolve", "restore",
        "restrict", "return", "round", "run", "sample", "sanitise", "save", "scale", "scan", "seal", "search",
        "select", "send", "separate", "serialise", "serve", "set", "settle", "shift", "shorten", "show",
        "shrink", "sign", "simplify", "skip", "solve", "sort", "spend", "split", "spread", "stack", "start",
        "steer", "stop", "store", "strip", "style", "subtract", "suggest", "sum", "summarise", "suppress",
        "switch", "take", "terminate", "test", "tighten", "touch", "translate", "trim", "truncate", "try",
        "turn", "unpack", "update", "validate", "verify", "visit", "wait", "walk", "warn", "weigh", "widen",
        "withdraw", "wrap", "write",
    }
)  # fmt: skip
"""First words of functions; add a verb that says more exactly what a function does."""
PREFIXES = frozenset({"is", "has", "can", "with", "without", "to", "from", "of", "as", "main"})
"""First words that are as good as a verb: truth tests, copies with a change, conversions, named constructors."""
PUBLIC = frozenset(
    {
        *(
            "in_",
            "line",
            "executor",
            "defects_found",
            "inversions",
            "summary",
            "sentences",
            "headline",
            "by_envelope",
        ),
        *("by_department", "table", "alternatives", "conflict", "core", "next_euro", "entries", "target"),
        *("prices", "extension", "by_opinion", "weights", "ensemble", "sweep", "session", "model"),
        *(
            "marginal_euro",
            "entry_thresholds",
            "rule_prices",
            "batch",
            "scenario",
            "sql",
            "connect",
            "extension_shares",
            "infeasibility",
            "sheet",
        ),
        *("html", "excel", "csv", "parquet", "xlsx", "demarche", "turgot", "scdl", "pabulib"),
        *("mail_merge", "order_annex", "chorus"),
        *(
            "limit",
            "share",
            "coverage",
            "exclusive",
            "requires",
            "together",
            "order",
            "schedule",
            "equity",
            "linear",
        ),
        *("envelope", "smallest"),
        *("margin", "reasons", "lorenz", "envelopes", "moves", "curve", "index"),
        *("frequency", "histogram", "tornado", "lists"),
        *("place", "gains", "ranges", "dossiers"),
    }
)
"""Functions and methods that users call by these names: the Python interface, and the verbs of the commands."""
FOREIGN = frozenset(
    {
        "_",
        "_n",
        "_p",
        "N_",
        "_repr_html_",
        "_repr_mimebundle_",
        "_display_",
        "dataclass_schema",
        "exec_module",
        "do_GET",
        "handle_one_request",
        "do_POST",
        "handle_error",
        "log_error",
        "log_request",
        "process_request",
        "process_request_thread",
        "server_bind",
        "service_actions",
        "on_broken_pipe",
        "do_open",
        "readable",
        "readinto",
        "redirect_request",
        "shell_complete",
        "Popen",
        "astype",
        "toarray",
    }
)
"""Methods that a library calls by these names, and the names that gettext and numpy give such functions."""

SHORT = 3
"""A variable whose uses lie within so many lines of its first is not counted."""

type Function = ast.FunctionDef | ast.AsyncFunctionDef


class BareName(NamedTuple):
    """A definition under one of `WORDS`; `line` is where it stands in `path`, below the package."""

    path: str
    line: int
    kind: str
    name: str


def bare_names() -> list[BareName]:
    """Every definition of the package whose name, less underscores, is one of `WORDS`, but keys of documents."""
    result = []
    for path in rooms.modules().values():
        short = path.relative_to(rooms.PACKAGE).as_posix()
        if path.stem in WORDS:
            result.append(BareName(short, 1, "module", path.stem))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            result += [
                BareName(short, number, kind, name)
                for number, kind, name in _defined(node)
                if name.strip("_").lower() in WORDS and not (kind == "attribute" and "document" in path.stem)
            ]
    return result


def nameless_functions() -> list[BareName]:
    """Every function of the package that begins with no verb; commands bear the name that users type."""
    result = []
    for path in rooms.modules().values():
        short = path.relative_to(rooms.PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_exempt(node):
                continue
            is_command = short == f"cli/commands/{node.name}.py"
            if node.name.strip("_").split("_")[0] not in VERBS | PREFIXES and not is_command:
                result.append(BareName(short, node.lineno, "function", node.name))
    return result


def _is_exempt(node: Function) -> bool:
    """Whether a function is a property, a special method, or named by others."""
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    is_special = node.name.startswith("__") and node.name.endswith("__")
    return is_special or bool(decorators & {"property", "cached_property"}) or node.name in PUBLIC | FOREIGN


def counts() -> dict[str, int]:
    """By room, how many there are; a room without any is left out."""
    return dict(Counter(name.path.split("/")[0] for name in bare_names()))


def _defined(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, kind and name of what one node defines, apart from what its children do."""
    if isinstance(node, ast.Module):
        yield from _assigned(node, "module-level name")
    elif isinstance(node, ast.ClassDef):
        yield node.lineno, "class", node.name
        yield from _assigned(node, "attribute")
        yield from _attributes_of_self(node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.lineno, "function", node.name
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield argument.lineno, "parameter", argument.arg
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                yield extra.lineno, "parameter", extra.arg
        yield from _variables(node)


def _assigned(node: ast.Module | ast.ClassDef, kind: str) -> Iterator[tuple[int, str, str]]:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.lineno, kind, target.id


def _attributes_of_self(node: ast.ClassDef) -> Iterator[tuple[int, str, str]]:
    lines: dict[str, int] = {}
    for inner in ast.walk(node):
        is_stored = isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
        if is_stored and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            lines.setdefault(inner.attr, inner.lineno)
    yield from ((line, "attribute", name) for name, line in lines.items())


def _variables(function: Function) -> Iterator[tuple[int, str, str]]:
    """Names that the function itself assigns and uses over more than `SHORT` lines."""
    lines: dict[str, list[int]] = defaultdict(list)
    assigned: set[str] = set()
    for node in _own(function):
        if isinstance(node, ast.Name):
            lines[node.id].append(node.lineno)
            if isinstance(node.ctx, ast.Store):
                assigned.add(node.id)
    for name in sorted(assigned):
        if max(lines[name]) - min(lines[name]) >= SHORT:
            yield min(lines[name]), "variable", name


def _own(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without inner functions, and without what comprehensions bind."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            bound = {
                inner.id
                for generator in node.generators
                for inner in ast.walk(generator.target)
                if isinstance(inner, ast.Name)
            }
            yield from (
                inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id not in bound
            )
            continue
        waiting.extend(ast.iter_child_nodes(node))


def main() -> None:
    room = sys.argv[2] if sys.argv[1:2] == ["--list"] else ""
    for name in (*bare_names(), *nameless_functions()):
        if room and name.path.split("/")[0] == room:
            print(f"{name.path}:{name.line}: {name.kind} {name.name}")
    found = counts()
    width = max(map(len, found), default=0)
    for entry, n in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{entry:{width}} {n:5}")
    print(f"{'in all':{width}} {sum(found.values()):5}")
    print(f"{len(nameless_functions())} functions begin with no verb")


if __name__ == "__main__":
    main()
