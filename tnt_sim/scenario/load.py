"""From files to a Scenario: merge, check, read the tables, compare control totals."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import polars as pl

from tnt_sim.errors import DataError, Defects, InputError, Lang, ScenarioError, Text, UsageError
from tnt_sim.formats.table import ReadOptions, join, read_dossiers, read_plain
from tnt_sim.money import MoneyError, format_cents, parse_cents
from tnt_sim.portfolio import Portfolio
from tnt_sim.rules.base import Path, exact_sum
from tnt_sim.rules.coverage import CoverageSpec
from tnt_sim.scenario.diagnose import validate_model
from tnt_sim.scenario.files import RawScenario, load_tree, resolve_inside
from tnt_sim.scenario.filling import on_the_map
from tnt_sim.scenario.places import existing_file
from tnt_sim.scenario.register import COMMITTED_FROM, committed, held_amounts, held_file
from tnt_sim.scenario.scenario import InputFile, Scenario, Step
from tnt_sim.scenario.spec import DossiersSpec, ScenarioSpec
from tnt_sim.scenario.steps import check_steps


def load_scenario(path: str | FilePath, sets: Sequence[str] = (), *, register: str | None = None) -> Scenario:
    """Read a scenario file, all that it extends, and its dossiers.

    Parameters
    ----------
    path : the `.yaml` file
    sets : changes as on the command line, `PATH=VALUE`
    register : the entry that stands for `committed_from`, from the project folder; the last by default

    Raises
    ------
    ScenarioError, DataError
        With every defect of the files.
    """
    began = time.perf_counter()
    raw = load_tree(FilePath(path), sets=sets if register is None else ())
    if register is not None:
        entry = FilePath(os.path.relpath(raw.root / register, raw.path.parent)).as_posix()
        raw = raw.with_values({COMMITTED_FROM[0]: entry}, layer="register").with_sets(sets)
    scenario = with_steps(raw, tuple(sets), None)
    return replace(scenario, seconds_read=time.perf_counter() - began)


def load_resolved(path: FilePath, root: FilePath) -> Scenario:
    """Read the resolved scenario of a run folder; its files are named from the project folder `root`."""
    raw = load_tree(path)
    return with_steps(replace(raw, root=root.resolve()), (), root.resolve())


def with_changes(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """The scenario with values changed at dotted paths, in memory; only files that they name are read.

    Its content, and so its `sha256`, is that of ``scenario.with_(changes)``.

    Raises
    ------
    UsageError
        When the scenario does not come from a file.
    ScenarioError, DataError
        As `load_scenario` does, for what the changes bring.
    """
    return with_sets(scenario, [f"{path}={set_text(value)}" for path, value in changes.items()])


def with_sets(scenario: Scenario, texts: Sequence[str]) -> Scenario:
    """`with_changes` for texts `PATH=VALUE`, as `--set` takes them."""
    if scenario.raw is None:
        raise UsageError(
            Text("ce scénario ne vient pas d'un fichier.", "this scenario does not come from a file.")
        )
    changed = {text.partition("=")[0].strip() for text in texts}
    kept = [text for text in scenario.sets if text.partition("=")[0].strip() not in changed]
    sets = (*kept, *texts)
    return with_steps(scenario.raw.with_other_sets(sets), sets, scenario.base, scenario)


def set_text(value: object) -> str:
    """A Python value as `--set` reads it; a text stays that text."""
    if value is None:
        return "null"
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    quoted = text.strip() in ("", "~", "null") or text.strip()[0] in "[{\"'"
    return json.dumps(text, ensure_ascii=False) if quoted else text


def with_steps(
    raw: RawScenario, sets: tuple[str, ...], base: FilePath | None, like: Scenario | None = None
) -> Scenario:
    """The scenario with that of each of its steps: its `date` and its `set` applied.

    Dossiers and tables that `like` has read already are taken from it.
    """
    scenario = _load(raw, sets, base, like)
    check_steps(scenario)
    steps = []
    for k, step in enumerate(scenario.spec.steps):
        changed = raw if not step.set else raw.with_values_at(("steps", k, "set"), layer=step.id)
        if step.date is not None:
            changed = changed.with_values({"date": step.date.isoformat()}, layer=step.id)
        found = _load(changed.with_values({"steps": None}, layer=step.id), sets, base, scenario)
        steps.append(Step(step.id, replace(found, raw=None, closes=found.spec.date)))
    return replace(scenario, steps=tuple(steps))


def _load(
    raw: RawScenario, sets: tuple[str, ...], base: FilePath | None, like: Scenario | None = None
) -> Scenario:
    """One scenario; its dossiers are those of `like` when it asks for the same."""
    spec = validate_model(ScenarioSpec, raw.tree, raw.origins)
    defects = Defects()
    paths = dict(_data_paths(raw, spec, base, defects))
    defects.raise_if_any(ScenarioError)
    same = like is not None and _same_dossiers(spec, like.spec)
    portfolio = like.portfolio if like is not None and same else _read_portfolios(raw, spec, paths)
    tables = _read_tables(raw, spec, paths, {} if like is None else like.tables)
    yaml_files = [] if base is not None else [(file, "scenario") for file in raw.files]
    known = {} if like is None else {file.path: file.sha256 for file in like.inputs}
    inputs = [
        InputFile(shown, known.get(shown) or _sha256(file), kind)
        for file, kind in yaml_files + _data_files(paths)
        for shown in (_shown(raw, file),)
    ]
    scenario = Scenario(
        spec=spec,
        tree=raw.tree,
        origins=raw.origins,
        portfolio=portfolio,
        tables=tables,
        inputs=tuple(dict.fromkeys(inputs)),
        root=raw.root,
        path=raw.path,
        sets=sets,
        warnings=portfolio.warnings,
        files={key: _shown(raw, file) for key, file in paths.items()},
        raw=raw,
        base=base,
    )
    if like is not None and same:
        return replace(scenario, warnings=like.warnings)
    _control(scenario, paths)
    if spec.territory is not None:
        filled, notes = on_the_map(portfolio, spec.territory, scenario.locate)
        scenario = replace(scenario, portfolio=filled, warnings=(*scenario.warnings, *notes))
    return scenario if spec.committed_from is None else _with_register(scenario)


def _with_register(scenario: Scenario) -> Scenario:
    """The scenario in which what the register holds is committed."""
    file = scenario.files[COMMITTED_FROM]
    held = held_amounts(scenario.tables[file], file)
    table, notes = committed(scenario.portfolio.table, held, scenario.locate(COMMITTED_FROM), file)
    portfolio = scenario.portfolio.with_table(table)
    return replace(scenario, portfolio=portfolio, warnings=(*scenario.warnings, *notes))


def _same_dossiers(one: ScenarioSpec, other: ScenarioSpec) -> bool:
    keys = ("dossiers", "territory", "timezone", "committed_from")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def _data_paths(
    raw: RawScenario, spec: ScenarioSpec, base: FilePath | None, defects: Defects
) -> Iterator[tuple[Path, FilePath]]:
    """Each data file that the scenario names, by the path of the value that names it."""
    named: list[tuple[Path, str]] = [(("dossiers", k, "file"), d.file) for k, d in enumerate(spec.dossiers)]
    for path, text in (*named, *_side_files(spec)):
        try:
            if path == COMMITTED_FROM:
                origin = raw.origins[path]
                written = (origin.path or raw.path).parent if base is None else base
                yield path, held_file(resolve_inside(raw.root, written, text, origin), text, origin)
            elif base is None:
                yield path, raw.file_at(path)
            else:
                origin = raw.origins[path]
                yield path, existing_file(resolve_inside(raw.root, base, text, origin), text, origin)
        except InputError as error:
            defects.found.extend(error.defects)


def _side_files(spec: ScenarioSpec) -> Iterator[tuple[Path, str]]:
    """The side tables, by the path of the value that names them."""
    for envelope, path in spec.programme.applied(spec.date, ("programme",)):
        if envelope.split is not None and envelope.split.table is not None:
            yield (*path, "split", "table"), envelope.split.table
        if envelope.split is not None and envelope.split.previous is not None:
            yield (*path, "split", "previous"), envelope.split.previous
    for k, rule in enumerate(spec.rules):
        if isinstance(rule, CoverageSpec) and rule.already is not None and rule.in_force(spec.date):
            yield ("rules", k, "already"), rule.already
    if spec.reference is not None:
        yield ("reference",), spec.reference
    if spec.committed_from is not None:
        yield COMMITTED_FROM, spec.committed_from


def _read_portfolios(raw: RawScenario, spec: ScenarioSpec, paths: Mapping[Path, FilePath]) -> Portfolio:
    defects = Defects()
    portfolios = []
    for k, entry in enumerate(spec.dossiers):
        file = paths[("dossiers", k, "file")]
        options = ReadOptions(**entry.read.model_dump())
        try:
            portfolios.append(
                read_dossiers(
                    file,
                    shown_as=_shown(raw, file),
                    columns=dict(entry.columns),
                    read=options,
                    timezone=spec.timezone,
                )
            )
        except DataError as error:
            defects.found.extend(error.defects)
    defects.raise_if_any(DataError)
    return portfolios[0] if len(portfolios) == 1 else join(portfolios)


def _read_tables(
    raw: RawScenario, spec: ScenarioSpec, paths: Mapping[Path, FilePath], known: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The side tables, by their path from the project folder; those of `known` are not read again."""
    found: dict[str, pl.DataFrame] = {}
    for path, _ in _side_files(spec):
        shown = _shown(raw, paths[path])
        found[shown] = known[shown] if shown in known else read_plain(paths[path], shown_as=shown)
    return found


def _data_files(paths: Mapping[Path, FilePath]) -> list[tuple[FilePath, str]]:
    return [(file, "dossiers" if path[0] == "dossiers" else "table") for path, file in paths.items()]


def _shown(raw: RawScenario, file: FilePath) -> str:
    """A file as it is shown: from the project folder, with `/`."""
    return file.resolve().relative_to(raw.root.resolve()).as_posix()


def _sha256(file: FilePath) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _control(scenario: Scenario, paths: Mapping[Path, FilePath]) -> None:
    """Control totals: the number of rows, the sum asked, the hash of the file."""
    defects = Defects()
    for k, entry in enumerate(scenario.spec.dossiers):
        if entry.control is not None:
            found = _found(scenario, k, paths[("dossiers", k, "file")], entry)
            for key, wanted, seen in found:
                if wanted != seen:
                    defects.add(
                        "control",
                        Text(
                            f"« {entry.file} » : {key} vaut {seen}, le contrôle attend {wanted}.",
                            f'"{entry.file}": {key} is {seen}, the control expects {wanted}.',
                        ),
                        scenario.locate(("dossiers", k, "control", key)),
                        hint=Text(
                            "Vérifiez que le fichier est le bon et qu'il est complet.",
                            "Check that the file is the right one and complete.",
                        ),
                    )
    defects.raise_if_any(DataError)


def _found(scenario: Scenario, k: int, file: FilePath, entry: DossiersSpec) -> Iterator[tuple[str, Any, Any]]:
    control = entry.control
    assert control is not None
    rows = scenario.portfolio.table.filter(pl.col("_source") == k)
    if control.rows is not None:
        yield "rows", control.rows, rows.height
    if control.requested is not None:
        total = exact_sum(rows["requested_cents"].fill_null(0).to_numpy())
        try:
            wanted = parse_cents(control.requested)
        except MoneyError as error:
            raise ScenarioError([_bad_amount(scenario, k, error)]) from None
        yield "requested", format_cents(wanted, Lang.FR), format_cents(total, Lang.FR)
    if control.sha256 is not None:
        yield "sha256", control.sha256.lower(), _sha256(file)


def _bad_amount(scenario: Scenario, k: int, error: MoneyError) -> Any:
    defects = Defects()
    defects.add("amount", error.text, scenario.locate(("dossiers", k, "control", "requested")))
    return defects.found[0]
