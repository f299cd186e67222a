"""GraphQL answers of démarches-simplifiées (the State's form service, API v2) as the fields of a form.

A field is identified by its `champDescriptorId`, which survives a change of label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from tnt_sim.domain.money import parse_bounded_decimal
from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.forms.form_table import (
    FieldKind,
    FormField,
    FormTable,
    make_labels_unique,
    sanitise_label,
)
from tnt_sim.ingest.tables.personal_data import find_personal_labels
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, strip_cells
from tnt_sim.ingest.tables.zip_packages import refuse

MAX_BYTES = 256 << 20
_HEADINGS = ("HeaderSectionChamp", "ExplicationChamp", "PieceJustificativeChamp", "TitreIdentiteChamp")
_PERSONAL_TYPES = ("EmailChamp", "PhoneChamp", "CiviliteChamp")
_NATURAL_PERSON = "1"
_TOP: tuple[tuple[str, str, FieldKind], ...] = (
    ("number", "ID", "text"), ("state", "État du dossier", "choice"), ("dateDepot", "Déposé le", "date"),
    ("datePassageEnConstruction", "Passé en construction le", "date"),
    ("datePassageEnInstruction", "Passé en instruction le", "date"), ("dateTraitement", "Traité le", "date"),
    ("dateDerniereModification", "Dernière mise à jour du dossier le", "date"),
    ("archived", "À archiver", "flag"),
)  # fmt: skip


type _Value = tuple[str, str, FieldKind, object]


@dataclass(slots=True)
class _FormColumn:
    label: str
    kind: FieldKind
    id: str
    person: bool = False
    values: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _ColumnCollector:
    """Values collected so far, by column, in the order in which the columns appear."""

    columns: dict[str, _FormColumn] = field(default_factory=dict)

    def put(
        self, row: int, key: str, label: str, kind: FieldKind, value: object, *, person: bool = False
    ) -> None:
        """Add one value; an empty one only creates the column."""
        shown = sanitise_label(label) or "Sans libellé"
        column = self.columns.setdefault(key, _FormColumn(shown, kind, key, person))
        text = _format_value(value)
        if text:
            column.values[row] = text


def read_graphql(data: bytes, shown_as: str, sha256: str) -> FormTable:
    """Read the dossiers of a JSON dump."""
    dossiers, demarche, notes = _extract_dossiers(_parse_json(data, shown_as), shown_as)
    sheet = _ColumnCollector()
    for row, dossier in enumerate(dossiers):
        _take(sheet, row, dossier)
    labels = [column.label for column in sheet.columns.values()]
    persons = find_personal_labels(labels)
    fields = tuple(
        FormField(
            name, column.label, _build_raw_column(column, k, len(dossiers)), column.kind, column.id,
            column.person or column.label in persons,
        )
        for k, (name, column) in enumerate(zip(make_labels_unique(labels), sheet.columns.values(), strict=True))
    )  # fmt: skip
    rows = pl.Series("_row", range(1, len(dossiers) + 1), dtype=pl.UInt32)
    raw = RawTable(shown_as, tuple(one.column for one in fields), rows)
    revision = _get_nested(demarche, "revision", "id") or _get_nested(demarche, "activeRevision", "id")
    form = _format_value(demarche.get("number"))
    return FormTable(raw, fields, sha256, form=form, revision=_format_value(revision), notes=tuple(notes))


def _build_raw_column(column: _FormColumn, position: int, n_rows: int) -> RawColumn:
    cells = [column.values.get(row, "") for row in range(n_rows)]
    return RawColumn(column.label, position, strip_cells(pl.Series("text", cells, dtype=pl.String)))


def _parse_json(data: bytes, shown_as: str) -> Any:
    if len(data) > MAX_BYTES:
        raise refuse("too_large", shown_as, _("the file is larger than 256 MiB."))
    hint = _("Export the answer of the API again.")
    try:
        text = data.decode("utf-8-sig")
        return json.loads(
            text,
            object_pairs_hook=_reject_duplicates,
            parse_float=_check_number,
            parse_int=str,
            parse_constant=_reject_constant,
        )
    except UnicodeDecodeError as error:
        raise refuse(
            "encoding",
            shown_as,
            _("unreadable byte at offset {start}: the file is not in UTF-8.", start=error.start),
            hint,
        ) from None
    except json.JSONDecodeError as error:
        why = _("this is not well-formed JSON.")
        place = Place(file=shown_as, line=error.lineno, column=error.colno)
        raise DataError([Defect("json", why, (place,), hint)]) from None
    except _TwiceError as error:
        raise refuse(
            "json_key", shown_as, _('the key "{error}" appears twice.', error=error), hint,
        ) from None  # fmt: skip
    except _NoNumberError as error:
        raise refuse("json", shown_as, _('"{error}" is not a number.', error=error), hint) from None
    except RecursionError:
        raise refuse("json", shown_as, _("too many nested levels."), hint) from None


class _TwiceError(ValueError):
    """A key that an object contains twice."""


class _NoNumberError(ValueError):
    """NaN or an infinity in place of a number."""


def _reject_constant(text: str) -> Any:
    raise _NoNumberError(text)


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, __ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return result


def _extract_dossiers(
    document: Any, shown_as: str
) -> tuple[list[dict[str, Any]], dict[str, Any], list[Defect]]:
    """Return the dossiers of an answer, a list of pages, a démarche or a single dossier, with notices."""
    dossiers: list[dict[str, Any]] = []
    demarche: dict[str, Any] = {}
    notes: list[Defect] = []
    for page in document if isinstance(document, list) else [document]:
        if not isinstance(page, dict):
            raise _build_shape_error(shown_as)
        if page.get("errors"):
            raise _build_answer_error(page["errors"], shown_as)
        body = page.get("data") if isinstance(page.get("data"), dict) else page
        assert isinstance(body, dict)
        demarche = _get_mapping(body.get("demarche")) or demarche
        found, more = _extract_page(body)
        dossiers += found
        if more and page is (document[-1] if isinstance(document, list) else document):
            notes.append(_build_partial_defect(shown_as, len(dossiers)))
    if not dossiers and not demarche and "champDescriptors" not in json.dumps(document)[:2000]:
        raise _build_shape_error(shown_as)
    return dossiers, demarche or _get_mapping(dossiers[0].get("demarche") if dossiers else None), notes


def _extract_page(body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    if isinstance(body.get("dossier"), dict):
        return [body["dossier"]], False
    if "champs" in body and "number" in body:
        return [dict(body)], False
    holder = body.get("demarche") or body.get("groupeInstructeur") or body
    connection = holder.get("dossiers") if isinstance(holder, dict) else None
    if isinstance(connection, list):
        return [one for one in connection if isinstance(one, dict)], False
    nodes = _get_mapping(connection).get("nodes")
    if nodes is None:
        nodes = [_get_mapping(edge).get("node") for edge in _get_mapping(connection).get("edges") or []]
    more = bool(_get_nested(_get_mapping(connection), "pageInfo", "hasNextPage"))
    return [one for one in nodes if isinstance(one, dict)], more


def _build_shape_error(shown_as: str) -> DataError:
    return refuse(
        "json_shape", shown_as,
        _("this is not an answer of the démarches-simplifiées API: neither an application nor a "
          "démarche."),
        _('Give the whole answer, with "data".'),
    )  # fmt: skip


def _build_answer_error(errors: Any, shown_as: str) -> DataError:
    first = errors[0] if isinstance(errors, list) and errors else errors
    why = str(_get_mapping(first).get("message", first))[:100]
    return refuse(
        "json_errors", shown_as, _('the API answered with an error ("{why}"): the answer is partial.', why=why),
        _("Extract it again."),
    )  # fmt: skip


def _build_partial_defect(shown_as: str, n: int) -> Defect:
    text = _("the extraction stops at {n} applications, but the API has more (hasNextPage).", n=n)
    hint = _("Extract all pages.")
    return Defect("partial", text, (Place(file=shown_as),), hint)


def _take(sheet: _ColumnCollector, row: int, dossier: Mapping[str, Any]) -> None:
    for key, label, kind in _TOP:
        sheet.put(row, key, label, kind, dossier.get(key))
    _take_applicant(sheet, row, _get_mapping(dossier.get("demandeur")))
    names = [str(_get_mapping(one).get("name", "")) for one in dossier.get("labels") or []]
    sheet.put(row, "labels", "Étiquettes", "text", ";".join(name for name in names if name))
    desk = _get_nested(dossier, "groupeInstructeur", "label")
    sheet.put(row, "groupeInstructeur", "Groupe instructeur", "choice", desk)
    for champ in [*(dossier.get("champs") or []), *(dossier.get("annotations") or [])]:
        if isinstance(champ, dict):
            _take_champ(sheet, row, champ)


def _take_applicant(sheet: _ColumnCollector, row: int, who: Mapping[str, Any]) -> None:
    """Add the applicant if it is a legal person; for a natural person add only that it is one."""
    company, address = _get_mapping(who.get("entreprise")), _get_mapping(who.get("address"))
    alone = str(company.get("formeJuridiqueCode") or "").startswith(_NATURAL_PERSON)
    person = who.get("__typename") == "PersonnePhysique" or alone
    sheet.put(row, "demandeur.personne", "Personne physique", "flag", person or "")
    kept = {} if person else who
    entreprise = {} if person else company
    sheet.put(row, "demandeur.siret", "Établissement SIRET", "text", kept.get("siret"))
    sheet.put(row, "demandeur.entreprise.siren", "Entreprise SIREN", "text", entreprise.get("siren"))
    name = entreprise.get("raisonSociale")
    sheet.put(row, "demandeur.entreprise.raisonSociale", "Entreprise raison sociale", "text", name)
    legal = entreprise.get("formeJuridique")
    sheet.put(row, "demandeur.entreprise.formeJuridique", "Entreprise forme juridique", "choice", legal)
    for piece, label in (
        ("cityCode", "Établissement code INSEE localité"),
        ("departmentCode", "Établissement code département"),
        ("regionCode", "Établissement code région"),
    ):
        sheet.put(row, f"demandeur.address.{piece}", label, "text", {} if person else address.get(piece))


def _take_champ(sheet: _ColumnCollector, row: int, champ: Mapping[str, Any]) -> None:
    kind = str(champ.get("__typename") or "TextChamp")
    if kind in _HEADINGS:
        return
    key, label = str(champ.get("champDescriptorId") or champ.get("id") or ""), str(champ.get("label") or "")
    if kind == "RepetitionChamp":
        _take_block(sheet, row, key, label, champ)
        return
    for suffix, more, form, value in _iterate_values(kind, champ):
        sheet.put(row, key + suffix, label + more, form, value, person=kind in _PERSONAL_TYPES)


def _take_block(sheet: _ColumnCollector, row: int, key: str, label: str, champ: Mapping[str, Any]) -> None:
    """Add a repeated block: its number of lines, and the sum of each of its numeric fields."""
    lines = [line for line in champ.get("rows") or [] if isinstance(line, dict)]
    sheet.put(row, f"{key}#n", f"{label} (lignes)", "number", len(lines) if lines else "")
    sums: dict[str, tuple[str, list[str]]] = {}
    for line in lines:
        for inner in map(_get_mapping, line.get("champs") or []):
            if str(inner.get("__typename")) in ("DecimalNumberChamp", "IntegerNumberChamp"):
                value = _get_number(inner)
                name, values = sums.setdefault(
                    str(inner.get("champDescriptorId")), (str(inner.get("label")), [])
                )
                if value != "":
                    values.append(str(value))
    for inner_key, (name, values) in sums.items():
        total = _sum(values)
        sheet.put(row, f"{key}#{inner_key}", f"{label} : {name} (somme)", "number", total)


def _sum(values: Sequence[str]) -> str:
    """Sum the numbers of a repeated field; a text that is no number stays, and is refused where it is read."""
    for value in values:
        try:
            parse_bounded_decimal(value)
        except ValueError:
            return value
    return format(sum(map(Decimal, values), Decimal(0)), "f") if values else ""


def _check_number(text: str) -> str:
    """Return the text of a number of JSON, unless it is too long."""
    try:
        parse_bounded_decimal(text)
    except ValueError:
        raise _NoNumberError(text[:40]) from None
    return text


def _iterate_values(kind: str, champ: Mapping[str, Any]) -> Iterator[_Value]:
    """Yield the values of one field: suffix of its id, suffix of its label, kind, value."""
    match kind:
        case "DecimalNumberChamp" | "IntegerNumberChamp":
            yield "", "", "number", _get_number(champ)
        case "CheckboxChamp" | "YesNoChamp":
            yield "", "", "flag", _get_first(champ, "checked", "yesNo", "booleanValue", "value")
        case "DateChamp" | "DatetimeChamp":
            yield "", "", "date", _get_first(champ, "date", "datetime", "value")
        case "MultipleDropDownListChamp":
            chosen = champ.get("values")
            several = ";".join(map(str, chosen)) if isinstance(chosen, list) else None
            yield "", "", "choice", several or champ.get("stringValue")
        case "LinkedDropDownListChamp":
            yield "", "", "choice", _get_first(champ, "primaryValue", "stringValue")
            yield ".secondary", " (second choix)", "choice", champ.get("secondaryValue")
        case "DropDownListChamp":
            yield "", "", "choice", _get_first(champ, "value", "stringValue")
        case "CommuneChamp" | "EpciChamp" | "DepartementChamp" | "RegionChamp" | "PaysChamp" | "AddressChamp":
            yield from _iterate_address_values(kind, champ)
        case "SiretChamp":
            yield "", "", "text", _get_nested(champ, "etablissement", "siret") or champ.get("stringValue")
        case "EngagementJuridiqueChamp":
            yield "", "", "number", _get_nested(champ, "engagementJuridique", "montantEngage")
            yield ".paid", " (payé)", "number", _get_nested(champ, "engagementJuridique", "montantPaye")
        case _:
            yield "", "", "text", champ.get("stringValue")


def _iterate_address_values(kind: str, champ: Mapping[str, Any]) -> Iterator[_Value]:
    """Yield a territory as file exports lay it out: name, code, department."""
    part = kind.removesuffix("Champ").lower()
    place = _get_mapping(champ.get("commune" if kind == "AddressChamp" else part))
    yield "", "", "text", place.get("name") or champ.get("stringValue")
    if kind == "AddressChamp":
        address = _get_mapping(champ.get("address"))
        yield ".cityCode", " (Code INSEE)", "text", address.get("cityCode") or place.get("code")
        yield ".departmentCode", " (Département)", "text", address.get("departmentCode")
        return
    yield ".code", " (Code INSEE)" if kind == "CommuneChamp" else " (Code)", "text", place.get("code")
    if kind in ("CommuneChamp", "EpciChamp"):
        yield ".department", " (Département)", "text", _get_nested(champ, "departement", "code")


def _get_number(champ: Mapping[str, Any]) -> object:
    return _get_first(champ, "decimalNumber", "integerNumber", "value")


def _get_first(champ: Mapping[str, Any], *names: str) -> object:
    """Return the value of the first name that is present and not null, else ""; queries may rename fields."""
    for name in names:
        if champ.get(name) is not None:
            return champ[name]
    return ""


def _format_value(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _get_mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _get_nested(value: object, *names: str) -> Any:
    for name in names:
        value = _get_mapping(value).get(name)
    return value
