"""Documents of the programme: rules, inventory, mention, notes, archive; whole, partial and foreign publishers."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.accessibility_checks import CHECKS
from support.page_browser import list_violations, open_file, unfold
from support.paths import ROOT
from support.text_scenarios import run as solve_texts

from tnt_sim.cli.main import main
from tnt_sim.domain.publisher import PUBLISHER_KEYS
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import open_currency_session
from tnt_sim.reporting.text.legal_wording import load_shipped_wording, load_wording
from tnt_sim.reporting.transparency.folder import iterate_documents
from tnt_sim.reporting.transparency.programme.archive import READMES, SUMS, build_archive
from tnt_sim.reporting.transparency.programme.inventory import (
    iterate_programme_documents,
    list_inventory_fields,
    write_inventory_csv,
)
from tnt_sim.scenario.load import load_scenario

WORDING = load_shipped_wording()
PUBLISHER = """
publisher:
  authority: la préfète
  service: bureau des dotations
  contact: dotations@exemple.fr
  rules: www.exemple.fr/regles
  legal_basis: CGCT, art. L. 2334-42
  decided_by: la commission
  retention: 10 years
"""
STATIC = {"skip-link", "status-is-announced"}
"""Checks of pages with controls: these have none, and nothing on them changes."""
UNKNOWN = {Lang.FR: "à compléter", Lang.EN: "to be completed"}
TABLE = """dossier,title,requested,score,population,courriel
1,École,600,10,500,a@b.fr
2,Halle,500,3,500,
3,Stade,100,3,7,
"""
BODY = """programme: {id: p, title: Programme, amount: 1 000 €}
title: Plan
grants: [{mode: all_or_nothing}]
eligibility: [{id: taille, title: Taille, source: CGCT art. 3, require: {population: {min: 100}}}]
rules:
  - {id: jury, kind: decide, fund: [2], reason: vote du jury, author: Mme Dupont}
  - {id: vieille, kind: limit, measure: granted, max: 1 k€, off: true, title: Ancien plafond}
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a project that says who publishes it."""
    folder = tmp_path_factory.mktemp("publisher") / "demo"
    assert main(["new", str(folder)]) == 0
    file = folder / "scenario.yaml"
    file.write_text(file.read_text(encoding="utf-8") + PUBLISHER, encoding="utf-8")
    assert main(["run", str(file), "--quiet"]) == 0
    (run,) = (folder / "runs").glob("*-*")
    return run


def write_documents(run: StoredRun, lang: Lang) -> dict[str, str]:
    return {name: data.decode() for name, data in iterate_programme_documents(run, lang)}


@pytest.mark.parametrize("lang", list(Lang))
def test_a_whole_publisher_leaves_to_complete_what_no_run_knows(demo: Path, lang: Lang) -> None:
    run = open_stored(demo, None, lang)
    documents = write_documents(run, lang)
    french = lang is Lang.FR
    names = ("regles.html", "inventaire.csv") if french else ("rules.html", "inventory.csv")
    assert set(names) < set(documents)
    for words in ("la préfète", "bureau des dotations", "la commission", "CGCT, art. L. 2334-42"):
        assert words in documents[names[0]]
    assert "SYNTH" in documents[names[0]]
    open_fields = [
        one for one in list_inventory_fields(run, lang, WORDING) if UNKNOWN[lang] in str(one.value)
    ]
    assert documents[names[0]].count(UNKNOWN[lang]) == 1  # the address of the source code
    assert documents["wording.yaml"].encode() == WORDING.data
    assert documents["mention.txt"].startswith("Information")
    assert len(open_fields) <= 4


@pytest.mark.parametrize("key", PUBLISHER_KEYS)
def test_each_missing_key_is_to_be_completed(demo: Path, key: str) -> None:
    run = open_stored(demo, None, Lang.FR)
    without = run.spec.publisher.model_copy(update={key: ""})
    spec = run.spec.model_copy(update={"publisher": without})
    page = write_documents(replace(run, spec=spec), Lang.FR)["regles.html"]
    assert re.search(rf"du scénario\s: {key}\.", page)
    assert page.count(UNKNOWN[Lang.FR]) == 2  # the address of the source code too


def test_the_inventory_has_one_row_in_the_fields_of_etalab(demo: Path) -> None:
    run = open_stored(demo, None, Lang.FR)
    data = write_inventory_csv(list_inventory_fields(run, Lang.FR, WORDING), Lang.FR)
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
    values = dict(zip([name.replace("’", "'") for name in head], row, strict=True))
    for name in (
        "Nom de l'administration concernée", "Contexte global", "Finalité de l'algorithme",
        "Niveau d'automatisation de la décision", "Fondements juridiques",
        "Nombre de décisions administratives prises par an", "Portée de la décision",
        "Public concerné par la décision", "Données traitées", "Source des données traitées",
        "Mode de collecte des données traitées", "Type d'algorithme",
        "Opérations effectuées par l'algorithme",
    ):  # fmt: skip
        assert values[name], name
    assert values["Direction ou service porteur"] == "bureau des dotations"
    assert values["Nombre de décisions administratives prises par an"].startswith("24 décisions")
    assert "data/dossiers.csv" in values["Source des données traitées"]
    assert "scenario.yaml" not in values["Source des données traitées"]


@pytest.mark.parametrize("lang", list(Lang))
def test_the_page_of_rules_names_no_dossier_and_no_person(tmp_path: Path, lang: Lang) -> None:
    run = run_of(solve_texts(tmp_path, TABLE, BODY))
    page = next(text for name, text in write_documents(run, lang).items() if name.startswith(("reg", "rul")))
    assert "Dupont" not in page
    assert "vote du jury" not in page
    assert "Ancien plafond" not in page  # switched off: not in force
    assert "CGCT art. 3" in page
    assert ("1 à financer" if lang is Lang.FR else "1 to be funded") in page.replace("\u00a0", " ")
    notes = dict(iterate_programme_documents(run, lang))["notes.html"].decode()
    assert ("aucune règle ne les lit : courriel." if lang is Lang.FR else "reads them: courriel.") in notes
    kept = "Détruisez-les avec le calcul." if lang is Lang.FR else "Destroy them with the calculation."
    assert kept in notes, "the tables beside the runs have these columns still"


def test_the_inventory_names_only_columns_that_are_read(tmp_path: Path) -> None:
    run = run_of(solve_texts(tmp_path, TABLE, BODY))
    fields = {one.name.en: str(one.value) for one in list_inventory_fields(run, Lang.EN, WORDING)}
    named = fields["Data processed"].lower()
    for word in ("population", "score", "request"):
        assert word in named
    for word in ("courriel", "title", "commune", "epci"):
        assert word not in named


def test_signing_says_that_it_is_no_legal_signature(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = str(tmp_path / "registre")
    assert main(["sign", str(demo), "--as", "l-1", "--register", register, "--lang", "en"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "It is no legal signature" in shown
    assert "observations of the beneficiary" not in shown
    held = (tmp_path / "registre" / "l-1" / "engagements.csv").read_text(encoding="utf-8").splitlines()
    dossier = held[1].split(",")[0]
    (tmp_path / "a.csv").write_text(f"dossier,granted\n{dossier},0\n", encoding="utf-8")
    amend = ["sign", "--amend", str(tmp_path / "a.csv"), "--as", "a-1", "--register", register]
    assert main([*amend, "--lang", "en"]) == 0
    assert "observations of the beneficiary" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("page", "n"), [("fr", 7), ("en", 7)])
def test_the_example_of_the_docs_is_whole(tmp_path: Path, page: str, n: int) -> None:
    text = (ROOT / "docs" / page / "explanation/law.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(publisher:.*?)```", text, re.S)
    run = run_of(solve_texts(tmp_path, TABLE, block + BODY))
    assert sum(bool(getattr(run.spec.publisher, key)) for key in PUBLISHER_KEYS) == n


def test_a_foreign_programme_has_no_french_law() -> None:
    with open_currency_session():
        run = run_of(solve(load_scenario(ROOT / "scenarios" / "rural-broadband.yaml")))
        documents = write_documents(run, Lang.EN)
    assert set(documents) == {"rules.html", "mention.txt"}
    assert documents["mention.txt"].startswith("A computer program prepared this decision")
    assert "$1" in documents["rules.html"]
    for words in ("CADA", "L. 3", "€", "French", "département"):
        assert words not in documents["rules.html"]


def test_an_edited_wording_is_on_every_page(demo: Path, tmp_path: Path) -> None:
    text = WORDING.data.decode().replace("It learns nothing from earlier", "It never learns from earlier")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    wording = load_wording(tmp_path / "own.yaml")
    documents = dict(iterate_programme_documents(open_stored(demo, None, Lang.EN), Lang.EN, wording))
    assert "It never learns" in documents["rules.html"].decode()
    assert documents["wording.yaml"].decode() == text


def test_without_the_data_nothing_is_written(demo: Path) -> None:
    run = replace(open_stored(demo, None, Lang.FR), decision=None)
    with pytest.raises(DataError, match=r"r[eè]gles"):
        write_documents(run, Lang.FR)


@pytest.mark.parametrize("lang", list(Lang))
def test_every_text_is_used(demo: Path, lang: Lang) -> None:
    """A text of the file that no document shows would be edited in vain."""
    run = open_stored(demo, None, lang)
    seen: set[str] = set()

    class Noting(type(WORDING)):  # type: ignore[misc]
        def fill(self, key: str, lang: Lang, **values: str) -> str:
            seen.add(key)
            return super().fill(key, lang, **values)

        def write(self, key: str) -> Text:
            seen.add(key)
            return super().write(key)

    noting = Noting(WORDING.texts, WORDING.data)
    dict(iterate_documents(run, lang, wording=noting))
    build_archive(run, demo.parents[1], {}, lang, noting)
    elsewhere = {"appeal_to_court", "rules_by_hand", "limit_unproven", "amendment_is_adversarial"}
    elsewhere.add("sheet_decided_by_competent")  # without an authority
    assert set(WORDING.texts) - seen == elsewhere


def test_the_archive_holds_everything_and_its_hashes(demo: Path) -> None:
    run = open_stored(demo, None, Lang.EN)
    documents = {"rules.html": b"x", "sheets/1.html": b"y"}
    data = build_archive(run, demo.parents[1], documents, Lang.EN, WORDING)
    assert data == build_archive(run, demo.parents[1], dict(reversed(documents.items())), Lang.EN, WORDING)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        files = {name: package.read(name) for name in package.namelist()}
        assert {entry.date_time[0] for entry in package.infolist()} == {1980}
    own = {f"run/{file.relative_to(demo).as_posix()}" for file in demo.rglob("*") if file.is_file()}
    assert set(files) == own | {"transparency/rules.html", "transparency/sheets/1.html", "README.txt", SUMS}
    sums = dict(reversed(line.split("  ")) for line in files.pop(SUMS).decode().splitlines())
    assert sums == {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}
    readme = files["README.txt"].decode()
    for words in ("no legal signature", "10 years", "not signed", run.data.allocation_sha256, "SYNTHETIC"):
        assert words in readme


def test_the_archive_of_a_signed_list_has_its_entry(demo: Path) -> None:
    project = demo.parents[1]
    assert main(["sign", str(demo), "--as", "liste-1", "--quiet"]) == 0
    run = open_stored(demo, None, Lang.FR)
    data = build_archive(run, project, {}, Lang.FR, WORDING)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names, readme = package.namelist(), package.read(READMES[Lang.FR]).decode()
    assert "register/liste-1/signature.json" in names
    assert any(name.startswith("register/liste-1/inputs/") for name in names)
    assert "inscription au registre" in readme
    entry = open_stored(project / "registre" / "liste-1", None, Lang.FR)
    with zipfile.ZipFile(io.BytesIO(build_archive(entry, project, {}, Lang.FR, WORDING))) as package:
        assert "register/liste-1/signature.json" in package.namelist(), "its name is signed"
        assert not any(name.startswith("run/") for name in package.namelist())
        assert "tnt-sim verify register/liste-1" in package.read(READMES[Lang.FR]).decode()


def test_a_decision_without_a_folder_is_not_archived(tmp_path: Path) -> None:
    run = run_of(solve_texts(tmp_path, TABLE, BODY))
    with pytest.raises(UsageError):
        build_archive(run, tmp_path, {}, Lang.FR, WORDING)


@pytest.mark.parametrize("name", ["regles.html", "notes.html"])
def test_pages_have_no_fault(chromium: Any, demo: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(write_documents(open_stored(demo, None, Lang.FR), Lang.FR)[name], encoding="utf-8")
    for width, theme in ((1280, "light"), (390, "dark")):
        with open_file(chromium, file, width=width, theme=theme) as page:
            unfold(page)
            assert list_violations(page) == []
            if width > 1000:
                assert {key for key, check in CHECKS.items() if check(page)} <= STATIC


@pytest.mark.parametrize("lang", list(Lang))
def test_an_edited_text_of_sheets_stands_in_each_of_them(demo: Path, tmp_path: Path, lang: Lang) -> None:
    file = tmp_path / "own.yaml"
    text = WORDING.data.decode().replace("Le calcul aide à décider.", "Le calcul prépare la décision.")
    file.write_text(text.replace("It helps to decide.", "It prepares the decision."), encoding="utf-8")
    run, own = (
        open_stored(demo, None, lang),
        {Lang.FR: "prépare la décision", Lang.EN: "prepares the decision"},
    )
    pages = [
        data.decode()
        for name, data in iterate_documents(run, lang, wording=load_wording(file))
        if name.startswith(("fiches", "sheets"))
    ]
    assert len(pages) > 10
    assert all(own[lang] in page for page in pages)
