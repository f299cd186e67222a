"""The builders of Python have every kind, every key and every default of the specifications, and no other."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import tnt_sim as tnt
from tnt_sim.api.building import envelopes, goals
from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.rules import builders
from tnt_sim.rules.kinds.registry import BUILT_IN
from tnt_sim.scenario.spec import StageSpec, validate_scenario
from tnt_sim.scenario.yaml.nodes import NodeOrigins, Origin, from_value

FUNCTIONS = {name: getattr(tnt.rules, name) for name in tnt.rules.__all__}
NEUTRAL: tuple[object, ...] = (None, "", (), False)
"""What a builder leaves out: the defaults of the specifications."""


def list_literals(annotation: Any) -> set[str]:
    """The words that a type allows, in whatever union they stand."""
    if typing.get_origin(annotation) is typing.Literal:
        return {word for word in typing.get_args(annotation) if isinstance(word, str)}
    if isinstance(annotation, typing.TypeAliasType):
        return list_literals(annotation.__value__)
    return set().union(*(list_literals(one) for one in typing.get_args(annotation)))


def list_differences(spec: type[BaseModel], function: Any, *, leaving: set[str]) -> list[str]:
    """Where the signature of a builder is not what the specification says."""
    given = inspect.signature(function).parameters
    types = typing.get_type_hints(function)
    wanted: dict[str, FieldInfo] = {
        info.alias or key: info for key, info in spec.model_fields.items() if key not in leaving
    }
    found = [f"{key}: missing" for key in wanted.keys() - given.keys()]
    found += [f"{key}: no key" for key in given.keys() - wanted.keys()]
    for key in wanted.keys() & given.keys():
        default, info = given[key].default, wanted[key]
        if info.is_required() and key != "id":
            found += [f"{key}: has a default"] * (default is not inspect.Parameter.empty)
        elif key != "id":
            same = default == info.default or (default in NEUTRAL and info.default in (*NEUTRAL, {}))
            found += [f"{key}: {default!r}, not {info.default!r}"] * (not same)
        if list_literals(info.annotation) != list_literals(types[key]):
            found.append(f"{key}: {list_literals(types[key])}, not {list_literals(info.annotation)}")
    return found


def test_every_kind_has_its_builder() -> None:
    assert list(FUNCTIONS) == sorted(kind.name for kind in BUILT_IN)
    assert set(dir(tnt.rules)) >= set(FUNCTIONS)


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_every_key_is_a_parameter_with_its_type_and_default(kind: Any) -> None:
    assert list_differences(kind.spec, FUNCTIONS[kind.name], leaving={"kind"}) == []


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_every_parameter_is_explained(kind: Any) -> None:
    told = inspect.getdoc(FUNCTIONS[kind.name]) or ""
    names = {
        name.strip()
        for line in told.partition("Examples")[0].splitlines()
        if " : " in line
        for name in line.partition(" : ")[0].split(",")
    }
    assert names == set(inspect.signature(FUNCTIONS[kind.name]).parameters)
    common = set(inspect.signature(builders.limit).parameters) & names
    assert {"id", "off"} <= common


def test_goals_and_envelopes_have_every_key() -> None:
    for function in (goals.maximise, goals.minimise):
        renamed = {"measure"}
        given = set(inspect.signature(function).parameters) - renamed
        assert given == set(StageSpec.model_fields) - {"maximise", "minimise"}
    assert list_differences(EnvelopeSpec, envelopes.envelope, leaving=set()) == []


def test_what_keeps_its_default_is_not_written() -> None:
    rule = tnt.rules.limit(measure="granted", max="1 M€")
    assert rule == {"kind": "limit", "measure": "granted", "max": "1 M€"}
    assert list(tnt.rules.limit(id="a", measure="granted", report=True)) == [
        "id",
        "kind",
        "measure",
        "report",
    ]
    assert tnt.rules.order(rank="score", skip=False)["skip"] is False
    assert tnt.envelope("p", 10) == {"id": "p", "amount": 10}
    assert tnt.goals.maximise("score") == {"maximise": {"score": 1}}
    assert tnt.goals.minimise({"granted": 2}, tolerance="1 %", off=True) == {
        "minimise": {"granted": 2}, "tolerance": "1 %", "off": True
    }  # fmt: skip
    with pytest.raises(TypeError):
        tnt.rules.limit()


def test_every_builder_makes_a_valid_rule() -> None:
    rules: list[Any] = [
        tnt.rules.limit(id="a", measure="granted", by=["region", "department"], groups=["35"], min="1 €",
                        max={"share": "20 %", "of_amount": "p"}, floor="strict"),
        tnt.rules.share(id="b", measure="cost", where={"x": "1"}, of="all", by="region", min="20 %", max="30 %"),
        tnt.rules.decide(id="c", fund=["D"], amounts={"D": "12 €"}, reason="r", author="a"),
        tnt.rules.coverage(id="d", units={"type": "commune"}, covered_by="commune", min="2 %", report=True),
        tnt.rules.exclusive(id="e", dossiers=["A", "B"], max=2),
        tnt.rules.requires(id="f", dossiers=["A"], need=["B"], at_least=1),
        tnt.rules.together(id="g", by="lot", penalty={"cost": 1, "per": "1"}),
        tnt.rules.order(id="h", rank="score", best="low", ties="rank", skip=False),
        tnt.rules.schedule(id="i", year={"column": "year"}, commitments={2026: "1 €"}, profile=["50 %", "50 %"]),
        tnt.rules.equity(id="j", measure="granted", by="region", groups="present", max="150 %", off=True),
        tnt.rules.linear(id="k", granted={"A": "2"}, funded={"B": "-100"}, max="1 €"),
    ]  # fmt: skip
    tree = {
        "id": "x", "programme": tnt.envelope("p", "1 €", [tnt.envelope("q", min_use="1 %")], unassigned="own"),
        "dossiers": [{"file": "a.csv"}], "rules": rules, "objective": [tnt.goals.maximise(
            tnt.goals.smallest("granted", by="region", per="population"), tolerance="1 %")],
    }  # fmt: skip
    node: Any = from_value(tree, Origin("x"))
    spec = validate_scenario(tree, NodeOrigins(node))
    assert [rule.kind for rule in spec.rules] == [rule["kind"] for rule in rules]
    written = spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)["rules"]
    defaults = {"coverage": {"measure"}, "equity": {"per", "floor"}}
    for rule, kept in zip(rules, written, strict=True):
        assert set(rule) - set(kept) == defaults.get(rule["kind"], set())
