"""Words of the marginal questions on money, French and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_amount, format_decimal, format_integer

if TYPE_CHECKING:  # every command that prints a run loads these words, none but `sweep` the analysis
    from tnt_sim.analysis.marginal.document import EntryThresholdRow, EntryThresholdsDocument, PriceEntry

TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "next": Text("ce que vaut l'euro suivant", "what the next euro is worth"),
        "entries": Text("seuils d'entrée des dossiers", "entry envelopes of the dossiers"),
        "target": Text("la plus petite enveloppe", "the smallest envelope"),
        "prices": Text("ce que coûte chaque contrainte", "what each constraint costs"),
        "extension": Text("où mettre l'extension", "where to put the extension"),
    }
)
FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": Text("toujours financé", "always funded"),
        "enters": Text("entre et reste", "enters and stays"),
        "in_and_out": Text("entre et sort", "in and out"),
        "leaves": Text("sort", "leaves"),
        "never": Text("aucun montant de cette plage", "no amount in this range"),
    }
)
KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "rule": Text("Règles", "Rules"),
        "ring_fence": Text("Cantonnements", "Ring fences"),
        "non_fungible": Text(
            "Cloisons entre les montants sous une enveloppe (non-fongibilité)",
            "Walls between the amounts under an envelope (non-fungibility)",
        ),
        "forced": Text("Dossiers retenus par décision", "Dossiers funded by decision"),
        "refused": Text(
            "Dossiers refusés par décision (coût de remplacement)",
            "Dossiers refused by decision (replacement cost)",
        ),
    }
)
WAYS: Mapping[str, Text] = MappingProxyType(
    {
        "free": Text("au choix du modèle", "as the model chooses"),
        "key": Text("à la clé statutaire", "by the statutory key"),
        "wholly": Text("tout sur", "wholly on"),
    }
)
STEP_NOTE = Text(
    "« Rien avant » : en dessous de ce montant, aucun objectif ne monte d'une unité, quoi qu'on dépense. Le prix "
    "relâché est celui du programme linéaire, qui finance des fractions de dossier : une pente, pas une décision.",
    '"Nothing before": below it no goal rises by a unit, whatever is spent. The relaxed price is that of the '
    "linear program, which funds fractions of dossiers: a slope, not a decision.",
)

NEVER: Mapping[str, Text] = MappingProxyType(
    {
        "envelope": Text("rien de plus, à aucun montant", "nothing more, at any amount"),
        "rule": Text("rien de plus, même sans elle", "nothing more, even without it"),
    }
)
NO_WAY: Mapping[str, Text] = MappingProxyType(
    {
        "contradiction": Text("les montants se contredisent", "the amounts contradict each other"),
        "infeasible": Text("aucune répartition ne tient les règles", "no allocation keeps the rules"),
        "stopped": Text("arrêté par la limite de temps", "stopped by the time limit"),
    }
)
UNSETTLED = Text("Sans réponse (le temps a manqué, ou rien ne tient sans elles) : ",
                 "Without an answer (no time, or nothing holds without them): ")  # fmt: skip
TARGET_STOPPED = Text(
    "Arrêté par la limite de temps : on ne sait pas si un montant y suffit. Donnez plus de temps : --time-limit.",
    "Stopped by the time limit: whether any amount is enough is not known. Give it more time: --time-limit.",
)


OBSERVED_FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": Text("à chaque montant regardé", "at each amount looked at"),
        "enters": Text("entre, aux montants regardés", "enters, at the amounts looked at"),
        "leaves": Text("sort, aux montants regardés", "leaves, at the amounts looked at"),
        "never": Text("à aucun montant regardé", "at no amount looked at"),
    }
)
"""Words used instead of a flag where the list may change unobserved between two amounts."""


def describe_flag(flag: str, lang: Lang, *, exact: bool) -> str:
    """Describe what happens to an application over the range, as far as known."""
    return (FLAGS[flag] if exact else OBSERVED_FLAGS.get(flag, FLAGS[flag])).in_(lang)


def format_bracket(low: int | None, high: int | None, lang: Lang) -> str:
    """Write an amount known to the cent, or the bracket it lies in; "–" if there is none."""
    if low is None and high is None:
        return "–"
    if low == high:
        return format_amount(high or 0, lang)
    if high is None:
        least = format_amount(low or 0, lang)
        return Text(f"au moins {least}", f"{least} at least").in_(lang)
    least, most = format_amount(low or 0, lang), format_amount(high, lang)
    return Text(f"entre {least} et {most}", f"between {least} and {most}").in_(lang)


def format_first_amount(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the amount at which the optimum first funds an application."""
    return format_bracket(entry.first_from_cents, entry.first_upto_cents, lang)


def format_stable_amount(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the amount from which the optimum always funds an application."""
    exact = entry.stable_from_cents
    if exact is not None or entry.stable_upto_cents is None:
        return format_bracket(exact, exact, lang)
    return format_bracket(entry.stable_low_cents, entry.stable_upto_cents, lang)


def format_n_flips(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write how often an application enters or leaves; a lower bound where changes may be unobserved."""
    n = format_integer(entry.flips, lang)
    return n if entry.exact else f"≥ {n}"


def describe_amounts(entries: EntryThresholdsDocument) -> Text:
    """Describe the amounts whose lists were computed."""
    if entries.nested:
        return Text("les annonces, promesses tenues.", "the announcements, promises kept.")
    if entries.exact:
        return Text("tous les paliers.", "every step.")
    return Text(
        "entre certains montants, la liste peut changer sans être vue ; les seuils y sont encadrés.",
        "between some amounts the list may change unseen; entry amounts are then given as brackets.",
    )


def format_no_loss(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the extra money with which an application enters without loss, or its bracket."""
    low, high = entry.no_loss_cents, entry.no_loss_upto_cents
    if entry.no_loss_never:
        return Text("aucun montant", "no amount").in_(lang)
    if low is None:
        return "–"
    if high == 0:
        return Text("dès aujourd'hui", "today").in_(lang)
    if low == high:
        return f"+{format_amount(low, lang)}"
    if high is None and low == 0:
        return Text("à demander : --dossier", "to be asked: --dossier").in_(lang)
    least, most = format_amount(low, lang), format_amount(high, lang)
    if high is None:
        return Text(f"au moins {least}", f"{least} at least").in_(lang)
    if low == 0:
        return Text(f"au plus {most}", f"{most} at most").in_(lang)
    return Text(f"entre {least} et {most}", f"between {least} and {most}").in_(lang)


def format_signed(value: str, lang: Lang) -> str:
    """Write a figure with its sign: "+12,5"."""
    text = format_decimal(value, lang)
    return text if text.startswith(("-", "\u2212")) else f"+{text}"


def format_change(entry: PriceEntry, lang: Lang) -> str:
    """Write by how much the objective would improve; a range if a limit ended the search."""
    result = f"{format_signed(entry.change, lang)} {entry.goal}"
    most = entry.change_upto
    if most is None or most == entry.change:
        return f"≥ {result}" if most is None else result
    return Text(f"{result} à {format_signed(most, lang)}", f"{result} to {format_signed(most, lang)}").in_(
        lang
    )


def format_children_price(entry: PriceEntry, lang: Lang) -> str:
    """Write the price of the separate amounts between the children alone."""
    result = entry.one_level
    if result is None:
        return "–"
    if result.goal is None:
        return Text("rien", "nothing").in_(lang)
    return f"{format_signed(result.change, lang)} {result.goal}"
