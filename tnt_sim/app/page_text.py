"""Texts of the planner's page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text
from tnt_sim.reporting.text.vocabulary import INHABITANTS

PAGE: Mapping[str, Text] = MappingProxyType(
    {
        "skip": Text("Aller à la liste des dossiers", "Skip to the list of dossiers"),
        "day": Text("Date de la décision", "Day of the decision"),
        "band": Text("L'essentiel", "At a glance"),
        "envelopes": Text("Enveloppes", "Envelopes"),
        "share": Text(
            "Quand une enveloppe change, celles d'en dessous", "When an envelope changes, those below"
        ),
        "below": Text("Sous-enveloppes", "Envelopes below"),
        "new_money": Text(
            "Une enveloppe qui grandit apporte de l'argent nouveau : celles du dessus grandissent d'autant.",
            "An envelope that grows brings new money: those above it grow by as much.",
        ),
        "rules": Text("Règles", "Rules"),
        "weights": Text("Ce qui compte", "What counts"),
        "weights_help": Text(
            "Le poids de chaque critère. 0 : il ne compte pas.",
            "The weight of each goal. 0: it does not count.",
        ),
        "more_goals": Text("Ajouter un critère", "Add a goal"),
        "force": Text("Décider d'un dossier", "Decide on a dossier"),
        "force_it": Text("Décider", "Decide"),
        "number": Text("Numéro", "Number"),
        "decision": Text("Décision", "Decision"),
        "reason": Text("Motif", "Reason"),
        "inside": Text("retenir", "fund"),
        "outside": Text("écarter", "refuse"),
        "kept": Text("retenu", "funded"),
        "refused": Text("écarté", "refused"),
        "free": Text("Rendre au calcul", "Undo"),
        "other_changes": Text("Autres valeurs changées", "Other values changed"),
        "reset": Text("Revenir au scénario écrit", "Back to the scenario as written"),
        "answer": Text("La répartition", "The allocation"),
        "moves": Text("Depuis le dernier changement", "Since the last change"),
        "map": Text("La carte", "The map"),
        "map_label": Text(
            "Carte des 101 départements ; les mêmes chiffres sont dans le tableau qui suit.",
            "Map of the 101 departments; the same figures are in the table that follows.",
        ),
        "by_department": Text("Le tableau par département", "The table by department"),
        "department": Text("Département", "Department"),
        "every_department": Text("tous les départements", "all departments"),
        "per_head": Text("Par habitant", "Per head"),
        "nothing": Text("rien", "nothing"),
        "dossiers": Text("Les dossiers", "The dossiers"),
        "search": Text(
            "Chercher un numéro, un intitulé, un porteur", "Search a number, a title, an applicant"
        ),
        "show": Text("Montrer", "Show"),
        "show_": Text("tous les dossiers", "all dossiers"),
        "show_funded": Text("les retenus", "the funded ones"),
        "show_refused": Text("les non retenus", "those not funded"),
        "show_enter": Text("ceux qui viennent d'entrer", "those that have just entered"),
        "show_leave": Text("ceux qui viennent de sortir", "those that have just left"),
        "show_forced": Text("ceux décidés sur cette page", "those decided on this page"),
        "title": Text("Intitulé et porteur", "Title and applicant"),
        "requested": Text("Demandé", "Requested"),
        "granted": Text("Accordé", "Granted"),
        "left": Text("Reste", "Left"),
        "why_left": Text("Pourquoi il reste de l'argent", "Why money is left"),
        "funded": Text("Retenus", "Funded"),
        "inhabitants": INHABITANTS,
        "filed": Text("Déposés", "Filed"),
        "amount": Text("Enveloppe", "Envelope"),
        "why": Text("Pourquoi", "Why"),
        "enters": Text("entre", "enters"),
        "leaves": Text("sort", "leaves"),
        "keep": Text("Garder et comparer", "Keep and compare"),
        "save_name": Text("Nom du nouveau scénario", "Name of the new scenario"),
        "save": Text("Enregistrer", "Save"),
        "compare_with": Text("Comparer avec", "Compare with"),
        "compare": Text("Comparer", "Compare"),
        "none_saved": Text(
            "Aucune variante enregistrée : il n'y a encore rien à comparer.",
            "No variant is saved: there is nothing to compare yet.",
        ),
        "export_help": Text(
            "Le classeur contient chaque dossier, chaque enveloppe et les paramètres.",
            "The workbook holds every dossier, every envelope and the parameters.",
        ),
        "export": Text("Exporter le classeur (.xlsx)", "Export the workbook (.xlsx)"),
        "trouble": Text("Ces réglages ne vont pas ensemble", "These settings do not go together"),
        "searching": Text("Recherche de ce qui se contredit…", "Looking for what clashes…"),
        "repairs": Text(
            "Ce qui suffirait, du moins cher au plus cher", "What would be enough, cheapest first"
        ),
        "repair_it": Text("Appliquer", "Apply"),
        "longer": Text("Chercher plus longtemps (une minute au plus)", "Search longer (a minute at most)"),
        "back": Text("Revenir aux réglages d'avant", "Back to the settings before"),
        "below_is": Text(
            "Plus bas, la page montre encore les derniers réglages qui tenaient.",
            "Below, the page still shows the last settings that held.",
        ),
    }
)

SHARES: Mapping[str, Text] = MappingProxyType(
    {
        "pro_rata": Text("gardent leurs proportions", "keep their proportions"),
        "free": Text("restent telles quelles", "stay as they are"),
    }
)

SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "busy": Text("Calcul en cours…", "Computing…"),
        "lost": Text(
            "Pas de réponse depuis 90 secondes. Si « tnt-sim app » ne tourne plus, relancez-le, puis rechargez.",
            'No answer for 90 seconds. If "tnt-sim app" no longer runs, start it again, then reload.',
        ),
    }
)
