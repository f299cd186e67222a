"""Each row of the key tables of the reference has a test of its sentence, and no test is of a key that is gone."""

from __future__ import annotations

from support.claims import expand_claim, list_keys, read_claims
from support.paths import TESTS as TESTS_FOLDER

TO_DO = {
    "CoverageSpec",
    "EquitySpec",
    "ExclusiveSpec",
    "LimitSpec",
    "LinearSpec",
    "MeasureSpec",
    "OrderSpec",
    "PenaltySpec",
    "RequiresSpec",
    "ScheduleSpec",
    "ShareOfAmount",
    "ShareSpec",
    "StageSpec",
    "TermSpec",
    "TogetherSpec",
    "YearColumn",
}
"""The tables that still have rows without a test: this list only shrinks."""

TESTS = {key: test for claim, test in read_claims(TESTS_FOLDER) for key in expand_claim(claim)}
KEYS = {f"{table}.{key}" for table, key in list_keys()}
LACKING = {key for key in KEYS - TESTS.keys() if key.split(".")[0] not in TO_DO}


def test_every_key_of_the_reference_has_a_test() -> None:
    assert sorted(LACKING) == []


def test_no_test_claims_a_key_that_is_gone() -> None:
    assert {key: test for key, test in TESTS.items() if key not in KEYS} == {}


def test_what_is_left_to_do_only_shrinks() -> None:
    done = {table for table in TO_DO if not any(key.startswith(f"{table}.") for key in KEYS - TESTS.keys())}
    assert done == set()
