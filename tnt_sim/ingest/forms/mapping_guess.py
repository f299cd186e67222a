"""Guess of a first mapping of a form, from its labels and cells; every guess is marked for review.

A planner may also state the field of a column: « dossier is the field N° DS ».
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.errors import DataError, Defects, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.ingest.forms.form_table import FormField, FormTable
from tnt_sim.ingest.forms.layouts import Layout, can_be_states
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, FormMapping, From, MappedField
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names, normalise_header

_AMOUNT = "precisez le montant sollicite ou obtenu"
OTHER_AID: Mapping[str, tuple[str, ...]] = {
    "other_state": (f"fonds vert {_AMOUNT}", f"fnadt {_AMOUNT}"),
    "other_public": (
        f"aide du conseil regional {_AMOUNT}", f"aide du conseil departemental {_AMOUNT}",
        f"aide d un epci {_AMOUNT}", f"aide de l union europeenne {_AMOUNT}",
    ),
}  # fmt: skip
"""Labels of aid from other funders, requested or obtained; all fields found are added up."""
_FUND_LABEL = re.compile(r"dont ([a-z]+)")
_CODE_ENDS = (" code insee", " code")
_PLACES = ("commune", "epci", "department", "region")
_CHOSEN = ("flag", "choice", "number", "date")
_MOST_KEPT = 60


def guess_mapping(table: FormTable, layout: Layout) -> FormMapping:
    """Guess the field of each column: the layout's own labels first, then the common ones.

    Choices, flags, numbers and dates are kept as further columns, since they cannot name anybody; free text
    is not.
    """
    usable = [one for one in table.fields if not one.person]
    labels = _group_by_label(usable)
    columns: dict[str, From] = {}
    used: set[str] = set()
    for name in SYNONYMS:
        wanted = (*layout.first.get(name, ()), *SYNONYMS[name])
        field_ = _find_own_field(name, usable) or _find_best_field(name, wanted, labels, used)
        if field_ is not None and field_.name not in used:
            columns[name] = From.of(field_.name, field_.id, review=not _is_own(name, field_))
            used.add(field_.name)
    columns |= _match_canonical_names(usable, columns, used)
    columns |= _guess_other_aid(labels, columns, used)
    requests = _guess_requests(usable, columns, used)
    exclude = _exclude(usable, layout)
    money = [name for name in columns if CANONICAL[name] is ColumnKind.MONEY]
    return FormMapping(
        format=layout.name,
        form=table.form,
        revision=table.revision,
        columns={name: columns[name] for name in CANONICAL if name in columns},
        keep=_keep(usable, used, layout),
        requests=requests,
        exclude=exclude,
        empty=layout.empty,
        zero_is_empty=tuple(money) if layout.zero_is_empty and not _from_api(table) else (),
        duplicates=layout.duplicates,
        rate_cap=layout.rate_cap,
        fields=list_fields(table),
    )


def _guess_other_aid(
    labels: Mapping[str, list[FormField]], columns: Mapping[str, From], used: set[str]
) -> dict[str, From]:
    """Return the fields of aid from other funders, all of one kind added up."""
    result = {}
    for name, wanted in OTHER_AID.items():
        fields = [
            one.name for label in wanted for one in labels.get(label, ()) if has_fitting_cells(name, one)
        ]
        if fields and name not in columns:
            result[name] = From.of(fields[0], plus=tuple(fields[1:]), review=True)
            used.update(fields)
    return result


def _guess_requests(
    fields: Iterable[FormField], columns: Mapping[str, From], used: set[str]
) -> dict[str, From]:
    """Return what each fund is asked for: « dont DETR », « dont DSIL » beside the total."""
    members = {}
    for field_ in fields:
        match = _FUND_LABEL.fullmatch(normalise_header(field_.label))
        if match and field_.name not in used and has_fitting_cells("requested", field_):
            members[field_.label.split()[-1]] = From.of(field_.name, field_.id, review=True)
    if len(members) < 2 or "requested" not in columns:
        return {}
    used.update(part.from_ for part in members.values())
    return members


def list_fields(table: FormTable) -> tuple[MappedField, ...]:
    """Return the form as it is now."""
    return tuple(
        MappedField(label=one.name, kind=one.kind, id=one.id, person=one.person) for one in table.fields
    )


def _from_api(table: FormTable) -> bool:
    return any(one.id for one in table.fields)


def _group_by_label(fields: Iterable[FormField]) -> dict[str, list[FormField]]:
    result: dict[str, list[FormField]] = {}
    for one in fields:
        for label in dict.fromkeys(derive_names(one.label)):
            result.setdefault(label, []).append(one)
    return result


def _find_own_field(name: str, fields: Iterable[FormField]) -> FormField | None:
    """Return the field named like the column itself."""
    return next((one for one in fields if _is_own(name, one)), None)


def _is_own(name: str, field_: FormField) -> bool:
    return field_.label == name


def _match_canonical_names(
    fields: Iterable[FormField], columns: Mapping[str, From], used: set[str]
) -> dict[str, From]:
    """Return the fields named like a canonical column for which no label was found."""
    result = {}
    for field_ in fields:
        if field_.label in CANONICAL and field_.label not in columns and field_.name not in used:
            result[field_.label] = From.of(field_.name, field_.id)
            used.add(field_.name)
    return result


def _find_best_field(
    name: str, wanted: Iterable[str], labels: Mapping[str, list[FormField]], used: set[str]
) -> FormField | None:
    """Return the first unused field with one of the labels and fitting cells.

    For places, its code field comes first.
    """
    for label in wanted:
        ends = _CODE_ENDS if name in _PLACES else ()
        for candidate in (*(label + end for end in ends), label):
            for one in labels.get(candidate, ()):
                if one.name not in used and has_fitting_cells(name, one):
                    return one
    return None


def has_fitting_cells(name: str, field_: FormField) -> bool:
    """Return whether the cells can be those of the column; an empty field can be anything."""
    kind = CANONICAL[name]
    filled = bool(field_.column.select_filled().any())
    if not filled:
        return True
    if kind in (ColumnKind.MONEY, ColumnKind.INTEGER, ColumnKind.DECIMAL):
        return field_.kind in ("number", "choice") or _has_mostly_numbers(field_)
    if kind is ColumnKind.WHEN:
        return field_.kind in ("date", "text")
    if name == "state" and not can_be_states(field_.text.filter(field_.text != "").unique().to_list()):
        return False
    return field_.kind != "date"


def _has_mostly_numbers(field_: FormField) -> bool:
    text = field_.text
    filled = text.filter(text != "")
    digits = int(filled.str.contains(r"^-?[0-9]").sum())
    return digits * 10 >= len(filled) * 9


def _exclude(fields: Iterable[FormField], layout: Layout) -> dict[str, tuple[str, ...]]:
    """Return the rows to set aside, in the words of the file: drafts, archived dossiers."""
    result = {}
    for field_ in fields:
        wanted = layout.exclude.get(normalise_header(field_.label))
        if wanted:
            values = field_.text.unique().sort().to_list()
            there = tuple(value for value in values if normalise_header(value) in wanted)
            result[field_.name] = there or _list_usual_values(wanted)
    return result


def _list_usual_values(wanted: tuple[str, ...]) -> tuple[str, ...]:
    return ("Brouillon",) if "brouillon" in wanted else tuple(word.capitalize() for word in wanted[:1])


def _keep(fields: Iterable[FormField], used: set[str], layout: Layout) -> dict[str, From]:
    retained: dict[str, From] = {}
    for field_ in fields:
        away = (
            field_.name in used
            or field_.label == SOURCE_ROW
            or normalise_header(field_.label) in layout.exclude
        )
        if (
            away
            or field_.kind not in _CHOSEN
            or not field_.column.select_filled().any()
            or len(retained) >= _MOST_KEPT
        ):
            continue
        name = (
            normalise_header(field_.name).replace(" ", "_")[:60].strip("_") or f"colonne_{len(retained) + 1}"
        )
        if name in CANONICAL or f"{name}" in retained or name.removesuffix("_cents") in CANONICAL:
            name = f"{name}_source"
        if name not in retained:
            retained[name] = From.of(field_.name, field_.id, review=True)
    return retained


def apply_chosen_columns(mapping: FormMapping, form: FormTable, chosen: Mapping[str, str]) -> FormMapping:
    """Return the mapping with the stated fields; a guess for the same field is dropped."""
    by_label = {normalise_header(one.name): one for one in reversed(form.fields)}
    by_label |= {one.name: one for one in form.fields}
    result, defects = {}, Defects()
    for name, label in chosen.items():
        field_ = by_label.get(label) or by_label.get(normalise_header(label))
        if field_ is None:
            text = _('no field is called "{label}".', label=label)
            defects.add("field", text, form.get_place(), hint=suggest_name(label, form.map_by_name()))
        else:
            result[name] = From.of(field_.name, field_.id)
    defects.raise_if_any(DataError)
    taken = {one.from_ for one in result.values()}
    columns = {name: one for name, one in mapping.columns.items() if one.from_ not in taken}
    keep = {name: one for name, one in mapping.keep.items() if one.from_ not in taken}
    constants = {name: one for name, one in mapping.constants.items() if name not in result}
    update = {"columns": {**columns, **result}, "keep": keep, "constants": constants}
    return mapping.model_copy(update=update)
