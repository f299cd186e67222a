"""Written sheets against their run: every change of a file is refused, with dossier, line and both figures."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.lanes import SHARE
from support.paths import ROOT

from tnt_sim.cli import clock
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import Defect, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.decision_page import page as decision_page
from tnt_sim.reporting.sheet_check import folder_check
from tnt_sim.reporting.sheet_check.folder_check import check_sheets, read_sheet_language
from tnt_sim.reporting.sheet_check.line_difference import list_differences
from tnt_sim.reporting.text.legal_wording import load_wording
from tnt_sim.reporting.transparency.folder import MANIFEST, write_transparency

Change = Callable[[Path], None]


ACCEPTED = "accept: [{id: not_given/delai, count: 1, reason: dossier incomplet, author: service}]\n"
"""An act waits for an open question to be decided."""


def copy_project(folder: Path) -> Path:
    """The scenario with one dossier for each reason, in a project folder of its own."""
    (folder / "data").mkdir(parents=True)
    for name in ("motifs.yaml", "data/motifs.csv"):
        shutil.copy(ROOT / "scenarios" / name, folder / name)
    with (folder / "motifs.yaml").open("a", encoding="utf-8") as scenario:
        scenario.write(ACCEPTED)
    return folder / "motifs.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its run, and its sheets in French (`fr`) and English (`en`)."""
    folder = tmp_path_factory.mktemp("sheets") / "plan"
    scenario = copy_project(folder)
    assert main(["run", str(scenario), "--out", str(folder / "runs"), "--quiet"]) == 0
    run = get_run(folder)
    for lang in Lang:
        write_transparency(open_stored(run, lang=lang), folder / lang.value, lang)
    return folder


def get_run(project: Path) -> Path:
    return next((project / "runs").glob("*-*"))


@pytest.fixture(scope="module")
def run(project: Path) -> StoredRun:
    return open_stored(get_run(project))


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """A copy of the French sheets."""
    return Path(shutil.copytree(project / "fr", tmp_path / "fiches"))


def find_defects(run: StoredRun, folder: Path) -> tuple[Defect, ...]:
    return check_sheets(run, folder).defects


def replace(file: str, old: str, new: str) -> Change:
    """Return a change of the first place of a text; spaces and apostrophes stand for any of their kind."""
    spaces, apostrophes = "[ \u00a0\u202f]", "(?:’|'|&#x27;)"
    pattern = "".join(
        spaces if c in " ~" else apostrophes if c == "’" else re.escape(c) for c in old.replace("~", " ")
    )

    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        changed = re.sub(pattern, lambda match: new.replace("~", " "), text, count=1)
        assert changed != text, (file, old)
        path.write_text(changed, encoding="utf-8")

    return change


def edit_manifest(*keys: str | int, value: object) -> Change:
    """Return a change of a value of the manifest, written again as the program writes it."""

    def change(folder: Path) -> None:
        path = folder / MANIFEST
        document = json.loads(path.read_text(encoding="utf-8"))
        where = document
        for key in keys[:-1]:
            where = where[key]
        assert where[keys[-1]] != value
        where[keys[-1]] = value
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    return change


def swap(left: str, right: str) -> Change:
    def change(folder: Path) -> None:
        first, second = (folder / left).read_bytes(), (folder / right).read_bytes()
        (folder / left).write_bytes(second)
        (folder / right).write_bytes(first)

    return change


def rename(old: str, new: str) -> Change:
    return lambda folder: (folder / old).rename(folder / new) and None


def copy(old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        (folder / new).parent.mkdir(exist_ok=True)
        shutil.copy(folder / old, folder / new)

    return change


def link(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).rename(folder.parent / "elsewhere.html")
        (folder / name).symlink_to(folder.parent / "elsewhere.html")

    return change


def append(file: str, data: bytes) -> Change:
    def change(folder: Path) -> None:
        with (folder / file).open("ab") as stream:
            stream.write(data)

    return change


def write(file: str, data: bytes) -> Change:
    return lambda folder: (folder / file).write_bytes(data) and None


ONE, ALL = "fiches/C-04.html", "fiches.html"
WORDS: tuple[tuple[str, str, str], ...] = (
    ("score", "Note</dt><dd>2<", "Note</dt><dd>3<"),
    ("score in the sum", "Note~: 2 × 1 = 2.", "Note~: 3 × 1 = 3."),
    ("weight", "2 × 1 = 2", "2 × 2 = 4"),
    ("sum alone", "2 × 1 = 2", "2 × 1 = 3"),
    ("population", "<dd>700<", "<dd>701<"),
    ("threshold", "ne dépasse pas 3~500", "ne dépasse pas 3~000"),
    ("delay", "24 mois", "12 mois"),
    ("cost", "6~000~€", "6~001~€"),
    ("request", "3~000~€", "3~100~€"),
    ("cents", "3~000,00~€", "3~000,01~€"),
    ("envelope", "10~000~€", "11~000~€"),
    ("granted in the envelope", "Accordé~: 9~000~€", "Accordé~: 8~000~€"),
    ("left", "Reste~: 1~000~€", "Reste~: 0~€"),
    ("left in the reason", "Il reste 1~000,00~€", "Il reste 0,00~€"),
    ("reason", "au vu de sa valeur", "au vu de son ancienneté"),
    ("decision", "n’a pu être retenue", "a été retenue"),
    ("verdict", "La demande la remplit.", "La demande ne la remplit pas."),
    ("eligible", "elle est éligible", "elle n’est pas éligible"),
    ("rank", "N°~4 sur 4", "N°~3 sur 4"),
    ("number compared", "N°~4 sur 4", "N°~4 sur 5"),
    ("rank by filing", "n°~4 sur 30", "n°~2 sur 30"),
    ("proof", "Il est démontré qu’aucune liste", "Rien ne démontre qu’aucune liste"),
    ("more proof", "chacun peut la vérifier", "un expert l’a vérifiée"),
    ("by hand", "Non~: personne n’a fixé", "Oui~: la préfète a fixé"),
    ("part", "Le calcul aide à décider.", "Le calcul décide."),
    ("signature", "Ces fichiers ne portent pas de signature.", "La liste est signée."),
    ("change", "Il n’a pas été calculé", "Il n’y en a pas"),
    ("file", "data/motifs.csv, ligne 5", "data/motifs.csv, ligne 6"),
    ("column", "colonne « score »", "colonne « cost »"),
    ("hash of the table", "SHA-256 db680f24", "SHA-256 db680f25"),
    ("line of the scenario", "motifs.yaml, ligne 48", "motifs.yaml, ligne 49"),
    ("source of a rule", "article 2", "article 3"),
    ("field", "champ « proof »", "champ « status »"),
    ("day", "1er décembre 2022", "2 décembre 2022"),
    ("programme", "Programme d&#x27;exemple", "Programme d&#x27;exception"),
    ("synthetic", "SYNTHÉTIQUES", "RÉELLES"),
    ("dossier", "C-04", "C-05"),
    ("project", "Bornes d&#x27;accueil", "Bornes d&#x27;accueils"),
    ("law", "R. 311-3-1-2", "R. 311-3-1-1"),
    ("space of a number", "10~000~€", "10\u2009000~€"),
    ("comma", "3~000,00", "3~000.00"),
    ("entity", "Bornes d&#x27;accueil", "Bornes d'accueil"),
    ("zero-width space", "La demande la remplit", "La\u200b demande la remplit"),
    ("look-alike letter", "Population", "Pорulation"),
    ("attribute", '<p class="decision"', '<p class="decision" hidden'),
    ("style of a line", "<div><dt>Note", '<div style="display:none"><dt>Note'),
    ("class", '<p class="from">data/motifs.csv', '<p class="no">data/motifs.csv'),
    ("origin", "<small>calculé", "<small hidden>calculé"),
    ("hidden words", "</article>", "<p hidden>La note était 9.</p></article>"),
    ("comment", "</article>", "<!-- note 9 --></article>"),
    ("script", "</main>", "<script>alert(1)</script></main>"),
    ("event", "<main", '<main onmouseover="alert(1)"'),
    ("rule of style", "<style>", "<style>dl div:nth-child(3){display:none}"),
    ("policy", "default-src &#x27;none&#x27;", "default-src *"),
    ("title", "<title>Fiche", "<title>Copie"),
    ("language", '<html lang="fr">', '<html lang="en">'),
    ("refresh", "<title>", '<meta http-equiv="refresh" content="0;url=//x"><title>'),
    ("link", "</article>", '<a href="https://exemple.fr">La bonne fiche</a></article>'),
    ("base", "<title>", '<base href="//x"><title>'),
    ("frame", "</main>", '<iframe src="x.html"></iframe></main>'),
    ("end of line", "</dl>\n", "</dl>\r\n"),
)
"""Changes of words and markup, each made in the sheet of a dossier and in the page of all."""

FILES: dict[str, Change] = {
    "sheets swapped": swap("fiches/C-04.html", "fiches/C-07.html"),
    "sheet renamed": rename("fiches/C-04.html", "fiches/C-99.html"),
    "sheet missing": lambda folder: (folder / ONE).unlink(),
    "page of all missing": lambda folder: (folder / ALL).unlink(),
    "sheet of no dossier": copy(ONE, "fiches/Z-01.html"),
    "copy elsewhere": copy(ONE, "C-04.html"),
    "copy in a folder": copy(ONE, "anciennes/C-04.html"),
    "hidden file": write(".htaccess", b"Redirect / https://exemple.fr"),
    "another suffix": copy(ONE, "fiches/C-04.htm"),
    "case of the name": rename("fiches/C-04.html", "fiches/c-04.html"),
    "link": link(ONE),
    "link to a folder": lambda folder: (folder / "autres").symlink_to(folder.parent),
    "empty": write(ONE, b""),
    "cut": lambda folder: (folder / ONE).write_bytes((folder / ONE).read_bytes()[:-9]) and None,
    "longer": append(ONE, b"\n"),
    "bytes after the end": append(ALL, b"\x00\xff"),
    "byte order mark": lambda folder: (
        (folder / ONE).write_bytes(b"\xef\xbb\xbf" + (folder / ONE).read_bytes()) and None
    ),
    "not UTF-8": lambda folder: (
        (folder / ONE).write_bytes((folder / ONE).read_bytes().replace("é".encode(), b"\xe9", 1)) and None
    ),
    "sheets of all in another order": lambda folder: (
        (folder / ALL).write_text(
            "</article>".join(reversed((folder / ALL).read_text(encoding="utf-8").split("</article>"))),
            encoding="utf-8",
        )
        and None
    ),
    "PDF of a sheet": write("fiches/C-04.pdf", b"%PDF-1.7 note 9"),
    "PDF of no dossier": write("fiches/Z-01.pdf", b"%PDF-1.7"),
    "rules: amount": replace("regles.html", "40~000~€", "50~000~€"),
    "rules: threshold": replace("regles.html", "3~500", "3~600"),
    "rules: a script": replace("regles.html", "</main>", "<script>alert(1)</script></main>"),
    "rules missing": lambda folder: (folder / "regles.html").unlink(),
    "inventory": append("inventaire.csv", b"Score;19\n"),
    "inventory in words": append("inventaire.md", b"\n| a | b |\n"),
    "notes": replace("notes.html", "</main>", "<p>x</p></main>"),
    "notes missing": lambda folder: (folder / "notes.html").unlink(),
    "wording: a mention that none gives": write("mention.txt", b"Votre note est 9.\n"),
    "wording missing": lambda folder: (folder / "wording.yaml").unlink(),
    "wording: edited after the pages": replace("wording.yaml", "  fr: ", "  fr: Ici, "),
    "wording: not YAML": write("wording.yaml", b"a: [b"),
    "wording: no text": append("wording.yaml", b"\nautre:\n  article: x\n  fr: x\n  en: x\n"),
    "manifest: kept until": edit_manifest("kept_until", value="2099-01-01"),
    "manifest: keys": edit_manifest("missing_keys", value=[]),
    "manifest: wording": edit_manifest("own_wording", value=True),
    "manifest: run": edit_manifest("run", value="motifs-00000000"),
    "manifest: decision": edit_manifest("document_sha256", value="0" * 64),
    "manifest: allocation": edit_manifest("allocation_sha256", value="0" * 64),
    "manifest: scenario": edit_manifest("scenario_sha256", value="0" * 64),
    "manifest: name": edit_manifest("scenario", value="autre"),
    "manifest: code": edit_manifest("code_sha256", value="0" * 64),
    "manifest: publishable": edit_manifest("publishable", value=False),
    "manifest: dossiers": edit_manifest("n_dossiers", value=31),
    "manifest: sheets": edit_manifest("n_sheets", value=29),
    "manifest: complete": edit_manifest("complete", value=False),
    "manifest: stopped": edit_manifest("stopped_by", value="interrupt"),
    "manifest: language": edit_manifest("language", value="en"),
    "manifest: hash of a file": edit_manifest("files", 3, "sha256", value="0" * 64),
    "manifest: dossier of a file": edit_manifest("files", 3, "dossier", value="C-01"),
    "manifest: path of a file": edit_manifest("files", 3, "path", value="fiches/C-05bis.html"),
    "manifest: spaces": append(MANIFEST, b" "),
    "manifest: a key twice": replace(MANIFEST, '"run":', '"run": "autre",\n  "run":'),
}
"""Changes of files and of the manifest."""


def list_mutants() -> Iterator[tuple[str, Change]]:
    """Yield every change by its name."""
    for name, old, new in WORDS:
        yield f"sheet: {name}", replace(ONE, old, new)
        if name != "title":  # the page of all has its own
            yield f"all: {name}", replace(ALL, old, new)
    yield from FILES.items()


MUTANTS = dict(list_mutants())


def test_there_are_more_than_a_hundred_changes() -> None:
    assert len(MUTANTS) >= 150


@pytest.mark.parametrize("lang", Lang)
def test_sheets_as_written_are_accepted(project: Path, lang: Lang) -> None:
    result = check_sheets(open_stored(get_run(project), lang=lang), project / lang.value)
    assert result.defects == ()
    assert (result.entry.n_sheets, result.entry.n_files, result.entry.n_different) == (30, 36, 0)
    assert read_sheet_language(project / lang.value) is lang


@pytest.mark.parametrize("name", MUTANTS)
def test_a_change_is_refused(run: StoredRun, folder: Path, name: str) -> None:
    MUTANTS[name](folder)
    assert find_defects(run, folder), name


def test_any_byte_that_changes_is_refused(run: StoredRun, folder: Path) -> None:
    rng = random.Random(28)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    for __ in range(40 // SHARE):
        file = rng.choice(files)
        whole = file.read_bytes()
        at = rng.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
        assert find_defects(run, folder), (file.name, at)
        file.write_bytes(whole)
    assert find_defects(run, folder) == ()


def test_a_difference_names_dossier_line_and_both_figures(run: StoredRun, folder: Path) -> None:
    replace(ONE, "2 × 1 = 2", "3 × 1 = 3")(folder)
    replace(ALL, "N°~4 sur 4", "N°~1 sur 4")(folder)
    defects = {str(defect.places[0]): defect.text.in_(Lang.EN) for defect in find_defects(run, folder)}
    (single, whole) = sorted(defects, reverse=True)
    assert single.startswith("fiches/C-04.html:")
    assert single.endswith("[C-04]")
    assert re.search(r'Critère: the sheet says ".*3 × 1 = 3.*", the run gives ".*2 × 1 = 2', defects[single])
    assert whole.startswith("fiches.html:")
    assert re.search(r"\[[A-Z]+-\d+\]$", whole)
    assert re.search(r"N°.1 sur 4.*N°.4 sur 4", defects[whole])


def test_what_a_reader_does_not_see_is_spelled_out() -> None:
    (found,) = list_differences(b"<dt>A</dt><dd>1 000</dd>", "<dt>A</dt><dd>1\u202f000</dd>".encode())
    assert (found.says, found.gives) == ("1 000", "1⟨U+202F⟩000")
    (hidden,) = list_differences(b"<dt>A</dt><dd hidden>1</dd>", b"<dt>A</dt><dd>1</dd>")
    assert hidden.says == "<dt>A</dt><dd hidden>1</dd>"


def test_sheets_of_another_run_are_refused_as_a_whole(run: StoredRun, folder: Path) -> None:
    edit_manifest("document_sha256", value="0" * 64)(folder)
    (defect,) = find_defects(run, folder)
    assert "another decision" in defect.text.in_(Lang.EN)


def test_a_folder_without_a_manifest_is_no_folder_of_sheets(run: StoredRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="transparency"):
        check_sheets(run, tmp_path)


def test_a_stopped_folder_says_how_to_go_on(run: StoredRun, folder: Path) -> None:
    (folder / ONE).unlink()
    edit_manifest("complete", value=False)(folder)
    defect = next(one for one in find_defects(run, folder) if str(one.places[0]).startswith(ONE))
    assert defect.hint is not None
    assert "goes on" in defect.hint.in_(Lang.EN)


def test_a_pdf_is_drawn_again_and_compared(
    run: StoredRun, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("weasyprint")
    try:
        decision_page.render_pdf("<p>x</p>")
    except UsageError:
        pytest.skip("Pango is missing")
    write_transparency(run, folder, Lang.FR, pdf=["C-04"])
    assert find_defects(run, folder) == ()
    append("fiches/C-04.pdf", b"\n%")(folder)
    assert any("PDF" in defect.text.in_(Lang.EN) for defect in find_defects(run, folder))


def test_a_pdf_that_cannot_be_drawn_here_is_named(
    run: StoredRun, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(page: str) -> bytes:
        raise UsageError(folder_check._("no WeasyPrint"), code="usage.pdf")

    monkeypatch.setattr("tnt_sim.reporting.transparency.folder.render_pdf", lambda page: b"%PDF")
    write_transparency(run, folder, Lang.FR, pdf=["C-04"])
    monkeypatch.setattr(folder_check, "render_pdf", refuse)
    result = check_sheets(run, folder)
    assert (result.defects, result.entry.pdf_not_compared) == ((), ["fiches/C-04.pdf"])
    assert "not compared" in result.notes[0].in_(Lang.EN)


@pytest.mark.parametrize("lang", Lang)
def test_verify_reads_sheets_in_their_language(
    project: Path, capsys: pytest.CaptureFixture[str], lang: Lang
) -> None:
    words = ["verify", str(get_run(project)), "--sheets", str(project / "en"), "--lang", lang.value]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sheets"]["n_sheets"] == 30
    assert document["sheets"]["language"] == "en"
    assert main(words) == 0
    assert {Lang.FR: "30 fiches", Lang.EN: "30 sheets"}[lang] in capsys.readouterr().out.replace(
        "\u00a0", " "
    )


@pytest.mark.parametrize("lang", Lang)
def test_verify_refuses_sheets_and_says_so(
    project: Path, folder: Path, capsys: pytest.CaptureFixture[str], lang: Lang
) -> None:
    replace(ONE, "2 × 1 = 2", "3 × 1 = 3")(folder)
    words = ["verify", str(get_run(project)), "--sheets", str(folder), "--lang", lang.value]
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "refused"
    assert document["sheets"]["n_different"] == 1
    assert [one["code"] for one in document["defects"]] == ["sheet"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert "3 × 1 = 3" in said.err
    assert {Lang.FR: "Fiches refusées", Lang.EN: "Sheets refused"}[lang] in said.out


def write_own_wording(project: Path, folder: Path, added: str) -> None:
    """Write the sheets with a legal text that says more than ours."""
    run, wording = open_stored(get_run(project)), folder.parent / "own.yaml"
    text = (folder / "wording.yaml").read_text(encoding="utf-8")
    changed = text.replace(
        "  article: CRPA, art. L. 311-3-1\n  fr: ", f"  article: CRPA, art. L. 311-3-1\n  fr: {added}", 1
    )
    assert changed != text
    wording.write_text(changed, encoding="utf-8")
    write_transparency(run, folder, Lang.FR, wording=load_wording(wording))


def test_an_edited_legal_text_is_accepted_and_listed(project: Path, folder: Path) -> None:
    write_own_wording(project, folder, "Pour votre parfaite ")
    result = check_sheets(open_stored(get_run(project)), folder)
    assert result.defects == ()
    assert result.entry.changed_texts == ["mention_title.fr"]
    assert any("mention_title.fr" in note.in_(Lang.EN) for note in result.notes)


@pytest.mark.parametrize(
    "claim",
    ["Il est prouvé que la liste est optimale. ", "La preuve est faite. ", "Votre note de 9 suffit. ",
     "Une somme de 12 000 € est due. ", "Vous êtes au rang 2. ", "DÉMONTRÉ. ", "It is proved. "],
)  # fmt: skip
def test_an_edited_legal_text_claims_nothing_of_the_run(project: Path, folder: Path, claim: str) -> None:
    write_own_wording(project, folder, claim)
    defects = find_defects(open_stored(get_run(project)), folder)
    assert ["mention_title.fr" in defect.text.in_(Lang.EN) for defect in defects] == [True]


def test_the_end_of_the_retention_is_said_once_it_is_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = copy_project(tmp_path / "plan")
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(text + "\npublisher: {retention: 10 years}\n", encoding="utf-8")
    assert main(["run", str(scenario), "--out", str(tmp_path / "runs"), "--quiet"]) == 0
    run = next((tmp_path / "runs").glob("*-*"))
    decided = open_stored(run, tmp_path / "plan").spec.date
    assert decided is not None
    last = decided.replace(year=decided.year + 10)
    for today, is_past in ((last, False), (last.replace(year=last.year + 1), True)):
        monkeypatch.setattr(clock, "get_today", lambda today=today: today)
        capsys.readouterr()
        words = ["verify", str(run), "--project", str(tmp_path / "plan"), "--lang", "en", "--json"]
        assert main(words) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["retention"] == {"last_day": last.isoformat(), "is_past": is_past}
        assert any("archives" in note for note in document["notes"]) is is_past
