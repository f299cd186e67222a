"""Steps of the page: undone and done again one by one, named as variants, compared two by two."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.app.history import MOST_STEPS, WRITTEN, PageHistory, describe_step
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import Forced, State
from tnt_sim.deadline import Cancellation
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]


def test_twenty_changes_are_undone_one_by_one(page: Page, say: Talk) -> None:
    states = [page.state]
    for k in range(14):
        say("box", id="mobilites", value=str(35 + k))
        states.append(page.state)
    for name in ("plafond-departement", "part-communes"):
        for value in (False, True):
            say("rule", id=name, value=value)
            states.append(page.state)
    for text in ("2", "3"):
        say("weight", id="0.score", value=text)
        states.append(page.state)
    assert len(states) == 21
    assert say("redo")["kind"] == "bad"
    for state in reversed(states[:-1]):
        say("undo")
        assert page.state.settings == state.settings
        assert page.last_answer is not None
        assert page.last_answer.state.settings == state.settings
    assert say("undo")["kind"] == "bad"
    for state in states[1:]:
        say("redo")
        assert page.state.settings == state.settings


def test_a_movement_is_one_step_also_where_it_was_cancelled(page: Page, say: Talk) -> None:
    stop = Cancellation()
    stop.cancel()
    for cents in ("45000000", "50000000"):
        list(page.receive({"do": "amount", "id": "mobilites", "value": cents, "soft": True}, stop))
    say("amount", id="mobilites", value="55000000", soft=True)
    said = say("amount", id="mobilites", value="60000000")
    assert len(page.history.steps) == 2
    assert "600" in said["parts"]["history"]
    say("undo")
    assert page.state.changes_nothing


def test_back_in_the_browser_finds_the_step(page: Page, say: Talk) -> None:
    first = say("box", id="mobilites", value="80")["address"]
    say("box", id="mobilites", value="90")
    say("address", value=first)
    assert (page.history.at, len(page.history.steps)) == (1, 3)
    say("address", value="")
    assert (page.history.at, len(page.history.steps)) == (0, 3)


def test_a_view_is_no_step_and_stays(page: Page, say: Talk) -> None:
    say("search", value="mairie")
    say("share", value="free")
    assert len(page.history.steps) == 1
    say("box", id="mobilites", value="80")
    say("undo")
    assert (page.state.search, page.state.share) == ("mairie", "free")


def test_a_variant_stays_and_is_compared(page: Page, say: Talk, force: Talk) -> None:
    force("E-24")
    said = say("name", value={"name": " Avec  la <métropole> "})
    assert "Avec la &lt;métropole&gt;" in said["parts"]["variants"]
    say("undo")
    say("box", id="mobilites", value="80")
    assert [step.name for step in page.history.steps] == ["Avec la <métropole>", "", ""], "undone, and kept"
    say("undo")
    assert page.state.changes_nothing, "undone is what stood before, not the variant"
    say("redo")
    (place,) = page.history.variants
    html = say("pair", value={"one": str(page.history.at), "other": str(place)})["parts"]["comparison"]
    assert "E-24" in html
    assert "Qui bouge" in html
    assert say("pair", value={"one": "0", "other": "0"})["kind"] == "bad"
    assert say("pair", value={"one": "0", "other": "99"})["kind"] == "bad"
    said = say("step", value=str(place))
    assert list(page.state.forced) == ["E-24"]
    assert 'aria-pressed="true"' in said["parts"]["variants"]
    assert say("name", value={"name": ""})["parts"]["variants"] == ""
    assert say("step", value="-7")["kind"] == "bad"


def test_settings_without_an_allocation_are_a_step_that_is_undone(page: Page, say: Talk, force: Talk) -> None:
    force("E-13")
    assert page.trouble is not None
    assert say("pair", value={"one": "0", "other": "1"})["kind"] == "bad"
    say("undo")
    assert page.trouble is None


@given(st.lists(st.sampled_from(["add", "undo", "redo", "replace"]), max_size=60), st.integers(0, 9))
def test_the_present_step_is_that_of_two_stacks(acts: list[str], seed: int) -> None:
    history, draw = PageHistory(), random.Random(seed)
    done, undone = [State()], []
    for act in acts:
        state = State(rules={f"r{draw.randrange(5)}": True, f"x{len(done)}": False})
        if act == "add" or (act == "replace" and len(done) == 1):
            history = history.add(state, WRITTEN)
            done, undone = [*done, state], []
        elif act == "replace":
            history = history.add(state, WRITTEN, replaces=True)
            done, undone = [*done[:-1], state], []
        elif act == "undo" and history.can_go(-1):
            history = history.shift(-1)
            done, undone = done[:-1], [done[-1], *undone]
        elif act == "redo" and history.can_go(1):
            history = history.shift(1)
            done, undone = [*done, undone[0]], undone[1:]
        assert [step.state for step in history.steps] == [*done, *undone]
        assert history.present.state == done[-1]


def test_the_oldest_step_without_a_name_goes(scenario: ScenarioData) -> None:
    history = PageHistory().set_name("écrit")
    for k in range(MOST_STEPS + 5):
        history = history.add(State(amounts={"programme": k}), WRITTEN)
    assert len(history.steps) == MOST_STEPS
    assert history.steps[0].name == "écrit"
    assert history.present.state.amounts == {"programme": MOST_STEPS + 4}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (State(amounts={"mobilites": 50_000_000, "programme": 130_000_000}), "mobilites"),
        (State(rules={"plafond-departement": False}), "désactivée"),
        (State(forced={"E-01": Forced("E-01", False, "x")}), "E-01 : écarté par décision"),
        (State(forced={"E-02": Forced("E-02", True, "x")}), "E-02 : retenu par décision"),
        (State(weights={(0, "score"): "2"}), "poids de score : 2"),
        (State(sets={"rules.x.min": "1"}), "autres valeurs"),
        (State(), "tel qu'il est écrit"),
    ],
)
def test_a_step_says_what_changed(scenario: ScenarioData, after: State, words: str) -> None:
    titles = {spec.id: spec.title or spec.id for spec, __ in scenario.spec.programme.walk()}
    said = describe_step(scenario, State(sets={"rules.y.min": "1"}), after, "mobilites").fr
    assert titles.get(words, words) in said.replace("\u00a0", " ").replace("\u202f", " ")
