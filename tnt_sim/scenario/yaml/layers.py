"""Merging of scenario files into one tree of texts, with the place that each value comes from.

Precedence: ``extends`` < the file < its ``overrides`` < ``--set``. An extended file is resolved first, with
its own ``extends`` and ``overrides``. A Pabulib file (.pb) is read as a scenario too: its budget is the
programme, its projects are the dossiers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tnt_sim.domain.field_types import quote_value
from tnt_sim.errors import Defect, Defects, InputError, Place, ScenarioError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.ingest.portfolio_reader import read_bytes
from tnt_sim.ingest.tables.importers import PABULIB_SUFFIX
from tnt_sim.scenario.yaml import nodes
from tnt_sim.scenario.yaml.nodes import NodeOrigins, Origin, PathSteps, Scalar, YamlNode, from_value, to_tree
from tnt_sim.scenario.yaml.overrides import check_ids, find, merge, parse_value, put, record_clashes
from tnt_sim.scenario.yaml.reader import parse_yaml, read_yaml_into
from tnt_sim.scenario.yaml.safe_paths import format_path, project_root, require_file, resolve_inside

__all__ = [
    "MAX_CHAIN",
    "Origin",
    "RawScenario",
    "load_tree",
    "project_root",
    "read_pb_into",
    "resolve_inside",
]


def read_pb_into(path: Path, shown_as: str, defects: Defects) -> YamlNode | None:
    """Return the scenario that a Pabulib file describes; defects of the file are added to `defects`."""
    from tnt_sim.ingest.tables.pabulib import read_pb, render_scenario

    try:
        pb = read_pb(read_bytes(path, shown_as), shown_as)
        return parse_yaml(render_scenario(pb, path.name), shown_as, path=path)
    except InputError as error:
        defects.entries.extend(error.defects)
        return None


MAX_CHAIN = 16
"""Most files that may extend one another."""
_TABLES = frozenset({".xlsx", ".xls", ".ods", ".csv", ".parquet"})
SET_LAYER = "--set"


@dataclass(frozen=True)
class RawScenario:
    """A merged scenario, not yet validated; immutable, `with_sets` and the like return new ones.

    Attributes
    ----------
    node : the merged values with their origins
    root : the project folder, links resolved
    path : the scenario file, links resolved
    files : every YAML file read, the scenario first
    sets : the ``PATH=VALUE`` texts applied
    written : the values before these texts, None without any
    """

    node: nodes.Mapping
    root: Path
    path: Path
    files: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    written: nodes.Mapping | None = None

    @cached_property
    def tree(self) -> dict[str, Any]:
        """The values as plain dicts and lists; every scalar is the text of the file, or None."""
        return {key: to_tree(child) for key, child in self.node.entries.items()}

    @cached_property
    def origins(self) -> Mapping[PathSteps, Origin]:
        """Origin of each value of the tree, by its steps."""
        return NodeOrigins(self.node)

    def locate(self, steps: PathSteps, *, key: bool = False) -> Place:
        """Return the place of a value, or of the nearest written one above it."""
        return locate_value(self.origins, steps, key=key)

    def resolve_file(self, steps: PathSteps, *, must_exist: bool = True) -> Path:
        """Return the file that a value names, relative to the YAML file in which the value is written."""
        value: Any = self.tree
        for step in steps:
            value = value[step]
        origin = self.origins[steps]
        if not isinstance(value, str):
            text = _("the name of a file is expected here.")
            raise ScenarioError([Defect("path", text, (origin.get_place(),))])
        path = resolve_inside(self.root, (origin.path or self.path).parent, value, origin)
        return require_file(path, value, origin) if must_exist else path

    def with_sets(self, sets: Iterable[str]) -> RawScenario:
        """Return the scenario with ``PATH=VALUE`` texts applied, as ``--set`` gives them."""
        texts = tuple(sets)
        pairs: dict[str, str] = {}
        for text in texts:
            path, value = _split_set(text)
            if pairs.setdefault(path, value) != value:
                raise UsageError(
                    _(
                        '--set gives "{key_id}" two values: {pairs} and {value2}. Keep one of the two.',
                        key_id=quote_value(path),
                        pairs=pairs[path],
                        value2=value,
                    )
                )
        defects = Defects()
        changes: list[tuple[str, YamlNode, Origin]] = []
        for path, value in pairs.items():
            origin = Origin(f"{SET_LAYER} {quote_value(path)}", layer=SET_LAYER)
            try:
                changes.append((path, parse_value(value, origin), origin))
            except ScenarioError as error:
                defects.entries.extend(error.defects)
        written = self.node if self.written is None else self.written
        return replace(self._with_changes(changes, defects), sets=(*self.sets, *texts), written=written)

    def with_other_sets(self, sets: Iterable[str]) -> RawScenario:
        """Return the scenario of the files with these ``PATH=VALUE`` texts in place of the present ones."""
        node = self.node if self.written is None else self.written
        return replace(self, node=node, sets=(), written=None).with_sets(sets)

    def with_values(self, values: Mapping[str, object], layer: str) -> RawScenario:
        """Return the scenario with values set at dotted paths.

        Python texts, lists and dicts are taken as they are.

        `layer` names the change in messages and origins (« batch », the id of a step).
        """
        changes = []
        for path, value in values.items():
            origin = Origin(f"{layer} {quote_value(path)}", layer=layer)
            changes.append((path, from_value(value, origin), origin))
        return self._with_changes(changes, Defects())

    def with_values_at(self, steps: PathSteps, layer: str) -> RawScenario:
        """Return the scenario with the dotted paths at `steps` (the ``set`` of a step) applied."""
        node: YamlNode = self.node
        for step in steps:
            match node, step:
                case nodes.Mapping(), str():
                    node = node.entries[step]
                case nodes.Sequence(), int():
                    node = node.items[step]
                case _:
                    raise KeyError(steps)
        if not isinstance(node, nodes.Mapping):
            text = _('a mapping "path: value" is expected.')
            raise ScenarioError([Defect("set_path", text, (node.origin.get_place(),))])
        changes = [
            (path, child, replace(node.keys[path], layer=layer)) for path, child in node.entries.items()
        ]
        return self._with_changes(changes, Defects())

    def _with_changes(self, changes: Iterable[tuple[str, YamlNode, Origin]], defects: Defects) -> RawScenario:
        root = self.node
        for path, value, origin in changes:
            try:
                changed = put(root, find(root, path, origin), value)
            except ScenarioError as error:
                defects.entries.extend(error.defects)
            else:
                root = changed if isinstance(changed, nodes.Mapping) else root
        defects.raise_if_any(ScenarioError)
        return replace(self, node=root)


def locate_value(origins: Mapping[PathSteps, Origin], steps: PathSteps, *, key: bool = False) -> Place:
    """Return the place of a value in some origins, or of the nearest written one above it."""
    exact = steps in origins
    while steps not in origins and steps:
        steps = steps[:-1]
    origin = origins.get(steps)
    if origin is None:
        return Place()
    return origin.get_key_place() if key and exact else origin.get_place()


def load_tree(path: Path | str, sets: Iterable[str] = ()) -> RawScenario:
    """Read a scenario with everything that it extends and everything that overrides it."""
    written = Path(path)
    if written.suffix.lower() in _TABLES and written.is_file():
        raise _build_table_error(written)
    texts = tuple(sets)
    for text in texts:
        _split_set(text)
    scenario = require_file(written, str(path), Origin(str(path))).resolve()
    loader = _Loader(project_root(scenario))
    node = loader.load(scenario, ())
    loader.defects.raise_if_any(ScenarioError)
    raw = RawScenario(node, loader.root, scenario, tuple(loader.files))
    return raw.with_sets(texts) if texts else raw


def _build_table_error(table: Path) -> UsageError:
    """Return the error that explains how to make a scenario around a table."""
    name = f'"{table}"' if " " in str(table) else str(table)
    return UsageError(
        _(
            '"{table}" is a table of applications, no scenario. Make a scenario around it first: tnt-sim '
            "new my-programme --from {name}",
            table=table,
            name=name,
        ),
        code="usage.table",
    )


def _split_set(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UsageError(
            _(
                '--set "{change}": write PATH=VALUE, for example programme.amount="90 M€".',
                change=quote_value(text),
            )
        )
    return path.strip(), value


@dataclass(slots=True)
class _Loader:
    """Reads files, each once, and collects their defects."""

    root: Path
    files: list[Path] = field(default_factory=list)
    defects: Defects = field(default_factory=Defects)

    def load(self, path: Path, chain: tuple[tuple[Path, Origin], ...]) -> nodes.Mapping:
        """Return a file merged over what it extends and under its overrides."""
        own = self._read(path)
        extends, overrides = own.entries.get("extends"), own.entries.get("overrides")
        node: YamlNode = _without(own, "extends", "overrides")
        if extends is not None and not nodes.is_null(extends):
            base = self._read_base(extends, path, chain)
            node = node if base is None else self._merge_nodes(base, node)
        if overrides is not None and not nodes.is_null(overrides):
            above = self._read_overrides(overrides, path)
            node = node if above is None else self._merge_nodes(node, above)
        return node if isinstance(node, nodes.Mapping) else own

    def _read(self, path: Path) -> nodes.Mapping:
        name = format_path(self.root, path)
        empty = nodes.Mapping({}, {}, Origin(name, 1, 1, name, path=path))
        if path not in self.files:
            self.files.append(path)
        n_before = len(self.defects.entries)
        reader = read_pb_into if path.suffix.lower() == PABULIB_SUFFIX else read_yaml_into
        node = reader(path, name, self.defects)
        if node is None and len(self.defects.entries) > n_before:
            return empty
        if not isinstance(node, nodes.Mapping):
            place = Place(name, 1, 1) if node is None else node.origin.get_place()
            text = _("the file is empty.") if node is None else _("the file does not start with keys.")
            hint = _('Write "key: value" on each line.')
            self.defects.add("yaml_root", text, place, hint=hint)
            return empty
        check_ids(node, self.defects)
        return node

    def _merge_nodes(self, low: YamlNode, high: YamlNode) -> YamlNode:
        try:
            return merge(low, high)
        except ScenarioError as error:
            self.defects.entries.extend(error.defects)
            return low

    def _resolve_file(self, node: YamlNode, path: Path) -> Path | None:
        """Return the file that a value of `extends` or `overrides` names, or None when it cannot be used."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            text = _("the name of a YAML file is expected.")
            self.defects.add("path", text, node.origin.get_place())
            return None
        try:
            found = resolve_inside(self.root, path.parent, node.value, node.origin)
            return require_file(found, node.value, node.origin)
        except ScenarioError as error:
            self.defects.entries.extend(error.defects)
            return None

    def _read_base(
        self, node: YamlNode, path: Path, chain: tuple[tuple[Path, Origin], ...]
    ) -> nodes.Mapping | None:
        base = self._resolve_file(node, path)
        if base is None:
            return None
        links = (*chain, (path, node.origin))
        route = " → ".join(format_path(self.root, step) for step in (*(link for link, __ in links), base))
        places = [origin.get_place() for __, origin in reversed(links)]
        if any(link == base for link, __ in links):
            self.defects.add(
                "extends_cycle",
                _('"extends" goes round in circles: {route}.', route=route),
                *places,
                hint=_('Remove one of these "extends".'),
            )
            return None
        if len(links) >= MAX_CHAIN:
            self.defects.add(
                "extends_depth",
                _(
                    "more than {max_chain} files extend one another: {route}.",
                    max_chain=MAX_CHAIN,
                    route=route,
                ),
                *places,
                hint=_("Join some of them."),
            )
            return None
        return self.load(base, links)

    def _read_overrides(self, node: YamlNode, path: Path) -> YamlNode | None:
        if not isinstance(node, nodes.Sequence):
            text = _('"overrides" is a list of files.')
            hint = _("Write [a.yaml, b.yaml].")
            self.defects.add("overrides", text, node.origin.get_place(), hint=hint)
            return None
        above: YamlNode | None = None
        for item in node.items:
            result = self._resolve_file(item, path)
            if result is None:
                continue
            partial = self._read(result)
            for key in ("extends", "overrides"):
                if key in partial.keys:
                    self._record_nested_override(key, partial.keys[key])
            partial = _without(partial, "extends", "overrides")
            if above is not None:
                record_clashes(above, partial, self.defects)
                partial_node = merge(above, partial, keep_nulls=True)
            else:
                partial_node = partial
            above = partial_node
        return above

    def _record_nested_override(self, key: str, origin: Origin) -> None:
        self.defects.add(
            "overrides",
            _('a file of "overrides" cannot have "{key}".', key=key),
            origin.get_place(),
            hint=_("Write it in the scenario."),
        )


def _without(node: nodes.Mapping, *names: str) -> nodes.Mapping:
    entries = {key: child for key, child in node.entries.items() if key not in names}
    return nodes.Mapping(entries, {key: node.keys[key] for key in entries}, node.origin)
