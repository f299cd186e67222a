"""No verb writes a sentence in the other language: all of them on the demo, on the screen and in files."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import golden
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from support.command_line import Run
from support.lanes import seeds
from support.typed import as_typed

from tnt_sim.cli.verbs import VERBS
from tnt_sim.domain.territory import load_territory
from tnt_sim.reporting.text.legal_wording import load_shipped_wording

CODES = re.compile(
    r"[\w./-]*[/_][\w./-]*|\b[\w-]+\.(?:yaml|csv|xlsx|html|json)\b|démarches?(?:-simplifiées)?|Démarches?|ex æquo"
    r"|petites-communes|plafond-departement|part-communes"
)
"""Paths, ids and names of other tools."""
FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|une|est|sont|dans|pour|avec|sans|qui|que|aucune?|cette|ces|pas|chaque|retenus?|règle|montant|"
    r"[\w-]*[àâçèêîôùûœ][\w-]*)\b"
)
ENGLISH = re.compile(
    r"\b(?:the|of|and|is|are|with|without|which|that|from|for|no|not|each|every|than|what|an?)\b"
)
OTHER = {"fr": (ENGLISH, 2), "en": (FRENCH, 1)}
"""By language, words of the other one, and how many make a sentence of it: keys and codes have English words."""

COMMANDS = (
    "validate scenario.yaml",
    "show scenario.yaml",
    "run scenario.yaml --write-lp model.lp",
    "run scenario.yaml --relax",
    "verify RUN",
    "explain RUN",
    "explain RUN --all",
    "explain RUN E-03 E-24 E-13",
    "inversions RUN",
    "sweep scenario.yaml --steps 2",
    "marginal-euro scenario.yaml",
    "entry-thresholds scenario.yaml --dossier E-24",
    "target scenario.yaml all +20 departments rules",
    "rule-prices scenario.yaml --out prices.html",
    "extension-shares scenario.yaml '200 k€' --out shares.xlsx",
    "extend scenario.yaml",
    "conflict scenario.yaml",
    "conflict clash.yaml",
    "run clash.yaml",
    "run missing.yaml",
    "validate broken.yaml",
    "audit scenario.yaml --selection list.csv --out audit.html",
    "alternatives scenario.yaml --count 2 --out others.html",
    "weights scenario.yaml --criteria score,population",
    "run scenario.yaml --set programme.amount=1.3M€ --out other",
    "core RUN other/OTHER",
    "compare RUN other/OTHER --out two.html",
    "ensemble uncertain.yaml --draws 6 --seed 1 --workers 1 --out risks.html",
    "batch scenario.yaml clash.yaml --out batch --executor serial",
    "report RUN --out note.html",
    "report RUN --out book.xlsx",
    "export RUN --format xlsx --out decision.xlsx",
    "export RUN --by department --out choices",
    "import data/dossiers.csv --out imported",
    "import choices --consolidate --out read",
    "transparency RUN --out transparency",
    "sign RUN --as liste-1 --register registre",
    "send RUN",
    "reconcile RUN lines.csv --table lists.csv",
    "doctor",
    "runs --prune",
    "schema",
    "new more",
    "new begun --from data/dossiers.csv",
    "refresh begun",
    "refresh begun --drop 3 --apply",
    "rnu scenario.yaml",
    "run",
    "export RUN --format pdf",
)
WITHOUT_END = {"app"}
OF_MANY_LANGUAGES = {"examples"}
"""Titles and files of the shipped scenarios keep the language in which they are written."""
AS_DOCUMENTS = {
    "validate",
    "verify",
    "inversions",
    "sweep",
    "marginal-euro",
    "target",
    "rule-prices",
    "extend",
    "audit",
}
"""Verbs whose documents are looked at too; reasons in `run`, `explain` and `conflict` keep the scenario's."""
FILES = {"clash.yaml": golden.CLASH, "broken.yaml": golden.BROKEN, "uncertain.yaml": golden.UNCERTAIN}
FILES |= {"list.csv": "dossier\nE-08\nE-15\n"}
FILES |= {"lines.csv": "supplier,label,amount\nX,E-08,10\nX,E-15 E-08,5\nY,,7.50\nTotal,,22.50\n"}


def texts(path: Path) -> Iterator[str]:
    """The text of a file that a person reads."""
    if path.suffix == ".html":
        drawn = re.compile(r"<svg.*?</svg>", re.DOTALL)
        for line in golden.page_text(drawn.sub("", path.read_text("utf-8"))).splitlines():
            yield from strings(json.loads(line)) if line.startswith("{") else [line]
    elif path.suffix == ".xlsx":
        book = CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            yield name
            for row in book.get_sheet_by_name(name).to_python():
                yield from (cell for cell in row if isinstance(cell, str))
    elif path.suffix == ".md" or (path.suffix == ".yaml" and "begun" in path.parts):
        yield from path.read_text("utf-8").splitlines()


def strings(node: Any) -> Iterator[str]:
    """The strings of a document that are no names or codes."""
    if isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from strings(one)
    elif isinstance(node, str) and node.count(" ") > 1:
        yield node


def departments() -> list[str]:
    """The names on the map."""
    units = load_territory(2021).units
    return units.filter(pl.col("level") == "department")["name"].to_list()


def titles(folder: Path) -> list[str]:
    """What keeps its language: titles, reasons and notes of the user, articles of law; the longest first."""
    written = re.findall(
        r"(?:title|reason|note): (.*?)(?:, amount.*)?$",
        (folder / "scenario.yaml").read_text("utf-8"),
        re.MULTILINE,
    )
    rows = csv.DictReader((folder / "data" / "dossiers.csv").read_text("utf-8").splitlines())
    found = {*written, *(row[key] for row in rows for key in ("title", "applicant"))}
    articles = {as_typed(text.article) for text in load_shipped_wording().texts.values()}
    return sorted(found | {*departments(), *articles}, key=len, reverse=True)


def foreign(text: str, lang: str, names: re.Pattern[str]) -> list[str]:
    """The words of the other language in a text, if they are enough for a sentence."""
    words, least = OTHER[lang]
    plain = as_typed(text)
    found = words.findall(CODES.sub("", names.sub("", plain)))
    if set(found) <= {"a", "an"}:  # words of both languages: « il y a », « par an »
        return []
    return found if len(found) >= least else []


@pytest.mark.parametrize("lang", seeds(["en", "fr"], 1))
def test_every_sentence_is_in_the_language_asked_for(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """The project is written in the other language, so that nothing is right by chance."""
    folder = tmp_path / "demo"
    assert tnt("new", folder, "--lang", "fr" if lang == "en" else "en").code == 0
    names = re.compile("|".join(map(re.escape, titles(folder))))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TNT_SIM_LANG", lang)
    for name, text in FILES.items():
        Path(name).write_text(text, "utf-8")
    found: list[str] = []
    for command in COMMANDS:
        run = next(iter(sorted(Path("runs").glob("exemple-????????"))), "")
        other = next(iter(sorted(Path("other").glob("exemple-????????"))), Path())
        words = [word.replace("OTHER", other.name) for word in shlex.split(command.replace("RUN", str(run)))]
        before = {path: path.stat().st_mtime_ns for path in Path().rglob("*") if path.is_file()}
        said = tnt(*words)
        told = (said.out + said.err).splitlines()
        if words[0] in AS_DOCUMENTS:
            told += strings(tnt(*words, "--json", *(["--force"] if "--out" in words else [])).document)
        for path in sorted(Path().rglob("*")):
            if path.is_file() and before.get(path) != path.stat().st_mtime_ns:
                told += texts(path)
        found += [
            f"{command}: {hits} in {line.strip()[:200]}"
            for line in told
            if (hits := foreign(line, lang, names))
        ]
    assert not found, "\n".join(found)


def test_every_verb_is_tried() -> None:
    assert {command.split()[0] for command in COMMANDS} - {"rnu"} == set(
        VERBS
    ) - WITHOUT_END - OF_MANY_LANGUAGES
