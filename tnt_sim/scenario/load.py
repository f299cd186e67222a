"""Loading of a scenario: merge its files, validate them, read its tables, fill cells from the map.

`load_scenario` reads from files; `with_changes` and `with_amounts` derive a scenario with other values and
reuse the dossiers already read. Control totals of the dossier files are compared with what was read. Empty
cells may be filled from the map (`ingest/map_completion.py`).
"""

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

from tnt_sim.characters import build_skeleton, drop_unseen, format_difference
from tnt_sim.domain.field_types import write_cents
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.domain.portfolio import MAX_PLACES, Portfolio
from tnt_sim.errors import DataError, Defect, Defects, InputError, ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Money
from tnt_sim.ingest.portfolio_reader import join, read_dossiers, read_plain
from tnt_sim.ingest.tables.raw_table import ReadOptions
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.linear_terms import sum_exactly
from tnt_sim.rules.protocols import Path
from tnt_sim.scenario.decision_register import (
    COMMITTED_FROM,
    apply_commitments,
    find_state_file,
    read_state_amounts,
)
from tnt_sim.scenario.scenario import InputFile, ScenarioData, Step, check_steps
from tnt_sim.scenario.spec import DossiersSpec, ScenarioSpec, select_in_force, validate_scenario
from tnt_sim.scenario.yaml.layers import RawScenario, load_tree
from tnt_sim.scenario.yaml.safe_paths import require_file, resolve_inside

_IDS = ("dossier", "project", "envelope")


def find_look_alikes(portfolio: Portfolio) -> tuple[Defect, ...]:
    """Return a warning for the first ids that look the same and differ, in each column of ids."""
    warnings, known = [], set[tuple[str, ...]]()
    for column in _IDS:
        values = portfolio.table[column]
        for twins in _find_twins(values):
            if twins not in known and len(known) < MAX_PLACES:
                text = _(
                    'column "{column}": "{one}" and "{other}" look the same and count as two ({difference}).',
                    column=column,
                    one=drop_unseen(twins[0]),
                    other=drop_unseen(twins[1]),
                    difference=format_difference(*twins[:2]),
                )
                places = tuple(portfolio.locate(values.index_of(one) or 0, column) for one in twins)
                hint = _("Write both alike if they are one.")
                warnings.append(Defect("look_alike", text, places, hint))
            known.add(twins)
    return tuple(warnings)


def _find_twins(values: pl.Series) -> list[tuple[str, ...]]:
    """Return the groups of different values that look the same; plain letters are alike only when equal."""
    odd = values.filter(values.str.len_bytes() != values.str.len_chars()).unique(maintain_order=True)
    if odd.is_empty():
        return []
    skeleton = pl.Series("skeleton", map(build_skeleton, odd), dtype=pl.String)
    plain = values.filter(values.is_in(skeleton.unique().implode())).unique(maintain_order=True)
    frame = pl.concat(
        [pl.DataFrame({"id": odd, "skeleton": skeleton}), pl.DataFrame({"id": plain, "skeleton": plain})]
    ).unique("id", maintain_order=True)
    groups = frame.group_by("skeleton", maintain_order=True).agg("id")["id"]
    return [tuple(ids) for ids in groups.filter(groups.list.len() > 1).to_list()]


def load_scenario(
    path: str | FilePath, sets: Sequence[str] = (), *, register: str | None = None
) -> ScenarioData:
    """Read a scenario file, everything that it extends, and its dossiers.

    Parameters
    ----------
    path : the `.yaml` file
    sets : changes as on the command line, `PATH=VALUE`
    register : entry of the register to use for `committed_from`, relative to the project folder; the last by
        default
    """
    began = time.perf_counter()
    raw = load_tree(FilePath(path), sets=sets if register is None else ())
    if register is not None:
        entry = FilePath(os.path.relpath(raw.root / register, raw.path.parent)).as_posix()
        raw = raw.with_values({COMMITTED_FROM[0]: entry}, layer="register").with_sets(sets)
    scenario = with_steps(raw, tuple(sets), None)
    return replace(scenario, seconds_read=time.perf_counter() - began)


def with_changes(scenario: ScenarioData, changes: Mapping[str, object]) -> ScenarioData:
    """Return the scenario with values changed at dotted paths, in memory; only newly named files are read.

    The result has the content, and so the `sha256`, of ``scenario.with_(changes)``.
    """
    return with_sets(scenario, list_sets(changes))


def list_sets(changes: Mapping[str, object]) -> list[str]:
    """Return changes by dotted path as texts `PATH=VALUE`, as `--set` takes them."""
    return [f"{path}={set_text(value)}" for path, value in changes.items()]


def with_sets(scenario: ScenarioData, texts: Sequence[str]) -> ScenarioData:
    """Apply texts `PATH=VALUE`, as `--set` takes them; otherwise as `with_changes`."""
    if scenario.raw is None:
        raise UsageError(
            _("this scenario does not come from a file. Write it to a .yaml file and give its name.")
        )
    changed = {text.partition("=")[0].strip() for text in texts}
    kept = [text for text in scenario.sets if text.partition("=")[0].strip() not in changed]
    sets = (*kept, *texts)
    return with_steps(scenario.raw.with_other_sets(sets), sets, scenario.base, scenario)


def set_text(value: object) -> str:
    """Return a Python value as the text that `--set` reads back; a text stays that text."""
    if value is None:
        return "null"
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    quoted = text.strip() in ("", "~", "null") or text.strip()[0] in "[{\"'"
    return json.dumps(text, ensure_ascii=False) if quoted else text


def with_steps(
    raw: RawScenario, sets: tuple[str, ...], base: FilePath | None, like: ScenarioData | None = None
) -> ScenarioData:
    """Return the scenario with that of each step, whose `date` and `set` are applied.

    Dossiers and tables that `like` has already read are reused.
    """
    scenario = _load(raw, sets, base, like)
    check_steps(scenario)
    steps = []
    for step, path in select_in_force(scenario.spec, "steps"):
        changed = raw if not step.set else raw.with_values_at((*path, "set"), layer=step.id)
        if step.date is not None:
            changed = changed.with_values({"date": step.date.isoformat()}, layer=step.id)
        found = _load(changed.with_values({"steps": None}, layer=step.id), sets, base, scenario)
        steps.append(Step(step.id, replace(found, raw=None, closes=found.spec.date)))
    return replace(scenario, steps=tuple(steps))


def _load(
    raw: RawScenario, sets: tuple[str, ...], base: FilePath | None, like: ScenarioData | None = None
) -> ScenarioData:
    """Load one scenario; reuse the dossiers of `like` when it names the same."""
    spec = validate_scenario(raw.tree, raw.origins)
    defects = Defects()
    known = {} if like is None else _list_known_files(raw, base, like)
    paths = dict(_iterate_data_paths(raw, spec, base, defects, known))
    defects.raise_if_any(ScenarioError)
    same = like is not None and _has_same_dossiers(spec, like.spec)
    portfolio = like.portfolio if like is not None and same else _read_portfolios(raw, spec, paths)
    tables = _read_tables(raw, spec, paths, {} if like is None else like.tables)
    hashes = {} if like is None else {file.path: file.sha256 for file in like.inputs}
    names = {file: text for file, text in known.values() if file in paths.values()}
    names.update((file, _format_path(raw, file)) for file in paths.values() if file not in names)
    if like is not None and like.raw is not None and like.raw.files is raw.files and like.base == base:
        inputs = [file for file in like.inputs if file.kind == "scenario"]
    else:
        written = [] if base is not None else [(_format_path(raw, file), file) for file in raw.files]
        inputs = [_read_scenario_file(name, file) for name, file in written]
    inputs += [
        InputFile(names[file], hashes.get(names[file]) or _hash_file(file), kind)
        for file, kind in _list_data_files(paths)
    ]
    scenario = ScenarioData(
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
        files={key: names[file] for key, file in paths.items()},
        raw=raw,
        base=base,
    )
    if like is not None and same:
        return replace(scenario, warnings=like.warnings)
    scenario = replace(scenario, warnings=(*scenario.warnings, *find_look_alikes(portfolio)))
    _check_controls(scenario, paths)
    _check_place_column(scenario)
    _check_allowed_columns(scenario)
    if spec.territory is not None and spec.map_year is not None:
        from tnt_sim.ingest.map_completion import fill_from_map

        filled, notes = fill_from_map(portfolio, spec.map_year, spec.territory.fill, scenario.locate)
        scenario = replace(scenario, portfolio=filled, warnings=(*scenario.warnings, *notes))
    return scenario if spec.committed_from is None else _with_register(scenario)


def _check_place_column(scenario: ScenarioData) -> None:
    """Refuse a `territory.column` or `territory.rural` that the applications do not have."""
    own = [column for column in scenario.portfolio.table.columns if not column.startswith("_")]
    defects = Defects()
    for key, name in (("column", scenario.spec.place_column), ("rural", scenario.spec.rural_column)):
        if name is not None and name not in own:
            place = scenario.locate(("territory", key))
            text = _('the applications have no column "{name}".', name=name)
            defects.add("territory", text, place, hint=suggest_name(name, own))
    defects.raise_if_any(ScenarioError)


def _check_allowed_columns(scenario: ScenarioData) -> None:
    """Refuse names under `publisher: {columns: […]}` that are no columns of the applications."""
    own = [column for column in scenario.portfolio.table.columns if not column.startswith("_")]
    place = scenario.locate(("publisher", "columns"))
    absent = [name for name in scenario.spec.publisher.columns if name not in own]
    defects = Defects()
    for name in absent:
        text = _('the applications have no column "{name}".', name=name)
        defects.add("publisher", text, place, hint=suggest_name(name, own))
    defects.raise_if_any(ScenarioError)


def _with_register(scenario: ScenarioData) -> ScenarioData:
    """Return the scenario in which the amounts of the register are committed."""
    file = scenario.files[COMMITTED_FROM]
    held = read_state_amounts(scenario.tables[file], file)
    table, notes = apply_commitments(scenario.portfolio.table, held, scenario.locate(COMMITTED_FROM), file)
    portfolio = scenario.portfolio.with_table(table)
    return replace(scenario, portfolio=portfolio, warnings=(*scenario.warnings, *notes))


def _has_same_dossiers(left: ScenarioSpec, other: ScenarioSpec) -> bool:
    keys = ("dossiers", "territory", "map_year", "place_column", "timezone", "committed_from")
    return all(getattr(left, key) == getattr(other, key) for key in keys)


_KnownFiles = Mapping[tuple[Path, str, FilePath | None], tuple[FilePath, str]]

"""Files already found and their names, by the path of the value, its text, and the file in which it is written."""


def _list_known_files(raw: RawScenario, base: FilePath | None, like: ScenarioData) -> _KnownFiles:
    """Return the files that a scenario of the same folder has found."""
    if like.raw is None or like.base != base or like.root != raw.root:
        return {}
    return {
        (path, text, like.raw.origins[path].path): (like.root / like.files[path], like.files[path])
        for path, text in iterate_named_files(like.spec)
        if path in like.files and path in like.raw.origins
    }


def _iterate_data_paths(
    raw: RawScenario, spec: ScenarioSpec, base: FilePath | None, defects: Defects, known: _KnownFiles
) -> Iterator[tuple[Path, FilePath]]:
    """Yield each data file that the scenario names, by the path of the value that names it."""
    for path, text in iterate_named_files(spec):
        try:
            origin = raw.origins[path]
            if (path, text, origin.path) in known:
                yield path, known[path, text, origin.path][0]
            elif path == COMMITTED_FROM:
                written = (origin.path or raw.path).parent if base is None else base
                yield path, find_state_file(resolve_inside(raw.root, written, text, origin), text, origin)
            elif base is None:
                yield path, raw.resolve_file(path)
            else:
                yield path, require_file(resolve_inside(raw.root, base, text, origin), text, origin)
        except InputError as error:
            defects.entries.extend(error.defects)


def iterate_named_files(spec: ScenarioSpec) -> Iterator[tuple[Path, str]]:
    """Yield the tables of dossiers and the side tables, by the path of the value that names them."""
    yield from ((("dossiers", k, "file"), entry.file) for k, entry in enumerate(spec.dossiers))
    yield from _iterate_side_files(spec)


def _iterate_side_files(spec: ScenarioSpec) -> Iterator[tuple[Path, str]]:
    """Yield the side tables, by the path of the value that names them."""
    for envelope, path in spec.programme.walk_in_force(spec.date, ("programme",)):
        if envelope.split is not None and envelope.split.table is not None:
            yield (*path, "split", "table"), envelope.split.table
        if envelope.split is not None and envelope.split.previous is not None:
            yield (*path, "split", "previous"), envelope.split.previous
    for k, rule in enumerate(spec.rules):
        if isinstance(rule, RuleSpec) and rule.is_in_force(spec.date):
            for key, file in rule.list_side_files().items():
                yield ("rules", k, key), file
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
                    shown_as=_format_path(raw, file),
                    columns=dict(entry.columns),
                    read=options,
                    timezone=spec.timezone,
                )
            )
        except DataError as error:
            defects.entries.extend(error.defects)
    defects.raise_if_any(DataError)
    return portfolios[0] if len(portfolios) == 1 else join(portfolios)


def _read_tables(
    raw: RawScenario, spec: ScenarioSpec, paths: Mapping[Path, FilePath], known: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Read the side tables, by their path from the project folder; tables in `known` are not read again."""
    result: dict[str, pl.DataFrame] = {}
    for path, __ in _iterate_side_files(spec):
        shown = _format_path(raw, paths[path])
        result[shown] = known[shown] if shown in known else read_plain(paths[path], shown_as=shown)
    return result


def _list_data_files(paths: Mapping[Path, FilePath]) -> list[tuple[FilePath, str]]:
    return [(file, "dossiers" if path[0] == "dossiers" else "table") for path, file in paths.items()]


def _format_path(raw: RawScenario, file: FilePath) -> str:
    """Return a file as it is displayed: relative to the project folder, with `/`."""
    return file.resolve().relative_to(raw.root.resolve()).as_posix()


def _read_scenario_file(name: str, file: FilePath) -> InputFile:
    """Return a file of the scenario with its bytes, so that a run keeps it though it is edited meanwhile."""
    content = file.read_bytes()
    return InputFile(name, hashlib.sha256(content).hexdigest(), "scenario", content)


def _hash_file(file: FilePath) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_controls(scenario: ScenarioData, paths: Mapping[Path, FilePath]) -> None:
    """Compare the control totals (rows, sum requested, hash) with what was read; raise on a difference."""
    defects = Defects()
    for k, entry in enumerate(scenario.spec.dossiers):
        if entry.control is not None:
            found = _iterate_controls(scenario, k, paths[("dossiers", k, "file")], entry)
            for key, wanted, earlier in found:
                if wanted != earlier:
                    defects.add(
                        "control",
                        _(
                            '"{file}": {key} is {earlier}, the control expects {wanted}.',
                            file=entry.file,
                            key=key,
                            earlier=earlier,
                            wanted=wanted,
                        ),
                        scenario.locate(("dossiers", k, "control", key)),
                        hint=_("Check that the file is the right one and complete."),
                    )
    defects.raise_if_any(DataError)


def _iterate_controls(
    scenario: ScenarioData, k: int, file: FilePath, entry: DossiersSpec
) -> Iterator[tuple[str, Any, Any]]:
    control = entry.control
    assert control is not None
    rows = scenario.portfolio.table.filter(pl.col("_source") == k)
    if control.rows is not None:
        yield "rows", control.rows, rows.height
    if control.requested is not None:
        total = sum_exactly(rows["requested_cents"].fill_null(0).to_numpy())
        try:
            wanted = parse_cents(control.requested)
        except MoneyError as error:
            raise ScenarioError([_build_amount_defect(scenario, k, error)]) from None
        yield "requested", Money(wanted), Money(total)
    if control.sha256 is not None:
        yield "sha256", control.sha256.lower(), _hash_file(file)


def _build_amount_defect(scenario: ScenarioData, k: int, error: MoneyError) -> Any:
    defects = Defects()
    defects.add("amount", error.text, scenario.locate(("dossiers", k, "control", "requested")))
    return defects.entries[0]


def with_amounts(scenario: ScenarioData, amounts: Mapping[str, int]) -> ScenarioData:
    """Return the scenario with the written amounts of some envelopes changed, in cents.

    No file is read again.
    """
    spec = scenario.spec.programme
    known = {envelope.id for envelope, __ in spec.walk(("programme",))}
    changes: dict[str, object] = {}
    for name, cents in amounts.items():
        if name not in known:
            raise UsageError(_('"{name}" is not an envelope whose amount is written.', name=name))
        path = "programme.amount" if name == spec.id else f"envelopes.{name}.amount"
        changes[path] = write_cents(cents)
    return with_changes(scenario, changes)
