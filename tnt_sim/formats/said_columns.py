"""Where a planner says that a column is: « dossier is the field N° DS »."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.errors import DataError, Defects, Text, did_you_mean
from tnt_sim.formats.form import FormTable
from tnt_sim.formats.mapping import FormMapping, From
from tnt_sim.formats.synonyms import normalised


def said_columns(mapping: FormMapping, form: FormTable, said: Mapping[str, str]) -> FormMapping:
    """The mapping with the fields that are said; a field serves one column, so a guess gives it up.

    Raises
    ------
    DataError
        Labels that the form has not, each with the nearest that it has.
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
