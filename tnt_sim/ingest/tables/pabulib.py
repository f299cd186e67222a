"""Pabulib files (.pb): projects, budget and number of votes of a participatory budget.

A file has three sections, META, PROJECTS and VOTES, each a CSV with ``;``. Votes are only counted; nothing
of a voter is kept. Faliszewski et al., "Participatory Budgeting: Data, Tools and Analysis", IJCAI (2023).
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tnt_sim.domain.money import MoneyError, format_decimal_euros, parse_cents
from tnt_sim.errors import DataError, Defect, Defects, Place, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.csv_files import decode_text
from tnt_sim.ingest.tables.headers import is_personal
from tnt_sim.ingest.tables.raw_table import RawTable, build_raw_table
from tnt_sim.ingest.tables.zip_packages import refuse

MAX_BYTES = 256 << 20
_SECTIONS = ("META", "PROJECTS", "VOTES")
_RENAMED = {"project_id": "dossier", "name": "title"}
_NEEDED = ("project_id", "cost")


@dataclass(frozen=True, eq=False)
class PbFile:
    """One file: its meta entries and its projects.

    Attributes
    ----------
    meta : value by key
    header, rows : the projects as text
    lines : line of each project
    """

    shown_as: str
    meta: Mapping[str, str]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def get_column(self, name: str) -> list[str]:
        """Return the cells of a column of the projects."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def read_pb(data: bytes, shown_as: str) -> PbFile:
    """Read a file."""
    if len(data) > MAX_BYTES:
        raise refuse("too_large", shown_as, _("the file is larger than 256 MiB."))
    text, __ = decode_text(data, shown_as, None)
    sections = _split_sections(text.decode().splitlines(), shown_as)
    defects = Defects()
    meta = _parse_meta(sections["META"], shown_as, defects)
    header, rows, lines = _parse_projects(sections["PROJECTS"], shown_as, defects)
    defects.raise_if_any(DataError)
    votes = _parse_rows(sections.get("VOTES", []), shown_as, defects)
    defects.raise_if_any(DataError)
    return _with_votes(PbFile(shown_as, meta, header, rows, lines), votes)


def _split_sections(lines: Sequence[str], shown_as: str) -> dict[str, list[tuple[int, str]]]:
    result: dict[str, list[tuple[int, str]]] = {}
    current: list[tuple[int, str]] | None = None
    for number, text in enumerate(lines, start=1):
        if text.strip() in _SECTIONS:
            current = result.setdefault(text.strip(), [])
        elif current is not None and text.strip():
            current.append((number, text))
        elif text.strip():
            raise _build_pabulib_error(
                shown_as, number, _('"{line}" comes before META.', line=text.strip()[:40])
            )
    missing = [name for name in ("META", "PROJECTS") if name not in result]
    if missing:
        raise _build_pabulib_error(shown_as, 1, _("the section {missing} is missing.", missing=missing[0]))
    return result


def _build_pabulib_error(shown_as: str, number: int, text: Text) -> DataError:
    hint = _("A Pabulib file has the sections META, PROJECTS and VOTES.")
    return DataError([Defect("pabulib", text, (Place(file=shown_as, line=number),), hint)])


def _parse_rows(
    lines: Sequence[tuple[int, str]], shown_as: str, defects: Defects
) -> list[tuple[int, list[str]]]:
    """Return the rows of a section with their lines; rows narrower or wider than the header are defects."""
    rows: list[tuple[int, list[str]]] = []
    for number, line in lines:
        cells = next(csv.reader([line], delimiter=";"))
        if rows and len(cells) != len(rows[0][1]):
            text = _("{n_cells} cells instead of {n_rows}.", n_cells=len(cells), n_rows=len(rows[0][1]))
            defects.add("ragged_row", text, Place(file=shown_as, line=number))
        rows.append((number, [cell.strip() for cell in cells]))
    return rows


def _parse_meta(lines: Sequence[tuple[int, str]], shown_as: str, defects: Defects) -> dict[str, str]:
    meta: dict[str, str] = {}
    for number, line in lines[1:]:
        key, __, value = line.partition(";")
        if key in meta:
            text = _('the key "{key}" appears twice.', key=key)
            defects.add("pabulib", text, Place(file=shown_as, line=number))
        meta[key.strip()] = value.strip().strip('"')
    if "budget" not in meta:
        text = _('META has no "budget".')
        defects.add("pabulib", text, Place(file=shown_as), hint=suggest_name("budget", meta))
    else:
        _check_money(meta["budget"], "budget", Place(file=shown_as), defects)
    return meta


def _check_money(text: str, name: str, place: Place, defects: Defects) -> None:
    try:
        parse_cents(text, ".")
    except MoneyError as error:
        shown, why = text[:40], error.text
        said = _('"{name}": "{shown}": {why}.', name=name, shown=shown, why=why)
        defects.add("money", said, place)


def _parse_projects(
    lines: Sequence[tuple[int, str]], shown_as: str, defects: Defects
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...]]:
    rows = _parse_rows(lines, shown_as, defects)
    header = tuple(rows[0][1]) if rows else ()
    for name in _NEEDED:
        if name not in header:
            text = _('PROJECTS has no column "{name}".', name=name)
            place = Place(file=shown_as, line=rows[0][0] if rows else None)
            defects.add("missing_column", text, place, hint=suggest_name(name, header))
    if len(set(header)) != len(header):
        text = _("a header of PROJECTS appears twice.")
        defects.add("duplicate_header", text, Place(file=shown_as, line=rows[0][0]))
    if len(rows) < 2:
        text = _("PROJECTS has no project.")
        defects.add("empty", text, Place(file=shown_as))
    if not defects.entries:
        for number, row in rows[1:]:
            _check_money(row[header.index("cost")], "cost", Place(file=shown_as, line=number), defects)
    return header, tuple(tuple(row) for __, row in rows[1:]), tuple(number for number, __ in rows[1:])


def _with_votes(pb: PbFile, votes: Sequence[tuple[int, Sequence[str]]]) -> PbFile:
    """Return the file with a column `votes`, counted where it has none."""
    if "votes" in pb.header or not votes or "vote" not in votes[0][1]:
        return pb
    at = list(votes[0][1]).index("vote")
    counted: Counter[str] = Counter(name.strip() for __, row in votes[1:] for name in row[at].split(","))
    rows = tuple(
        (*row, str(counted[project]))
        for row, project in zip(pb.rows, pb.get_column("project_id"), strict=True)
    )
    return PbFile(pb.shown_as, pb.meta, (*pb.header, "votes"), rows, pb.lines)


def build_table(pb: PbFile) -> RawTable:
    """Return the projects as a dossier table.

    Each requests its whole cost, and its score is that of the voters.
    """
    columns: dict[str, list[str]] = {}
    for name in pb.header:
        if not is_personal(name):
            columns[_RENAMED.get(name, name)] = pb.get_column(name)
    columns["requested"] = columns["cost"]
    if "score" not in columns and "votes" in columns:
        columns["score"] = columns["votes"]
    return build_raw_table(pb.shown_as, columns, pb.lines)


def render_scenario(pb: PbFile, file: str, *, extra: Sequence[str] = ()) -> str:
    """Return a scenario that spends the budget of the file on the projects with the most votes, or points."""
    meta = pb.meta
    budget = format_decimal_euros(parse_cents(meta["budget"], "."))
    goal = "score" if {"score", "votes"} & set(pb.header) else "dossiers"
    identity = re.sub(r"[^a-z0-9]+", "-", PurePath(pb.shown_as).stem.lower()).strip("-") or "pabulib"
    unit = meta.get("currency", "EUR")
    note = f"Votes : {meta.get('vote_type', '?')} ; règle de la ville : {meta.get('rule', '?')}."
    if unit != "EUR":
        note += f" Les montants du fichier, en {unit}, sont repris sans conversion, quel que soit le signe montré."
    lines = [
        "schema_version: 1",
        f"id: {json.dumps(identity)}",
        f"title: {_quote_text(meta.get('description') or identity)}",
        f"note: {_quote_text(note)}",
        "source: Pabulib (Faliszewski et al., IJCAI 2023)",
        f"programme: {{id: budget, amount: {_quote_text(budget + ' €')}}}",
        "dossiers:",
        f"  - file: {_quote_text(file)}",
        '    read: {decimal: "."}',
        *extra,
        *_render_eligibility(meta),
        "grants:",
        "  - {mode: all_or_nothing}",
        *_render_rules(pb),
        "objective:",
        f"  - {{maximise: {{{goal}: 1}}}}",
    ]
    return "\n".join(lines) + "\n"


def _render_eligibility(meta: Mapping[str, str]) -> list[str]:
    bounds = [f"{key}: {_quote_text(meta[name] + ' €')}" for name, key in
              (("min_project_cost", "min"), ("max_project_cost", "max")) if meta.get(name)]  # fmt: skip
    if not bounds:
        return []
    return ["eligibility:", f"  - {{id: cout, require: {{cost: {{{', '.join(bounds)}}}}}}}"]


def _render_rules(pb: PbFile) -> list[str]:
    """Return limits by category; only reported where the city spends the remainder without them."""
    names, amounts = (pb.meta.get(key, "").split(",") for key in ("categories", "budget_per_category"))
    if "category" not in pb.header or len(names) != len(amounts) or not names[0]:
        return []
    loose = ", report: true" if pb.meta.get("leftover_budget") else ""
    lines = ["rules:"]
    for k, (name, money) in enumerate(zip(names, amounts, strict=True), start=1):
        where = f"{{category: {_quote_text(name.strip())}}}"
        what = f"kind: limit, measure: granted, where: {where}, max: {_quote_text(money.strip() + ' €')}"
        lines.append(f"  - {{id: categorie-{k}, {what}{loose}}}")
    return lines


def _quote_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
