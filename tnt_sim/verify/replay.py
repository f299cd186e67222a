"""A run folder checked again from its raw inputs, without formulation and without any solver."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import DataError, Defect, Defects, Lang, Place, Text
from tnt_sim.money import cents_to_decimal_text
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.load import load_resolved
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.steps import is_sequence
from tnt_sim.verify.figures import allocation_sha256, decimal_text, envelopes, rules, totals
from tnt_sim.verify.reading import Allocation, AllocationReading, broken_rules, read_allocation
from tnt_sim.verify.steps import read_steps

RUN_FILES = ("scenario.resolved.yaml", "allocation.parquet", "allocation.csv", "summary.json")


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of a run folder found: `ok`, the defects, and the document of `verify --json`."""

    ok: bool
    defects: tuple[Defect, ...]
    document: Mapping[str, Any]


def verify_run(run_dir: Path) -> VerifyReport:
    """Read a run folder again and compare every figure; raises DataError when it cannot be read at all."""
    summary = _summary(run_dir)
    project = (run_dir / str(summary.get("project", "."))).resolve()
    found = Defects()
    _inputs(summary, project, found)
    if not found.found:
        _run(load_resolved(run_dir / "scenario.resolved.yaml", project), run_dir, summary, found)
    return _report(run_dir, summary, found)


def _report(run_dir: Path, summary: Mapping[str, Any], found: Defects) -> VerifyReport:
    ok = not found.found
    document = {
        "schema_version": 1,
        "command": "verify",
        "scenario": summary.get("scenario"),
        "scenario_sha256": summary.get("scenario_sha256"),
        "run_dir": str(run_dir),
        "status": "verified" if ok else "refused",
        "proof": summary.get("proof") if ok else None,
        "allocation_sha256": summary.get("allocation_sha256"),
        "defects": [{"code": d.code, "message": d.text.en} for d in found.found],
    }
    return VerifyReport(ok, tuple(found.found), document)


def _summary(run_dir: Path) -> dict[str, Any]:
    missing = [name for name in RUN_FILES if not (run_dir / name).is_file()]
    if missing:
        raise DataError(
            [
                Defect(
                    "run-folder",
                    Text(
                        f"« {run_dir} » n'est pas un dossier d'exécution complet : il manque "
                        f"{', '.join(missing)}.",
                        f'"{run_dir}" is not a whole run folder: {", ".join(missing)} missing.',
                    ),
                    hint=Text("Relancez `tnt-sim run`.", "Run `tnt-sim run` again."),
                )
            ]
        )
    try:
        summary = json.loads((run_dir / "summary.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unreadable(run_dir / "summary.json", str(error)) from None
    if not isinstance(summary, dict):
        raise _unreadable(run_dir / "summary.json", "not an object")
    return summary


def _unreadable(file: Path, why: str) -> DataError:
    return DataError(
        [
            Defect(
                "run-folder",
                Text(f"« {file.name} » ne se lit pas : {why}.", f'"{file.name}" cannot be read: {why}.'),
                (Place(file=str(file)),),
            )
        ]
    )


def _inputs(summary: Mapping[str, Any], project: Path, found: Defects) -> None:
    for entry in summary.get("inputs", []):
        file = project / entry["path"]
        if entry.get("kind") == "scenario":
            continue
        if not file.is_file():
            found.add(
                "input",
                Text(f"l'entrée « {entry['path']} » manque.", f'the input "{entry["path"]}" is missing.'),
            )
        elif hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            found.add(
                "input",
                Text(
                    f"l'entrée « {entry['path']} » a changé depuis l'exécution.",
                    f'the input "{entry["path"]}" has changed since the run.',
                ),
                hint=Text("Relancez `tnt-sim run`.", "Run `tnt-sim run` again."),
            )


def _run(scenario: Scenario, run_dir: Path, summary: Mapping[str, Any], found: Defects) -> None:
    if scenario.sha256 != summary.get("scenario_sha256"):
        found.add(
            "scenario",
            Text(
                "le scénario résolu n'est pas celui de l'exécution.",
                "the resolved scenario is not that of the run.",
            ),
            Place(file=str(run_dir / "scenario.resolved.yaml")),
        )
        return
    try:
        table = pl.read_parquet(run_dir / "allocation.parquet")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(run_dir / "allocation.parquet", str(error)) from None
    sequence = is_sequence(scenario)
    last = read_steps(scenario, table, summary, found) if sequence else compile_problem(scenario)
    if last is None:
        return
    problem = replace(last, scenario=scenario)
    allocation = _allocation(problem, table, found)
    if allocation is None:
        return
    reading = read_allocation(problem, allocation)
    if not sequence:
        found.found.extend(broken_rules(problem, allocation, reading))
    _figures(problem, allocation, reading, summary, found)
    _csv(run_dir, table, found)


def _allocation(problem: Problem, table: pl.DataFrame, found: Defects) -> Allocation | None:
    """The stored awards by rank; each dossier must appear exactly once."""
    wanted = {"dossier": pl.String, "funded": pl.Boolean, "granted_cents": pl.Int64}
    for name, dtype in wanted.items():
        if table.schema.get(name) != dtype:
            found.add(
                "allocation",
                Text(
                    f"allocation.parquet n'a pas de colonne « {name} » ({dtype}).",
                    f'allocation.parquet has no column "{name}" ({dtype}).',
                ),
            )
            return None
    stored, known = table["dossier"], problem.case.table["dossier"]
    doubled = stored.filter(stored.is_duplicated()).unique().sort().to_list()
    absent = known.filter(~known.is_in(stored.to_list())).to_list()
    strange = stored.filter(~stored.is_in(known.to_list())).to_list()
    for names, fr, en in (
        (doubled, "figure deux fois dans l'allocation", "stands twice in the allocation"),
        (absent, "manque dans l'allocation", "is missing from the allocation"),
        (strange, "n'est pas un dossier du scénario", "is no dossier of the scenario"),
    ):
        for name in names[:20]:
            found.add("allocation", Text(f"le dossier « {name} » {fr}.", f'dossier "{name}" {en}.'))
    if doubled or absent or strange:
        return None
    ordered = pl.DataFrame({"dossier": known}).join(
        table.select("dossier", "funded", "granted_cents"), on="dossier", maintain_order="left"
    )
    if ordered["funded"].null_count() or ordered["granted_cents"].null_count():
        found.add("allocation", Text("l'allocation a des cellules vides.", "the allocation has empty cells."))
        return None
    return Allocation(
        ordered["funded"].to_numpy().astype(np.bool_),
        ordered["granted_cents"].to_numpy().astype(np.int64),
    )


def _figures(
    problem: Problem,
    allocation: Allocation,
    reading: AllocationReading,
    summary: Mapping[str, Any],
    found: Defects,
) -> None:
    """Every stored figure equals the one read again."""
    lang = Lang(problem.scenario.spec.locale)
    again: dict[str, Any] = {
        **totals(problem, reading, allocation),
        "allocation_sha256": allocation_sha256(problem, allocation),
        "rules": rules(reading.rules),
        "envelopes": envelopes(problem, reading, allocation, None, lang),
    }
    for key, value in again.items():
        stored = summary.get(key)
        if key == "envelopes":
            value, stored = _bare(value), _bare(stored or [])
        if stored != value:
            found.add(
                f"summary:{key}",
                Text(
                    f"summary.json : « {key} » n'est pas ce que l'allocation donne.",
                    f'summary.json: "{key}" is not what the allocation gives.',
                ),
            )
    stored_values = [entry.get("value") for entry in summary.get("objective", [])]
    if stored_values != [decimal_text(value) for value in reading.values]:
        found.add(
            "summary:objective",
            Text(
                "summary.json : la valeur de l'objectif n'est pas celle de l'allocation.",
                "summary.json: the value of the objective is not that of the allocation.",
            ),
        )


def _bare(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Envelope entries without the reasons, which are words."""
    return [
        {k: v for k, v in entry.items() if not k.startswith("unspent_") or k == "unspent_cents"}
        for entry in entries
    ]


def _csv(run_dir: Path, table: pl.DataFrame, found: Defects) -> None:
    """allocation.csv says the same as allocation.parquet, cent for cent."""
    text = pl.read_csv(run_dir / "allocation.csv", infer_schema=False)
    if text.height == table.height and {"dossier", "granted", "funded"} <= set(text.columns):
        same = (
            text["dossier"].str.strip_prefix("'").to_list()
            == table["dossier"].str.strip_prefix("'").to_list()
        )
        euros = [cents_to_decimal_text(cents) for cents in table["granted_cents"].to_list()]
        if same and euros == text["granted"].to_list():
            return
    found.add(
        "allocation.csv",
        Text(
            "allocation.csv et allocation.parquet ne disent pas la même chose.",
            "allocation.csv and allocation.parquet do not say the same.",
        ),
    )
