# ruff: noqa: E501 - rows of data stay on one line
"""Scenario texts for the fuzzer: whole scenarios, cut, mutated by the grammar's own schema, then by characters."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[1] / "scenarios/scenario.schema.json").read_text(encoding="utf-8")
)

DOSSIERS = """\
dossier,project,title,envelope,applicant,applicant_id,applicant_type,department,region,epci,commune,members,population,cost,base,requested,min_grant,score,filed_at,start,end,notified_at,state,committed,other_state,other_public,other_private,variant_of,requires,tags,note_a,note_b,avis,lot,n_communes,year
D-1,P1,Un,detr,Ville A,21010001000017,commune,01,84,200000001,01001,01001;01002,1200,10000,9000,5000,100,12.5,2021-01-02,2021-03-01,2022-03-01,,en_instruction,,0,0,0,,,mutualise,10,12,A,x,3,2021
D-2,P2,Deux,detr,Ville B,,commune,01,84,,01002,,800,20000,,8000,,9,2021-01-03T10:00,,,,accepte,,100,,,,D-1,,11,,B,x,4,2021
D-3,P3,Trois,dsil,EPCI C,200000003,epci,2A,94,,,,25000,30000,25000,12000,,15,2021-02-01,,,,en_instruction,,,,50,,,a-verifier,,,A,y,1,2022
D-4,P4,Quatre,dsil,Dép D,,departement,971,01,,,,400000,90000,80000,40000,,11,,,,,en_instruction,,,,,,,,,9,,y,2,2022
D-5,P5,Cinq,axe-3,Syndicat E,,syndicat,02,32,,,,60000,5000,5000,2500,,7,2021-05-01,,,2021-06-01,accepte,2500,,,,,,,3,4,C,,1,2021
D-6,P6,Six,axe-3,Métropole F,,metropole,02,32,,,,500000,70000,60000,30000,,13,2021-05-02,,,,refuse,,,,,,,,8,8,A,z,9,2021
D-7,P6,Sept,detr,Ville A,21010001000017,commune,01,84,,01001,,1200,8000,8000,4000,,10,2021-06-30,,,,en_instruction,,,,,D-1,,mutualise;x,7,7,B,z,2,2021
"""

_BASE = """\
schema_version: 1
id: fuzz
title: Essai
date: 2021-11-22
timezone: Europe/Paris
locale: fr
territory: {year: 2021, fill: [department, region, population]}
reference: plan-0.csv
programme:
  id: tnt
  amount: 88 k€
  envelopes:
    - {id: detr, title: Rural, amount: 30 k€, reserve: 10 %, min_use: 20 %}
    - {id: dsil, amount: 24 k€, transfers: {to: [detr], out_max: 15 %, in_max: 10 %}, overprogram: 5 %}
    - {id: axe-3, amount: 20 k€, ring_fenced: true, max_dossiers: 9}
dossiers:
  - file: dossiers.csv
    where: {state: [en_instruction, accepte]}
    read: {delimiter: ",", encoding: utf-8, decimal: ".", rounding: refuse, duplicates: refuse, header_row: 1}
    control: {rows: 7}
eligibility:
  - {id: taille, where: {envelope: dsil, applicant_type: {not: departement}}, require: {population: {above: 500}}, reason: Trop petit, valid: {until: 2021-12-07}}
  - {id: delai, require: {filed_at: {until: {date: decision, plus: 2 months}}}, reason: Tard}
grants:
  - where: {envelope: axe-3}
    formula: {flat: 4 000 €, per: [{column: n_communes, amount: 400 €, up_to: 30}], max: 16 000 €}
    max: {column: cost}
  - {where: {envelope: dsil}, mode: levels, levels: [20 %, 25 %, 40 %]}
  - where: {envelope: detr}
    mode: range
    min_rate: 20 %
    max_rate: {brackets: [{up_to: 10 k€, rate: 80 %}, {rate: 50 %}]}
    bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 80 %}]
    round: 1 €
  - {where: {avis: C}, mode: common_rate, by: lot, levels: [20 %, 30 %]}
  - {mode: all_or_nothing, max_rate: 80 %}
caps:
  - {use: r2334-27}
  - {id: part-propre, max: 80 %, of: cost, less: [other_private], counting: [other_state, other_public], where: {department: {not: [971, 972]}}, source: CGCT}
waivers:
  - {of: part-propre, where: {dossier: [D-1, D-2]}, reason: calamité, author: préfet}
measures:
  jury: {mean: [note_a, note_b], empty: 0}
  merite: {sum: [{column: score}, {value: 5, where: {tags: {has: mutualise}}}]}
  avis_a: {value: 1, where: {avis: A}}
  habitants: {column: population, once_per: applicant, where: {applicant_type: commune}}
rules:
  - {id: r1, kind: limit, measure: dossiers, by: [applicant_id, envelope], max: 3}
  - {id: r2, kind: limit, measure: granted, by: department, min: 1 k€, max: 40 k€, floor: demand}
  - {id: r3, kind: limit, measure: granted, where: {notified_at: {until: 2021-06-30}}, max: {share: 80 %, of_amount: tnt}}
  - {id: r4, kind: share, measure: granted, where: {applicant_type: commune}, of: {envelope: detr}, min: 25 %, penalty: {cost: 0.5, per: 1 k€, stage: 1}}
  - {id: r5, kind: share, measure: cost, of_measure: granted, min: 100 %, report: true}
  - {id: r6, kind: exclusive, dossiers: [D-1, D-2], max: 1}
  - {id: r7, kind: requires, dossiers: [D-3], need: [D-4, D-5], at_least: 1}
  - {id: r8, kind: together, by: lot}
  - {id: r9, kind: order, where: {envelope: detr}, by: lot, rank: score, best: high}
  - {id: r10, kind: order, where: {envelope: dsil}, first_come: filed_at, skip: true}
  - {id: r11, kind: decide, fund: [D-1], refuse: [D-7], amounts: {D-1: 2 k€}, reason: arbitrage, author: cabinet}
  - {id: r12, kind: coverage, units: {type: commune, population: {max: 3500}}, covered_by: commune, already: side.csv, measure: units, report: true, min: 10 %}
  - {id: r13, kind: schedule, year: {column: year}, commitments: {2021: 60 k€, 2022: 28 k€}, profile: [30 %, 50 %, 20 %], payments: {2021: 30 k€}}
  - {id: r14, kind: equity, measure: granted, per: population, by: department, groups: map, min: 50 %, max: 150 %, report: true}
objective:
  - {maximise: {merite: 1, dossiers: 10}}
  - {maximise: {smallest: {measure: granted, per: population, by: department}}}
  - {minimise: {shortfall.r12: 1}}
  - {minimise: {changed: 1}, tolerance: 0}
steps:
  - {id: t1, date: 2021-11-05}
  - {id: t2, date: 2022-03-01, set: {envelopes.detr.amount: 11 k€}}
solver: {backend: highs, gap: 0, time_limit: 300 s, cross_check: auto}
"""
SIDE_FILES = {
    "dossiers.csv": DOSSIERS,
    "plan-0.csv": "dossier,granted\nD-1,100\nD-3,200.50\n",
    "side.csv": "code\n01001\n01004\n",
    "cles.csv": "group,amount\n01,100\n2A,200\n",
}
BASE: dict[str, Any] = to_tree(parse_yaml(_BASE, "base"))  # type: ignore[arg-type, assignment]

TOKENS = (
    "", "null", "~", "true", "false", "NO", "on", "0", "-1", "1", "2", "3.14159265", "1e400", "-0", ".nan", ".inf",
    "012", "1:30", "88e6", "88 000 000", "88 M€", "22,5 k€", "1.234,56", "1 234,56 €", "90071992547409.91",
    "90071992547409.92", "9" * 40, "1" * 5000, "0.0000001", "80 %", "120 %", "-5 %", "1/3", "1/0", "80%", "2021-11-22",
    "2026-02-30", "0000-01-01", "9999-12-31", "2021-11-22T10:00", "2021-11-22 10:00+01:00", "24 months", "-3 days",
    "300 s", "0 s", "5 min", "../x.csv", "/etc/passwd", "http://x/y.csv", "\\\\srv\\x", "dossiers.csv", "side.csv",
    "cles.csv", "plan-0.csv", "dossier", "envelope", "department", "population", "score", "granted", "cost", "base",
    "requested", "tags", "members", "filed_at", "state", "applicant_type", "applicant_id", "lot", "note_a", "avis",
    "projects", "applicants", "leverage", "changed", "dossiers", "merite", "jury", "detr", "dsil", "axe-3", "tnt",
    "D-1", "D-3", "D-99", "r1", "r12", "shortfall.r12", "excess.r2", "map", "present", "demand", "strict", "commune",
    "en_instruction", "en_instruct", "Europe/Paris", "Mars/Olympus", "é", "\u202f", "\u200b", "😀", "a" * 300, "*x", "&x",
    "!!int x", "{", "[", "<<", "=", "%", "@", "`", "'", '"', "#", "- ", ": ", "decision", "year_start", "has", "2021",
)  # fmt: skip
_KEYS = (
    "id", "where", "by", "min", "max", "of", "amount", "measure", "kind", "mode", "rank", "any", "all", "not", "empty",
    "above", "below", "from", "until", "before", "after", "has", "only", "has_all", "column", "times", "plus", "date",
    "department", "population", "requested", "envelope", "smallest", "largest", "share", "of_amount", "off", "note",
)  # fmt: skip


def scenario_files(rng: random.Random) -> dict[str, bytes]:
    """The files of one case: ``scenario.yaml`` and all that it may name."""
    tree = _cut(rng, BASE)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
        _mutate(rng, tree)
    files = {name: text.encode() for name, text in SIDE_FILES.items()}
    if rng.random() < 0.15:
        tree = _split(rng, tree, files)
    text = dump(rng, tree)
    if rng.random() < 0.08:
        text = _bomb(rng, text)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.2:
        data = mutated_bytes(rng, data, TOKENS)
    files["scenario.yaml"] = data
    return files


def set_texts(rng: random.Random) -> tuple[str, ...]:
    """What ``--set`` may be given; most cases have none."""
    if rng.random() < 0.8:
        return ()
    paths = (
        "programme.amount",
        "rules.r1.max",
        "rules.r9",
        "envelopes.detr.amount",
        "grants",
        "steps.t1.date",
        "x",
        "",
    )
    broken = (
        "programme..x",
        "rules.0.min",
        "extends",
        "dossiers.0.file",
        "measures.merite.sum",
        "objective.0",
        ".",
    )
    values = (*TOKENS, "[1, 2", "{a: 1}", "'x", "[]", "{id: r1, kind: limit}")
    return tuple(f"{rng.choice(paths + broken)}={rng.choice(values)}" for _ in range(rng.choice((1, 1, 3))))


def _cut(rng: random.Random, base: dict[str, Any]) -> dict[str, Any]:
    """A copy in which most lists keep a few entries, so that parts meet in every combination."""
    tree: dict[str, Any] = json.loads(json.dumps(base))
    kept = rng.random()
    for key in [key for key in tree if key not in ("schema_version", "id", "programme", "dossiers")]:
        if rng.random() > kept:
            del tree[key]
        elif isinstance(tree[key], list) and rng.random() < 0.7:
            tree[key] = [entry for entry in tree[key] if rng.random() < 0.4]
    return tree


def _slots(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    found = []
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in entries:
        found.append((node, key))
        found.extend(_slots(child))
    return found


def _mutate(rng: random.Random, tree: dict[str, Any]) -> None:
    container, key = rng.choice(_slots(tree))
    match rng.randrange(8):
        case 0 | 1:
            container[key] = rng.choice(TOKENS)
        case 2 | 3:
            container[key] = _generated(rng, rng.choice(list(SCHEMA["$defs"].values())), 3)
        case 4 if isinstance(container, dict):
            del container[key]
        case 5 if isinstance(container, dict):
            name = str(key)
            cut = rng.randrange(len(name) + 1)
            container[rng.choice((name[:cut], name[:cut] + "x" + name[cut:], rng.choice(_KEYS)))] = (
                container.pop(key)
            )
        case 6:
            other, place = rng.choice(_slots(tree))
            container[key] = json.loads(json.dumps(other[place]))
        case _ if isinstance(container, dict):
            container[rng.choice(_KEYS)] = rng.choice((rng.choice(TOKENS), [], {}, [rng.choice(TOKENS)]))
        case _:
            container.append(_generated(rng, rng.choice(list(SCHEMA["$defs"].values())), 3))


def _generated(rng: random.Random, schema: dict[str, Any], depth: int) -> Any:
    """A value that the schema allows, more or less."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _generated(rng, rng.choice(schema[union]), depth)
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return str(rng.choice(schema["enum"]))
    kind = schema.get("type")
    if depth <= 0 or kind not in ("array", "object"):
        return rng.choice(TOKENS)
    if kind == "array":
        items = schema.get("items", {}) or {}
        return [_generated(rng, items, depth - 1) for _ in range(rng.randrange(4))]
    fields = schema.get("properties", {})
    required = schema.get("required", [])
    some = {name: part for name, part in fields.items() if name in required or rng.random() < 0.25}
    made = {name: _generated(rng, part, depth - 1) for name, part in some.items()}
    if not fields:
        made[rng.choice(_KEYS)] = rng.choice(TOKENS)
    return made


def _split(rng: random.Random, tree: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
    """Part of the scenario in a base or in overrides."""
    low = {key: value for key, value in tree.items() if rng.random() < 0.5}
    if rng.random() < 0.5:
        files["base.yaml"] = dump(rng, low).encode("utf-8", "surrogatepass")
        return {"extends": rng.choice(("base.yaml", "base.yaml", "scenario.yaml", "../x.yaml")), **tree}
    files["o1.yaml"] = dump(rng, low).encode("utf-8", "surrogatepass")
    return {"overrides": ["o1.yaml", *(["o1.yaml"] if rng.random() < 0.2 else [])], **tree}


def dump(rng: random.Random, value: Any, indent: int = 0) -> str:
    """YAML of a tree, in block or flow style, scalars plain or quoted, as it falls."""
    if indent > 6 or rng.random() < 0.15 or value in ({}, []):
        return "  " * indent + _flow(rng, value) + "\n"
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, child in value.items():
            nested = isinstance(child, dict | list) and child and rng.random() < 0.7
            body = "\n" + dump(rng, child, indent + 1) if nested else " " + _flow(rng, child) + "\n"
            lines.append(f"{pad}{_scalar(rng, key)}:{body}")
        return "".join(lines)
    if isinstance(value, list):
        return "".join(f"{pad}- {_flow(rng, child)}\n" for child in value)
    return pad + _scalar(rng, value) + "\n"


def _flow(rng: random.Random, value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_scalar(rng, key)}: {_flow(rng, child)}" for key, child in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_flow(rng, child) for child in value) + "]"
    return _scalar(rng, value)


def _scalar(rng: random.Random, value: Any) -> str:
    text = "null" if value is None else str(value)
    plain = text and text[0].isalnum() and not set(text) & set(",:#{}[]\"'&*!|>%@`")
    if rng.random() < 0.002:
        return text
    return text if plain and rng.random() < 0.9 else json.dumps(text, ensure_ascii=False)


def _bomb(rng: random.Random, text: str) -> str:
    """Shapes that have broken parsers: aliases, depth, length, tags, documents."""
    n = rng.choice((20, 70, 500, 5000))
    aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    return rng.choice((
        "x: " + "[" * n + "]" * n, "x: " + "{a: " * n, "- " * n, aliases + text, "a: &a [*a]\n" + text,
        "".join("  " * k + "k:\n" for k in range(n)), "x: " + "9" * n * 10, "!!python/object/apply:os.system [ls]\n",
        "%YAML 1.1\n---\n" + text, text + "\n---\n" + text, text + text, "\ufeff" + text, "? " * n + text,
        "x: &" + "a" * n + " 1\ny: *" + "a" * n + "\n", "\t" + text, "<<: {a: 1}\n" + text, "x: !!int x\n" + text,
        "x: |" + str(n) + "\n  a\n", "k: '" + "a\n" * n, "# " + "c" * n * 100 + "\n" + text, "k" * n + ": 1\n" + text,
        "x: [" + "1, " * n * 4 + "]\n" + text, "\x00" + text, "x: \"\\ud800\"\n" + text, "a: &x {k: *x}\n" + text,
    ))  # fmt: skip


def mutated_bytes(rng: random.Random, data: bytes, tokens: tuple[str, ...] = ()) -> bytes:
    """A few edits of bytes: set, insert, delete, repeat, cut, or a token put in."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 10))):
        at = rng.randrange(len(found) + 1)
        size = rng.choice((1, 1, 2, 8, 60))
        match rng.randrange(7):
            case 0 if found:
                found[min(at, len(found) - 1)] = rng.randrange(256)
            case 1:
                found[at:at] = bytes(
                    rng.choice(b"\"',;:\n\r\t{}[]-#&*!|>%@ \x00\xef\xff\xa0'=") for _ in range(size)
                )
            case 2:
                del found[at : at + size]
            case 3:
                found[at:at] = found[at : at + size] * rng.choice((1, 2, 20))
            case 4 if rng.random() < 0.2:
                del found[at:]
            case 5 if tokens:
                found[at:at] = rng.choice(tokens).encode("utf-8", "surrogatepass")
            case _:
                other = rng.randrange(len(found) + 1)
                found[at : at + size] = found[other : other + size]
    return bytes(found)
