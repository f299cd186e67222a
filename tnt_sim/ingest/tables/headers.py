"""Resolution of headers to canonical columns, with their French synonyms and the labels of persons."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tnt_sim.characters import IN_NO_CELL, format_code_point
from tnt_sim.domain.portfolio import CANONICAL, MANY, ColumnKind, extend_to_many, get_table_column
from tnt_sim.errors import find_nearest_name, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.raw_table import (
    Marks,
    RawColumn,
    Reporter,
    format_letters,
    shorten_value,
    strip_header,
)

REQUIRED = ("dossier",)
_RESERVED = ("_row", "_source")
_CENTS = {f"{name}_cents": name for name, kind in CANONICAL.items() if kind is ColumnKind.MONEY}
_LOOK_AHEAD = 20


_MOST_NAMELESS = 3
"""From more columns without a header, the headers are taken to be in another row."""


@dataclass(frozen=True, eq=False)
class Resolved:
    """The columns of a file by their meaning.

    Parameters
    ----------
    canonical : column of each canonical name that the file has
    in_cents : money columns, by canonical name, given in whole cents
    extra : every further column, in the order of the file
    """

    canonical: Mapping[str, RawColumn]
    in_cents: frozenset[str]
    extra: tuple[RawColumn, ...]


def select_headed(columns: Iterable[RawColumn], report: Reporter) -> list[RawColumn]:
    """Return the columns with a header of their own; columns without header and cells are dropped."""
    retained: dict[str, RawColumn] = {}
    nameless: list[str] = []
    for column in columns:
        where = f"{format_letters(column.position)}" if report.table.cells else str(column.position + 1)
        if not column.header:
            if column.select_filled().any():
                nameless.append(where)
        elif column.header in _RESERVED:
            report.defects.add(
                "reserved_header",
                _('the header "{header}" is reserved.', header=column.header),
                report.locate_table(),
                hint=_("Rename or remove the column."),
            )
        elif column.header in retained:
            report.defects.add(
                "duplicate_header",
                _('the header "{header}" appears twice.', header=column.header),
                report.locate_table(),
                hint=_("Rename or remove one of the columns."),
            )
        else:
            retained[column.header] = column
    _record_nameless(nameless, report)
    for column in retained.values():
        _check_controls(column, report)
    return list(retained.values())


def _record_nameless(nameless: list[str], report: Reporter) -> None:
    """Record the columns with cells and no header: one by one if they are few, else together."""
    if len(nameless) > _MOST_NAMELESS:
        report.defects.add(
            "no_header",
            _("the columns {some} have cells but no header.", some=", ".join(nameless)),
            report.locate_table(),
            hint=_(
                "If the headers are further down, declare read: {{header_row: 2}} (the row of the headers)."
            ),
        )
        return
    for where in nameless:
        report.defects.add(
            "no_header",
            _("column {where} has cells but no header.", where=where),
            report.locate_table(),
            hint=_("Give it a header, or empty its cells."),
        )


def _check_controls(column: RawColumn, report: Reporter) -> None:
    """Refuse invisible characters that a terminal or a page would obey."""
    bad = column.text.str.contains(IN_NO_CELL).fill_null(value=False)
    if not bad.any():
        return

    def explain_cell(index: int) -> tuple[Text, Text | None]:
        number = format_code_point(column.text.str.extract(f"({IN_NO_CELL})")[index])
        return _('column "{header}": invisible character {number}.', header=column.header, number=number), _(
            "Delete it from the cell."
        )

    report.record_cells("control_character", column, bad, explain_cell)


def resolve(columns: list[RawColumn], mapping: Mapping[str, str], report: Reporter) -> Resolved:
    """Return the meaning of every column; unknown names, missing headers and conflicts become defects."""
    by_header = {column.header: column for column in columns}
    taken: dict[str, RawColumn] = {}
    for name, header in mapping.items():
        if name not in CANONICAL and name not in _CENTS:
            text = _('"{name}" is not a known column.', name=name)
            report.defects.add(
                "unknown_column", text, report.locate_table(), hint=suggest_name(name, CANONICAL)
            )
            continue
        column = by_header.get(strip_header(header))
        if column is None:
            _record_missing_header(name, header, by_header, report)
        else:
            taken[name] = column
    used = {column.header for column in taken.values()}
    for header, column in by_header.items():
        if header in used or not (header in CANONICAL or header in _CENTS):
            continue
        if header in mapping:
            if header in taken:
                _record_duplicate_column(header, header, taken[header].header, report)
        else:
            taken[header] = column
    for name in REQUIRED:
        if name not in taken and name not in mapping:
            _record_missing_column(name, by_header, report)
    return _split(taken, columns, report)


def _split(taken: dict[str, RawColumn], columns: list[RawColumn], report: Reporter) -> Resolved:
    """Merge ``X`` and ``X_cents``, and list the further columns."""
    canonical: dict[str, RawColumn] = {}
    for name, column in taken.items():
        plain = _CENTS.get(name, name)
        if plain in canonical:
            _record_duplicate_column(plain, canonical[plain].header, column.header, report)
        canonical[plain] = column
    used = {column.header for column in taken.values()}
    clashing = {get_table_column(name) for name in CANONICAL} | set(CANONICAL)
    extra = []
    for column in columns:
        if column.header in used or column.header in clashing:
            continue
        extra.append(column)
    return Resolved(canonical, frozenset(_CENTS[name] for name in taken if name in _CENTS), tuple(extra))


def _record_duplicate_column(name: str, first: str, second: str, report: Reporter) -> None:
    report.defects.add(
        "two_columns",
        _('"{name}" has two columns: "{first}" and "{second}".', name=name, first=first, second=second),
        report.locate_table(),
        hint=_("Rename or remove one of them."),
    )


def _record_missing_header(
    name: str, header: str, headers: Mapping[str, RawColumn], report: Reporter
) -> None:
    text = _('the column "{header}", expected for "{name}", is not in the file.', header=header, name=name)
    row = _find_header_row(strip_header(header), report)
    hint = _suggest_header_row(row) if row else suggest_name(header, headers)
    report.defects.add("missing_column", text, report.locate_table(), hint=hint)


def _record_missing_column(name: str, headers: Mapping[str, RawColumn], report: Reporter) -> None:
    text = _('the column "{name}" is missing.', name=name)
    row = _find_header_row(name, report)
    known = ", ".join(list(headers)[:12]) + (", …" if len(headers) > 12 else "")
    guess = find_nearest_name(name, headers) or "…"
    hint = _(
        'Declare columns: {{{name}: "{guess}"}}; headers of the file: {known}.',
        name=name,
        guess=guess,
        known=known,
    )
    report.defects.add(
        "missing_column", text, report.locate_table(), hint=_suggest_header_row(row) if row else hint
    )


def _suggest_header_row(row: int) -> Text:
    return _("It is in row {row}: declare read: {{header_row: {row}}}.", row=row)


def _find_header_row(header: str, report: Reporter) -> int | None:
    """Return the row, among the first ones below the header row, in which a header stands.

    Returns None if there is none.
    """
    for column in report.table.columns:
        if column.typed is None:
            found = (column.text.head(_LOOK_AHEAD) == header).fill_null(value=False).arg_true()
            if len(found):
                return int(report.table.rows[int(found[0])])
    return None


def check_marks(columns: Resolved, marks: Marks, header_row: int, report: Reporter) -> None:
    """Refuse error cells, formulas in money columns, and formulas that were never calculated."""
    named = {column.position: (column, name) for name, column in columns.canonical.items()}
    named |= {column.position: (column, column.header) for column in columns.extra}
    result: dict[tuple[str, int, str], list[int]] = {}
    for row, position in sorted({*marks.errors, *marks.formulas}):
        if row <= header_row or position not in named:
            continue
        code = _get_mark_code(marks, (row, position), _is_money(*named[position], columns))
        if code:
            result.setdefault((code, position, marks.errors.get((row, position), "")), []).append(row)
    for (__, position, __), rows in sorted(result.items(), key=lambda entry: (entry[1][0], entry[0][1])):
        column, name = named[position]
        _record_marks(marks, rows, column, _is_money(column, name, columns), report)


def _is_money(column: RawColumn, name: str, columns: Resolved) -> bool:
    return CANONICAL.get(name) is ColumnKind.MONEY and columns.canonical.get(name) is column


def _get_mark_code(marks: Marks, at: tuple[int, int], money: bool) -> str:
    if at in marks.errors:
        return "error_cell"
    if money:
        return "formula"
    return "" if marks.formulas[at] else "formula_empty"


def _explain_mark(marks: Marks, at: tuple[int, int], money: bool) -> tuple[str, Text, Text]:
    """Return code, sentence and remedy of one faulty cell."""
    if at in marks.errors:
        shown = shorten_value(marks.errors[at])
        text = _('the cell is "{shown}".', shown=shown)
        return "error_cell", text, _("Correct the formula.")
    paste = _("Paste the value in place of the formula.")
    if money:
        text = _("formula in a money column: the stored value may be out of date.")
        return "formula", text, paste
    return "formula", _("formula that was never calculated."), paste


def _record_marks(marks: Marks, rows: list[int], column: RawColumn, money: bool, report: Reporter) -> None:
    """Report the cells of one column with one fault: one by one when they are few, else together."""
    code, text, hint = _explain_mark(marks, (rows[0], column.position), money)
    text = _('column "{header}": {problem}', header=column.header, problem=text)
    cell = format_letters(column.position)
    places = [replace(report.locate_table(), row=row, cell=f"{cell}{row}") for row in rows[:MANY]]
    if len(rows) < MANY:
        for place in places:
            report.defects.add(code, text, place, hint=hint)
    else:
        report.defects.add(code, extend_to_many(text, rows), *places, hint=hint)


SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "dossier": (
        "numero de dossier", "numero de dossier ds", "n ds", "numero ds", "no ds",
        "n de dossier", "numero dossier", "n dossier",
        "dossier id", "id dossier", "no dossier", "numero", "id", "reference", "reference du dossier",
        "idsubvention", "dossier number", "numero dossier ds", "id projet", "identifiant",
        "application number", "application no", "application id",
    ),
    "project": (
        "projet id", "numero de projet", "id projet", "code projet",
    ),
    "title": (
        "intitule du projet", "intitule", "titre", "titre du projet", "libelle", "objet",
        "nom du projet", "description du projet", "project title", "description",
    ),
    "envelope": (
        "enveloppe", "dispositif", "dispositif de financement sollicite", "fonds", "axe", "dotation",
        "guichet", "dot",
    ),
    "applicant": (
        "demandeur", "porteur", "porteur de projet", "nom du porteur", "nom du demandeur",
        "beneficiaire", "raison sociale", "entreprise raison sociale", "nombeneficiaire",
        "collectivite", "nom de la collectivite", "nom beneficiaire principal", "nom terr",
    ),
    "applicant_id": (
        "siret", "siren", "etablissement siret", "entreprise siren", "numero siret", "numero siren",
        "idbeneficiaire", "code siren ou insee du demandeur", "siret du porteur", "siren du porteur",
        "id terr", "codgeo",
    ),
    "applicant_type": (
        "nature du porteur de projet", "nature du porteur", "type de porteur", "type de collectivite",
        "type de demandeur", "echelon",
    ),
    "department": (
        "departement code", "code departement", "departement et arrondissement du porteur de projet",
        "departement ou collectivite du demandeur", "departement du porteur de projet", "departement",
        "dept", "dep", "id dep", "inseedep",
    ),
    "region": (
        "region code", "code region", "region",
    ),
    "epci": (
        "epci code", "code epci", "siren epci", "epci a fiscalite propre dont est membre la commune", "epci",
    ),
    "commune": (
        "code insee", "commune code insee", "code commune", "insee",
        "etablissement code insee localite", "inseecom",
    ),
    "population": (
        "population", "habitants", "nombre d habitants", "population municipale", "population totale",
        "pop21", "pop20", "pop19", "pop18",
    ),
    "cost": (
        "cout total", "cout total du projet", "cout total de l operation", "cout du projet", "cout",
        "montant total du projet", "budget total", "cout total ht",
    ),
    "base": (
        "assiette", "assiette subventionnable", "depenses eligibles", "depense eligible",
        "montant des depenses eligibles retenues", "detr dsil montant des depenses eligibles retenues",
        "cout eligible",
    ),
    "requested": (
        "montant demande", "montant de l aide demandee", "subvention demandee", "aide demandee",
        "montant sollicite", "subvention sollicitee", "montantdemande", "montant demande ht", "demande",
        "je demande ce montant de subventions",
    ),
    "score": (
        "note", "note finale", "note du jury", "note totale", "score", "points",
    ),
    "filed_at": (
        "depose le", "date de depot", "date de depot du dossier", "date depot", "depot",
    ),
    "start": (
        "date de debut", "date de commencement de l operation", "date de commencement",
        "debut des travaux",
    ),
    "end": (
        "date de fin", "date previsionnelle d achevement de l operation", "date d achevement",
        "fin des travaux",
    ),
    "state": (
        "etat du dossier", "etat", "statut", "statut du dossier",
    ),
    "tags": (
        "etiquettes", "labels",
    ),
}  # fmt: skip
"""Normalised French headers by canonical column, from démarches-simplifiées, Turgot, the ministry and the
DETR form, the most certain first.
"""

UNITS = re.compile(r"\b(?:en euros?|euros?|eur|ht|ttc|en)\b")

_PERSON = re.compile(
    r"\b(?:prenoms?|civilite|e ?mails?|mel|courriel|electronique|telephone|portable|mobile|fax|mandataire|"
    r"instructeurs?|signataire|naissance|iban|rib|franceconnect|usager|contact|representant|interlocuteur|"
    r"genre|sexe|proposer|author|auteur)\b"
)
_PERSON_WHOLE = frozenset(
    {"nom", "noms", "nom et prenom", "nom de famille", "nom d usage", "fonction", "qualite"}
)

_NO_PERSON = frozenset({"groupe instructeur"})


def normalise_header(header: str) -> str:
    """Return a header without accents, capitals and punctuation.

    >>> normalise_header("Coût total de l'opération (en euros HT)")
    'cout total de l operation en euros ht'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", header) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain.replace("°", " ").lower()).strip()


def derive_names(header: str) -> tuple[str, str]:
    """Return a header normalised, and again without its units."""
    plain = normalise_header(header)
    return plain, " ".join(UNITS.sub(" ", plain).split())


def is_personal(header: str) -> bool:
    """Return whether a label asks for what identifies a natural person.

    >>> is_personal("Adresse électronique"), is_personal("Nom de la collectivité")
    (True, False)
    """
    name = re.sub(r" \d+$", "", normalise_header(header))
    if name in _PERSON_WHOLE:
        return True
    if name in _NO_PERSON:
        return False
    return bool(_PERSON.search(name)) or name.startswith(("fonction du", "fonction de", "nom et qualite"))
