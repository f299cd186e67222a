"""Builders of rules, goals and envelopes for Python users, made from the specifications of a scenario.

    tnt.rules.limit(measure="granted", by="department", max="400 k€")

A builder has a keyword for each key of its specification. It returns the mapping that stands in a scenario file,
without the keys that keep their default. `tools/builder_stubs.py` writes the signatures for editors.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from textwrap import fill
from typing import Annotated, Any, Literal, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel

from tnt_sim.errors import find_nearest_name
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.scenario.json_schema import get_meaning
from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

type MakeEntry = Callable[..., dict[str, object]]
type Amount = str | int | float | Decimal | Fraction
"""An amount ("1 M€"), a number, or a rate ("25 %")."""
_WIDTH = 100
"""Most letters of a line of a docstring."""
_BOUNDS = ("min", "max")
"""Keys whose plain text is a number that the rule reads."""
_KEYWORD, _PLACE = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD


def describe_type(annotation: Any, key: str = "") -> str:
    """Return the type of a parameter for what its field reads; a field reads more than the value that it keeps.

    >>> describe_type(tuple[str, ...] | None), describe_type(Literal["a"])
    ('Sequence[str] | None', "Literal['a']")
    """
    if isinstance(annotation, TypeAliasType):
        return describe_type(annotation.__value__, key)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return "str" if args[0] is str else describe_type(args[0], key)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(describe_type(part, key) for part in args))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, args))}]"
    if origin is tuple:
        return f"Sequence[{describe_type(args[0], key)}]"
    if origin is not None or issubclass(annotation, BaseModel):
        return "Mapping[str, object]"
    if annotation is type(None):
        return "None"
    if annotation in (bool, str) and key not in _BOUNDS:
        return str(annotation.__name__)
    return "Amount"


def list_parameters(
    spec: type[BaseModel], leaving: Sequence[str] = (), positional: Sequence[str] = ()
) -> list[inspect.Parameter]:
    """Return a parameter for each key of a specification: those that stand first, then what is its own."""
    base = spec.__base__
    common = base.model_fields if base is not None and issubclass(base, BaseModel) else {}
    keys = sorted(spec.model_fields, key=lambda key: (key not in positional, key in common))
    parameters = []
    for key in (key for key in keys if key not in leaving):
        info = spec.model_fields[key]
        name = info.alias or key
        kind = _PLACE if key in positional else _KEYWORD
        annotation = describe_type(info.annotation, name)
        is_written = info.is_required() and (key != "id" or key in positional)
        default = None if info.default in ({}, ...) or info.is_required() else info.default
        if default is None and not is_written and "None" not in annotation:
            annotation += " | None"
        empty = inspect.Parameter.empty if is_written else default
        parameters.append(inspect.Parameter(name, kind, default=empty, annotation=annotation))
    return parameters


def make_builder(
    name: str,
    spec: type[BaseModel],
    about: str,
    example: Sequence[str],
    *,
    leaving: Sequence[str] = (),
    positional: Sequence[str] = (),
    first: tuple[inspect.Parameter, str] | None = None,
    module: str = "tnt_sim.rules",
    finish: Callable[[dict[str, object]], dict[str, object]] = dict,
) -> MakeEntry:
    """Return the builder of an entry of a scenario.

    Parameters
    ----------
    about : what it returns, the first line of its docstring
    example : lines of its docstring that run
    leaving : keys of the specification without a parameter
    positional : keys that may be given by their place
    first : a parameter of its own before all others, and its meaning
    module : where it is imported from
    finish : makes the entry of what is written
    """
    own = list_parameters(spec, leaving, positional)
    signature = inspect.Signature([*([first[0]] if first else []), *own])
    defaults = {parameter.name: parameter.default for parameter in own}

    def build(*args: object, **values: object) -> dict[str, object]:
        try:
            bound = signature.bind(*args, **values).arguments
        except TypeError as error:
            unknown = next((key for key in values if key not in signature.parameters), "")
            near = find_nearest_name(unknown, signature.parameters) if unknown else None
            hint = f". Did you mean {near!r}?" if near else ""
            raise TypeError(f"{name}() {error}{hint}") from None
        return finish(
            {
                key: value
                for key, value in bound.items()
                if value is not None and (key not in defaults or value != defaults[key])
            }
        )

    meanings = {first[0].name: first[1]} if first else {}
    for parameter in own:
        meaning = get_meaning(spec.__name__, parameter.name)
        meanings[parameter.name] = meaning.en if meaning else ""
    lines = [fill(about, _WIDTH), "", "Parameters", "----------"]
    lines += [
        fill(f"{key} : {text}", _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
        for key, text in meanings.items()
    ]
    build.__name__, build.__qualname__, build.__module__ = name, name, module
    build.__doc__ = "\n".join([*lines, "", "Examples", "--------", *example, ""])
    vars(build)["__signature__"] = signature
    return build


@cache
def load_builders() -> dict[str, MakeEntry]:
    """Return the builder of each rule kind by name."""
    return {name: _make_rule_builder(kind) for name, kind in load_rule_kinds().items()}


def _make_rule_builder(kind: RuleKind) -> MakeEntry:
    doc = (kind.spec.__doc__ or "").strip().splitlines()[0]
    about = f"Return a rule `{kind.name}`: {doc[:1].lower()}{doc[1:]}"

    def finish(entry: dict[str, object]) -> dict[str, object]:
        identity = {"id": entry.pop("id")} if "id" in entry else {}
        return {**identity, "kind": kind.name, **entry}

    return make_builder(kind.name, kind.spec, about, _write_example(kind), leaving=("kind",), finish=finish)


def _write_example(kind: RuleKind) -> list[str]:
    """Return the example of a kind as Python writes it."""
    node = parse_yaml(kind.example, kind.name)
    tree = to_tree(node) if node is not None else {}
    assert isinstance(tree, dict)
    rule = dict(tree["rules"][0])
    values = ", ".join(f"{key}={value!r}" for key, value in rule.items() if key != "kind")
    return [f">>> rule = tnt.rules.{kind.name}({values})", ">>> rule['kind']", repr(kind.name)]
