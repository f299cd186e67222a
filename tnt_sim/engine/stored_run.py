"""Stored runs: reads run folders for exports, and computes the hashes that identify what made a run.

A stored run is read only if its files are those that the run wrote. Provenance covers inputs, resolved
scenario, code, lock file, package versions and result.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from tnt_sim.domain.budget_tree import GROUP_SEPARATOR, EnvelopeSpec
from tnt_sim.engine.award_list import select_parquet_columns
from tnt_sim.engine.result import ResultData, build_own_verification, of_fresh
from tnt_sim.errors import DataError, Defect, Defects, Place, UsageError, VerificationError
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.rules.expressions.values import is_code, match_names
from tnt_sim.scenario.scenario import InputEntry, has_synthetic_mark
from tnt_sim.scenario.spec import ScenarioSpec, validate_scenario
from tnt_sim.scenario.yaml.layers import load_tree
from tnt_sim.verify.input_files import RunInputs
from tnt_sim.verify.run_document import RunDocument, RunEnvelope
from tnt_sim.verify.run_files import (
    PARQUET,
    RESOLVED,
    build_malformed_defect,
    check_files,
    hash_canonical,
    hash_file,
    read_summary,
)
from tnt_sim.verify.stored_allocation import AWARDS, has_columns, read_parquet
from tnt_sim.verify.verification import Verification

PACKAGES = ("highspy", "numpy", "polars", "pulp", "pydantic", "ruamel.yaml", "scipy")
_PACKAGE = Path(__file__).resolve().parents[1]
EXAMPLES = _PACKAGE / "examples"
"""Where a wheel holds the shipped examples."""
_LOCK = _PACKAGE.parent / "requirements.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceEntry:
    """Hashes of what made the run, and of its allocation; `lock_sha256` is null without a lock file."""

    inputs_sha256: str
    resolved_sha256: str
    code_sha256: str
    lock_sha256: str | None
    versions_sha256: str
    result_sha256: str | None


def build_provenance(
    inputs: Sequence[Mapping[str, str]],
    files: Mapping[str, str],
    versions: Mapping[str, str],
    allocation_sha256: str | None,
    code_sha256: str,
    lock_sha256: str | None,
) -> ProvenanceEntry:
    """Build the entry `provenance` of a summary."""
    return ProvenanceEntry(
        inputs_sha256=hash_canonical(list(inputs)),
        resolved_sha256=files[RESOLVED],
        code_sha256=code_sha256,
        lock_sha256=lock_sha256,
        versions_sha256=hash_canonical(dict(versions)),
        result_sha256=allocation_sha256,
    )


@cache
def hash_code() -> str:
    """Compute the SHA-256 of the package, cached: paths and contents of modules, sentences and maps.

    The C sources of the kernels count, the library built from them does not, so that a compiler changes no hash;
    nor do the examples, which a clone keeps elsewhere.
    """
    total = hashlib.sha256()
    kinds = ("*.py", "*.c", "*.h", "*.mo", "*.parquet")
    for file in sorted(file for kind in kinds for file in _PACKAGE.rglob(kind)):
        if file.is_relative_to(EXAMPLES):
            continue
        data = file.read_bytes()
        if file.suffix in (".py", ".c", ".h"):
            data = data.replace(b"\r\n", b"\n")
        name = file.relative_to(_PACKAGE).as_posix()
        total.update(f"{name}\t{hashlib.sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


def hash_lock_file() -> str | None:
    """Compute the SHA-256 of `requirements.lock` beside the package; None if there is none."""
    return hash_file(_LOCK) if _LOCK.is_file() else None


def list_versions() -> dict[str, str]:
    """Return the versions of tnt_sim, of Python and of the packages that compute."""
    found = {"tnt_sim": _get_version("tnt-sim"), "python": platform.python_version()}
    return found | {name: _get_version(name) for name in PACKAGES}


@cache
def _get_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnvelope(RunEnvelope):
    """Figures of an envelope where there is an allocation, as every run folder has one."""

    granted_cents: int
    n_funded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument(RunDocument):
    """The content of `summary.json`; what only a file has is empty for a run that was computed here."""

    granted_cents: int
    n_funded: int
    envelopes: Sequence[StoredEnvelope]
    allocation_sha256: str
    project: str = ""
    sets: Sequence[str] = ()
    inputs: Sequence[InputEntry] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    provenance: ProvenanceEntry | None = None
    document_sha256: str = ""


@cache
def _build_reader() -> TypeAdapter[StoredDocument]:
    return TypeAdapter(StoredDocument)


def read_document(summary: Mapping[str, object]) -> StoredDocument:
    """Read the content of `summary.json`.

    Raises
    ------
    VerificationError
        If a key is missing or has a value of another kind.
    """
    try:
        return _build_reader().validate_json(json.dumps(summary), strict=True)
    except ValidationError as error:
        paths = dict.fromkeys(".".join(map(str, one["loc"])) for one in error.errors())
        raise VerificationError([build_malformed_defect(path) for path in paths]) from None


NODE = "_node"
"""Column with the number of a dossier's envelope: its place among the run's envelopes, from 0."""

_READ = {
    **AWARDS,
    "eligible": pl.Boolean(),
    "reason_code": pl.String(),
    "reason": pl.String(),
    "title": pl.String(),
    "envelope": pl.String(),
    "state": pl.String(),
    "cost_cents": pl.Int64(),
    "base_cents": pl.Int64(),
    "requested_cents": pl.Int64(),
    "committed_cents": pl.Int64(),
}


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A decision as stored in its run folder.

    Attributes
    ----------
    folder : the run folder
    summary : content of `summary.json` as it stands there; `data` is the same with its types
    spec, tree : the scenario as it was run, and its plain values
    table : one row per dossier, amounts in cents, and `_node`
    told_in : language of its sentences, if it is not the scenario's own
    verification : result of its check; None for a run that was computed here
    decision : the decision as it was computed or read again, with its problem; None if the data are missing
    inputs : where its inputs were read; None if they are missing, or if it was computed here
    """

    folder: Path
    summary: Mapping[str, Any]
    spec: ScenarioSpec
    tree: Mapping[str, Any]
    table: pl.DataFrame
    told_in: Lang | None = None
    verification: Verification | None = None
    decision: ResultData | None = field(default=None, repr=False)
    inputs: RunInputs | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return (
            f"<StoredRun {self.folder.name}: {self.summary.get('status')}, "
            f"proof {self.summary.get('proof') or 'none'}>"
        )

    @cached_property
    def data(self) -> StoredDocument:
        """The document of the run."""
        return read_document(self.summary)

    @property
    def checked(self) -> Verification:
        """What was verified of the run; for a run computed here, what it shows by itself."""
        if self.verification is not None:
            return self.verification
        return of_fresh(self.data) if self.decision is None else build_own_verification(self.decision)

    @property
    def name(self) -> str:
        """Name of the run folder as the run gave it: `<id>-<hash8>`."""
        return self.data.run_dir or self.spec.id

    @property
    def title(self) -> str:
        """Title of the scenario, or its id."""
        return self.spec.title or self.spec.id

    @property
    def lang(self) -> Lang:
        """Language of its sentences."""
        return self.told_in or self.own_lang

    @property
    def own_lang(self) -> Lang:
        """Language of what the planner wrote: titles, notes, applicants."""
        return Lang(self.spec.locale)

    @property
    def envelopes(self) -> Sequence[StoredEnvelope]:
        """Envelopes with their figures, in preorder."""
        return self.data.envelopes

    @property
    def publishable(self) -> bool:
        """Whether the decision was verified, and proved or confirmed by a second solver."""
        return self.data.publishable

    @property
    def synthetic(self) -> bool:
        """Whether the data are declared to be invented."""
        return has_synthetic_mark(self.spec, self.table)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """For each envelope i, the end of its subtree in preorder: its envelopes are `i:ends[i]`."""
        at = {entry.id: k for k, entry in enumerate(self.envelopes)}
        ends = [k + 1 for k in range(len(self.envelopes))]
        for k in reversed(range(len(self.envelopes))):
            parent = self.envelopes[k].parent
            if parent is not None:
                ends[at[parent]] = max(ends[at[parent]], ends[k])
        return tuple(ends)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Depth of each envelope; the programme has depth 0."""
        depth: dict[str | None, int] = {None: -1}
        for entry in self.envelopes:
            depth[entry.id] = depth[entry.parent] + 1
        return tuple(depth[entry.id] for entry in self.envelopes)

    def get_title(self, node: int) -> str:
        """Return an envelope's title, or its id."""
        entry = self.envelopes[node]
        return entry.title or entry.id


def run_of(result: ResultData) -> StoredRun:
    """Return a result that was not stored as a `StoredRun`, for its charts and tables."""
    spec, ids = result.problem.scenario.spec, [entry.id for entry in result.data.envelopes]
    table = _add_envelope_numbers(spec, ids, select_parquet_columns(result.dossiers))
    tree = result.problem.scenario.tree
    return StoredRun(Path(), result.document, spec, tree, table, decision=result)


def read_stored(run_dir: Path) -> StoredRun:
    """Read a run folder whose files are those that the run wrote; only `run_access` checks their content.

    Raises
    ------
    DataError
        If it is not a run folder.
    VerificationError
        If a file was changed or is missing.
    """
    summary = read_summary(run_dir)
    _refuse_other(run_dir, summary)
    defects = Defects()
    check_files(run_dir, summary, defects)
    if defects.entries:
        raise VerificationError(defects.entries)
    raw = load_tree(run_dir / RESOLVED)
    spec = validate_scenario(raw.tree, raw.origins)
    table = read_parquet(run_dir / PARQUET, defects)
    if table is None or not has_columns(table, _READ, defects):
        raise VerificationError(defects.entries)
    ids = [str(entry["id"]) for entry in summary["envelopes"]]
    return StoredRun(run_dir, summary, spec, raw.tree, _add_envelope_numbers(spec, ids, table))


def _refuse_other(run_dir: Path, summary: Mapping[str, Any]) -> None:
    """Reject a summary that is not that of a decision."""
    if summary.get("command") == "run" and isinstance(summary.get("envelopes"), list):
        return
    text = _('"{run_dir}" holds no decision: its summary.json is not that of a run.', run_dir=run_dir)
    hint = _("Give the folder that `tnt-sim run` named (runs/…).")
    raise DataError([Defect("run-folder", text, (Place(file=str(run_dir)),), hint)])


def _add_envelope_numbers(spec: ScenarioSpec, ids: Sequence[str], table: pl.DataFrame) -> pl.DataFrame:
    """Add to the table the number of the envelope that each dossier belongs to."""
    number = {name: k for k, name in enumerate(ids)}
    only = spec.programme.find_single_leaf(spec.date) or ids[0]
    name = pl.when(pl.col("envelope").fill_null("") == "").then(pl.lit(only)).otherwise(pl.col("envelope"))
    for split, by in _list_splits(spec.programme):
        if by in table.columns:
            group_name = pl.lit(split + GROUP_SEPARATOR) + pl.Series(
                _determine_groups(spec, table, split, by, ids)
            )
            divided = (name == split) & group_name.is_in(ids)
            name = pl.when(divided).then(group_name).otherwise(name)
        closed = ~name.is_in(ids) & name.str.starts_with(split + GROUP_SEPARATOR)
        name = pl.when(closed).then(pl.lit(split)).otherwise(name)
    node = name.replace_strict(number, default=None, return_dtype=pl.Int64)
    return table.with_columns(node.alias(NODE))


def _determine_groups(
    spec: ScenarioSpec, table: pl.DataFrame, split: str, by: str, ids: Sequence[str]
) -> pl.Series:
    """Return the group of a split that each dossier belongs to: its value of `by`, spelled as in the envelope."""
    values, named = table[by].cast(pl.String).fill_null(""), spec.values.get(by)
    if is_code(by) or (named is not None and named.exact):
        return values
    prefix = split + GROUP_SEPARATOR
    return match_names(values, [name.removeprefix(prefix) for name in ids if name.startswith(prefix)])


def _list_splits(programme: EnvelopeSpec) -> Iterator[tuple[str, str]]:
    for envelope, __ in programme.walk():
        if envelope.split is not None:
            yield envelope.id, envelope.split.by


def refuse_open_questions(run: StoredRun) -> None:
    """Check that every open question of the data is decided, before a legal act is drawn up.

    Raises
    ------
    UsageError
        If a question is open.
    """
    result = run.data.open_questions
    if not result:
        return
    colon = _(": ").in_(run.lang)
    listed = "\n".join(f"  {one.id}{colon}{one.text} {one.way_out}" for one in result)
    raise UsageError(
        _n(
            '"{run_name}": {n} open question is to be decided before it is signed or an act is '
            "written; then run it again.\n{listed}",
            '"{run_name}": {n} open questions are to be decided before it is signed or an act is '
            "written; then run it again.\n{listed}",
            n=len(result),
            run_name=run.name,
            listed=listed,
        ),
        code="usage.open-questions",
    )


RUN_ROOT = "runs"
