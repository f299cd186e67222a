"""Each row of the key tables of the reference has a test of its sentence, and no test is of a key that is gone."""

from __future__ import annotations

from support.claims import expand_claim, list_keys, read_claims
from support.paths import TESTS as TESTS_FOLDER

TESTS = {key: test for claim, test in read_claims(TESTS_FOLDER) for key in expand_claim(claim)}
KEYS = {f"{table}.{key}" for table, key in list_keys()}


def test_every_key_of_the_reference_has_a_test() -> None:
    assert sorted(KEYS - TESTS.keys()) == []


def test_no_test_claims_a_key_that_is_gone() -> None:
    assert {key: test for key, test in TESTS.items() if key not in KEYS} == {}
