"""Merging of scenario files, `--set`, and the limits of what a scenario may name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.scenario.yaml import overrides
from tnt_sim.scenario.yaml.layers import RawScenario, load_tree
from tnt_sim.scenario.yaml.nodes import Origin, to_tree
from tnt_sim.scenario.yaml.overrides import parse_value
from tnt_sim.scenario.yaml.reader import parse_yaml
from tnt_sim.scenario.yaml.safe_paths import project_root, resolve_inside

BASE = """
id: base
programme:
  id: tnt
  amount: 88 M€
  envelopes:
    - {id: axe-1, amount: 30 M€}
    - id: axe-2
      amount: 24 M€
      envelopes: [{id: fc, amount: 1 M€}, {id: appels}]
grants: [{mode: range}, {mode: all_or_nothing}]
rules:
  - {id: quart, kind: share, min: 25 %, where: {applicant_type: commune, department: 01}}
  - {id: r2, kind: limit, max: 3}
solver: {gap: 0, time_limit: 300 s}
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load(folder: Path, *sets: str, **files: str) -> RawScenario:
    write(folder, **files)
    return load_tree(folder / "s.yaml", sets)


def refused(folder: Path, *sets: str, **files: str) -> list[str]:
    write(folder, **files)
    with pytest.raises(ScenarioError) as caught:
        load_tree(folder / "s.yaml", sets)
    return str(caught.value).split("\n")


def ids(entries: Any) -> list[str]:
    return [entry["id"] for entry in entries]


def test_extends_merges_by_the_rules(tmp_path: Path) -> None:
    own = """
extends: base.yaml
id: own
programme:
  amount: 90 M€
  envelopes: [{id: axe-2, amount: 25 M€, envelopes: [{id: fc, amount: ~}]}, {id: axe-3}]
grants: [{mode: levels}]
rules:
  - {id: quart, where: {applicant_type: epci}}
  - {id: r3, kind: limit}
solver: {gap: null}
"""
    tree = load(tmp_path, base=BASE, s=own).tree
    assert tree["id"] == "own"
    assert "extends" not in tree
    assert tree["programme"]["amount"] == "90 M€"
    assert ids(tree["programme"]["envelopes"]) == ["axe-1", "axe-2", "axe-3"]
    axe_2 = tree["programme"]["envelopes"][1]
    assert axe_2 == {"id": "axe-2", "amount": "25 M€", "envelopes": [{"id": "fc"}, {"id": "appels"}]}
    assert tree["grants"] == [{"mode": "levels"}]
    assert ids(tree["rules"]) == ["quart", "r2", "r3"]
    assert tree["rules"][0]["where"] == {"applicant_type": "epci"}
    assert tree["rules"][0]["min"] == "25 %"
    assert tree["solver"] == {"time_limit": "300 s"}


def test_origins_name_the_file_that_set_each_value(tmp_path: Path) -> None:
    raw = load(
        tmp_path,
        "solver.gap=1 %",
        base=BASE,
        s="extends: base.yaml\noverrides: [o.yaml]\nprogramme:\n  amount: 90 M€\n",
        o="rules: [{id: r2, max: 4}]\n",
    )
    steps: list[tuple[str | int, ...]] = [
        ("programme", "amount"),
        ("programme", "id"),
        ("rules", 1, "max"),
        ("rules", 0, "min"),
        ("solver", "gap"),
    ]
    assert [str(raw.locate(step)) for step in steps] == [
        "s.yaml:4:11",
        "base.yaml:4:7",
        "o.yaml:1:23",
        "base.yaml:13:35",
        "--set solver.gap",
    ]
    assert [raw.origins[step].layer for step in steps] == [
        "s.yaml",
        "base.yaml",
        "o.yaml",
        "base.yaml",
        "--set",
    ]
    assert [path.name for path in raw.files] == ["s.yaml", "base.yaml", "o.yaml"]
    assert str(raw.locate(("programme", "amount"), key=True)) == "s.yaml:4:3"
    assert str(raw.locate(("programme", "reserve"))) == "s.yaml:4:3"


def test_order_of_force(tmp_path: Path) -> None:
    files = {
        "base": "a: base\nb: base\nc: base\nd: base\n",
        "s": "extends: base.yaml\noverrides: [o.yaml]\nb: file\nc: file\nd: file\n",
        "o": "c: override\nd: override\n",
    }
    assert load(tmp_path, "d=set", **files).tree == {"a": "base", "b": "file", "c": "override", "d": "set"}


def test_null_removes_and_may_be_set_again(tmp_path: Path) -> None:
    files = {
        "base": "a: {x: 1, y: 2}\nb: 1\n",
        "s": "extends: base.yaml\noverrides: [o.yaml]\na: null\n",
        "o": "a: {z: 3}\nb: ~\n",
    }
    assert load(tmp_path, **files).tree == {"a": {"z": "3"}}


def test_an_empty_list_replaces(tmp_path: Path) -> None:
    assert load(tmp_path, base=BASE, s="extends: base.yaml\nrules: []\n").tree["rules"] == []


def test_a_half_named_list_is_refused(tmp_path: Path) -> None:
    own = "extends: base.yaml\nrules:\n  - {id: r2, max: 4}\n  - {kind: limit}\n"
    assert refused(tmp_path, base=BASE, s=own) == [
        "merge_list s.yaml:4:5, base.yaml:13:3 — cette entrée n'a pas d'« id », alors que d'autres de la même"
        " liste en ont : on ne sait pas si la liste complète ou remplace celle d'en dessous."
        " Donnez un « id » à chaque entrée, ou à aucune."
    ]


def test_overrides_that_disagree(tmp_path: Path) -> None:
    files = {
        "s": "overrides: [o.yaml, p.yaml]\nprogramme: {amount: 88 M€}\n",
        "o": "programme: {amount: 90 M€, title: même}\nrules: [{id: r1, min: 1}]\n",
        "p": "programme: {amount: 95 M€, title: même}\nrules: [{id: r1, min: null}, {id: r2}]\n",
    }
    assert refused(tmp_path, **files) == [
        "override_conflict o.yaml:1:21, p.yaml:1:21 — deux fichiers de « overrides » ne donnent pas la même valeur"
        " à « programme.amount » : « 90 M€ » et « 95 M€ ». Retirez l'une des deux, ou mettez la bonne dans le"
        " scénario et retirez les deux.",
        "override_conflict o.yaml:2:23, p.yaml:2:23 — deux fichiers de « overrides » ne donnent pas la même valeur"
        " à « rules.r1.min » : « 1 » et null. Retirez l'une des deux, ou mettez la bonne dans le scénario"
        " et retirez les deux.",
    ]


def test_two_entries_of_one_id(tmp_path: Path) -> None:
    assert refused(tmp_path, s="rules:\n  - {id: r1}\n  - {id: r1}\n") == [
        "duplicate_id s.yaml:3:5, s.yaml:2:5 — deux entrées de la même liste ont l'id « r1 »."
        " Donnez à chacune son id."
    ]


def test_defects_of_several_files_come_together(tmp_path: Path) -> None:
    found = refused(tmp_path, s="extends: base.yaml\na: 1\na: 2\n", base="b: !x 1\n")
    assert [line.split(" — ")[0] for line in found] == [
        "yaml_duplicate_key s.yaml:3:1, s.yaml:2:1",
        "yaml_tag base.yaml:1:4",
    ]


SETS = {
    "programme.amount=98 M€": (("programme", "amount"), "98 M€"),
    "programme.amount=22,5 M€": (("programme", "amount"), "22,5 M€"),
    "envelopes.axe-2.amount=30 M€": (("programme", "envelopes", 1, "amount"), "30 M€"),
    "envelopes.fc.amount=2 M€": (("programme", "envelopes", 1, "envelopes", 0, "amount"), "2 M€"),
    "envelopes.tnt.amount=99 M€": (("programme", "amount"), "99 M€"),
    "programme.envelopes.axe-2.envelopes.fc.title=x: y": (
        ("programme", "envelopes", 1, "envelopes", 0, "title"),
        "x: y",
    ),
    "rules.quart.min=20 %": (("rules", 0, "min"), "20 %"),
    "rules.quart.where.department=02": (("rules", 0, "where", "department"), "02"),
    "rules.quart.where={applicant_type: epci}": (("rules", 0, "where"), {"applicant_type": "epci"}),
    "rules.r2.penalty.cost=0.5": (("rules", 1, "penalty", "cost"), "0.5"),
    "grants=[{mode: levels, levels: [20 %, 30 %]}]": (
        ("grants",),
        [{"mode": "levels", "levels": ["20 %", "30 %"]}],
    ),
    'id="null"': (("id",), "null"),
}


@pytest.mark.parametrize("text", SETS)
def test_each_set_changes_its_value(tmp_path: Path, text: str) -> None:
    steps, expected = SETS[text]
    value: Any = load(tmp_path, text, s=BASE).tree
    for step in steps:
        value = value[step]
    assert value == expected


def test_set_null_removes(tmp_path: Path) -> None:
    tree = load(tmp_path, "rules.quart=null", "solver.gap=", "programme.envelopes.axe-1=~", s=BASE).tree
    assert ids(tree["rules"]) == ["r2"]
    assert tree["solver"] == {"time_limit": "300 s"}
    assert ids(tree["programme"]["envelopes"]) == ["axe-2"]


LOST = {
    "envelopes.axe-3.amount=1": "set_path --set envelopes.axe-3.amount — aucune enveloppe n'a l'id « axe-3 »."
    " Vouliez-vous dire « axe-2 » ?",
    "rules.quarts.min=1": "set_path --set rules.quarts.min — « rules » n'a pas d'entrée « quarts »."
    " Vouliez-vous dire « quart » ?",
    "grants.0.mode=range": "set_path --set grants.0.mode — les entrées de « grants » n'ont pas d'id : une seule ne"
    " peut pas être désignée. Donnez toute la liste : grants='[…]'.",
    "programme.amount.x=1": "set_path --set programme.amount.x — « programme.amount » est une valeur : rien ne"
    " peut s'appeler « x » en dessous. Donnez toute la valeur : programme.amount='{…}'.",
    "caps.etat.max=1": "set_path --set caps.etat.max — le scénario n'a pas de « caps ».",
    "rules..min=1": "set_path --set rules..min — « rules..min » n'est pas un chemin.",
    "extends=a.yaml": "set_path --set extends — « extends » ne se change pas ainsi."
    " Écrivez-le dans un fichier de scénario.",
    "grants=[{a: 1": "yaml --set grants:1:7 — le fichier finit avant qu'une accolade ou un crochet soit refermé."
    " Ajoutez le « } » ou le « ] » qui manque.",
}


@pytest.mark.parametrize("text", LOST)
def test_set_path_that_leads_nowhere(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text, s=BASE) == [LOST[text]]


def test_a_set_without_value_or_given_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, s=BASE)
    with pytest.raises(UsageError, match="écrivez CHEMIN=VALEUR"):
        load_tree(tmp_path / "s.yaml", ["programme.amount"])
    with pytest.raises(UsageError, match="--set donne deux valeurs à « id » : a et b"):
        load_tree(tmp_path / "s.yaml", ["id=a", "id=b"])


def test_values_from_python_and_from_steps(tmp_path: Path) -> None:
    text = BASE + "steps:\n  - {id: t2, set: {envelopes.fc.amount: 2 M€, rules.quart: null}}\n"
    raw = load(tmp_path, s=text)
    changed = raw.with_values({"programme.amount": "98 M€", "levels": ["20 %"]}, layer="lot")
    assert changed.tree["programme"]["amount"] == "98 M€"
    assert changed.tree["levels"] == ["20 %"]
    assert raw.tree["programme"]["amount"] == "88 M€"
    assert str(changed.locate(("programme", "amount"))) == "lot programme.amount"
    step = raw.with_values_at(("steps", 0, "set"), layer="t2")
    assert step.tree["programme"]["envelopes"][1]["envelopes"][0]["amount"] == "2 M€"
    assert ids(step.tree["rules"]) == ["r2"]
    assert step.locate(("programme", "envelopes", 1, "envelopes", 0, "amount")).line == 17


def test_paths_keep_the_folder_of_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "tnt-sim.toml").touch()
    write(tmp_path / "bases", base="dossiers: [{file: d.csv}]\nreference: ../ref.csv\n")
    for name in ("bases/d.csv", "ref.csv", "essais/d.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    raw = load(tmp_path / "essais", s="extends: ../bases/base.yaml\nalready: d.csv\nlost: e.csv\n")
    assert raw.root == tmp_path.resolve()
    assert raw.resolve_file(("dossiers", 0, "file")) == (tmp_path / "bases/d.csv").resolve()
    assert raw.resolve_file(("reference",)) == (tmp_path / "ref.csv").resolve()
    assert raw.resolve_file(("already",)) == (tmp_path / "essais/d.csv").resolve()
    assert (
        raw.with_sets(["reference=d.csv"]).resolve_file(("reference",))
        == (tmp_path / "essais/d.csv").resolve()
    )
    with pytest.raises(ScenarioError) as caught:
        raw.resolve_file(("lost",))
    assert str(caught.value) == (
        "file_missing essais/s.yaml:3:7 — le fichier « e.csv » n'existe pas. Vouliez-vous dire « d.csv » ?"
    )
    assert raw.resolve_file(("lost",), must_exist=False).name == "e.csv"


HINT = " Écrivez un chemin relatif au fichier, avec « / » : data/dossiers.csv."
OUTSIDE = {
    "../../x.yaml": "path_outside s.yaml:1:10 — « ../../x.yaml » mène hors du dossier du projet (projet). Copiez"
    " le fichier dans le projet, ou posez un fichier « tnt-sim.toml » dans le dossier qui contient les deux.",
    "/etc/passwd": "path s.yaml:1:10 — « /etc/passwd » est un chemin absolu." + HINT,
    "~/x.yaml": "path s.yaml:1:10 — « ~/x.yaml » est un chemin absolu." + HINT,
    "C:/x.yaml": "path s.yaml:1:10 — « C:/x.yaml » est un chemin absolu." + HINT,
    r"\\serveur\x.yaml": r"path s.yaml:1:10 — « \\serveur\x.yaml » est un chemin réseau." + HINT,
    "//serveur/x.yaml": "path s.yaml:1:10 — « //serveur/x.yaml » est un chemin réseau." + HINT,
    "https://exemple.fr/x.yaml": "path s.yaml:1:10 — « https://exemple.fr/x.yaml » est une adresse : rien n'est"
    " téléchargé." + HINT,
    "file:x.yaml": "path s.yaml:1:10 — « file:x.yaml » est une adresse : rien n'est téléchargé." + HINT,
    r"data\x.yaml": r"path s.yaml:1:10 — « data\x.yaml » contient « \ »." + HINT,
    "bas.yaml": "file_missing s.yaml:1:10 — le fichier « bas.yaml » n'existe pas."
    " Vouliez-vous dire « base.yaml » ?",
    "data": "file s.yaml:1:10 — « data » n'est pas un fichier.",
    "lot/bas.yaml": "file_missing s.yaml:1:10 — le fichier « lot/bas.yaml » n'existe pas."
    " Son dossier « lot » n'existe pas non plus.",
    "modele-complet.yaml": "file_missing s.yaml:1:10 — le fichier « modele-complet.yaml » n'existe pas."
    " Son dossier, « projet », contient : base.yaml, s.yaml.",
    "modele-complet.csv": "file_missing s.yaml:1:10 — le fichier « modele-complet.csv » n'existe pas."
    " Son dossier, « projet », ne contient aucun fichier .csv.",
}


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_that_are_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "projet"
    (folder / "data").mkdir(parents=True)
    (tmp_path.parent / "x.yaml").write_text("a: 1", encoding="utf-8")
    assert refused(folder, base=BASE, s=f"extends: '{path}'\n") == [OUTSIDE[path]]


def test_links_are_resolved(tmp_path: Path) -> None:
    folder = tmp_path / "projet"
    write(tmp_path, secret="a: 1\n")
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    assert refused(folder, s="extends: link.yaml\n")[0].startswith(
        "path_outside s.yaml:1:10 — « link.yaml » mène hors du dossier du projet"
    )
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    assert "loop.yaml" in refused(folder, s="extends: loop.yaml\n")[0]


def test_cycle_and_depth(tmp_path: Path) -> None:
    assert refused(tmp_path, s="extends: b.yaml\n", b="extends: c.yaml\n", c="extends: s.yaml\n") == [
        "extends_cycle c.yaml:1:10, b.yaml:1:10, s.yaml:1:10 — « extends » tourne en rond :"
        " s.yaml → b.yaml → c.yaml → s.yaml. Retirez l'un de ces « extends »."
    ]
    chain = {f"f{k}": f"extends: f{k + 1}.yaml\n" for k in range(1, 17)}
    found = refused(tmp_path, s="extends: f1.yaml\n", **chain)
    assert len(found) == 1
    assert found[0].startswith("extends_depth f15.yaml:1:10, f14.yaml:1:10")
    assert "plus de 16 fichiers se prolongent par « extends » : s.yaml → f1.yaml → " in found[0]
    write(tmp_path, f15="id: fin\n")
    assert load_tree(tmp_path / "s.yaml").tree == {"id": "fin"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# vide\n", "yaml_root s.yaml:1:1 — le fichier est vide. Écrivez « clé: valeur » par ligne."),
        ("- a\n", "yaml_root s.yaml:1:1 — le fichier ne commence pas par des clés."
         " Écrivez « clé: valeur » par ligne."),
        ("extends: [a]\n", "path s.yaml:1:10 — le nom d'un fichier YAML est attendu."),
        ("overrides: a.yaml\n", "overrides s.yaml:1:12 — « overrides » est une liste de fichiers."
         " Écrivez [a.yaml, b.yaml]."),
        ("overrides: [b.yaml]\n", "overrides b.yaml:1:1 — un fichier de « overrides » ne peut pas avoir de"
         " « extends ». Écrivez-le dans le scénario."),
    ],
)  # fmt: skip
def test_files_that_are_no_scenario(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, s=text, b="extends: c.yaml\n") == [message]


def test_a_missing_scenario_names_the_nearest_file(tmp_path: Path) -> None:
    write(tmp_path, tnt="id: a\n")
    with pytest.raises(ScenarioError, match=r"« tnt\.yaml »"):
        load_tree(tmp_path / "tnr.yaml")


def test_project_root_and_resolve_inside(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert project_root(folder / "s.yaml") == folder.resolve()
    (tmp_path / "pyproject.toml").touch()
    assert project_root(folder / "s.yaml") == tmp_path.resolve()
    assert resolve_inside(tmp_path, folder, "../x.csv") == (tmp_path / "a/x.csv").resolve()
    with pytest.raises(ScenarioError):
        resolve_inside(folder, folder, "../x.csv")


@pytest.mark.parametrize(
    "text",
    [
        '[{"maximise": {"value": 10, "requested": "0.0031"}}]',
        '{"a": [true, false, null, "", "null", -1.50, 1e3], "b": {}}',
        '"22,5 M€"',
        '{"a": 1, "a": 2}',
        "[1, 2",
        "[a, 'b', ~]",
        '["tab\\t"]',
        json.dumps(
            [{"id": f"a-{k}", "envelopes": [{"id": f"b-{k}", "amount": "1.5 M€"}]} for k in range(300)]
        ),
        "[" * 39 + "1" + "]" * 39,
        "[" * 70 + "1" + "]" * 70,
    ],
)
def test_a_value_that_is_json_is_read_as_yaml_reads_it(text: str) -> None:
    def read(by: Callable[[], object]) -> object:
        try:
            return by()
        except ScenarioError as error:
            return [defect.code for defect in error.defects]

    def by_yaml() -> object:
        node = parse_yaml(text, "x")
        return None if node is None else to_tree(node)

    assert read(lambda: to_tree(parse_value(text, Origin("x")))) == read(by_yaml)


def test_many_changed_amounts_are_not_read_as_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overrides, "parse_yaml", lambda *_, **__: pytest.fail("read as YAML, which is slow"))
    tree = [{"id": f"leaf-{k}", "amount": f"{k} €"} for k in range(500)]
    assert to_tree(parse_value(json.dumps(tree, ensure_ascii=False), Origin("x"))) == tree
