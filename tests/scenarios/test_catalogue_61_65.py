"""domain.md §3, rules 61 to 65: real cost, enlargement, whole euros, conflicts of interest, deemed rejection."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import BEST_SCORE, answer, awards, envelope_of, reason_codes, run, total


def test_61_the_final_grant_follows_the_real_cost(tmp_path: Path) -> None:
    """Deterministic form: the real cost is the base; 50 % of it, downward only.

    `uncertain: [{event: final_cost, times: …}]` is read by `ensemble` only.
    """
    table = """dossier,cost,requested,real_cost,score
1,1000,500,800,9
2,1000,500,1200,8
3,200,100,,7
"""
    rate = total("1 000 €") + "grants: [{max_rate: 50 %}]\n"
    # forecast: 500 + 500 fill the envelope
    assert answer(tmp_path, table, rate) == {"1": 500_00, "2": 500_00}
    real = "dossiers: [{file: table.csv, columns: {base: real_cost}}]\n"
    # min(500 ; 0.5 × 800) = 400; min(500 ; 0.5 × 1,200) = 500; the 100 saved pay 3, whose base is its cost
    assert answer(tmp_path, table, rate + real) == {"1": 400_00, "2": 500_00, "3": 100_00}
    # the same as a ceiling in a column, here the whole real cost
    ceiling = total("1 000 €") + "grants: [{max: {column: real_cost}}]\n"
    low = table.replace("500,800", "500,300")
    assert answer(tmp_path, low, ceiling) == {"1": 300_00, "2": 500_00, "3": 100_00}


def test_62_an_enlargement_as_a_scenario(tmp_path: Path) -> None:
    table = "dossier,requested,score\n1,500,9\n2,400,8\n3,200,1\n"
    base = f"schema_version: 1\nid: socle\n{total('500 €')}dossiers: [{{file: table.csv}}]\n{BEST_SCORE}"
    (tmp_path / "socle.yaml").write_text(base, encoding="utf-8")
    assert answer(tmp_path, table, total("500 €")) == {"1": 500_00}
    larger = "extends: socle.yaml\nid: elargi\nprogramme: {amount: 900 €}\n"
    # 400 € more: 2
    assert answer(tmp_path, table, larger) == {"1": 500_00, "2": 400_00}


def test_63_whole_euros_and_exact_totals(tmp_path: Path) -> None:
    """33 % of 1,000.10 € is 330.033 €: 330.03 in cents, 330.00 in whole euros."""
    table = "dossier,cost,requested,score\n1,1000.10,1000,9\n"
    rate = total("1 000 €") + "grants: [{max_rate: 33 %%%s}]"
    assert answer(tmp_path, table, rate % "") == {"1": 330_03}
    assert answer(tmp_path, table, rate % ", round: 1 €") == {"1": 330_00}


def test_63_the_largest_remainder_in_a_split(tmp_path: Path) -> None:
    """100.00 € in three equal weights: 33.34 + 33.33 + 33.33."""
    table = """dossier,envelope,department,requested,score
1,local,01,33.34,9
2,local,02,33.34,8
3,local,03,33.33,7
"""
    tree = """programme:
  id: tnt
  amount: 100 €
  envelopes: [{id: local, amount: 100 €, split: {by: department, table: cles.csv}}]
"""
    files = {"cles.csv": "group,weight\n01,1\n02,1\n03,1\n"}
    result = run(tmp_path, table, tree, files)
    parts = [envelope_of(result, f"local/{group}")["amount_cents"] for group in ("01", "02", "03")]
    assert parts == [33_34, 33_33, 33_33]
    assert sum(parts) == 100_00
    assert awards(result) == {"1": 33_34, "3": 33_33}


def test_64_an_assessor_in_conflict_leaves_his_mark_empty(tmp_path: Path) -> None:
    """Means of three assessors; c, in conflict on 1, gave it 2."""
    table = "dossier,note_a,note_b,note_c,requested,score\n1,14,13,{},500,1\n2,12,12,12,500,1\n"
    goal = "measures: {jury: {mean: [note_a, note_b, note_c]}}\nobjective: [{maximise: {jury: 1}}]\n"
    # (14 + 13 + 2) / 3 = 9.67 < 12
    assert answer(tmp_path, table.format("2"), total("500 €") + goal) == {"2": 500_00}
    # (14 + 13) / 2 = 13.5 > 12
    result = run(tmp_path, table.format(""), total("500 €") + goal)
    assert awards(result) == {"1": 500_00}
    assert result.document["objective"][0]["value"] == "13.5"


def test_65_deemed_rejected_after_the_end_of_the_next_year(tmp_path: Path) -> None:
    """R. 2334-25: on 22 November 2021, what was filed before 1 January 2020 and not decided is rejected."""
    table = """dossier,filed_at,state,requested,score
1,2019-12-31,en_instruction,500,9
2,2019-12-31,accepte,500,8
3,2020-01-01,en_instruction,500,7
4,2021-03-01,en_instruction,500,6
"""
    body = "date: 2021-11-22\n" + total("1 000 €")
    assert answer(tmp_path, table, body) == {"1": 500_00, "2": 500_00}
    rule = """eligibility:
  - id: rejet-implicite
    require:
      any:
        - {state: accepte}
        - {filed_at: {from: {date: year_start, plus: -12 months}}}
    reason: Rejet implicite, pas de décision au 31 décembre de l'année suivante
    source: CGCT R. 2334-25
"""
    result = run(tmp_path, table, body + rule)
    assert awards(result) == {"2": 500_00, "3": 500_00}
    assert reason_codes(result)["1"] == "ineligible"
