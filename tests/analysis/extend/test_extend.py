"""« Transfer or extend? » equals enumeration; moves fit to the cent; parts add up; what is equal is said."""

from __future__ import annotations

import copy
import html
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases import nested_envelopes as brute
from support.analysis_cases import stated_transfers as stated
from support.lanes import Lane, first_of, seeds
from support.paths import TESTS

import tnt_sim as tnt
from tnt_sim.analysis.extend.result import FREE, NESTED, ExtendResult, ListAtTotal
from tnt_sim.analysis.extend.search import extend_of, parse_totals
from tnt_sim.analysis.extend.transfer import TRANSFER
from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.errors import InputError, NothingDecided, UsageError
from tnt_sim.scenario.scenario import ScenarioData

FLAGSHIP = TESTS / "support" / "data" / "tnt-2021-3206" / "scenario.yaml"


def asked(scenario: ScenarioData, *extra: int) -> ExtendResult:
    written = scenario.spec.programme.amount or 0
    return extend_of(scenario, [brute.euros(written + one) for one in extra])


def funded(found: ListAtTotal) -> frozenset[str]:
    assert found.allocation is not None
    names = found.problem.case.table["dossier"].gather(np.flatnonzero(found.allocation.funded))
    return frozenset(names.to_list())


def value(result: ExtendResult, curve: str, total: int, moved: bool) -> tuple[Fraction, ...]:
    found = result.get_list(curve, total, moved)
    assert found is not None
    return found.point.values


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 40, 20), 1))
def test_values_equal_enumeration(first: int) -> None:
    """Drawn trees of three levels with fences, reserves, ranges, commitments and ties: 1 seed in 3 gains."""
    told: Counter[str] = Counter()
    for seed in first_of(range(first, first + 20), 10):
        case = brute.drawn(seed)
        many = np.prod([len(brute.options(case, d)) for d in case["dossiers"]]) > 500
        if many or case["root"]["amount"] is None:
            continue
        extra = case["unit"] * 7
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = asked(brute.load(case, Path(folder)), extra)
            except (InputError, NothingDecided):
                continue
        written = result.path.amount_cents
        larger = copy.deepcopy(case)
        larger["root"]["amount"] += extra
        for total, one in ((written, case), (written + extra, larger)):
            if result.get_list(FREE, total, False) is None:  # contradicts itself there
                continue
            assert value(result, FREE, total, False) == (brute.best(one),), seed
            assert value(result, FREE, total, True) == (brute.best(one, "p", wholly=True),), seed
        _moves_fit(result, seed)
        told["cases"] += 1
        told["gains"] += bool((result.decompose_gains(FREE, written)[0].transfer or 0) > 0)
    assert told["cases"] >= (10 if Lane.is_whole() else 4)
    assert told["gains"] >= (2 if Lane.is_whole() else 1)


@pytest.mark.drawn
def test_stated_limits_equal_enumeration() -> None:
    """Transfers within what axes may give and get, one goal or two, commitments kept or not."""
    told: Counter[str] = Counter()
    for seed in first_of(range(12), 3):
        case = stated.drawn(seed)
        extra = (case["unit"] * 2, case["unit"] * 9)
        with tempfile.TemporaryDirectory() as folder:
            result = asked(stated.load(case, Path(folder)), *extra)
        written = result.path.amount_cents
        assert written == stated.total_of(case)
        assert result.limits in ("stated", "mixed")
        for more in (0, *extra):
            for moved in (False, True):
                best = stated.best(case, more, moved=moved)
                assert value(result, FREE, written + more, moved) == best, (seed, more, moved)
        for moved in (False, True):
            before = result.get_list(FREE, written, False)
            for more in (0, *extra) if moved else extra:
                assert before is not None
                held = stated.best(case, more, moved=moved, held=funded(before))
                assert value(result, NESTED, written + more, moved) == held, (seed, more, moved)
                before = result.get_list(NESTED, written + more, moved)
        _moves_fit(result, seed)
        _parts_add_up(result, seed)
        gain = result.decompose_gains(FREE, written)
        told["gains"] += any((one.transfer or 0) > 0 for one in gain)
    assert told["gains"] >= (3 if Lane.is_whole() else 1)


def _moves_fit(result: ExtendResult, seed: int) -> None:
    """With the moves made by hand, what every envelope is granted fits what it has, and nothing is lost."""
    for key, found in result.standings.items():
        if found.allocation is None or found.transfers is None:
            continue
        tree, reading = found.problem.case.tree, found.transfers.reading
        has = [None if cents is None else cents for cents in tree.amount_cents]
        place = {name: k for k, name in enumerate(tree.ids)}
        for move in found.transfers.moves:
            assert move.cents > 0
            giver, taker = place[move.from_], place[move.to]
            assert not tree.ring_fenced[giver] or move.kind != TRANSFER, (seed, key)
            assert not tree.ring_fenced[taker], (seed, key)
            if move.kind == TRANSFER:
                assert tree.parent[giver] == tree.parent[taker]
                assert key[2], (seed, key)
                has[giver] = (has[giver] or 0) - move.cents
            has[taker] = (has[taker] or 0) + move.cents
        for k, cents in enumerate(has):
            over = found.transfers.raised.get(tree.ids[k], 0)
            assert cents is None or reading.granted_cents[k] <= cents + over, (seed, key, tree.ids[k])
        within = [
            k for k in range(1, tree.n_nodes) if tree.parent[k] == 0 and tree.amount_cents[k] is not None
        ]
        changed = sum((has[k] or 0) - (tree.amount_cents[k] or 0) for k in within)
        added = sum(m.cents for m in found.transfers.moves if m.kind != TRANSFER and place[m.from_] == 0)
        assert changed == added, (seed, key)


def _parts_add_up(result: ExtendResult, seed: int) -> None:
    """In whole units: transfers and extension make the whole, goal by goal, free and nested."""
    written = result.path.amount_cents
    for curve in (FREE, NESTED):
        for total in (written, *result.totals):
            for k, part in enumerate(result.decompose_gains(curve, total)):
                unit = result.base.units[k]
                start, there = value(result, curve, written, False), value(result, curve, total, True)
                pieces = [part.transfer, part.extension, part.total]
                units = [Fraction(piece or 0) / unit for piece in pieces]
                assert all(one.denominator == 1 for one in units), seed
                assert units[0] + units[1] == units[2] == (there[k] - start[k]) / unit, seed


SMALL = """schema_version: 1
id: t
title: T
date: 2026-03-31
locale: fr
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
programme:
  id: p
  amount: 300 €
  envelopes:
    - {id: x, amount: 100 €}
    - {id: y, amount: 100 €}
    - {id: z, amount: 100 €}
"""
ROWS = """dossier,envelope,cost,requested,score
A,x,200,100,5
B,x,200,50,4
C,y,200,40,1
D,z,200,20,1
E,x,400,200,2
"""


def small(folder: Path, text: str = SMALL, rows: str = ROWS) -> Any:
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    (folder / "d.csv").write_text(rows, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "t.yaml")


def page(found: Any) -> str:
    """What a notebook shows, with plain spaces and on one line."""
    return " ".join(html.unescape(found._repr_html_()).split())


def test_the_moves_are_listed_and_others_that_would_do(tmp_path: Path) -> None:
    """y can spare 60 € and z 80 €, and B needs 50 €: y gives, z could. At 420 € E comes, with all of y."""
    told = tnt.extend(small(tmp_path), "420 €").document
    assert told["as_written"]["objective"][0]["value"] == "7"
    transfer = told["free"]["transfer"]
    assert transfer["moves"] == [{"from": "y", "to": "x", "cents": 5_000, "kind": "transfer"}]
    assert transfer["could_give"] == [{"envelope": "z", "cents": 8_000}]
    assert (transfer["enter"], transfer["leave"]) == (["B"], [])
    assert told["free"]["gains"] == [{"goal": "score", "transfer": "4"}]
    (there,) = told["free"]["totals"]
    assert there["gains"] == [
        {
            "goal": "score",
            "transfer": "4",
            "extension": "2",
            "total": "6",
            "alone": "4",
            "alone_beyond_transfer": "0",
        }
    ]
    assert [
        (move["from"], move["to"], move["cents"], move["kind"]) for move in there["with_transfers"]["moves"]
    ] == [
        ("p", "x", 12_000, "unassigned"),
        ("y", "x", 6_000, "transfer"),
        ("z", "x", 7_000, "transfer"),
    ]
    assert there["with_transfers"]["could_give"] == [{"envelope": "z", "cents": 1_000}]


def test_another_list_that_shares_the_money_otherwise_is_told(tmp_path: Path) -> None:
    """B in x and F in y are worth the same and cost the same, and z has money for one of them."""
    rows = "dossier,envelope,cost,requested,score\nA,x,200,100,5\nB,x,200,50,4\nC,y,200,100,5\n"
    rows += "F,y,200,50,4\nD,z,200,50,10\n"
    told = tnt.extend(small(tmp_path, rows=rows), "301 €").document
    equal = told["equal_lists"]
    assert equal["complete"]
    spans = {one["envelope"]: (one["least_cents"], one["most_cents"]) for one in equal["ranges"]}
    assert spans == {"x": (10_000, 15_000), "y": (10_000, 15_000), "z": (5_000, 5_000)}
    told = page(tnt.extend(small(tmp_path, rows=rows), "301 €", lang="en"))
    assert "Other lists of the same value and amount share the money otherwise: x from €100 to €150" in told


@pytest.mark.drawn
def test_equal_ranges_are_those_of_enumeration() -> None:
    several = 0
    for seed in first_of((11, *range(6)), 3):  # the lists of 11 share the money otherwise
        case = stated.drawn(seed, alike=True)
        with tempfile.TemporaryDirectory() as folder:
            result = asked(stated.load(case, Path(folder)), case["unit"])
        if not result.ranges:
            continue
        fitting = [one for one in stated.lists(case) if stated.fits(case, one, 0, moved=True)]
        best = max(stated.value(case, one) for one in fitting)
        lists = [one for one in fitting if stated.value(case, one) == best]
        sums = [stated.granted(case, one) for one in lists]
        least = min(sum(one.values()) for one in sums)
        for span in result.ranges:
            inside = {span.envelope, *case["axes"].get(span.envelope, {"inner": ()})["inner"]}
            got = [sum(one.get(name, 0) for name in inside) for one in sums if sum(one.values()) == least]
            assert (min(got), max(got)) == (span.least_cents, span.most_cents), (seed, span)
            several += min(got) != max(got)
    assert several >= 2


def test_a_goal_that_is_minimised_gains_when_it_falls(tmp_path: Path) -> None:
    text = SMALL.replace(
        "objective: [{maximise: {score: 1}}]", "objective: [{maximise: {score: 1}}, {minimise: {cost: 1}}]"
    )
    told = tnt.extend(small(tmp_path, text), "350 €").document
    gains = told["free"]["gains"]
    assert gains == [{"goal": "score", "transfer": "4"}, {"goal": "cost", "transfer": "-200"}]
    assert "note +4 et coût +200" in page(tnt.extend(small(tmp_path, text), "350 €"))


def test_no_gain_no_moves(tmp_path: Path) -> None:
    """All demand of each axis is met: nothing moves, even where another list costs the same."""
    rows = "dossier,envelope,cost,requested,score\nA,x,200,60,5\nC,y,200,40,1\nD,z,200,20,1\n"
    found = tnt.extend(small(tmp_path, rows=rows), "350 €")
    told = found.document
    assert told["free"]["transfer"]["moves"] == []
    assert told["free"]["transfer"]["enter"] == told["free"]["transfer"]["leave"] == []
    assert "déplacer de l'argent ne rapporte rien" in page(found)


def test_the_same_value_for_less_money_is_a_gain_in_money(tmp_path: Path) -> None:
    """P in y and Q in x are one project and worth the same; Q costs less, but x is full."""
    rows = (
        "dossier,envelope,cost,requested,score,variant_of\nR,x,300,100,9,\nP,y,300,90,5,v\nQ,x,300,60,5,v\n"
    )
    found = tnt.extend(small(tmp_path, rows=rows), "400 €")
    told = found.document
    assert told["free"]["gains"] == [{"goal": "score", "transfer": "0"}]
    assert (told["as_written"]["granted_cents"], told["free"]["transfer"]["granted_cents"]) == (
        19_000,
        16_000,
    )
    assert told["free"]["transfer"]["moves"] == [{"from": "y", "to": "x", "cents": 6_000, "kind": "transfer"}]
    assert "donne la même valeur pour 30 € de moins" in page(found)


def test_a_programme_of_one_amount_has_nothing_to_move(tmp_path: Path) -> None:
    text = SMALL[: SMALL.index("  envelopes:")]
    found = tnt.extend(
        small(tmp_path, text, ROWS.replace(",x,", ",p,").replace(",y,", ",p,").replace(",z,", ",p,"))
    )
    assert found.document["transfers"] == "none"
    assert "rien à transférer" in page(found)


def test_a_list_that_needs_a_transfer_has_nothing_to_start_from(tmp_path: Path) -> None:
    """150 € are promised in x, which has 100 €: only transfers that the scenario states make that fit."""
    text = SMALL.replace("{id: y, amount: 100 €}", "{id: y, amount: 100 €, transfers: {to: [x]}}")
    committed = ["committed", "150", *[""] * 4]
    rows = "\n".join(f"{line},{cell}" for line, cell in zip(ROWS.split(), committed, strict=True)) + "\n"
    found = tnt.extend(small(tmp_path, text, rows), "350 €")
    told = found.document
    assert told["as_written"]["objective"] == []
    assert told["free"]["gains"] == [{"goal": "score", "transfer": None}]
    assert told["free"]["totals"][0]["gains"][0]["extension"] is not None
    assert "aucune liste ne respecte les règles sans transfert" in page(found)


def test_totals_that_are_looked_at_by_default() -> None:
    moved = AmountVariation.of(tnt.Scenario.from_yaml(FLAGSHIP))
    assert [cents // 10**8 for cents in parse_totals(moved, ())] == [90, 98, 108]
    assert parse_totals(moved, ["98 M€", "110 %", "88 M€", "98 M€"]) == (9_680_000_000, 9_800_000_000)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inférieur au montant écrit"):
        tnt.extend(small(tmp_path), "200 €")
    with pytest.raises(UsageError, match="n'est pas un montant"):
        tnt.extend(small(tmp_path), "beaucoup")
    bare = SMALL.replace("  amount: 300 €\n", "")
    with pytest.raises(UsageError, match="n'a pas de montant"):
        tnt.extend(small(tmp_path, bare), "400 €")


@pytest.mark.slow
def test_the_frozen_flagship() -> None:
    """Transfers within 88 M€ bring 2 998 points; 98 M€ without them 1 904,8: 1 093,2 less."""
    found = tnt.extend(tnt.Scenario.from_yaml(FLAGSHIP), "90 M€", "98 M€", "108 M€")
    told = found.document
    assert (told["status"], told["transfers"], told["synthetic"]) == ("optimal", "free", True)
    start, transfer = told["as_written"], told["free"]["transfer"]
    assert (start["objective"][0]["value"], transfer["objective"][0]["value"]) == ("36604.9", "39602.9")
    assert {start["proof"], transfer["proof"]} == {"PROVED"}
    assert [(move["from"], move["to"], move["cents"]) for move in transfer["moves"]] == [
        ("axe-1", "axe-3", 1_943_000_000),
        ("axe-2", "axe-3", 457_000_000),
        ("axe-3", "deconcentre", 2_400_000_000),
    ]
    alone = [one["gains"][0] for one in told["free"]["totals"]]
    assert [one["alone"] for one in alone] == ["490.9", "1904.8", "2831.3"]
    assert [one["alone_beyond_transfer"] for one in alone] == ["-2507.1", "-1093.2", "-166.7"]
    assert [one["extension"] for one in alone] == ["0", "0", "0"]
    assert told["nested"]["gains"] == told["free"]["gains"]
    assert [one["id"] for one in told["next"]] == ["axe-1", "axe-2", "axe-3"]
    assert (len(transfer["enter"]), transfer["n_departments"]) == (271, 101)
    assert found.to_dataframe()["alone"].to_list() == 2 * [490.9, 1904.8, 2831.3]
    assert found.to_dataframe("pandas", table="moves")["cents"].sum() > 0
