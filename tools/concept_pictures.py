"""`docs/pictures/concept-*.svg`: the pictures of `understanding.md`, drawn from six applications.

`python tools/docs.py write` writes them. All figures come from the 64 lists of these applications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_number, format_rate
from tnt_sim.reporting.charts.svg import Drawing, Scale
from tnt_sim.reporting.charts.theme import Mark

AMOUNT = 100
APPLICATIONS: Mapping[str, tuple[int, int]] = {
    "A": (55, 60), "B": (50, 50), "C": (50, 50), "D": (30, 24), "E": (20, 15), "F": (15, 9),
}  # fmt: skip
"""The request of each application in k€, and its score."""
WIDTH = 640
ROOM = 130
type Names = tuple[str, ...]


def list_all() -> list[Names]:
    """All subsets of the applications."""
    names = tuple(APPLICATIONS)
    return [some for size in range(len(names) + 1) for some in combinations(names, size)]


def cost(names: Iterable[str]) -> int:
    """The cost of a list, in k€."""
    return sum(APPLICATIONS[name][0] for name in names)


def score(names: Iterable[str]) -> int:
    """The total score of a list."""
    return sum(APPLICATIONS[name][1] for name in names)


def choose_by_score(amount: int = AMOUNT) -> Names:
    """The list that takes one application after another by score, while there is money."""
    taken: Names = ()
    for name in sorted(APPLICATIONS, key=lambda name: -APPLICATIONS[name][1]):
        if cost(taken) + APPLICATIONS[name][0] <= amount:
            taken += (name,)
    return taken


def choose_best(amount: int = AMOUNT) -> Names:
    """The list of the greatest score; of equal ones the cheapest."""
    return max(
        (some for some in list_all() if cost(some) <= amount), key=lambda some: (score(some), -cost(some))
    )


def fill_by_fractions(amount: int, names: Iterable[str] = APPLICATIONS) -> dict[str, Fraction]:
    """The part of each application that linear programming funds: by points per euro, the last one in part."""
    left, parts = amount, {}
    for name in sorted(names, key=lambda name: -Fraction(*reversed(APPLICATIONS[name]))):
        parts[name] = min(Fraction(1), Fraction(left, APPLICATIONS[name][0]))
        left -= min(left, APPLICATIONS[name][0])
    return parts


def bound(amount: int, names: Iterable[str] = APPLICATIONS) -> Fraction:
    """The score of the list with fractions."""
    return sum(
        (part * APPLICATIONS[name][1] for name, part in fill_by_fractions(amount, names).items()), Fraction()
    )


@dataclass(frozen=True, slots=True)
class Said:
    """One text in both languages."""

    fr: str
    en: str

    def in_(self, lang: Lang) -> str:
        """The text in a language."""
        return self.fr if lang is Lang.FR else self.en


def write_money(value: float, lang: Lang) -> str:
    """An amount of the examples."""
    number = format_number(Fraction(round(value * 10), 10), lang)
    return f"{number} k€" if lang is Lang.FR else f"€{number}k"


def finish(drawing: Drawing, height: float, label: str) -> str:
    """A picture as a file of its own: ink on white, also on a dark page."""
    svg = drawing.finish(height, label)
    head, rest = svg.split(">", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" color="#17212b" ', 1)
    head = head.replace(
        'font-family="inherit"', 'font-family="Liberation Sans, Arial, Helvetica, sans-serif"'
    )
    return f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'


def draw_bars(rows: Iterable[tuple[str, Mapping[str, Fraction]]], lang: Lang, label: str) -> str:
    """Lists as bars of money, one block per application; a part is a block with a hollow rest."""
    drawing, y = Drawing(WIDTH), 12.0
    scale = Scale(0, 110, ROOM, WIDTH - 20, write_money)
    for name, parts in rows:
        total = sum((part * APPLICATIONS[one][1] for one, part in parts.items()), Fraction())
        drawing.write_text(0, y + 19, name)
        drawing.write_text(0, y + 37, f"{format_number(total, lang)} points", bold=True)
        x = Fraction(0)
        for one, part in parts.items():
            money, points = APPLICATIONS[one]
            left, right = scale.locate(float(x)), scale.locate(float(x + part * money))
            drawing.draw_rect(left + 1, y, right - left - 2, 40, Mark.GRANTED, opacity=0.35)
            if part < 1:
                whole = scale.locate(float(x + money))
                drawing.draw_rect(right, y, min(whole, WIDTH - 20) - right, 40, Mark.WAITING, hollow=True)
            share = "" if part == 1 else f" {format_rate(part, lang, decimals=0)}"
            drawing.write_text((left + right) / 2, y + 17, one + share, anchor="middle", bold=True)
            drawing.write_text(
                (left + right) / 2, y + 34, format_number(part * points, lang), anchor="middle", soft=True
            )
            x += part * money
        y += 56
    edge = scale.locate(AMOUNT)
    drawing.draw_line([(edge, 4), (edge, y - 6)], Mark.REFUSED, thickness=2)
    drawing.draw_x_axis(scale, y - 6, lang)
    return finish(drawing, y + 20, label)


def draw_lists(lang: Lang) -> str:
    """The list by score beside the best one."""
    rows = [
        (Said("par note", "by score").in_(lang), dict.fromkeys(choose_by_score(), Fraction(1))),
        (Said("la meilleure", "the best").in_(lang), dict.fromkeys(choose_best(), Fraction(1))),
    ]
    label = Said(
        "Deux listes dans 100 k€ : par note A, D et F, 93 points ; la meilleure B et C, 100 points.",
        "Two lists within €100k: by score A, D and F, 93 points; the best one B and C, 100 points.",
    )
    return draw_bars(rows, lang, label.in_(lang))


def draw_fractions(lang: Lang) -> str:
    """The list with fractions."""
    parts = {name: part for name, part in fill_by_fractions(AMOUNT).items() if part}
    label = Said(
        "Avec des fractions : A entier et 90 % de B, 105 points.",
        "With fractions: A and 90% of B, 105 points.",
    )
    return draw_bars([(Said("avec fractions", "with fractions").in_(lang), parts)], lang, label.in_(lang))


def draw_funnel(lang: Lang) -> str:
    """How many lists stay after each condition."""
    lists = list_all()
    within = [some for some in lists if cost(some) <= AMOUNT]
    greedy = score(choose_by_score())
    better = [some for some in within if score(some) > greedy]
    rows = [
        (len(lists), Said("listes possibles avec six demandes", "possible lists of six applications")),
        (len(within), Said("dans l’enveloppe", "within the envelope")),
        (len(better), Said("de plus de 93 points", "worth more than 93 points")),
    ]
    drawing, y = Drawing(WIDTH), 10.0
    scale = Scale(0, len(lists), 0, 330)
    for count, said in rows:
        length = scale.locate(count)
        drawing.draw_rect((330 - length) / 2, y, max(length, 2), 30, Mark.GRANTED, opacity=0.35)
        drawing.write_text(345, y + 20, f"{count} {said.in_(lang)}")
        y += 38
    label = Said(
        f"{len(lists)} listes, dont {len(within)} dans l’enveloppe, dont {len(better)} de plus de 93 points.",
        f"{len(lists)} lists, {len(within)} within the envelope, {len(better)} worth more than 93 points.",
    )
    return finish(drawing, y, label.in_(lang))


def draw_curve(lang: Lang) -> str:
    """The best score at each amount, and the bound by fractions above it."""
    amounts = range(80, 131)
    drawing = Drawing(WIDTH)
    x_scale, y_scale = Scale(80, 130, 50, WIDTH - 20, write_money), Scale(60, 140, 240, 14)
    drawing.draw_y_axis(y_scale, 50, WIDTH - 20, lang, most=4)
    upper = [(x_scale.locate(one), y_scale.locate(float(bound(one)))) for one in amounts]
    drawing.draw_line(upper, Mark.LOSS, thickness=1.6, dash="5 4")
    steps: list[tuple[float, float]] = []
    for one in amounts:
        height = y_scale.locate(score(choose_best(one)))
        if steps and steps[-1][1] != height:
            steps.append((x_scale.locate(one), steps[-1][1]))
        steps.append((x_scale.locate(one), height))
    drawing.draw_line(steps, Mark.GRANTED, thickness=2.6)
    here = x_scale.locate(AMOUNT), y_scale.locate(score(choose_best()))
    drawing.draw_circle(*here, 5, Mark.GRANTED)
    drawing.write_text(here[0] + 4, here[1] + 20, Said("vous êtes ici", "you are here").in_(lang), bold=True)
    drawing.write_text(
        60, 26, Said("tirets : avec des fractions", "dashes: with fractions").in_(lang), soft=True
    )
    drawing.draw_x_axis(x_scale, 240, lang)
    label = Said(
        "Le meilleur total selon le montant : 84 points à 99 k€, 100 à 100 k€, 110 à 105 k€.",
        "The best total by amount: 84 points at €99k, 100 at €100k, 110 at €105k.",
    )
    return finish(drawing, 272, label.in_(lang))


PROOF = (
    Said("Une liste de 101 points ?", "A list worth 101 points?"),
    Said("Avec A : il reste 45 k€,", "With A: €45k is left,"),
    Said("B et C n’y entrent plus", "B and C exceed it"),
    Said("Sans A : 100 k€", "Without A: €100k"),
    Said("pour B, C, D, E et F", "for B, C, D, E and F"),
)
"""The question of the proof and its two cases, two lines each."""


def draw_proof(lang: Lang) -> str:
    """The proof that no list is worth 101 points: two cases, each closed by its bound."""
    rest = [name for name in APPLICATIONS if name != "A"]
    money, points = APPLICATIONS["A"]
    fitting = [name for name in rest if APPLICATIONS[name][0] <= AMOUNT - money]
    with_a, without = points + bound(AMOUNT - money, fitting), bound(AMOUNT, rest)
    drawing, middle = Drawing(WIDTH), WIDTH / 2
    most_with, most_without = (
        Said(f"au plus {format_number(most, Lang.FR)}", f"at most {format_number(most, Lang.EN)}")
        for most in (with_a, without)
    )
    boxes = [
        (middle, 10, [PROOF[0], Said("au plus 105", "at most 105")]),
        (150, 120, [*PROOF[1:3], most_with]),
        (WIDTH - 150, 120, [*PROOF[3:], most_without]),
    ]
    for x in (150, WIDTH - 150):
        drawing.draw_line([(middle, 62), (x, 120)], opacity=0.6)
    for x, y, lines in boxes:
        height = 18 * len(lines) + 14
        drawing.draw_rect(x - 130, y, 260, height, Mark.GRANTED, opacity=0.12)
        for k, said in enumerate(lines):
            drawing.write_text(x, y + 20 + 18 * k, said.in_(lang), anchor="middle", bold=k == len(lines) - 1)
    label = Said(
        "Avec A, au plus 95 points ; sans A, au plus 100 : aucune liste n’atteint 101.",
        "With A at most 95 points, without A at most 100: no list reaches 101.",
    )
    return finish(drawing, 200, label.in_(lang))


def draw_tree(lang: Lang) -> str:
    """A programme with three axes, as a tree of caps."""
    drawing, middle = Drawing(WIDTH), WIDTH / 2
    places = (110, middle, WIDTH - 110)
    for x, amount in zip(places, (30, 24, 34), strict=True):
        drawing.draw_line([(middle, 62), (x, 100)], opacity=0.6)
        drawing.draw_rect(x - 90, 100, 180, 50, Mark.GRANTED, opacity=0.2)
        axis = f"axe {places.index(x) + 1}" if lang is Lang.FR else f"axis {places.index(x) + 1}"
        drawing.write_text(x, 121, axis, anchor="middle")
        drawing.write_text(
            x, 140, f"≤ {amount} M€" if lang is Lang.FR else f"≤ €{amount}m", anchor="middle", bold=True
        )
        for k in range(5):
            drawing.draw_line([(x, 150), (x - 60 + 30 * k, 178)], opacity=0.3)
            drawing.draw_rect(
                x - 70 + 30 * k, 178, 20, 14, Mark.GRANTED if k < 3 else Mark.WAITING, opacity=0.6
            )
    drawing.draw_rect(middle - 110, 12, 220, 50, Mark.GRANTED, opacity=0.3)
    drawing.write_text(middle, 33, "programme", anchor="middle")
    drawing.write_text(middle, 52, "≤ 88 M€" if lang is Lang.FR else "≤ €88m", anchor="middle", bold=True)
    label = Said(
        "Un programme de 88 M€ au-dessus de trois axes de 30, 24 et 34 M€, et les demandes dessous.",
        "A programme of €88m above three axes of €30m, €24m and €34m, and applications below them.",
    )
    return finish(drawing, 206, label.in_(lang))


DRAWINGS: Mapping[str, Callable[[Lang], str]] = {
    "lists": draw_lists,
    "fractions": draw_fractions,
    "funnel": draw_funnel,
    "proof": draw_proof,
    "curve": draw_curve,
    "tree": draw_tree,
}
PICTURES: Mapping[str, Callable[[], str]] = {
    f"docs/pictures/concept-{name}.{lang}.svg": partial(draw, lang)
    for name, draw in DRAWINGS.items()
    for lang in Lang
}
