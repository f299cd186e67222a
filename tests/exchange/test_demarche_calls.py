"""The client of démarches-simplifiées against a local server that speaks the schema: calls, faults, schemas."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from support.demarche_server import DEMARCHE, INSTRUCTOR, TOKEN, DemarcheServer, introspect, serve

from tnt_sim.deadline import Deadline
from tnt_sim.errors import ServerError, UsageError
from tnt_sim.exchange import graphql_client
from tnt_sim.exchange.demarche_calls import (
    MUTATIONS,
    Operation,
    build_annotation_call,
    build_decision_call,
    read_demarche,
    read_dossier,
    read_dossiers,
    send_call,
)
from tnt_sim.exchange.demarche_schema import (
    SCHEMA,
    check_server,
    compare_schemas,
    parse_schema,
    read_schema,
)
from tnt_sim.exchange.graphql_client import ATTEMPTS, GraphqlClient, UncertainCallError, check_url, read_token
from tnt_sim.i18n.message import Lang


@pytest.fixture
def server() -> Iterator[DemarcheServer]:
    with serve(DemarcheServer()) as one:
        yield one


def connect(server: DemarcheServer, token: str = TOKEN) -> tuple[GraphqlClient, list[float]]:
    pauses: list[float] = []
    return GraphqlClient(server.url, token, interval=0, sleep=pauses.append), pauses


def test_dossiers_are_read_page_by_page(server: DemarcheServer) -> None:
    for number in range(1, 251):
        server.add(number, amount=number / 100)
    client, _ = connect(server)
    found = list(read_dossiers(client, DEMARCHE))
    assert [one.number for one in found] == list(range(1, 251))
    assert found[6].annotations[0].value == Decimal("0.07")
    assert server.requests == ["readPage"] * 3
    assert read_demarche(client, DEMARCHE).instructors == {INSTRUCTOR: "agent@example.gouv.fr"}


def test_each_call_changes_the_dossier_and_says_so(server: DemarcheServer) -> None:
    server.add(5, "en_construction")
    client, _ = connect(server)
    dossier = read_dossier(client, 5)
    amount = build_annotation_call(dossier, INSTRUCTOR, [(dossier.annotations[0], Decimal("12000.50"))])
    assert send_call(client, amount) is None
    refused = build_decision_call(Operation.ACCEPT, dossier, INSTRUCTOR, "Accordé", notify=True)
    assert send_call(client, refused) == "Le dossier est en_construction"
    for operation in (Operation.INSTRUCT, Operation.ACCEPT):
        call = build_decision_call(operation, dossier, INSTRUCTOR, None, notify=False)
        assert send_call(client, call) is None
    after = read_dossier(client, 5)
    assert (after.state, after.annotations[0].value) == ("accepte", Decimal("12000.5"))
    assert server.notified == []


def test_cents_are_written_exactly(server: DemarcheServer) -> None:
    server.add(1)
    client, _ = connect(server)
    dossier = read_dossier(client, 1)
    for cents in (1, 10, 29, 99_999_999_999, 123_456_789_012_345):
        value = Decimal(cents).scaleb(-2)
        call = build_annotation_call(dossier, INSTRUCTOR, [(dossier.annotations[0], value)])
        assert send_call(client, call) is None
        assert read_dossier(client, 1).annotations[0].value == value
    with pytest.raises(ValueError, match="not exact"):
        build_annotation_call(
            dossier, INSTRUCTOR, [(dossier.annotations[0], Decimal("1e20") + Decimal("0.01"))]
        )


@pytest.mark.parametrize(
    ("fault", "code", "times"),
    [
        ("401", "server.token", 1), ("403", "server.token", 1), ("404", "server.refused", 1),
        ("302", "server.redirect", 1), ("429", "server.busy", ATTEMPTS), ("500", "server.failure", ATTEMPTS),
        ("drop", "server.network", ATTEMPTS), ("text", "server.answer", ATTEMPTS),
    ],
)  # fmt: skip
def test_a_lasting_fault_is_named_by_its_cause(
    server: DemarcheServer, fault: str, code: str, times: int
) -> None:
    server.faults = [fault] * 20
    client, pauses = connect(server)
    with pytest.raises(ServerError) as caught:
        read_demarche(client, DEMARCHE)
    assert (caught.value.code, caught.value.exit_code) == (code, 1)
    assert 20 - len(server.faults) == times
    assert len(pauses) == times - 1
    assert TOKEN not in caught.value.text.in_(Lang.EN) + repr(client)


@pytest.mark.parametrize("fault", ["429", "500", "drop", "text"])
def test_a_passing_fault_is_tried_again(server: DemarcheServer, fault: str) -> None:
    server.faults = [fault, fault]
    client, pauses = connect(server)
    assert read_demarche(client, DEMARCHE).title == "Équipement"
    assert pauses == ([7.0, 7.0] if fault == "429" else [0.5, 1.0])


@pytest.mark.parametrize("fault", ["500", "drop", "drop after", "text"])
def test_a_change_without_answer_is_not_sent_again_blindly(server: DemarcheServer, fault: str) -> None:
    server.add(1)
    client, _ = connect(server)
    call = build_decision_call(
        Operation.REFUSE, read_dossier(client, 1), INSTRUCTOR, "Trop tard", notify=True
    )
    server.faults = [fault]
    with pytest.raises(UncertainCallError):
        send_call(client, call)
    assert len(server.calls) == (fault == "drop after")


def test_a_change_that_the_server_put_off_is_sent_again(server: DemarcheServer) -> None:
    server.add(1)
    client, pauses = connect(server)
    call = build_decision_call(
        Operation.REFUSE, read_dossier(client, 1), INSTRUCTOR, "Trop tard", notify=True
    )
    server.faults = ["429"]
    assert send_call(client, call) is None
    assert (pauses, server.calls) == ([7.0], [("dossierRefuser", 1)])


def test_what_is_unknown_is_said_in_words(server: DemarcheServer) -> None:
    client, _ = connect(server)
    for read in (lambda: read_demarche(client, 1), lambda: read_dossier(client, 9)):
        with pytest.raises(ServerError) as caught:
            read()
        assert caught.value.code == "server.unknown"
    with pytest.raises(ServerError) as caught:
        read_demarche(connect(server, "other")[0], DEMARCHE)
    assert caught.value.code == "server.token"


@pytest.mark.parametrize(
    "value", ["", "12 000", [1], "sNaN", "NaN", "Infinity", float("nan"), True, {}, "1_0", "٣"]
)
def test_an_annotation_that_is_no_number_is_named(server: DemarcheServer, value: object) -> None:
    server.add(7, amount=value)
    client, _ = connect(server)
    with pytest.raises(ServerError) as caught:
        read_dossier(client, 7)
    assert (caught.value.code, "application 7" in caught.value.text.in_(Lang.EN)) == ("server.answer", True)


@pytest.mark.parametrize(
    ("value", "found"), [(None, None), (0, 0), ("12000", 12000), (-1.5, Decimal("-1.5")), (1e22, 10**22)]
)
def test_an_annotation_that_is_a_number_is_read(server: DemarcheServer, value: object, found: object) -> None:
    server.add(7, amount=value)
    assert read_dossier(connect(server)[0], 7).annotations[0].value == found


def test_an_answer_that_drips_ends_with_the_deadline(
    server: DemarcheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults = ["drip"]
    server.add(1)
    client, _ = connect(server)
    dossier = read_dossier(client, 1)
    assert server.faults == []
    server.faults = ["drip"]
    client.deadline = Deadline(0.3)
    with pytest.raises(ServerError) as caught:
        read_demarche(client, DEMARCHE)
    assert caught.value.code == "server.deadline"
    server.faults = ["drip"]
    monkeypatch.setattr(graphql_client, "LONGEST_CALL", 0.1)
    client.deadline = Deadline(None)
    with pytest.raises(UncertainCallError):
        send_call(client, build_decision_call(Operation.REFUSE, dossier, INSTRUCTOR, "Tard", notify=True))


def test_what_a_server_says_moves_nothing_in_a_terminal(server: DemarcheServer) -> None:
    client, _ = connect(server)
    said = f"«\u00a0Non\u202f!\u00a0» \x1b[2J\r\nfin\u202e\x00 {TOKEN}"
    assert client.quote(said) == "«\u00a0Non\u202f!\u00a0» \ufffd[2J  fin\ufffd\ufffd …"
    text = SCHEMA.replace("  motivation: String\n", "  motivation: Int\x1b[2J\n")
    with serve(DemarcheServer(schema_text=text)) as other, pytest.raises(ServerError) as caught:
        check_server(connect(other)[0])
    assert "\x1b" not in caught.value.text.in_(Lang.EN)


def test_nothing_is_called_after_the_deadline(server: DemarcheServer) -> None:
    client = GraphqlClient(server.url, TOKEN, Deadline(0.0))
    with pytest.raises(ServerError) as caught:
        read_demarche(client, DEMARCHE)
    assert caught.value.code == "server.deadline"
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    ["http://demarche.numerique.gouv.fr/api", "demarche.numerique.gouv.fr", "https://a:b@host/api", "file:///etc/passwd",
     "https://", "ftp://host/x", "https://127.0.0.1/é", "https://hôte/x", "https://host:port/x", "https://host:99999/x",
     "https://host:0/x", "https://host /x", "https://host/a b", "https://host/a\nb", "https://[::1/x", "https://a..b/x",
     "https://" + "a" * 64 + ".fr/x"],
)  # fmt: skip
def test_a_token_goes_over_https_only(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(url)
    assert "a:b" not in caught.value.text.in_(Lang.EN)


@pytest.mark.parametrize("secret", ["secret", "sec/secret", "sec@secret", "sec?secret#", "sec\nsecret"])
@pytest.mark.parametrize("before", ["https://agent:", "agent:", "ftp://agent:"])
@pytest.mark.parametrize("sign", ["@", "%40"])
def test_a_password_in_an_address_is_refused_and_never_shown(before: str, secret: str, sign: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(f"{before}{secret}{sign}host/api")
    assert "secret" not in caught.value.text.in_(Lang.EN)


def test_a_token_for_this_machine_goes_through_no_proxy(
    server: DemarcheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(DemarcheServer()) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/api/v2/graphql"))
        client, _ = connect(server)
        assert read_demarche(client, DEMARCHE).title == "Équipement"
    assert (server.requests, proxy.requests) == (["readDemarche"], [])


@pytest.mark.parametrize("text", ["", " \n", "a b", "a\nb", "é"])
def test_what_is_no_token_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_token(None, {"TNT_SIM_TOKEN": text})
    assert "a b" not in caught.value.text.in_(Lang.EN)


def test_the_documents_use_all_of_the_schema_and_nothing_else(server: DemarcheServer) -> None:
    """The server refuses a field that the schema lacks; here, no field of it is without use."""
    documents = " ".join(
        [*MUTATIONS.values(), *(getattr(__import__("tnt_sim.exchange.demarche_calls", fromlist=["x"]), name)
                                for name in ("READ_DEMARCHE", "READ_PAGE", "READ_DOSSIER"))]
    )  # fmt: skip
    for name, one in parse_schema().items():
        if one.kind in ("type", "interface"):
            unused = [key for key in one.fields if key not in documents]
            assert unused == [], name


def test_the_schema_of_a_server_that_has_more_is_accepted(server: DemarcheServer) -> None:
    client, _ = connect(server)
    check_server(client)
    more = SCHEMA.replace("type Dossier {", "type Dossier {\n  motivation: String").replace("BigInt", "Int")
    assert compare_schemas(read_schema({"__schema": introspect(parse_schema(more))})) == []
    renamed = SCHEMA.replace("AnnotationInput", "OtherInput")
    assert compare_schemas(read_schema({"__schema": introspect(parse_schema(renamed))})) == []


FIELDS = [
    (kind, name)
    for kind, one in parse_schema().items()
    for name in one.fields
    if kind not in ("Query", "Mutation")
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_each_field_that_a_server_lacks_is_named(kind: str, name: str) -> None:
    types = introspect(parse_schema())
    for one in types["types"]:
        if one["name"] == kind:
            for key in ("fields", "inputFields", "enumValues"):
                one[key] = [entry for entry in one.get(key, ()) if entry["name"] != name]
    assert f"{kind}.{name}" in compare_schemas(read_schema({"__schema": types}))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("  motivation: String\n", "  motivation: Int\n", "DossierAccepterInput.motivation: Int"),
        ("  motivation: String\n", "  motivation: String!\n", "DossierAccepterInput.motivation: String!"),
        ("input DossierAccepterInput {\n", "input DossierAccepterInput {\n  justificatif: ID!\n",
         "DossierAccepterInput.justificatif!"),
        ("  annotations: [Champ!]!", "  annotations: Champ!", "Dossier.annotations: Champ!"),
        ("dossiers(first: Int, after: String)", "dossiers(first: Int)", "Demarche.dossiers(after)"),
        ("dossiers(first: Int, after: String)", "dossiers(first: Int, after: String, revision: ID!)",
         "Demarche.dossiers(revision)!"),
        ("  state: DossierState!", "  state: OtherState!", "OtherState"),
    ],
)  # fmt: skip
def test_a_schema_that_differs_is_refused_with_names(before: str, after: str, named: str) -> None:
    assert before in SCHEMA
    with serve(DemarcheServer(schema_text=SCHEMA.replace(before, after), reading_text="")) as server:
        client, _ = connect(server)
        with pytest.raises(ServerError) as caught:
            check_server(client)
    assert caught.value.code == "server.schema"
    assert named in caught.value.text.in_(Lang.EN)
    assert server.calls == []
