"""Signatures of builders for editors and type checkers: stubs of `tnt.rules`, `tnt.goals` and `tnt.envelope`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from tnt_sim.api.building import envelopes, goals
from tnt_sim.api.building.builders import load_builders
from tnt_sim.rules.kinds.registry import BUILT_IN

HEAD = '"""Written by tools/builder_stubs.py from the specifications: python tools/docs.py write."""\n\n'
IMPORTS = {
    "collections.abc": ("Mapping", "Sequence"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "typing": ("Literal",),
}
AMOUNT = "\ntype Amount = str | int | float | Decimal | Fraction\n"
_INDENT = " " * 4


def write_function(name: str, build: Callable[..., object]) -> str:
    """Return a function without a body, with what its parameters mean."""
    lines, has_star = [], False
    for parameter in inspect.signature(build).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not has_star:
            has_star = True
            lines.append("*,")
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        annotation = str(parameter.annotation).replace("'", '"')
        lines.append(f"{parameter.name}: {annotation}{default.replace(chr(39), chr(34))},")
    body = "".join(f"{_INDENT}{line}\n" for line in lines)
    about = (inspect.getdoc(build) or "").partition("\n\nExamples")[0].splitlines()
    doc = "\n".join(f"{_INDENT}{line}".rstrip() for line in about)
    return f'\ndef {name}(\n{body}) -> dict[str, object]:\n{_INDENT}"""{doc.strip()}\n{_INDENT}"""\n'


def write_stub(builders: Mapping[str, Callable[..., object]]) -> str:
    """Return the stub of a module."""
    body = AMOUNT + "".join(write_function(name, build) for name, build in builders.items())
    used = {module: [name for name in names if name in body] for module, names in IMPORTS.items()}
    imports = [f"from {module} import {', '.join(names)}\n" for module, names in used.items() if names]
    return HEAD + "".join(imports) + body


def write_rules() -> str:
    """Return the stub of `tnt.rules`: the kinds of this package."""
    builders = load_builders()
    names = sorted(kind.name for kind in BUILT_IN)
    listed = "".join(f'{_INDENT}"{name}",\n' for name in names)
    return write_stub({name: builders[name] for name in names}) + f"\n__all__ = [\n{listed}]\n"


STUBS: Mapping[str, Callable[[], str]] = {
    "tnt_sim/rules/__init__.pyi": write_rules,
    "tnt_sim/api/building/goals.pyi": lambda: write_stub(
        {name: getattr(goals, name) for name in goals.__all__}
    ),
    "tnt_sim/api/building/envelopes.pyi": lambda: write_stub({"envelope": envelopes.envelope}),
}
"""The stubs, by path."""
