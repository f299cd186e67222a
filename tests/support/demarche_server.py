"""A local server that speaks the schema of `tnt_sim.exchange.demarche_schema`, with faults on demand.

It parses each document, checks every field, argument and input against the schema, and changes its dossiers as the
API does: a decision needs a dossier in instruction, a decided dossier takes no second one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tnt_sim.exchange.demarche_schema import READING_SCHEMA, SCHEMA, SchemaField, SchemaType, parse_schema

TOKEN = "jeton-secret=="
INSTRUCTOR, ADDRESS = "SW5zdC0x", "agent@example.gouv.fr"
DEMARCHE = 4321
_TOKENS = re.compile(r'\.\.\.|[\w$@]+|[{}():!\[\],="]')
_SCALARS = {"Int": int, "Float": (int, float), "String": str, "ID": str, "Boolean": bool, "BigInt": int,
            "ISO8601DateTime": str}  # fmt: skip


class GraphqlFault(Exception):
    """An error at the root of an answer."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Selection:
    """One field of a document: its name, the key of its value, its arguments, and what is asked of it."""

    name: str
    key: str
    arguments: dict[str, str]
    inner: list[Selection]
    only: str | None = None


def parse_document(text: str) -> tuple[str, dict[str, str], list[Selection]]:
    """(kind, types of the variables, fields) of a document of one operation."""
    words = _TOKENS.findall(text)
    at = 0

    def take(expected: str | None = None) -> str:
        nonlocal at
        word = words[at]
        at += 1
        if expected is not None and word != expected:
            raise GraphqlFault(f"Parse error on {word}", "graphql_parse_error")
        return word

    def fields(only: str | None) -> list[Selection]:
        found: list[Selection] = []
        take("{")
        while words[at] != "}":
            word = take()
            if word == "...":
                take("on")
                found += fields(take())
                continue
            key = name = word
            if words[at] == ":":
                take()
                name = take()
            arguments: dict[str, str] = {}
            if words[at] == "(":
                take()
                while words[at] != ")":
                    if words[at] == ",":
                        take()
                        continue
                    argument = take()
                    take(":")
                    arguments[argument] = take()
                take(")")
            inner = fields(None) if words[at] == "{" else []
            found.append(Selection(name, key, arguments, inner, only))
        take("}")
        return found

    kind, variables = take(), {}
    take()
    if words[at] == "(":
        take()
        while words[at] != ")":
            if words[at] == ",":
                take()
                continue
            name = take()
            take(":")
            variables[name] = ""
            while words[at] not in (",", ")") and not words[at].startswith("$"):
                variables[name] += take()
        take(")")
    return kind, variables, fields(None)


@dataclass
class DemarcheServer:
    """The dossiers of one démarche, by number, and what was called; `faults` are taken one a request."""

    schema_text: str = SCHEMA
    reading_text: str = READING_SCHEMA
    largest: int = 100
    in_order: bool = True
    before_page: Callable[[int], None] = lambda _: None
    deletions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    dossiers: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    notified: list[int] = field(default_factory=list)
    url: str = ""

    @property
    def schema(self) -> Mapping[str, SchemaType]:
        """The types for sending and for reading, with the fields of both."""
        merged = dict(parse_schema(self.schema_text))
        for name, one in parse_schema(self.reading_text).items():
            fields = merged[name].fields if name in merged else {}
            same = {key: SchemaField(item.type, {**fields[key].arguments, **item.arguments})
                    for key, item in one.fields.items() if key in fields}  # fmt: skip
            merged[name] = SchemaType(one.kind, {**one.fields, **fields, **same})
        return merged

    def add(
        self, number: int, state: str = "en_instruction", amount: float | None = None, **more: Any
    ) -> None:
        self.dossiers[number] = {
            "id": f"RG9zc2llci0{number}", "number": number, "state": state, "archived": False, "motivation": None,
            "annotations": [
                {"__typename": "DecimalNumberChamp", "id": f"Q2hhbXAtMQ{number}",
                 "champDescriptorId": "Q2hhbXAtMQ", "label": "Montant accordé", "value": amount},
                {"__typename": "TextChamp", "id": f"Q2hhbXAtMg{number}", "champDescriptorId": "Q2hhbXAtMg",
                 "label": "Remarque"},
            ], **more,
        }  # fmt: skip

    def file(
        self, number: int, modified: str, requested: object = 1000, title: str = "École", **more: Any
    ) -> None:
        """Put a dossier as a reading finds it, with some fields of a form."""
        self.add(number)
        self.dossiers[number] |= {
            "dateDepot": "2026-01-02T09:00:00+01:00", "datePassageEnConstruction": "2026-01-02T09:00:00+01:00",
            "datePassageEnInstruction": None, "dateTraitement": None, "dateDerniereModification": modified,
            "groupeInstructeur": {"label": "Préfecture"},
            "demandeur": {"__typename": "PersonneMorale", "siret": "21010001900011", "entreprise": {
                "siren": "210100019", "raisonSociale": "COMMUNE", "formeJuridique": "Commune",
                "formeJuridiqueCode": "7210"},
                "address": {"cityCode": "01004", "departmentCode": "01", "regionCode": "84"}},
            "champs": [
                build_field("TextChamp", "Intitulé du projet", stringValue=title),
                build_field("DecimalNumberChamp", "Montant demandé", stringValue=str(requested), value=requested),
                build_field("DecimalNumberChamp", "Coût total", stringValue="4000", value=4000.5),
                build_field("EmailChamp", "Courriel", stringValue="maire@example.fr"),
                build_field("RepetitionChamp", "Devis", stringValue="", rows=[{"champs": [
                    build_field("DecimalNumberChamp", "Montant du devis", stringValue="10", value=10.25)]}]),
            ],
            "annotations": [], **more,
        }  # fmt: skip

    def delete(self, number: int, at: str, *, final: bool = True, reason: str = "user_request") -> None:
        """Delete a dossier, for good or until it is restored."""
        del self.dossiers[number]
        name = "deletedDossiers" if final else "pendingDeletedDossiers"
        entry = {"number": number, "dateSupression": at, "reason": reason}
        self.deletions.setdefault(name, []).append(entry)

    def answer(self, body: bytes, authorization: str | None) -> dict[str, Any]:
        call = json.loads(body)
        self.requests.append(call["operationName"])
        if call["operationName"] == "readSchema":
            return {"data": {"__schema": introspect(self.schema)}}
        try:
            if authorization != f"Bearer {TOKEN}":
                raise GraphqlFault("An object of type Demarche was hidden due to permissions", "unauthorized")
            kind, types, fields = parse_document(call["query"])
            self._check_variables(types, call["variables"])
            root = {"query": "Query", "mutation": "Mutation"}[kind]
            return {"data": self._select(root, self._resolve_root(fields, call["variables"]), fields)}
        except GraphqlFault as fault:
            return {"data": None, "errors": [{"message": str(fault), "extensions": {"code": fault.code}}]}

    def _check_variables(self, types: Mapping[str, str], variables: Mapping[str, Any]) -> None:
        if set(variables) - {name[1:] for name in types}:
            raise GraphqlFault("unknown variable", "bad_request")
        for name, kind in types.items():
            self._check_value(kind, variables.get(name[1:]), name)

    def _check_value(self, kind: str, value: Any, place: str) -> None:
        if value is None:
            if kind.endswith("!"):
                raise GraphqlFault(f"{place} must not be null", "bad_request")
            return
        bare = kind.rstrip("!")
        if bare.startswith("["):
            assert isinstance(value, list), place
            for one in value:
                self._check_value(bare[1:-1], one, place)
        elif bare in _SCALARS:
            if not isinstance(value, _SCALARS[bare]) or (isinstance(value, bool) and bare != "Boolean"):
                raise GraphqlFault(f"{place} is no {bare}", "bad_request")
        else:
            entries = self.schema[bare].fields
            if set(value) - set(entries):
                raise GraphqlFault(f"{place} has no {set(value) - set(entries)}", "argumentNotAccepted")
            for name, entry in entries.items():
                self._check_value(entry.type, value.get(name), f"{place}.{name}")

    def _resolve_root(self, fields: list[Selection], variables: Mapping[str, Any]) -> dict[str, Any]:
        (root,) = fields
        given = {name: variables.get(value[1:]) for name, value in root.arguments.items()}
        if root.name == "demarche":
            return {"demarche": self._read_demarche(given["number"], root, variables)}
        if root.name == "dossier":
            if given["number"] not in self.dossiers:
                raise GraphqlFault("Dossier not found", "not_found")
            return {"dossier": self.dossiers[given["number"]]}
        return {root.name: self._change(root.name, given["input"])}

    def _read_demarche(self, number: int, root: Selection, variables: Mapping[str, Any]) -> dict[str, Any]:
        if number != DEMARCHE:
            raise GraphqlFault("Demarche not found", "not_found")
        lists = ("dossiers", "deletedDossiers", "pendingDeletedDossiers")
        pages = next((one for one in root.inner if one.name in lists), None)
        connection = {} if pages is None else {pages.name: self._read_list(pages, variables)}
        return {
            "number": number, "title": "Équipement", "groupeInstructeurs": [
                {"instructeurs": [{"id": INSTRUCTOR, "email": ADDRESS}]}
            ],
            "activeRevision": {"id": "UmV2LTE="}, **connection,
        }  # fmt: skip

    def _read_list(self, pages: Selection, variables: Mapping[str, Any]) -> dict[str, Any]:
        """One page after a cursor, the key of the last entry: its moment if one is asked for, and its number."""
        given = {name: variables.get(v[1:]) for name, v in pages.arguments.items()}
        since = given.get("updatedSince") or given.get("deletedSince")
        if pages.name == "dossiers":
            self.before_page(self.requests.count("readDossiers"))
        rows = self.deletions.get(pages.name, [])
        rows = list(self.dossiers.values()) if pages.name == "dossiers" else rows
        moment = "dateDerniereModification" if pages.name == "dossiers" else "dateSupression"

        def rank(row: dict[str, Any]) -> str:
            at = (
                datetime.fromisoformat(row[moment]).astimezone(UTC)
                if since and self.in_order
                else datetime.min
            )
            return f"{at:%Y-%m-%dT%H:%M:%S.%f} {row['number']:09}"

        if since:
            start = datetime.fromisoformat(since)
            rows = [row for row in rows if datetime.fromisoformat(row[moment]) >= start]
        rows = sorted((row for row in rows if rank(row) > (given.get("after") or "")), key=rank)
        some = rows[: min(given.get("first") or 100, self.largest)]
        more = len(some) < len(rows)
        return {
            "nodes": some,
            "pageInfo": {"hasNextPage": more, "endCursor": rank(some[-1]) if some else None},
        }

    def _change(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        dossier = next(one for one in self.dossiers.values() if one["id"] == given["dossierId"])
        assert given["instructeurId"] == INSTRUCTOR
        self.calls.append((name, dossier["number"]))
        if name == "dossierModifierAnnotations":
            by_id = {one["id"]: one for one in dossier["annotations"]}
            for entry in given["annotations"]:
                (key,) = entry["value"]
                assert by_id[entry["id"]]["__typename"].lower() == f"{key}champ".lower()
                by_id[entry["id"]]["value"] = entry["value"][key]
            return {"annotations": [by_id[entry["id"]] for entry in given["annotations"]], "errors": None}
        before, after = {
            "dossierPasserEnInstruction": ("en_construction", "en_instruction"),
            "dossierAccepter": ("en_instruction", "accepte"),
            "dossierRefuser": ("en_instruction", "refuse"),
        }[name]
        if dossier["state"] != before:
            return {"dossier": None, "errors": [{"message": f"Le dossier est {dossier['state']}"}]}
        if dossier.get("siret_incomplete"):
            return {"dossier": None, "errors": [{"message": "Les informations du SIRET sont incomplètes."}]}
        dossier["state"], dossier["motivation"] = after, given.get("motivation", dossier["motivation"])
        if not given.get("disableNotification"):
            self.notified.append(dossier["number"])
        return {"dossier": dossier, "errors": None}

    def _select(self, kind: str, value: Any, fields: list[Selection]) -> Any:
        if value is None:
            return None
        if isinstance(value, list):
            return [self._select(kind, one, fields) for one in value]
        found: dict[str, Any] = {}
        for one in fields:
            if one.only is not None and value.get("__typename") != one.only:
                continue
            if one.name == "__typename":
                found[one.key] = value["__typename"]
                continue
            entry = self.schema[one.only or kind].fields.get(one.name)
            if entry is None or set(one.arguments) - set(entry.arguments):
                raise GraphqlFault(f"Field '{one.name}' doesn't exist on type '{kind}'", "undefinedField")
            inner = value[one.name]
            found[one.key] = self._select(entry.named_type, inner, one.inner) if one.inner else inner
        return found


def build_field(kind: str, label: str, **more: Any) -> dict[str, Any]:
    """A filled field of a form."""
    return {"__typename": kind, "id": f"Q-{label}", "champDescriptorId": f"D-{label}", "label": label, **more}


def introspect(schema: Mapping[str, SchemaType]) -> dict[str, Any]:
    """A schema as a server shows it."""

    def reference(kind: str) -> dict[str, Any]:
        if kind.endswith("!"):
            return {"kind": "NON_NULL", "name": None, "ofType": reference(kind[:-1])}
        if kind.startswith("["):
            return {"kind": "LIST", "name": None, "ofType": reference(kind[1:-1])}
        return {"kind": "OTHER", "name": kind, "ofType": None}

    types = []
    for name, one in schema.items():
        entry: dict[str, Any] = {"name": name, "kind": one.kind}
        if one.kind == "enum":
            entry["enumValues"] = [{"name": value} for value in one.fields]
        else:
            entry["inputFields" if one.kind == "input" else "fields"] = [
                {"name": key, "type": reference(item.type), "args": [
                    {"name": argument, "type": reference(kind)} for argument, kind in item.arguments.items()
                ]}
                for key, item in one.fields.items()
            ]  # fmt: skip
        types.append(entry)
    return {"queryType": {"name": "Query"}, "mutationType": {"name": "Mutation"}, "types": types}


@contextmanager
def serve(server: DemarcheServer) -> Iterator[DemarcheServer]:
    """Serve a démarche on this machine.

    A fault is a status (`401`, `429`, `500`, `302`), `drop` (the connection ends unanswered), `drop after` (it
    ends once the call took effect), `text` (an answer that is no JSON), `drip` (a byte each 10 ms), or `ok`.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fault = server.faults.pop(0) if server.faults else "ok"
            if fault == "drop":
                self.close_connection = True
                return
            data = b"<html>"
            if fault in ("ok", "drop after", "drip"):
                data = json.dumps(server.answer(body, self.headers["Authorization"])).encode()
            if fault == "drop after":
                self.close_connection = True
                return
            self.send_response(int(fault) if fault.isdigit() else 200)
            if fault == "302":
                self.send_header("Location", server.url + "/elsewhere")
            if fault == "429":
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if fault != "drip":
                self.wfile.write(data)
                return
            with suppress(OSError):  # the client hangs up
                for at in range(len(data)):
                    self.wfile.write(data[at : at + 1])
                    time.sleep(0.01)

        def log_message(self, *_: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}/api/v2/graphql"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
