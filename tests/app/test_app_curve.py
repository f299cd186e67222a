"""The curve under a slider: each of its values is that of the page's own answer at the amount."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tnt_sim.app.amount_curve import AmountCurve, generate_curve
from tnt_sim.app.live_answers import AnswerSuperseded, LiveAnswer, LiveAnswers
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import State
from tnt_sim.app.scenario_changes import move_amount
from tnt_sim.deadline import Cancellation
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]
FREE_OF_RULES = State(rules={"plafond-departement": False, "part-communes": False}, share="free")


def last_curve(
    scenario: ScenarioData, base: State, envelope: str, high_cents: int
) -> tuple[AmountCurve, LiveAnswers]:
    desk = LiveAnswers(scenario)
    answer = desk.optimise_state(base.settings)
    assert isinstance(answer, LiveAnswer)
    curves = list(generate_curve(desk, envelope, base, answer, high_cents, Cancellation()))
    return curves[-1], desk


def answer_at(desk: LiveAnswers, base: State, envelope: str, cents: int) -> LiveAnswer:
    answer = desk.optimise_state(move_amount(desk.scenario, base, envelope, cents).settings)
    assert isinstance(answer, LiveAnswer)
    return answer


def test_every_step_is_what_the_page_answers(scenario: ScenarioData) -> None:
    curve, desk = last_curve(scenario, FREE_OF_RULES, "mobilites", 80_000_000)
    windows = [piece for piece in curve.pieces if piece.is_window]
    assert len(windows) > 5
    draw = random.Random(4)
    places = [draw.randrange(curve.low_cents, curve.high_cents) for _ in range(20)]
    steps = [int(cents) for piece in windows for cents in piece.cents]
    assert len(steps) > len(windows)
    known = 0
    for cents in (*places, *steps[:8], *(cents - 1 for cents in steps[1:8])):
        point = curve.find_point(cents)
        answer = answer_at(desk, FREE_OF_RULES, "mobilites", cents)
        if point is None:
            bounds = curve.find_range(cents)
            assert bounds is None or bounds[0] <= answer.reading.values[0] <= bounds[1]
            continue
        known += 1
        assert point.value == answer.reading.values[0]
        assert point.n_funded == int(answer.allocation.funded.sum())
    assert known > 10


def test_the_next_step_is_the_first_that_funds_more(scenario: ScenarioData) -> None:
    curve, desk = last_curve(scenario, FREE_OF_RULES, "mobilites", 80_000_000)
    now = answer_at(desk, FREE_OF_RULES, "mobilites", 40_000_000)
    n_funded = int(now.allocation.funded.sum())
    after = curve.find_next(40_000_000, n_funded)
    assert after is not None
    assert int(answer_at(desk, FREE_OF_RULES, "mobilites", after.cents).allocation.funded.sum()) > n_funded
    window = next(
        piece
        for piece in curve.pieces
        if piece.is_window and piece.cents[0] <= after.cents < piece.until_cents
    )
    for cents in (after.cents - 1, max(40_000_000, int(window.cents[0]))):
        assert int(answer_at(desk, FREE_OF_RULES, "mobilites", cents).allocation.funded.sum()) <= n_funded


def test_points_are_answers_and_bound_what_lies_between(scenario: ScenarioData) -> None:
    base = State()
    curve, desk = last_curve(scenario, base, "programme", 240_000_000)
    assert len(curve.pieces) > 5
    for piece in curve.pieces:
        assert not piece.is_window, "amounts below follow in proportion"
        point = piece.get_point(0)
        answer = answer_at(desk, base, "programme", point.cents)
        assert (point.value, point.n_funded) == (
            answer.reading.values[0],
            int(answer.allocation.funded.sum()),
        )
        assert piece.is_proven
    draw = random.Random(7)
    for cents in (draw.randrange(60_000_000, 240_000_000) for _ in range(8)):
        bounds = curve.find_range(cents)
        if bounds is not None:
            assert bounds[0] <= answer_at(desk, base, "programme", cents).reading.values[0] <= bounds[1]


def test_a_list_that_is_not_proven_is_no_optimum(scenario: ScenarioData) -> None:
    curve, __ = last_curve(scenario, State(), "programme", 240_000_000)
    last = curve.pieces[-1]
    doubtful = replace(curve, pieces=(*curve.pieces[:-1], replace(last, is_proven=False)))
    cents = last.get_point(0).cents
    assert curve.find_point(cents) is not None
    assert doubtful.find_point(cents) is None
    assert doubtful.find_range(cents) is None
    before = curve.pieces[-2].get_point(0)
    assert doubtful.find_next(before.cents, before.n_funded) is None


def test_a_curve_is_cancelled(scenario: ScenarioData) -> None:
    desk = LiveAnswers(scenario)
    answer = desk.optimise_state(State())
    assert isinstance(answer, LiveAnswer)
    switch = Cancellation()
    curves = generate_curve(desk, "programme", State(), answer, 240_000_000, switch)
    next(curves)
    switch.cancel()
    with pytest.raises(AnswerSuperseded):
        list(curves)


def read_places(html: str) -> Mapping[str, Any]:
    found = re.search(r'data-places="(.*?)"', html, re.DOTALL)
    assert found is not None
    places: Mapping[str, Any] = json.loads(unescape(found[1]))
    return places


def test_the_curve_stays_while_its_slider_moves_and_goes_with_another_setting(page: Page, say: Talk) -> None:
    replies = list(page.receive({"do": "curve", "id": "mobilites"}))
    assert replies[-1].document["done"]
    html = page._sent["curve-2"]
    places = read_places(html)
    assert len(places["says"]) == (places["high"] - places["first"]) // places["step"] + 1
    said = say("amount", id="mobilites", value="44000000")
    moved = said["parts"]["curve-2"]
    assert 'class="here"' in moved
    assert moved != html
    assert "440" in moved
    again = list(page.receive({"do": "curve", "id": "mobilites"}))
    assert len(again) == 1, "it is not computed twice"
    assert say("rule", id="plafond-departement", value=False)["parts"]["curve-2"] == ""


def test_what_a_place_of_the_slider_says_is_what_the_page_answers_there(page: Page, say: Talk) -> None:
    for name in ("plafond-departement", "part-communes"):
        say("rule", id=name, value=False)
    say("share", value="free")
    list(page.receive({"do": "curve", "id": "mobilites"}))
    places = read_places(page._sent["curve-2"])
    k = len(places["says"]) * 2 // 3
    say("amount", id="mobilites", value=str(places["first"] + k * places["step"]))
    here = re.search(r"<p data-says>(.*?)</p>", page._sent["curve-2"])
    assert here is not None
    assert unescape(here[1]) == places["says"][k]


def test_an_envelope_dragged_to_nothing_and_back_keeps_the_proportions_below(page: Page, say: Talk) -> None:
    for cents in ("0", "60000000", "120000000"):
        say("amount", id="programme", value=cents, soft=True)
    assert page.state.changes_nothing
    say("amount", id="programme", value="60000000")
    amounts = page.state.amounts
    assert sum(amounts[name] for name in ("numerique", "mobilites")) <= amounts["programme"]
    say("amount", id="programme", value="120000000")
    assert page.state.changes_nothing


def test_no_event_of_a_browser_breaks_a_curve(page: Page, say: Talk) -> None:
    assert say("curve", id="inconnue")["kind"] == "bad"
