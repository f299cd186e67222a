"""Mapping of form fields to columns: guessed once, reviewed by a person, then reused.

    mapping_version: 1
    format: demarche
    columns:
      cost: {from: "Coût total de l'opération (en euros HT)", review: true}
    keep:
      priorite: {from: "Niveau de priorité", review: true}
    values:
      state: {Accepté: accepte}
    fields:
      - {label: "Coût total de l'opération (en euros HT)", kind: number}

Only fields named under `columns` and `keep` are imported. `fields` records the form, so that `compare_forms` can
compare the next export with it, field by field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from pydantic import Field, model_validator

from tnt_sim.domain.field_types import (
    Cents,
    Code,
    Count,
    Flag,
    Rate,
    Spec,
    build_field_error,
    write_cents,
    write_rate,
)
from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.ingest.forms.form_table import FieldKind

VERSION = "1"
FormatName = Literal["demarche", "turgot", "grist", "pabulib", "dotations", "fonds-vert", "scdl"]
FORMATS: tuple[str, ...] = get_args(FormatName)
DuplicatesName = Literal["refuse", "number", "last"]
SOURCE_ROW = "source_row"
"""Column with the row of the file in which a dossier was read."""

_IN_CENTS = (f"{name}_cents" for name, kind in CANONICAL.items() if kind is ColumnKind.MONEY)
_RESERVED = frozenset({SOURCE_ROW, *CANONICAL, *_IN_CENTS})


class From(Spec):
    """A field that is imported.

    `from_` is its numbered label; `id` is the form's own id, which takes precedence over the label; `plus`
    are further money fields that are added; `review` marks a guess.
    """

    from_: Code = Field(alias="from")
    id: str = ""
    plus: tuple[Code, ...] = ()
    review: Flag = False

    @classmethod
    def of(cls, name: str, field_id: str = "", *, plus: tuple[str, ...] = (), review: bool = False) -> From:
        """Build from a numbered label and an id."""
        return cls.model_validate({"from": name, "id": field_id, "plus": plus, "review": review})


class MappedField(Spec):
    """A field of the form when the mapping was written."""

    label: Code
    kind: FieldKind = "text"
    id: str = ""
    person: Flag = False


class Control(Spec):
    """Control totals of the export."""

    rows: Count | None = None
    requested: Cents | None = None


class FormMapping(Spec):
    """How one form becomes dossiers.

    Attributes
    ----------
    columns : field of each canonical column
    keep : field of each further column, by its name
    constants : one value for all rows, by canonical column
    requests : by envelope, the field of what is requested from it, for forms in which one dossier asks
        several funds
    values : by canonical or kept column, what each value of the form becomes
    exclude : by field, values of rows that are set aside and counted
    empty : cells that mean nothing, such as NULL
    zero_is_empty : money and number columns in which 0 means no answer
    duplicates : rows with the same number are left to be corrected (`refuse`), numbered on as requests of
        one project (`number`), or only the last is kept (`last`)
    decimal : decimal mark in text cells
    map_year : year of the map that codes and inhabitants are compared with
    rate_cap : the largest legal share of aid
    control : control totals
    fields : the form when the mapping was written
    """

    mapping_version: Literal["1"] = "1"
    format: FormatName
    form: str = ""
    revision: str = ""
    columns: dict[str, From] = Field(default_factory=dict)
    keep: dict[str, From] = Field(default_factory=dict)
    constants: dict[str, Code] = Field(default_factory=dict)
    requests: dict[str, From] = Field(default_factory=dict)
    values: dict[str, dict[str, Code]] = Field(default_factory=dict)
    exclude: dict[str, tuple[Code, ...]] = Field(default_factory=dict)
    empty: tuple[Code, ...] = ()
    zero_is_empty: tuple[str, ...] = ()
    duplicates: DuplicatesName = "refuse"
    decimal: Literal[",", "."] | None = None
    map_year: Literal["2021", "2026"] = "2021"
    rate_cap: Rate | None = None
    control: Control = Control()
    fields: tuple[MappedField, ...] = ()

    @model_validator(mode="after")
    def _check_names(self) -> FormMapping:
        for key in ("columns", "constants"):
            for name in getattr(self, key):
                _check_canonical(name, key)
        for name in self.keep:
            if name in _RESERVED or name.startswith("_") or not name.strip():
                raise build_field_error(
                    "keep_name",
                    _('"{name}" cannot name a further column', name=name),
                    at=("keep", name),
                )
        known = {*self.columns, *self.keep, *self.constants}
        for name in (*self.values, *self.zero_is_empty):
            if name not in known and name not in CANONICAL:
                where = "values" if name in self.values else "zero_is_empty"
                _refuse_unknown(name, known, where)
        return self

    def list_sources(self) -> list[tuple[str, str, str]]:
        """Return (column, id, label) of every field that canonical columns and requests are read from."""
        every = (*self.columns.items(), *self.requests.items())
        found = [(name, source.id, source.from_) for name, source in every]
        return found + [(name, "", label) for name, source in every for label in source.plus]

    def to_review(self) -> int:
        """Return the number of fields that are still guesses."""
        return sum(
            one.review for one in (*self.columns.values(), *self.keep.values(), *self.requests.values())
        )


def _check_canonical(name: str, key: str) -> None:
    if name not in CANONICAL:
        _refuse_unknown(name, CANONICAL, key)


def _refuse_unknown(name: str, known: Iterable[str], key: str) -> None:
    hint = suggest_name(name, known)
    raise build_field_error(
        "unknown_column",
        _('"{name}" is not a known column', name=name),
        at=(key, name) if key != "zero_is_empty" else (key,),
        hint=hint,
    )


_HEAD = """\
# Correspondance entre un formulaire et les colonnes de tnt_sim.
# Les lignes « review: true » ont été devinées : relisez-les, puis ôtez « review: true ».
# Ce qui n’est ni sous « columns » ni sous « keep » n’est pas repris ; les personnes physiques jamais d’office.
# How a form becomes the columns of tnt_sim. Lines with "review: true" were guessed: read them, then remove it.
"""


def to_text(mapping: FormMapping) -> str:
    """Return the mapping as YAML, one field per line."""
    lines = [_HEAD + f"mapping_version: {VERSION}", f"format: {mapping.format}"]
    told = (("form", mapping.form), ("revision", mapping.revision))
    lines += [f"{name}: {_quote_text(text)}" for name, text in told if text]
    for name in ("columns", "keep", "requests"):
        lines += _format_block(
            name, {key: _format_source(one) for key, one in getattr(mapping, name).items()}
        )
    lines += _format_block("constants", {key: _quote_text(value) for key, value in mapping.constants.items()})
    lines += _format_block("values", {key: _format_flow(pairs) for key, pairs in mapping.values.items()})
    lines += _format_block("exclude", {key: _format_list(values) for key, values in mapping.exclude.items()})
    if mapping.empty:
        lines.append(f"empty: {_format_list(mapping.empty)}")
    if mapping.zero_is_empty:
        lines.append(f"zero_is_empty: [{', '.join(map(_format_key, mapping.zero_is_empty))}]")
    lines.append(f"duplicates: {mapping.duplicates}")
    if mapping.decimal:
        lines.append(f"decimal: {_quote_text(mapping.decimal)}")
    lines.append(f"map_year: {mapping.map_year}")
    if mapping.rate_cap is not None:
        lines.append(f"rate_cap: {_quote_text(str(write_rate(mapping.rate_cap)))}")
    lines += _format_control(mapping.control)
    if mapping.fields:
        lines.append("fields:   # le formulaire tel qu’il était, pour dire ce qui change dans le suivant")
        lines += [f"  - {{{', '.join(_format_field(one))}}}" for one in mapping.fields]
    return "\n".join(lines) + "\n"


def _format_control(control: Control) -> list[str]:
    pieces = []
    if control.rows is not None:
        pieces.append(f"rows: {control.rows}")
    if control.requested is not None:
        pieces.append(f"requested: {_quote_text(str(write_cents(control.requested)))}")
    return [f"control: {{{', '.join(pieces)}}}"] if pieces else []


def _format_block(name: str, entries: Mapping[str, str]) -> list[str]:
    return (
        [f"{name}:", *(f"  {_format_key(key)}: {value}" for key, value in entries.items())] if entries else []
    )


def _format_source(source: From) -> str:
    pieces = [f"from: {_quote_text(source.from_)}"]
    pieces += [f"id: {_quote_text(source.id)}"] if source.id else []
    pieces += [f"plus: {_format_list(source.plus)}"] if source.plus else []
    pieces += ["review: true"] if source.review else []
    return f"{{{', '.join(pieces)}}}"


def _format_field(field_: MappedField) -> list[str]:
    parts = [f"label: {_quote_text(field_.label)}", f"kind: {field_.kind}"]
    parts += [f"id: {_quote_text(field_.id)}"] if field_.id else []
    return parts + (["person: true"] if field_.person else [])


def _format_flow(pairs: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{_quote_text(a)}: {_quote_text(b)}' for a, b in pairs.items())}}}"


def _format_list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_quote_text, values))}]"


def _format_key(name: str) -> str:
    return (
        name
        if name.replace("_", "").isalnum() and name.isascii() and name[:1].isalpha()
        else _quote_text(name)
    )


def _quote_text(text: str) -> str:
    """Return a text in double quotes, as both YAML and JSON read it; control characters are escaped."""
    return json.dumps(text, ensure_ascii=False)
