"""The lines of a sheet: what each states, in a citizen's words, and where its figure comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tnt_sim.i18n.message import Lang


class SheetItem(StrEnum):
    """The four items of a sheet, in the order of the law."""

    CONTRIBUTION = "contribution"
    DATA = "data"
    PARAMETERS = "parameters"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line states one thing of a dossier.

    Attributes
    ----------
    item : the item that it belongs to
    key : what it is about, the same in every language: `data.requested`, `operations.rank`
    label : what it is called
    value : what it says
    origin : cell of the input, line of the scenario, or field of the run's documents; "" for what needs none
    """

    item: SheetItem
    key: str
    label: str
    value: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class SheetHead:
    """The head of a sheet, above its items.

    Attributes
    ----------
    dossier, project : number of the dossier, and title of its project
    programme, day : title of the programme, and day of the decision, "" without one
    decision : the decision in one sentence
    notices : what holds for the whole sheet: invented data, an unproven list
    lang : language of the sheet
    law : the sentence on the law behind the four items, "" outside France
    """

    dossier: str
    project: str
    programme: str
    day: str
    decision: str
    notices: tuple[str, ...]
    lang: Lang
    law: str = ""
