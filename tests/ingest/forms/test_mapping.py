"""The mapping: guessed once, marked for review, used again; what changed in the form is told field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.form_exports import ASKED, COST, LABELS, answer, as_csv, imported, rows

from tnt_sim.api.imports import read_mapping
from tnt_sim.cli.main import main
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.form_import import Imported
from tnt_sim.ingest.forms.mapping import FormMapping, to_text

WHAT = ("what", "label", "column")


def changes(done: Imported) -> list[tuple[str, str, str]]:
    return [(one.what, one.label, one.column) for one in done.changes]


def export(
    change: dict[str, str] | None = None, *, without: tuple[str, ...] = (), more: str | None = None
) -> bytes:
    """The made-up export with some labels renamed, fields left out, or one more field."""
    kept = [k for k, label in enumerate(LABELS) if label not in without]
    labels = [(change or {}).get(LABELS[k], LABELS[k]) for k in kept] + ([more] if more else [])
    return as_csv(labels, [[row[k] for k in kept] + (["x"] if more else []) for row in rows()])


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    mapping = imported(tmp_path, "d.csv", export()).mapping
    mapping = mapping.model_validate(
        mapping.model_dump(by_alias=True)
        | {
            "constants": {"envelope": 'a "b" : {c}'}, "values": {"state": {"Clos: oui": "refuse"}}, "decimal": ",",
            "control": {"rows": 3, "requested": "12,5 k€"}, "rate_cap": "80 %", "empty": ["NULL", "~"],
        }
    )  # fmt: skip
    (tmp_path / "m.yaml").write_text(to_text(mapping), encoding="utf-8")
    assert read_mapping(tmp_path / "m.yaml") == mapping


def test_odd_labels_survive_the_file(tmp_path: Path) -> None:
    odd = ['Montant "net"\n(en €)', "a: {b}", "# c", "d\u200be", "- f", "\u00a0g", "'h", "é\\n"]
    labels = ["dossier", *odd]
    mapping = imported(tmp_path, "d.csv", as_csv(labels, [["1", *"12345678"], ["2", *"12345678"]])).mapping
    (tmp_path / "m.yaml").write_text(to_text(mapping), encoding="utf-8")
    assert read_mapping(tmp_path / "m.yaml") == mapping
    again = imported(tmp_path, "d.csv", as_csv(labels, [["1", *"12345678"]]), mapping)
    assert not again.changes


def test_guesses_are_marked_and_counted(tmp_path: Path) -> None:
    done = imported(tmp_path, "d.csv", export())
    assert done.guessed
    assert done.mapping.to_review() == len(done.mapping.columns) + len(done.mapping.keep)
    own = imported(tmp_path, "e.csv", b"dossier,cost,requested\n1,10,5\n")
    assert own.mapping.to_review() == 0


def test_the_same_form_has_not_changed(tmp_path: Path) -> None:
    mapping = imported(tmp_path, "d.csv", export()).mapping
    assert changes(imported(tmp_path, "d.csv", export(), mapping)) == []


def test_drift_field_by_field(tmp_path: Path) -> None:
    mapping = imported(tmp_path, "d.csv", export()).mapping
    more = imported(tmp_path, "d.csv", export(more="Avis du maire"), mapping)
    assert changes(more) == [("added", "Avis du maire", "")]
    less = imported(tmp_path, "d.csv", export(without=("Groupe instructeur",)), mapping)
    assert changes(less) == [("removed", "Groupe instructeur", "groupe_instructeur")]
    moved = list(reversed(LABELS))
    turned = imported(tmp_path, "d.csv", as_csv(moved, [list(reversed(row)) for row in rows()]), mapping)
    assert [change.what for change in turned.changes][-1] == "moved"


def test_a_field_of_another_kind(tmp_path: Path) -> None:
    mapping = imported(tmp_path, "d.csv", export()).mapping
    body = rows()
    for row in body:
        row[LABELS.index(COST)] = "2026-01-01"
    done = imported(tmp_path, "d.csv", as_csv(LABELS, body), mapping)
    assert ("kind", COST, "cost") in changes(done)
    assert done.quality.count_by_code()["unreadable"] == 2


def champ(field_id: str, label: str, value: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "champDescriptorId": field_id,
        "__typename": "DecimalNumberChamp",
        "label": label,
        "value": value,
    }


def test_graphql_fields_are_found_by_id_whatever_their_label(tmp_path: Path) -> None:
    first = {"number": 1, "state": "accepte", "champs": [champ("A", COST, 10), champ("B", ASKED, 5)]}
    then = {
        "number": 2,
        "state": "accepte",
        "champs": [champ("A", ASKED, 20), champ("B", "Autre libellé", 7)],
    }
    mapping = imported(tmp_path, "d.json", answer(first)).mapping
    done = imported(tmp_path, "d.json", answer(then), mapping)
    assert done.table.select("cost_cents", "requested_cents").rows() == [(2000, 700)]
    assert changes(done) == [("renamed", COST, "cost"), ("renamed", ASKED, "requested")]


def test_the_mapping_of_the_folder_is_used_again_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(data: bytes, *flags: str) -> dict[str, Any]:
        (tmp_path / "d.csv").write_bytes(data)
        assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "o"), "--json", *flags]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    assert run(export())["mapping_guessed"]
    file = tmp_path / "o" / "mapping.yaml"
    reviewed = file.read_text(encoding="utf-8").replace(", review: true", "")
    file.write_text(reviewed, encoding="utf-8")
    again = run(export(more="Avis du maire"))
    assert (again["mapping_guessed"], again["n_to_review"]) == (False, 0)
    assert [change["what"] for change in again["changes"]] == ["added"]
    assert again["status"] == "to_review"
    assert file.read_text(encoding="utf-8") == reviewed
    assert [change["what"] for change in run(export(more="Avis du maire"), "--accept")["changes"]] == [
        "added"
    ]
    assert run(export(more="Avis du maire"))["changes"] == []


def test_values_constants_and_empty_cells(tmp_path: Path) -> None:
    given = {
        "format": "grist", "columns": {"dossier": {"from": "n"}, "state": {"from": "e"}, "commune": {"from": "c"}},
        "values": {"state": {"Clos": "refuse"}}, "constants": {"envelope": "detr"}, "empty": ["NULL"],
    }  # fmt: skip
    mapping = FormMapping.model_validate(given)
    done = imported(tmp_path, "d.csv", b"n,e,c\n1,Clos,NULL\n2,Accept\xc3\xa9,01053\n3,Perdu,1053\n", mapping)
    assert done.table["state"].to_list() == ["refuse", "accepte", "Perdu"]
    assert done.table["envelope"].to_list() == ["detr"] * 3
    assert done.table["commune"].to_list() == ["", "01053", "01053"]
    counts = done.quality.count_by_code()
    assert (counts["unknown_value"], counts["code_repaired"]) == (1, 1)


@pytest.mark.parametrize(
    ("label", "now", "proposed"),
    [
        (ASKED, "Subvention sollicitée", True),  # a usual word for the column
        (ASKED, ASKED.replace("Montant", "montant"), True),  # spelt alike
        ("Groupe instructeur", "Service", True),  # nothing alike, but the same place and kind
        (COST, "Service", False),  # the same place, but no numbers in it
    ],
)
def test_a_lost_field_names_the_one_that_replaces_it(
    tmp_path: Path, label: str, now: str, proposed: bool
) -> None:
    mapping = imported(tmp_path, "d.csv", export()).mapping
    at, body = LABELS.index(label), rows()
    if not proposed:
        for row in body:
            row[at] = "2026-01-01"
    labels = [now if one == label else one for one in LABELS]
    try:
        told = " ".join(
            one.text.en for one in imported(tmp_path, "d.csv", as_csv(labels, body), mapping).changes
        )
    except DataError as refused:
        told = " ".join(defect.line(Lang.EN) for defect in refused.defects)
    assert (f'Perhaps "{now}"' in told or f'Put "{now}" in its place' in told) is proposed


def test_two_lost_fields_in_one_place_propose_nothing(tmp_path: Path) -> None:
    two = ("Groupe instructeur", LABELS[LABELS.index("Groupe instructeur") + 1])
    mapping = imported(tmp_path, "d.csv", export()).mapping
    labels = [{two[0]: "Alpha", two[1]: "Bravo"}.get(one, one) for one in LABELS]
    try:
        told = " ".join(
            one.text.en for one in imported(tmp_path, "d.csv", as_csv(labels, rows()), mapping).changes
        )
    except DataError as refused:
        told = " ".join(defect.line(Lang.EN) for defect in refused.defects)
    assert "no longer in the export" in told
    assert "Alpha" not in told.replace('"Alpha" is new', "")
