"""Catalogue of rules with an example of each in YAML: the table at the end of the page `rules.md`."""

from __future__ import annotations

from typing import NamedTuple

from tnt_sim.i18n.message import Bilingual, Text


class RuleExample(NamedTuple):
    """One rule of the catalogue: number, description, part of a scenario that states it, remark."""

    number: int
    fr: str
    en: str
    yaml: str
    note_fr: str = ""
    note_en: str = ""

    @property
    def rule(self) -> Text:
        """Return the description in both languages."""
        return Bilingual(self.fr, self.en)

    @property
    def note(self) -> Text:
        """Return the remark in both languages; one that is only code is the same in both."""
        return Bilingual(self.note_fr, self.note_en or self.note_fr)


_ = RuleExample

CATALOGUE: tuple[RuleExample, ...] = (
    _(1, "Nul ne reçoit plus que demandé", "Nobody receives more than requested",
      "", "toujours vrai : colonne `requested`",
      "always true: column `requested`"),
    _(2, "Ni plus que l’assiette", "Nor more than the base",
      "", "toujours vrai : colonne `base`, à défaut `cost`",
      "always true: column `base`, else `cost`"),
    _(3, "Taux maximal par ligne et par période", "Maximum rate by line and by period",
      "grants: [{where: {envelope: appels, filed_at: {until: 2021-10-07}}, max_rate: 50 %}, "
      "{where: {envelope: appels}, max_rate: 75 %}]"),
    _(4, "Aides de l’État réunies ≤ 80 %", "State aid together ≤ 80%", "caps: [r2334-27]"),
    _(5, "Le maître d’ouvrage garde 20 % (30 % s’il est chef de file)",
      "The project owner keeps 20% (30% as lead applicant)",
      "caps: [cgct-l1111-10, cgct-l1111-10-chef-de-file]"),
    _(6, "Dérogation à la règle 5", "Waiver of rule 5",
      "waivers: [{of: cgct-l1111-10, where: {dossier: [D-7]}, reason: patrimoine, author: préfet}]"),
    _(7, "Enveloppe d’une ligne", "Envelope of one line",
      "programme: {id: tnt, envelopes: [{id: axe-1, amount: 30 M€}]}"),
    _(8, "Enveloppe totale et ses lignes", "Total envelope and its lines",
      "programme: {id: tnt, amount: 88 M€, envelopes: [{id: axe-1, amount: 30 M€}]}"),
    _(9, "Ligne cantonnée", "Ring-fenced line",
      "programme: {id: tnt, envelopes: [{id: ads, amount: 5.5 M€, ring_fenced: true}]}"),
    _(10, "Fongibilité d’au plus f %", "Transfers of at most f %",
      "programme: {id: tnt, envelopes: [{id: a, amount: 1 M€, transfers: {to: [b], out_max: 15 %}}, "
      "{id: b, amount: 1 M€}]}"),
    _(11, "Consommation minimale d’une ligne", "Minimum use of a line",
      "programme: {id: tnt, envelopes: [{id: a, amount: 1 M€, min_use: 80 %}]}"),
    _(12, "Réserve de précaution", "Precautionary reserve",
      "programme: {id: tnt, amount: 88 M€, reserve: 10 %}",
      "la dernière de plusieurs `steps` la libère ; une étape nommée `reserve` ne fait que la liste de réserve",
      "the last of several `steps` frees it; a step named `reserve` only makes the reserve list"),
    _(13, "Les engagements restent", "Commitments stay", "", "colonne `committed`",
      "column `committed`"),
    _(14, "Nombre d’attributions visé", "Number of grants aimed at",
      "rules: [{id: nombre, kind: limit, measure: dossiers, min: 350, max: 450}]"),
    _(15, "Forfait par centre et par commune", "Flat fee per centre and per commune",
      "grants: [{formula: {flat: 4 000 €, per: [{column: n_communes, amount: 400 €, up_to: 30}], "
      "max: 16 000 €}}]"),
    _(16, "Aide versée sur factures", "Aid paid on invoices",
      "caps: [invoices]", "ou `grants: [{max: {column: invoices}}]`",
      "or `grants: [{max: {column: invoices}}]`"),
    _(17, "Un seul centre par commune", "One centre per commune",
      "rules: [{id: un-centre, kind: exclusive, by: members}]"),
    _(18, "Forfait FranceConnect et son supplément API", "FranceConnect flat fee and its API supplement",
      "rules: [{id: api, kind: requires, dossiers: [A-2], need: [A-1]}, "
      "{id: plafond, kind: limit, measure: granted, by: applicant_id, max: 10 k€}]"),
    _(19, "Une fois par collectivité", "Once per local authority",
      "rules: [{id: une-fois, kind: limit, measure: dossiers, where: {envelope: fc}, by: applicant_id, max: 1}]"),
    _(20, "Au plus K dossiers par porteur et par ligne", "At most K applications per applicant and line",
      "rules: [{id: trois, kind: limit, measure: dossiers, by: [applicant_id, envelope], max: 3}]"),
    _(21, "L’ordre de priorité du porteur", "The applicant’s own order of priority",
      "rules: [{id: ordre, kind: order, by: applicant_id, rank: priority}]"),
    _(22, "Plafond par porteur, toutes lignes", "Cap per applicant, all lines together",
      "rules: [{id: plafond, kind: limit, measure: granted, by: applicant_id, max: 500 k€}]"),
    _(23, "Seuil de population, départements toujours admis",
      "Population threshold, departments always admitted",
      "eligibility: [{id: taille, where: {applicant_type: {not: departement}}, "
      "require: {population: {above: 500000}}}]"),
    _(24, "Plafond de taille", "Maximum size",
      "eligibility: [{id: petites, where: {applicant_type: commune}, require: {any: [{population: {max: 2000}}, "
      "{population: {max: 20000}, potentiel: {below: {column: moyenne, times: 1.3}}}]}}]"),
    _(25, "Porteurs admis, par ligne et département", "Applicants admitted, by line and department",
      "eligibility: [{id: ain, where: {envelope: axe-3, department: 01}, "
      "require: {applicant_type: [commune, epci]}}]"),
    _(26, "Thème admis ; l’équipement seul est exclu", "Theme admitted; equipment alone is excluded",
      "eligibility: [{id: theme, require: {tags: {not: {only: [equipement]}}}}]"),
    _(27, "Déposé dans la période", "Filed within the period",
      "eligibility: [{id: appel, require: {filed_at: {from: 2021-10-08, until: 2021-11-22}}}]"),
    _(28, "Pas commencé avant le dépôt", "Not started before filing",
      "eligibility: [{id: neuf, require: {start: {from: {column: filed_at}}}}]"),
    _(29, "Effet sous deux ans", "Effect within two years",
      "eligibility: [{id: effet, require: {end: {until: {date: decision, plus: 24 months}}}}]"),
    _(30, "Dossiers complets seulement", "Complete applications only",
      "eligibility: [{id: complet, require: {state: [en_instruction, accepte]}}]"),
    _(31, "Subvention minimale et maximale", "Minimum and maximum grant",
      "grants: [{min: 3 000 €, max: 200 000 €}]"),
    _(32, "Taux par paliers", "Rate by steps", "grants: [{mode: levels, levels: [20 %, 25 %, 30 %]}]"),
    _(33, "Fourchette de taux par catégorie", "Range of rates by category",
      "grants: [{where: {category: voirie}, mode: range, min_rate: 20 %, max_rate: 50 %, round: 1 €}]"),
    _(34, "Taux dégressif", "Degressive rate",
      "grants: [{max_rate: {brackets: [{up_to: 100 k€, rate: 80 %}, {up_to: 500 k€, rate: 50 %}, "
      "{rate: 20 %}]}}]"),
    _(35, "Bonus aux projets mutualisés", "Bonus for shared projects",
      "grants: [{max_rate: 50 %, bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 80 %}]}]"),
    _(36, "Part minimale à la mutualisation", "Minimum share for shared services",
      "rules: [{id: quart, kind: share, measure: granted, where: {applicant_type: mutualisation}, min: 25 %}]"),
    _(37, "Part maximale aux métropoles", "Maximum share for metropolises",
      "rules: [{id: metropoles, kind: share, measure: granted, where: {applicant_type: metropole}, max: 25 %}]"),
    _(38, "Part thématique minimale", "Minimum share of a theme",
      "rules: [{id: vert, kind: share, measure: granted, where: {tags: {has: vert}}, min: 35 %}]"),
    _(39, "Enveloppe égale par département", "Equal envelope per department",
      "programme: {id: tnt, envelopes: [{id: local, split: {by: department, each: 297 000 €}}]}"),
    _(40, "Enveloppe par département selon une clé", "Envelope per department by a key",
      "programme: {id: tnt, envelopes: [{id: local, amount: 28 M€, split: {by: department, key: population, "
      "fixed: 30 %}}]}"),
    _(41, "Plancher et plafond par département", "Minimum and maximum per department",
      "rules: [{id: dep, kind: limit, measure: granted, by: department, min: 200 k€, max: 1 M€}]"),
    _(42, "Enveloppe à ±δ de l’an passé", "Envelope within ±δ of last year’s",
      "programme: {id: tnt, envelopes: [{id: local, amount: 28 M€, split: {by: department, table: cles.csv, "
      "previous: a-1.csv, change: 5 %}}]}"),
    _(43, "Le reste des départements est redistribué", "What departments leave is distributed again",
      "steps: [{id: un, date: 2021-06-01}, {id: deux, date: 2021-10-01, set: {envelopes.local.split: null}}]"),
    _(44, "Équité par habitant", "Equity per inhabitant",
      "rules: [{id: equite, kind: equity, measure: granted, by: department, min: 50 %, max: 150 %}]",
      "ou `objective: [{maximise: {smallest: {…}}}]`",
      "or `objective: [{maximise: {smallest: {…}}}]`"),
    _(45, "Un projet au moins par département", "At least one project per department",
      "rules: [{id: partout, kind: limit, measure: dossiers, by: department, min: 1}]"),
    _(46, "Objectifs de couverture", "Coverage targets",
      "rules: [{id: couvert, kind: coverage, units: {type: commune, population: {max: 3500}}, "
      "covered_by: applicant_id, already: fc.csv, min: 10 %}]"),
    _(47, "Couverture en habitants", "Coverage in inhabitants",
      "rules: [{id: habitants, kind: coverage, units: {type: commune}, covered_by: applicant_id, "
      "measure: population, min: 50 %}]"),
    _(48, "Variantes ; projet qui en suppose un autre", "Variants; a project that requires another",
      "rules: [{id: ou, kind: exclusive, dossiers: [D-1, D-2]}, {id: socle, kind: requires, dossiers: [D-3], "
      "need: [D-4]}]",
      "ou les colonnes `variant_of`, `requires`",
      "or the columns `variant_of`, `requires`"),
    _(49, "Deux fonds sur un projet", "Two funds on one project",
      "caps: [r2334-27]", "une ligne par fonds, même `project`",
      "one row per fund, the same `project`"),
    _(50, "Pas de cumul avec un programme listé", "No combination with a listed programme",
      "eligibility: [{id: annexe-vii, where: {envelope: detr}, require: {tags: {not: {has: annexe-vii}}}}]"),
    _(51, "Ordre de mérite", "Order of merit",
      "rules: [{id: merite, kind: order, by: cost_class, rank: score, best: high}]"),
    _(52, "Seuil de note, départage", "Minimum score, tie-break",
      "eligibility: [{id: seuil, require: {score: {min: 5}}}]",
      "le départage par dépôt puis numéro est toujours fait",
      "ties are always broken by filing date, then by number"),
    _(53, "Premier arrivé, premier servi", "First come, first served",
      "rules: [{id: guichet, kind: order, where: {envelope: fc}, first_come: filed_at, skip: false}]"),
    _(54, "Entonnoir déposés, éligibles, financés", "Funnel: filed, eligible, funded",
      "", "figure dans chaque résultat et dans `validate`",
      "shown in each result and by `validate`"),
    _(55, "Engagements de l’année (AE)", "Commitments of the year (AE)",
      "rules: [{id: ae, kind: schedule, year: {column: year}, commitments: {2021: 60 M€}}]"),
    _(56, "Paiements (CP)", "Payments (CP)",
      "rules: [{id: cp, kind: schedule, year: {column: year}, profile: [30 %, 50 %, 20 %], "
      "payments: {2021: 30 M€}, advance_max: 30 %, before_end_max: 80 %}]"),
    _(57, "Engagement borné sur les années suivantes", "Bounded commitment on the following years",
      "rules: [{id: a-plus-1, kind: limit, measure: granted, where: {year: 2022}, "
      "max: {share: 50 %, of_amount: tnt}}]"),
    _(58, "Tranches successives", "Successive instalments",
      "steps: [{id: t1, date: 2021-11-05}, {id: t2, date: 2022-03-01, set: {envelopes.ads.amount: 11 M€}}]"),
    _(59, "80 % notifiés au 30 juin", "80% notified by 30 June",
      "rules: [{id: juin, kind: limit, measure: granted, where: {notified_at: {until: 2021-06-30}}, "
      "min: {share: 80 %, of_amount: tnt}}]"),
    _(60, "Caducité : l’argent revient", "Lapsed grants: the money comes back",
      "dossiers: [{file: table.csv, where: {not: {notified_at: {before: {date: decision, plus: -24 months}}, "
      "start: {empty: true}}}}]",
      "au hasard : `uncertain`, lu par `ensemble`",
      "at random: `uncertain`, read by `ensemble`"),
    _(61, "La subvention suit le coût réel, à la baisse", "The grant follows the actual cost, downwards",
      "grants: [{max_rate: 50 %, max: {column: cout_reel}}]",
      "au hasard : `uncertain`, lu par `ensemble`",
      "at random: `uncertain`, read by `ensemble`"),
    _(62, "Élargissement de l’enveloppe", "Larger envelope",
      "", "`--set programme.amount=\"98 M€\"`, `extends`, `sweep`"),
    _(63, "Euros ou centimes entiers, totaux exacts", "Whole euros or cents, exact totals",
      "grants: [{round: 1 €}]"),
    _(64, "Conflit d’intérêts", "Conflict of interest", "measures: {jury: {mean: [note_a, note_b, note_c]}}",
      "l’évaluateur en conflit laisse sa case vide",
      "the assessor in conflict leaves the cell empty"),
    _(65, "Rejet implicite passé le délai", "Implicit refusal after a deadline",
      "eligibility: [{id: delai, require: {any: [{state: accepte}, "
      "{filed_at: {from: {date: year_start, plus: -12 months}}}]}}]"),
)  # fmt: skip
"""In the order of the catalogue; entries without YAML say where the rule is handled instead."""

AMOUNTS: tuple[str, ...] = (
    "grants: [{where: {envelope: appels}, mode: all_or_nothing, max_rate: 50 %}]",
    "grants: [{where: {envelope: ads}, formula: {flat: 4 000 €, per: [{column: n_communes, amount: 400 €, "
    "up_to: 30}], max: 16 000 €}, max: {column: invoices}}]",
    "grants: [{where: {envelope: detr}, mode: range, min_rate: 20 %, max_rate: {brackets: [{up_to: 100 k€, "
    "rate: 80 %}, {rate: 50 %}]}, bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 80 %}], "
    "round: 1 €}]",
    "grants: [{where: {envelope: dsil}, mode: levels, levels: [20 %, 30 %, 40 %]}]",
    "grants: [{where: {envelope: fdva}, mode: common_rate, by: category, levels: [20 %, 25 %, 30 %]}]",
)

ENVELOPES: tuple[str, ...] = (
    "programme: {id: tnt, amount: 88 M€, reserve: 10 %, overprogram: 5 %}",
    "programme: {id: axe, amount: 34 M€, unassigned: pro_rata, envelopes: [{id: ads, amount: 5.5 M€, "
    "ring_fenced: true, min_use: 80 %}, {id: local, amount: 28 M€, transfers: {to: [reste], out_max: 15 %, "
    "in_max: 10 %}, split: {by: department, key: population, fixed: 30 %}, min_dossiers: 100, max_dossiers: 900}, "
    "{id: reste, amount: 0.5 M€}]}",
)

GOALS: tuple[str, ...] = (
    "objective: [{maximise: {score: 1, dossiers: 10}, tolerance: 1 %}]",
    "objective: [{maximise: {smallest: {measure: granted, per: population, by: department}}}]",
    "objective: [{minimise: {shortfall.petites: 1}}]",
    "objective: [{minimise: {changed: 1}}]",
)
