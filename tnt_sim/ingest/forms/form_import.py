"""Import of one file: recognise its layout, map its fields, clean its cells, check its quality.

Changes of a form between the mapping that was written for it and a later export of it.

A field is found again by its id, else by its label. For a lost field the new one that likely replaces it is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind, get_table_column
from tnt_sim.errors import DataError, Defect, find_nearest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.forms.cleaning import Cleaned, read_fields, split_requests
from tnt_sim.ingest.forms.form_table import FormField, FormTable, build_reporter
from tnt_sim.ingest.forms.layouts import Layout
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, Control, FormMapping, MappedField
from tnt_sim.ingest.forms.mapping_guess import (
    apply_chosen_columns,
    guess_mapping,
    has_fitting_cells,
    list_fields,
)
from tnt_sim.ingest.portfolio_reader import LABEL
from tnt_sim.ingest.quality.checks import Quality, check_quality
from tnt_sim.ingest.quality.findings import build_findings, build_table_finding, format_euros
from tnt_sim.ingest.tables.headers import SYNONYMS, Resolved, check_marks, derive_names
from tnt_sim.ingest.tables.raw_table import format_letters

_FEWEST = 2

_KIND = {
    "text": _("text"), "number": _("number"), "date": _("date"),
    "flag": _("yes or no"), "choice": _("choice"),
}  # fmt: skip

_ALIKE = ({"text", "choice"}, {"text", "choice", "flag"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs from the mapping.

    `what` is ``added``, ``removed``, ``renamed``, ``moved``, ``kind`` or ``repeated``; `column` is the
    column that it fills, "" for none.
    """

    what: str
    label: str
    column: str
    text: Text


def compare_forms(mapping: FormMapping, table: FormTable) -> tuple[FieldChange, ...]:
    """Return the changes between the form of the mapping and that of the file.

    A mapping without `fields` has none.
    """
    if not mapping.fields:
        return ()
    return tuple(_iterate_changes(mapping, table))


def _iterate_changes(mapping: FormMapping, table: FormTable) -> Iterator[FieldChange]:
    filled = {label: name for name, __, label in mapping.list_sources()} | {
        source.from_: name for name, source in mapping.keep.items()
    }
    pairs = _match_fields(mapping.fields, table.fields)
    taken = {one.name for one in pairs.values()}
    for known in mapping.fields:
        column, entry = filled.get(known.label, ""), pairs.get(known.label)
        if entry is None:
            yield _build_removal(
                known.label, column, _find_successor(known.label, column, mapping, table, taken)
            )
        elif entry.name != known.label:
            yield FieldChange(
                "renamed",
                known.label,
                column,
                _(
                    '"{label}" is now called "{entry_name}" (the same field).',
                    label=known.label,
                    entry_name=entry.name,
                ),
            )
        if entry is not None and _has_other_kind(known, entry):
            was, now = _KIND[known.kind], _KIND[entry.kind]
            yield FieldChange(
                "kind",
                known.label,
                column,
                _(
                    '"{label}" was of the kind "{was}", it is of the kind "{now}".',
                    label=known.label,
                    was=was,
                    now=now,
                ),
            )
    for entry in table.fields:
        if entry.name not in taken:
            yield FieldChange(
                "added", entry.name, "", _('"{entry_name}" is new: it is not taken.', entry_name=entry.name)
            )
    yield from _detect_reordering(mapping.fields, table.fields, pairs)


def _match_fields(known: tuple[MappedField, ...], fields: tuple[FormField, ...]) -> dict[str, FormField]:
    """Return the field of the file for each known label: by id, else by label."""
    by_id = {one.id: one for one in fields if one.id}
    by_name = {one.name: one for one in fields}
    pairs = {}
    for entry in known:
        found = by_id.get(entry.id) or by_name.get(entry.label)
        if found is not None:
            pairs[entry.label] = found
    return pairs


def _find_successor(
    label: str, column: str, mapping: FormMapping, table: FormTable, taken: Collection[str]
) -> str | None:
    """Return the new field that likely replaces a lost one, None where none does.

    It has a usual label of the column, else a label spelt alike, else the place of the lost field and cells
    of its kind.
    """
    fresh = [one for one in table.fields if one.name not in taken]
    usual = {*SYNONYMS.get(column, ())}
    for one in fresh:
        if usual & {*derive_names(one.label)} and has_fitting_cells(column, one):
            return one.name
    near = find_nearest_name(label, [one.name for one in fresh])
    return near or _find_between(label, mapping.fields, table, fresh)


def _find_between(
    label: str, known: tuple[MappedField, ...], table: FormTable, fresh: Sequence[FormField]
) -> str | None:
    """Return the only new field behind the one that the lost field stood behind, if its cells are of its kind."""
    pairs = _match_fields(known, table.fields)
    behind = _list_behind([(one.label, pairs[one.label].name if one.label in pairs else "") for one in known])
    here = {one.name for one in pairs.values()}
    now = _list_behind([(one.name, one.name if one.name in here else "") for one in table.fields])
    lost = next((one for one in known if one.label == label and label not in pairs), None)
    inside = [one for one in fresh if lost is not None and now.get(one.name) == behind[label]]
    alone = list(behind.values()).count(behind.get(label, "")) == 1
    if lost is None or len(inside) != 1 or not alone or _has_other_kind(lost, inside[0]):
        return None
    return inside[0].name


def _list_behind(fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return for each field that has no partner the partner of the last field before it that has one, else ""."""
    result, last = {}, ""
    for name, partner in fields:
        if partner:
            last = partner
        else:
            result[name] = last
    return result


def _build_removal(label: str, column: str, near: str | None) -> FieldChange:
    text = _('"{label}" is no longer in the export.', label=label)
    if near:
        text = _('"{label}" is no longer in the export. Perhaps "{near}"?', label=label, near=near)
    return FieldChange("removed", label, column, text)


def _has_other_kind(known: MappedField, field_: FormField) -> bool:
    """Return whether the cells changed kind; choices and text vary by chance, and empty cells say nothing."""
    if known.kind == field_.kind or not field_.column.select_filled().any():
        return False
    return not any({known.kind, field_.kind} <= alike for alike in _ALIKE)


def _detect_reordering(
    known: tuple[MappedField, ...], fields: tuple[FormField, ...], pairs: Mapping[str, FormField]
) -> Iterator[FieldChange]:
    """Yield one change when fields are in another order; fields are found by name, so nothing is lost."""
    before = [pairs[one.label].name for one in known if one.label in pairs]
    place = {one.name: k for k, one in enumerate(fields)}
    order = [place[name] for name in before]
    n_moved = sum(later < earlier for earlier, later in pairwise(order))
    if n_moved:
        first = next(b for a, b in pairwise(before) if place[b] < place[a])
        yield FieldChange(
            "moved",
            first,
            "",
            _('Columns have moved (from "{first}" on); they are read by their names.', first=first),
        )


def check_columns(mapping: FormMapping, table: FormTable, changes: tuple[FieldChange, ...]) -> None:
    """Refuse a file that lacks mapped fields, or that is of another form."""
    by_id = {one.id for one in table.fields if one.id}
    names = [one.name for one in table.fields]
    known = {one.label for one in mapping.fields}
    # A kept column may disappear with its form: `compare_forms` reports that as a change.
    kept = [(name, one.id, one.from_) for name, one in mapping.keep.items() if one.from_ not in known]
    sources = [*mapping.list_sources(), *kept]
    lost = [
        (name, label) for name, field_id, label in sources if label not in names and field_id not in by_id
    ]
    if not lost:
        return
    here = len(sources) - len(lost)
    if len(lost) > here and len(lost) >= _FEWEST:
        raise DataError([_build_form_defect(table, len(sources), here)])
    used = {label for __, __, label in sources}
    taken = used | {one.name for one in _match_fields(mapping.fields, table.fields).values()}
    renamed = {change.label: change for change in changes if change.what == "removed"}
    defects = []
    for name, label in lost:
        near = _find_successor(label, name, mapping, table, taken)
        text = _(
            'the field "{label}", expected for "{name}", is no longer in the export.', label=label, name=name
        )
        hint = (
            _('Put "{near}" in its place in mapping.yaml.', near=near)
            if near
            else _('Correct "from" in mapping.yaml, or remove the line.')
        )
        code = "field_removed" if label in renamed else "field_unknown"
        defects.append(Defect(code, text, (table.get_place(),), hint))
    raise DataError(defects)


def _build_form_defect(table: FormTable, wanted: int, here: int) -> Defect:
    text = _(
        "this is not an export of that form: {here} of the {wanted} fields of mapping.yaml are in it.",
        here=here,
        wanted=wanted,
    )
    hint = _("Give the right file, or another --out to make the mapping of this form.")
    return Defect("other_form", text, (table.get_place(),), hint)


TOTAL = "Total"

_SEPARATORS = ("-", "/", "#", "~")


@dataclass(frozen=True, eq=False)
class Imported:
    """Result of an import.

    Attributes
    ----------
    table : the canonical columns that the form fills, the kept columns, and `source_row`
    quality : the findings, whose index is the row of `table`
    form : the form restricted to the rows of `table`
    cells : spreadsheet letters by column, where the file has cells
    mapping : the mapping used, guessed when none was given
    guessed : whether the mapping was guessed
    changes : changes of the form since the mapping was written
    excluded : number of rows set aside, by reason
    n_read : rows of the file
    """

    table: pl.DataFrame
    quality: Quality
    form: FormTable
    cells: Mapping[str, str]
    mapping: FormMapping
    guessed: bool
    changes: tuple[FieldChange, ...]
    excluded: Mapping[str, int]
    n_read: int


def import_form(
    form: FormTable,
    layout: Layout,
    mapping: FormMapping | None = None,
    *,
    control: Control = Control(),
    constants: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "Europe/Paris",
    likeness: bool = True,
) -> Imported:
    """Map, clean and check the rows of a form.

    `columns` gives fields of canonical columns and overrides the mapping.
    """
    _refuse_empty(form)
    guessed = mapping is None
    if mapping is None:
        mapping = guess_mapping(form, layout)
    mapping = _with(mapping, control, constants or {})
    if columns:
        mapping = apply_chosen_columns(mapping, form, columns)
    changes = compare_forms(mapping, form)
    check_columns(mapping, form, changes)
    if "dossier" not in mapping.columns:
        raise DataError([_build_number_defect(form)])
    _refuse_formulas(form, mapping)
    retained, excluded, totals = _select_rows(form, mapping)
    _refuse_empty(retained)
    done = read_fields(retained, mapping, timezone)
    pieces = [*done.findings, *_check_controls(done, mapping, totals, len(form) - _count_totals(excluded))]
    table, more = _build_table(done, mapping)
    quality = check_quality(
        table.drop(SOURCE_ROW), timezone=timezone, map_year=int(mapping.map_year), rate_cap=mapping.rate_cap,
        likeness=likeness, variants=tuple(mapping.keep), earlier=(*pieces, *more),
    )  # fmt: skip
    return Imported(
        table, quality, retained, _map_column_letters(done), mapping, guessed, changes, excluded, len(form)
    )


def _with(mapping: FormMapping, control: Control, constants: Mapping[str, str]) -> FormMapping:
    written = control.model_dump(exclude_none=True)
    update: dict[str, object] = {"constants": {**mapping.constants, **constants}}
    if written:
        update["control"] = mapping.control.model_copy(update=written)
    columns = {name: one for name, one in mapping.columns.items() if name not in constants}
    return mapping.model_copy(update={**update, "columns": columns})


def update_mapping(imported: Imported) -> FormMapping:
    """Return the mapping with the form as it is now, for the next export."""
    now = imported.form
    by_id = {one.id: one for one in now.fields if one.id}
    revision = now.revision or imported.mapping.revision
    update: dict[str, object] = {"fields": list_fields(now), "revision": revision}
    for key in ("columns", "keep"):
        update[key] = {
            name: source.model_copy(update={"from_": by_id[source.id].name}) if source.id in by_id else source
            for name, source in getattr(imported.mapping, key).items()
        }
    return imported.mapping.model_copy(update=update)


def _refuse_empty(form: FormTable) -> None:
    if len(form):
        return
    text = _("the export has no application.")
    hint = _("Check the export's filter, or the sheet.")
    raise DataError([Defect("empty", text, (form.get_place(),), hint)])


def _build_number_defect(form: FormTable) -> Defect:
    labels = ", ".join(one.name for one in form.fields[:12]) + (", …" if len(form.fields) > 12 else ".")
    some = form.fields[min(1, len(form.fields) - 1)].name
    text = _("no field seems to hold the application's number.")
    hint = _(
        'Say which, for example --column dossier="{some}", or name one of them "dossier". Fields '
        "read: {labels}",
        some=some,
        labels=labels,
    )
    return Defect("no_number", text, (form.get_place(),), hint)


def _refuse_formulas(form: FormTable, mapping: FormMapping) -> None:
    """Refuse formulas in amounts and error cells in mapped columns, with their cells."""
    by_name = form.map_by_name()
    mapped = {name: by_name[source.from_].column for name, source in mapping.columns.items()
              if source.from_ in by_name}  # fmt: skip
    report = build_reporter(form)
    header = int(form.raw.rows[0]) - 1 if len(form) else 1
    check_marks(Resolved(mapped, frozenset(), ()), form.raw.marks, header, report)
    report.defects.raise_if_any(DataError)


def _select_rows(form: FormTable, mapping: FormMapping) -> tuple[FormTable, dict[str, int], dict[str, int]]:
    """Return the rows to keep, why others are not kept, and the totals that the file gives, in cents."""
    by_name, n = form.map_by_name(), len(form)
    keep = pl.Series([True]).new_from_index(0, n)
    excluded: dict[str, int] = {}
    for name, values in mapping.exclude.items():
        if name in by_name:
            out = by_name[name].text.is_in(list(values)) & keep
            if out.any():
                excluded[f"{name} : {', '.join(values)}"] = int(out.sum())
                keep = keep & ~out
    number = by_name.get(mapping.columns["dossier"].from_)
    totals: dict[str, int] = {}
    if number is not None:
        total = _select_totals(form, number.text) & keep
        if total.any():
            excluded[TOTAL] = int(total.sum())
            totals = _read_totals(form.keep_rows(total), mapping)
            keep = keep & ~total
        if mapping.duplicates == "last":
            text = number.text
            earlier = keep & ~(text.set(~keep, "").is_last_distinct()) & (text != "")
            if earlier.any():
                excluded["duplicates: last"] = int(earlier.sum())
                keep = keep & ~earlier
    return (form if keep.all() else form.keep_rows(keep)), excluded, totals


def _count_totals(excluded: Mapping[str, int]) -> int:
    return excluded.get(TOTAL, 0)


def _select_totals(form: FormTable, numbers: pl.Series) -> pl.Series:
    """Return the rows that are totals at the foot of the sheet.

    They are named so in place of a number, or beside an empty one.
    """
    named = numbers.str.contains(LABEL)
    if len(numbers) > 2 and numbers[-1] == "":
        last = any(bool(one.text.tail(1).str.contains(LABEL)[0]) for one in form.fields)
        named = named.scatter([len(numbers) - 1], [last or bool(named[-1])])
    return named


def _read_totals(rows: FormTable, mapping: FormMapping) -> dict[str, int]:
    done = read_fields(rows, mapping.model_copy(update={"zero_is_empty": ()}), "UTC")
    return {
        name: int(values[-1])
        for name in mapping.columns
        if CANONICAL[name] is ColumnKind.MONEY
        and (values := done.columns.get(get_table_column(name))) is not None
        and values[-1] is not None
    }


def _check_controls(
    done: Cleaned, mapping: FormMapping, totals: Mapping[str, int], n_rows: int
) -> list[pl.DataFrame]:
    """Compare row counts and sums with those announced by the planner or at the foot of the sheet."""
    pieces = []
    if mapping.control.rows is not None and mapping.control.rows != n_rows:
        pieces.append(build_table_finding("control_rows", "dossier", str(n_rows), str(mapping.control.rows)))
    wanted = dict(totals)
    if mapping.control.requested is not None:
        wanted["requested"] = mapping.control.requested
    for name, cents in wanted.items():
        values = done.columns.get(get_table_column(name))
        total = sum(values.drop_nulls().to_list()) if values is not None else 0
        if total != cents:
            shown = format_euros(pl.Series([total, cents], dtype=pl.Int64))
            pieces.append(build_table_finding("control_total", name, shown[0], shown[1]))
    return pieces


def _build_table(done: Cleaned, mapping: FormMapping) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return the columns in canonical order, with numbers made unique where the mapping says so."""
    numbers = done.columns["dossier"]
    rows = done.table.raw.rows
    later = numbers.is_duplicated() & ~numbers.is_first_distinct() & (numbers != "")
    pieces = []
    if later.any():
        first = pl.DataFrame({"n": numbers, "row": rows}).select(pl.col("row").first().over("n")).to_series()
        code = "renumbered" if mapping.duplicates == "number" else "duplicate_number"
        pieces.append(build_findings(code, later, "dossier", numbers, first.cast(pl.String)))
        if mapping.duplicates == "number":
            done.columns.setdefault("project", numbers)
            done.columns["dossier"] = _renumber_duplicates(numbers, later)
    order = [*(get_table_column(name) for name in CANONICAL), *mapping.keep, SOURCE_ROW]
    done.columns[SOURCE_ROW] = rows
    table = pl.DataFrame([done.columns[name].alias(name) for name in order if name in done.columns])
    if done.requests and "requested_cents" in table.columns:
        table, odd = split_requests(table, done.requests)
        pieces.append(odd)
    return table.select(name for name in order if name in table.columns), pieces


def _renumber_duplicates(numbers: pl.Series, later: pl.Series) -> pl.Series:
    """Number repeated dossiers: « 12487592 », « 12487592-2 », « 12487592-3 ».

    Another sign is used where that number exists.
    """
    place = (
        pl.DataFrame({"n": numbers}).select((pl.col("n").cum_count().over("n")).cast(pl.String)).to_series()
    )
    taken = set(numbers.unique().to_list())
    created = numbers
    for sign in _SEPARATORS:
        created = (numbers + sign + place).zip_with(later, numbers)
        if not taken & set(created.filter(later).to_list()):
            break
    return created


def _map_column_letters(done: Cleaned) -> dict[str, str]:
    """Return the spreadsheet letters of each column; none for a column of a further sheet."""
    if not done.table.raw.cells:
        return {}
    places = done.places.items()
    return {name: format_letters(one.column.position) for name, one in places if one.column.position >= 0}
