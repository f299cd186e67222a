"""`tnt-sim schema`: a list, a schema, a name that is refused."""

from __future__ import annotations

from support.command_line import Run

from tnt_sim.api.schemas import DOCUMENTS, read_schema


def test_without_a_name_every_schema_has_a_line(tnt: Run) -> None:
    for lang in ("fr", "en"):
        lines = tnt("schema", "--lang", lang).plain.splitlines()
        assert [line.split()[0] for line in lines if line.strip()] == list(DOCUMENTS)


def test_a_schema_is_printed_as_it_is_shipped(tnt: Run) -> None:
    assert tnt("schema", "rule-prices").out == read_schema("rule-prices")


def test_an_unknown_name_is_refused_with_the_nearest(tnt: Run) -> None:
    said = tnt("schema", "rule-price", "--lang", "en")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        'Error: there is no schema "rule-price". Did you mean "rule-prices"? "tnt-sim schema" lists them. '
        "(usage.schema)\n"
    )
