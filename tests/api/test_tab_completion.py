"""The names after a dot that IPython offers without jedi: from the package to a picture and a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.demo_project import write_demo

import tnt_sim as tnt

completer = pytest.importorskip("IPython.core.completer", reason="completion needs the extra `notebook`")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A scenario and an answer of each kind, by the name that a user would give it."""
    folder = tmp_path_factory.mktemp("tab")
    scenario = write_demo(folder)
    result = scenario.solve()
    return {
        "tnt": tnt,
        "scenario": scenario,
        "result": result,
        "run": tnt.open_run(result.save(folder / "runs")),
        "curve": scenario.analyse.sweep(stop="1.3 M€", steps=2),
        "prices": scenario.analyse.rule_prices(),
        "lists": scenario.analyse.alternatives(count=1),
        "weights": scenario.analyse.weights(["score", "cost"]),
        "extension": scenario.analyse.extend("1.3 M€"),
        "explanation": result.explain("E-03"),
        "comparison": tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False),
    }


def complete(names: dict[str, Any], text: str) -> set[str]:
    """What the Tab key offers after a text."""
    asked = completer.IPCompleter(namespace=names, global_namespace=names, use_jedi=False)
    with completer.provisionalcompleter():
        found: Iterator[Any] = asked.completions(text, len(text))
        return {one.text.rpartition(".")[2] for one in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tnt.", {"read_scenario", "compare", "Scenario", "rules", "goals"}),
        ("tnt.rules.", {"limit", "share"}),
        ("scenario.", {"solve", "with_", "analyse", "model", "check"}),
        ("scenario.analyse.", {"sweep", "marginal_euro", "weights", "extend"}),
        ("curve.plot.", {"curve", "index", "entries", "envelopes"}),
        ("curve.report.", {"html", "excel"}),
        ("result.plot.", {"by_envelope", "by_department", "margin"}),
        ("result.report.", {"html", "excel"}),
        ("result.export.", {"csv", "scdl"}),
        ("run.plot.", {"by_envelope", "by_department", "margin"}),
        ("run.export.", {"csv", "scdl"}),
        ("prices.plot.", {"prices"}),
        ("lists.plot.", {"lists"}),
        ("weights.plot.", {"ranges", "dossiers"}),
        ("weights.report.", {"html", "excel"}),
        ("extension.plot.", {"gains"}),
        ("extension.report.", {"html", "excel"}),
        ("explanation.plot.", {"place"}),
        ("comparison.plot.", {"moves", "envelopes"}),
    ],
)
def test_the_tab_key_offers_what_an_answer_can_do(
    answers: dict[str, Any], text: str, expected: set[str]
) -> None:
    assert expected <= complete(answers, text)


def test_the_builders_of_goals_stand_alone(answers: dict[str, Any]) -> None:
    assert complete(answers, "tnt.goals.") == {"maximise", "minimise", "smallest"}
