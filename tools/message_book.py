"""The page `messages.md` of the reference: each message that carries a code, with its remedy.

The code is read and not run. A call such as `Defect(code, text, …)` or `UsageError(text, code=…)` is a message.
So is a call of a function that passes one of its parameters on to such a call. Sentences are found through local
names, constants, and functions that return them.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from site_languages import link_to_twin
from typography import typeset

from tnt_sim import errors
from tnt_sim.domain.money import MoneyError, describe_reason
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import Bilingual, Lang, Message, Text
from tnt_sim.ingest.quality.findings import KINDS

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
_MOST_STEPS = 5
"""How many functions a message is followed through."""
_RELAYED = frozenset(("code", "text", "hint", "expected", "reason", "why", "problem", "message", "sentence"))
"""Names of parameters that a function passes on to a message."""
_CODE = re.compile(r"[a-z0-9]+(?:[-_.:][a-z0-9]+)*")
_NEAREST = suggest_name("{close}", ["{close}"]) or Bilingual("", "")
_SECTIONS: Mapping[Text, tuple[str, ...]] = {
    Bilingual("Le scénario", "The scenario"): ("scenario/", "rules/", "domain/", "formulation/"),
    Bilingual("Les dossiers et autres tables", "Applications and other tables"): ("ingest/",),
    Bilingual("Dossiers de résultats, preuves, signatures", "Run folders, proofs, signatures"): (
        "verify/",
        "certify/",
        "engine/run_folder/",
        "engine/stored_run.py",
    ),
    Bilingual("Serveurs et page locale", "Servers and the local page"): ("exchange/", "app/"),
    Bilingual("Commandes, options, calculs", "Commands, options, computations"): ("",),
}
_HEAD = {
    Lang.FR: """# Tous les messages

{twin}

Chaque défaut, avertissement ou erreur porte un code stable, affiché entre parenthèses après la phrase. Cette page
donne, pour chaque code, les phrases possibles et, après « → », ce qu’il faut faire. Les noms entre accolades sont
remplacés par les vôtres. Le lieu précède la phrase, s’il est connu : fichier et ligne, ou feuille et cellule. Le
code de sortie est expliqué avec [les commandes](commands.md). `python tools/docs.py write` produit cette page à
partir du code.
""",
    Lang.EN: """# All messages

{twin}

Each defect, warning or error carries a stable code, shown in parentheses after the sentence. This page gives for
each code the possible sentences and, after “→”, what to do. Your own names replace those in braces. The place
comes first where it is known: file and line, or sheet and cell. [The commands](commands.md) explain the exit code.
`python tools/docs.py write` makes this page from the code.
""",
}
_COLUMNS = Bilingual("code | phrase", "code | sentence")


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: the file whose call writes it, its code, its sentence, and the remedies that may follow."""

    file: str
    code: str
    text: Text
    hints: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """A file and a function of it, with the expressions that a call gives its parameters."""

    file: str
    function: ast.FunctionDef | None = None
    given: Mapping[str, tuple[ast.expr, Scope]] = field(default_factory=dict)


class Code:
    """The parsed package: its functions, error classes and module constants by name."""

    def __init__(self, package: Path) -> None:
        self.calls: list[tuple[ast.Call, Scope]] = []
        self.functions: dict[str, list[Scope]] = {}
        self.raised: dict[str, list[tuple[ast.Call, Scope]]] = {}
        self.constants: dict[str, list[tuple[str, ast.expr]]] = {}
        self.error_codes: dict[str, str] = {
            name: kind.code
            for name, kind in vars(errors).items()
            if isinstance(kind, type) and issubclass(kind, errors.TntError)
        }
        for path in sorted(package.rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "i18n" in source or "errors" in source:
                self._read_file(path.relative_to(package).as_posix(), ast.parse(source))

    def _read_file(self, file: str, tree: ast.Module) -> None:
        for line in tree.body:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.constants.setdefault(name, []).append((file, value))
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.constants.setdefault(name, []).append((file, value))
        stack: list[tuple[ast.AST, Scope]] = [(tree, Scope(file))]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, []).append(Scope(file, node))
                scope = Scope(file, node) if scope.function is None else scope
            elif isinstance(node, ast.ClassDef):
                self._read_error_class(node)
            elif isinstance(node, ast.Call):
                self.calls.append((node, scope))
                if get_name(node.func).endswith("Error"):
                    self.raised.setdefault(get_name(node.func), []).append((node, scope))
            stack.extend((child, scope) for child in reversed(list(ast.iter_child_nodes(node))))

    def _read_error_class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self.error_codes:
                own = [
                    line.value.value
                    for line in node.body
                    if isinstance(line, ast.Assign)
                    and isinstance(line.targets[0], ast.Name)
                    and line.targets[0].id == "code"
                    and isinstance(line.value, ast.Constant)
                ]
                self.error_codes.setdefault(node.name, str(own[0]) if own else self.error_codes[base.id])

    def find_functions(self, call: ast.Call, scope: Scope) -> list[Scope]:
        """Return the functions that a call may mean: those of its own file first."""
        name = get_name(call.func)
        found = self.functions.get(name, [])
        own = [one for one in found if one.file == scope.file]
        return own or ([] if name.startswith("_") and isinstance(call.func, ast.Name) else found)


def get_name(node: ast.expr) -> str:
    """Return the last word of a dotted name; empty for any other expression."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def get_argument(call: ast.Call, place: int | None, word: str) -> ast.expr | None:
    """Return an argument by its place or its word, or None."""
    for keyword in call.keywords:
        if keyword.arg == word:
            return keyword.value
    plain = [one for one in call.args if not isinstance(one, ast.Starred)]
    return plain[place] if place is not None and place < len(plain) else None


def list_values(name: str, scope: Scope, code: Code) -> Iterator[tuple[ast.expr, Scope]]:
    """List the expressions that a name may stand for: an argument, an assignment, a loop, a constant."""
    if name in scope.given:
        yield scope.given[name]
        return
    local = list_assignments(scope.function).get(name) if scope.function else None
    if local is not None:
        yield from ((value, scope) for value in local)
        return
    for file, value in code.constants.get(name, ()):
        if file == scope.file or not name.startswith("_"):
            yield value, Scope(file)


def _list_literals(function: ast.FunctionDef, name: str) -> Iterator[ast.expr]:
    """List the rows of the lists that a function assigns to a name."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.List(elts=rows) | ast.Tuple(elts=rows)):
                yield from rows if target == name else ()
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.List(elts=rows) | ast.Tuple(elts=rows)):
                yield from rows if target == name else ()


@cache
def list_assignments(function: ast.FunctionDef) -> Mapping[str, list[ast.expr]]:
    """Return the expressions that each local name of a function may stand for."""
    result: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[target], value=value):
                pairs = list(pair_names(target, value))
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
            ):
                pairs = list(pair_names(target, value))
            case ast.For(target=target, iter=ast.Tuple(elts=rows) | ast.List(elts=rows)):
                pairs = [pair for row in rows for pair in pair_names(target, row)]
            case ast.For(target=target, iter=ast.Name(id=rows_name)):
                pairs = [
                    pair for row in _list_literals(function, rows_name) for pair in pair_names(target, row)
                ]
            case _:
                continue
        for name, value in pairs:
            result.setdefault(name, []).append(value)
    return result


def pair_names(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Pair the names of an assignment with their values, through tuples and conditions."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        for branch in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            if isinstance(branch, ast.Call):
                for place, one in enumerate(target.elts):
                    yield from pair_names(one, ast.Subscript(branch, ast.Constant(place)))
            elif isinstance(branch, ast.Tuple) and len(branch.elts) == len(target.elts):
                for one, part in zip(target.elts, branch.elts, strict=True):
                    yield from pair_names(one, part)


def list_codes(node: ast.expr | None, scope: Scope, code: Code, steps: int = _MOST_STEPS) -> Iterator[str]:
    """List the codes that an expression may be."""
    match node:
        case ast.Constant(value=str() as text) if _CODE.fullmatch(text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"{{{get_name(part.value) or 'name'}}}"
                for part in parts
                if isinstance(part, ast.Constant | ast.FormattedValue)
            )
        case ast.IfExp(body=first, orelse=second):
            yield from list_codes(first, scope, code, steps)
            yield from list_codes(second, scope, code, steps)
        case ast.Subscript(value=ast.Dict(values=values)):
            for value in values:
                yield from list_codes(value, scope, code, steps)
        case ast.Name(id=name) if steps:
            for value, where in list_values(name, scope, code):
                yield from list_codes(value, where, code, steps - 1)


def list_texts(node: ast.expr | None, scope: Scope, code: Code, steps: int = _MOST_STEPS) -> Iterator[Text]:
    """List the sentences that an expression may be."""
    match node:
        case ast.Call(func=ast.Name(id="_" | "_n" | "_p" | "N_")):
            yield from build_texts(node)
        case ast.Call(func=function, args=arguments) if steps:
            if get_name(function) in ("join_sentences", "complete_sentence", "Capitalised"):
                for one in arguments:
                    yield from list_texts(one, scope, code, steps)
                return
            if get_name(function) == "suggest_name":
                yield _NEAREST
                return
            for value, inner in list_returned(node, scope, code):
                yield from list_texts(value, inner, code, steps - 1)
        case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int() as place)) if steps:
            for value, inner in list_returned(call, scope, code):
                if isinstance(value, ast.Tuple):
                    yield from list_texts(value.elts[place], inner, code, steps - 1)
                elif isinstance(value, ast.Call):
                    yield from list_texts(ast.Subscript(value, ast.Constant(place)), inner, code, steps - 1)
        case ast.Attribute(value=ast.Name(id=name), attr="text") if steps:
            for caught in list_caught_errors(name, scope):
                for call, where in code.raised.get(caught, ()):
                    first = get_argument(call, 0, "text")
                    if caught == MoneyError.__name__ and isinstance(first, ast.Constant):
                        yield describe_reason(str(first.value))
                    yield from list_texts(first, where, code, steps - 1)
        case ast.IfExp(body=first, orelse=second):
            yield from list_texts(first, scope, code, steps)
            yield from list_texts(second, scope, code, steps)
        case ast.BoolOp(values=values):
            for value in values:
                yield from list_texts(value, scope, code, steps)
        case ast.Subscript(value=ast.Dict(values=values)):
            for value in values:
                yield from list_texts(value, scope, code, steps)
        case ast.Name(id=name) if steps:
            for value, where in list_values(name, scope, code):
                yield from list_texts(value, where, code, steps - 1)


def list_returned(call: ast.Call, scope: Scope, code: Code) -> Iterator[tuple[ast.expr, Scope]]:
    """List the expressions that a called function may return, in its scope."""
    for called in code.find_functions(call, scope):
        assert called.function is not None
        inner = bind_arguments(call, called, scope)
        for line in ast.walk(called.function):
            if isinstance(line, ast.Return) and line.value is not None:
                yield line.value, inner


def list_caught_errors(name: str, scope: Scope) -> Iterator[str]:
    """List the classes of errors that a function catches under a name."""
    for node in ast.walk(scope.function) if scope.function else ():
        if isinstance(node, ast.ExceptHandler) and node.name == name and node.type is not None:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield from (get_name(kind) for kind in kinds)


def bind_arguments(call: ast.Call, called: Scope, scope: Scope) -> Scope:
    """Return the scope of a called function with the expressions of the call."""
    assert called.function is not None
    words = called.function.args
    names = [one.arg for one in (*words.posonlyargs, *words.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    plain = [one for one in call.args if not isinstance(one, ast.Starred)]
    given = {name: (value, scope) for name, value in zip(names, plain, strict=False)}
    given |= {word.arg: (word.value, scope) for word in call.keywords if word.arg}
    return Scope(called.file, called.function, given)


def build_texts(call: ast.Call) -> Iterator[Text]:
    """Build the sentences of a call of `_`, `_n`, `_p` or `N_`, with placeholders as they are named."""
    words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    fields = {name for text in words for _text, name, *_rest in string.Formatter().parse(text) if name}
    gaps = {name: f"{{{name}}}" for name in fields}
    match get_name(call.func), words:
        case "_" | "N_", [text]:
            yield Message(text, gaps)
        case "_p", [context, text]:
            yield Message(text, gaps, context=context)
        case "_n", [one, many]:
            yield from (Message(one, gaps, plural=many, n=number) for number in (1, 2))


def list_messages(call: ast.Call, scope: Scope, code: Code, steps: int = _MOST_STEPS) -> Iterator[Entry]:
    """List the messages of one call, through the functions that pass its arguments on."""
    name = get_name(call.func)
    if name == "Slip":
        codes, text, hint = ["yaml"], get_argument(call, 0, "text"), get_argument(call, 1, "hint")
    elif name == "Defect":
        codes = list(list_codes(get_argument(call, 0, "code"), scope, code))
        text, hint = get_argument(call, 1, "text"), get_argument(call, 3, "hint")
    elif name == "add" or name == "build_field_error":
        codes = list(list_codes(get_argument(call, 0, "code"), scope, code))
        text, hint = get_argument(call, 1, "text"), get_argument(call, None, "hint")
    elif name in code.error_codes:
        given = get_argument(call, None, "code")
        codes = [code.error_codes[name]] if given is None else list(list_codes(given, scope, code))
        text, hint = get_argument(call, 0, "text"), None
    else:
        if steps:
            for called in code.find_functions(call, scope):
                inner = bind_arguments(call, called, scope)
                assert called.function is not None
                for line in find_relaying_calls(called.function):
                    yield from list_messages(line, inner, code, steps - 1)
        return
    hints = tuple(list_texts(hint, scope, code))
    for one in codes:
        for sentence in list_texts(text, scope, code):
            yield Entry(scope.file, one, sentence, hints)


@cache
def find_relaying_calls(function: ast.FunctionDef) -> tuple[ast.Call, ...]:
    """Return the calls of a function to which it passes a sentence or a code that it was given."""
    words = function.args
    names = {one.arg for one in (*words.posonlyargs, *words.args, *words.kwonlyargs)} & _RELAYED
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)] if names else []
    return tuple(call for call in calls if names & set(_list_names(call)))


def _list_names(call: ast.Call) -> Iterator[str]:
    """List the names in the arguments of a call."""
    for value in list_arguments(call):
        yield from (node.id for node in ast.walk(value) if isinstance(node, ast.Name))


def list_arguments(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call, by place and by word."""
    return [*call.args, *(word.value for word in call.keywords)]


@cache
def collect_messages(package: Path = PACKAGE) -> tuple[Entry, ...]:
    """Collect every message of the package, each sentence of a code once."""
    code = Code(package)
    found: dict[tuple[str, str, str], Entry] = {}
    for call, scope in code.calls:
        for entry in list_messages(call, scope, code):
            key = (_find_section(scope.file).en, entry.code, entry.text.in_(Lang.EN))
            known = found.get(key)
            hints = (*(known.hints if known else ()), *entry.hints)
            found[key] = Entry(scope.file, entry.code, known.text if known else entry.text, hints)
    for name, kind in KINDS.items():
        found["", name, kind.text.in_(Lang.EN)] = Entry("ingest/", name, kind.text, (kind.hint,))
    return tuple(found.values())


def _find_section(file: str) -> Text:
    return next(title for title, rooms in _SECTIONS.items() if any(file.startswith(room) for room in rooms))


def render_messages(lang: Lang) -> str:
    """Return the text of the page in a language; both have the same rows in the same order."""
    entries = collect_messages()
    head = _HEAD[lang].format(twin=link_to_twin(lang, "reference/messages.md"))
    parts = [typeset(head) if lang is Lang.FR else head]
    for title in _SECTIONS:
        own = [entry for entry in entries if _find_section(entry.file) == title]
        if not own:
            continue
        parts.append(f"## {title.in_(lang)}\n\n| {_COLUMNS.in_(lang)} |\n|---|---|")
        before = ""
        for entry in sorted(own, key=lambda one: (one.code, one.text.in_(Lang.EN))):
            code = f"`{entry.code}`" if entry.code != before else ""
            parts.append(f"| {code} | {_write_cell(entry, lang)} |")
            before = entry.code
        parts.append("")
    return "\n".join(parts)


def _write_cell(entry: Entry, lang: Lang) -> str:
    hints = _join_unique(hint.in_(lang) for hint in entry.hints)
    return escape(entry.text.in_(lang)) + (f" → {hints}" if hints else "")


def _join_unique(texts: Iterable[str]) -> str:
    return " / ".join(escape(text) for text in dict.fromkeys(texts))


def escape(text: str) -> str:
    """Return a text as Markdown in a cell of a table: code between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split("\n")))
    return "".join(_escape_part(part, code=k % 2 == 1) for k, part in enumerate(parts))


def _escape_part(part: str, *, code: bool) -> str:
    return part.replace("|", r"\|") if code else re.sub(r"([\\`*_{}\[\]<>$|#~^])", r"\\\1", part)
