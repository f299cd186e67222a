"""The fields of a form before any meaning is given to them: label, kind, cells and position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from tnt_sim.characters import drop_unseen
from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.ingest.tables.cell_types import read_text
from tnt_sim.ingest.tables.personal_data import E_MAIL, find_personal_labels
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, Reporter, format_letters

type FieldKind = Literal["text", "number", "date", "flag", "choice"]
_SOME, _SOME_OF = 2_000, 4
_NUMBER = r"^-?[0-9][0-9 \u00a0\u202f.,]*(?:\s*(?:€|%|k€|M€))?$"
_DATE = r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4})"
_FLAGS = ("oui", "non", "on", "off", "true", "false", "vrai", "faux")
_TELEPHONE = r"^(?:\+33 ?|0)[1-9](?:[ .]?[0-9]{2}){4}$"
_MOST_CHOICES, _LONGEST_CHOICE = 40, 120


@dataclass(frozen=True, eq=False)
class FormField:
    """One field of a form as a column of a file.

    Attributes
    ----------
    name : label, numbered when repeated: « Nom », « Nom (2) »
    label : label as in the form
    id : the form's own id of the field, which survives a change of label; "" without one
    kind : what its cells look like
    person : whether it identifies a natural person
    column : the cells
    """

    name: str
    label: str
    column: RawColumn
    kind: FieldKind = "text"
    id: str = ""
    person: bool = False

    @property
    def text(self) -> pl.Series:
        """Every cell as text, "" where it is empty."""
        return read_text(self.column)


@dataclass(frozen=True, eq=False)
class FormTable:
    """The rows of a file by the fields of its form.

    Attributes
    ----------
    raw : the cells as read
    fields : the fields in the order of the file
    sha256 : hash of the file
    form, revision : what the file says of its form; "" where it says nothing
    notes : notices about the file as a whole
    """

    raw: RawTable
    fields: tuple[FormField, ...]
    sha256: str
    form: str = ""
    revision: str = ""
    notes: tuple[Defect, ...] = ()

    def __len__(self) -> int:
        return len(self.raw.rows)

    def map_by_name(self) -> dict[str, FormField]:
        """Return the fields by their numbered labels."""
        return {one.name: one for one in self.fields}

    def get_place(self) -> Place:
        """Return the place of the file and of its sheet."""
        return Place(file=self.raw.shown_as, sheet=self.raw.sheet)

    def with_fields(self, more: Sequence[FormField]) -> FormTable:
        """Return the same rows with further fields, renamed where a label is taken."""
        both = [*self.fields, *more]
        names = make_labels_unique(one.label for one in both)
        return replace(
            self, fields=tuple(replace(one, name=name) for one, name in zip(both, names, strict=True))
        )

    def keep_rows(self, mask: pl.Series) -> FormTable:
        """Return the rows where a Boolean series is True."""
        raw = replace(
            self.raw,
            rows=self.raw.rows.filter(mask),
            columns=tuple(filter_column(column, mask) for column in self.raw.columns),
        )
        fields = tuple(replace(one, column=filter_column(one.column, mask)) for one in self.fields)
        return replace(self, raw=raw, fields=fields)


def filter_column(column: RawColumn, mask: pl.Series) -> RawColumn:
    """Return a column restricted to the rows where a Boolean series is True."""
    kinds = ("text", "numbers", "moments", "days", "odd", "typed")
    cut = {kind: one.filter(mask) for kind in kinds if (one := getattr(column, kind)) is not None}
    return replace(column, **cut)


def sanitise_label(text: str) -> str:
    """Return a label on one line, without invisible characters."""
    return " ".join(drop_unseen(text, " ").split())


def make_labels_unique(labels: Iterable[str]) -> list[str]:
    """Make labels unique: the second « Nom » is « Nom (2) ».

    >>> make_labels_unique(["Nom", "Nom", "Date"])
    ['Nom', 'Nom (2)', 'Date']
    """
    all_items = list(labels)
    taken = set(all_items)
    earlier: Counter[str] = Counter()
    names = []
    for label in all_items:
        earlier[label] += 1
        name, k = label, earlier[label]
        if k > 1:
            name = f"{label} ({k})"
            while name in taken:
                k += 1
                name = f"{label} ({k})"
            earlier[label] = k
            taken.add(name)
        names.append(name)
    return names


def build_form(raw: RawTable, sha256: str, notes: Sequence[Defect] = ()) -> FormTable:
    """Return the fields of a sheet by its header row; columns without header and cells are dropped."""
    retained = [
        convert_to_euros(column) for column in raw.columns if column.header or column.select_filled().any()
    ]
    labels = [
        sanitise_label(column.header) or f"Colonne {format_letters(column.position)}" for column in retained
    ]
    persons = find_personal_labels(labels)
    fields = tuple(
        FormField(name, label, column, infer_kind(column), person=label in persons or _has_addresses(column))
        for name, label, column in zip(make_labels_unique(labels), labels, retained, strict=True)
    )
    return FormTable(raw, fields, sha256, notes=(*raw.warnings, *notes))


def convert_to_euros(column: RawColumn) -> RawColumn:
    """Return a typed column of cents, ``cost_cents``, as the money column in euros; other columns unchanged."""
    name = column.header.removesuffix("_cents")
    money = name != column.header and CANONICAL.get(name) is ColumnKind.MONEY
    if not money or column.typed is None or not column.typed.dtype.is_integer():
        return column
    euros = column.typed.cast(pl.Decimal(38, 2)) / pl.Series([100], dtype=pl.Decimal(38, 2))
    return replace(column, header=name, typed=euros.cast(pl.Decimal(38, 2)))


def _has_addresses(column: RawColumn) -> bool:
    """Return whether many cells contain an e-mail address or a telephone number."""
    text = column.text.drop_nulls()
    filled = text.filter(text != "").head(_SOME)
    if not len(filled):
        return False
    return int(filled.str.contains(f"{E_MAIL}|{_TELEPHONE}").sum()) * _SOME_OF > len(filled)


def infer_kind(column: RawColumn) -> FieldKind:
    """Return what the cells of a column look like."""
    if column.typed is not None:
        return _infer_type_kind(column.typed.dtype)
    if column.moments is not None:
        return "date"
    if column.numbers is not None and column.numbers.null_count() < len(column.numbers):
        return "number"
    text = column.text.drop_nulls()
    filled = text.filter(text != "").head(_SOME)
    if not len(filled):
        return "text"
    values = filled.unique()
    if values.str.to_lowercase().is_in(_FLAGS).all():
        return "flag"
    if values.str.contains(_NUMBER).all():
        return "number"
    if values.str.contains(_DATE).all():
        return "date"
    few = len(values) <= min(_MOST_CHOICES, len(filled) // 3)
    longest = values.str.len_chars().max()
    return "choice" if few and isinstance(longest, int) and longest <= _LONGEST_CHOICE else "text"


def _infer_type_kind(dtype: pl.DataType) -> FieldKind:
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "flag"
    return "date" if isinstance(dtype, pl.Date | pl.Datetime) else "text"


def build_reporter(table: FormTable) -> Reporter:
    """Return a collector for the cell readers; what it collects is reported as findings instead."""
    return Reporter(table.raw, Defects())
