"""What changed in a form since its mapping was written, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from tnt_sim.errors import DataError, Defect, Text, nearest
from tnt_sim.formats.form import Field, FormTable
from tnt_sim.formats.mapping import FormMapping, Known

_FEWEST = 2
_KIND = {
    "text": Text("texte", "text"), "number": Text("nombre", "number"), "date": Text("date", "date"),
    "flag": Text("oui ou non", "yes or no"), "choice": Text("choix", "choice"),
}  # fmt: skip
_ALIKE = ({"text", "choice"}, {"text", "choice", "flag"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not as the mapping knows it.

    `what` is ``added``, ``removed``, ``renamed``, ``moved``, ``kind`` or ``repeated``; `column` is the column that
    it fills, "" for none.
    """

    what: str
    label: str
    column: str
    text: Text


def drift(mapping: FormMapping, table: FormTable) -> tuple[Change, ...]:
    """The changes between the form of the mapping and that of the file; none for a mapping without `fields`."""
    if not mapping.fields:
        return ()
    return tuple(_changes(mapping, table))


def _changes(mapping: FormMapping, table: FormTable) -> Iterator[Change]:
    filled = {label: name for name, _, label in mapping.sources()} | {
        source.from_: name for name, source in mapping.keep.items()
    }
    pairs = _paired(mapping.fields, table.fields)
    taken = {one.name for one in pairs.values()}
    for known in mapping.fields:
        column, one = filled.get(known.label, ""), pairs.get(known.label)
        if one is None:
            near = nearest(known.label, [f.name for f in table.fields if f.name not in taken])
            yield _removed(known.label, column, near)
        elif one.name != known.label:
            yield Change("renamed", known.label, column, Text(
                f"« {known.label} » s'appelle maintenant « {one.name} » (même champ).",
                f'"{known.label}" is now called "{one.name}" (the same field).',
            ))  # fmt: skip
        if one is not None and _other_kind(known, one):
            was, now = _KIND[known.kind], _KIND[one.kind]
            yield Change("kind", known.label, column, Text(
                f"« {known.label} » était un champ « {was.fr} », c'est un champ « {now.fr} ».",
                f'"{known.label}" was of the kind "{was.en}", it is of the kind "{now.en}".',
            ))  # fmt: skip
    for one in table.fields:
        if one.name not in taken:
            yield Change("added", one.name, "", Text(
                f"« {one.name} » est nouveau : il n'est pas repris.", f'"{one.name}" is new: it is not taken.',
            ))  # fmt: skip
    yield from _moved(mapping.fields, table.fields, pairs)


def _paired(known: tuple[Known, ...], fields: tuple[Field, ...]) -> dict[str, Field]:
    """The field of the file for each known label: by id, else by label."""
    by_id = {one.id: one for one in fields if one.id}
    by_name = {one.name: one for one in fields}
    pairs = {}
    for one in known:
        found = by_id.get(one.id) or by_name.get(one.label)
        if found is not None:
            pairs[one.label] = found
    return pairs


def _removed(label: str, column: str, near: str | None) -> Change:
    maybe = (f" Peut-être « {near} » ?", f' Perhaps "{near}"?') if near else ("", "")
    return Change("removed", label, column, Text(
        f"« {label} » n'est plus dans l'export.{maybe[0]}", f'"{label}" is no longer in the export.{maybe[1]}',
    ))  # fmt: skip


def _other_kind(known: Known, one: Field) -> bool:
    """Whether the cells are of another kind; choices and free text differ by chance, empty cells say nothing."""
    if known.kind == one.kind or not one.column.filled().any():
        return False
    return not any({known.kind, one.kind} <= alike for alike in _ALIKE)


def _moved(
    known: tuple[Known, ...], fields: tuple[Field, ...], pairs: Mapping[str, Field]
) -> Iterator[Change]:
    """One remark when fields stand in another order: they are found by name, so nothing is lost."""
    before = [pairs[one.label].name for one in known if one.label in pairs]
    place = {one.name: k for k, one in enumerate(fields)}
    order = [place[name] for name in before]
    n_moved = sum(later < earlier for earlier, later in pairwise(order))
    if n_moved:
        first = next(b for a, b in pairwise(before) if place[b] < place[a])
        yield Change("moved", first, "", Text(
            f"Des colonnes ont changé de place (à partir de « {first} ») ; elles sont lues par leur nom.",
            f'Columns have moved (from "{first}" on); they are read by their names.',
        ))  # fmt: skip


def check_columns(mapping: FormMapping, table: FormTable, changes: tuple[Change, ...]) -> None:
    """Refuse a file in which fields of the mapping are missing, or that is of another form.

    Raises
    ------
    DataError
        Every missing field with the label nearest to it, or one sentence when most are missing.
    """
    by_id = {one.id for one in table.fields if one.id}
    names = [one.name for one in table.fields]
    known = {one.label for one in mapping.fields}
    # A further column may go with the form that it was kept from, which is told as a change.
    kept = [(name, one.id, one.from_) for name, one in mapping.keep.items() if one.from_ not in known]
    sources = [*mapping.sources(), *kept]
    lost = [
        (name, label) for name, field_id, label in sources if label not in names and field_id not in by_id
    ]
    if not lost:
        return
    here = len(sources) - len(lost)
    if len(lost) > here and len(lost) >= _FEWEST:
        raise DataError([_other_form(table, len(sources), here)])
    used = {label for _, _, label in sources}
    renamed = {change.label: change for change in changes if change.what == "removed"}
    defects = []
    for name, label in lost:
        near = nearest(label, [one for one in names if one not in used])
        text = Text(
            f"le champ « {label} », attendu pour « {name} », n'est plus dans l'export.",
            f'the field "{label}", expected for "{name}", is no longer in the export.',
        )
        hint = Text(
            f"Mettez « {near} » à sa place dans mapping.yaml." if near
            else "Corrigez « from » dans mapping.yaml, ou ôtez la ligne.",
            f'Put "{near}" in its place in mapping.yaml.' if near
            else 'Correct "from" in mapping.yaml, or remove the line.',
        )  # fmt: skip
        code = "field_removed" if label in renamed else "field_unknown"
        defects.append(Defect(code, text, (table.place(),), hint))
    raise DataError(defects)


def _other_form(table: FormTable, wanted: int, here: int) -> Defect:
    text = Text(
        f"ce n'est pas l'export de ce formulaire : {here} des {wanted} champs de mapping.yaml s'y retrouvent.",
        f"this is not an export of that form: {here} of the {wanted} fields of mapping.yaml are in it.",
    )
    hint = Text(
        "Donnez le bon fichier, ou un autre --out pour faire la correspondance de ce formulaire.",
        "Give the right file, or another --out to make the mapping of this form.",
    )
    return Defect("other_form", text, (table.place(),), hint)
