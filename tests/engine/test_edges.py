"""Cases at the edge that once gave a wrong answer in silence; each is settled by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.tiny_scenario import HEAD, TABLE, funded, tiny

from tnt_sim.engine import optimise as decision
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.solve.backends.registry import list_independent_backends

ONE = """schema_version: 1
id: un
programme: {id: p, amount: 1000}
dossiers: [{file: table.csv}]
"""


def answer(folder: Path, scenario: str, table: str) -> dict[str, int]:
    return funded(solve(tiny(folder, scenario, table), cross_check="never"))


def refusal(folder: Path, scenario: str, table: str = TABLE) -> list[str]:
    with pytest.raises(InputError) as caught:
        solve(tiny(folder, scenario, table), cross_check="never")
    return [defect.line(Lang.FR) for defect in caught.value.defects]


def test_what_counts_once_may_be_negative(tmp_path: Path) -> None:
    """Each department costs 3 points and brings 0.01 per euro of 100: nothing is worth funding."""
    text = ONE + "measures: {m: {value: -3, once_per: department}}\n"
    text += "objective: [{maximise: {m: 1, granted: 0.01}}]\n"
    table = "dossier,requested,department\nA,100,01\nB,100,02\n"
    assert answer(tmp_path, text, table) == {}
    assert set(answer(tmp_path, text.replace("-3", "-0.5"), table)) == {"A", "B"}


def test_a_column_named_like_a_word_counts_in_the_hash(tmp_path: Path) -> None:
    table = "dossier,requested,note\nA,100,1\nB,100,2\n"
    text = ONE + "note: des mots\nobjective: [{maximise: {note: 1}}]\n"
    up = tiny(tmp_path, text, table).sha256
    assert up == tiny(tmp_path, text.replace("des mots", "d'autres mots"), table).sha256
    assert up != tiny(tmp_path, text.replace("{note: 1}", "{note: -1}"), table).sha256
    some = text + "eligibility: [{id: e, where: {note: 1}, require: {note: {min: 0}}}]\n"
    other = some.replace("where: {note: 1}", "where: {note: 2}")
    assert tiny(tmp_path, some, table).sha256 != tiny(tmp_path, other, table).sha256


@pytest.mark.parametrize(
    ("filed", "notified", "plus", "eligible"),
    [
        ("2021-03-01T00:30+01:00", "2021-03-31T12:00+02:00", "1 months", True),
        ("2021-03-27T23:30+01:00", "2021-03-29T00:10+02:00", "1 days", False),
    ],
)
def test_spans_are_local_calendar_time(
    tmp_path: Path, filed: str, notified: str, plus: str, eligible: bool
) -> None:
    """A month after 00:30 on 1 March is 00:30 on 1 April, whatever the clocks do in between."""
    text = ONE + "objective: [{maximise: {dossiers: 1}}]\n"
    text += (
        f"eligibility: [{{id: e, require: {{notified_at: {{until: {{column: filed_at, plus: {plus}}}}}}}}}]\n"
    )
    table = f"dossier,requested,filed_at,notified_at\nA,100,{filed},{notified}\n"
    assert answer(tmp_path, text, table) == ({"A": 10000} if eligible else {})


def test_by_envelope_groups_by_where_a_dossier_lands(tmp_path: Path) -> None:
    text = ONE + "objective: [{maximise: {dossiers: 1}}]\n"
    text += "rules: [{id: r, kind: limit, measure: dossiers, by: envelope, max: 1}]\n"
    assert len(answer(tmp_path, text, "dossier,requested\nA,100\nB,100\n")) == 1


def test_by_base_takes_the_cost_where_base_is_empty(tmp_path: Path) -> None:
    text = ONE + "objective: [{maximise: {dossiers: 1}}]\n"
    text += "rules: [{id: r, kind: limit, measure: dossiers, by: base, max: 1}]\n"
    table = "dossier,requested,cost\nA,100,500\nB,100,500\nC,100,600\n"
    assert len(answer(tmp_path, text, table)) == 2


def test_a_file_that_is_off_brings_no_dossier(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("dossier,requested\nZ,100\n", encoding="utf-8")
    both = ONE.replace("[{file: table.csv}]", "[{file: table.csv}, {file: more.csv}]")
    both += "objective: [{maximise: {dossiers: 1}}]\n"
    table = "dossier,requested\nA,100\n"
    assert set(answer(tmp_path, both, table)) == {"A", "Z"}
    assert set(answer(tmp_path, both.replace("more.csv}", "more.csv, off: true}"), table)) == {"A"}


REFUSED = {
    "min above max": (
        "rules: [{id: r, kind: limit, measure: granted, min: 500 €, max: 400 €}]\n",
        "bounds-crossed tiny.yaml:11:53 — le minimum dépasse le maximum. Échangez-les, ou corrigez l'un des deux.",
    ),
    "min above max of a share": (
        "rules: [{id: r, kind: share, measure: granted, where: {department: 01}, min: 40 %, max: 30 %}]\n",
        "bounds-crossed tiny.yaml:11:78 — le minimum dépasse le maximum. Échangez-les, ou corrigez l'un des deux.",
    ),
    "a rule without bound": (
        "rules: [{id: r, kind: share, measure: granted, where: {department: 01}}]\n",
        "no-bound tiny.yaml:11:9 — cette règle n'a ni `min` ni `max`. Donnez une borne, ou `report: true`.",
    ),
    "a measure with a built-in name": (
        "measures: {granted: {column: score}}\n",
        "measure-name tiny.yaml:11:21 — « granted » est une mesure de base ; une mesure nommée ne peut pas la "
        "remplacer. Donnez-lui un autre nom.",
    ),
    "validity without a day": (
        "eligibility: [{id: e, require: {department: 01}, valid: {until: 2021-01-01}}]\n",
        "date-missing tiny.yaml:11:57 — `valid` demande le jour de la décision, que le scénario ne donne pas. "
        "Ajoutez `date: AAAA-MM-JJ` au scénario.",
    ),
    "granted once per key": (
        "measures: {m: {column: granted, once_per: department}}\n"
        "rules: [{id: r, kind: limit, measure: m, max: 1}]\n",
        "once-per tiny.yaml:11:43 — `once_per` demande une mesure fixe par dossier : ni montant accordé, "
        "ni mesure "
        "déjà comptée une fois par demandeur, par projet ou par habitant.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_place_and_reason(name: str, tmp_path: Path) -> None:
    more, expected = REFUSED[name]
    assert refusal(tmp_path, HEAD + more) == [expected]


def test_an_empty_goal_is_refused(tmp_path: Path) -> None:
    found = refusal(tmp_path, HEAD.replace("{score: 1}", "{}"))
    assert found[0] == (
        "stage tiny.yaml:10:13 — cette étape de l'objectif est vide. Nommez une mesure et son poids."
    )


@pytest.mark.parametrize("phase", ["ask_second", "find_canonical_point"])
def test_ctrl_c_after_the_stages_keeps_what_is_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    real = getattr(decision, phase)
    calls: list[int] = []

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(decision, phase, interrupted)
    monkeypatch.setattr(decision, "prove_stages", lambda *_: [None])
    result = solve(tiny(tmp_path), method="direct")
    assert result.document["stopped_by"] == "interrupt"
    assert not result.document["canonical"]
    assert result.document["publishable"] is (
        phase == "find_canonical_point" and bool(list_independent_backends())
    )
    assert funded(result)
