"""Errors for Python users: in the language of the scenario, with keys and arguments in place of options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, tiny

import tnt_sim as tnt
from tnt_sim.errors import TntError, UsageError
from tnt_sim.i18n.message import Bilingual

Ask = Callable[[tnt.Scenario], object]
RULES = "rules: [{id: r, kind: limit, measure: granted, max: 10 €}]\n"


def read(folder: Path, lang: str) -> tnt.Scenario:
    return tnt.Scenario.from_data(tiny(folder, f"{HEAD}locale: {lang}\n{RULES}"))


def tell(error: type[Exception], ask: Callable[[], object]) -> str:
    with pytest.raises(error) as told:
        ask()
    return str(told.value)


ASKED: dict[str, tuple[type[Exception], Ask, str, str]] = {
    "path": (tnt.ScenarioError, lambda s: s.with_({"rules.nope.max": 1}), "set_path rules.nope.max — « rules »",
             'set_path rules.nope.max — "rules" has no entry "nope"'),
    "no path": (UsageError, lambda s: s.with_({"": 1}), "« =1 » : écrivez", '"=1": write PATH=VALUE'),
    "option": (UsageError, lambda s: tnt.weights(s, ["score"]), ": criteria score", ": criteria score"),
    "stage": (UsageError, lambda s: s.model("x"), "il n'y a pas d'étape", "there is no stage"),
    "result": (UsageError, lambda s: s.solve().explain("x"), "n'est pas dans ce calcul", "is not in this run"),
    "sweep": (TypeError, lambda s: s.analyse.sweep(step="1 €"), "Vouliez-vous dire « steps »",  # type: ignore[call-arg]
              'sweep() has no argument "step". Did you mean "steps"?'),
    "function": (TypeError, lambda s: tnt.sweep(s, step="1 €"), "« steps »", '"steps"'),  # type: ignore[call-arg]
    "with": (TypeError, lambda s: s.with_(amount=1), "Noms connus : changes", "Known names: changes"),  # type: ignore[call-arg]
}  # fmt: skip


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", ASKED)
def test_an_error_speaks_the_language_of_the_scenario(name: str, lang: str, tmp_path: Path) -> None:
    error, ask, french, english = ASKED[name]
    scenario = read(tmp_path, lang)
    told = tell(error, lambda: ask(scenario)).replace("\u00a0", " ").replace("’", "'")
    assert (french if lang == "fr" else english) in told
    assert "--" not in told


@pytest.mark.parametrize("wrong", ["foo", True, float("nan"), -1])
def test_a_time_limit_is_a_number_of_seconds(wrong: float, tmp_path: Path) -> None:
    scenario = read(tmp_path, "en")
    asked: list[Callable[[], object]] = [
        lambda: scenario.solve(time_limit=wrong),
        lambda: scenario.session().solve({}, time_limit=wrong),
        lambda: tnt.sweep(scenario, time_limit=wrong),
        lambda: tnt.alternatives(scenario, time_limit=wrong),
        lambda: tnt.prices(scenario, time_limit=wrong),
        lambda: tnt.extend(scenario, time_limit=wrong),
        lambda: tnt.conflict(scenario, time_limit=wrong),
        lambda: tnt.weights(scenario, ["score", "dossiers"], time_limit=wrong),
        lambda: tnt.compare(scenario, scenario, options={"time_limit": wrong}),
        lambda: tnt.ensemble(scenario, 2, workers=1, time_limit=wrong),
    ]
    for ask in asked:
        assert f'time_limit is a number of seconds, not "{wrong}"' in tell(UsageError, ask)


def test_a_file_in_english_is_refused_in_english(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(HEAD.replace("id:", "idd:") + "locale: en\n", encoding="utf-8")
    assert 'unknown key "idd"' in tell(tnt.ScenarioError, lambda: tnt.read_scenario(file))
    child = tmp_path / "child.yaml"
    child.write_text("schema_version: 1\nid: c\nextends: s.yaml\n", encoding="utf-8")
    assert "unknown key" in tell(tnt.ScenarioError, lambda: tnt.read_scenario(child))
    assert "unknown key" in tell(tnt.ScenarioError, lambda: tnt.Scenario.from_dict({"locale": "en", "x": 1}))


def test_commands_in_a_sentence_stay_as_they_are_typed() -> None:
    text = "Try --time-limit 9, or `a --out b`, or tnt-sim verify RUN --solve"
    error = TntError(Bilingual(text, text))
    error.translate(tnt.Lang.EN)
    assert str(error) == "Try time_limit 9, or `a --out b`, or tnt-sim verify RUN --solve"
