"""What a run says when no second solver confirms it: what helps depends on why."""

from __future__ import annotations

import pytest

from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.solve.methods.cross_check import Verdict
from tnt_sim.verify.claim_consistency import build_unconfirmed_warning, split_warnings

WHY = Bilingual(
    "le second solveur n'a pas fini dans le temps donné", "the second solver did not finish in time"
)


def test_only_a_machine_without_a_second_solver_is_told_to_install_one() -> None:
    advice = {verdict: build_unconfirmed_warning(WHY, verdict.value).line(Lang.FR) for verdict in Verdict}
    assert [verdict for verdict, line in advice.items() if "Installez" in line] == [Verdict.NO_SOLVER]
    assert "Augmentez `time_limit`" in advice[Verdict.LIMIT]
    assert "doctor" in advice[Verdict.FAILED]


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("lang", Lang)
def test_each_is_known_again(verdict: Verdict, lang: Lang) -> None:
    line = build_unconfirmed_warning(WHY, verdict.value).line(lang)
    assert split_warnings([line, "autre"], lang) == ({"not-cross-checked"}, ["autre"])
