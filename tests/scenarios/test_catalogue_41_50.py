"""domain.md §3, rules 41 to 50: territories in balance, coverage, alternatives, two funds on one project."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import answer, awards, envelope_of, rule_of, run, total


def test_41_a_floor_and_a_cap_per_department(tmp_path: Path) -> None:
    """200 € at least where there is demand, 500 € at most."""
    table = """dossier,department,requested,score
1,01,500,10
2,01,400,9
3,02,150,1
4,03,300,2
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 500_00, "2": 400_00}
    rule = "rules: [{id: equilibre, kind: limit, measure: granted, by: department, min: 200 €, max: 500 €}]"
    # 01: 1 or 2 (900 > 500); 02 asks 150 only, its floor is 150; 03: 4. 500 + 150 + 300 = 950
    result = run(tmp_path, table, total("1 000 €") + rule)
    assert awards(result) == {"1": 500_00, "3": 150_00, "4": 300_00}
    assert [g["group"] for g in rule_of(result, "equilibre")["groups"] if g["lowered"]] == ["02"]


def test_42_an_envelope_moves_at_most_5_percent(tmp_path: Path) -> None:
    """By weights 80/20 of 1,000 €; last year it was 500 and 500."""
    table = """dossier,envelope,department,requested,score
1,local,01,600,9
2,local,01,525,8
3,local,02,475,5
"""
    files = {"cles.csv": "group,weight\n01,80\n02,20\n", "a-1.csv": "group,amount\n01,500\n02,500\n"}
    tree = "programme: {id: tnt, amount: 1 000 €, envelopes: [{id: local, amount: 1 000 €, split: {%s}}]}\n"
    # 800 and 200: 1 alone (475 > 200)
    assert answer(tmp_path, table, tree % "by: department, table: cles.csv", files) == {"1": 600_00}
    # 01: min(800 ; 1.05 × 500) = 525; 02: max(200 ; 0.95 × 500) = 475
    damped = tree % "by: department, table: cles.csv, previous: a-1.csv, change: 5 %"
    result = run(tmp_path, table, damped, files)
    assert awards(result) == {"2": 525_00, "3": 475_00}
    assert envelope_of(result, "local/01")["amount_cents"] == 525_00


def test_43_unused_departmental_money_is_shared_again(tmp_path: Path) -> None:
    """500 € each in two departments; what is left on 1 October goes to whoever asks."""
    table = """dossier,envelope,department,requested,filed_at,score
1,local,01,400,2021-05-01,9
2,local,02,300,2021-05-02,8
3,local,02,300,2021-05-03,7
"""
    tree = """date: 2021-06-01
programme:
  id: tnt
  amount: 1 000 €
  envelopes: [{id: local, amount: 1 000 €, split: {by: department, groups: [01, 02], each: 500 €}}]
"""
    # 01: 400 of 500; 02: 300 of 500, 300 more do not fit
    assert answer(tmp_path, table, tree) == {"1": 400_00, "2": 300_00}
    steps = """steps:
  - {id: departements, date: 2021-06-01}
  - {id: remontee, date: 2021-10-01, set: {envelopes.local.split: null}}
"""
    # the 100 and 200 left make 300 for the whole
    assert answer(tmp_path, table, tree + steps) == {"1": 400_00, "2": 300_00, "3": 300_00}


HEADS = """dossier,department,requested,score
1,05,600,9
2,48,400,1
3,05,400,8
"""


def test_44_equity_per_head(tmp_path: Path) -> None:
    """05 has 141,220 inhabitants, 48 has 76,604, both 217,824; between 50 and 150 % of the mean per head."""
    body = "territory: {year: 2021}\n" + total("1 000 €")
    assert answer(tmp_path, HEADS, body) == {"1": 600_00, "3": 400_00}
    rule = "rules: [{id: equite, kind: equity, measure: granted, per: population, by: department, %s}]"
    # {1, 3}: 48 has nothing, 0 < 50 %. {1, 2}: the mean is 1,000 / 217,824; 05 is at
    # 600 / 141,220 × 217,824 / 1,000 = 92.5 %, 48 at 400 / 76,604 × 217.824 = 113.7 %: 10 points,
    # {2, 3} has 9
    result = run(tmp_path, HEADS, body + rule % "min: 50 %, max: 150 %")
    assert awards(result) == {"1": 600_00, "2": 400_00}
    assert rule_of(result, "equite")["holds"] is True
    # from 95 %, neither {1, 2} nor {2, 3} (05 at 400 / 141,220 × 217,824 / 800 = 77.1 %): nobody
    assert answer(tmp_path, HEADS, body + rule % "min: 95 %") == {}


def test_44_the_smallest_per_head_as_large_as_can_be(tmp_path: Path) -> None:
    body = "territory: {year: 2021}\n" + total("1 000 €")
    goal = "objective: [{maximise: {smallest: {measure: granted, per: population, by: department}}}]\n"
    # {1, 2}: min(600 / 141,220 ; 400 / 76,604) = 0.00425; {2, 3}: 400 / 141,220 = 0.00283; {1, 3}: 0
    assert answer(tmp_path, HEADS, body + goal) == {"1": 600_00, "2": 400_00}


def test_45_every_department_has_a_project(tmp_path: Path) -> None:
    """03 has a dossier that is not eligible: no demand, no floor."""
    table = """dossier,department,state,requested,score
1,01,en_instruction,400,9
2,01,en_instruction,400,8
3,02,en_instruction,400,1
4,03,refuse,400,7
"""
    assert answer(tmp_path, table, total("800 €")) == {"1": 400_00, "2": 400_00}
    rule = "rules: [{id: partout, kind: limit, measure: dossiers, by: department, min: 1}]"
    assert answer(tmp_path, table, total("800 €") + rule) == {"1": 400_00, "3": 400_00}


BRETAGNE = """dossier,applicant_type,applicant_id,requested,score
1,departement,29,500,9
2,departement,35,500,3
3,departement,56,300,2
4,epci,243500139,500,8
"""
ALREADY = {"fc.csv": "code\n22\n"}
COVER = """territory: {year: 2021}
rules:
  - {id: bretagne, kind: coverage, units: {type: departement, region: 53}, covered_by: applicant_id,
     already: fc.csv, measure: %s, min: %s}
"""


def test_46_targets_as_coverage(tmp_path: Path) -> None:
    """22, 29, 35, 56 are Bretagne; 22 is covered already; 75 % is three of the four."""
    assert answer(tmp_path, BRETAGNE, total("1 000 €")) == {"1": 500_00, "4": 500_00}
    # two of 29, 35, 56: {1, 2} 12 points, {1, 3} 11 and 200 € that pay nobody else
    result = run(tmp_path, BRETAGNE, total("1 000 €") + COVER % ("units", "75 %"), ALREADY)
    assert awards(result) == {"1": 500_00, "2": 500_00}
    assert (rule_of(result, "bretagne")["num"], rule_of(result, "bretagne")["den"]) == (3, 4)
    # 50 % is two of four: 22 and one more; {1, 4} has it
    assert answer(tmp_path, BRETAGNE, total("1 000 €") + COVER % ("units", "50 %"), ALREADY) == {
        "1": 500_00, "4": 500_00,
    }  # fmt: skip


def test_47_coverage_counted_in_people(tmp_path: Path) -> None:
    """600,582 + 915,090 + 1,079,498 + 759,684 = 3,354,854 inhabitants; a half is 1,677,427."""
    assert answer(tmp_path, BRETAGNE, total("500 €")) == {"1": 500_00}
    # with 22: 29 makes 1,515,672, 35 makes 1,680,080, 56 makes 1,360,266
    result = run(tmp_path, BRETAGNE, total("500 €") + COVER % ("population", "50 %"), ALREADY)
    assert awards(result) == {"2": 500_00}
    figures = rule_of(result, "bretagne")
    assert figures["num"] * 3_354_854 == 1_680_080 * figures["den"]


def test_48_two_alternatives_of_one_project(tmp_path: Path) -> None:
    table = "dossier,requested,score\n1,500,9\n2,400,8\n3,300,2\n"
    assert answer(tmp_path, table, total("900 €")) == {"1": 500_00, "2": 400_00}
    rule = "rules: [{id: ou, kind: exclusive, dossiers: [1, 2], max: 1}]"
    # {1, 3} has 11, {2, 3} 10
    assert answer(tmp_path, table, total("900 €") + rule) == {"1": 500_00, "3": 300_00}


def test_48_variants_by_their_label(tmp_path: Path) -> None:
    """2 is a variant of 1: the dossier whose number is the label is included."""
    table = "dossier,variant_of,requested,score\n1,,500,9\n2,%s,400,8\n3,,300,2\n"
    assert answer(tmp_path, table % "", total("900 €")) == {"1": 500_00, "2": 400_00}
    assert answer(tmp_path, table % "1", total("900 €")) == {"1": 500_00, "3": 300_00}


def test_48_a_project_that_needs_another(tmp_path: Path) -> None:
    table = "dossier,requires,requested,score\n1,{},500,9\n2,,400,1\n3,,400,8\n"
    assert answer(tmp_path, table.format(""), total("900 €")) == {"1": 500_00, "3": 400_00}
    rule = "rules: [{id: socle, kind: requires, dossiers: [1], need: [2]}]"
    # {1, 2} has 10; {2, 3} 9; {1, 3} is not allowed
    expected = {"1": 500_00, "2": 400_00}
    assert answer(tmp_path, table.format(""), total("900 €") + rule) == expected
    # the same, said in the table
    assert answer(tmp_path, table.format("2"), total("900 €")) == expected


def test_49_two_funds_on_one_project(tmp_path: Path) -> None:
    """Own row, own base, own rate, own decision; the project counts once."""
    table = """dossier,project,envelope,base,cost,requested,score
1,P,detr,1000,2000,1000,5
2,P,dsil,500,2000,500,4
3,Q,detr,1000,1000,1000,6
"""
    body = """programme: {id: etat, amount: 600 €, envelopes: [{id: detr}, {id: dsil}]}
grants: [{where: {envelope: detr}, max_rate: 30 %}, {where: {envelope: dsil}, max_rate: 50 %}]
"""
    # 0.3 × 1,000 = 300; 0.5 × 500 = 250; 300: {1, 3} = 600 has 11, {1, 2} 9, {2, 3} 10
    assert answer(tmp_path, table, body) == {"1": 300_00, "3": 300_00}
    rule = "rules: [{id: un, kind: limit, measure: %s, max: 1}]"
    # one project: P by its two rows has 9, Q has 6
    assert answer(tmp_path, table, body + rule % "projects") == {"1": 300_00, "2": 250_00}
    # one dossier: 3
    assert answer(tmp_path, table, body + rule % "dossiers") == {"3": 300_00}


def test_50_no_stacking_with_a_listed_programme(tmp_path: Path) -> None:
    table = """dossier,project,envelope,tags,requested,score
1,P,detr,,400,9
2,P,pcaet,,400,8
3,Q,detr,annexe-vii,400,7
4,R,detr,,400,1
"""
    tree = "programme: {id: etat, amount: 1 200 €, envelopes: [{id: detr}, {id: pcaet}]}\n"
    assert list(answer(tmp_path, table, tree)) == ["1", "2", "3"]
    rules = """eligibility:
  - {id: annexe-vii, where: {envelope: detr}, require: {tags: {not: {has: annexe-vii}}}}
rules:
  - {id: sans-cumul, kind: limit, measure: dossiers, where: {envelope: [detr, pcaet]}, by: project, max: 1}
"""
    # 3 has a listed programme; one of 1 and 2
    assert answer(tmp_path, table, tree + rules) == {"1": 400_00, "4": 400_00}
