"""domain.md §3, rules 11 to 20: use of a line, commitments, flat fees, counts per beneficiary."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import answer, awards, envelope_of, reason_codes, run, total


def test_11_minimum_use_of_a_line(tmp_path: Path) -> None:
    table = "dossier,envelope,requested,score\n1,a,800,5\n2,b,900,9\n"
    body = """programme:
  id: tnt
  amount: 1 000 €
  overbooked: true
  envelopes: [{{id: a, amount: 1 000 €{}}}, {{id: b, amount: 1 000 €}}]
"""
    assert answer(tmp_path, table, body.format("")) == {"2": 900_00}
    # at least 0.8 × 1,000 = 800 in a: 1, after which 900 do not fit
    assert answer(tmp_path, table, body.format(", min_use: 80 %")) == {"1": 800_00}


RESERVE = "dossier,requested,score\n1,600,9\n2,300,8\n3,100,7\n"


def test_12_a_precaution_reserve(tmp_path: Path) -> None:
    body = "programme: {{id: tnt, amount: 1 000 €{}}}\n"
    assert answer(tmp_path, RESERVE, body.format("")) == {"1": 600_00, "2": 300_00, "3": 100_00}
    # (1 − 0.1) × 1,000 = 900: 1 and 2 (17) beat 1 and 3 (16), 2 and 3 (15)
    result = run(tmp_path, RESERVE, body.format(", reserve: 10 %"))
    assert awards(result) == {"1": 600_00, "2": 300_00}
    assert envelope_of(result, "tnt")["reserved_cents"] == 100_00
    assert result.document["granted_cents"] == 900_00


def test_12_the_ranked_list_of_a_reserve(tmp_path: Path) -> None:
    """The 100 € held back would pay 3: it is on the reserve list, and not granted."""
    body = "date: 2021-11-22\nprogramme: {id: tnt, amount: 1 000 €, reserve: 10 %}\n"
    steps = "steps: [{id: decision, date: 2021-11-22}, {id: reserve, date: 2021-11-22}]\n"
    result = run(tmp_path, RESERVE, body + steps)
    assert awards(result) == {"1": 600_00, "2": 300_00}
    assert reason_codes(result)["3"] == "reserve"
    assert result.document["granted_cents"] == 900_00


def test_13_committed_projects_stay(tmp_path: Path) -> None:
    """2 is the worst and too small to be eligible, but its 500 € are promised."""
    table = """dossier,population,requested,committed,score
1,5000,600,,9
2,100,500,{},1
3,5000,400,,5
"""
    body = total("1 000 €") + "eligibility: [{id: taille, require: {population: {min: 1000}}}]"
    assert answer(tmp_path, table.format(""), body) == {"1": 600_00, "3": 400_00}
    # 1,000 − 500 = 500 left: 3 fits (400), 1 does not (600)
    assert answer(tmp_path, table.format("500"), body) == {"2": 500_00, "3": 400_00}


def test_14_number_of_awards_aimed_at(tmp_path: Path) -> None:
    table = "dossier,requested,score\n1,900,20\n2,400,6\n3,400,5\n4,200,4\n"
    rule = "rules: [{{id: nombre, kind: limit, measure: dossiers, {}}}]"
    # 1 alone has 20; 2, 3, 4 = 1,000 have 15
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 900_00}
    # two at least: 1 leaves 100 and is out; 2 + 3 + 4 has 15
    at_least = answer(tmp_path, table, total("1 000 €") + rule.format("min: 2"))
    assert at_least == {"2": 400_00, "3": 400_00, "4": 200_00}
    # two exactly: 2 + 3 has 11, 2 + 4 has 10, 3 + 4 has 9
    two = answer(tmp_path, table, total("1 000 €") + rule.format("min: 2, max: 2"))
    assert two == {"2": 400_00, "3": 400_00}


ADS = "grants: [{formula: {flat: 4 000 €, per: [{column: n_communes, amount: 400 €, up_to: 30}]"


def test_15_flat_fee_per_centre_and_commune(tmp_path: Path) -> None:
    """4,000 € + 400 € per commune, 30 at most, so 16,000 € at most."""
    table = "dossier,n_communes,requested,score\n1,1,,9\n2,10,,8\n3,40,,7\n"
    asked = "dossier,n_communes,requested,score\n1,1,16000,9\n2,10,16000,8\n3,40,16000,7\n"
    # 16,000 each in 28,400: one
    assert answer(tmp_path, asked, total("28 400 €")) == {"1": 16_000_00}
    # 4,000 + 400 × 1 = 4,400; 4,000 + 400 × 10 = 8,000; 4,000 + 400 × 30 = 16,000; in all 28,400
    expected = {"1": 4_400_00, "2": 8_000_00, "3": 16_000_00}
    assert answer(tmp_path, table, total("28 400 €") + ADS + ", max: 16 000 €}}]") == expected
    # without « at most 30 », 3 takes 20,000 and does not fit beside the others
    loose = total("28 400 €") + ADS.replace(", up_to: 30", "") + "}}]"
    assert answer(tmp_path, table, loose) == {"1": 4_400_00, "2": 8_000_00}


def test_16_fee_paid_on_invoices(tmp_path: Path) -> None:
    table = "dossier,n_communes,invoices,requested,score\n1,10,3000,,9\n2,5,9000,,8\n"
    body = total("9 000 €") + ADS
    # 8,000 + 6,000 > 9,000
    assert answer(tmp_path, table, body + "}}]") == {"1": 8_000_00}
    # min(8,000 ; 3,000) = 3,000; min(6,000 ; 9,000) = 6,000; in all 9,000
    assert answer(tmp_path, table, body + "}, max: {column: invoices}}]") == {"1": 3_000_00, "2": 6_000_00}


def test_17_no_commune_counted_twice(tmp_path: Path) -> None:
    """Centre 2 serves a commune of centre 1; 3 serves another."""
    table = """dossier,members,requested,score
1,01001;01002,400,9
2,01002;01003,400,8
3,01004,400,5
"""
    assert answer(tmp_path, table, total("800 €")) == {"1": 400_00, "2": 400_00}
    rule = "rules: [{id: un-centre, kind: exclusive, by: members}]"
    # 01002 once: 1 or 2, so 1 and 3 (14)
    assert answer(tmp_path, table, total("800 €") + rule) == {"1": 400_00, "3": 400_00}


def test_18_franceconnect_and_its_api_supplement(tmp_path: Path) -> None:
    """A row for FranceConnect, a row for the API: a ≤ f, 10,000 € at most per collectivité."""
    table = """dossier,applicant_id,piece,requested,score
1,A,fc,5000,1
2,A,api,,9
3,B,api,5000,5
4,B,fc,5000,5
5,B,api,5000,1
"""
    body = total("15 000 €") + "grants: [{formula: {flat: 5 000 €}}]\n"
    # three of 5,000: the best scores 2, 3, 4
    assert answer(tmp_path, table, body) == {"2": 5_000_00, "3": 5_000_00, "4": 5_000_00}
    rules = """rules:
  - {id: a-sans-f, kind: requires, dossiers: [2], need: [1]}
  - {id: b-sans-f, kind: requires, dossiers: [3, 5], need: [4]}
  - {id: plafond, kind: limit, measure: granted, by: applicant_id, max: 10 k€}
"""
    # {1, 2} has 10 and leaves 5,000: 4 alone (5) of B, in all 15; {3, 4} leaves 1: 11
    expected = {"1": 5_000_00, "2": 5_000_00, "4": 5_000_00}
    assert answer(tmp_path, table, body + rules) == expected


def test_18_the_supplement_in_one_formula(tmp_path: Path) -> None:
    """5,000 € and 5,000 € more if there is an API, whatever their number."""
    table = "dossier,n_api,requested,score\n1,0,,9\n2,3,,8\n"
    formula = "grants: [{formula: {flat: 5 000 €, per: [{column: n_api, amount: 5 000 €%s}]%s}}]"
    # 5,000 and 5,000 + 3 × 5,000 = 20,000
    loose = total("15 000 €") + formula % ("", "")
    assert answer(tmp_path, table, loose) == {"1": 5_000_00}
    fee = total("15 000 €") + formula % (", up_to: 1", ", max: 10 000 €")
    assert answer(tmp_path, table, fee) == {"1": 5_000_00, "2": 10_000_00}


def test_19_once_per_collectivite(tmp_path: Path) -> None:
    """A SIRET is compared by its SIREN: 1 and 2 are one applicant."""
    table = """dossier,envelope,applicant_id,requested,score
1,fc,21010001000015,500,9
2,fc,210100010,500,8
3,fc,210100020,500,2
4,autre,210100010,500,1
"""
    tree = "programme: {id: tnt, amount: 1 500 €, envelopes: [{id: fc}, {id: autre}]}\n"
    assert answer(tmp_path, table, tree) == {"1": 500_00, "2": 500_00, "3": 500_00}
    rule = "rules: [{id: une-fois, kind: limit, measure: dossiers, where: {envelope: fc}, "
    rule += "by: applicant_id, max: 1}]"
    # one of 1 and 2; 4 asks another line
    assert answer(tmp_path, table, tree + rule) == {"1": 500_00, "3": 500_00, "4": 500_00}


def test_20_at_most_k_per_beneficiary_and_line(tmp_path: Path) -> None:
    table = """dossier,envelope,applicant_id,requested,score
1,a,X,300,9
2,a,X,300,8
3,a,X,300,7
4,a,Y,300,2
5,b,X,300,6
"""
    tree = "programme: {id: tnt, amount: 1 200 €, envelopes: [{id: a}, {id: b}]}\n"
    best = {"1": 300_00, "2": 300_00, "3": 300_00, "5": 300_00}
    assert answer(tmp_path, table, tree) == best
    rule = "rules: [{id: deux, kind: limit, measure: dossiers, by: [applicant_id, envelope], max: 2}]"
    # two of X in a (9 + 8), X again in b (6), then Y (2)
    expected = {"1": 300_00, "2": 300_00, "4": 300_00, "5": 300_00}
    assert answer(tmp_path, table, tree + rule) == expected
