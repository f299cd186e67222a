"""Dossiers of a démarche, read page by page.

A journal has each page before the next call, so that an interrupted reading goes on from its last whole page. The
dossiers are one file, the same for all sizes of pages and however often the reading stopped.

The server gives dossiers in the order of their last modification (documented for `updatedSince`). A dossier that
changes meanwhile comes again at the end, and its newest state counts. Where the order is another, what changed
since the reading began is read once more. Deletions are read last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, cast, final

from tnt_sim.disk import append, build_write_error, quote_path
from tnt_sim.errors import DataError, Defect, Place, ServerError, UsageError
from tnt_sim.exchange.demarche_calls import PAGE, build_answer_error, record_cursor
from tnt_sim.exchange.graphql_client import GraphqlClient
from tnt_sim.i18n.message import _

DOSSIERS, ORIGIN, JOURNAL = "dossiers.json", "reading.json", "reading.jsonl"
"""Files of a folder: the dossiers, where and when they were read, and the pages of an unfinished reading."""
START = "1970-01-01T00:00:00Z"
OVERLAP, CLOCKS = timedelta(hours=1), timedelta(days=1)
"""How much earlier a reading begins than the last modification known, and than this machine's clock says."""
LISTS = ("dossiers", "deletedDossiers", "pendingDeletedDossiers")
_SINCE = {
    "dossiers": "updatedSince",
    "deletedDossiers": "deletedSince",
    "pendingDeletedDossiers": "deletedSince",
}
_PERSONAL = frozenset({"EmailChamp", "PhoneChamp", "CiviliteChamp"})
_KIND_FIELDS: Mapping[str, str] = {
    "DateChamp": "date",
    "DatetimeChamp": "datetime",
    "CheckboxChamp": "checked: value",
    "YesNoChamp": "yesNo: value",
    "DecimalNumberChamp": "decimalNumber: value",
    "IntegerNumberChamp": "integerNumber: value",
    "LinkedDropDownListChamp": "primaryValue secondaryValue",
    "MultipleDropDownListChamp": "values",
    "AddressChamp": "address { cityCode departmentCode }",
    "CommuneChamp": "commune { name code } departement { code }",
    "EpciChamp": "epci { name code } departement { code }",
    "DepartementChamp": "departement { name code }",
    "RegionChamp": "region { name code }",
    "SiretChamp": "etablissement { siret }",
    "EngagementJuridiqueChamp": "engagementJuridique { montantEngage montantPaye }",
}
_DELETED = "number dateSupression reason"


class DossierNode(TypedDict):
    """A dossier as the API gives it; what the importer reads further is not named here."""

    number: int
    dateDerniereModification: str


class DeletedNode(TypedDict):
    """A deleted dossier as the API gives it."""

    number: int
    dateSupression: str
    reason: str


@final
class BeginEntry(TypedDict):
    """Entry of the journal: a reading of what changed since `begin`, or of all dossiers."""

    begin: str
    started: str
    full: bool


@final
class PageEntry(TypedDict):
    """Entry of the journal: a page of a list, and the cursor of the next one; None after the last."""

    list: str
    title: str
    revision: str
    after: str | None
    nodes: Sequence[DossierNode | DeletedNode]


def build_queries(kinds: Sequence[str]) -> dict[str, str]:
    """Return by list the query of one page; `kinds` are the field kinds that the server knows.

    Names of natural persons, e-mail addresses of users and attachments are not asked for.
    """
    texts = " ".join(f"... on {kind} {{ {_KIND_FIELDS[kind]} }}" for kind in kinds if kind in _KIND_FIELDS)
    plain = f"__typename champDescriptorId label stringValue {texts}"
    rows = (
        f" ... on RepetitionChamp {{ rows {{ champs {{ {plain} }} }} }}" if "RepetitionChamp" in kinds else ""
    )
    applicant = (
        "__typename ... on PersonneMorale { siret entreprise { siren raisonSociale formeJuridique "
        "formeJuridiqueCode } address { cityCode departmentCode regionCode } }"
    )
    dossier = (
        "number state archived dateDepot datePassageEnConstruction datePassageEnInstruction dateTraitement "
        f"dateDerniereModification groupeInstructeur {{ label }} demandeur {{ {applicant} }} "
        f"champs {{ {plain}{rows} }} annotations {{ {plain}{rows} }}"
    )
    fields = {"dossiers": dossier, "deletedDossiers": _DELETED, "pendingDeletedDossiers": _DELETED}
    return {
        name: f"query {_build_operation_name(name)}"
        "($number: Int!, $first: Int, $after: String, $since: ISO8601DateTime) {\n"
        "  demarche(number: $number) {\n    title activeRevision { id }\n"
        f"    {name}(first: $first, after: $after, {_SINCE[name]}: $since) {{\n"
        f"      pageInfo {{ hasNextPage endCursor }}\n      nodes {{ {fields[name]} }}\n    }}\n  }}\n}}\n"
        for name in LISTS
    }


def _build_operation_name(name: str) -> str:
    return f"read{name[0].upper()}{name[1:]}"


@dataclass(frozen=True, slots=True)
class ReadingSource:
    """The démarche to read, and its address."""

    api: str
    demarche: int


@dataclass(frozen=True, slots=True)
class DeletedDossier:
    """A dossier that was deleted: when and why, as the server says; `is_final` unless it may be restored."""

    number: int
    deleted_at: str
    reason: str
    is_final: bool


@dataclass(slots=True)
class DossierReading:
    """Dossiers read so far, and where the reading stands.

    Attributes
    ----------
    folder : where its files are
    source : what is read
    base : dossiers of the last finished reading, by number
    nodes : dossiers as known now, by number
    deleted : dossiers that went, by number
    since, started : the reading asks for changes from this moment, and began at this one
    place, after : list that is being read, and the cursor in it; past the last list between two readings
    is_full : whether all dossiers are read, not only changes
    n_pages, n_read : pages and dossiers that this process read
    is_new : whether the journal is empty
    """

    folder: Path
    source: ReadingSource
    base: Mapping[int, DossierNode]
    base_sha256: str
    nodes: dict[int, DossierNode]
    deleted: dict[int, DeletedDossier] = field(default_factory=dict)
    title: str = ""
    revision: str = ""
    since: str = START
    started: str = START
    place: int = len(LISTS)
    after: str | None = None
    is_full: bool = False
    n_pages: int = 0
    n_read: int = 0
    is_new: bool = True
    _cursors: set[str] = field(default_factory=set)
    _in_order: bool = True
    _latest: datetime | None = None
    _unwritten: list[BeginEntry] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to read of what was begun."""
        return self.place == len(LISTS) and (
            self._in_order or parse_moment(self.since) >= parse_moment(self.started) - CLOCKS
        )

    def read(
        self,
        client: GraphqlClient,
        kinds: Sequence[str],
        *,
        full: bool = False,
        page: int = PAGE,
        report: Callable[[int, int], None] = lambda pages, dossiers: None,
    ) -> None:
        """Read until nothing is left: the rest of an interrupted reading, else what changed since the last.

        Parameters
        ----------
        client : the server
        kinds : field kinds that it knows
        full : whether to read all dossiers
        page : dossiers of a page
        report : receives the pages and dossiers read so far
        """
        queries = build_queries(kinds)
        if self.is_whole or (full and not self.is_full):
            self._begin(full=full or not self.base)
        is_resumed = self.after is not None
        while not self.is_whole:
            if self.place == len(LISTS):
                self._begin(full=False)
                continue
            try:
                self._read_page(client, queries, page)
            except ServerError as error:
                if not (is_resumed and error.code == "server.refused"):
                    raise
                self._cursors.clear()
                self.after, self._latest = None, None  # its cursor is too old: the list begins again
            is_resumed = False
            report(self.n_pages, self.n_read)

    def _begin(self, *, full: bool) -> None:
        """Begin a reading: of all dossiers, of what changed, or of what may have changed meanwhile."""
        started = format_moment(datetime.now(UTC))
        if full:
            since = START
        elif not self.is_whole:
            started, since = self.started, format_moment(parse_moment(self.started) - CLOCKS)
        else:
            latest = max((get_modified(node) for node in self.nodes.values()), default=None)
            since = START if latest is None else format_moment(latest - OVERLAP)
        entry: BeginEntry = {"begin": since, "started": started, "full": full}
        self._unwritten.append(entry)
        self.take(entry)

    def _read_page(self, client: GraphqlClient, queries: Mapping[str, str], page: int) -> None:
        name = LISTS[self.place]
        since = self.since
        if self.is_full and name != "dossiers":
            since = format_moment(parse_moment(self.started) - CLOCKS)
        variables = {"number": self.source.demarche, "first": page, "after": self.after, "since": since}
        data = client.ask(_build_operation_name(name), queries[name], variables)
        demarche = data.get("demarche")
        connection = demarche.get(name) if isinstance(demarche, dict) else None
        if not isinstance(demarche, dict) or not isinstance(connection, dict):
            raise build_answer_error()
        head, entries = connection.get("pageInfo"), connection.get("nodes")
        if not isinstance(head, dict) or not isinstance(entries, list):
            raise build_answer_error()
        more, after = head.get("hasNextPage"), head.get("endCursor")
        if not isinstance(more, bool):
            raise build_answer_error()
        if more and not isinstance(after, str):
            raise build_answer_error()
        if more:
            record_cursor(str(after), self._cursors, entries)
        nodes = [_make_plain(node) for node in entries if node is not None]
        for node in nodes:
            _check_node(node, name)
        revision = demarche.get("activeRevision")
        self._record(
            {
                "list": name,
                "title": _make_plain(demarche.get("title")),
                "revision": _make_plain(revision.get("id")) if isinstance(revision, dict) else "",
                "after": after if more else None,
                "nodes": nodes,
            }
        )
        self.n_pages += 1
        self.n_read += len(nodes) if name == "dossiers" else 0

    def _record(self, entry: PageEntry) -> None:
        """Write an entry to the journal, after the beginning that led to it, then take it."""
        head = {
            "reading": 1,
            "api": self.source.api,
            "demarche": self.source.demarche,
            "base": self.base_sha256,
        }
        rows = [*([head] if self.is_new else []), *self._unwritten, entry]
        path = self.folder / JOURNAL
        try:
            append(path, "\n".join(json.dumps(one, ensure_ascii=False) for one in rows).encode())
        except OSError as error:
            raise build_write_error(quote_path(path), error) from None
        self.is_new, self._unwritten = False, []
        self.take(entry)

    def take(self, entry: BeginEntry | PageEntry) -> None:
        """Take an entry of the journal; reading and reading again are the same."""
        if "begin" in entry:
            full = entry["full"] is True
            self.is_full = full or (self.is_full and not self.is_whole)
            if full:
                self.nodes, self.deleted = {}, {}
            self.since, self.started = str(entry["begin"]), str(entry["started"])
            self._cursors.clear()
            self.place, self.after, self._in_order, self._latest = 0, None, True, None
            return
        name = entry["list"]
        self.title, self.revision = str(entry["title"]), str(entry["revision"])
        for node in entry["nodes"]:
            if name == "dossiers":
                self._take_dossier(cast(DossierNode, node))
            else:
                self._take_deletion(cast(DeletedNode, node), is_final=name == "deletedDossiers")
        self.after = entry["after"]
        self.place = LISTS.index(name) + (self.after is None)
        if self.after is None:
            self._cursors.clear()

    def _take_dossier(self, node: DossierNode) -> None:
        moment = get_modified(node)
        if self._latest is not None and moment < self._latest:
            self._in_order = False
        self._latest = moment if self._latest is None else max(moment, self._latest)
        before = self.nodes.get(node["number"])
        if before is None or moment >= get_modified(before):
            self.nodes[node["number"]] = node
            self.deleted.pop(node["number"], None)

    def _take_deletion(self, node: DeletedNode, *, is_final: bool) -> None:
        number, at = node["number"], str(node["dateSupression"])
        known = self.nodes.get(number)
        if known is not None and parse_moment(at) >= get_modified(known):
            del self.nodes[number]
        elif known is not None or number in self.deleted or number not in self.base:
            return
        self.deleted[number] = DeletedDossier(number, at, str(node["reason"]), is_final)

    def list_changes(self) -> tuple[list[int], list[int], list[DeletedDossier]]:
        """Return the numbers of new and changed dossiers since the last finished reading, and those that went."""
        added = sorted(self.nodes.keys() - self.base.keys())
        changed = sorted(n for n in self.nodes.keys() & self.base.keys() if self.nodes[n] != self.base[n])
        gone = sorted(self.base.keys() - self.nodes.keys())
        return added, changed, [self.deleted.get(n) or DeletedDossier(n, "", "not_given", True) for n in gone]

    def render(self) -> bytes:
        """Return the dossiers as an answer of the API, one line per dossier, by number."""
        rows = ",\n".join(_dump(self.nodes[number]) for number in sorted(self.nodes))
        demarche = {
            "number": self.source.demarche,
            "title": self.title,
            "activeRevision": {"id": self.revision},
        }
        head = _dump(demarche)[:-1]
        pages = '"dossiers": {"pageInfo": {"hasNextPage": false}, "nodes": [\n'
        return f'{{"data": {{"demarche": {head}, {pages}{rows}\n]}}}}}}}}\n'.encode()

    def render_origin(self, read_at: str) -> bytes:
        """Return where and when the dossiers were read."""
        origin = {"api": self.source.api, "demarche": self.source.demarche, "read_at": read_at}
        return (json.dumps(origin, ensure_ascii=False, indent=2) + "\n").encode()

    def close(self) -> None:
        """Remove the journal, once its pages are in the file of the dossiers."""
        (self.folder / JOURNAL).unlink(missing_ok=True)


def open_reading(folder: Path, source: ReadingSource) -> DossierReading:
    """Open the reading of a folder: the dossiers of the last finished one, and the pages read since.

    A last page that a kill cut is left out. Pages that follow another file of dossiers are dropped.
    """
    base, digest = _read_base(folder, source)
    reading = DossierReading(folder, source, base, digest, dict(base))
    path = folder / JOURNAL
    if not path.exists() or path.stat().st_size == 0:
        return reading
    try:
        rows = path.read_text(encoding="utf-8").split("\n")
        head = json.loads(rows[0])
        _refuse_other(path, head, source)
        if head["base"] != digest:
            reading.close()
            return reading
        for row in rows[1:-1]:  # the last is empty, or cut by a kill
            try:
                entry = json.loads(row)
            except ValueError:  # cut by a kill, and followed by a later page
                continue
            reading.take(entry)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _build_damage_error(path) from None
    reading.is_new = False
    return reading


def read_origin(folder: Path) -> tuple[ReadingSource, str] | None:
    """Return where and when the dossiers of a folder were read; None if they are of no server."""
    path = folder / ORIGIN
    if not path.exists():
        return None
    try:
        origin = json.loads(path.read_text(encoding="utf-8"))
        return ReadingSource(str(origin["api"]), int(origin["demarche"])), str(origin["read_at"])
    except (OSError, ValueError, KeyError, TypeError):
        raise _build_damage_error(path) from None


def _read_base(folder: Path, source: ReadingSource) -> tuple[dict[int, DossierNode], str]:
    origin, path = read_origin(folder), folder / DOSSIERS
    if origin is None or not path.exists():
        return {}, ""
    _refuse_other(path, {"api": origin[0].api, "demarche": origin[0].demarche}, source)
    try:
        data = path.read_bytes()
        nodes = json.loads(data)["data"]["demarche"]["dossiers"]["nodes"]
        for node in nodes:
            _check_node(node, "dossiers")
        return {node["number"]: node for node in nodes}, hashlib.sha256(data).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, ServerError):
        raise _build_damage_error(path) from None


def _refuse_other(path: Path, head: Mapping[str, object], source: ReadingSource) -> None:
    if (head["api"], head["demarche"]) != (source.api, source.demarche):
        text = _(
            '"{file}" has applications of another procedure or address: {demarche}, {api}. Give another --out.',
            file=path,
            demarche=str(head["demarche"]),
            api=str(head["api"]),
        )
        raise UsageError(text, code="usage.reading")


def _build_damage_error(path: Path) -> DataError:
    text = _("this file of a reading is damaged.")
    hint = _("Delete it: the same command then reads all applications again.")
    return DataError([Defect("reading", text, (Place(file=str(path)),), hint)])


def _check_node(node: object, name: str) -> None:
    """Refuse a dossier, or a deleted one, without its number and moment."""
    moment = "dateDerniereModification" if name == "dossiers" else "dateSupression"
    try:
        assert isinstance(node, dict)
        assert type(node["number"]) is int
        parse_moment(node[moment])
        if name == "dossiers":
            assert isinstance(node["champs"], list)
            assert isinstance(node["annotations"], list)
    except (AssertionError, KeyError, TypeError, ValueError):
        raise build_answer_error() from None


def get_modified(node: DossierNode) -> datetime:
    """Return when a dossier was last modified."""
    return parse_moment(node["dateDerniereModification"])


def parse_moment(text: str) -> datetime:
    """Parse a moment of the API; without an offset it is in UTC.

    >>> parse_moment("2026-03-01T10:00:00+01:00") == parse_moment("2026-03-01T09:00:00Z")
    True
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def format_moment(moment: datetime) -> str:
    """Write a moment in UTC, in whole seconds.

    >>> format_moment(parse_moment("2026-03-01T10:00:00.7+01:00"))
    '2026-03-01T09:00:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _make_plain(value: Any) -> Any:
    """Return a value of an answer for the journal: decimals as digits, without fields that identify a person."""
    if isinstance(value, dict):
        plain = {key: _make_plain(one) for key, one in value.items()}
        if plain.get("__typename") in _PERSONAL:
            plain["stringValue"] = None
        return plain
    if isinstance(value, list):
        return [_make_plain(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
