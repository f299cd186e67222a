"""The sentences that a planner may read, found in the code by their shape, and those that stand outside of any.

A sentence in two languages is one of

    Text(fr, en)                          and each of the two may be chosen: Text(a if n else b, c if n else d)
    f(…, fr, en, …)                       for a function of the package with parameters `fr` and `en`
    a if lang is Lang.FR else b           or `if french`, `(a, b)[lang is Lang.EN]`, `if french: return a`
    (fr, en)                              two strings, the first alone French
    ((one, many), (one, many))            the words for one and for many
    {fr: en, …}                           in a table whose name ends in `_ENGLISH`

What has French signs and is none of these, and what asks for the language and gives words, is outside.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
_FIELD = re.compile(r"\{[^{}]*\}")
_FRENCH_SIGNS = re.compile(r"[àâäçéèêëîïôöùûüœÀÂÇÉÈÊËÎÏÔÙÛŒ«»]")
OF_ONE_SIDE = ("{others}", "{expected}")
"""« {others} » is the word itself, which English has not; « {expected} » says in French what a cell should be."""
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{2}")
_IS_FRENCH = re.compile(
    r"(?:\b\w*lang\w*|\btongue) (?:is|==) (?:\w+\.)?FR$|^(?:self\.)?_?french$|^not english$"
)
_IS_ENGLISH = re.compile(
    r"(?:\b\w*lang\w*|\btongue) (?:is|==) (?:\w+\.)?EN$|^not (?:self\.)?_?french$|^_?english$|"
    r"(?:\b\w*lang\w*|\btongue) is not (?:\w+\.)?FR$"
)


def _where(file: Path, line: int) -> str:
    inside = file.is_relative_to(PACKAGE.parent)
    return f"{file.relative_to(PACKAGE.parent).as_posix() if inside else file.name}:{line}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: both templates, the file and line, and the nodes of the two."""

    file: Path
    line: int
    fr: str
    en: str
    nodes: tuple[ast.expr, ast.expr]

    @property
    def where(self) -> str:
        """`tnt_sim/room/file.py:line`."""
        return _where(self.file, self.line)


@dataclass(frozen=True, slots=True)
class Outside:
    """A string that is French, or chosen by the language, and no sentence."""

    file: Path
    line: int
    text: str

    @property
    def where(self) -> str:
        """`tnt_sim/room/file.py:line`."""
        return _where(self.file, self.line)


def template(node: ast.expr | None) -> str | None:
    """A string as it is written, each field of an f-string as `{code}`; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = template(node.left), template(node.right)
        return None if None in sides else "".join(side or "" for side in sides)
    return None


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        spec = template(part.format_spec) if part.format_spec else ""
        return "{" + ast.unparse(part.value) + (f":{spec}" if spec else "") + "}"
    return template(part) or ""


class Reader:
    """The sentences of one file and what is outside of them."""

    def __init__(self, file: Path, two_sided: Mapping[str, tuple[int, int]]) -> None:
        self.file = file
        self.tree = ast.parse(file.read_text(encoding="utf-8"))
        self._two_sided = {**two_sided, **_two_sided_of(self.tree)}
        self.sentences: list[Sentence] = []
        self._inside: set[ast.AST] = set()
        for node in ast.walk(self.tree):
            whole = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text"
            for fr, en in self._sides(node):
                self._take(fr, en, whole=whole)

    def _sides(self, node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
        """The French and the English side of a node that is a sentence."""
        if isinstance(node, ast.Call):
            yield from self._of_call(node)
        elif isinstance(node, ast.IfExp):
            yield from _chosen(node.test, node.body, node.orelse)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Tuple | ast.List):
            if len(node.value.elts) == 2:
                yield from _chosen(node.slice, node.value.elts[1], node.value.elts[0])
        elif isinstance(node, ast.Dict):
            by_key = {
                ast.unparse(key): value for key, value in zip(node.keys, node.values, strict=True) if key
            }
            if {"Lang.FR", "Lang.EN"} <= by_key.keys():
                yield by_key["Lang.FR"], by_key["Lang.EN"]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and all(map(_is_pair, node.elts)):
            yield node.elts[0], node.elts[1]
        elif isinstance(node, ast.Tuple) and _is_row(node):
            yield from _neighbours(node.elts)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _of_table(node)
            yield from _of_names(node)
        for block in ("body", "orelse"):
            yield from _of_statements(getattr(node, block, None))

    def _of_call(self, node: ast.Call) -> Iterator[tuple[ast.expr, ast.expr]]:
        name = node.func.id if isinstance(node.func, ast.Name) else f".{getattr(node.func, 'attr', '')}"
        by_name = {word.arg: word.value for word in node.keywords}
        if name in self._two_sided:
            at = self._two_sided[name]
            sides = [
                by_name.get(word) or (node.args[k] if k < len(node.args) else None)
                for word, k in zip(("fr", "en"), at, strict=True)
            ]
            if sides[0] is not None and sides[1] is not None:
                yield sides[0], sides[1]
                return
        yield from _neighbours(node.args)

    def _take(self, fr: ast.expr, en: ast.expr, *, whole: bool = False) -> None:
        """Note a pair; of a pair of choices, lists or equal calls, each pair in them. `whole`: none is empty."""
        told, said = template(fr), template(en)
        if told is not None and said is not None:
            worth = told and said and _WORD.search(_FIELD.sub("", told + said))
            if fr not in self._inside and (whole or worth):
                self.sentences.append(Sentence(self.file, fr.lineno, told, said, (fr, en)))
            for side in (fr, en):
                self._inside.update(ast.walk(side))
        elif isinstance(fr, ast.IfExp) and isinstance(en, ast.IfExp):
            self._take(fr.body, en.body)
            self._take(fr.orelse, en.orelse)
        elif isinstance(fr, ast.Tuple | ast.List) and isinstance(en, ast.Tuple | ast.List):
            for one, other in zip(fr.elts, en.elts, strict=False):
                self._take(one, other)
        elif isinstance(fr, ast.Tuple) and told is None and said is not None:
            for one in fr.elts:
                self._take(one, en)
        elif isinstance(fr, ast.Call) and isinstance(en, ast.Call):
            for one, other in zip((fr.func, *fr.args), (en.func, *en.args), strict=False):
                self._take(one, other)
        elif isinstance(fr, ast.BoolOp) and isinstance(en, ast.BoolOp):
            for one, other in zip(fr.values, en.values, strict=False):
                self._take(one, other)
        elif isinstance(fr, ast.Attribute) and isinstance(en, ast.Attribute):
            self._take(fr.value, en.value)
        elif isinstance(fr, ast.BinOp) and isinstance(en, ast.BinOp):
            self._take(fr.left, en.left)
            self._take(fr.right, en.right)

    def outside(self) -> Iterator[Outside]:
        """French words that are in no sentence."""
        silent = set(_unseen(self.tree))
        for node in ast.walk(self.tree):
            held = node in silent or node in self._inside
            if held or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if _french(node.value) and _WORD.search(node.value):
                yield Outside(self.file, node.lineno, node.value)


def _french(text: str) -> bool:
    return _FRENCH_SIGNS.search(text) is not None


def _english(text: str) -> bool:
    return _WORD.search(_FIELD.sub("", text)) is not None and not _french(text)


def in_assets(package: Path) -> Iterator[Outside]:
    """French words of pages and scripts, whose words all come from the code."""
    for file in sorted(one for suffix in ("js", "html", "css", "j2") for one in package.rglob(f"*.{suffix}")):
        for k, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if _french(line):
                yield Outside(file, k, line.strip())


def _chosen(test: ast.expr, yes: ast.expr, no: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is chosen by the language, French first."""
    asked = ast.unparse(test)
    if _IS_FRENCH.search(asked):
        yield yes, no
    elif _IS_ENGLISH.search(asked):
        yield no, yes


def _neighbours(nodes: Sequence[ast.expr]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """A French string and the English one that follows it."""
    for first, second in pairwise(nodes):
        fr, en = template(first), template(second)
        if fr and en and _french(fr) and _english(en) and _n_fields(fr) == _n_fields(en):
            yield first, second


def _n_fields(text: str) -> int:
    return sum(field not in OF_ONE_SIDE for field in _FIELD.findall(text))


def _is_pair(node: ast.expr) -> bool:
    """Whether a node is the words for one and for many."""
    return isinstance(node, ast.Tuple) and len(node.elts) == 2 and None not in map(template, node.elts)


def _is_row(node: ast.Tuple) -> bool:
    """Whether a tuple may hold a sentence beside other things: it is no list of headers in one language."""
    return len(node.elts) <= 3 or any(template(one) is None for one in node.elts)


def _names(one: ast.stmt) -> str:
    """The name that a statement gives a value, « title » for `title_fr` and `title_en` alike."""
    target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _is_translation(first: str, second: str) -> bool:
    stem = re.sub(r"_?(?:fr|FR)$", "", first)
    return (
        bool(second)
        and second.lower() in (f"{stem}_en".lower().lstrip("_"), f"{stem}_en".lower())
        and first != second
    )


def _of_statements(block: object) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`if french: return a` and what follows it; `fr = a` and `en = b` one after the other."""
    if not isinstance(block, list):
        return
    for first, second in pairwise(block):
        if (
            _is_translation(_names(first), _names(second))
            and first.value is not None
            and second.value is not None
        ):
            yield first.value, second.value
    for k, one in enumerate(block):
        if isinstance(one, ast.If):
            rest = one.orelse or block[k + 1 :]
            for yes, no in zip(_values(one.body), _values(rest), strict=False):
                yield from _chosen(one.test, yes, no)


def _values(block: list[ast.stmt]) -> list[ast.expr]:
    """What a block returns or assigns, up to its end or its first return."""
    values = []
    for one in block:
        if isinstance(one, ast.Return | ast.Assign | ast.AugAssign) and one.value is not None:
            values.append(one.value)
        if isinstance(one, ast.Return):
            break
    return values


def _of_table(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Name) and target.id.endswith("_ENGLISH"):
        for one in ast.walk(node):
            if isinstance(one, ast.Dict):
                yield from ((key, value) for key, value in zip(one.keys, one.values, strict=True) if key)


def _of_names(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`fr, en = a, b`"""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        named = zip(target.elts, node.value.elts, strict=False)
        by_name = {one.id: value for one, value in named if isinstance(one, ast.Name)}
        if {"fr", "en"} <= by_name.keys():
            yield by_name["fr"], by_name["en"]


def _unseen(tree: ast.Module) -> Iterator[ast.AST]:
    """Strings that nobody is shown: docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def two_sided(package: Path) -> dict[str, tuple[int, int]]:
    """The functions of the package that take a French and an English text, and where."""
    found = {"Text": (0, 1)}
    for file in sorted(package.rglob("*.py")):
        found.update(_two_sided_of(ast.parse(file.read_text(encoding="utf-8"))))
    return found


def _two_sided_of(tree: ast.Module) -> dict[str, tuple[int, int]]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            method = names[:1] == ["self"]
            names = names[1:] if method else names
            if "fr" in names and "en" in names:
                found["." * method + node.name] = names.index("fr"), names.index("en")
    return found


def readers(package: Path = PACKAGE) -> list[Reader]:
    """Every file of the package, read."""
    functions = two_sided(package)
    return [Reader(file, functions) for file in sorted(package.rglob("*.py"))]
