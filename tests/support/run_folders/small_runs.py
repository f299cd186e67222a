"""Run folders of small scenarios that between them hold every kind of rule, amount, envelope and claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

from support.clocks import StepClock
from tnt_sim.engine.result import Evidence, Proof, ResultData, Status, build_result
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Bilingual
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import Allocation, read_allocation
from tnt_sim.verify.claim_consistency import NOT_PROVED, build_unconfirmed_warning
from tnt_sim.verify.run_document import StageFigures, format_fraction
from tnt_sim.verify.verification import ProofRows


@dataclass(frozen=True)
class Small:
    """A scenario as text, its tables by name, and `--set` changes."""

    yaml: str
    tables: Mapping[str, str]
    sets: tuple[str, ...] = field(default=())


def table(head: str, *rows: str) -> str:
    return "\n".join([head, *rows]) + "\n"


LINKS = Small(
    """schema_version: 1
id: liens
title: Qui va avec qui
date: 2021-11-22
programme:
  id: tout
  amount: 4 000 €
  envelopes:
    - {id: a, amount: 2 000 €}
    - {id: b, amount: 1 200 €}
    - {id: c, amount: 700 €, ring_fenced: true}
dossiers: [{file: table.csv, where: {state: [en_instruction, accepte]}}]
eligibility:
  - {id: taille, require: {population: {min: 50}}, reason: Trop petit}
  - {id: depot, require: {filed_at: {until: 2021-10-31}}, reason: Trop tard}
waivers: [{of: taille, where: {dossier: [D-2]}, reason: calamité publique, author: préfet}]
rules:
  - {id: ou, kind: exclusive, dossiers: [D-3, D-4], max: 1}
  - {id: avec, kind: requires, dossiers: [D-5], need: [D-6, D-7], at_least: 1}
  - {id: lot, kind: together, by: lot}
  - {id: rang, kind: order, where: {envelope: b}, rank: score, best: high}
  - {id: file, kind: order, where: {envelope: c}, first_come: filed_at, skip: true}
  - {id: cabinet, kind: decide, fund: [D-9], refuse: [D-10], reason: arbitrage, author: cabinet}
  - {id: doux, kind: exclusive, dossiers: [D-1, D-6], max: 1, penalty: {cost: 1}}
objective: [{maximise: {score: 1}}, {maximise: {dossiers: 1}}]
""",
    {
        "table.csv": table(
            "dossier,title,envelope,applicant_id,population,requested,score,filed_at,state,lot,variant_of,requires,committed",
            "D-1,=Toit,a,x,100,500,7.5,2021-01-03,en_instruction,,V,,",
            "D-2,École,a,x,20,400.50,6,2021-01-02,en_instruction,,V,,",
            "D-3,Pont,a,y,300,300,5,2021-02-01,en_instruction,,,,",
            "D-4,Quai,a,y,300,350,5.25,2021-02-02,en_instruction,,,,",
            "D-5,Rue,a,z,80,250,4,2021-03-01,en_instruction,,,,",
            "D-6,Halle,a,z,80,275.10,2,2021-03-02,en_instruction,L1,,,",
            "D-7,Gymnase,b,w,90,500,3,2021-03-03,en_instruction,L1,,,",
            "D-8,Bassin,b,w,90,600,9,2021-03-04,en_instruction,,,,",
            "D-9,Phare,b,v,60,200,1,2021-03-05,en_instruction,,,,",
            "D-10,Digue,b,v,60,100,8,2021-03-06,en_instruction,,,,",
            "D-11,Puits,c,u,70,300,2,2021-01-05,en_instruction,,,,",
            "D-12,Four,c,u,70,500,6,2021-01-06,en_instruction,,,,",
            "D-13,Lavoir,c,u,70,200,3,2021-01-07,en_instruction,,,,",
            "D-14,Moulin,c,t,10,100,3,2021-01-08,en_instruction,,,,",
            "D-15,Gare,a,t,55,150,3,2021-12-01,en_instruction,,,,",
            "D-16,Port,a,t,55,150,3,2021-05-01,accepte,,,,123.45",
            "D-17,Bac,a,t,55,140,1.5,2021-06-01,en_instruction,,,D-14,",
            "D-18,Tour,a,t,55,10,1,2021-06-01,refuse,,,,",
        )
    },
    ("programme.envelopes.a.amount=1 900 €",),
)

MONEY = Small(
    """schema_version: 1
id: argent
locale: en
programme: {id: p, amount: 9 000 €}
dossiers: [{file: dossiers.csv, control: {rows: 14}}]
reference: avant.csv
grants:
  - {where: {genre: forfait}, formula: {flat: 100 €, per: [{column: lots, amount: 40 €, up_to: 5}], max: 280 €}}
  - {where: {genre: souple}, mode: range, min_rate: 20 %, max_rate: 60 %, round: 10 €}
  - {where: {genre: paliers}, mode: levels, levels: [20 %, 30 %, 50 %]}
  - {where: {genre: commun}, mode: common_rate, by: department, levels: [20 %, 40 %]}
  - {mode: all_or_nothing, max_rate: 80 %}
caps:
  - {id: etat, max: 80 %, of: base, counting: [other_state]}
  - {id: rond, max: 900 €}
measures:
  jury: {mean: [note_a, note_b]}
rules:
  - {id: trois, kind: limit, measure: dossiers, by: applicant_id, max: 3}
  - {id: dep, kind: limit, measure: granted, by: department, min: 300 €, max: 4 000 €}
  - {id: part, kind: share, measure: granted, where: {department: 02}, min: 20 %}
  - {id: levier, kind: share, measure: cost, of_measure: granted, min: 330 %}
  - {id: tranche, kind: limit, measure: granted, where: {department: 03}, max: {share: 24 %, of_amount: p}}
  - {id: vise, kind: limit, measure: dossiers, min: 14, report: true}
  - {id: cher, kind: limit, measure: granted, where: {department: 01}, max: 1 000 €,
     penalty: {cost: 0.5, per: 100 €}}
objective:
  - {maximise: {jury: 1}, tolerance: 5 %}
  - {minimise: {shortfall.vise: 1}}
  - {minimise: {changed: 1}}
solver: {cross_check: never}
""",
    {
        "dossiers.csv": table(
            "dossier,project,applicant_id,department,cost,base,requested,min_grant,other_state,genre,lots,note_a,note_b",
            "1,P1,x,01,2000,1500,1200,,100,ferme,,4,5",
            "2,P1,x,01,2000,1500,600.40,,100,ferme,,3,",
            "3,P3,x,01,1000,900,700,,0,souple,,2,2",
            "4,P4,x,02,1000,1000,700,150,0,souple,,5,1",
            "5,P5,y,02,1000,1000,700,,0,paliers,,4,4",
            "6,P6,y,02,3000,3000,1000,,0,paliers,,4,2",
            "7,P7,z,03,1000,1000,500,,0,commun,,1,1",
            "8,P8,z,03,1100,1100,500,,0,commun,,3,3",
            "9,P9,z,03,700,700,,,0,forfait,3,2,4",
            "10,P10,w,03,700,700,,,0,forfait,9,5,5",
            "11,P11,w,02,2500,2500,2500,,2400,ferme,,5,5",
            "12,P12,v,01,1234.56,1234.56,1000,,0,ferme,,1,2",
            "13,P13,v,02,50,50,40,,0,ferme,,1,1.5",
            "14,P14,u,03,5000,5000,4000,,0,ferme,,3,4",
        ),
        "avant.csv": "dossier,granted\n1,900\n5,300\n14,900\n",
    },
)

MAPS = Small(
    """schema_version: 1
id: carte
territory: {year: 2021, fill: [department]}
programme: {id: p, amount: 1 500 €}
dossiers: [{file: table.csv}]
rules:
  - {id: zones, kind: coverage, units: {code: ["01001", "01002", "01004", "01005"]}, covered_by: commune,
     already: fait.csv, min: 50 %}
  - {id: equite, kind: equity, measure: granted, per: population, by: department, min: 10 %, max: 300 %}
  - {id: somme, kind: linear, granted: {1: 1, 4: -0.5}, funded: {6: 300}, max: 400 €}
objective: [{maximise: {score: 1}}]
""",
    {
        "table.csv": table(
            "dossier,commune,requested,score",
            "1,01001,500,9",
            "2,01002,400,8",
            "3,01004,450,7",
            "4,05061,300,6",
            "5,05001,200,6",
            "6,01005,250,1",
        ),
        "fait.csv": "code\n01005\n",
    },
)

YEARS = Small(
    """schema_version: 1
id: annees
date: 2021-03-01
programme:
  id: p
  amount: 3 600 €
  envelopes:
    - {id: n, amount: 1 500 €, transfers: {to: [s], out_max: 20 %}, min_use: 10 %, max_dossiers: 5}
    - {id: s, amount: 1 200 €, overprogram: 5 %, max_dossiers: 2}
    - {id: d, amount: 900 €, ring_fenced: true, split: {by: department, each: 400 €}}
dossiers: [{file: table.csv}]
rules:
  - {id: an, kind: schedule, year: {column: year}, commitments: {2021: 2 500 €},
     profile: [30 %, 50 %, 20 %], payments: {2022: 2 000 €}}
objective: [{maximise: {score: 1}}]
""",
    {
        "table.csv": table(
            "dossier,envelope,department,requested,score,year,end",
            "1,n,01,600,9,2021,2024-01-01",
            "2,n,01,400,8,2021,",
            "3,n,02,500,3,2022,",
            "4,s,02,900,9,2021,",
            "5,s,02,800,8,2021,",
            "6,s,01,150,1,2022,",
            "7,d,01,300,5,2021,",
            "8,d,01,200,4,2021,",
            "9,d,02,350,5,2022,",
            "10,d,02,100,2,2022,",
        )
    },
)

STEPS = Small(
    """schema_version: 1
id: etapes
date: 2021-03-01
programme: {id: p, amount: 1 650 €, reserve: 20 %}
dossiers: [{file: table.csv}]
rules: [{id: plafond, kind: limit, measure: granted, by: department, max: 1 300 €}]
objective: [{maximise: {score: 1}}]
steps:
  - {id: un, date: 2021-01-31, set: {programme.amount: 700 €}}
  - {id: deux, date: 2021-03-01}
  - {id: reserve, date: 2021-03-01}
""",
    {
        "table.csv": table(
            "dossier,department,filed_at,requested,score,committed",
            "1,01,2021-01-10,600,5,",
            "2,02,2021-01-20,500,4,",
            "3,01,2021-02-10,400,9,",
            "4,01,2021-02-20,300,8,",
            "5,01,2021-02-25,200,1,",
            "6,01,2021-02-26,100,0.5,",
            "7,01,2021-01-02,50,1,50",
        )
    },
)

EVERY = {"links": LINKS, "money": MONEY, "maps": MAPS, "years": YEARS, "steps": STEPS, "half": LINKS}


def project(small: Small, folder: Path) -> Path:
    """Write a scenario into a folder and give its file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tnt-sim.toml").write_text("", encoding="utf-8")
    for name, text in small.tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    file = folder / "petit.yaml"
    file.write_text(small.yaml, encoding="utf-8")
    return file


def run_of(name: str, folder: Path) -> Path:
    """The run folder of one of `EVERY`, written under `folder`."""
    result = solved(name, folder)
    return write_run(unfinished(result) if name == "half" else result)


def solved(name: str, folder: Path, *sets: str) -> ResultData:
    """The result of one of `EVERY`, its project written to `folder`, with more values set."""
    small = EVERY[name]
    with patch("tnt_sim.deadline.monotonic", StepClock(1e-6)):  # no proof is cut short by load
        result = solve(load_scenario(project(small, folder), (*small.sets, *sets)), cross_check="never")
    assert result.status is Status.OPTIMAL, name
    return result


Change = Mapping[str, int | None]
"""Dossier → its cents, None for one that is no longer funded."""


def changed(result: ResultData, change: Change) -> Allocation:
    """The allocation of a result with some awards changed, whatever the rules say."""
    assert result.allocation is not None
    funded, granted = result.allocation.funded.copy(), result.allocation.granted_cents.copy()
    names = result.problem.case.table["dossier"].to_list()
    for name, cents in change.items():
        row = names.index(name)
        funded[row], granted[row] = cents is not None, cents or 0
    return Allocation(funded, granted)


def forged(result: ResultData, allocation: Allocation, **words: Any) -> ResultData:
    """A run told from another allocation by the product's own functions: all figures and hashes fit together."""
    problem = result.problem
    reading = read_allocation(problem, allocation)
    bounds = words.pop("bounds", reading.values)
    proof = words.get("proof", Proof.PROVED)
    stages = tuple(
        StageFigures(stage.goal, stage.sense.value, value, bound, proof.value)
        for stage, value, bound in zip(problem.stages, reading.values, bounds, strict=True)
    )
    told: dict[str, Any] = {
        "status": Status.OPTIMAL,
        "proof": proof,
        "canonical": True,
        "certificate": result.certificate,
        **words,
    }
    said = [
        {**entry, "value": format_fraction(stage.value), "bound": stage.build_document().bound}
        for entry, stage in zip(told["certificate"]["stages"], stages, strict=False)
    ]
    told["certificate"] = {**told["certificate"], "stages": said}
    if any(told["certificate"]["proofs"]):
        rows = result.document["proof_rows"]
        told["rows"] = ProofRows(rows["read"], rows["unread"])
    again = build_result(
        problem, Evidence(stages=stages, **told), allocation, reading, result.document["seconds"]
    )
    return replace(again, log=result.log)


def unfinished(result: ResultData) -> ResultData:
    """The run as it would be told had a limit stopped it with one dossier less in hand."""
    reason = Bilingual(
        "le premier solveur n'a pas fini, il n'y a donc rien à confirmer",
        "the first solver did not finish, so there is nothing to confirm",
    )
    assert result.reading is not None
    return forged(
        result,
        changed(result, {"D-5": None}),
        status=Status.FEASIBLE,
        proof=Proof.FEASIBLE_GAP,
        bounds=[best + Fraction(1, 3) for best in result.reading.values],
        stopped_by="time",
        canonical=False,
        warnings=(build_unconfirmed_warning(reason, "not_proved"), NOT_PROVED),
    )
