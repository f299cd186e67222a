"""Random corruptions of a run folder, each with what a refusal must name; half of them hide every hash.

A mutation changes files in place and gives the words of which one must stand in a refusal. `rehash` is what an
attacker would do next: every SHA-256 and the seal of the log are made to fit again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.run_files import (
    BOUND,
    hash_canonical,
    hash_file,
    hash_summary,
    seal_log,
    serialise_document,
)

Named = tuple[str, ...]
Mutation = Callable[[Path, random.Random], Named | None]

UNBOUND = ("seconds", "versions", "method", "document_sha256", "provenance", "files", "stopped_by")
"""Keys that nothing but a hash binds: they are not changed by an attacker who makes the hashes fit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mutation: what it was, whether it was refused, and whether the refusal named it."""

    name: str
    rehashed: bool
    caught: bool
    named: bool
    said: tuple[str, ...]


def load(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found


def store(run: Path, summary: dict[str, Any]) -> None:
    (run / "summary.json").write_text(serialise_document(summary), encoding="utf-8", newline="\n")


def rehash(run: Path) -> None:
    """Make every hash fit: files, provenance, document and log."""
    summary = load(run)
    old = summary["files"]
    summary["files"] = {
        name: hash_file(run / name) if (run / name).is_file() else old.get(name) for name in BOUND
    }
    summary["provenance"] |= {
        "inputs_sha256": hash_canonical(summary.get("inputs")),
        "resolved_sha256": summary["files"]["scenario.resolved.yaml"],
        "versions_sha256": hash_canonical(summary.get("versions")),
        "result_sha256": summary.get("allocation_sha256"),
    }
    summary["document_sha256"] = hash_summary(summary)
    store(run, summary)
    if (run / "solver.log").is_file():
        body = (run / "solver.log").read_text(encoding="utf-8").rpartition("sha256 of the lines")[0]
        (run / "solver.log").write_text(seal_log(body, summary["seconds"]), encoding="utf-8", newline="\n")


# ---- summary.json


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value of a document that is neither an object nor a list."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        below = (*path, key)
        if isinstance(value, dict | list) and value:
            yield from leaves(value, below)
        else:
            yield below


def other(value: Any, rng: random.Random) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 100, -100])
    if value is None:
        return rng.choice(["0", 0, "rule"])
    if isinstance(value, str):
        words = ["PROVED", "CROSS_CHECKED", "FEASIBLE_GAP", "optimal", "feasible", "merit", f"{value}0"]
        return rng.choice([word for word in words if word != value])
    return rng.choice([[0], {"x": 1}, "x"])


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def any_value(run: Path, rng: random.Random) -> Named | None:
    """One value of the summary."""
    summary = load(run)
    path = rng.choice([p for p in leaves(summary) if p[0] not in UNBOUND])
    place = _at(summary, path[:-1])
    place[path[-1]] = other(place[path[-1]], rng)
    store(run, summary)
    return _words_of(path)


def any_key(run: Path, rng: random.Random) -> Named | None:
    """One key of the summary less, or one more."""
    summary = load(run)
    keys = [key for key in summary if key not in UNBOUND and key != "inputs"]
    objects = [summary, *summary["envelopes"], *summary["rules"], *summary["objective"]]
    place = rng.choice(objects)
    if rng.random() < 0.5:
        place["more"] = 1
        store(run, summary)
        return ("more",)
    key = rng.choice([key for key in place if place is not summary or key in keys])
    del place[key]
    store(run, summary)
    return (str(key),)


def any_entry(run: Path, rng: random.Random) -> Named | None:
    """An entry of a list of the summary dropped, doubled, or two of them swapped."""
    summary = load(run)
    lists = [key for key, value in summary.items() if isinstance(value, list) and value]
    key = rng.choice(lists)
    entries = summary[key]
    k = rng.randrange(len(entries))
    how = rng.choice(["drop", "double", "swap"])
    if how == "swap" and len(entries) > 1:
        j = rng.choice([j for j in range(len(entries)) if j != k])
        if entries[j] == entries[k] or key == "warnings":
            return None
        entries[j], entries[k] = entries[k], entries[j]
    elif how == "double":
        if key == "sets":
            return None  # the same change asked twice is the same run
        entries.append(entries[k])
    else:
        del entries[k]
    store(run, summary)
    return (key.rstrip("s"),)


def any_word(run: Path, rng: random.Random) -> Named | None:
    """A word of the claim: status, proof, publishable, canonical, the proof of a goal or of a step."""
    summary = load(run)
    places = [(summary, key) for key in ("status", "proof", "publishable", "canonical")]
    for entry in [summary, *summary.get("steps", [])]:
        places += [(goal, key) for goal in entry["objective"] for key in ("proof", "bound", "gap")]
    places += [(step, key) for step in summary.get("steps", []) for key in ("status", "proof")]
    place, key = rng.choice(places)
    place[key] = other(place[key], rng)
    store(run, summary)
    return (key,)


def _words_of(path: tuple[Any, ...]) -> Named:
    """What may name a value: its own key, or those of the keys above it."""
    return tuple(str(step).rstrip("s") for step in path if isinstance(step, str))


# ---- allocation


def _tables(run: Path) -> tuple[pl.DataFrame, list[list[str]]]:
    csv_rows = [line.split(",") for line in (run / "allocation.csv").read_text(encoding="utf-8").splitlines()]
    return pl.read_parquet(run / "allocation.parquet"), csv_rows


def parquet_cell(run: Path, rng: random.Random) -> Named | None:
    """One cell of allocation.parquet."""
    table, _ = _tables(run)
    name = rng.choice(table.columns)
    row = rng.randrange(table.height)
    values = table[name].to_list()
    old = values[row]
    dtype = table.schema[name]
    if dtype == pl.String:
        values[row] = f"{old}x"
    elif dtype == pl.Int64:
        values[row] = (old or 0) + rng.choice([-1, 1])
    elif dtype == pl.Boolean:
        values[row] = not old
    else:
        return None
    changed = table.with_columns(pl.Series(name, values, dtype=dtype))
    changed.write_parquet(run / "allocation.parquet")
    return (name, str(table["dossier"][row]))


def csv_cell(run: Path, rng: random.Random) -> Named | None:
    """One cell of allocation.csv."""
    file = run / "allocation.csv"
    lines = file.read_text(encoding="utf-8").split("\n")
    row = rng.randrange(1, len(lines) - 1)
    cells = lines[row].split(",")
    k = rng.randrange(len(cells))
    if '"' in lines[row]:
        return None
    cells[k] = rng.choice(["0.01", "x", f"{cells[k]}1", f"'{cells[k]}"])
    if ",".join(cells) == lines[row]:
        return None
    lines[row] = ",".join(cells)
    file.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return (lines[0].split(",")[k], "rows")


def csv_shape(run: Path, rng: random.Random) -> Named | None:
    """A ragged row, an empty file, a header without a column, other line ends, a lost quote."""
    file = run / "allocation.csv"
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    row = rng.randrange(1, len(lines) - 1)
    lines[row] += ",1"
    header = text.replace("granted,", "", 1)
    changed = rng.choice(
        ["\n".join(lines), "", header, text.replace("\n", "\r\n"), f'{text}"', text[:-1], f"\ufeff{text}"]
    )
    file.write_bytes(changed.encode())
    return ("allocation.csv",)


def both_cents(run: Path, rng: random.Random) -> Named | None:
    """One cent more or less for a funded dossier, in both tables and in the hash of the allocation."""
    return _forge(run, rng, "cent")


def both_swapped(run: Path, rng: random.Random) -> Named | None:
    """The awards of two dossiers swapped in both tables."""
    return _forge(run, rng, "swap")


def both_dropped(run: Path, rng: random.Random) -> Named | None:
    """A dossier's award taken away in both tables."""
    return _forge(run, rng, "drop")


def _forge(run: Path, rng: random.Random, how: str) -> Named | None:
    table = pl.read_parquet(run / "allocation.parquet")
    funded, cents = table["funded"].to_list(), table["granted_cents"].to_list()
    given = [k for k, flag in enumerate(funded) if flag]
    i = rng.choice(given)
    if how == "cent":
        cents[i] += rng.choice([-1, 1])
    elif how == "drop":
        funded[i], cents[i] = False, 0
    else:
        j = rng.randrange(table.height)
        if (funded[i], cents[i]) == (funded[j], cents[j]):
            return None
        funded[i], funded[j], cents[i], cents[j] = funded[j], funded[i], cents[j], cents[i]
    changed = table.with_columns(pl.Series("funded", funded), pl.Series("granted_cents", cents))
    changed.write_parquet(run / "allocation.parquet")
    _write_csv(run / "allocation.csv", funded, cents)
    summary = load(run)
    lines = sorted((str(d), c) for d, c, f in zip(table["dossier"], cents, funded, strict=True) if f)
    text = "".join(f"{name}\t{c}\n" for name, c in lines)
    summary["allocation_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    store(run, summary)
    return (str(table["dossier"][i]), "granted_cents", "rule", "envelope")


def _write_csv(file: Path, funded: list[bool], cents: list[int]) -> None:
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    flag, euros = rows[0].index("funded"), rows[0].index("granted")
    for row, given, amount in zip(rows[1:], funded, cents, strict=True):
        row[flag] = "true" if given else "false"
        row[euros] = f"{'-' * (amount < 0)}{abs(amount) // 100}.{abs(amount) % 100:02d}"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def parquet_rows(run: Path, rng: random.Random) -> Named | None:
    """A row of allocation.parquet dropped, doubled, renamed or moved, a column dropped or of another type."""
    file = run / "allocation.parquet"
    table = pl.read_parquet(file)
    k = rng.randrange(table.height)
    name = str(table["dossier"][k])
    names = pl.Series("dossier", [f"{d}-bis" if d == name else d for d in table["dossier"]])
    column = rng.choice(table.columns)
    changed, named = rng.choice(
        [
            (table.filter(pl.int_range(pl.len()) != k), name),
            (pl.concat([table, table[k]]), name),
            (table.with_columns(names), name),
            (table.reverse(), "allocation.parquet"),
            (table.drop(column), column),
            (table.with_columns(pl.lit(None).alias(column)), column),
            (table.with_columns(pl.col("granted_cents").cast(pl.Float64)), "granted_cents"),
        ]
    )
    changed.write_parquet(file)
    return (named, "allocation")


# ---- files


def lost(run: Path, rng: random.Random) -> Named | None:
    """A file deleted."""
    name = rng.choice([*BOUND, "summary.json", "solver.log"])
    (run / name).unlink()
    return (name,)


def renamed(run: Path, rng: random.Random) -> Named | None:
    """A file under another name: the refusal says which."""
    name = rng.choice(BOUND)
    (run / name).rename(run / f"copie de {name}")
    return (f"copie de {name}",)


def truncated(run: Path, rng: random.Random) -> Named | None:
    """The end of a file lost."""
    name = rng.choice([*BOUND[:3], "summary.json"])
    data = (run / name).read_bytes()
    (run / name).write_bytes(data[: rng.randrange(len(data))])
    return (name, "scenario")


def flipped(run: Path, rng: random.Random) -> Named | None:
    """One bit of a file turned round."""
    name = rng.choice(["scenario.resolved.yaml", "allocation.csv", "summary.json", "allocation.parquet"])
    data = bytearray((run / name).read_bytes())
    place = rng.randrange(len(data))
    data[place] ^= 1 << rng.randrange(8)
    (run / name).write_bytes(bytes(data))
    return (name,)


def resolved_line(run: Path, rng: random.Random) -> Named | None:
    """A line of the resolved scenario dropped or changed."""
    file = run / "scenario.resolved.yaml"
    lines = file.read_text(encoding="utf-8").split("\n")
    k = rng.randrange(len(lines) - 1)
    lines[k : k + 1] = [] if rng.random() < 0.5 else [f"{lines[k]} "]
    file.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return ("scenario.resolved.yaml",)


# ---- inputs


def input_file(run: Path, rng: random.Random) -> Named | None:
    """A byte more in an input and in what was kept of it, or both gone."""
    entry = rng.choice(load(run)["inputs"])
    gone = rng.random() < 0.3
    for file in (run.parent.parent / entry["path"], run.parent / "inputs" / entry["sha256"]):
        if gone:
            file.unlink(missing_ok=True)
        elif file.exists():
            content = file.read_bytes()
            file.unlink()  # it may be a link to the other
            file.write_bytes(content + b"\n")
    return (entry["path"],)


def input_edited(run: Path, rng: random.Random) -> Named | None:
    """An amount of an input changed, and its hash in the summary with it."""
    summary = load(run)
    entry = rng.choice(summary["inputs"])
    file = run.parent.parent / entry["path"]
    text = file.read_text(encoding="utf-8")
    places = [k for k, mark in enumerate(text) if mark in "123456789"]
    k = rng.choice(places)
    file.write_text(f"{text[:k]}{int(text[k]) % 9 + 1}{text[k + 1 :]}", encoding="utf-8", newline="\n")
    entry["sha256"] = hash_file(file)
    store(run, summary)
    return ("",)


ALWAYS: tuple[Mutation, ...] = (
    any_value, any_value, any_value, any_key, any_entry, any_word, any_word, parquet_cell, csv_cell, csv_shape,
    both_cents, both_swapped, both_dropped, parquet_rows, lost, truncated, resolved_line, input_file, input_edited,
)  # fmt: skip
PLAIN: tuple[Mutation, ...] = (renamed, flipped)
"""Those that a hash alone tells: an attacker who makes the hashes fit has changed nothing that is told."""


def mutated(run: Path, seed: int) -> Outcome | None:
    """One corruption of a run folder, refused or not; None where the draw changed nothing. All is put back."""
    rng = random.Random(seed)
    rehashed = seed % 2 == 1
    mutation = rng.choice(ALWAYS if rehashed else (*ALWAYS, *PLAIN))
    root = run.parent.parent
    kept = root.with_name(f"{root.name}-kept")
    shutil.copytree(root, kept)
    try:
        named = mutation(run, rng)
        if named is None:
            return None
        if rehashed and (run / "summary.json").is_file():
            try:
                rehash(run)
            except (ValueError, KeyError, TypeError):
                return None
        return _outcome(run, mutation.__name__, rehashed, named)
    finally:
        shutil.rmtree(root)
        kept.rename(root)


def _outcome(run: Path, name: str, rehashed: bool, named: Named) -> Outcome:
    try:
        report = verify_run(run)
        said = tuple(defect.line(Lang.FR) for defect in report.defects)
    except InputError as error:
        said = tuple(defect.line(Lang.FR) for defect in error.defects)
    text = "\n".join(said)
    return Outcome(name, rehashed, bool(said), any(word in text for word in named), said)
