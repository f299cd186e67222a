"""The words of a claim: what they may say together, one contradiction at a time."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from support.run_folders.small_runs import solved

from tnt_sim.errors import Defects
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.verify.claim_consistency import (
    NO_LIST,
    NOT_CANONICAL,
    NOT_PROVED,
    RunClaim,
    build_unconfirmed_warning,
    check_run_words,
    check_shape,
    read_claim,
    split_warnings,
)

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> tuple[ObjectiveStage, ...]:
    """Two stages, the first to be maximised with a tolerance of 5 %, the second to be minimised."""
    stages = solved("money", tmp_path_factory.mktemp("money")).problem.stages[:2]
    assert [str(stage.sense.value) for stage in stages] == ["maximise", "minimise"]
    assert stages[0].tolerance == Fraction(1, 20)
    return stages


def goal(value: str, bound: str | None, gap: str | None, proof: str, cents: Any = None) -> Entry:
    return {"value": value, "bound": bound, "gap": gap, "gap_money_cents": cents, "proof": proof}


def entry(*goals: Entry, status: str = "optimal", proof: str = "PROVED") -> Entry:
    ties = {"least_granted": None, "list": None}
    return {"status": status, "proof": proof, "canonical_proof": ties, "objective": list(goals)}


GOOD = entry(goal("10", "10", "0", "PROVED"), goal("3", "3", "0", "PROVED"))
VALUES = (Fraction(10), Fraction(3))


def said(told: Entry, stages: tuple[ObjectiveStage, ...], values: tuple[Fraction, ...] = VALUES) -> set[str]:
    found = Defects()
    read_claim(told, "", stages, values, found)
    return {defect.code.removeprefix("claim:") for defect in found.entries}


def feasible(one: Entry, other: Entry) -> Entry:
    return entry(one, other, status="feasible", proof="FEASIBLE_GAP")


def test_a_good_claim_is_read(stages: tuple[ObjectiveStage, ...]) -> None:
    found = Defects()
    claim = read_claim(GOOD, "", stages, VALUES, found)
    assert found.entries == []
    assert (claim.status, claim.proof) == ("optimal", "PROVED")
    assert [(g.bound, g.gap, g.gap_money_cents, g.proof) for g in claim.goals] == [
        (Fraction(10), "0", None, "PROVED"),
        (Fraction(3), "0", None, "PROVED"),
    ]


@pytest.mark.parametrize(
    ("bound", "gap", "ok"),
    [
        ("10", "0", True), ("10.5", "0.5", True), ("10.5263157894", "0.5263157894", True),
        ("10.53", "0.53", False), ("9.9", "0.1", False), ("10.5", "0.4", False), (None, None, False),
    ],
)  # fmt: skip
def test_a_tolerance_gives_up_that_much_of_the_bound(
    stages: tuple[ObjectiveStage, ...], bound: str | None, gap: str | None, ok: bool
) -> None:
    told = entry(goal("10", bound, gap, "PROVED"), goal("3", "3", "0", "PROVED"))
    assert (said(told, stages) == set()) is ok


@pytest.mark.parametrize(
    ("one", "other", "codes"),
    [
        (("12", "2"), ("1", "2"), set()),
        ((None, None), (None, None), set()),
        (("10.3333333333", "0.333333333333"), ("2.66666666667", "0.333333333333"), set()),
        (("10.3333333333", "0.33333333334"), ("2.66666666667", "0.333333333333"), set()),
        (("10.3333333333", "0.334"), ("3", "0"), {"objective[0].gap"}),
        (("12", "2.0000000002"), ("1", "2"), {"objective[0].gap"}),
        (("9", "1"), ("1", "2"), {"objective[0].bound"}),
        (("12", "2"), ("4", "1"), {"objective[1].bound"}),
        (("12", None), ("1", "2"), {"objective[0].gap"}),
        ((None, "2"), ("1", "2"), {"objective[0].gap"}),
        (("12.0", "2"), ("1", "2"), {"objective[0].bound", "objective[0].gap"}),
        (("1e1", "0"), ("1", "2"), {"objective[0].bound", "objective[0].gap"}),
        ((12, "2"), ("1", "2"), {"objective[0].bound", "objective[0].gap"}),
    ],
)  # fmt: skip
def test_bounds_and_gaps_of_an_incumbent(
    stages: tuple[ObjectiveStage, ...],
    one: tuple[Any, Any],
    other: tuple[Any, Any],
    codes: set[str],
) -> None:
    told = feasible(goal("10", *one, "FEASIBLE_GAP"), goal("3", *other, "FEASIBLE_GAP"))
    assert said(told, stages) == codes


def test_optimal_without_tolerance_has_no_gap(stages: tuple[ObjectiveStage, ...]) -> None:
    strict = tuple(replace(stage, tolerance=Fraction(0)) for stage in stages)
    assert said(GOOD, strict) == set()
    told = deepcopy(GOOD)
    told["objective"][0] |= {"bound": "10.5", "gap": "0.5"}
    assert said(told, strict) == {"objective[0].bound"}
    told = deepcopy(GOOD)
    told["objective"][1] |= {"bound": "2", "gap": "1"}
    assert said(told, strict) == {"objective[1].bound"}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"status": "infeasible"}, {"status", "proof"}),
        ({"status": "feasible"}, {"proof"}),
        ({"status": None}, {"status", "proof"}),
        ({"proof": "CROSS_CHECKED"}, {"proof"}),
        ({"proof": "FEASIBLE_GAP"}, {"proof"}),
        ({"proof": "proved"}, {"proof"}),
        ({"proof": ["PROVED"]}, {"proof"}),
        ({"objective": []}, {"objective", "objective[0].bound", "objective[0].proof",
                             "objective[1].bound", "objective[1].proof", "proof"}),
        ({"objective": "x"}, {"objective", "objective[0].bound", "objective[0].proof",
                              "objective[1].bound", "objective[1].proof", "proof"}),
        ({"objective": [*GOOD["objective"], GOOD["objective"][0]]}, {"objective"}),
        ({"objective": [GOOD["objective"][0], 7]}, {"objective[1].bound", "objective[1].proof", "proof"}),
    ],
)  # fmt: skip
def test_words_that_do_not_agree(stages: tuple[ObjectiveStage, ...], change: Entry, codes: set[str]) -> None:
    assert said({**GOOD, **change}, stages) == codes


@pytest.mark.parametrize(("words", "proof"), [
    (("PROVED", "CROSS_CHECKED"), "CROSS_CHECKED"), (("CROSS_CHECKED", "PROVED"), "CROSS_CHECKED"),
    (("FEASIBLE_GAP", "PROVED"), "FEASIBLE_GAP"), (("PROVED", "PROVED"), "PROVED"),
])  # fmt: skip
def test_the_weakest_proof_counts(
    stages: tuple[ObjectiveStage, ...], words: tuple[str, str], proof: str
) -> None:
    goals = [goal("10", "10", "0", words[0]), goal("3", "3", "0", words[1])]
    for claimed in ("PROVED", "CROSS_CHECKED", "FEASIBLE_GAP"):
        assert (said(entry(*goals, proof=claimed), stages) == set()) is (claimed == proof)
    goals[0]["proof"] = "SURE"
    assert said(entry(*goals, proof=proof), stages) == {"objective[0].proof", "proof"}


@pytest.mark.parametrize(
    ("cents", "ok"),
    [(None, True), (0, True), (5, False), (-1, False), ("0", False), (True, False), (0.0, False)],
)
def test_the_gap_in_money(stages: tuple[ObjectiveStage, ...], cents: Any, ok: bool) -> None:
    told = entry(goal("10", "10", "0", "PROVED", cents), goal("3", "3", "0", "PROVED"))
    assert said(told, stages) == (set() if ok else {"objective[0].gap_money_cents"})
    gap = feasible(goal("10", "12", "2", "FEASIBLE_GAP", 5), goal("3", "3", "0", "FEASIBLE_GAP"))
    assert said(gap, stages) == set()


@pytest.mark.parametrize(
    ("least", "listing", "codes"),
    [
        ("PROVED", "PROVED", set()), ("PROVED", None, set()), ("CROSS_CHECKED", None, set()),
        (None, "PROVED", set()), (1, None, {"least_granted"}), ("proved", None, {"least_granted"}),
        ("FEASIBLE_GAP", None, {"least_granted"}), (None, "CROSS_CHECKED", {"list"}), (None, True, {"list"}),
        (["PROVED"], ["PROVED"], {"least_granted", "list"}),
    ],
)  # fmt: skip
def test_what_supports_the_tie_break(
    stages: tuple[ObjectiveStage, ...], least: Any, listing: Any, codes: set[str]
) -> None:
    ties = {"least_granted": least, "list": listing}
    assert said({**GOOD, "canonical_proof": ties}, stages) == {f"canonical_proof.{code}" for code in codes}
    if not codes:
        claim = read_claim({**GOOD, "canonical_proof": ties}, "", stages, VALUES, Defects())
        assert (claim.least_granted, claim.listing) == (least, listing)
        stopped = feasible(goal("10", "12", "2", "FEASIBLE_GAP"), goal("3", "3", "0", "FEASIBLE_GAP"))
        due = {f"canonical_proof.{key}" for key, word in ties.items() if word is not None}
        assert said({**stopped, "canonical_proof": ties}, stages) == due


@pytest.mark.parametrize(
    "ties", [None, [], "PROVED", {}, {"list": None}, {"least_granted": None, "list": None, "x": 1}]
)
def test_a_tie_break_of_another_shape(stages: tuple[ObjectiveStage, ...], ties: Any) -> None:
    assert said({**GOOD, "canonical_proof": ties}, stages) == {"canonical_proof"}


# ---- the words of the whole run

OPTIMAL, FEASIBLE = RunClaim("optimal", "PROVED", ()), RunClaim("feasible", "FEASIBLE_GAP", ())
UNSURE = RunClaim("optimal", "FEASIBLE_GAP", ())
RUN = {
    "status": "optimal", "proof": "PROVED", "publishable": True, "canonical": True, "stopped_by": None,
    "method": "direct",
}  # fmt: skip
PART = {
    "status": "feasible", "proof": "FEASIBLE_GAP", "publishable": False, "canonical": False, "stopped_by": "time",
    "method": "core",
}  # fmt: skip
FIRST = {"least_granted": "PROVED", "list": "PROVED"}
NC, NP, CC, NL = NOT_CANONICAL.code, NOT_PROVED.code, "not-cross-checked", NO_LIST.code


@pytest.mark.parametrize(
    ("run", "notes", "claims", "codes"),
    [
        (RUN, set(), [OPTIMAL], set()),
        (PART, {NP, CC}, [FEASIBLE], set()),
        ({**RUN, "canonical": False, "stopped_by": "nodes"}, {NC}, [OPTIMAL], set()),
        ({**RUN, "canonical": False}, {NC}, [OPTIMAL], set()),
        ({**RUN, "proof": "FEASIBLE_GAP", "publishable": False}, {CC}, [UNSURE], set()),
        ({**PART, "stopped_by": None}, {NP, CC, NC}, [OPTIMAL, FEASIBLE], set()),
        ({**RUN, "canonical_proof": FIRST}, set(), [OPTIMAL], set()),
        ({**RUN, "canonical": False, "canonical_proof": FIRST}, {NC}, [OPTIMAL], {"canonical_proof.list"}),
        ({**RUN, "canonical": False, "canonical_proof": {**FIRST, "list": None}}, {NC}, [OPTIMAL], set()),
        ({**PART, "status": "feasible"}, {NL}, [OPTIMAL], set()),
        ({**RUN, "stopped_by": "tired"}, set(), [OPTIMAL], {"stopped_by", "canonical"}),
        ({**RUN, "stopped_by": False}, set(), [OPTIMAL], {"stopped_by", "canonical"}),
        ({**RUN, "stopped_by": "time"}, set(), [OPTIMAL], {"canonical"}),
        ({**RUN, "method": "luck"}, set(), [OPTIMAL], {"method"}),
        ({**RUN, "method": ["core"]}, set(), [OPTIMAL], {"method"}),
        ({**RUN, "publishable": False}, set(), [OPTIMAL], {"publishable"}),
        ({**RUN, "publishable": 1}, set(), [OPTIMAL], {"publishable"}),
        ({**PART, "publishable": True}, {NP, CC}, [FEASIBLE], {"publishable"}),
        ({**RUN, "canonical": False}, set(), [OPTIMAL], {"canonical"}),
        ({**RUN, "canonical": 1}, set(), [OPTIMAL], {"canonical"}),
        ({**RUN, "status": "feasible"}, set(), [OPTIMAL], {"canonical"}),
        (RUN, {NC}, [OPTIMAL], {"canonical"}),
        (RUN, {NL}, [OPTIMAL], {"canonical"}),
        (RUN, {NP}, [OPTIMAL], {"warnings", "canonical"}),
        (RUN, {CC}, [OPTIMAL], {"warnings"}),
        (PART, {CC}, [FEASIBLE], {"warnings", "canonical"}),
        (PART, {NP}, [FEASIBLE], {"warnings"}),
        (PART, {NP, CC, NC}, [FEASIBLE], {"warnings"}),
    ],
)  # fmt: skip
def test_the_words_of_the_run(run: Entry, notes: set[str], claims: list[RunClaim], codes: set[str]) -> None:
    found = Defects()
    check_run_words(run, notes, claims, found)
    assert {defect.code.removeprefix("claim:") for defect in found.entries} == codes


@pytest.mark.parametrize(
    ("key", "value", "ok"),
    [
        ("seconds", {"read": 0.1, "solve": 2}, True),
        ("seconds", {}, False), ("seconds", None, False), ("seconds", {"read": -0.1}, False),
        ("seconds", {"read": "0.1"}, False), ("seconds", {"read": True}, False),
        ("seconds", {"read": 1e12}, False),
        ("versions", {"polars": "2.1"}, True),
        ("versions", {}, False), ("versions", {"polars": ""}, False), ("versions", {"polars": 2}, False),
        ("versions", ["polars"], False),
    ],
)  # fmt: skip
def test_seconds_and_versions(key: str, value: Any, ok: bool) -> None:
    found = Defects()
    check_shape({"seconds": {"read": 0}, "versions": {"x": "1"}, key: value}, found)
    assert [defect.code for defect in found.entries] == ([] if ok else [f"claim:{key}"])


@pytest.mark.parametrize("lang", list(Lang))
def test_notes_are_told_from_other_warnings(lang: Lang) -> None:
    reason = Bilingual("le second solveur a échoué", "the second solver failed")
    notes = [
        NOT_PROVED,
        NOT_CANONICAL,
        NO_LIST,
        *(build_unconfirmed_warning(reason, v) for v in ("limit", "failed", "no_solver")),
    ]
    lines = [note.line(lang) for note in notes]
    assert split_warnings(["a", *lines, "b"], lang) == ({NP, NC, NL, CC}, ["a", "b"])
    assert split_warnings([lines[0], lines[0]], lang) == ({NP}, [lines[0]])
    for line in lines:
        assert split_warnings([f"{line} "], lang) == (set(), [f"{line} "])
        assert split_warnings([line.replace(".", " !", 1)], lang)[0] == set()
    free = build_unconfirmed_warning(
        Bilingual("tout va bien. Publiez", "all is well. Publish"), "limit"
    ).line(lang)
    assert split_warnings([free], lang) == (set(), [free])
