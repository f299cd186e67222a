"""Conversion of form fields to canonical columns by a mapping; every odd cell becomes a finding.

A dossier that asks several funds becomes one row per fund, all requests of one project, when the form gives
the parts: « Montant de l'aide demandée » = « dont DETR » + « dont DSIL ».
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind, get_table_column
from tnt_sim.ingest.forms.form_table import FormField, FormTable, build_reporter
from tnt_sim.ingest.forms.layouts import WORDS
from tnt_sim.ingest.forms.mapping import FormMapping
from tnt_sim.ingest.quality.findings import build_empty_table, build_findings, format_euros
from tnt_sim.ingest.tables import cell_types
from tnt_sim.ingest.tables.cell_types import read_decimal
from tnt_sim.ingest.tables.date_cells import read_when, with_french_days
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.money_cells import read_money
from tnt_sim.ingest.tables.personal_data import E_MAIL
from tnt_sim.ingest.tables.raw_table import SPACES, ReadOptions, Rounding

_EXPECTED = {
    ColumnKind.MONEY: "un montant", ColumnKind.DECIMAL: "un nombre", ColumnKind.INTEGER: "un nombre",
    ColumnKind.WHEN: "une date",
}  # fmt: skip
_ERROR = r"^#(?:DIV/0 ?!|N/A|NAME\?|NOM ?\?|NULL!|NUM!|NOMBRE ?!|REF!|VALUE!|VALEUR ?!)$"


@dataclass(eq=False)
class Cleaned:
    """The canonical columns of the rows kept, and the findings.

    Attributes
    ----------
    table : the form
    columns : by name in the table (money X is ``X_cents``), kept columns after the canonical ones
    places : the field behind each canonical and kept column
    requests : cents requested from each fund, where a dossier asks several
    parts : findings, whose index is the row of `table`
    """

    table: FormTable
    columns: dict[str, pl.Series] = field(default_factory=dict)
    places: dict[str, FormField] = field(default_factory=dict)
    requests: dict[str, pl.Series] = field(default_factory=dict)
    findings: list[pl.DataFrame] = field(default_factory=list)


def read_fields(table: FormTable, mapping: FormMapping, timezone: str) -> Cleaned:
    """Read every mapped field of a form; `table` contains only the rows to keep."""
    done = Cleaned(table)
    by_name, by_id = table.map_by_name(), {one.id: one for one in table.fields if one.id}
    options = ReadOptions(decimal=mapping.decimal, rounding=Rounding.NEAREST)
    for name, source in mapping.columns.items():
        field_ = by_id.get(source.id) or by_name.get(source.from_)
        if field_ is not None:
            done.places[name] = field_
            done.columns[get_table_column(name)] = _read_canonical(
                done, name, field_, mapping, options, timezone
            )
    for name, source in mapping.columns.items():
        if source.plus and get_table_column(name) in done.columns and CANONICAL[name] is ColumnKind.MONEY:
            more = [by_name[label] for label in source.plus if label in by_name]
            _add(done, name, more, mapping, options)
    for name, source in mapping.requests.items():
        field_ = by_id.get(source.id) or by_name.get(source.from_)
        if field_ is not None:
            done.requests[name] = _read_money(done, "requested", field_, options, zero=False)
    for name, value in mapping.constants.items():
        done.columns[name] = pl.Series(name, [value], dtype=pl.String).new_from_index(0, len(table))
    _without_persons(done)
    for name, source in mapping.keep.items():
        field_ = by_id.get(source.id) or by_name.get(source.from_)
        if field_ is not None:
            done.places[name] = field_
            done.columns[name] = _read_further(done, name, field_, mapping)
    return done


def _add(
    done: Cleaned, name: str, more: Sequence[FormField], mapping: FormMapping, options: ReadOptions
) -> None:
    """Add further fields to a money column; a row empty in all of them stays empty."""
    zero = name in mapping.zero_is_empty
    terms = [done.columns[get_table_column(name)]]
    terms += [_read_money(done, name, one, options, zero=zero) for one in more]
    summed = pl.DataFrame([term.alias(str(k)) for k, term in enumerate(terms)])
    filled = summed.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    done.columns[get_table_column(name)] = summed.sum_horizontal().set(~filled, None)


def _read_canonical(
    done: Cleaned, name: str, field_: FormField, mapping: FormMapping, options: ReadOptions, timezone: str
) -> pl.Series:
    field_ = _clear_null_cells(done, name, field_, mapping)
    match CANONICAL[name]:
        case ColumnKind.MONEY:
            return _read_money(done, name, field_, options, zero=name in mapping.zero_is_empty)
        case ColumnKind.DECIMAL | ColumnKind.INTEGER:
            return _read_number(done, name, field_, options, zero=name in mapping.zero_is_empty)
        case ColumnKind.WHEN:
            return _read_when(done, name, field_, timezone)
        case ColumnKind.LIST:
            return _read_list(field_)
        case ColumnKind.CODE:
            return _read_code(done, name, field_, mapping)
        case ColumnKind.TEXT:
            return _mask_emails(done, name, field_.text)


def _clear_null_cells(done: Cleaned, name: str, field_: FormField, mapping: FormMapping) -> FormField:
    """Return the field without cells that mean nothing and without spreadsheet errors, which are reported."""
    text = field_.column.text
    errors = text.str.contains(_ERROR).fill_null(value=False)
    if errors.any():
        done.findings.append(build_findings("error_cell", errors, name, text))
    void = errors | text.is_in(list(mapping.empty)).fill_null(value=False) if mapping.empty else errors
    if not void.any():
        return field_
    return replace(field_, column=replace(field_.column, text=text.set(void, "")))


def _record_unreadable(done: Cleaned, name: str, field_: FormField, values: pl.Series) -> None:
    bad = field_.column.select_filled() & values.is_null()
    if bad.any():
        done.findings.append(build_findings("unreadable", bad, name, field_.text, _EXPECTED[CANONICAL[name]]))


def _read_money(
    done: Cleaned, name: str, field_: FormField, options: ReadOptions, *, zero: bool
) -> pl.Series:
    column = field_.column
    cents = read_money(column, name, build_reporter(done.table), options)
    _record_unreadable(done, name, field_, cents)
    if not _has_whole_cents(field_):
        strict = read_money(column, name, build_reporter(done.table), ReadOptions(decimal=options.decimal))
        rounded = strict.is_null() & cents.is_not_null()
        done.findings.append(build_findings("rounded", rounded, name, field_.text, format_euros(cents)))
    negative = (cents < 0).fill_null(value=False)
    if negative.any():
        done.findings.append(build_findings("negative", negative, name, format_euros(cents)))
        cents = cents.set(negative, None)
    return _clear_zeros(done, name, cents) if zero else cents


def _has_whole_cents(field_: FormField) -> bool:
    """Return whether no cell can have more than two decimals, so that nothing is rounded."""
    column = field_.column
    if column.numbers is not None:
        scaled = column.numbers * 100
        if ((scaled - scaled.round()).abs() > 1e-7 * (1 + scaled.abs())).any():
            return False
    return not column.text.str.contains(rf"[.,][0-9{SPACES}]{{3,}}").any()


def _clear_zeros(done: Cleaned, name: str, values: pl.Series) -> pl.Series:
    zero = (values == 0).fill_null(value=False)
    if not zero.any():
        return values
    done.findings.append(build_findings("zero_as_empty", zero, name, "0"))
    return values.set(zero, None)


def _read_number(
    done: Cleaned, name: str, field_: FormField, options: ReadOptions, *, zero: bool
) -> pl.Series:
    numbers = read_decimal(field_.column, name, build_reporter(done.table), options)
    if CANONICAL[name] is ColumnKind.INTEGER:
        whole = ((numbers >= 0) & (numbers % 1 == 0)).fill_null(value=False)
        numbers = numbers.set(~whole, None).cast(pl.Int64)
    _record_unreadable(done, name, field_, numbers)
    return _clear_zeros(done, name, numbers) if zero else numbers


def _read_when(done: Cleaned, name: str, field_: FormField, timezone: str) -> pl.Series:
    column = with_french_days(field_.column)
    when = read_when(column, name, build_reporter(done.table), timezone)
    _record_unreadable(done, name, field_, when)
    return when


def _read_list(field_: FormField) -> pl.Series:
    items = field_.text.str.split(";")
    element = pl.element().str.strip_chars(SPACES)
    return items.list.eval(element.filter(element != "")).list.unique(maintain_order=True)


def _read_code(done: Cleaned, name: str, field_: FormField, mapping: FormMapping) -> pl.Series:
    text = field_.text
    if name in FIXED_VALUES:
        return _read_fixed_values(done, name, text, mapping.values.get(name, {}))
    read = cell_types.read(name, text, int(mapping.map_year))
    if read is not text:
        done.findings.append(
            build_findings("code_repaired", cell_types.select_repaired(text, read), name, text, read)
        )
    given = mapping.values.get(name)
    return read.replace(dict(given)) if given else read


def _read_fixed_values(done: Cleaned, name: str, text: pl.Series, labels: Mapping[str, str]) -> pl.Series:
    """Return the fixed values of a column: by the mapping, else as forms usually write them.

    Others are reported and kept.
    """
    words, valid = WORDS[name], FIXED_VALUES[name]
    learnt = {}
    for value in text.unique():
        said = labels.get(value) or (value if value in valid else words.get(normalise_header(value), ""))
        if said in valid:
            learnt[value] = said
    unknown = ~text.is_in([*learnt, ""])
    if unknown.any():
        done.findings.append(build_findings("unknown_value", unknown, name, text))
    return text.replace(learnt) if learnt else text


def _read_further(done: Cleaned, name: str, field_: FormField, mapping: FormMapping) -> pl.Series:
    field_ = _clear_null_cells(done, name, field_, mapping)
    given = mapping.values.get(name)
    text = _mask_emails(done, name, field_.text) if not field_.person else field_.text
    return text.replace(dict(given)) if given else text


def _mask_emails(done: Cleaned, name: str, text: pl.Series) -> pl.Series:
    """Return a text with e-mail addresses masked."""
    held = text.str.contains(E_MAIL)
    if not held.any():
        return text
    done.findings.append(build_findings("masked", held, name))
    return text.str.replace_all(E_MAIL, "…@…")


def _without_persons(done: Cleaned) -> None:
    """Remove the name and number of applicants that are natural persons, as the file says."""
    marks: list[pl.Series] = []
    for field_ in done.table.fields:
        label = normalise_header(field_.label)
        if label == "personne physique":
            marks.append(field_.text.is_in(["true", "Oui", "oui"]))
        elif label == "entreprise forme juridique code":
            marks.append(field_.text.str.starts_with("1"))
    mask = _combine_marks(marks)
    if mask is None or not mask.any():
        return
    done.findings.append(build_findings("person", mask, "applicant"))
    for name in ("applicant", "applicant_id"):
        if name in done.columns:
            done.columns[name] = done.columns[name].set(mask, "")


def _combine_marks(marks: Sequence[pl.Series]) -> pl.Series | None:
    result: pl.Series | None = None
    for mark in marks:
        result = mark if result is None else result | mark
    return result


_SEPARATOR = "-"


def split_requests(
    table: pl.DataFrame, columns: Mapping[str, pl.Series]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the table with one row per fund that a dossier asks, further rows at its end, and the findings.

    Parameters
    ----------
    table : dossier and the other columns; `requested_cents` is the sum over all funds
    parts : by envelope, the cents requested from it; null or 0 for nothing
    """
    requested = pl.DataFrame({name: cents.fill_null(0) for name, cents in columns.items()})
    total = requested.sum_horizontal()
    some = total > 0
    if not some.any():
        return table, build_empty_table()
    off = some & (total != table["requested_cents"])
    findings = build_findings(
        "split_total", off, "requested", format_euros(table["requested_cents"]), format_euros(total)
    )
    numbers = table["dossier"]
    project = table["project"] if "project" in table.columns else numbers
    base = table.with_columns(project.alias("project"))
    place = pl.Series("_at", range(table.height), dtype=pl.Int64)
    rows = [base.with_columns(place).filter(~some)]
    first = pl.Series("taken", [False]).new_from_index(0, table.height)
    for name, cents in zip(requested.columns, requested.iter_columns(), strict=True):
        own_rows = cents > 0
        if not own_rows.any():
            continue
        again = own_rows & first
        number = (numbers + _SEPARATOR + name.lower()).zip_with(again, numbers)
        own = base.with_columns(
            number.alias("dossier"), pl.lit(name).alias("envelope"), cents.alias("requested_cents")
        )
        later = place.zip_with(~again, place + table.height)
        rows.append(own.with_columns(later.alias("_at")).filter(own_rows))
        first = first | own_rows
    whole = pl.concat(rows, how="diagonal_relaxed").sort("_at", maintain_order=True).drop("_at")
    return whole, findings
