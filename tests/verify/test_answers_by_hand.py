"""Answers, claims and their documents from a few words, without a run: what each word and figure makes of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_scenario import HEAD, tiny

from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.decision_register import REGISTER, SIGNATURE
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, read_allocation
from tnt_sim.verify.claim_consistency import (
    _DIGITS_KEPT,
    NO_LIST,
    NOT_CANONICAL,
    RunClaim,
    _compute_rounding,
    _is_bound_consistent,
    _is_gap_consistent,
    check_run_words,
    compare_solver_claims,
)
from tnt_sim.verify.document import _build_claim
from tnt_sim.verify.input_files import RunInputs
from tnt_sim.verify.proofs import read_stored_proofs
from tnt_sim.verify.run_document import StageFigures, format_fraction
from tnt_sim.verify.run_files import hash_summary
from tnt_sim.verify.run_replay import Replay, _determine_answers, _list_inputs
from tnt_sim.verify.signing import signature
from tnt_sim.verify.signing.signature import select_signed_entries
from tnt_sim.verify.stored_allocation import _describe_difference
from tnt_sim.verify.verification import CLAIMED, NO_ANSWER, NO_ROWS, Answer, Means, Standing, build_fresh

KERNEL = Answer(Standing.REPEATED, Means.KERNEL)
SHOWN = Answer(Standing.DEMONSTRATED, Means.INPUTS)


@pytest.mark.parametrize(("best", "canonical", "listed"), list(product((True, False), repeat=3)))
@pytest.mark.parametrize("proof", ["PROVED", "CROSS_CHECKED", "FEASIBLE_GAP", None])
def test_a_fresh_run_is_shown_by_what_it_proved(
    best: bool, canonical: bool, listed: bool, proof: str | None
) -> None:
    """The rank among ties is certified only beside a certified optimum."""
    answer = build_fresh(best, proof, canonical, NO_ROWS, listed=listed)
    assert answer.rules == SHOWN
    certified = best and proof == "PROVED"
    if certified:
        assert answer.optimal == KERNEL
    else:
        assert not answer.optimal.is_certified
        assert (answer.optimal == NO_ANSWER) is not best
    assert answer.first == (KERNEL if certified and listed else CLAIMED if canonical else NO_ANSWER)


def replay_of(**summary: Any) -> Any:
    """A run that was read, with these words in its summary."""
    return Replay(Path("run"), Path("project"), summary)


def test_a_run_answers_by_its_words_only_what_nothing_denies() -> None:
    """A missing input leaves claims, another defect nothing; certificates show what they prove."""
    best = {"status": "optimal", "proof": "PROVED", "canonical": True}
    gone, false = Defect("input", Bilingual("a", "b")), Defect("files", Bilingual("a", "b"))
    for summary, claims in (
        (best, (CLAIMED, CLAIMED)),
        ({**best, "proof": "FEASIBLE_GAP"}, (CLAIMED, CLAIMED)),
        ({**best, "status": "feasible"}, (CLAIMED, CLAIMED)),
        ({**best, "status": "feasible", "proof": "FEASIBLE_GAP"}, (NO_ANSWER, CLAIMED)),
        ({**best, "canonical": 1}, (CLAIMED, NO_ANSWER)),
        ({}, (NO_ANSWER, NO_ANSWER)),
    ):
        run = replay_of(**summary)
        assert _determine_answers(run, (gone,)) == (CLAIMED, *claims)
        assert _determine_answers(run, ()) == (CLAIMED, *claims)  # nothing was read again
        assert _determine_answers(run, (gone, false)) == (NO_ANSWER,) * 3
        run.whole = SimpleNamespace()
        assert _determine_answers(run, ()) == (SHOWN, *claims)
        assert _determine_answers(run, (gone,)) == (CLAIMED, *claims)
        run.proven, run.means = True, Means.LIST
        assert _determine_answers(run, ()) == (SHOWN, Answer(Standing.DEMONSTRATED, Means.LIST), claims[1])
        run.proven_first, run.first_means = True, Means.KERNEL
        assert _determine_answers(run, ())[2] == KERNEL


def test_files_are_said_to_be_read_where_they_were() -> None:
    entries = [{"path": name, "sha256": name * 2, "kind": "table"} for name in "ab"]
    files = {name: Path("/x") / name for name in "ab"}
    for is_named, place in ((True, "named"), (False, "project")):
        inputs = RunInputs(Path("/x"), Path("/x/a"), files, frozenset("a"), is_named)
        answer = _list_inputs({"inputs": entries}, inputs)
        assert [(entry.path, entry.place, entry.file, entry.sha256) for entry in answer] == [
            ("a", "kept", "/x/a", "aa"),
            ("b", place, "/x/b", "bb"),
        ]


@pytest.mark.parametrize("hint", [None, Bilingual("remède", "remedy")])
def test_a_defect_is_told_with_its_remedy_and_places(hint: Any) -> None:
    defect = Defect("c", Bilingual("faux", "false"), (Place(file="f", row=3), Place(file="g")), hint)
    for lang, text, words in ((Lang.FR, "faux", "remède"), (Lang.EN, "false", "remedy")):
        answer = _build_claim(defect, lang)
        assert (answer.code, answer.message) == ("c", text)
        assert answer.hint == (words if hint else None)
        assert [place.split(":")[0] for place in answer.places] == ["f", "g"]


# ---- figures and words


def test_a_gap_is_that_of_its_bound_up_to_what_rounding_takes() -> None:
    """A text keeps so many digits: exact where it has more or no decimals, and else within a unit of the last."""
    bound = Fraction("0.100000000001")
    assert len("100000000001") == _DIGITS_KEPT
    unit = _compute_rounding(bound)
    assert unit == bound / 10 ** (_DIGITS_KEPT - 1)
    for value in (bound, bound - 1, bound + 2):
        exact = abs(bound - value)
        for gap, fits in ((exact, True), (exact + unit, True), (exact + unit * 100, False)):
            assert _is_gap_consistent(bound, gap, value) is fits
            assert _is_gap_consistent(bound, 2 * exact - gap, value) is fits
    assert not _is_gap_consistent(bound, unit * 1001 / 1000, bound)
    for plain in (Fraction("1234567.012345"), Fraction(123456789012345)):
        assert _compute_rounding(plain) == 0
        assert _is_gap_consistent(plain, Fraction(1, 8), plain - Fraction(1, 8))
        assert not _is_gap_consistent(plain, Fraction(1, 8) + Fraction(1, 1000), plain - Fraction(1, 8))
    assert _is_gap_consistent(None, None, bound)
    assert not _is_gap_consistent(None, Fraction(0), bound)
    assert not _is_gap_consistent(bound, None, bound)


@pytest.mark.parametrize("sense", list(Sense))
@given(st.data())
def test_what_a_run_writes_of_a_bound_fits_its_value(sense: Sense, data: Any) -> None:
    """The text of a rounded figure may end in zeros, which are not written: 0.0965070811500… is one."""
    figure = st.builds(Fraction, st.integers(-(10**9), 10**9), st.integers(1, 10**4))
    places = data.draw(st.integers(1, 9))
    ends_in_zeros = st.integers(1, 10**6).map(lambda k: (k + Fraction(1, 3 * 10**6)) / 10**places)
    value = data.draw(figure | ends_in_zeros)
    gap = data.draw(st.just(Fraction(0)) | st.builds(abs, figure))
    bound = value + gap if sense is Sense.MAXIMISE else value - gap
    told = StageFigures("g", sense.value, value, bound, "PROVED").build_document()
    assert told.bound is not None
    assert told.gap is not None
    assert _is_gap_consistent(Fraction(told.bound), Fraction(told.gap), value)
    for tolerance in (Fraction(0), Fraction(1, 20)):
        stage: Any = SimpleNamespace(sense=sense, tolerance=tolerance)
        assert _is_bound_consistent(Fraction(told.bound), stage, value, optimal=False)
        if not gap:
            assert _is_bound_consistent(Fraction(told.bound), stage, value, optimal=True)


@pytest.mark.parametrize("sense", list(Sense))
def test_a_bound_lies_beyond_its_value_up_to_what_rounding_takes(sense: Sense) -> None:
    sign = 1 if sense is Sense.MAXIMISE else -1
    bound = Fraction("1.00000000001")
    unit = _compute_rounding(bound)
    assert unit > 0
    for tolerance in (Fraction(0), Fraction(1, 20)):
        stage: Any = SimpleNamespace(sense=sense, tolerance=tolerance)
        for excess, is_open, is_met in (
            (-unit, True, True), (-unit * 2, False, False), (Fraction(0), True, True),
            (bound / 20 + unit, True, True), (bound / 20 + unit * 2, True, False),
        ):  # fmt: skip
            value = bound - sign * excess
            assert _is_bound_consistent(bound, stage, value, optimal=False) is is_open
            if tolerance:
                assert _is_bound_consistent(bound, stage, value, optimal=True) is is_met
        plain = Fraction(3)
        assert _is_bound_consistent(plain, stage, plain, optimal=True)
        assert _is_bound_consistent(plain, stage, plain - sign * Fraction(1, 10), optimal=True) is bool(
            tolerance
        )
        assert not _is_bound_consistent(plain, stage, plain + sign, optimal=True)
        assert not _is_bound_consistent(None, stage, plain, optimal=True)
        assert _is_bound_consistent(None, stage, plain, optimal=False)


@pytest.mark.parametrize(
    ("canonical", "notes", "words"),
    [
        (True, {NO_LIST.code, NOT_CANONICAL.code}, f"True, {NOT_CANONICAL.code}, {NO_LIST.code}"),
        (False, set(), "False, —"),
        (None, set(), "None, —"),
    ],
)
def test_what_denies_the_first_of_equals_is_named(canonical: Any, notes: set[str], words: str) -> None:
    summary = {
        "status": "optimal", "proof": "PROVED", "publishable": True, "canonical": canonical, "stopped_by": None,
        "method": "direct",
    }  # fmt: skip
    answer = Defects()
    check_run_words(summary, notes, [RunClaim("optimal", "PROVED", ())], answer)
    (defect,) = answer.entries
    assert defect.code == "claim:canonical"
    assert f"({words})" in defect.text.in_(Lang.EN)


def test_a_certificate_repeats_the_stages_of_its_summary() -> None:
    """All of them, with the least money or without, or fewer where a limit ended the run."""
    goals = [SimpleNamespace(bound=bound) for bound in (Fraction(7), None)]
    stages: Any = [
        SimpleNamespace(goal="a", sense=Sense.MAXIMISE, tolerance=Fraction(0)),
        SimpleNamespace(goal="b", sense=Sense.MINIMISE, tolerance=Fraction(1, 10)),
    ]
    values = (Fraction(7), Fraction(3))
    first = {"goal": "a", "sense": "maximise", "termination": "optimal", "bound": "7", "value": "7"}
    second = {"goal": "b", "sense": "minimise", "termination": "optimal", "bound": None, "value": "other"}
    least = {"goal": "granted", "sense": "minimise"}

    def tell(stored: Any, status: str = "optimal") -> list[str]:
        claim: Any = SimpleNamespace(status=status, goals=goals)
        return [defect.code for defect in compare_solver_claims(stored, "w.", stages, values, claim)]

    assert tell([first, second]) == tell([first, second, least]) == []
    assert tell([first, second], "feasible") == tell([first], "feasible") == []
    for stored in (
        [],
        None,
        [first],
        [second],
        [first, second, first],
        [first, second, least, least],
        [first, 3],
    ):
        assert tell(stored) == ["certificate:w.stages"]
    assert tell([second], "feasible") == tell([], "feasible") == ["certificate:w.stages"]
    assert tell([{**first, "termination": "limit"}, second]) == ["certificate:w.stages[0].termination"]
    assert tell([{**first, "termination": "limit"}, second], "feasible") == []
    assert tell([{**first, "bound": "8"}, second]) == ["certificate:w.stages[0].bound"]
    assert tell([{**first, "value": "6"}, second]) == ["certificate:w.stages[0].value"]
    assert tell([first, {**second, "bound": "3"}]) == ["certificate:w.stages[1].bound"]
    goals[0].bound = None
    assert tell([], "feasible") == []


def test_stored_proofs_of_any_form_are_read_without_a_fault() -> None:
    proofs, ties = [{"a": 1}, 3, None], {"least_granted": {"l": 1}, "list": {"f": 1}}
    stored = {"proofs": proofs, "tie_break": ties, "stages": [1], "cross_check": {"verdict": "agrees"}}
    run = replay_of()
    run.certificate = stored
    answer = read_stored_proofs(run, 0)
    assert (answer.where, answer.solver_words, answer.verdict) == ("", [1], "agrees")
    assert (answer.stages, answer.least_granted, answer.listing) == (
        [{"a": 1}, None, None],
        {"l": 1},
        {"f": 1},
    )
    for part, read in (
        ({"proofs": {"a": 1}}, ([], {"l": 1}, {"f": 1}, "agrees")),
        ({"proofs": "ab"}, ([], {"l": 1}, {"f": 1}, "agrees")),
        ({"tie_break": []}, ([{"a": 1}, None, None], None, None, "agrees")),
        ({"tie_break": {"list": [3]}}, ([{"a": 1}, None, None], None, None, "agrees")),
        ({"cross_check": 3}, ([{"a": 1}, None, None], {"l": 1}, {"f": 1}, "None")),
    ):
        run.certificate = {**stored, **part}
        other = read_stored_proofs(run, 0)
        assert (other.stages, other.least_granted, other.listing, other.verdict) == read
    run.steps = SimpleNamespace()
    for steps, number, is_there in (
        ([3, stored], 1, True),
        ([3, stored], 0, False),
        ([3], 1, False),
        ({}, 0, False),
    ):
        run.certificate = {**stored, "steps": steps}
        answer = read_stored_proofs(run, number)
        assert (answer.listing is not None) is is_there
        assert answer.where == f"steps[{number}]."
    run.certificate = None
    assert read_stored_proofs(run, 0).stages == []


@pytest.mark.parametrize(("sense", "sign"), [("maximise", -1), ("minimise", 1)])
def test_a_broken_rule_costs_its_price_in_the_sense_of_its_goal(
    tmp_path: Path, sense: str, sign: int
) -> None:
    """Three applications where one is allowed: twice the price, off what is maximised, on what is minimised."""
    goals = f"objective: [{{{sense}: {{score: 1}}}}, {{{sense}: {{dossiers: 1}}}}]\n"
    rules = "rules: [{id: r, kind: limit, measure: dossiers, max: 1, penalty: {cost: 2.5, stage: 2}}]\n"
    scenario = HEAD.replace("objective: [{maximise: {score: 1}}]\n", goals) + rules
    problem = compile_problem(tiny(tmp_path, scenario))
    funded = np.array([True, True, False, True])
    granted = np.where(funded, problem.offers.highest_cents, 0)
    allocation = Allocation(funded, granted)
    assert read_allocation(problem, allocation).values == (Fraction(26), 3 + sign * 2 * Fraction("2.5"))


def test_lists_of_names_are_told_by_what_sets_them_apart() -> None:
    for stored, again, words in (
        (["a"], ["a", "b"], "missing: b"),
        (["a", "b"], ["a"], "too many: b"),
        (["a", "a", "b"], ["a", "b"], "twice: a"),
        (["b", "a"], ["a", "b"], "another order"),
        (["c", "c"], ["a"], "missing: a; too many: c"),
        ([*"abcdefg"], [], "too many: a, b, c, d, e"),
    ):
        assert _describe_difference(stored, again).in_(Lang.EN) == words


def test_the_entries_that_signed_a_run_are_those_that_name_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual register comes first; what cannot be read, is no list or signs another run is left out."""
    summary = {"a": 1}
    signed_hash = hash_summary(summary)
    entries: dict[str, Any] = {
        "archive/1": SimpleNamespace(is_list=True, signature={"document_sha256": signed_hash}),
        f"{REGISTER}/1": SimpleNamespace(is_list=True, signature={"document_sha256": signed_hash}),
        f"{REGISTER}/2": SimpleNamespace(is_list=False, signature={"document_sha256": signed_hash}),
        f"{REGISTER}/3": SimpleNamespace(
            is_list=True, signature={"document_sha256": "0" * 64, "also": signed_hash}
        ),
        f"{REGISTER}/4": None,
    }
    for name in entries:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / SIGNATURE).write_text(signed_hash, encoding="utf-8")
    (tmp_path / REGISTER / "5").mkdir()
    (tmp_path / REGISTER / "5" / SIGNATURE).write_text("of another run", encoding="utf-8")
    read: list[str] = []

    def read_stub(folder: Path, _: Defects) -> Any:
        read.append(folder.relative_to(tmp_path).as_posix())
        return entries[read[-1]]

    monkeypatch.setattr(signature, "read_entry", read_stub)
    answer = select_signed_entries(tmp_path, summary)
    assert answer == [entries[f"{REGISTER}/1"], entries["archive/1"]]
    assert sorted(read) == sorted(entries)
    assert format_fraction(Fraction(1, 4)) == "0.25"
