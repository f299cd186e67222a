"""domain.md §3, rules 21 to 30: beneficiaries, and who is eligible."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import answer, awards, reason_codes, run, total


def test_21_the_applicants_own_order(tmp_path: Path) -> None:
    """X puts its dossier 2 before its dossier 1; the jury does not."""
    table = """dossier,applicant_id,priority,requested,score
1,X,2,600,9
2,X,1,600,3
3,Y,1,600,5
"""
    assert answer(tmp_path, table, total("1 200 €")) == {"1": 600_00, "3": 600_00}
    rule = "rules: [{id: ordre, kind: order, by: applicant_id, rank: priority}]"
    # 1 needs 2: {1, 2} has 12, {2, 3} 8, {1, 3} is not allowed
    assert answer(tmp_path, table, total("1 200 €") + rule) == {"1": 600_00, "2": 600_00}


def test_22_a_cap_per_beneficiary_over_all_lines(tmp_path: Path) -> None:
    table = """dossier,envelope,applicant_id,requested,score
1,a,X,600,9
2,b,X,500,8
3,b,Y,400,2
"""
    tree = "programme: {id: tnt, amount: 1 100 €, envelopes: [{id: a}, {id: b}]}\n"
    assert answer(tmp_path, table, tree) == {"1": 600_00, "2": 500_00}
    rule = "rules: [{id: plafond, kind: limit, measure: granted, by: applicant_id, max: 700 €}]"
    # 600 + 500 > 700 for X: {1, 3} has 11, {2, 3} has 10
    assert answer(tmp_path, table, tree + rule) == {"1": 600_00, "3": 400_00}


def test_23_population_threshold_departments_always_in(tmp_path: Path) -> None:
    """Call 1 wants more than 500,000 inhabitants, call 2 300,000; a department is always in."""
    table = """dossier,applicant_type,population,filed_at,requested,score
1,metropole,500000,2021-09-01,500,9
2,departement,76604,2021-09-01,500,8
3,metropole,500001,2021-09-01,500,7
4,epci,300000,2021-10-08,500,6
5,epci,299999,2021-10-08,500,5
"""
    rules = """eligibility:
  - where: {filed_at: {until: 2021-10-07}, applicant_type: {not: departement}}
    id: appel-1
    require: {population: {above: 500000}}
  - where: {filed_at: {from: 2021-10-08}, applicant_type: {not: departement}}
    id: appel-2
    require: {population: {min: 300000}}
"""
    assert list(answer(tmp_path, table, total("1 500 €"))) == ["1", "2", "3"]
    # 1 has 500,000, not more; 5 one inhabitant too few
    result = run(tmp_path, table, total("1 500 €") + rules)
    assert awards(result) == {"2": 500_00, "3": 500_00, "4": 500_00}
    assert [name for name, code in reason_codes(result).items() if code == "ineligible"] == ["1", "5"]


def test_23_the_population_of_a_group_is_its_members(tmp_path: Path) -> None:
    """01004 (14,134 inhabitants in 2021) written twice counts once; with 01001 (779) it makes 14,913."""
    table = """dossier,applicant_type,members,population,requested,score
1,syndicat,01001;01004,,500,5
2,syndicat,01004;01004,,500,9
"""
    body = total("500 €") + "territory: {year: 2021, fill: [population]}\n"
    assert answer(tmp_path, table, body) == {"2": 500_00}
    # 14,134 < 14,900 ≤ 14,913: only the group of both communes
    rule = "eligibility: [{id: seuil, require: {population: {min: 14900}}}]"
    assert answer(tmp_path, table, body + rule) == {"1": 500_00}


def test_24_a_size_ceiling(tmp_path: Path) -> None:
    """Communes above 20,000 are out; between 2,000 and 20,000 the potential is below 1.3 × the mean."""
    table = """dossier,applicant_type,population,potential,stratum_mean,requested,score
1,commune,20001,500,1000,500,9
2,commune,15000,1300,1000,500,8
3,commune,15000,1299.99,1000,500,3
4,commune,2000,5000,1000,500,2
5,commune,15000,,1000,500,7
"""
    rule = """eligibility:
  - id: taille
    where: {applicant_type: commune}
    require:
      any:
        - {population: {max: 2000}}
        - {population: {max: 20000}, potential: {below: {column: stratum_mean, times: 1.3}}}
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 500_00, "2": 500_00}
    # 2: 1,300 is not below 1.3 × 1,000; 5: an empty cell satisfies no comparison
    assert answer(tmp_path, table, total("1 000 €") + rule) == {"3": 500_00, "4": 500_00}


def test_25_types_admitted_by_line_and_department(tmp_path: Path) -> None:
    """Ain admits communes and EPCI only; Puy-de-Dôme departments too."""
    table = """dossier,envelope,department,applicant_type,requested,score
1,axe-3,01,departement,500,9
2,axe-3,63,departement,500,8
3,axe-3,01,commune,500,7
"""
    tree = "programme: {id: tnt, amount: 1 000 €, envelopes: [{id: axe-3}]}\n"
    rule = """eligibility:
  - {id: ain, where: {envelope: axe-3, department: 01}, require: {applicant_type: [commune, epci]}}
  - id: puy-de-dome
    where: {envelope: axe-3, department: 63}
    require: {applicant_type: [commune, epci, metropole, departement, region]}
"""
    assert answer(tmp_path, table, tree) == {"1": 500_00, "2": 500_00}
    assert answer(tmp_path, table, tree + rule) == {"2": 500_00, "3": 500_00}


def test_26_a_theme_in_scope(tmp_path: Path) -> None:
    """Equipment alone is out; equipment with a service is not."""
    table = """dossier,tags,requested,score
1,equipement,500,9
2,equipement;service,500,8
3,service,500,7
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 500_00, "2": 500_00}
    rule = (
        "eligibility: [{id: champ, require: {tags: {not: {only: [equipement, infrastructure, formation]}}}}]"
    )
    assert answer(tmp_path, table, total("1 000 €") + rule) == {"2": 500_00, "3": 500_00}


def test_27_filed_in_the_window(tmp_path: Path) -> None:
    """Until 22 November 2021 at midnight in Paris: 23:30 UTC on that day is the 23rd at 00:30."""
    table = """dossier,filed_at,requested,score
1,2021-11-22T23:30:00Z,500,9
2,2021-11-23,500,8
3,2021-11-22T23:59,500,7
4,2021-10-08,500,6
5,2021-10-07T23:59,500,5
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 500_00, "2": 500_00}
    rule = "eligibility: [{id: appel-2, require: {filed_at: {from: 2021-10-08, until: 2021-11-22}}}]"
    assert answer(tmp_path, table, total("1 000 €") + rule) == {"3": 500_00, "4": 500_00}


def test_28_not_started_before_filing(tmp_path: Path) -> None:
    """R. 2334-24, but not for Démat.ADS, which is retroactive."""
    table = """dossier,envelope,filed_at,start,requested,score
1,detr,2021-05-10T14:00,2021-05-09,500,9
2,demat-ads,2021-05-10,2021-01-01,500,8
3,detr,2021-05-10T14:00,2021-05-10,500,7
"""
    tree = "programme: {id: tnt, amount: 1 000 €, envelopes: [{id: detr}, {id: demat-ads}]}\n"
    rule = """eligibility:
  - id: non-commence
    where: {envelope: {not: demat-ads}}
    require: {start: {from: {column: filed_at}}}
    source: CGCT R. 2334-24
"""
    assert answer(tmp_path, table, tree) == {"1": 500_00, "2": 500_00}
    # 3 starts on the very day of its filing: allowed
    assert answer(tmp_path, table, tree + rule) == {"2": 500_00, "3": 500_00}


def test_29_an_effect_within_two_years(tmp_path: Path) -> None:
    """Decision on 22 November 2021: until 22 November 2023."""
    table = (
        "dossier,end,requested,score\n1,2023-11-23,500,9\n2,2023-11-22,500,8\n3,,500,7\n4,2022-06-30,500,6\n"
    )
    body = "date: 2021-11-22\n" + total("1 000 €")
    assert answer(tmp_path, table, body) == {"1": 500_00, "2": 500_00}
    rule = "eligibility: [{id: effet, require: {end: {until: {date: decision, plus: 24 months}}}}]"
    # 3 does not say when it ends: not eligible
    assert answer(tmp_path, table, body + rule) == {"2": 500_00, "4": 500_00}


def test_30_complete_dossiers_only(tmp_path: Path) -> None:
    table = """dossier,state,requested,score
1,en_construction,500,9
2,en_instruction,500,8
3,accepte,500,7
4,refuse,500,10
"""
    # without any rule a refused dossier is out already
    result = run(tmp_path, table, total("1 000 €"))
    assert awards(result) == {"1": 500_00, "2": 500_00}
    assert reason_codes(result)["4"] == "state"
    rule = "eligibility: [{id: complet, require: {state: [en_instruction, accepte]}}]"
    assert answer(tmp_path, table, total("1 000 €") + rule) == {"2": 500_00, "3": 500_00}
