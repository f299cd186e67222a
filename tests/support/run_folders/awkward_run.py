"""A run folder whose dossiers are awkward on purpose: formulas, leading zeros, odd cents, splits, a reserve."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

TABLE = """\
dossier,title,envelope,applicant,applicant_id,department,cost,requested,score,committed,filed_at,state,population,avis
0123,"=LIEN(""http"")",a,Ville; de « Lyon »,21690123100011,69,1000.10,800.08,9,,2026-01-02,en_instruction,500,A
0124,+33 1 23,a,@Métropole,20004656500019,69,2000.00,1600.01,8,,2026-01-03T10:00:00+01:00,en_instruction,500,B
1,École,a,Bourg,21010053900012,01,999.99,799.99,7,700.07,2026-01-04,accepte,500,A
01,École (bis),a,Bourg,21010053900012,01,900.00,700.00,3,,2026-01-05,en_instruction,500,
E-5,Trop petit,a,Hameau,21010999900011,01,100.00,80.00,5,,2026-01-06,en_instruction,10,C
E-6,Part de l'Ain,loc,Bourg,21010053900012,01,2500.00,2000.00,6,,2026-01-07,en_instruction,500,A
E-7,Autre part,loc,Bourg,21010053900012,01,2500.00,1900.55,4,,2026-01-08,en_instruction,500,A
E-8,Part du Rhône,loc,Ville,21690123100011,69,3000.00,2400.33,6,,2026-01-09,en_instruction,500,A
E-9,-5 % de CO2,loc,Ville,21690123100011,69,500.00,,2,,2026-01-10,sans_suite,500,
"""
SCENARIO = """\
schema_version: 1
id: exports
title: "=Exports & Cie"
date: 2026-03-31
programme:
  id: p
  title: 01 Programme
  amount: 9 000 €
  envelopes:
    - {id: a, title: Axe A, amount: 3 600 €, reserve: 10 %}
    - {id: loc, title: Local, amount: 5 000 €, split: {by: department, each: 2 500 €}}
dossiers: [{file: table.csv}]
eligibility:
  - {id: taille, require: {population: {min: 50}}, reason: Moins de 50 habitants}
grants: [{mode: all_or_nothing, max_rate: 80 %}]
rules:
  - {id: villes, title: Les villes, kind: share, measure: granted, where: {department: 69}, min: 12.5 %}
  - {id: ain, kind: limit, measure: granted, where: {department: 01}, max: 3 500 €}
objective: [{maximise: {score: 1}}]
"""


def make_run(folder: Path, scenario: str = SCENARIO, table: str = TABLE) -> Path:
    """The run folder of a scenario and a table given as texts; its project is `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").touch()
    (folder / "table.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text(scenario, encoding="utf-8")
    return write_run(solve(load_scenario(folder / "s.yaml"), cross_check="never"))


def edited(book: Path, sheet: str, cells: dict[str, str], texts: dict[str, str] | None = None) -> Path:
    """A copy of a workbook with cells of one sheet replaced by numbers (`"12.5"`), texts or nothing (`""`).

    `texts` replaces shared strings: old → new.
    """
    with zipfile.ZipFile(book) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    names = re.findall(r'<sheet name="([^"]+)"', parts["xl/workbook.xml"].decode())
    part = f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"
    page = parts[part].decode()
    for cell, value in cells.items():
        page, n = re.subn(_cell(cell), lambda m, v=value: _written(m[1], v), page)  # type: ignore[misc]
        assert n == 1, cell
    parts[part] = page.encode()
    shared = parts["xl/sharedStrings.xml"].decode()
    for old, new in (texts or {}).items():
        assert f">{old}</t>" in shared, old
        shared = shared.replace(f">{old}</t>", f">{new}</t>")
    parts["xl/sharedStrings.xml"] = shared.encode()
    copy = book.with_name(f"edited-{book.name}")
    with zipfile.ZipFile(copy, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return copy


def _cell(name: str) -> str:
    return rf'<c (r="{name}"(?: s="\d+")?)(?: t="s")?(?:/>|>.*?</c>)'


def _written(start: str, value: str) -> str:
    if value == "":
        return f"<c {start}/>"
    if re.fullmatch(r"-?[0-9.]+", value):
        return f"<c {start}><v>{value}</v></c>"
    return f'<c {start} t="inlineStr"><is><t>{value}</t></is></c>'
