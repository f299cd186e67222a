"""Changes of a form between the mapping that was written for it and a later export of it.

A field is found again by its id, else by its label. For a lost field the new one that likely replaces it is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tnt_sim.errors import DataError, Defect, find_nearest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.forms.form_table import FormField, FormTable
from tnt_sim.ingest.forms.mapping import FormMapping, MappedField
from tnt_sim.ingest.forms.mapping_guess import has_fitting_cells
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names

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
