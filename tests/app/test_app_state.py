"""The state of the page and its address: what is encoded comes back, what cannot be read is told."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.app.page_settings import Axis, compute_slider_max, compute_step, format_box, parse_box
from tnt_sim.app.page_state import FIRST_ROWS, SHARES, SHOWS, Forced, State, decode, encode
from tnt_sim.i18n.message import Lang

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = TEXTS.filter(lambda text: not text.startswith("[")) | st.lists(TEXTS, max_size=3).map(json.dumps)
"""What a repair sets: what begins as a list is one."""


@st.composite
def states(draw: st.DrawFn) -> State:
    forced = draw(st.dictionaries(NAMES, st.tuples(st.booleans(), TEXTS), max_size=3))
    sets = draw(st.dictionaries(st.tuples(NAMES, st.sampled_from(["min", "max"])), VALUES, max_size=2))
    return State(
        amounts=draw(st.dictionaries(NAMES, st.integers(0, 2**53), max_size=3)),
        rules=draw(st.dictionaries(NAMES, st.booleans(), max_size=3)),
        weights=draw(
            st.dictionaries(
                st.tuples(st.integers(0, 9), NAMES), st.sampled_from(["0", "1", "2.5", "0.125"]), max_size=3
            )
        ),
        forced={name: Forced(name, inside, reason) for name, (inside, reason) in forced.items()},
        sets={f"rules.{name}.{key}": text for (name, key), text in sets.items()},
        share=draw(st.sampled_from(SHARES)),
        search=draw(TEXTS),
        show=draw(st.sampled_from(SHOWS)),
        department=draw(TEXTS),
        rows=draw(st.sampled_from([FIRST_ROWS, 3 * FIRST_ROWS])),
    )


@given(states())
def test_an_address_holds_the_whole_state(state: State) -> None:
    text = encode(state)
    assert text.isascii()
    assert " " not in text
    assert decode(text) == (state, [])
    assert decode(f"#{text}") == (state, [])


def test_the_scenario_as_written_has_no_address() -> None:
    assert encode(State()) == ""
    assert decode("") == (State(), [])


@pytest.mark.parametrize(
    "bad",
    ["a.x=1.5", "a.x=-1", "a.=5", "a.x=99999999999999999999", "r.x=oui", "w.0=1", "w.a.b=1", "w.0.b=-1", "in.=x",
     "s.dossiers.0=x", "s.rules.x=1", "s.rules.x.min=[", "share=all", "show=none", "rows=1", "rows=x", "inconnu=1",
     "q", "a.x=٣"],
)  # fmt: skip
def test_what_makes_no_sense_is_told_and_left_out(bad: str) -> None:
    state, told = decode(f"r.kept=0&{bad}")
    assert state == State(rules={"kept": False})
    assert len(told) == 1
    assert bad.partition("=")[0] in told[0].fr
    assert bad.partition("=")[0] in told[0].en


def test_an_endless_address_is_refused_whole() -> None:
    state, told = decode("search=" + quote("é" * 30_000))
    assert state == State()
    assert len(told) == 1


@given(
    st.integers(0, 2**53), st.sampled_from([("M€", 10**8), ("k€", 10**5), ("€", 100)]), st.sampled_from(Lang)
)
def test_a_box_holds_the_exact_amount(cents: int, unit: tuple[str, int], lang: Lang) -> None:
    assert parse_box(format_box(cents, unit, lang), unit) == cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [("31,5", 3_150_000_000), ("31.5", 3_150_000_000), ("31,5 M€", 3_150_000_000), ("250 k€", 25_000_000)],
)
def test_amounts_as_people_type_them(text: str, cents: int) -> None:
    assert parse_box(text, ("M€", 10**8)) == cents


@pytest.mark.parametrize("text", ["", "beaucoup", "-3", "0,000000001", "1e9", "99999999999", "5 M$"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the page says what is wrong)
        parse_box(text, ("M€", 10**8))


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_slider_reaches_beyond_the_amount_in_round_steps(written: int, now: int) -> None:
    step, end = compute_step(written), compute_slider_max(Axis(0, "a", "A", written, False), now)
    assert end >= now
    assert end >= 2 * written
    assert end % step == 0
    assert str(step).strip("0") in {"1", "2", "5"}
