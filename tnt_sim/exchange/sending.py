"""Sends the calls that are left to a server, each journaled before and after, until the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tnt_sim.errors import ServerError
from tnt_sim.exchange.demarche_calls import Call, is_done, read_dossier, send_call
from tnt_sim.exchange.graphql_client import GraphqlClient, UncertainCallError
from tnt_sim.exchange.journal import Journal

ATTEMPTS = 3
"""Times that a call is sent while reading shows that it had no effect."""


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that the server refused, in its own words."""

    number: int
    operation: str
    why: str


@dataclass(slots=True)
class SendingOutcome:
    """The calls that the server confirmed and refused, and the error that stopped the rest."""

    confirmed: list[Call] = field(default_factory=list)
    failed: list[FailedCall] = field(default_factory=list)
    stopped_by: ServerError | None = None


def send_calls(
    client: GraphqlClient,
    calls: Sequence[tuple[Call, ...]],
    journal: Journal,
) -> SendingOutcome:
    """Send the calls of each dossier in turn; a refused one leaves out the later calls of its dossier.

    An error that is not about one dossier stops the sending: the journal and the server's state say where.

    Parameters
    ----------
    client : the server
    calls : by dossier, in the order in which they are sent
    journal : receives each state
    """
    outcome = SendingOutcome()
    journal.record([call for several in calls for call in several], "planned")
    for several in calls:
        for call in several:
            try:
                why = _send_certainly(client, call, journal)
            except ServerError as error:
                outcome.stopped_by = error
                return outcome
            if why is not None:
                journal.record([call], "failed", why)
                outcome.failed.append(FailedCall(call.number, call.operation.value, why))
                break
            journal.record([call], "confirmed")
            outcome.confirmed.append(call)
    return outcome


def _send_certainly(client: GraphqlClient, call: Call, journal: Journal) -> str | None:
    """Send a call; where its outcome is not known, read the dossier and send again only if nothing changed."""
    for attempt in range(ATTEMPTS):
        journal.record([call], "sent")
        try:
            why = send_call(client, call)
            if why is not None and is_done(call, read_dossier(client, call.number)):
                return None  # an earlier attempt took effect late, or somebody did the same
            return why
        except UncertainCallError as error:
            if is_done(call, read_dossier(client, call.number)):
                return None
            if attempt == ATTEMPTS - 1:
                raise ServerError(error.text, code=error.code) from None
    raise AssertionError("the last attempt returns or raises")
