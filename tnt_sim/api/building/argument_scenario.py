"""Scenarios from mappings and data frames: checked under the names of the arguments, then read from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.domain.portfolio import get_table_column
from tnt_sim.engine.award_list import INSTANT, guard_formulas, select_canonical_columns
from tnt_sim.engine.run_folder.own_folder import build_file_name, get_own_folder, put_into_own_folder
from tnt_sim.engine.run_folder.writer import build_resolved_tree, to_yaml
from tnt_sim.errors import (
    DataError,
    Defect,
    Defects,
    InfeasibleScenarioError,
    InputError,
    Place,
    ScenarioError,
    UsageError,
)
from tnt_sim.i18n.message import _
from tnt_sim.ingest.frames import FrameTable, MoneyUnit, convert_to_polars, read_frame
from tnt_sim.ingest.portfolio_reader import read_bytes, read_dossiers
from tnt_sim.ingest.tables.cell_types import format_typed_column
from tnt_sim.ingest.tables.raw_table import ReadOptions
from tnt_sim.scenario.decision_register import COMMITTED_FROM
from tnt_sim.scenario.load import iterate_named_files, load_scenario, with_steps
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData, list_decision_steps
from tnt_sim.scenario.spec import ScenarioSpec, validate_scenario
from tnt_sim.scenario.yaml import nodes
from tnt_sim.scenario.yaml.argument_nodes import build_node, replace_value
from tnt_sim.scenario.yaml.layers import RawScenario
from tnt_sim.scenario.yaml.nodes import Origin, PathSteps, YamlNode
from tnt_sim.scenario.yaml.overrides import check_ids
from tnt_sim.scenario.yaml.safe_paths import project_root, require_file, resolve_inside

if TYPE_CHECKING:
    from tnt_sim.ingest.frames import Frame


def render_yaml(scenario: ScenarioData, names: Mapping[str, str] | None = None) -> str:
    """Return the merged scenario as the text of a file.

    Parameters
    ----------
    scenario : the scenario
    names : how the file names each table, by its path from the project folder; by default by that path
    """
    tree = build_resolved_tree(scenario)
    for path, file in scenario.files.items():
        entry: Any = tree
        for step in path[:-1]:
            entry = entry[step]
        entry[path[-1]] = (names or {}).get(file, file)
    return to_yaml(tree)


def write_yaml(scenario: ScenarioData, path: Path, *, overwrite: bool = False) -> Path:
    """Write the merged scenario to a file, and copies of tables from outside its project beside it.

    Raises
    ------
    UsageError
        If a file with other content is there and `overwrite` is not given, or a register would have to be copied.
    TntError
        If the disk is full or fails.
    """
    folder = path.parent.resolve()
    names: dict[str, str] = {}
    files: dict[Path, bytes] = {}
    for key, file in scenario.files.items():
        source = scenario.root / file
        if project_root(folder / path.name) == scenario.root:
            names[file] = Path(os.path.relpath(source, folder)).as_posix()
            continue
        if key == COMMITTED_FROM:
            text = _(
                'the scenario names a register of decisions: choose a file inside "{root}".',
                root=scenario.root,
            )
            raise UsageError(text, code="usage.out")
        data = source.read_bytes()
        is_named = build_file_name(source.stem.rpartition("-")[0], data, source.suffix) == source.name
        names[file] = source.name if is_named else build_file_name(source.stem, data, source.suffix)
        files[folder / names[file]] = data
    files[folder / path.name] = render_yaml(scenario, names).encode()
    changed = {file: data for file, data in files.items() if not file.is_file() or file.read_bytes() != data}
    for target in changed:
        if target.exists() and not overwrite:
            text = _(
                '"{path}" exists with other content: choose another name, or give overwrite=True.',
                path=target,
            )
            raise UsageError(text, code="usage.out")
    try:
        put_all(changed)
    except OSError as error:
        raise build_write_error(quote_path(path), error) from error
    return path


APPLICATIONS = "applications"

"""Name of the argument with the frame of applications."""

_CSV_READ = ReadOptions(delimiter=",", encoding="utf-8", decimal=".")

"""How the tables are written and read again."""

_FRAME_FILE = f"{APPLICATIONS}.csv"

_FRAME_NAMES = {"programme": "envelopes", "dossiers": "df", APPLICATIONS: "df"}

"""Arguments of `Scenario.from_frame` whose key has another name."""

_FIRST_ROW = 2

"""Row of the first dossier in a CSV file."""


@dataclass(frozen=True, slots=True)
class ScenarioArguments:
    """The parts from which a scenario is built.

    Attributes
    ----------
    values : the scenario, by key
    prefix : name of the argument that holds the keys; "" where each key is an argument
    applications : frame of each dossier file, by the name of the file in `values`
    tables : frame of each side table, by the name of the file in `values`
    folder : folder from which `values` names files that are no frame
    columns : column of the frames, by canonical name, beside those of `values`
    money : unit of their amounts
    names : arguments that have another name than their key
    """

    values: Mapping[str, object]
    prefix: str = ""
    applications: Mapping[str, Frame] = field(default_factory=dict)
    tables: Mapping[str, Frame] = field(default_factory=dict)
    folder: Path = Path()
    columns: Mapping[str, str] = field(default_factory=dict)
    money: MoneyUnit = "euros"
    names: Mapping[str, str] = field(default_factory=dict)


def build_from_mapping(
    mapping: Mapping[str, object],
    applications: Frame | Mapping[str, Frame] | None,
    tables: Mapping[str, Frame] | None,
    columns: Mapping[str, str] | None,
    money: MoneyUnit,
    folder: str | Path,
) -> ScenarioData:
    """Return the scenario of `Scenario.from_dict`."""
    if not isinstance(mapping, Mapping):
        kind = type(mapping).__name__
        raise UsageError(_("the scenario is a mapping of keys to values, not {kind}.", kind=kind))
    values = dict(mapping)
    frames: Mapping[str, Frame] = {}
    if isinstance(applications, Mapping):
        frames = applications
    elif applications is not None:
        dossiers = values.setdefault("dossiers", [{"file": _FRAME_FILE}])
        frames = {_get_only_file(dossiers): applications}
    return build_scenario(
        ScenarioArguments(values, "mapping", frames, tables or {}, Path(folder), columns or {}, money)
    )


def _get_only_file(dossiers: object) -> str:
    """Return the file that the only entry of `dossiers` names."""
    entries = dossiers if isinstance(dossiers, list | tuple) else []
    if len(entries) == 1 and isinstance(entries[0], Mapping):
        return str(entries[0].get("file", _FRAME_FILE))
    raise UsageError(
        _(
            'one frame is given for {n} files of "dossiers": give a mapping of each file to its frame.',
            n=len(entries),
        )
    )


def build_from_arguments(
    frame: Frame,
    envelopes: Mapping[str, object] | str | float | Decimal,
    rules: Sequence[Mapping[str, object]],
    objective: Sequence[Mapping[str, object]] | Mapping[str, object],
    keys: Mapping[str, object],
    columns: Mapping[str, str] | None,
    money: MoneyUnit,
    read: Mapping[str, object] | None,
    tables: Mapping[str, Frame] | None,
    folder: str | Path,
) -> ScenarioData:
    """Return the scenario of `Scenario.from_frame`."""
    is_amount = isinstance(envelopes, str | int | float | Decimal)
    dossiers = {"file": _FRAME_FILE} | ({} if read is None else {"read": read})
    values = {key: value for key, value in keys.items() if value is not None and value != "" and value != ()}
    values |= {
        "programme": {"id": "programme", "amount": envelopes} if is_amount else envelopes,
        "dossiers": [dossiers],
        "rules": label_rules(rules),
        "objective": [objective] if isinstance(objective, Mapping) else objective,
    }
    return build_scenario(
        ScenarioArguments(
            values, "", {_FRAME_FILE: frame}, tables or {}, Path(folder), columns or {}, money, _FRAME_NAMES
        )
    )


def label_rules(rules: Sequence[Mapping[str, object]]) -> list[object]:
    """Return the rules, each with an id: that of its kind, with a number from the second of a kind on."""
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        raise UsageError(_("rules is a list of rules, not {kind}.", kind=type(rules).__name__))
    used = {rule.get("id") for rule in rules if isinstance(rule, Mapping)}
    result: list[object] = []
    for rule in rules:
        if isinstance(rule, Mapping) and rule.get("id") is None:
            kind, k = str(rule.get("kind", "rule")), 1
            while (name := kind if k == 1 else f"{kind}-{k}") in used:
                k += 1
            used.add(name)
            rule = {"id": name, **{key: value for key, value in rule.items() if key != "id"}}
        result.append(rule)
    return result


def build_scenario(arguments: ScenarioArguments) -> ScenarioData:
    """Check the arguments and return their scenario, whose files are in the folder of this process.

    Raises
    ------
    ScenarioError, DataError
        With every defect, located at the argument, or at the row of a frame.
    UsageError
        If an argument is no data frame.
    """
    builder = _Builder(arguments)
    raw = builder.build_raw()
    checked = builder.label_rows(with_steps(raw, (), None))
    _check_problems(checked)
    text = to_yaml(build_resolved_tree(checked))
    return load_scenario(put_into_own_folder(checked.id, text.encode(), ".yaml"))


def _check_problems(scenario: ScenarioData) -> None:
    """Raise what is wrong with the decisions; a contradiction is left to the answer that explains it."""
    for step in list_decision_steps(scenario):
        with suppress(InfeasibleScenarioError):
            compile_problem(step.scenario, wants_notices=False)


@dataclass(slots=True)
class _Builder:
    """The files of a scenario in the making, and what is wrong with its arguments."""

    arguments: ScenarioArguments
    defects: Defects = field(default_factory=Defects)
    cell_defects: Defects = field(default_factory=Defects)
    frames: dict[str, FrameTable] = field(default_factory=dict)
    files: dict[str, FrameTable] = field(default_factory=dict)

    def build_raw(self) -> RawScenario:
        """Return the scenario with files of the own folder in place of frames and of other files."""
        arguments = self.arguments
        node = build_node(arguments.values, arguments.prefix, self.defects, arguments.names)
        if not isinstance(node, nodes.Mapping):
            kind = type(arguments.values).__name__
            raise UsageError(_("the scenario is a mapping of keys to values, not {kind}.", kind=kind))
        check_ids(node, self.defects)
        spec = self._validate(_build_raw(node))
        self._read_frames(spec)
        if spec is not None:
            for path, text in iterate_named_files(spec):
                node = self._replace_file(node, path, text)
            self._refuse_unnamed(spec)
        error: type[InputError] = ScenarioError if self.defects.entries else DataError
        self.defects.entries.extend(self.cell_defects.entries)
        self.defects.raise_if_any(error)
        return _build_raw(node)

    def _validate(self, raw: RawScenario) -> ScenarioSpec | None:
        try:
            return validate_scenario(raw.tree, raw.origins)
        except ScenarioError as error:
            self.defects.entries.extend(error.defects)
            return None

    def _read_frames(self, spec: ScenarioSpec | None) -> None:
        """Read each frame, with the columns and options of its entry in `dossiers`."""
        argument = self.arguments.names.get(APPLICATIONS, APPLICATIONS)
        several = len(self.arguments.applications) > 1
        entries = {} if spec is None else {entry.file: entry for entry in spec.dossiers}
        for name, frame in self.arguments.applications.items():
            entry = entries.get(name)
            try:
                self.frames[name] = read_frame(
                    frame,
                    f"{argument}[{name!r}]" if several else argument,
                    columns={**({} if entry is None else entry.columns), **self.arguments.columns},
                    money=self.arguments.money,
                    read=ReadOptions() if entry is None else ReadOptions(**entry.read.model_dump()),
                    timezone="Europe/Paris" if spec is None else spec.timezone,
                )
            except DataError as error:
                self.cell_defects.entries.extend(error.defects)

    def _replace_file(self, node: nodes.Mapping, path: PathSteps, text: str) -> nodes.Mapping:
        """Return the scenario with the file at a path in the own folder."""
        origin = nodes.find_origin(node, path) or Origin(self.arguments.prefix)
        try:
            file = self._put_file(path, text, origin)
        except InputError as error:
            self.defects.entries.extend(error.defects)
            return node
        if file is None:
            return node
        changed = replace_value(node, path, nodes.Scalar(file.name, origin))
        if path[0] == "dossiers" and text in self.frames:
            changed = _set_csv_options(changed, path[:-1], origin)
        return changed if isinstance(changed, nodes.Mapping) else node

    def _put_file(self, path: PathSteps, text: str, origin: Origin) -> Path | None:
        """Write the file that a path names into the own folder; None where its frame is defective."""
        if path == COMMITTED_FROM:
            raise ScenarioError([_build_register_defect(origin)])
        if path[0] == "dossiers" and text in self.arguments.applications:
            table = self.frames.get(text)
            return None if table is None else self._put_table(text, table)
        if path[0] != "dossiers" and text in self.arguments.tables:
            frame = convert_to_polars(self.arguments.tables[text], f"tables[{text!r}]")
            return put_into_own_folder(Path(text).stem, _encode_side_table(frame), ".csv")
        folder = self.arguments.folder.resolve()
        found = resolve_inside(project_root(folder / "scenario.yaml"), folder, text, origin)
        file = require_file(found, text, origin)
        return put_into_own_folder(file.stem, read_bytes(file, text), file.suffix)

    def _put_table(self, text: str, table: FrameTable) -> Path:
        """Write the table of a frame, and check that the file holds the same cells."""
        file = put_into_own_folder(Path(text).stem, encode_table(table), ".csv")
        timezone = table.portfolio.timezone
        again = read_dossiers(file, shown_as=file.name, read=_CSV_READ, timezone=timezone)
        pairs = [one.table.sort("_row").select(_list_canonical(table)) for one in (table.portfolio, again)]
        for name in pairs[0].columns:
            if not pairs[0][name].equals(pairs[1][name], null_equal=True):
                text_ = _('column "{header}": a file of text cannot hold these cells.', header=name)
                hint = _("Take out spaces at the ends of lines, and invisible characters.")
                self.cell_defects.add("table", text_, Place(file=table.portfolio.sources[0].path), hint=hint)
        self.files[file.name] = table
        return file

    def _refuse_unnamed(self, spec: ScenarioSpec) -> None:
        """Refuse frames that the scenario does not name."""
        named = list(iterate_named_files(spec))
        dossiers = {text for path, text in named if path[0] == "dossiers"}
        others = {text for path, text in named if path[0] != "dossiers"}
        for argument, frames, known in (
            (APPLICATIONS, self.arguments.applications, dossiers),
            ("tables", self.arguments.tables, others),
        ):
            for name in frames:
                if name not in known:
                    text = _('no key of the scenario names the table "{name}".', name=name)
                    hint = _("Tables that it names: {names}.", names=", ".join(sorted(known)) or "–")
                    self.defects.add("file", text, Place(file=f"{argument}[{name!r}]"), hint=hint)

    def label_rows(self, scenario: ScenarioData) -> ScenarioData:
        """Return the scenario with the rows of its frames as places, for messages about them."""
        steps = tuple(replace(step, scenario=self.label_rows(step.scenario)) for step in scenario.steps)
        portfolio = scenario.portfolio
        sources, table = list(portfolio.sources), portfolio.table
        for k, source in enumerate(sources):
            frame = self.files.get(source.path)
            if frame is not None:
                sources[k] = replace(source, path=frame.portfolio.sources[0].path)
                here = (table["_source"] == k).arg_true()
                rows = frame.portfolio.table["_row"].sort().gather(table["_row"].gather(here) - _FIRST_ROW)
                table = table.with_columns(table["_row"].scatter(here, rows))
        named = replace(portfolio, table=table, sources=tuple(sources))
        return replace(scenario, portfolio=named, steps=steps, path=None)


def _build_raw(node: nodes.Mapping) -> RawScenario:
    return RawScenario(node, get_own_folder(), get_own_folder() / "scenario.yaml")


def _build_register_defect(origin: Origin) -> Defect:
    text = _("a register of decisions stays with its project, and is read from there.")
    hint = _("Write the scenario to a .yaml file of the project, and read that.")
    return Defect("register", text, (origin.get_place(),), hint)


def _set_csv_options(node: YamlNode, path: PathSteps, origin: Origin) -> YamlNode:
    """Return the scenario with the entry of a dossier file that says how the table of a frame is read."""
    entry = _find_mapping(node, path)
    read = {"delimiter": _CSV_READ.delimiter, "encoding": _CSV_READ.encoding, "decimal": _CSV_READ.decimal}
    options: dict[str, YamlNode] = {key: nodes.Scalar(value, origin) for key, value in read.items()}
    entries = {key: child for key, child in entry.entries.items() if key not in ("columns", "read")}
    entries["read"] = nodes.Mapping(options, dict.fromkeys(options, origin), origin)
    keys = {key: entry.keys.get(key, origin) for key in entries}
    return replace_value(node, path, nodes.Mapping(entries, keys, entry.origin))


def _find_mapping(node: YamlNode, path: PathSteps) -> nodes.Mapping:
    """Return the mapping at a path that the scenario has."""
    for step in path:
        match node, step:
            case nodes.Mapping(), str():
                node = node.entries[step]
            case nodes.Sequence(), int():
                node = node.items[step]
            case _:
                raise KeyError(path)
    if not isinstance(node, nodes.Mapping):
        raise KeyError(path)
    return node


def _list_canonical(table: FrameTable) -> list[str]:
    return [get_table_column(name) for name in table.names]


def encode_table(table: FrameTable) -> bytes:
    """Return the table of a frame as a CSV file: canonical names, amounts in euros, rows in the frame's order."""
    portfolio = table.portfolio
    rows = portfolio.table.sort("_row")
    canonical = select_canonical_columns(rows.select(_list_canonical(table)), portfolio.timezone)
    further = [
        _format_further(name, rows.schema[name], portfolio.timezone) for name in portfolio.extra_columns
    ]
    return rows.select(*canonical, *further).write_csv().encode()


def _format_further(name: str, dtype: pl.DataType, timezone: str) -> pl.Expr:
    """Return a column of the planner's own as text: numbers in their shortest digits, days in ISO form."""
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.convert_time_zone(timezone).dt.strftime(INSTANT)
    if dtype == pl.String:
        return guard_formulas(pl.col(name)).alias(name)
    return pl.col(name).map_batches(format_typed_column, return_dtype=pl.String)


def _encode_side_table(frame: pl.DataFrame) -> bytes:
    """Return a side table as a CSV file of text."""
    columns = [format_typed_column(frame[name]).alias(name) for name in frame.columns]
    return pl.DataFrame(columns).select(guard_formulas(pl.all())).write_csv().encode()
