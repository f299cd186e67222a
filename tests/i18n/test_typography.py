"""French typography: the signs that `tools/messages.py update` sets in the catalogue, and code as it is typed."""

from __future__ import annotations

import pytest
from typography import typeset

NB, NNB = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (
            "l'aide d'Ax, s'il y a d'« autres » et l'{x}",
            f"l’aide d’Ax, s’il y a d’«{NB}autres{NB}» et l’{{x}}",
        ),
        ("Reste : 1 200 € ou 1,7 Md€ ; quoi ?", f"Reste{NB}: 1{NNB}200{NB}€ ou 1,7{NB}Md€{NNB}; quoi{NNB}?"),
        (" : {n} à {rate} %", f"{NB}: {{n}} à {{rate}}{NNB}%"),
        ("12,5 k€, {x} M€", f"12,5{NB}k€, {{x}}{NB}M€"),
        ("« ! » est une étiquette", f"«{NB}!{NB}» est une étiquette"),
        (f"déjà{NB}; mal{NNB}: «{NNB}a »", f"déjà{NNB}; mal{NB}: «{NB}a{NB}»"),
        ("`kind: limit, max: 5 %` et l'`id`", "`kind: limit, max: 5 %` et l’`id`"),
        (f'--set a.b="1{NB}M€ : 2{NNB}%"', '--set a.b="1 M€ : 2 %"'),
        ("tls://ADRESSE:PORT, 12:30, pip install 'x[y]'", "tls://ADRESSE:PORT, 12:30, pip install 'x[y]'"),
        ("en 2026 100 dossiers, 90 071 992 €", f"en 2026 100 dossiers, 90{NNB}071{NNB}992{NB}€"),
    ],
)
def test_a_french_text_is_typeset_once(typed: str, text: str) -> None:
    assert typeset(typed) == text
    assert typeset(text) == text
