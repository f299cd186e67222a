"""The part of the GraphQL schema of démarches-simplifiées that the calls use, checked against a server's own.

`SCHEMA` for sending and `READING_SCHEMA` for reading are written from the public documentation of the API
(doc.demarches-simplifiees.fr, « API GraphQL »: getDemarche, pagination, état d’un dossier, annotations,
instructeurs, erreurs).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from tnt_sim.characters import make_printable
from tnt_sim.errors import ServerError
from tnt_sim.exchange.graphql_client import GraphqlClient
from tnt_sim.i18n.message import _

SCHEMA = """\
type Query {
  demarche(number: Int!): Demarche!
  dossier(number: Int!): Dossier!
}

type Mutation {
  dossierModifierAnnotations(input: DossierModifierAnnotationsInput!): DossierModifierAnnotationsPayload
  dossierPasserEnInstruction(input: DossierPasserEnInstructionInput!): DossierPasserEnInstructionPayload
  dossierAccepter(input: DossierAccepterInput!): DossierAccepterPayload
  dossierRefuser(input: DossierRefuserInput!): DossierRefuserPayload
}

type Demarche {
  number: Int!
  title: String!
  groupeInstructeurs: [GroupeInstructeur!]!
  dossiers(first: Int, after: String): DossierConnection!
}

type GroupeInstructeur {
  instructeurs: [Profile!]!
}

type Profile {
  id: ID!
  email: String!
}

type DossierConnection {
  nodes: [Dossier]
  pageInfo: PageInfo!
}

type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
}

type Dossier {
  id: ID!
  number: Int!
  state: DossierState!
  archived: Boolean!
  annotations: [Champ!]!
}

enum DossierState {
  en_construction
  en_instruction
  accepte
  refuse
  sans_suite
}

interface Champ {
  id: ID!
  label: String!
  champDescriptorId: String!
}

type DecimalNumberChamp {
  value: Float
}

type IntegerNumberChamp {
  value: BigInt
}

type ValidationError {
  message: String!
}

type DossierModifierAnnotationsPayload {
  annotations: [Champ!]
  errors: [ValidationError!]
}

type DossierPasserEnInstructionPayload {
  dossier: Dossier
  errors: [ValidationError!]
}

type DossierAccepterPayload {
  dossier: Dossier
  errors: [ValidationError!]
}

type DossierRefuserPayload {
  dossier: Dossier
  errors: [ValidationError!]
}

input DossierModifierAnnotationsInput {
  dossierId: ID!
  instructeurId: ID!
  annotations: [AnnotationInput!]!
}

input AnnotationInput {
  id: ID!
  value: AnnotationValueInput!
}

input AnnotationValueInput {
  decimalNumber: Float
  integerNumber: Int
}

input DossierPasserEnInstructionInput {
  dossierId: ID!
  instructeurId: ID!
  disableNotification: Boolean
}

input DossierAccepterInput {
  dossierId: ID!
  instructeurId: ID!
  motivation: String
  disableNotification: Boolean
}

input DossierRefuserInput {
  dossierId: ID!
  instructeurId: ID!
  motivation: String
  disableNotification: Boolean
}
"""
BY_NAME = ("Query", "Mutation", "Champ", "DecimalNumberChamp", "IntegerNumberChamp")
"""Types that the calls reach at the root, or name where a value has several types."""
READING_SCHEMA = """\
type Query {
  demarche(number: Int!): Demarche!
}

type Demarche {
  title: String!
  activeRevision: Revision!
  dossiers(first: Int, after: String, updatedSince: ISO8601DateTime): DossierConnection!
  deletedDossiers(first: Int, after: String, deletedSince: ISO8601DateTime): DeletedDossierConnection!
  pendingDeletedDossiers(first: Int, after: String, deletedSince: ISO8601DateTime): DeletedDossierConnection!
}

type Revision {
  id: ID!
}

type DossierConnection {
  nodes: [Dossier]
  pageInfo: PageInfo!
}

type DeletedDossierConnection {
  nodes: [DeletedDossier]
  pageInfo: PageInfo!
}

type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
}

type DeletedDossier {
  number: Int!
  dateSupression: ISO8601DateTime!
  reason: String!
}

type Dossier {
  number: Int!
  state: DossierState!
  archived: Boolean!
  dateDepot: ISO8601DateTime!
  datePassageEnConstruction: ISO8601DateTime!
  datePassageEnInstruction: ISO8601DateTime
  dateTraitement: ISO8601DateTime
  dateDerniereModification: ISO8601DateTime!
  groupeInstructeur: GroupeInstructeur!
  demandeur: Demandeur!
  champs: [Champ!]!
  annotations: [Champ!]!
}

enum DossierState {
  en_construction
  en_instruction
  accepte
  refuse
  sans_suite
}

type GroupeInstructeur {
  label: String!
}

interface Demandeur {
  id: ID!
}

type PersonneMorale {
  siret: String!
  entreprise: Entreprise
  address: Address!
}

type Entreprise {
  siren: String!
  raisonSociale: String!
  formeJuridique: String
  formeJuridiqueCode: String
}

type Address {
  cityCode: String!
  departmentCode: String
  regionCode: String
}

interface Champ {
  label: String!
  stringValue: String
  champDescriptorId: String!
}

type DateChamp {
  date: ISO8601Date
}

type DatetimeChamp {
  datetime: ISO8601DateTime
}

type CheckboxChamp {
  value: Boolean
}

type YesNoChamp {
  value: Boolean
}

type DecimalNumberChamp {
  value: Float
}

type IntegerNumberChamp {
  value: BigInt
}

type LinkedDropDownListChamp {
  primaryValue: String
  secondaryValue: String
}

type MultipleDropDownListChamp {
  values: [String!]!
}

type AddressChamp {
  address: Address
}

type CommuneChamp {
  commune: Commune
  departement: Departement
}

type EpciChamp {
  epci: Epci
  departement: Departement
}

type DepartementChamp {
  departement: Departement
}

type RegionChamp {
  region: Region
}

type SiretChamp {
  etablissement: PersonneMorale
}

type EngagementJuridiqueChamp {
  engagementJuridique: EngagementJuridique
}

type RepetitionChamp {
  rows: [Row!]!
}

type Commune {
  name: String!
  code: String!
}

type Epci {
  name: String!
  code: String!
}

type Departement {
  name: String!
  code: String!
}

type Region {
  name: String!
  code: String!
}

type EngagementJuridique {
  montantEngage: String
  montantPaye: String
}

type Row {
  champs: [Champ!]!
}
"""
READ_BY_NAME = ("Query", "Champ", "PersonneMorale")
"""Types that a reading reaches at the root, or names where a value has several types."""
FIELD_KINDS = (
    "DateChamp", "DatetimeChamp", "CheckboxChamp", "YesNoChamp", "DecimalNumberChamp", "IntegerNumberChamp",
    "LinkedDropDownListChamp", "MultipleDropDownListChamp", "AddressChamp", "CommuneChamp", "EpciChamp",
    "DepartementChamp", "RegionChamp", "SiretChamp", "EngagementJuridiqueChamp", "RepetitionChamp",
)  # fmt: skip
"""Kinds of form fields that have more than a text. A server without one of them has no field of this kind."""
_SAME = {"BigInt": "Int", "DeletedDossierReason": "String"}
"""Plain types that have one of two names."""
_HEAD = re.compile(r"(type|interface|input|enum) (\w+) \{")
_FIELD = re.compile(r"  (\w+)(?:\(([^)]*)\))?(?:: (\S+))?")

INTROSPECTION = """\
query readSchema {
  __schema {
    queryType { name }
    mutationType { name }
    types {
      kind
      name
      fields(includeDeprecated: true) {
        name
        args { name defaultValue type { ...TypeReference } }
        type { ...TypeReference }
      }
      inputFields { name defaultValue type { ...TypeReference } }
      enumValues(includeDeprecated: true) { name }
    }
  }
}

fragment TypeReference on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name } } }
}
"""


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field: its type as the schema language writes it, and its arguments."""

    type: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    has_default: bool = False

    @property
    def named_type(self) -> str:
        """The type without lists and marks."""
        return self.type.strip("[]!")

    @property
    def is_required(self) -> bool:
        """Whether a call must give it."""
        return self.type.endswith("!") and not self.has_default


@dataclass(frozen=True, slots=True)
class SchemaType:
    """A type: its kind and its fields by name; the values of an enum are fields without a type."""

    kind: str
    fields: Mapping[str, SchemaField]


@cache
def parse_schema(text: str = SCHEMA) -> Mapping[str, SchemaType]:
    """Parse a schema that has one field per line, as `SCHEMA` is written."""
    types: dict[str, SchemaType] = {}
    fields: dict[str, SchemaField] = {}
    for row in text.splitlines():
        if head := _HEAD.fullmatch(row):
            fields = {}
            types[head[2]] = SchemaType(head[1], fields)
        elif entry := _FIELD.fullmatch(row):
            pairs = [pair.partition(": ") for pair in (entry[2] or "").split(", ") if pair]
            arguments = {name: kind for name, __, kind in pairs}
            fields[entry[1]] = SchemaField(entry[3] or "", arguments)
    return types


def check_server(client: GraphqlClient) -> None:
    """Read the server's own schema and refuse it unless it has all that the calls use."""
    missing = compare_schemas(read_schema(client.ask("readSchema", INTROSPECTION, {})))
    if missing:
        text = _(
            "the API of this server has changed: {names}. Nothing is sent; use a newer version of tnt-sim.",
            names=make_printable(", ".join(missing)),
        )
        raise ServerError(text, code="server.schema")


def check_reading(client: GraphqlClient) -> tuple[str, ...]:
    """Read the server's own schema, refuse it unless it has all that a reading uses; return its field kinds."""
    server = read_schema(client.ask("readSchema", INTROSPECTION, {}))
    kinds = tuple(name for name in FIELD_KINDS if name in server)
    missing = compare_schemas(server, READING_SCHEMA, (*READ_BY_NAME, *kinds))
    if missing:
        text = _(
            "the API of this server has changed: {names}. Nothing is read; use a newer version of tnt-sim.",
            names=make_printable(", ".join(missing)),
        )
        raise ServerError(text, code="server.schema")
    return kinds


def compare_schemas(
    server: Mapping[str, SchemaType], schema: str = SCHEMA, by_name: Sequence[str] = BY_NAME
) -> list[str]:
    """List what the calls use and a server does not have, or has in another form."""
    own = parse_schema(schema)
    missing: list[str] = []
    pairs = [(name, name) for name in by_name]
    done: set[tuple[str, str]] = set()
    while pairs:
        ours, theirs = pairs.pop(0)
        if (ours, theirs) in done:
            continue
        done.add((ours, theirs))
        if theirs not in server:
            missing.append(theirs)
            continue
        other = server[theirs].fields
        for name, entry in own[ours].fields.items():
            place = f"{theirs}.{name}"
            if name not in other:
                missing.append(place)
                continue
            missing += _compare_fields(place, entry, other[name], own, is_input=own[ours].kind == "input")
            for used, found in [(entry.type, other[name].type), *_match_arguments(entry, other[name])]:
                if (inner := used.strip("[]!")) in own:
                    pairs.append((inner, found.strip("[]!")))
        if own[ours].kind == "input":
            extra = [
                name for name, entry in other.items() if entry.is_required and name not in own[ours].fields
            ]
            missing += [_describe_required(f"{theirs}.{name}") for name in extra]
    return missing


def _match_arguments(entry: SchemaField, other: SchemaField) -> Iterator[tuple[str, str]]:
    for name, kind in entry.arguments.items():
        if name in other.arguments:
            yield kind, other.arguments[name]


def _compare_fields(
    place: str, entry: SchemaField, other: SchemaField, own: Container[str], *, is_input: bool
) -> Iterator[str]:
    if not _is_alike(entry.type, other.type, own, is_given=is_input):
        yield f"{place}: {other.type}"
    for name, kind in entry.arguments.items():
        if name not in other.arguments:
            yield f"{place}({name})"
        elif not _is_alike(kind, other.arguments[name], own, is_given=True):
            yield f"{place}({name}: {other.arguments[name]})"
    for name, kind in other.arguments.items():
        if name not in entry.arguments and kind.endswith("!"):
            yield _describe_required(f"{place}({name})")


def _describe_required(place: str) -> str:
    return f"{place}!"


def _is_alike(ours: str, theirs: str, own: Container[str], *, is_given: bool) -> bool:
    """Return whether two types have the same lists and, where ours is none of our `own`, the same name.

    What a call gives may be optional at the server; what ours leaves out must be.
    """
    if ours.count("[") != theirs.count("["):
        return False
    if is_given and theirs.endswith("!") and not ours.endswith("!"):
        return False
    names = [one.strip("[]!") for one in (ours, theirs)]
    return names[0] in own or len({_SAME.get(name, name) for name in names}) == 1


def read_schema(data: Mapping[str, object]) -> dict[str, SchemaType]:
    """Read an answer to `INTROSPECTION`; its root types are named `Query` and `Mutation`."""
    types: dict[str, SchemaType] = {}
    schema = data.get("__schema")
    try:
        assert isinstance(schema, dict)
        for entry in schema["types"]:
            fields = {
                one["name"]: SchemaField(
                    _write_type(one["type"]),
                    {
                        argument["name"]: _write_type(argument["type"]).rstrip("!")
                        if argument.get("defaultValue") is not None
                        else _write_type(argument["type"])
                        for argument in one.get("args") or ()
                    },
                    one.get("defaultValue") is not None,
                )
                for one in (entry.get("fields") or entry.get("inputFields") or ())
            }
            fields |= {one["name"]: SchemaField("") for one in entry.get("enumValues") or ()}
            types[entry["name"]] = SchemaType(entry["kind"], fields)
        for root, name in (("queryType", "Query"), ("mutationType", "Mutation")):
            if schema.get(root):
                types[name] = types[schema[root]["name"]]
    except (AssertionError, AttributeError, KeyError, TypeError):
        raise ServerError(_("the server does not show its schema."), code="server.schema") from None
    return types


def _write_type(reference: object) -> str:
    """Write a type as the schema language does: `[Dossier!]!`."""
    assert isinstance(reference, dict)
    if reference["kind"] == "NON_NULL":
        return _write_type(reference["ofType"]) + "!"
    if reference["kind"] == "LIST":
        return f"[{_write_type(reference['ofType'])}]"
    return str(reference["name"])
