"""That a list is the one answer: proofs pass for the first point of small systems and for no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from support.systems.by_hand import system as write_system
from support.systems.listed import worlds

from tnt_sim.certify.certificate import CertificateError
from tnt_sim.certify.proof_checker import CandidateList, check_first, list_order
from tnt_sim.certify.verifier import check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import Deadline
from tnt_sim.prove.branch_search import NotProved, PointFound
from tnt_sim.prove.price_proofs import find_order_proof
from tnt_sim.prove.tie_break_proofs import prove_first


def test_the_first_list_is_proven_and_no_other() -> None:
    proven = others = 0
    for rng, system, lists in worlds(70):
        best = max(lists)
        proof = json.loads(json.dumps(prove_first(system, lists[best], Deadline(20))))
        check_first(system, lists[best], proof)
        proven += 1
        later = sorted(set(lists) - {best})
        for key in rng.sample(later, min(len(later), 5)):
            others += 1
            with pytest.raises(CertificateError):
                check_first(system, lists[key], proof)
            with pytest.raises((PointFound, NotProved)):
                prove_first(system, lists[key], Deadline(20))
    assert proven > 35
    assert others > 80


def test_the_verifier_is_shown_the_first_list_and_no_other() -> None:
    proven = others = 0
    for rng, system, lists in worlds(120):
        order = {key: list_order(system, listed) for key, listed in lists.items()}
        best, record = max(lists), describe_system(system)
        proof = json.loads(json.dumps(find_order_proof(system, order[best], Deadline(20))))
        assert check_claim(record, proof, order[best]) == ""
        proven += 1
        later = sorted(set(lists) - {best})
        for key in rng.sample(later, min(len(later), 5)):
            others += 1
            assert find_order_proof(system, order[key], Deadline(20)) is None
            assert check_claim(record, proof, order[key])
            for changed in change_parts(proof, rng):
                assert check_claim(record, changed, order[key])
    assert proven > 60
    assert others > 120


def change_parts(proof: dict[str, Any], rng: Random) -> Iterator[dict[str, Any]]:
    """The proof with a part left out, doubled or moved, and with multipliers that narrow by any row."""
    parts = proof["parts"]
    yield {"narrow": [], "parts": parts[1:]}
    yield {"narrow": [], "parts": [*parts, *parts]}
    yield {"narrow": [], "parts": rng.sample(parts, len(parts))}
    yield {"narrow": [{str(row): rng.randint(0, 9) for row in range(3)}], "parts": parts}


@pytest.mark.parametrize("proof", [
    None, {}, [], {"narrow": []}, {"narrow": 3, "parts": []}, {"narrow": [{"0": -1}], "parts": []},
    {"narrow": [{"00": 1}], "parts": []}, {"narrow": [], "parts": {}}, {"narrow": [], "parts": [None]},
])  # fmt: skip
def test_a_hostile_proof_of_the_first_list_is_a_sentence(proof: Any) -> None:
    """A list that is not the first: nothing shows it, whatever the proof holds."""
    _, system, lists = next(world for world in worlds(70) if len(world[2]) > 1)
    assert check_claim(describe_system(system), proof, list_order(system, lists[min(lists)]))


def test_rows_that_leave_points_show_no_list_to_be_the_first() -> None:
    """Multipliers that narrow the system close nothing while a point is left."""
    refused = 0
    for _, system, lists in worlds(25):
        best = max(lists)
        proof = prove_first(system, lists[best], Deadline(20))
        for key in sorted(set(lists) - {best})[:3]:
            for narrow in [[row, 1] for row in range(system.rows.n)]:
                refused += 1
                with pytest.raises(CertificateError):
                    check_first(system, lists[key], {**proof, "narrow": [narrow]})
    assert refused > 50


def test_rows_that_leave_no_point_show_any_list_to_be_the_first() -> None:
    """Their multiplier shows it without any part; a multiplier that does not, shows nothing."""
    listed = CandidateList(*(np.array(part) for part in ([-1, 1], [3, 4], [-1, -1], [0, 0])))
    for upper, is_first in ((-3, True), (-2, False)):
        whole = write_system(([-1, -1], upper), ([-3, 1], 0))
        for row, shows in ((0, is_first), (1, False)):
            proof = {"narrow": [[row, 1]], "parts": []}
            if shows:
                check_first(whole, listed, proof)
            else:
                with pytest.raises(CertificateError, match="a part has no proof"):
                    check_first(whole, listed, proof)


def test_a_proof_that_leaves_a_part_out_is_refused() -> None:
    """Also where that part is empty at sight, for which a proof says null."""
    empty = 0
    for _, system, lists in worlds(25):
        best = max(lists)
        proof = prove_first(system, lists[best], Deadline(20))
        for end in range(len(proof["parts"])):
            empty += proof["parts"][end] is None
            with pytest.raises(CertificateError, match="a part has no proof"):
                check_first(system, lists[best], {**proof, "parts": proof["parts"][:end]})
    assert empty > 3


def test_damaged_and_foreign_proofs_never_pass_for_a_later_list() -> None:
    proofs = [prove_first(system, lists[max(lists)], Deadline(20)) for _, system, lists in worlds(25)]
    for rng, system, lists in worlds(25):
        later = sorted(set(lists) - {max(lists)})
        for key in rng.sample(later, min(len(later), 3)):
            for proof in rng.sample(proofs, 8):
                parts = [*proof["parts"], None, None]
                rng.shuffle(parts)
                for told in (proof, {**proof, "parts": parts}, {"narrow": [], "parts": [None] * 9}, {}):
                    with pytest.raises(CertificateError):
                        check_first(system, lists[key], told)


def test_an_amount_that_nobody_offers_is_refused() -> None:
    class Two:
        choices = type("C", (), {
            "dossier": np.array([0, 0]), "block": np.array([0, 0]), "cents": np.array([5, 9]),
            "candidate": np.array([0]), "ranged": np.array([], dtype=np.int64),
        })()  # fmt: skip

    two: Any = Two()
    funded = np.array([True])
    assert CandidateList.of(two, np.array([1]), funded, np.array([9])).taken.tolist() == [1]
    with pytest.raises(CertificateError, match="none of its application's"):
        CandidateList.of(two, np.array([1]), funded, np.array([7]))


def test_a_range_counts_from_its_least() -> None:
    class Range:
        choices = type("C", (), {
            "dossier": np.array([0]), "block": np.array([0]), "cents": np.array([500]),
            "candidate": np.array([0]), "ranged": np.array([0]),
        })()  # fmt: skip

    one: Any = Range()
    for cents, units in ((500, 0), (700, 2)):
        listed = CandidateList.of(one, np.array([100]), np.array([True]), np.array([cents]))
        assert (listed.taken.tolist(), listed.free.tolist(), listed.units.tolist()) == ([0], [0], [units])
    with pytest.raises(CertificateError, match="none of its application's"):
        CandidateList.of(one, np.array([100]), np.array([True]), np.array([499]))
