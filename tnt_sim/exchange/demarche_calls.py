"""Calls of the API of démarches-simplifiées: the documents, the inputs of each call, and what the answers hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from tnt_sim.errors import ServerError
from tnt_sim.i18n.message import _

if TYPE_CHECKING:
    from tnt_sim.exchange.graphql_client import GraphqlClient

PAGE = 100
"""Dossiers of a page: the most that the API gives."""


MOST_PAGES = 100_000
"""Pages of a list, and so ten million dossiers."""


class Operation(StrEnum):
    """A call that changes a dossier, by its name in the API."""

    ANNOTATE = "dossierModifierAnnotations"
    INSTRUCT = "dossierPasserEnInstruction"
    ACCEPT = "dossierAccepter"
    REFUSE = "dossierRefuser"


class DossierState(StrEnum):
    """State of a dossier at the server."""

    FILED = "en_construction"
    INSTRUCTED = "en_instruction"
    ACCEPTED = "accepte"
    REFUSED = "refuse"
    CLOSED = "sans_suite"


STATE_AFTER: Mapping[Operation, DossierState] = {
    Operation.INSTRUCT: DossierState.INSTRUCTED,
    Operation.ACCEPT: DossierState.ACCEPTED,
    Operation.REFUSE: DossierState.REFUSED,
}
"""By call, the state in which it leaves the dossier."""

NUMBER_KINDS = {"DecimalNumberChamp": "decimalNumber", "IntegerNumberChamp": "integerNumber"}
"""Annotations that take a number, with the key of their value in a call."""

_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_ANNOTATION = """\
__typename id label champDescriptorId
... on DecimalNumberChamp { decimalNumber: value }
... on IntegerNumberChamp { integerNumber: value }"""
_DOSSIER = f"id number state archived annotations {{ {_ANNOTATION} }}"
READ_DEMARCHE = """\
query readDemarche($number: Int!) {
  demarche(number: $number) { number title groupeInstructeurs { instructeurs { id email } } }
}
"""
READ_PAGE = f"""\
query readPage($number: Int!, $first: Int, $after: String) {{
  demarche(number: $number) {{
    dossiers(first: $first, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {_DOSSIER} }}
    }}
  }}
}}
"""
READ_DOSSIER = f"""\
query readDossier($number: Int!) {{
  dossier(number: $number) {{ {_DOSSIER} }}
}}
"""
MUTATIONS: Mapping[Operation, str] = {
    operation: f"""\
mutation {operation}($input: {operation[0].upper()}{operation[1:]}Input!) {{
  {operation}(input: $input) {{
    {f"annotations {{ {_ANNOTATION} }}" if operation is Operation.ANNOTATE else "dossier { id state }"}
    errors {{ message }}
  }}
}}
"""
    for operation in Operation
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A private field of a dossier; `value` is its number, None while it is empty or no number."""

    id: str
    descriptor_id: str
    label: str
    kind: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class ServerDossier:
    """A dossier as the server has it; `id` is what calls take, `number` what people read."""

    id: str
    number: int
    state: str
    archived: bool
    annotations: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class DemarcheHead:
    """A démarche: its title, and the ids of its instructors with their e-mail addresses."""

    title: str
    instructors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that changes a dossier, with its input as the API takes it."""

    operation: Operation
    number: int
    input: Mapping[str, object]


def build_decision_call(
    operation: Operation, dossier: ServerDossier, instructor: str, motivation: str | None, *, notify: bool
) -> Call:
    """Build the call that passes on, accepts or refuses a dossier."""
    content: dict[str, object] = {"dossierId": dossier.id, "instructeurId": instructor}
    if motivation is not None:
        content["motivation"] = motivation
    if not notify:
        content["disableNotification"] = True
    return Call(operation, dossier.number, content)


def build_annotation_call(
    dossier: ServerDossier, instructor: str, values: Sequence[tuple[Annotation, Decimal]]
) -> Call:
    """Build the call that writes numbers into annotations; each is exact as the API's numbers are."""
    entries: list[dict[str, object]] = []
    for annotation, value in values:
        key = NUMBER_KINDS[annotation.kind]
        number = int(value) if key == "integerNumber" else float(value)
        if Decimal(str(number)) != value:
            raise ValueError(f"{value} is not exact as {key}")
        entries.append({"id": annotation.id, "value": {key: number}})
    content = {"dossierId": dossier.id, "instructeurId": instructor, "annotations": entries}
    return Call(Operation.ANNOTATE, dossier.number, content)


def read_demarche(client: GraphqlClient, number: int) -> DemarcheHead:
    """Read the title and the instructors of a démarche."""
    head = _get_mapping(client.ask("readDemarche", READ_DEMARCHE, {"number": number}), "demarche")
    groups = [_require_mapping(one) for one in _get_list(head, "groupeInstructeurs")]
    people = [_require_mapping(one) for group in groups for one in _get_list(group, "instructeurs")]
    return DemarcheHead(
        client.quote(head.get("title")), {str(one.get("id")): str(one.get("email")) for one in people}
    )


def read_dossiers(client: GraphqlClient, number: int) -> Iterator[ServerDossier]:
    """Yield the dossiers of a démarche, page by page."""
    after: str | None = None
    cursors = set[str]()
    while True:
        variables = {"number": number, "first": PAGE, "after": after}
        demarche = _get_mapping(client.ask("readPage", READ_PAGE, variables), "demarche")
        connection = _get_mapping(demarche, "dossiers")
        nodes = _get_list(connection, "nodes")
        for node in nodes:
            if node is not None:
                yield parse_dossier(node)
        page = _get_mapping(connection, "pageInfo")
        if not page.get("hasNextPage"):
            return
        after = str(page.get("endCursor"))
        record_cursor(after, cursors, nodes)


def record_cursor(after: str, cursors: set[str], nodes: Sequence[object]) -> None:
    """Record the cursor of a next page."""
    if after in cursors or not nodes or len(cursors) >= MOST_PAGES:
        text = _("the pages of the server have no end: one leads back to another, or is empty.")
        raise ServerError(text, code="server.answer")
    cursors.add(after)


def read_dossier(client: GraphqlClient, number: int) -> ServerDossier:
    """Read one dossier again."""
    return parse_dossier(client.ask("readDossier", READ_DOSSIER, {"number": number}).get("dossier"))


def parse_dossier(node: object) -> ServerDossier:
    """Parse a dossier of an answer."""
    fields = _require_mapping(node)
    number = fields.get("number")
    if not isinstance(number, int) or not fields.get("id") or not fields.get("state"):
        raise build_answer_error()
    annotations = tuple(parse_annotation(one, number) for one in _get_list(fields, "annotations"))
    return ServerDossier(
        str(fields["id"]), number, str(fields["state"]), fields.get("archived") is True, annotations
    )


def parse_annotation(node: object, dossier: int) -> Annotation:
    """Parse an annotation of an answer, of the dossier of this number."""
    fields = _require_mapping(node)
    kind = str(fields.get("__typename"))
    value = fields.get(NUMBER_KINDS.get(kind, ""))
    if value is not None and (isinstance(value, bool) or not _NUMBER.fullmatch(str(value))):
        text = _(
            "application {number}: the server gives an annotation a value that is not a number.",
            number=str(dossier),
        )
        raise ServerError(text, code="server.answer")
    number = None if value is None else Decimal(str(value))
    return Annotation(
        str(fields.get("id")), str(fields.get("champDescriptorId")), str(fields.get("label")), kind, number
    )


def send_call(client: GraphqlClient, call: Call) -> str | None:
    """Send a call; return why the server refuses it, None once its answer shows that it took effect."""
    data = client.send_change(call.operation, MUTATIONS[call.operation], {"input": call.input})
    payload = _get_mapping(data, call.operation)
    if payload.get("errors"):
        messages = [_require_mapping(one).get("message") for one in _get_list(payload, "errors")]
        return client.quote(" ".join(map(str, messages)))
    if call.operation is Operation.ANNOTATE:
        annotations = [parse_annotation(one, call.number) for one in _get_list(payload, "annotations")]
        return None if has_values(call, annotations) else client.quote("annotations")
    state = _get_mapping(payload, "dossier").get("state")
    return None if state == STATE_AFTER[call.operation] else client.quote(state)


def is_done(call: Call, dossier: ServerDossier) -> bool:
    """Return whether a dossier is as a call leaves it."""
    if call.operation is Operation.ANNOTATE:
        return has_values(call, dossier.annotations)
    if call.operation is Operation.INSTRUCT:
        return dossier.state != DossierState.FILED
    return dossier.state == STATE_AFTER[call.operation]


def has_values(call: Call, annotations: Sequence[Annotation]) -> bool:
    """Return whether annotations have the numbers that a call writes."""
    values = {one.id: one.value for one in annotations}
    entries = call.input["annotations"]
    assert isinstance(entries, list)
    return all(
        values.get(entry["id"]) == Decimal(str(next(iter(entry["value"].values())))) for entry in entries
    )


def build_answer_error() -> ServerError:
    """Return the error of an answer that lacks a requested field."""
    text = _("the answer of the server lacks a requested field.")
    return ServerError(text, code="server.answer")


def _get_mapping(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _require_mapping(fields.get(name))


def _require_mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise build_answer_error()
    return value


def _get_list(fields: Mapping[str, object], name: str) -> Sequence[object]:
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise build_answer_error()
    return value
