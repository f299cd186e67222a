"""Guess of a first mapping of a form, from its labels and cells; every guess is marked for review.

A planner may also state the field of a column: « dossier is the field N° DS ».
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.errors import DataError, Defects, did_you_mean
from tnt_sim.i18n.message import Text
from tnt_sim.ingest.forms.form_table import FormField, FormTable
from tnt_sim.ingest.forms.layouts import Layout
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, FormMapping, From, MappedField
from tnt_sim.ingest.tables.headers import SYNONYMS, names_of, normalised

_AMOUNT = "precisez le montant sollicite ou obtenu"
OTHER_AID: Mapping[str, tuple[str, ...]] = {
    "other_state": (f"fonds vert {_AMOUNT}", f"fnadt {_AMOUNT}"),
    "other_public": (
        f"aide du conseil regional {_AMOUNT}", f"aide du conseil departemental {_AMOUNT}",
        f"aide d un epci {_AMOUNT}", f"aide de l union europeenne {_AMOUNT}",
    ),
}  # fmt: skip
"""Labels of aid from other funders, requested or obtained; all fields found are added up."""
_PART = re.compile(r"dont ([a-z]+)")
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
    labels = _by_label(usable)
    columns: dict[str, From] = {}
    used: set[str] = set()
    for name in SYNONYMS:
        wanted = (*layout.first.get(name, ()), *SYNONYMS[name])
        found = _own(name, usable) or _best(name, wanted, labels, used)
        if found is not None and found.name not in used:
            columns[name] = From.of(found.name, found.id, review=not _is_own(name, found))
            used.add(found.name)
    columns |= _canonical_names(usable, columns, used)
    columns |= _other_aid(labels, columns, used)
    requests = _requests(usable, columns, used)
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
        fields=known_fields(table),
    )


def _other_aid(
    labels: Mapping[str, list[FormField]], columns: Mapping[str, From], used: set[str]
) -> dict[str, From]:
    """Return the fields of aid from other funders, all of one kind added up."""
    found = {}
    for name, wanted in OTHER_AID.items():
        fields = [one.name for label in wanted for one in labels.get(label, ()) if _fits(name, one)]
        if fields and name not in columns:
            found[name] = From.of(fields[0], plus=tuple(fields[1:]), review=True)
            used.update(fields)
    return found


def _requests(fields: Iterable[FormField], columns: Mapping[str, From], used: set[str]) -> dict[str, From]:
    """Return what each fund is asked for: « dont DETR », « dont DSIL » beside the total."""
    parts = {}
    for one in fields:
        match = _PART.fullmatch(normalised(one.label))
        if match and one.name not in used and _fits("requested", one):
            parts[one.label.split()[-1]] = From.of(one.name, one.id, review=True)
    if len(parts) < 2 or "requested" not in columns:
        return {}
    used.update(part.from_ for part in parts.values())
    return parts


def known_fields(table: FormTable) -> tuple[MappedField, ...]:
    """Return the form as it is now."""
    return tuple(
        MappedField(label=one.name, kind=one.kind, id=one.id, person=one.person) for one in table.fields
    )


def _from_api(table: FormTable) -> bool:
    return any(one.id for one in table.fields)


def _by_label(fields: Iterable[FormField]) -> dict[str, list[FormField]]:
    found: dict[str, list[FormField]] = {}
    for one in fields:
        for label in dict.fromkeys(names_of(one.label)):
            found.setdefault(label, []).append(one)
    return found


def _own(name: str, fields: Iterable[FormField]) -> FormField | None:
    """Return the field named like the column itself."""
    return next((one for one in fields if _is_own(name, one)), None)


def _is_own(name: str, one: FormField) -> bool:
    return one.label == name


def _canonical_names(
    fields: Iterable[FormField], columns: Mapping[str, From], used: set[str]
) -> dict[str, From]:
    """Return the fields named like a canonical column for which no label was found."""
    found = {}
    for one in fields:
        if one.label in CANONICAL and one.label not in columns and one.name not in used:
            found[one.label] = From.of(one.name, one.id)
            used.add(one.name)
    return found


def _best(
    name: str, wanted: Iterable[str], labels: Mapping[str, list[FormField]], used: set[str]
) -> FormField | None:
    """Return the first unused field with one of the labels and fitting cells.

    For places, its code field comes first.
    """
    for label in wanted:
        ends = _CODE_ENDS if name in _PLACES else ()
        for candidate in (*(label + end for end in ends), label):
            for one in labels.get(candidate, ()):
                if one.name not in used and _fits(name, one):
                    return one
    return None


def _fits(name: str, one: FormField) -> bool:
    """Return whether the cells can be those of the column; an empty field can be anything."""
    kind = CANONICAL[name]
    filled = bool(one.column.filled().any())
    if not filled:
        return True
    if kind in (ColumnKind.MONEY, ColumnKind.INTEGER, ColumnKind.DECIMAL):
        return one.kind in ("number", "choice") or _mostly_numbers(one)
    if kind is ColumnKind.WHEN:
        return one.kind in ("date", "text")
    return one.kind != "date"


def _mostly_numbers(one: FormField) -> bool:
    text = one.text
    filled = text.filter(text != "")
    digits = int(filled.str.contains(r"^-?[0-9]").sum())
    return digits * 10 >= len(filled) * 9


def _exclude(fields: Iterable[FormField], layout: Layout) -> dict[str, tuple[str, ...]]:
    """Return the rows to set aside, in the words of the file: drafts, archived dossiers."""
    found = {}
    for one in fields:
        wanted = layout.exclude.get(normalised(one.label))
        if wanted:
            values = one.text.unique().sort().to_list()
            there = tuple(value for value in values if normalised(value) in wanted)
            found[one.name] = there or _usual(one, wanted)
    return found


def _usual(one: FormField, wanted: tuple[str, ...]) -> tuple[str, ...]:
    return ("Brouillon",) if "brouillon" in wanted else tuple(word.capitalize() for word in wanted[:1])


def _keep(fields: Iterable[FormField], used: set[str], layout: Layout) -> dict[str, From]:
    kept: dict[str, From] = {}
    for one in fields:
        away = one.name in used or one.label == SOURCE_ROW or normalised(one.label) in layout.exclude
        if away or one.kind not in _CHOSEN or not one.column.filled().any() or len(kept) >= _MOST_KEPT:
            continue
        name = normalised(one.name).replace(" ", "_")[:60].strip("_") or f"colonne_{len(kept) + 1}"
        if name in CANONICAL or f"{name}" in kept or name.removesuffix("_cents") in CANONICAL:
            name = f"{name}_source"
        if name not in kept:
            kept[name] = From.of(one.name, one.id, review=True)
    return kept


def said_columns(mapping: FormMapping, form: FormTable, said: Mapping[str, str]) -> FormMapping:
    """Return the mapping with the stated fields; a guess for the same field is dropped.

    Raises
    ------
    DataError
        with the labels that the form does not have, each with the most similar one
    """
    by_label = {normalised(one.name): one for one in reversed(form.fields)}
    by_label |= {one.name: one for one in form.fields}
    found, defects = {}, Defects()
    for name, label in said.items():
        one = by_label.get(label) or by_label.get(normalised(label))
        if one is None:
            text = Text(f"aucun champ ne s'appelle « {label} ».", f'no field is called "{label}".')
            defects.add("field", text, form.place(), hint=did_you_mean(label, form.by_name()))
        else:
            found[name] = From.of(one.name, one.id)
    defects.raise_if_any(DataError)
    taken = {one.from_ for one in found.values()}
    columns = {name: one for name, one in mapping.columns.items() if one.from_ not in taken}
    keep = {name: one for name, one in mapping.keep.items() if one.from_ not in taken}
    constants = {name: one for name, one in mapping.constants.items() if name not in found}
    update = {"columns": {**columns, **found}, "keep": keep, "constants": constants}
    return mapping.model_copy(update=update)
