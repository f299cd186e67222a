"""What a value of a scenario means: days and spans have one reading, groups of several columns one name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.tiny_scenario import HEAD, tiny

from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import compile_problem

TABLE = """dossier,envelope,requested,score,filed_at,notified_at,lot,nature
1,a,600,10,2021-06-30T09:00:00+02:00,2021-01-31,x,u
2,a,500,9,2021-07-01T00:00:00+02:00,2021-02-14,y · u,v
3,b,800,8,2021-06-29,2021-02-15,y,u · v
4,b,400,7,,2023-01-31,y,u
"""


def eligible(folder: Path, require: str, more: str = "") -> list[str]:
    scenario = HEAD + f"date: 2021-01-31\neligibility: [{{id: e, require: {require}}}]\n{more}"
    problem = compile_problem(tiny(folder, scenario, TABLE))
    table = problem.case.table
    return sorted(table["dossier"].filter(problem.eligibility.eligible))


def refusal(folder: Path, require: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        eligible(folder, require)
    (defect,) = caught.value.defects
    assert defect.line(Lang.EN)
    return defect.line(Lang.FR)


# days: a day is all of it, an instant is written as one, nothing else is read


def test_a_day_is_all_of_it(tmp_path: Path) -> None:
    assert eligible(tmp_path, "{filed_at: {until: 2021-06-30}}") == ["1", "3"]
    assert eligible(tmp_path, "{filed_at: {until: 2021-06-30T08:59}}") == ["3"]
    assert eligible(tmp_path, '{filed_at: {until: "2021-06-30T07:00Z"}}') == ["1", "3"]
    assert eligible(tmp_path, "{filed_at: [2021-06-30, 2021-07-01]}") == ["1", "2"]


NOT_DAYS = {
    "20210630": "day tiny.yaml:12:51 — « 20210630 » n'est pas un jour écrit AAAA-MM-JJ. Écrivez 2021-06-30.",
    "20211330": (
        "moment tiny.yaml:12:51 — « 20211330 » n'est ni un jour (AAAA-MM-JJ) ni un instant (AAAA-MM-JJTHH:MM). "
        "Écrivez par exemple 2021-11-05T12:00."
    ),
    "30/06/2021": "day tiny.yaml:12:51 — « 30/06/2021 » n'est pas un jour écrit AAAA-MM-JJ. Écrivez 2021-06-30.",
    "2021-W26-3": (
        "moment tiny.yaml:12:51 — « 2021-W26-3 » n'est ni un jour (AAAA-MM-JJ) ni un instant (AAAA-MM-JJTHH:MM). "
        "Écrivez par exemple 2021-11-05T12:00."
    ),
    "2021-06-31": (
        "day tiny.yaml:12:51 — « 2021-06-31 » n'existe pas au calendrier. "
        "Corrigez le jour, le mois ou l'heure."
    ),
    "2021-06-30T24:30": (
        "day tiny.yaml:12:51 — « 2021-06-30T24:30 » n'existe pas au calendrier. "
        "Corrigez le jour, le mois ou l'heure."
    ),
}


@pytest.mark.parametrize("text", NOT_DAYS)
def test_what_is_no_day(text: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, f'{{filed_at: {{until: "{text}"}}}}') == NOT_DAYS[text]
    assert refusal(tmp_path, f'{{filed_at: ["{text}"]}}').split(" — ")[1] == NOT_DAYS[text].split(" — ")[1]


# spans: one reading

SPANS = {
    "2 weeks": ["1", "2"],
    "2 semaines": ["1", "2"],
    "15 jours": ["1", "2", "3"],
    "14 days": ["1", "2"],
    "2 années": ["1", "2", "3", "4"],
    "2 ans": ["1", "2", "3", "4"],
    "24 mois": ["1", "2", "3", "4"],
    "23 months": ["1", "2", "3"],
    "-1 an": [],
}


@pytest.mark.parametrize("span", SPANS)
def test_a_span_after_the_decision(span: str, tmp_path: Path) -> None:
    require = f'{{notified_at: {{until: {{date: decision, plus: "{span}"}}}}}}'
    assert eligible(tmp_path, require) == SPANS[span]


def test_what_is_no_span(tmp_path: Path) -> None:
    assert refusal(tmp_path, "{notified_at: {until: {date: decision, plus: 24}}}") == (
        "span tiny.yaml:12:77 — « 24 » n'est pas un délai en jours, semaines, mois ou années. "
        "Écrivez par exemple 24 months, 90 days ou 2 years."
    )


# groups of several columns


def groups(folder: Path, table: str = TABLE) -> dict[str, int]:
    """How many dossiers each group of (lot, nature) funds when all are funded."""
    rule = "rules: [{id: r, kind: limit, measure: dossiers, by: [lot, nature], max: 9}]\n"
    problem = compile_problem(tiny(folder, HEAD + rule, table))
    (found,) = problem.rules
    every = problem.offers.in_play
    reading = found.read(every, problem.offers.most_cents)
    return {str(figure.group): figure.num for figure in reading.readings}


def test_two_pairs_never_share_a_group(tmp_path: Path) -> None:
    """(« y · u », v) and (y, « u · v ») are both shown as « y · u · v » without their quotes."""
    assert groups(tmp_path) == {"x · u": 1, '"y · u" · v': 1, 'y · "u · v"': 1, "y · u": 1}


VALUES = st.text(alphabet='a·" \\', min_size=1, max_size=4).map(str.strip).filter(bool)


@drawn(80)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=5))
def test_groups_are_as_many_as_pairs(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    cells = [[f'"{part.replace(chr(34), chr(34) * 2)}"' for part in pair] for pair in pairs]
    rows = [f"{k},a,1,1,,,{lot},{nature}" for k, (lot, nature) in enumerate(cells, 1)]
    table = "\n".join([TABLE.split("\n")[0], *rows]) + "\n"
    found = groups(tmp_path_factory.mktemp("groups"), table)
    assert sorted(found.values()) == sorted(pairs.count(pair) for pair in set(pairs))
