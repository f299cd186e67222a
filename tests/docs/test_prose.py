"""The check of prose finds a planted sentence wherever people read, and fails when a count rises."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import prose
import pytest

PLANTED = {
    "passive": ("The file is told where it goes.", "Le motif est dit ailleurs."),
    "hold": ("The bound does not hold for the whole.", "La liste ne tient pas dans la somme."),
    "noun-phrase": ("One row of the table.", "Rien avant le montant."),
    "archaic": ("The rule ends of itself and is gone.", "Un texte idoine céans pour les élus."),
    "clauses": ("The first is here; the second is there; the third.", "Le premier est là ; le deux ; le trois."),
    "parentheses": ("It is here (or there (or both)).", "Il est ici (ou là (ou les deux))."),
    "private": ("The frontier of the states is long.", "Le noyau est dans la liste des dossiers."),
    "leaf": ("The leaf of the tree is an envelope.", ""),
    "room": ("There is room for the rest of it.", ""),
    "a-for-per": ("It takes 3 seconds a case on the machine.", ""),
    "inverted": ("What is not spent is in the report.", "Ce qui est mesuré est dans les pages."),
    "slogan": ("The key is not ignored in silence.", "La clé ne disparaît pas en silence."),
    "apostrophe": ("", "La liste de l'année est dans la table."),
    "number-space": ("", "Le total est de 38 509 dossiers pour la région."),
    "punctuation-space": ("", "Le total est là ; la liste est dans la table."),
    "guillemet-space": ("", "Le mot « enveloppe » est dans la table."),
    "unit-space": ("", "Le total est de 88 M€ pour la région."),
    "zero-decimal": ("The total is €280.0 for the region.", "Le total est de 280,0 k€ pour la région."),
    "date": ("It is of the 3rd of March for the region.", "Il est du 1 janvier pour la région."),
    "plural": ("The file(s) of the table are here.", "Le(s) dossier(s) de la table sont là."),
}  # fmt: skip


def kinds_in(text: str) -> set[str]:
    piece = prose.Piece("page.md", 1, prose.without_code(text), prose.language_of(text))
    return {match.kind for match in prose.matches_of(piece)}


def test_every_pattern_has_a_planted_sentence_in_its_languages() -> None:
    assert set(PLANTED) == set(prose.PATTERNS)
    for kind, (english, french) in PLANTED.items():
        assert (bool(english), bool(french)) == (
            bool(prose.PATTERNS[kind].en),
            bool(prose.PATTERNS[kind].fr),
        ), kind


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_sentence_is_found(kind: str) -> None:
    for text in filter(None, PLANTED[kind]):
        assert kind in kinds_in(text), text


@pytest.mark.parametrize(
    "text",
    [
        "The result says how optimality was proved, and the reserve is set aside.",
        "Each application has a justification that you can paste into a letter.",
        "Toute dépense non engagée figure dans le rapport, avec sa raison.",
        "The key `held` is in the code, and so is `What is told`.",
        "The problem is solved on the core problem, then on the common core.",
        "One application per row is read from the table.",
        "What is the total of the list?",
    ],
)
def test_a_plain_sentence_is_free(text: str) -> None:
    assert kinds_in(text) == set()


@pytest.mark.parametrize(
    ("subject", "bad"),
    [
        ("Return a Result from Session.solve", False),
        ("Pass the deadline to every loop", False),
        ("Prices far from good ones hid the one choice of a model", True),
        ("Fixed the sweep", True),
        ("The sweep ends", True),
        ("Fix " + "x" * 69, True),
    ],
)
def test_a_subject_is_short_and_imperative(subject: str, bad: bool) -> None:
    assert bool(list(prose.subject_matches([subject]))) == bad


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(prose.ROOT), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def test_the_commits_that_are_named_are_in_the_history() -> None:
    """Those from which subjects are counted, and those that `git blame` looks past."""
    here = git("rev-parse", "--show-toplevel")
    if not here or Path(here) != prose.ROOT or git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("the history is not here")
    ignored = (prose.ROOT / ".git-blame-ignore-revs").read_text(encoding="utf-8").splitlines()
    named = [prose.SINCE, *(line for line in ignored if line and not line.startswith("#"))]
    assert len(named) >= 2
    for commit in named:
        assert git("cat-file", "-t", commit) == "commit", commit


PLACES = {
    "README.md": "# Title\n\n{}\n",
    "docs/page.md": "Text.\n\n- A bullet.\n  {}\n",
    "docs/decisions/0001-x.md": "| a | b |\n|---|---|\n| x | {} |\n",
    "notebooks/01.py": "# %% [markdown]\n# {}\n\nx = 1\n",
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- {}\n\n## 0.1.0\n\n- What is told is told.\n",
    "tnt_sim/room/file.py": 'def f():\n    """{}"""\n',
    "tools/tool.py": '"""Docstring.\n\n{}\n"""\n',
}


def planted(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLACES[name].format(text), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", PLACES)
def test_a_sentence_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    text = "It takes 3 seconds a case on the machine."
    lines = planted(tmp_path, name, text).read_text(encoding="utf-8").split("\n")
    (found,) = prose.every_match(tmp_path)
    number = next(k for k, line in enumerate(lines, 1) if text in line)
    assert (found.kind, found.place) == ("a-for-per", f"{name}:{number}")


def test_code_and_old_versions_are_no_prose(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "```\nseconds a case\n```\n`seconds a case` [x](seconds-a-case.md)\n", "utf-8"
    )
    planted(tmp_path, "CHANGELOG.md", "A line.")
    assert prose.every_match(tmp_path) == []


def test_the_sentences_of_the_program_are_read_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "tnt_sim" / "i18n" / "locale" / "fr" / "LC_MESSAGES" / "tnt_sim.po"
    path.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    sentence = '#: file.py\nmsgid "The list fits."\nmsgstr "La liste ne tient pas dans la somme."\n'
    path.write_text(head + sentence, encoding="utf-8")
    found = prose.every_match(tmp_path)
    assert [(match.kind, match.words) for match in found] == [
        ("hold", "La liste ne tient pas dans la somme."),
        ("hold", "The list fits."),
    ]
    assert {match.place.rpartition(":")[0] for match in found} == {"tnt_sim/file.py"}


def test_a_rise_fails_and_a_fall_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tools").mkdir()
    page = planted(tmp_path, "README.md", "It takes 3 seconds a case. It takes 4 seconds a row.")
    assert prose.main(["write"], tmp_path) == 0
    assert prose.main(["check"], tmp_path) == 0
    page.write_text(page.read_text(encoding="utf-8") + "\nIt takes 5 seconds a page.\n", encoding="utf-8")
    assert prose.main(["check"], tmp_path) == 1
    assert "a-for-per: 3, 2 allowed" in capsys.readouterr().out
    assert prose.main(["write"], tmp_path) == 0
    assert prose.main(["check"], tmp_path) == 1, "a rise is never written"
    page.write_text("It takes 3 seconds a case.\n", encoding="utf-8")
    assert prose.main(["write"], tmp_path) == 0
    assert json.loads((tmp_path / prose.COUNTS).read_text(encoding="utf-8"))["a-for-per"] == 1


def test_every_kind_has_a_committed_count() -> None:
    allowed = json.loads((prose.ROOT / prose.COUNTS).read_text(encoding="utf-8"))
    assert list(allowed) == [*prose.PATTERNS, prose.SUBJECT]
