"""Files that `tnt-sim new` writes, in French and in English. Ids are the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tnt_sim.i18n.message import Lang


@dataclass(frozen=True, slots=True)
class ProjectTemplates:
    """Files of a new project in one language.

    Attributes
    ----------
    project, scenario : `tnt-sim.toml`, and the scenario of the example
    titles : titles of the example's applications by number, where they are not those of the table
    title, readme, synthetic : title of the example; `README.md`, and what it adds after « data/ » for the example
    from_scenario : scenario of a project that begins with a table
    """

    project: str
    scenario: str
    titles: Mapping[str, str]
    title: str
    readme: str
    synthetic: str
    from_scenario: str


FRENCH = ProjectTemplates(
    project="""\
# Ce fichier marque le dossier du projet : un scénario ne lit rien en dehors, et les calculs vont dans runs/.
schema_version = 1
""",
    scenario="""\
# Un scénario de tnt-sim. Un montant s’écrit 88 M€, 12.5 k€ ou "1 234,56 €" (guillemets s’il a une virgule).
# Après une modification : tnt-sim validate scenario.yaml, puis tnt-sim run scenario.yaml.
schema_version: 1
id: exemple
title: Programme d'exemple
note: SYNTHÉTIQUE. Dossiers inventés pour essayer tnt-sim.
date: 2026-03-31            # le jour de la décision ; l’horloge n’est jamais lue
locale: fr

# L’argent : une enveloppe et, dessous, ses parts. Ce qui n’est pas réparti va où c’est le plus utile.
programme:
  id: programme
  title: Programme d'exemple
  amount: 1.2 M€
  envelopes:
    - {id: numerique, title: Services numériques, amount: 600 k€}
    - {id: mobilites, title: Mobilités, amount: 400 k€}

# Les dossiers : CSV, XLSX, ODS ou Parquet. « columns » traduit vos en-têtes : {requested: "Montant demandé"}.
dossiers:
  - file: data/dossiers.csv

# Qui peut être financé ; chaque refus garde sa raison.
eligibility:
  - id: complet
    title: Le dossier est complet
    require: {state: [en_instruction, accepte]}
    reason: Dossier encore en construction
  - id: petites-communes
    title: Mobilités, communes de moins de 20 000 habitants
    where: {envelope: mobilites, applicant_type: commune}
    require: {population: {below: 20000}}
    reason: Commune de 20 000 habitants ou plus

# Combien : tout ou rien, 80 % du coût au plus.
grants:
  - {mode: all_or_nothing, max_rate: 80 %}

# Les règles. « off: true » en arrête une sans l’effacer.
rules:
  - id: part-communes
    title: Au moins 40 % de l'argent va aux communes
    kind: share
    measure: granted
    where: {applicant_type: commune}
    min: 40 %
  - id: plafond-departement
    title: 400 000 € au plus par département
    kind: limit
    measure: granted
    by: department
    max: 400 k€

# Ce qu’on cherche : la plus grande somme des notes du jury.
objective:
  - {maximise: {score: 1}}
""",
    titles={},
    title="Programme d'exemple",
    readme="""\
# {title}

| fichier | ce que c’est |
|---|---|
| `scenario.yaml` | le scénario : enveloppes, conditions, règles, objectif |
| `data/` | la table des dossiers{note} |
| `runs/` | les calculs, un dossier chacun (créé au premier) |

```
tnt-sim validate scenario.yaml
tnt-sim run scenario.yaml
tnt-sim run scenario.yaml --set programme.amount="1.5 M€"
tnt-sim verify runs/<dossier du calcul>
```
""",
    synthetic=" (**synthétiques**)",
    from_scenario="""\
# Un scénario de tnt-sim, parti de {name}. Ce qui est marqué « à vérifier » a été deviné.
schema_version: 1
id: {id}
title: {title}     # à vérifier : le nom du programme
# date: 2026-03-31      # le jour de la décision, dès qu’une règle en dépend
locale: fr
{currency}
programme:
  id: programme
  amount: {amount}      # à vérifier : {amount_why}
{envelopes}
dossiers:
  - file: {file}
{columns}
{territory}{eligibility}# Combien : tout ou rien. Pour un taux : {{mode: all_or_nothing, max_rate: 80 %}}.
grants:
  - {{mode: all_or_nothing}}

{objective}""",
)

ENGLISH = ProjectTemplates(
    project="""\
# This file marks the folder of the project: a scenario reads nothing outside it, and runs go to runs/.
schema_version = 1
""",
    scenario="""\
# A scenario of tnt-sim. An amount is written 88 M€, 12.5 k€ or 1234.56 €.
# After a change: tnt-sim validate scenario.yaml, then tnt-sim run scenario.yaml.
schema_version: 1
id: exemple
title: Example programme
note: SYNTHETIC. Invented applications to try tnt-sim.
date: 2026-03-31            # the day of the decision; the clock is never read
locale: en

# The money: an envelope and its parts. What is not assigned goes where it is most useful.
programme:
  id: programme
  title: Example programme
  amount: 1.2 M€
  envelopes:
    - {id: numerique, title: Digital services, amount: 600 k€}
    - {id: mobilites, title: Mobility, amount: 400 k€}

# The applications: CSV, XLSX, ODS or Parquet. `columns` translates your headers: {requested: "Amount requested"}.
dossiers:
  - file: data/dossiers.csv

# Who can be funded; each refusal keeps its reason.
eligibility:
  - id: complet
    title: The application is complete
    require: {state: [en_instruction, accepte]}
    reason: Application still being prepared
  - id: petites-communes
    title: Mobility, communes of fewer than 20,000 inhabitants
    where: {envelope: mobilites, applicant_type: commune}
    require: {population: {below: 20000}}
    reason: Commune of 20,000 inhabitants or more

# How much: all or nothing, 80% of the cost at most.
grants:
  - {mode: all_or_nothing, max_rate: 80%}

# The rules. `off: true` stops one without deleting it.
rules:
  - id: part-communes
    title: At least 40% of the money goes to communes
    kind: share
    measure: granted
    where: {applicant_type: commune}
    min: 40%
  - id: plafond-departement
    title: At most €400,000 per department
    kind: limit
    measure: granted
    by: department
    max: 400 k€

# What is sought: the largest sum of the scores of the jury.
objective:
  - {maximise: {score: 1}}
""",
    titles={
        "E-01": "Online front desk",
        "E-02": "Road fault reporting",
        "E-03": "Shared archives",
        "E-04": "Shared cybersecurity",
        "E-05": "Online canteen payment",
        "E-06": "Portal for associations",
        "E-07": "Open data",
        "E-08": "Online civil registry",
        "E-09": "Paperless planning permission",
        "E-10": "Library network",
        "E-11": "Digital reception desk",
        "E-12": "Online consultation",
        "E-13": "Participatory budgets",
        "E-14": "Maps of utility networks",
        "E-15": "Bicycle sharing",
        "E-16": "Village shuttle",
        "E-17": "Cycle lanes",
        "E-18": "Rural car sharing",
        "E-19": "Bicycle shelters",
        "E-20": "Charging stations",
        "E-21": "Transport on demand",
        "E-22": "Footpaths to school",
        "E-23": "Bus stop",
        "E-24": "Cycling plan",
    },
    title="Example programme",
    readme="""\
# {title}

| file | what it is |
|---|---|
| `scenario.yaml` | the scenario: envelopes, conditions, rules, objective |
| `data/` | the table of applications{note} |
| `runs/` | the runs, one folder each (created by the first) |

```
tnt-sim validate scenario.yaml
tnt-sim run scenario.yaml
tnt-sim run scenario.yaml --set programme.amount="1.5 M€"
tnt-sim verify runs/<folder of the run>
```
""",
    synthetic=" (**synthetic**)",
    from_scenario="""\
# A scenario of tnt-sim, made from {name}. What is marked "to review" is a guess.
schema_version: 1
id: {id}
title: {title}     # to review: the name of the programme
# date: 2026-03-31      # the day of the decision, as soon as a rule depends on it
locale: en
{currency}
programme:
  id: programme
  amount: {amount}      # to review: {amount_why}
{envelopes}
dossiers:
  - file: {file}
{columns}
{territory}{eligibility}# How much: all or nothing. For a rate: {{mode: all_or_nothing, max_rate: 80%}}.
grants:
  - {{mode: all_or_nothing}}

{objective}""",
)

_ROWS = """\
E-01|Guichet unique en ligne|numerique|Commune de Vallières|commune|01|4200|90000|72000|14.5|2026-01-12
E-02|Signalement de voirie|numerique|Commune de Boisclair|commune|01|1800|45000|36000|11|2026-01-15
E-03|Archives partagées|numerique|Communauté du Haut-Val|epci|01|38000|180000|120000|16|2026-01-20
E-04|Cybersécurité mutualisée|numerique|Syndicat du Nord|mutualisation|02|240000|260000|200000|17.5|2026-01-21
E-05|Paiement de la cantine|numerique|Commune de Sainte-Aure|commune|02|9500|60000|45000|12.5|2026-01-22
E-06|Portail des associations|numerique|Commune de Roche-Neuve|commune|02|23000|70000|50000|10|2026-01-28
E-07|Données ouvertes|numerique|Département de l'Exemple|departement|03|410000|150000|110000|13|2026-02-02
E-08|État civil en ligne|numerique|Commune de Pré-Long|commune|03|6100|52000|41600|15|2026-02-03
E-09|Urbanisme dématérialisé|numerique|Communauté des Lacs|epci|03|54000|140000|98000|14|2026-02-05
E-10|Réseau des médiathèques|numerique|Commune de Champ-d'Or|commune|03|15500|80000|64000|9.5|2026-02-09
E-11|Accueil numérique|numerique|Commune de Val-Serein|commune|01|3300|38000|30000|13.5|2026-02-11
E-12|Concertation en ligne|numerique|Métropole d'Exemple|metropole|02|520000|210000|150000|12|2026-02-12
E-13|Budgets participatifs|numerique|Commune de Bellecombe|commune|01|7700|40000|32000|8|2026-02-16|en_construction
E-14|Cartes des réseaux|numerique|Syndicat des eaux du Sud|syndicat|03|66000|95000|70000|11.5|2026-02-17
E-15|Vélos en libre-service|mobilites|Commune de Vallières|commune|01|4200|75000|60000|15.5|2026-01-18
E-16|Navette des villages|mobilites|Communauté du Haut-Val|epci|01|38000|160000|110000|16.5|2026-01-25
E-17|Pistes cyclables|mobilites|Commune de Roche-Neuve|commune|02|23000|130000|100000|17|2026-01-30
E-18|Covoiturage rural|mobilites|Commune de Sainte-Aure|commune|02|9500|48000|38000|12|2026-02-01
E-19|Abris à vélos|mobilites|Commune de Pré-Long|commune|03|6100|30000|24000|13|2026-02-06
E-20|Bornes de recharge|mobilites|Communauté des Lacs|epci|03|54000|120000|84000|14|2026-02-08
E-21|Transport à la demande|mobilites|Commune de Champ-d'Or|commune|03|15500|90000|72000|14.5|2026-02-10
E-22|Sentiers de l'école|mobilites|Commune de Val-Serein|commune|01|3300|28000|22000|10.5|2026-02-13
E-23|Halte routière|mobilites|Commune de Bellecombe|commune|01|7700|64000|51000|11|2026-02-14
E-24|Plan vélo|mobilites|Métropole d'Exemple|metropole|02|520000|170000|120000|15|2026-02-18
"""
_HEADER = (
    "dossier|title|envelope|applicant|applicant_type|department|population"
    "|cost|requested|score|filed_at|state"
)


def get_templates(lang: Lang) -> ProjectTemplates:
    """Return the files of a new project in a language."""
    return FRENCH if lang is Lang.FR else ENGLISH


def build_dossiers_csv(lang: Lang = Lang.FR) -> str:
    """Return the applications of the example, each marked as synthetic."""
    titles = get_templates(lang).titles
    lines = [f"{_HEADER}|synthetic"]
    for row in _ROWS.splitlines():
        number, title, others = row.split("|", 2)
        state = "" if row.count("|") == _HEADER.count("|") else "|en_instruction"
        lines.append(f"{number}|{titles.get(number, title)}|{others}{state}|oui")
    return "".join(line.replace("|", ",") + "\n" for line in lines)
