"""Crash-safe store of a batch: each record is written once, atomically, and is durable once committed.

    DIR/batch.json          request, with hashes of inputs and code; written first, never changed
    DIR/journal/*.parquet   records as they come, some hundreds per file; written aside and renamed
    DIR/runs/*.parquet      when complete: one row per case in batch order, byte-reproducible
    DIR/timings.parquet     seconds by case
    DIR/evidence.parquet    where a batch has it: how each case was solved, certificates for example

The last two may differ from one computation of a case to the next; `runs/` does not depend on them. Record files
are named NUMBER-HASH.parquet by the SHA-256 of their bytes. One process at a time owns the store, by an advisory
lock that the system releases when the process dies. A file whose hash does not match its name is renamed `*.torn`
and its cases are computed again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Self

import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.disk import (
    PARTIAL,
    build_write_error,
    create_folders,
    encode_parquet,
    flush_path,
    open_lock,
    put,
    quote_path,
)
from tnt_sim.engine.stored_run import hash_code, list_versions
from tnt_sim.errors import Defect, Place, ScenarioError, UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Items
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.run_files import hash_file

MANIFEST, JOURNAL, RUNS, LOCK = "batch.json", "journal", "runs", ".lock"
TIMINGS, EVIDENCE = "timings.parquet", "evidence.parquet"
SECONDS = "seconds"
"""Column of `timings.parquet`."""
CHUNK = 4096
"""Cases per file of `runs/`."""
COMMIT_RECORDS, COMMIT_SECONDS = 256, 1.0
"""Records, or seconds since the last commit, after which a commit is made."""

Schema = Mapping[str, pl.DataType | type[pl.DataType]]
"""Type of each column."""


@dataclass(eq=False)
class ResultStore:
    """Store owned by this process; a context manager.

    Attributes
    ----------
    schema : columns of `runs/`
    evidence : columns of `evidence.parquet`
    done : cases that are stored
    """

    folder: Path
    schema: Schema
    lock: BinaryIO
    done: set[str] = field(default_factory=set)
    torn: int = 0
    n_files: int = 0
    cases_per_file: int = CHUNK
    evidence: Schema = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        folder: Path,
        manifest: Mapping[str, object],
        schema: Schema,
        cases_per_file: int = CHUNK,
        evidence: Schema = MappingProxyType({}),
        *,
        anew: bool = False,
    ) -> Self:
        """Open a new store or an existing one for a batch.

        Parameters
        ----------
        manifest : what identifies the batch; a store with another one is refused
        schema : columns of its rows, `case_sha256` among them
        cases_per_file : rows of each file of `runs/`
        evidence : columns that say how a case was solved, kept beside `runs/`
        anew : whether to remove what the folder holds first
        """
        begun = (folder / MANIFEST).exists()
        with _told_plainly(folder), create_folders(folder / JOURNAL):
            lock = _lock_folder(folder)
            try:
                if anew:
                    _remove_records(folder)
                _agree(folder, manifest)
                store = cls(folder, schema, lock, cases_per_file=cases_per_file, evidence=evidence)
                store._read_journal()
            except BaseException:
                lock.close()
                if not begun:
                    (folder / LOCK).unlink(missing_ok=True)
                raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *__: object) -> None:
        self.lock.close()

    def commit(self, rows: pl.DataFrame) -> None:
        """Write some rows, with `seconds` and the columns of `evidence`; they are durable when this returns."""
        fresh = rows.filter(~pl.col("case_sha256").is_in(self.done))
        if not fresh.height:
            return
        with _told_plainly(self.folder):
            _put_named(fresh, self.folder / JOURNAL / f"{self.n_files:08d}")
        self.n_files += 1
        self.done.update(fresh["case_sha256"].to_list())

    def read_files(self) -> Iterator[pl.DataFrame]:
        """Yield the rows of each file of the store; a case may be in two of them."""
        for file in _list_files(self.folder):
            yield _read_file(file, self.schema)

    def read_evidence(self) -> pl.DataFrame:
        """Return the evidence of each case, with its seconds; nothing of a file that cannot be read."""
        journal = sorted((self.folder / JOURNAL).glob("*.parquet"))
        seconds = self._read_beside(TIMINGS, [SECONDS], journal)
        known = self._read_beside(EVIDENCE, list(self.evidence), journal)
        return known.join(seconds, on="case_sha256", how="left")

    def finish(self, keys: Sequence[str], deadline: Deadline = UNLIMITED) -> None:
        """Write `runs/`, `timings.parquet` and the evidence in the order of the batch, then remove the journal.

        Rows come from both places, so that after a crash at any point, or a deadline, a second call completes
        the work.
        """
        journal = sorted((self.folder / JOURNAL).glob("*.parquet"))
        if not journal:
            return
        with _told_plainly(self.folder):
            order = pl.DataFrame({"case_sha256": list(keys)}).with_row_index("_place")
            self._put_beside(TIMINGS, [SECONDS], journal, order)
            if self.evidence:
                self._put_beside(EVIDENCE, list(self.evidence), journal, order)
            where = _locate_cases([*journal, *sorted((self.folder / RUNS).glob("*.parquet"))])
            for number, start in enumerate(range(0, len(keys), self.cases_per_file)):
                deadline.check()
                chunk = order.slice(start, self.cases_per_file)
                files = chunk.join(where, on="case_sha256")["file"].unique().sort()
                rows = pl.concat([_read_file(Path(file), self.schema) for file in files])
                found = rows.join(chunk, on="case_sha256").unique("case_sha256").sort("_place")
                _put_named(found.select(list(self.schema)), self.folder / RUNS / f"{number:05d}")
            for file in journal:
                file.unlink()
            flush_path(self.folder / JOURNAL)

    def _put_beside(
        self, name: str, columns: Sequence[str], journal: Sequence[Path], order: pl.DataFrame
    ) -> None:
        known = self._read_beside(name, columns, journal)
        table = order.join(known, on="case_sha256", how="left").sort("_place").drop("_place")
        put(self.folder / name, encode_parquet(table, compression="zstd", statistics=False))

    def _read_beside(self, name: str, columns: Sequence[str], journal: Sequence[Path]) -> pl.DataFrame:
        """Read some columns of the journal, and of a file beside `runs/` for the other cases."""
        wanted = ["case_sha256", *columns]
        tables = [pl.read_parquet(file, columns=wanted) for file in journal]
        kinds = {"case_sha256": pl.String, SECONDS: pl.Float64, **self.evidence}
        if _has_columns(self.folder / name, {}, {column: kinds[column] for column in wanted}):
            with suppress(OSError, pl.exceptions.PolarsError):
                tables.append(pl.read_parquet(self.folder / name, columns=wanted))
        if not tables:
            return pl.DataFrame(schema={column: kinds[column] for column in wanted})
        return pl.concat(tables).unique("case_sha256", keep="first", maintain_order=True)

    def _read_journal(self) -> None:
        for file in sorted((self.folder / JOURNAL).iterdir()):
            if file.suffix == PARTIAL:
                file.unlink()
            elif file.suffix == ".parquet":
                number = file.stem.partition("-")[0]
                self.n_files = max(self.n_files, int(number) + 1 if number.isdecimal() else 0)
                self._take(file, {SECONDS: pl.Float64, **self.evidence})
        for file in sorted((self.folder / RUNS).glob("*.parquet")):
            self._take(file, {})

    def _take(self, file: Path, beside: Schema) -> None:
        """Count the cases of a file as stored, or rename it if it is not whole; `beside` are further columns."""
        is_whole = _hash_bytes(file.read_bytes()) == file.stem.partition("-")[2]
        if not is_whole or not _has_columns(file, self.schema, {"case_sha256": pl.String, **beside}):
            file.rename(file.with_suffix(".torn"))
            self.torn += 1
            return
        self.done.update(pl.read_parquet(file, columns=["case_sha256"])["case_sha256"].to_list())


@dataclass(eq=False)
class PendingRecords[T]:
    """Records of a store that wait for the next commit.

    Attributes
    ----------
    build_table : the rows of some records, with the column `seconds`
    """

    store: ResultStore
    build_table: Callable[[Sequence[T]], pl.DataFrame]
    waiting: list[T] = field(default_factory=list)
    last: float = field(default_factory=time.monotonic)

    def add(self, record: T) -> None:
        """Add a record, and commit if there are enough or the last commit is long ago."""
        self.waiting.append(record)
        if len(self.waiting) >= COMMIT_RECORDS or time.monotonic() - self.last >= COMMIT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Commit what waits."""
        records, self.waiting, self.last = self.waiting, [], time.monotonic()
        if records:
            self.store.commit(self.build_table(records))


def read_rows(folder: Path, schema: Schema) -> pl.DataFrame:
    """Return every row of a store so far, one per case."""
    files = _list_files(folder)
    if not files:
        return pl.DataFrame(schema=schema)
    tables = [_read_file(file, schema) for file in files]
    return pl.concat(tables).unique("case_sha256", keep="first", maintain_order=True)


def _has_columns(file: Path, schema: Schema, required: Schema) -> bool:
    """Whether a file is a table that has the required columns, and those of the schema in their types."""
    try:
        kind_by_name = pl.read_parquet_schema(file)
    except (OSError, pl.exceptions.PolarsError):
        return False
    kinds = {**schema, **required}
    return kind_by_name.keys() >= required.keys() and all(
        kinds[name] == kind for name, kind in kind_by_name.items() if name in kinds
    )


def _list_files(folder: Path) -> list[Path]:
    return [*sorted((folder / RUNS).glob("*.parquet")), *sorted((folder / JOURNAL).glob("*.parquet"))]


def _read_file(file: Path, schema: Schema) -> pl.DataFrame:
    """Read the rows of a file; columns added after it was written are null."""
    table = pl.read_parquet(file)
    late = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
    return table.with_columns(late).select(list(schema))


def build_manifest(
    batch_sha256: str, bases: Sequence[ScenarioData], options: Mapping[str, object], **further: object
) -> dict[str, object]:
    """Return the manifest that identifies a batch: its request, inputs, code and versions.

    Parameters
    ----------
    batch_sha256 : of all that the cases are
    bases : scenarios whose input files are read
    options : how cases are solved
    further : the rest of the request
    """
    inputs = {file.path: file.sha256 for base in bases for file in base.inputs}
    return {
        "schema_version": 1,
        "batch_sha256": batch_sha256,
        "inputs": [{"path": path, "sha256": inputs[path]} for path in sorted(inputs)],
        "options": dict(sorted(options.items())),
        "code_sha256": hash_code(),
        "versions": list_versions(),
        **further,
    }


def check_unchanged_inputs(bases: Sequence[ScenarioData]) -> None:
    """Check that the input files of some scenarios have not changed since they were read."""
    wrong = [
        file.path
        for base in bases
        for file in base.inputs
        if not (base.root / file.path).is_file() or hash_file(base.root / file.path) != file.sha256
    ]
    if wrong:
        raise build_changed_error(sorted(set(wrong)))


def build_changed_error(names: Sequence[str]) -> ScenarioError:
    """Return the error of input files that changed while cases were computed."""
    listed = ", ".join(names)
    return ScenarioError(
        [
            Defect(
                "batch-inputs",
                _(
                    "{listed} has changed since the batch began: the answers could not be compared.",
                    listed=listed,
                ),
                tuple(Place(file=name) for name in names),
                _("Put the files back and run again, or start anew in another --out."),
            )
        ]
    )


def check_begun(folder: Path) -> None:
    """Check that a folder holds a batch."""
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            _('"{folder}" holds no batch: there is nothing to resume.', folder=folder),
            code="usage.resume",
        )


def read_batch_identity(folder: Path) -> tuple[str, int]:
    """Return the SHA-256 of the cases of a batch and their number."""
    check_begun(folder)
    manifest = _read_manifest(folder)
    sha256, n_cases = manifest.get("batch_sha256"), manifest.get("n_cases")
    if not isinstance(sha256, str) or not isinstance(n_cases, int):
        raise UsageError(_('"{folder}" holds no batch of scenarios.', folder=folder), code="usage.batch")
    return sha256, n_cases


def _locate_cases(files: Sequence[Path]) -> pl.DataFrame:
    """Return the file that holds each case, the first of several."""
    pieces = [
        pl.read_parquet(file, columns=["case_sha256"]).with_columns(file=pl.lit(str(file))) for file in files
    ]
    return pl.concat(pieces).unique("case_sha256", keep="first", maintain_order=True)


def _hash_bytes(data: bytes) -> str:
    """Return the first half of the SHA-256 of a file's bytes, in hexadecimal, for its name."""
    return hashlib.sha256(data).hexdigest()[:32]


def _put_named(table: pl.DataFrame, stem: Path) -> None:
    """Write a file named by its number and hash, and remove another one with that number."""
    data = encode_parquet(table, compression="zstd", statistics=False)
    target = stem.with_name(f"{stem.name}-{_hash_bytes(data)}.parquet")
    put(target, data)
    for other in stem.parent.glob(f"{stem.name}-*.parquet"):
        if other != target:
            other.unlink()


def _lock_folder(folder: Path) -> BinaryIO:
    stream = open_lock(folder / LOCK)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise UsageError(
            _(
                'another run is writing to "{folder}" already. Wait for its end, or give another --out.',
                folder=folder,
            ),
            code="batch-locked",
        ) from None
    return stream


def _remove_records(folder: Path) -> None:
    """Remove every record of a store and its manifest, which goes last: what a crash leaves is still a store."""
    files = [*sorted((folder / JOURNAL).iterdir()), *sorted((folder / RUNS).glob("*"))]
    for file in (*files, folder / TIMINGS, folder / EVIDENCE, folder / MANIFEST):
        file.unlink(missing_ok=True)


def _agree(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a new store; compare that of an existing one."""
    file = folder / MANIFEST
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if not file.exists():
        put(file, text.encode())
        return
    known = _read_manifest(folder)
    differing = sorted(key for key in {*known, *manifest} if known.get(key) != manifest.get(key))
    if differing:
        raise UsageError(_describe_other_batch(folder, differing, known, manifest), code="batch-other")


def _read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of a store."""
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict) or not isinstance(known.get("inputs"), list):
        raise UsageError(
            _('"{file}" is damaged. Give another --out.', file=folder / MANIFEST), code="batch-other"
        )
    return known


def _describe_other_batch(
    folder: Path, keys: Sequence[str], known: Mapping[str, Any], now: Mapping[str, Any]
) -> Text:
    if "inputs" in keys:
        was = {entry["path"]: entry["sha256"] for entry in known["inputs"]}
        files = [entry["path"] for entry in now["inputs"] if was.get(entry["path"]) != entry["sha256"]]
        names = ", ".join(files) or ", ".join(was)
        return _(
            '"{folder}" was begun with other files ({names} has changed). Put them back, or give '
            "another --out.",
            folder=folder,
            names=names,
        )
    if keys in (["code_sha256"], ["code_sha256", "versions"], ["versions"]):
        return _(
            '"{folder}" was begun by another version of the program; answers are not mixed. Give '
            "another --out.",
            folder=folder,
        )
    differs = dict.fromkeys(_DIFFERS[key] for key in keys if key in _DIFFERS) or [_DIFFERS["batch_sha256"]]
    return _(
        '"{folder}" holds another batch (other {differs}). Give another --out.',
        folder=folder,
        differs=Items(tuple(differs)),
    )


_DIFFERS = {
    "batch_sha256": _("scenarios or names"),
    "n_cases": _("scenarios or names"),
    "draws": _("draws"),
    "sweep": _("amounts"),
    "options": _("options of the solve"),
    "code_sha256": _("version of the program"),
    "versions": _("version of the program"),
}


class _told_plainly:  # noqa: N801 - used as a statement
    """Turn disk errors into a readable error; the content of the store stays as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise build_write_error(quote_path(self.folder), error, _RESUMES, code="batch-store") from error


_RESUMES = _("What is there stays; the same command resumes.")
