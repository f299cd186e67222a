"""domain.md §3, rules 1 to 10: what one dossier may get, and the tree of envelopes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.text_scenarios import answer, envelope_of, run, total

CAPS = """caps:
  - {id: part-propre, max: 80 %, of: cost, less: [other_private], counting: [other_state, other_public],
     where: {chef_de_file: non}, source: CGCT L. 1111-10 III}
  - {id: chef-de-file, max: 70 %, of: cost, less: [other_private], counting: [other_state, other_public],
     where: {chef_de_file: oui}}
"""
OWNERS = """dossier,cost,requested,other_public,other_private,chef_de_file,score
1,1000,600,300,0,non,9
2,1000,600,300,200,non,8
3,1000,600,300,0,oui,7
"""


def test_01_nobody_gets_more_than_asked(tmp_path: Path) -> None:
    """A flat fee of 5,000 € for a dossier that asks 3,000 €, in an envelope of 8,000 €."""
    table = "dossier,cost,requested,score\n1,10000,{},9\n2,10000,5000,8\n"
    body = total("8 000 €") + "grants: [{formula: {flat: 5 000 €}}]"
    # 1 does not say what it asks: 5,000 + 5,000 > 8,000, the better one alone
    assert answer(tmp_path, table.format(""), body) == {"1": 5_000_00}
    # 1 asks 3,000: min(5,000 ; 3,000) = 3,000, and 3,000 + 5,000 = 8,000
    assert answer(tmp_path, table.format("3000"), body) == {"1": 3_000_00, "2": 5_000_00}


def test_02_nor_more_than_the_base(tmp_path: Path) -> None:
    """The eligible base of 1 is 600 €; it asks 900 €."""
    table = "dossier,cost,base,requested,score\n1,1000,{},900,9\n2,1000,,900,8\n"
    # without a base of its own, base = cost = 1,000: 900 + 900 > 1,500
    assert answer(tmp_path, table.format(""), total("1 500 €")) == {"1": 900_00}
    # min(900 ; 600) = 600, and 600 + 900 = 1,500
    assert answer(tmp_path, table.format("600"), total("1 500 €")) == {"1": 600_00, "2": 900_00}


def test_03_a_rate_by_line_and_period(tmp_path: Path) -> None:
    """50 % in call 1, 75 % in call 2, 100 % in axis 3, each on a cost of 1,000 €."""
    table = """dossier,envelope,cost,requested,filed_at,score
1,appels,1000,1000,2021-09-30,9
2,appels,1000,1000,2021-10-08,8
3,axe-3,1000,1000,2021-10-08,7
"""
    tree = "programme: {id: tnt, amount: 2 250 €, envelopes: [{id: appels}, {id: axe-3}]}\n"
    rates = """grants:
  - {where: {envelope: appels, filed_at: {until: 2021-10-07}}, max_rate: 50 %}
  - {where: {envelope: appels}, max_rate: 75 %}
  - {where: {envelope: axe-3}, max_rate: 100 %}
"""
    # 1,000 each: two of the three
    assert answer(tmp_path, table, tree) == {"1": 1_000_00, "2": 1_000_00}
    # 500 + 750 + 1,000 = 2,250
    assert answer(tmp_path, table, tree + rates) == {"1": 500_00, "2": 750_00, "3": 1_000_00}


@pytest.mark.slow
def test_04_all_state_funds_together_at_most_80_percent(tmp_path: Path) -> None:
    """One project asks two funds 500 € each; the State gave 100 € already; the base is 1,000 €."""
    table = """dossier,project,envelope,cost,requested,min_grant,other_state,score
1,P,detr,1000,500,100,100,9
2,P,dsil,1000,500,100,100,8
"""
    body = """programme: {id: etat, amount: 9 k€, envelopes: [{id: detr}, {id: dsil}]}
grants: [{mode: range, round: 1 €}]
objective: [{maximise: {granted: 1}}]
"""
    caps = "caps: [{id: etat-80, max: 80 %, of: base, counting: [other_state], source: CGCT R. 2334-27}]\n"
    # without a cap, public aid still stays within the cost: 1,000 − 100 = 900 for both rows
    assert answer(tmp_path, table, body) == {"1": 500_00, "2": 400_00}
    # 0.8 × 1,000 − 100 = 700 for both rows; the first in order gets as much as it can: 500, then 200
    assert answer(tmp_path, table, body + caps) == {"1": 500_00, "2": 200_00}
    # the same, taken from the library of legal caps
    library = "caps: [{use: r2334-27}]\n"
    assert answer(tmp_path, table, body + library) == {"1": 500_00, "2": 200_00}


def test_05_the_owner_keeps_20_percent(tmp_path: Path) -> None:
    """Public money ≤ 80 % of what is not private (70 % for a « chef de file »); each asks 600 €."""
    assert answer(tmp_path, OWNERS, total("9 k€")) == {"1": 600_00, "2": 600_00, "3": 600_00}
    # 1: 0.8 × 1,000 − 300 = 500, own 200 of (500 + 300 + 200); 2: 0.8 × (1,000 − 200) − 300 = 340;
    # 3: 0.7 × 1,000 − 300 = 400
    expected = {"1": 500_00, "2": 340_00, "3": 400_00}
    assert answer(tmp_path, OWNERS, total("9 k€") + CAPS) == expected


def test_06_a_waiver_lifts_it_for_listed_dossiers(tmp_path: Path) -> None:
    waiver = (
        "waivers: [{of: part-propre, where: {dossier: [1]}, reason: calamité publique, author: préfet}]\n"
    )
    # 1 is not capped any more: all that it asks; 2 and 3 as before
    expected = {"1": 600_00, "2": 340_00, "3": 400_00}
    assert answer(tmp_path, OWNERS, total("9 k€") + CAPS + waiver) == expected


def test_07_the_envelope_of_a_line(tmp_path: Path) -> None:
    table = """dossier,envelope,requested,score
1,a,600,10
2,a,500,9
3,b,400,5
"""
    body = "programme: {{id: tnt, amount: 1 100 €, envelopes: [{{id: a{}}}, {{id: b{}}}]}}\n"
    # 600 + 500 = 1,100 (score 19) beats 600 + 400 (15)
    assert answer(tmp_path, table, body.format("", "")) == {"1": 600_00, "2": 500_00}
    # a holds 700 €: 1 alone or 2 alone; 600 + 400 = 1,000 (score 15) beats 500 + 400 (14)
    lines = body.format(", amount: 700 €", ", amount: 400 €")
    assert answer(tmp_path, table, lines) == {"1": 600_00, "3": 400_00}


def test_08_the_total_above_its_lines(tmp_path: Path) -> None:
    """Ceilings of 600 € on two lines, 1,000 € on both together."""
    table = """dossier,envelope,requested,score
1,a,600,10
2,b,600,9
3,b,400,5
"""
    body = """programme:
  {{id: tnt, amount: {}, overbooked: true, envelopes: [{{id: a, amount: 600 €}}, {{id: b, amount: 600 €}}]}}
"""
    assert answer(tmp_path, table, body.format("1 200 €")) == {"1": 600_00, "2": 600_00}
    # 600 + 600 > 1,000; {1, 3} = 1,000 has 15, {2} has 9
    assert answer(tmp_path, table, body.format("1 000 €")) == {"1": 600_00, "3": 400_00}


def test_09_a_ring_fenced_line_neither_gives_nor_takes(tmp_path: Path) -> None:
    """1,200 € = 400 + 600 + 200 unassigned, which goes to lines that are not ring-fenced."""
    table = """dossier,envelope,requested,score
1,ads,500,9
2,ads,100,1
3,reste,700,5
4,reste,600,3
"""
    body = """programme:
  id: tnt
  amount: 1 200 €
  envelopes: [{{id: ads, amount: 400 €{}}}, {{id: reste, amount: 600 €}}]
"""
    # free: ads takes 100 of the 200, reste the other 100: 500 + 700 = 1,200, score 14
    assert answer(tmp_path, table, body.format("")) == {"1": 500_00, "3": 700_00}
    # fenced: ads has 400 and 1 does not fit; 100 + 700 = 800; the 300 left in ads pay nothing else
    assert answer(tmp_path, table, body.format(", ring_fenced: true")) == {"2": 100_00, "3": 700_00}


def test_10_fungible_up_to_a_share(tmp_path: Path) -> None:
    """a may send 15 % of its 1,000 € to b, which may receive 40 % of its 500 €."""
    table = """dossier,envelope,requested,score
1,a,850,5
2,b,650,9
3,b,500,4
"""
    body = """programme:
  id: tnt
  amount: 1 500 €
  envelopes:
    - {{id: a, amount: 1 000 €{}}}
    - {{id: b, amount: 500 €{}}}
"""
    assert answer(tmp_path, table, body.format("", "")) == {"1": 850_00, "3": 500_00}
    moves = body.format(", transfers: {to: [b], out_max: 15 %}", ", transfers: {to: [a], in_max: 40 %}")
    # 0.15 × 1,000 = 150 out ≤ 0.4 × 500 = 200 in: a keeps 850, b has 650
    result = run(tmp_path, table, moves)
    assert {e: envelope_of(result, e)["granted_cents"] for e in ("a", "b")} == {"a": 850_00, "b": 650_00}
    assert envelope_of(result, "a")["transferred_out_cents"] == 150_00
    assert envelope_of(result, "b")["transferred_in_cents"] == 150_00
    # 10 % of 1,000 = 100 is not enough for 650
    less = body.format(", transfers: {to: [b], out_max: 10 %}", ", transfers: {to: [a], in_max: 40 %}")
    assert answer(tmp_path, table, less) == {"1": 850_00, "3": 500_00}
