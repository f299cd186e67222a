"""domain.md §3, rules 31 to 40: rates, bands and bonuses, thematic shares, departments' envelopes."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import answer, awards, envelope_of, reason_codes, rule_of, run, total


def test_31_smallest_and_largest_grant(tmp_path: Path) -> None:
    table = "dossier,requested,score\n1,2999,9\n2,250000,8\n3,3000,7\n"
    assert answer(tmp_path, table, total("260 k€")) == {"1": 2_999_00, "2": 250_000_00, "3": 3_000_00}
    rule = "grants: [{mode: all_or_nothing, min: 3 000 €, max: 200 000 €}]"
    # 2,999 < 3,000: nothing is left; min(250,000 ; 200,000) = 200,000
    result = run(tmp_path, table, total("260 k€") + rule)
    assert awards(result) == {"2": 200_000_00, "3": 3_000_00}
    assert reason_codes(result)["1"] == "capped_out"


def test_32_step_rates(tmp_path: Path) -> None:
    """20, 25, 30 % of a cost of 1,000 €, in an envelope of 560 €; the goal is the money granted."""
    table = "dossier,cost,requested,min_grant,score\n1,1000,400,100,1\n2,1000,400,100,1\n"
    body = total("560 €") + "objective: [{maximise: {granted: 1}}]\n"
    free = body + "grants: [{mode: range, round: 1 €}]"
    # any amount: 560 in all; the first in order gets what it asks, the second the rest
    assert answer(tmp_path, table, free) == {"1": 400_00, "2": 160_00}
    steps = body + "grants: [{mode: levels, levels: [20 %, 25 %, 30 %]}]"
    # pairs of 200, 250, 300 within 560: 300 + 250 = 550
    assert answer(tmp_path, table, steps) == {"1": 300_00, "2": 250_00}


def test_33_a_rate_band_by_category_and_department(tmp_path: Path) -> None:
    """Schools 30 to 50 % in 01, 20 to 35 % in 02; the goal is the money granted, then the score."""
    table = """dossier,department,category,cost,requested,score
1,01,ecole,1000,900,9
2,02,ecole,1000,900,8
"""
    body = total("600 €") + "objective: [{maximise: {granted: 1}}, {maximise: {score: 1}}]\n"
    band = """grants:
  - {where: {department: 01, category: ecole}, mode: range, min_rate: 30 %, max_rate: 50 %, round: 1 €}
  - {where: {department: 02, category: ecole}, mode: range, min_rate: 20 %, max_rate: 35 %, round: 1 €}
"""
    free = "grants: [{mode: range, min: 1 €, round: 1 €}]"
    # 600 for the two, both funded, the first as much as it can: 599 + 1
    assert answer(tmp_path, table, body + free) == {"1": 599_00, "2": 1_00}
    # 1: 300 to 500; 2: 200 to 350; 600 in all: 400 + 200
    assert answer(tmp_path, table, body + band) == {"1": 400_00, "2": 200_00}


def test_34_a_rate_that_falls_with_the_cost(tmp_path: Path) -> None:
    """80 % of the first 100 k€, 50 % up to 500 k€, 20 % beyond."""
    table = "dossier,cost,requested,score\n1,100000,100000,9\n2,600000,600000,8\n"
    rule = """grants:
  - max_rate: {brackets: [{up_to: 100 k€, rate: 80 %}, {up_to: 500 k€, rate: 50 %}, {rate: 20 %}]}
"""
    assert answer(tmp_path, table, total("400 k€")) == {"1": 100_000_00}
    # 1: 80,000; 2: 80,000 + 0.5 × 400,000 + 0.2 × 100,000 = 300,000
    assert answer(tmp_path, table, total("400 k€") + rule) == {"1": 80_000_00, "2": 300_000_00}


def test_34_a_rate_that_falls_with_the_population(tmp_path: Path) -> None:
    table = "dossier,population,cost,requested,score\n1,2000,1000,1000,9\n2,2001,1000,1000,8\n"
    rule = "grants: [{where: {population: {max: 2000}}, max_rate: 80 %}, {max_rate: 40 %}]"
    assert answer(tmp_path, table, total("1 200 €")) == {"1": 1_000_00}
    # 800 + 400 = 1,200
    assert answer(tmp_path, table, total("1 200 €") + rule) == {"1": 800_00, "2": 400_00}


def test_35_a_bonus_of_rate_for_shared_projects(tmp_path: Path) -> None:
    """Ten points more of rate, 80 % at most, each on a cost of 1,000 €."""
    table = """dossier,tags,cost,requested,score
1,mutualise,1000,1000,9
2,,1000,1000,8
"""
    rule = "grants: [{max_rate: %s%s}]"
    bonus = ", bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 80 %}]"
    assert answer(tmp_path, table, total("9 k€") + rule % ("50 %", "")) == {"1": 500_00, "2": 500_00}
    # 50 + 10 = 60 %
    assert answer(tmp_path, table, total("9 k€") + rule % ("50 %", bonus)) == {"1": 600_00, "2": 500_00}
    # min(75 + 10 ; 80) = 80 %
    assert answer(tmp_path, table, total("9 k€") + rule % ("75 %", bonus)) == {"1": 800_00, "2": 750_00}


def test_35_a_bonus_of_points_for_shared_projects(tmp_path: Path) -> None:
    table = "dossier,tags,requested,score\n1,,500,9\n2,mutualise,500,7\n"
    measure = """measures:
  merite: {sum: [{column: score}, {value: 5, where: {tags: {has: mutualise}}}]}
objective: [{maximise: {merite: 1}}]
"""
    assert answer(tmp_path, table, total("500 €")) == {"1": 500_00}
    # 7 + 5 = 12 > 9
    assert answer(tmp_path, table, total("500 €") + measure) == {"2": 500_00}


SHARES = """dossier,applicant_type,tags,requested,score
1,metropole,,500,9
2,epci,,400,8
3,mutualisation,vert,300,2
4,commune,,100,1
"""


def test_36_a_minimum_share_for_mutualisation(tmp_path: Path) -> None:
    rule = "rules: [{{id: quart, kind: share, measure: {}, where: {{applicant_type: mutualisation}}, min: 25 %}}]"
    # 500 + 400 + 100 = 1,000 has 18
    best = {"1": 500_00, "2": 400_00, "4": 100_00}
    assert answer(tmp_path, SHARES, total("1 000 €")) == best
    # with 3: {1, 3, 4} = 900 has 12, {2, 3, 4} 11, {1, 2, 3} = 1,200 does not fit; 300 / 900 ≥ 1/4
    result = run(tmp_path, SHARES, total("1 000 €") + rule.format("granted"))
    assert awards(result) == {"1": 500_00, "3": 300_00, "4": 100_00}
    assert (rule_of(result, "quart")["num"], rule_of(result, "quart")["den"]) == (300_00, 900_00)
    # on counts: one of three
    counts = run(tmp_path, SHARES, total("1 000 €") + rule.format("dossiers"))
    assert awards(counts) == {"1": 500_00, "3": 300_00, "4": 100_00}
    assert rule_of(counts, "quart")["value"].startswith("0.3333")


def test_36_as_a_penalty_and_as_a_report(tmp_path: Path) -> None:
    """Without 3 the share lacks 0.25 × 1,000 − 0 = 250 €; giving up on it costs 18 − 12 = 6 points."""
    rule = "rules: [{id: quart, kind: share, measure: granted, where: {applicant_type: mutualisation}, min: 25 %, "
    cheap = total("1 000 €") + rule + "penalty: {cost: 2, per: 100 €}}]"
    # 2 × 250 / 100 = 5 points < 6: the rule is broken; 4 left out would save 0.5 and lose 1
    assert answer(tmp_path, SHARES, cheap) == {"1": 500_00, "2": 400_00, "4": 100_00}
    # 3 × 2.5 = 7.5 points > 6
    dear = cheap.replace("cost: 2", "cost: 3")
    assert answer(tmp_path, SHARES, dear) == {"1": 500_00, "3": 300_00, "4": 100_00}
    result = run(tmp_path, SHARES, total("1 000 €") + rule + "report: true}]")
    assert awards(result) == {"1": 500_00, "2": 400_00, "4": 100_00}
    assert rule_of(result, "quart")["holds"] is False


def test_37_metropoles_at_most_a_quarter(tmp_path: Path) -> None:
    rule = (
        "rules: [{id: quart, kind: share, measure: granted, where: {applicant_type: metropole}, max: 25 %}]"
    )
    # 1 needs 2,000 € in all: out; 2, 3, 4 = 800 have 11
    expected = {"2": 400_00, "3": 300_00, "4": 100_00}
    assert answer(tmp_path, SHARES, total("1 000 €") + rule) == expected


def test_38_a_minimum_thematic_share(tmp_path: Path) -> None:
    rule = "rules: [{id: vert, kind: share, measure: granted, where: {tags: {has: vert}}, min: 35 %}]"
    # {1, 3, 4}: 300 / 900 = 1/3 < 0.35; {1, 3}: 300 / 800 = 0.375, score 11;
    # {2, 3, 4}: 300 / 800, score 11 too, and the same 800 €: then 1 comes first
    assert answer(tmp_path, SHARES, total("1 000 €") + rule) == {"1": 500_00, "3": 300_00}


def test_39_a_flat_envelope_per_department(tmp_path: Path) -> None:
    table = """dossier,envelope,department,requested,score
1,local,01,200000,9
2,local,01,150000,8
3,local,02,100000,5
"""
    tree = "programme: {id: tnt, amount: 594 k€, envelopes: [{id: local%s}]}\n"
    best = {"1": 200_000_00, "2": 150_000_00, "3": 100_000_00}
    assert answer(tmp_path, table, tree % "") == best
    # 200 + 150 > 297
    expected = {"1": 200_000_00, "3": 100_000_00}
    limit = "rules: [{id: forfait, kind: limit, measure: granted, by: department, max: 297 k€}]"
    assert answer(tmp_path, table, tree % "" + limit) == expected
    split = tree % ", amount: 594 k€, split: {by: department, each: 297 000 €}"
    result = run(tmp_path, table, split)
    assert awards(result) == expected
    assert envelope_of(result, "local/01")["unspent_cents"] == 97_000_00


KEYS = """dossier,envelope,department,requested,score
1,local,05,131527.60,5
2,local,48,86296.41,9
3,local,48,86296.40,1
"""
LOCAL = "programme: {id: tnt, amount: 217 824 €, envelopes: [{id: local, amount: 217 824 €, split: {%s}}]}\n"


def test_40_an_envelope_per_department_by_key(tmp_path: Path) -> None:
    """05 has 141,220 inhabitants and 48 76,604: in all 217,824, as many as euros to share."""
    body = "territory: {year: 2021}\n" + LOCAL
    flat = body % "by: department, groups: [05, 48], each: 108 912 €"
    # 108,912 each: 1 does not fit, 2 does
    assert answer(tmp_path, KEYS, flat) == {"2": 86_296_41}
    key = body % "by: department, groups: [05, 48], key: population, fixed: 30 %"
    # 05: 0.3 / 2 × 217,824 + 0.7 × 141,220 = 32,673.60 + 98,854.00 = 131,527.60
    # 48: 32,673.60 + 0.7 × 76,604 = 32,673.60 + 53,622.80 = 86,296.40: a cent too little for 2
    result = run(tmp_path, KEYS, key)
    assert awards(result) == {"1": 131_527_60, "3": 86_296_40}
    assert envelope_of(result, "local/05")["amount_cents"] == 131_527_60
    assert envelope_of(result, "local/48")["amount_cents"] == 86_296_40


def test_40_any_key_in_a_table(tmp_path: Path) -> None:
    """Weights 2 and 1 of 217,824 €: 145,216 and 72,608."""
    files = {"cles.csv": "group,weight\n05,2\n48,1\n"}
    result = run(tmp_path, KEYS, LOCAL % "by: department, table: cles.csv", files)
    # 131,527.60 ≤ 145,216; 86,296.40 > 72,608
    assert awards(result) == {"1": 131_527_60}
    assert envelope_of(result, "local/48")["amount_cents"] == 72_608_00
