"""domain.md §3, rules 51 to 60: order, first come, years, tranches, lapse."""

from __future__ import annotations

from pathlib import Path

from support.text_scenarios import answer, awards, envelope_of, reason_codes, run, total


def test_51_merit_order_within_a_cost_class(tmp_path: Path) -> None:
    table = """dossier,cost_class,requested,score
1,{},600,9
2,petit,300,8
3,petit,300,7
"""
    goal = "objective: [{maximise: {dossiers: 1}}]\n"
    body = total("600 €") + goal
    # two small ones rather than a large one
    assert answer(tmp_path, table.format("petit"), body) == {"2": 300_00, "3": 300_00}
    rule = "rules: [{id: merite, kind: order, by: cost_class, rank: score, best: high}]"
    # neither 2 nor 3 before 1, which takes all
    assert answer(tmp_path, table.format("petit"), body + rule) == {"1": 600_00}
    # in a class of its own, 1 does not stand before them
    assert answer(tmp_path, table.format("grand"), body + rule) == {"2": 300_00, "3": 300_00}


def test_52_a_score_threshold_and_the_tie_break(tmp_path: Path) -> None:
    """Equal scores and amounts: filed first, then by number, 9 before 10."""
    table = """dossier,filed_at,requested,score
10,2021-05-01T09:00,500,7
9,2021-05-01T09:00,500,7
1,2021-05-02,500,7
2,2021-04-01,400,4.9
"""
    # without a threshold the cheapest set of most points: 7 + 4.9, with 9 before 10
    assert answer(tmp_path, table, total("1 000 €")) == {"9": 500_00, "10": 500_00}
    assert answer(tmp_path, table, total("900 €")) == {"2": 400_00, "9": 500_00}
    rule = "eligibility: [{id: seuil, require: {score: {min: 5}}}]"
    assert answer(tmp_path, table, total("900 €") + rule) == {"9": 500_00}


def test_53_first_come_first_served(tmp_path: Path) -> None:
    table = """dossier,filed_at,requested,score
1,2021-05-01,400,1
2,2021-05-02,700,10
3,2021-05-03,300,8
4,2021-05-03,300,9
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"2": 700_00, "4": 300_00}
    rule = "rules: [{id: guichet, kind: order, first_come: filed_at, skip: %s}]"
    # 400; 400 + 700 > 1,000: the window closes at 2
    assert answer(tmp_path, table, total("1 000 €") + rule % "false") == {"1": 400_00}
    # 2 is passed over; 3 (700) and, of the same day, 4 after 3 (1,000)
    expected = {"1": 400_00, "3": 300_00, "4": 300_00}
    assert answer(tmp_path, table, total("1 000 €") + rule % "true") == expected


def test_54_the_funnel(tmp_path: Path) -> None:
    """Filed → eligible → funded: 5 → 3 → 2."""
    table = """dossier,population,requested,score
1,900,400,9
2,5000,400,8
3,5000,400,7
4,5000,400,6
5,900,400,5
"""
    rule = "eligibility: [{id: taille, require: {population: {min: 1000}}}]"
    result = run(tmp_path, table, total("1 000 €") + rule)
    figures = envelope_of(result, "tnt")
    assert [figures[key] for key in ("n_dossiers", "n_eligible", "n_funded")] == [5, 3, 2]
    assert [result.document[key] for key in ("n_dossiers", "n_eligible", "n_funded")] == [5, 3, 2]
    assert reason_codes(result) == {
        "1": "ineligible", "2": "merit", "3": "merit", "4": "outranked", "5": "ineligible",
    }  # fmt: skip


YEARS = """dossier,year,requested,score
1,2021,600,9
2,2021,400,8
3,2022,500,3
"""


def test_55_commitments_in_the_year_of_decision(tmp_path: Path) -> None:
    assert list(answer(tmp_path, YEARS, total("1 500 €"))) == ["1", "2", "3"]
    rule = "rules: [{id: ae, kind: schedule, year: {column: year}, commitments: {2021: 600 €, 2022: 500 €}}]"
    # 2021: 600 + 400 > 600, and 9 > 8
    assert answer(tmp_path, YEARS, total("1 500 €") + rule) == {"1": 600_00, "3": 500_00}


def test_56_payments_over_the_years(tmp_path: Path) -> None:
    """30 % in the first year, 50 % in the second, 20 % in the third."""
    rule = """rules:
  - {id: cp, kind: schedule, year: {column: year}, profile: [30 %%, 50 %%, 20 %%],
     payments: {2021: 300 €, 2022: %s}, advance_max: 30 %%, before_end_max: 80 %%}
"""
    # 2021: 0.3 × (600 + 400) = 300; 2022: 0.5 × 1,000 + 0.3 × 500 = 650
    assert list(answer(tmp_path, YEARS, total("1 500 €") + rule % "650 €")) == ["1", "2", "3"]
    # 649 in 2022: without 3 500 (17 points), without 2 0.5 × 600 + 150 = 450 (12), without 1 350 (11)
    assert list(answer(tmp_path, YEARS, total("1 500 €") + rule % "649 €")) == ["1", "2"]


def test_56_at_most_80_percent_before_the_end(tmp_path: Path) -> None:
    """Paid before the year of its end: 80 % of 1 (30 + 50), all of 2 (30 + 50 + 20), 80 % of 3."""
    head, *rows = YEARS.split()
    ends = ("2023-06-30", "2024-01-01", "2024-12-31")
    table = "\n".join([f"{head},end", *(f"{row},{end}" for row, end in zip(rows, ends, strict=True))]) + "\n"
    rule = "rules: [{id: cp, kind: schedule, year: {column: year}, profile: [30 %, 50 %, 20 %], "
    rule += "before_end_max: 80 %}]"
    assert answer(tmp_path, table, total("1 500 €") + rule) == {"1": 600_00, "3": 500_00}
    # 2 is saved by a limit of 100 %
    longer = rule.replace("before_end_max: 80 %", "before_end_max: 100 %")
    assert list(answer(tmp_path, table, total("1 500 €") + longer)) == ["1", "2", "3"]


def test_57_commitments_on_later_years_are_bounded(tmp_path: Path) -> None:
    """50 % of the envelope at most for 2022."""
    table = YEARS + "4,2022,100,2\n"
    assert list(answer(tmp_path, table, total("1 000 €"))) == ["1", "2"]
    rule = """objective: [{maximise: {dossiers: 1}}]
rules:
  - {id: avance, kind: limit, measure: granted, where: {year: 2022}, max: {share: %s, of_amount: tnt}}
"""
    # three dossiers: 400 + 500 + 100 = 1,000, of which 600 in 2022
    assert list(answer(tmp_path, table, total("1 000 €") + rule % "60 %")) == ["2", "3", "4"]
    # 0.5 × 1,000 = 500: two dossiers at most; the least money is 400 + 100
    assert list(answer(tmp_path, table, total("1 000 €") + rule % "50 %")) == ["2", "4"]


def test_58_tranches_released_one_after_another(tmp_path: Path) -> None:
    """600 € on 5 November, 400 € more on 1 March: what is granted first stays granted."""
    table = """dossier,envelope,filed_at,requested,score
1,ads,2021-10-01,500,5
2,ads,2021-10-02,400,4
3,ads,2022-01-10,600,20
"""
    body = """date: 2022-03-01
programme: {id: tnt, amount: 1 000 €, envelopes: [{id: ads, amount: %s}]}
"""
    # all at once: 600 + 400 = 1,000, 24 points
    assert answer(tmp_path, table, body % "1 000 €") == {"2": 400_00, "3": 600_00}
    steps = """steps:
  - {id: tranche-1, date: 2021-11-05, set: {envelopes.ads.amount: 600 €}}
  - {id: tranche-2, date: 2022-03-01}
"""
    # November: 1 (3 is not filed yet); March: 500 left, 600 do not fit, 2 does
    result = run(tmp_path, table, body % "1 000 €" + steps)
    assert awards(result) == {"1": 500_00, "2": 400_00}


def test_59_80_percent_notified_by_30_june(tmp_path: Path) -> None:
    table = """dossier,notified_at,requested,score
1,2021-06-30,400,3
2,2021-07-01,400,9
3,2021-05-01,400,2
4,2021-07-02,200,5
"""
    assert answer(tmp_path, table, total("1 000 €")) == {"1": 400_00, "2": 400_00, "4": 200_00}
    rule = """rules:
  - {id: semestre, kind: limit, measure: granted, where: {notified_at: {until: 2021-06-30}},
     min: {share: 80 %, of_amount: tnt}}
"""
    # 800 of 1,000 by 30 June: 1 and 3; 200 left: 4
    expected = {"1": 400_00, "3": 400_00, "4": 200_00}
    assert answer(tmp_path, table, total("1 000 €") + rule) == expected


def test_60_the_money_of_lapsed_projects_returns(tmp_path: Path) -> None:
    """Deterministic form: a commitment notified more than two years ago and not started is taken out.

    `uncertain: [{event: lapsed, probability: 5 %}]` is read by `ensemble` only.
    """
    table = """dossier,notified_at,start,committed,requested,score
1,2019-11-01,,500,500,1
2,2019-11-01,2020-02-01,300,300,1
3,2020-11-22,,200,200,1
4,,,,500,9
"""
    body = "date: 2021-11-22\n" + total("1 000 €")
    kept = {"1": 500_00, "2": 300_00, "3": 200_00}
    # all is promised: 500 + 300 + 200 = 1,000
    assert answer(tmp_path, table, body) == kept
    lapsed = "{notified_at: {before: {date: decision, plus: -24 months}}, start: {empty: true}}"
    rule = f"dossiers: [{{file: table.csv, where: {{not: {lapsed}}}}}]\n"
    # 1 was notified before 22 November 2019 and is not started: its 500 € pay 4
    freed = run(tmp_path, table, body + rule)
    assert awards(freed) == {"2": 300_00, "3": 200_00, "4": 500_00}
    # an event of chance does not move the decision itself
    chance = body + "uncertain: [{id: caducite, event: lapsed, probability: 5 %}]\n"
    assert answer(tmp_path, table, chance) == kept
