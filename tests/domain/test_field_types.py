"""One text, one value: what each field reads, refuses and writes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError
from support.lanes import drawn

from tnt_sim.domain.field_types import (
    Cents,
    Code,
    Count,
    Day,
    Described,
    Flag,
    Memory,
    Number,
    Rate,
    Seconds,
    Span,
    Valid,
    read_moment,
    read_span,
    write_iso,
)

Moment = Annotated[date, PlainValidator(read_moment), PlainSerializer(write_iso, when_used="json")]
Months = Annotated[Span, PlainValidator(read_span), PlainSerializer(str, when_used="json")]


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    error = caught.value.errors()[0]
    assert error["ctx"]["en"]
    return str(error["ctx"]["fr"]) + (" " + error["ctx"]["hint_fr"] if "hint_fr" in error["ctx"] else "")


GOOD = [
    (Cents, "88 M€", 8_800_000_000, "88000000.00 €"),
    (Cents, "1\u202f234,56\u00a0€", 123_456, "1234.56 €"),
    (Cents, "12,5 k€", 1_250_000, "12500.00 €"),
    (Cents, 3, 300, "3.00 €"),
    (Cents, Decimal("0.05"), 5, "0.05 €"),
    (Cents, 0.1 + 0.2, 30, "0.30 €"),
    (Rate, "20 %", Fraction(1, 5), "20 %"),
    (Rate, "12,5%", Fraction(1, 8), "12.5 %"),
    (Rate, "0.2", Fraction(1, 5), "20 %"),
    (Rate, "150 %", Fraction(3, 2), "150 %"),
    (Rate, "1/3", Fraction(1, 3), "1/3"),
    (Rate, Fraction(4), Fraction(4), "400 %"),
    (Rate, "1", Fraction(1), "100 %"),
    (Number, "1,3", Fraction(13, 10), "1.3"),
    (Number, "-0.05", Fraction(-1, 20), "-0.05"),
    (Number, 0.1, Fraction(1, 10), "0.1"),
    (Number, "2/3", Fraction(2, 3), "2/3"),
    (Count, "500 000", 500_000, 500_000),
    (Count, 0, 0, 0),
    (Flag, "true", True, True),
    (Flag, False, False, False),
    (Code, "01", "01", "01"),
    (Code, "Numéro de dossier ", "Numéro de dossier ", "Numéro de dossier "),
    (Day, "2021-11-22", date(2021, 11, 22), "2021-11-22"),
    (Moment, "2021-11-05", date(2021, 11, 5), "2021-11-05"),
    (Moment, "2021-11-05T12:00", datetime(2021, 11, 5, 12), "2021-11-05T12:00:00"),
    (
        Moment,
        "2021-11-05 12:00:30Z",
        datetime(2021, 11, 5, 12, 0, 30, tzinfo=UTC),
        "2021-11-05T12:00:30+00:00",
    ),
    (
        Moment,
        "2021-11-05t12:00 +01:00",
        datetime(2021, 11, 5, 12, tzinfo=timezone(timedelta(hours=1))),
        "2021-11-05T12:00:00+01:00",
    ),
    (Seconds, "300 s", 300.0, "300 s"),
    (Seconds, "300", 300.0, "300 s"),
    (Seconds, "1,5 min", 90.0, "90 s"),
    (Seconds, "2 h", 7200.0, "7200 s"),
    (Seconds, 0.5, 0.5, "0.5 s"),
    (Memory, "512 MB", 512_000_000, "512 MB"),
    (Memory, "1,5 Go", 1_500_000_000, "1500 MB"),
    (Memory, 2_500_000, 2_500_000, "2.5 MB"),
    (Months, "24 months", Span(months=24), "24 months"),
    (Months, "2 ans", Span(months=24), "24 months"),
    (Months, "90 days", Span(days=90), "90 days"),
    (Months, "-3 mois", Span(months=-3), "-3 months"),
]


@pytest.mark.parametrize(("kind", "value", "expected", "written"), GOOD)
def test_reads_and_writes(kind: Any, value: object, expected: object, written: object) -> None:
    adapter = TypeAdapter(kind)
    found = adapter.validate_python(value)
    assert found == expected
    assert type(found) is type(expected)
    assert adapter.dump_python(found, mode="json") == written
    assert adapter.validate_python(written) == found


MONEY = " Écrivez par exemple 88 M€, 12.5 k€ ou 1234.56."
BAD = [
    (Cents, "-5 €", "« -5 € » : un montant ne peut pas être négatif"
     " Retirez le signe moins, ou corrigez le montant."),
    (Cents, True, "un montant est attendu ici, et non True (bool)" + MONEY),
    (Cents, None, "la valeur est vide : un montant est attendu ici" + MONEY),
    (Cents, {"a": "b"}, "un montant est attendu ici, et non un bloc de clés" + MONEY),
    (Cents, ["1"], "un montant est attendu ici, et non une liste" + MONEY),
    (Cents, Decimal("0.001"), "0.001 a plus de deux décimales"),
    (Cents, Decimal("NaN"), "NaN n'est pas un montant"),
    (Cents, 0.001, "0.001 n'est pas un nombre entier de centimes"),
    (Cents, 10**14, "« 100000000000000 » est trop grand"
     " Vérifiez les zéros et l'unité : k€ pour les milliers, M€ pour les millions."),
    (Rate, "80", "« 80 » sans « % » voudrait dire 8000 %"
     " Écrivez « 80 % », ou « 8000 % » si c'est bien cela."),
    (Rate, 20, "« 20 » sans « % » voudrait dire 2000 %"
     " Écrivez « 20 % », ou « 2000 % » si c'est bien cela."),
    (Rate, "-5 %", "« -5 % » : un taux ne peut pas être négatif"
     " Retirez le signe moins, ou corrigez le taux."),
    (Number, float("inf"), "Infinity n'est pas un nombre utilisable"),
    (Number, Decimal("1e400"), "1E+400 n'est pas un nombre utilisable"),
    (Count, "-1", "« -1 » n'est pas un nombre entier, positif ou nul, d'au plus 15 chiffres"
     " Écrivez par exemple 3500 ou 3 500."),
    (Count, "9" * 5000, "« " + "9" * 59 + "… » n'est pas un nombre entier, positif ou nul, d'au plus 15 chiffres"
     " Écrivez par exemple 3500 ou 3 500."),
    (Count, "٣", "« ٣ » n'est pas un nombre entier, positif ou nul, d'au plus 15 chiffres"
     " Écrivez par exemple 3500 ou 3 500."),
    (Flag, "oui", "« oui » : seuls true et false sont lus ici Écrivez true."),
    (Flag, "NO", "« NO » : seuls true et false sont lus ici Écrivez false."),
    (Flag, "peut-être", "« peut-être » : seuls true et false sont lus ici Écrivez true ou false."),
    (Code, 1, "1 est un nombre : un code est un texte (« 01 » et 1 ne sont pas le même)"
     " Mettez-le entre guillemets."),
    (Code, "a\tb", "« a·b » contient une tabulation, un retour à la ligne ou un caractère invisible (U+0009)"
     " Retapez la valeur, sans la copier."),
    (Code, "  ", "le texte est vide Écrivez un nom ou un code, entre guillemets s'il est fait de chiffres."),
    (Day, "2026-02-30", "« 2026-02-30 » n'existe pas au calendrier Corrigez le jour, le mois ou l'heure."),
    (Day, "22/11/2021", "« 22/11/2021 » n'est pas un jour écrit AAAA-MM-JJ Écrivez 2021-11-22."),
    (Day, "demain", "« demain » n'est pas un jour écrit AAAA-MM-JJ Écrivez par exemple 2021-11-22."),
    (Day, datetime(2021, 1, 1), "un jour est attendu ici, et non 2021-01-01 00:00:00 (datetime)"
     " Écrivez par exemple 2021-11-22."),
    (Moment, "2021-11-05T25:00", "« 2021-11-05T25:00 » n'existe pas au calendrier"
     " Corrigez le jour, le mois ou l'heure."),
    (Moment, "midi", "« midi » n'est ni un jour (AAAA-MM-JJ) ni un instant (AAAA-MM-JJTHH:MM)"
     " Écrivez par exemple 2021-11-05T12:00."),
    (Memory, "12 kB", "« 12 kB » n'est pas une quantité de mémoire d'au moins 1 Mo"
     " Écrivez par exemple 512 Mo ou 2 Go."),
    (Seconds, "0", "« 0 » n'est pas une durée supérieure à zéro Écrivez par exemple 300 s, 5 min ou 2 h."),
    (Months, "24", "« 24 » n'est pas un délai en jours, semaines, mois ou années"
     " Écrivez par exemple 24 months, 90 days ou 2 years."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "message"), BAD)
def test_each_refused_value_has_its_message(kind: Any, value: object, message: str) -> None:
    assert refused(kind, value) == message


@drawn(300)
@given(
    st.sampled_from([Cents, Rate, Number, Count, Flag, Code, Day, Moment, Seconds, Months]),
    st.one_of(
        st.text(max_size=20), st.text("0123456789 .,-+/%€kMTZ:es", max_size=20), st.floats(), st.integers()
    ),
)
def test_any_value_is_read_or_refused(kind: Any, value: object) -> None:
    adapter = TypeAdapter(kind)
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        contexts = [detail["ctx"] for detail in error.errors()]
    else:
        contexts = []
        assert adapter.validate_python(adapter.dump_python(found, mode="json")) == found
    assert all(context["fr"] and context["en"] for context in contexts)


def test_both_ends_of_a_validity_are_in_force() -> None:
    valid = Valid.model_validate({"from": "2021-01-01", "until": "2021-10-07"})
    assert valid.is_in_force(date(2021, 1, 1))
    assert valid.is_in_force(date(2021, 10, 7))
    assert not valid.is_in_force(date(2021, 10, 8))
    assert not valid.is_in_force(date(2020, 12, 31))
    assert valid.is_in_force(None)
    assert valid.model_dump(mode="json", by_alias=True) == {"from": "2021-01-01", "until": "2021-10-07"}
    assert not Described.model_validate({"off": "true"}).is_in_force(None)
    assert Described(valid=valid).is_in_force(date(2021, 5, 5))


@pytest.mark.parametrize(
    ("span", "day", "expected"),
    [
        (Span(months=1), date(2021, 1, 31), date(2021, 2, 28)),
        (Span(months=24), date(2021, 11, 22), date(2023, 11, 22)),
        (Span(months=-13), date(2021, 1, 31), date(2019, 12, 31)),
        (Span(days=90), date(2021, 12, 1), date(2022, 3, 1)),
        (Span(months=99999), date(2021, 1, 1), date.max),
        (Span(days=-999999), date(2021, 1, 1), date.min),
    ],
)
def test_a_span_ends_on_the_expected_day(span: Span, day: date, expected: date) -> None:
    assert span.add_to(day) == expected
