"""The builders of Python have every kind, key and default of the specifications, and their examples run."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import Any, Literal

import pytest
from support.demo_project import write_demo

import tnt_sim as tnt
from tnt_sim.api.building.builders import describe_type, make_builder
from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.domain.field_types import Code, Rate, Spec
from tnt_sim.rules.kinds.registry import BUILT_IN
from tnt_sim.scenario.spec import StageSpec, validate_scenario
from tnt_sim.scenario.yaml.nodes import NodeOrigins, Origin, from_value

BUILDERS = {
    **{name: (getattr(tnt.rules, name), {"kind"}) for name in tnt.rules.__all__},
    "maximise": (tnt.goals.maximise, {"maximise", "minimise"}),
    "minimise": (tnt.goals.minimise, {"maximise", "minimise"}),
    "envelope": (tnt.envelope, set()),
}
SPECS: dict[str, type[Spec]] = {
    **{kind.name: kind.spec for kind in BUILT_IN},
    "maximise": StageSpec, "minimise": StageSpec, "envelope": EnvelopeSpec,
}  # fmt: skip


def test_every_kind_has_its_builder() -> None:
    assert tnt.rules.__all__ == sorted(kind.name for kind in BUILT_IN)
    assert set(dir(tnt.rules)) >= set(tnt.rules.__all__)
    with pytest.raises(AttributeError, match="no attribute 'limits'"):
        tnt.rules.limits  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", BUILDERS)
def test_every_key_is_a_parameter_and_explained(name: str) -> None:
    build, leaving = BUILDERS[name]
    given = dict(inspect.signature(build).parameters)
    given.pop("measure" if name in ("maximise", "minimise") else "", None)
    wanted = {info.alias or key: info for key, info in SPECS[name].model_fields.items() if key not in leaving}
    assert given.keys() == wanted.keys()
    for key, info in wanted.items():
        is_written = given[key].default is inspect.Parameter.empty
        assert is_written == (info.is_required() and (key != "id" or name == "envelope")), key
        assert f"\n{key} : " in (inspect.getdoc(build) or ""), key


@pytest.mark.parametrize("name", BUILDERS)
def test_the_example_of_a_builder_runs(name: str, tmp_path: Path) -> None:
    example = {"tnt": tnt, "scenario": write_demo(tmp_path)}
    parser = doctest.DocTestParser()
    case = parser.get_doctest(inspect.getdoc(BUILDERS[name][0]) or "", example, name, None, 0)
    assert case.examples
    assert doctest.DocTestRunner().run(case).failed == 0


def test_a_parameter_has_the_type_of_what_is_written() -> None:
    """A field reads a rate or an amount from a text or any number; a code is a text."""

    class Example(Spec):
        code: Code
        rate: Rate | None = None
        mode: Literal["a", "b"] = "a"
        names: tuple[Code, ...] = ()
        text: str = ""
        max: str | None = None

    build = make_builder("example", Example, "About.", [])
    types = {name: one.annotation for name, one in inspect.signature(build).parameters.items()}
    assert types == {
        "code": "str", "rate": "Amount | None", "mode": "Literal['a', 'b']", "names": "Sequence[str]",
        "text": "str", "max": "Amount | None",
    }  # fmt: skip
    assert describe_type(EnvelopeSpec | None) == "Mapping[str, object] | None"


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
    with pytest.raises(TypeError, match=r"limit\(\) missing a required keyword-only argument: 'measure'"):
        tnt.rules.limit()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Did you mean 'max'"):
        tnt.rules.limit(measure="granted", mx="1 €")  # type: ignore[call-arg]


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
    for rule, kept in zip(rules, written, strict=True):
        assert set(rule) == set(kept)
