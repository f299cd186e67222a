"""Variants side by side with the change that moves each dossier, and steps that a browser keeps for its tab."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import pytest

from tnt_sim.app.history import (
    MOST_KEPT_CHARACTERS,
    MOST_STEP_NAME,
    WRITTEN,
    PageHistory,
    dump_history,
    restore_history,
)
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import Forced, State
from tnt_sim.deadline import Cancellation
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]


@pytest.fixture
def two_variants(page: Page, say: Talk) -> Page:
    say("rule", id="plafond-departement", value=False)
    say("name", value={"name": "Sans plafond"})
    say("reset")
    say("box", id="mobilites", value="200")
    say("name", value={"name": "Moins de <mobilités>"})
    return page


def read_columns(html: str) -> list[str]:
    return re.split(r'<section aria-labelledby="column-\d+">', html)[1:]


def test_two_variants_stand_beside_the_start_with_the_change_that_moves_each(
    two_variants: Page, say: Talk
) -> None:
    page = two_variants
    replies = list(page.receive({"do": "beside", "value": "1"}))
    assert "on cherche ce qui le fait bouger" in unescape(replies[0].document["parts"]["beside"])
    html = page._sent["beside"]
    columns = read_columns(html)
    assert len(columns) == 3
    assert "Le scénario tel qu'il est écrit" in unescape(columns[0])
    assert "<mobilités>" not in html
    for column, name, causes in (
        (columns[1], "Sans plafond", ("400 000 € au plus par département",)),
        (columns[2], "Moins de <mobilités>", ("Mobilités : montant", "Programme : montant")),
    ):
        assert name in unescape(column)
        moves = re.findall(r"<li>(.*?)</li>", column, re.DOTALL)
        assert moves
        for move in moves:
            words = unescape(move).replace("\u202f", " ").replace("\xa0", " ")
            assert any(cause in words for cause in causes), "the one change that moves it"
    assert "<svg" in columns[1]
    assert "then" not in replies[-1].document
    assert replies[-1].document["address"].endswith("beside=1")


def test_figures_of_a_column_are_those_of_the_answer(two_variants: Page, say: Talk) -> None:
    page = two_variants
    start, here = page.written, page.last_answer
    assert start is not None
    assert here is not None
    say("beside", value="1")
    column = unescape(read_columns(page._sent["beside"])[2])
    granted = here.reading.granted_cents
    assert format_short_amount(granted, Lang.FR) in column
    assert format_short_amount(granted - start.reading.granted_cents, Lang.FR) in column
    enter = int((here.allocation.funded & ~start.allocation.funded).sum())
    leave = int((start.allocation.funded & ~here.allocation.funded).sum())
    counted = re.search(r"(\d+) dossiers? entren?t?e?, (\d+) sort", column)
    assert counted is not None
    assert (int(counted[1]), int(counted[2])) == (enter, leave)


def test_a_new_variant_is_asked_for_and_a_slider_is_not_held_up(two_variants: Page, say: Talk) -> None:
    page = two_variants
    say("beside", value="1")
    panel = page.beside
    said = say("box", id="numerique", value="500")
    assert page.beside is panel
    assert "then" not in said
    said = say("name", value={"name": "Moins de services"})
    assert said["then"] == {"do": "beside", "value": "1"}
    assert said["parts"]["beside"] == ""
    say(**said["then"])
    assert len(read_columns(page._sent["beside"])) == 4
    assert say("beside", value="")["parts"]["beside"] == ""
    assert say("beside", value="2")["kind"] == "bad"


def test_a_setting_cancels_the_causes(two_variants: Page) -> None:
    page, switch = two_variants, Cancellation()
    replies = page.receive({"do": "beside", "value": "1"}, switch)
    next(replies)
    switch.cancel()
    assert list(replies)[-1].document["done"]
    assert not page.has_complete_panel


def test_steps_come_back_as_the_browser_kept_them(
    two_variants: Page, scenario: ScenarioData, say: Talk
) -> None:
    said = say("undo")
    kept = said["steps"]
    other = Page(scenario, Lang.FR)
    list(other.receive({"do": "address", "value": said["address"], "first": True, "steps": kept}))
    assert other.history.at == two_variants.history.at
    assert [step.state for step in other.history.steps] == [step.state for step in two_variants.history.steps]
    assert [step.name for step in other.history.steps] == [step.name for step in two_variants.history.steps]
    assert other._sent["variants"] == two_variants._sent["variants"]
    assert unescape(other._sent["history"]) == unescape(two_variants._sent["history"])
    list(other.receive({"do": "redo"}))
    assert other.state.settings == two_variants.history.steps[-1].state.settings


@pytest.mark.parametrize(
    "kept",
    [5, "x", [], {}, {"steps": [], "at": 0}, {"steps": [["", "", ""]], "at": 3}, {"steps": [["a"]], "at": 0},
     {"steps": None, "at": 0}, {"steps": [["", "", ""]], "at": "x"}],
)  # fmt: skip
def test_steps_that_cannot_be_read_leave_the_address_alone(scenario: ScenarioData, kept: object) -> None:
    page = Page(scenario, Lang.FR)
    replies = list(
        page.receive({"do": "address", "value": "r.plafond-departement=0", "first": True, "steps": kept})
    )
    assert replies[-1].document["kind"] == "good"
    assert page.state.rules == {"plafond-departement": False}


def test_kept_steps_are_bounded_and_checked(scenario: ScenarioData) -> None:
    history = PageHistory()
    for k in range(99):
        forced = {f"E-{j:02}": Forced(f"E-{j:02}", True, f"{k} " + "motif " * 40) for j in (1, 2, 3, 4, 5)}
        history = history.add(State(forced=forced), WRITTEN)
        history = history.set_name("Une") if k == 3 else history
    kept = dump_history(history, Lang.FR)
    assert sum(len(text) for step in kept["steps"] for text in step) <= MOST_KEPT_CHARACTERS
    again = restore_history(scenario, kept)
    assert again.present.state == history.present.state
    assert [step.name for step in again.steps if step.name] == ["Une"]
    strange = {"at": 0, "steps": [["a.unknown=5&r.part-communes=0", "n" * 500, "words"]]}
    (step,) = restore_history(scenario, strange).steps
    assert step.state == State(rules={"part-communes": False})
    assert len(step.name) == MOST_STEP_NAME
