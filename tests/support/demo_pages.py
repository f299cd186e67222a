"""The pages of answers about the demonstration, as the verbs write them."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang

OTHER = """\
extends: scenario.yaml
id: variante
title: Autre enveloppe
programme: {amount: 1.1 M€}
rules: [{id: part-communes, min: 60 %}]
"""
UNCERTAIN = """\
extends: scenario.yaml
id: incertain
uncertain:
  - {id: notes, column: score, plus: {normal: {sd: 1}}}
  - {id: abandons, title: Abandons, event: withdrawn, probability: 8 %}
"""
PAGES = ("compare", "sweep", "ensemble", "alternatives", "weights", "review")


def build_demo(folder: Path, lang: Lang) -> Path:
    """Make the demonstration with a variant and an uncertain one; return its scenario."""
    assert main(["new", str(folder), "--lang", lang.value]) == 0
    (folder / "autre.yaml").write_text(OTHER, encoding="utf-8")
    (folder / "incertain.yaml").write_text(UNCERTAIN, encoding="utf-8")
    return folder / "scenario.yaml"


def write_page(name: str, scenario: Path, lang: Lang) -> Path:
    """Write the page of an answer about the demonstration; return its file."""
    folder = scenario.parent
    file = folder / f"{name}.html"
    tail = ["--out", str(file), "--lang", lang.value]
    match name:
        case "compare":
            assert main(["compare", str(scenario), str(folder / "autre.yaml"), *tail]) == 0
        case "sweep":
            out = folder / "sweeps"
            assert (
                main(["sweep", str(scenario), "--steps", "20", "--out", str(out), "--lang", lang.value]) == 0
            )
            (file,) = out.glob("*/sweep.html")
        case "ensemble":
            words = ["ensemble", str(folder / "incertain.yaml"), "--draws", "12", "--sensitivity", "4"]
            assert main([*words, "--workers", "1", *tail]) == 0
        case "alternatives":
            assert main(["alternatives", str(scenario), *tail]) == 0
        case "weights":
            criteria = ["--criteria", "score,population", "--range", "score=30 %:60 %"]
            assert main(["weights", str(scenario), *criteria, *tail]) == 0
        case "review":
            table = folder / "table.xlsx"
            write_table(table)
            mine = folder / "mine"
            assert main(["new", str(mine), "--from", str(table), "--lang", lang.value]) == 0
            (file,) = mine.glob("re*.html")
    return file


def write_table(path: Path) -> None:
    """Write a workbook with a title, unclear cells, a total that does not agree, and a note below."""
    heads = [
        "N°",
        "Intitulé de l’opération",
        "Commune",
        "Coût total HT",
        "Subvention demandée",
        "Note /20",
        "Avis",
    ]
    opinions = ("favorable", "Favorable", "réservé", "défavorable", "à voir")
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("DETR 2026")
    sheet.write(0, 0, "Préfecture d’Exemple – DETR 2026")
    sheet.write_row(4, 0, heads)
    for k in range(30):
        cost = 20_000 + 3_700 * (k * k % 31)
        asked = "à préciser" if k == 7 else cost // 4
        note = "" if k % 9 == 0 else 4 + k * 7 % 16
        row = [
            k + 1,
            f"Rénovation de l’école {k + 1}",
            f"Commune {k % 12}",
            cost,
            asked,
            note,
            opinions[k % 5],
        ]
        sheet.write_row(5 + k, 0, row)
    sheet.write(35, 1, "TOTAL")
    sheet.write(35, 4, 1_000_000)
    sheet.write(37, 0, "Source : services de l’État")
    book.close()
