"""The classes of the Python interface are whole by themselves, typed, and documented by examples that run."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import rooms
from support.demo_project import write_demo

import tnt_sim as tnt
from tnt_sim.api import (
    analysis_methods,
    comparison,
    decision_files,
    ensemble,
    result,
    runs,
    scenario,
    session,
    sweep,
)
from tnt_sim.api.analysis_methods import Analyses
from tnt_sim.api.batches import batch
from tnt_sim.api.models import model
from tnt_sim.app import explorer
from tnt_sim.cli.verbs import load_verb
from tnt_sim.engine.result import ResultData
from tnt_sim.reporting.plots import (
    comparison_plots,
    ensemble_plots,
    plot_language,
    result_plots,
    sweep_plots,
)
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies import answer_files, study_answer

MODULES = (
    analysis_methods, batch, comparison, decision_files, ensemble, explorer, model, result,
    runs, scenario, session, answer_files, study_answer, sweep, comparison_plots,
    ensemble_plots, plot_language, result_plots, sweep_plots,
)  # fmt: skip
CLASSES = [
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if kind.__module__ == module.__name__ and not getattr(kind, "_is_protocol", False)
]


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public functions and properties that a class itself defines."""
    for name, member in vars(kind).items():
        function = getattr(member, "__func__", getattr(member, "fget", getattr(member, "func", member)))
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, member


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tnt.Scenario:
    folder = tmp_path_factory.mktemp("exemple")
    return write_demo(folder)


def test_no_class_gets_its_methods_from_another_module() -> None:
    setting = [
        f"{name}:{node.lineno}"
        for name, path in rooms.modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr"
    ]
    assert setting == []
    for data, kind in ((ScenarioData, tnt.Scenario), (ResultData, tnt.Result)):
        assert not {name for name, _ in methods(kind)} & {"solve", "explain", "save"} & set(dir(data))


@pytest.mark.parametrize("first", ["tnt_sim.scenario.load", "tnt_sim.engine.solve", "tnt_sim.api.scenario"])
def test_what_was_imported_first_changes_no_class(first: str) -> None:
    code = (
        f"import {first}, tnt_sim as tnt; from tnt_sim.scenario.scenario import ScenarioData; "
        "assert hasattr(tnt.Scenario, 'solve') and not hasattr(ScenarioData, 'solve'); "
        "assert hasattr(tnt.Result, 'explain')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_method_is_typed_and_has_an_example(kind: type) -> None:
    missing = []
    for name, member in methods(kind):
        function = getattr(member, "__func__", getattr(member, "fget", getattr(member, "func", member)))
        told = inspect.getdoc(function) or ""
        if not told or (">>> " not in told and not isinstance(member, property | cached_property)):
            missing.append(f"{name}: no example")
        signature = inspect.signature(function)
        given = [one for key, one in signature.parameters.items() if key not in ("self", "cls")]
        bare = [
            one.name
            for one in given
            if one.annotation is inspect.Parameter.empty or one.kind is inspect.Parameter.VAR_KEYWORD
        ]
        if bare or signature.return_annotation is inspect.Signature.empty:
            missing.append(f"{name}: no type of {bare or 'what it returns'}")
    assert missing == []


def test_every_function_has_an_example() -> None:
    functions = [name for name in tnt.__all__ if inspect.isfunction(getattr(tnt, name))]
    assert [name for name in functions if ">>> " not in (inspect.getdoc(getattr(tnt, name)) or "")] == []


def test_every_way_in_ends_in_a_result(example: tnt.Scenario, tmp_path: Path) -> None:
    richer = {"programme.amount": "1.3 M€"}
    found = [
        example.solve(), example.with_(richer).solve(), tnt.Session(example).solve(),
        example.session().solve(richer),
    ]  # fmt: skip
    assert {type(one) for one in found} == {tnt.Result}
    for one in found:
        assert (one.status, one.proof, one.document["status"]) == ("optimal", "PROVED", "optimal")
        assert one.table("envelopes").height == 3
        assert one.table()["funded"].sum() == one.document["n_funded"]
        assert one.explain("E-01").document["dossiers"][0]["dossier"] == "E-01"
        assert one.plot.by_department().data.height == 101
        page = one.report.html(tmp_path / "page.html", explain=False)
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert found[0].document["allocation_sha256"] == found[2].document["allocation_sha256"]
    assert found[1].document["allocation_sha256"] == found[3].document["allocation_sha256"]
    assert found[0].dossiers.equals(found[2].dossiers)
    run = tnt.open_run(found[0].save(tmp_path / "runs"))
    assert run.tables == found[0].tables
    for name in run.tables:
        assert run.to_dataframe(table=name, euros=True).height == found[0].table(name).height
    departments = found[0].table("departments")
    assert departments["granted_cents"].sum() == found[0].document["granted_cents"]
    assert departments.height == 101


def test_every_answer_has_the_same_five(example: tnt.Scenario) -> None:
    ask = example.analyse
    answers = [
        ask.alternatives(count=1), ask.rule_prices(), ask.marginal_euro(envelopes=["programme"], rules=[]),
        ask.sweep(stop="1.3 M€", steps=2), ask.extend("1.3 M€"), ask.weights(["score", "dossiers"]),
        ask.target("departments"), ask.entry_thresholds(), example.solve().explain("E-01"),
        tnt.compare(example, example.with_({"programme.amount": "1 M€"})),
    ]  # fmt: skip
    for one in answers:
        assert one.status == one.document["status"], one
        assert one.proof is None or one.proof in ("PROVED", "CROSS_CHECKED", "FEASIBLE_GAP")
        assert json.loads(one.to_json()) == json.loads(json.dumps(one.document))
        with pytest.raises(ValueError, match="table must be one of"):
            one.table("rien")
        lists = [
            key
            for key, rows in one.document.items()
            if isinstance(rows, list) and rows and isinstance(rows[0], dict)
        ]
        assert set(lists) <= set(one.tables)
        flat = {"points"} if isinstance(one, tnt.Sweep) else set()  # one row per amount and curve
        assert all(one.table(name).height == len(one.document[name]) for name in lists if name not in flat)
        assert one.table().equals(one.table(one.tables[0]))
        assert all(one.to_dataframe(table=name).equals(one.table(name)) for name in one.tables)


OF_COMMANDS = {"sets", "out", "force", "lang", "as_json", "quiet", "resume"}
"""Options about files and the screen; the scenario of a method has its changes already."""
PLURALS = {"dossier": "dossiers", "kind": "kinds", "rule": "rules"}
"""An option given several times is a list in Python."""


@pytest.mark.parametrize(
    "verb",
    ["sweep", "marginal-euro", "entry-thresholds", "target", "rule-prices", "extension-shares", "extend"],
)
def test_a_question_has_the_same_options_in_python(verb: str) -> None:
    method = inspect.signature(getattr(Analyses, verb.replace("-", "_"))).parameters
    options = set(inspect.signature(load_verb(verb)).parameters) - OF_COMMANDS - {"scenario"}
    if verb == "sweep":
        options = options | {"store"}  # the command has `--out`
    names = {PLURALS.get(name, name) for name in options}
    assert names == set(method) - {"self", "progress", "lang"}


def test_an_act_asks_for_the_project_that_the_command_asks_for(example: tnt.Scenario, tmp_path: Path) -> None:
    """A folder elsewhere names a project that nobody vouches for: a list may come from it, an act may not."""
    folder = example.solve().save(tmp_path / "elsewhere")
    run = tnt.open_run(folder)
    assert run.export.csv(tmp_path / "liste.csv").exists()
    with pytest.raises(tnt.VerificationError, match="un projet ailleurs"):
        run.export.order_annex(tmp_path / "annexe.csv")
    assert not (tmp_path / "annexe.csv").exists()
    named = tnt.open_run(folder, project=example.root)
    assert named.export.order_annex(tmp_path / "annexe.csv").exists()
