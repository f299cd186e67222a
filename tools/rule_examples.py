"""Catalogue of rules with an example of each in YAML: the table of `docs/fr/reference/rules.md`."""

from __future__ import annotations

from typing import NamedTuple


class RuleExample(NamedTuple):
    """One rule of the catalogue: number, description, part of a scenario that states it, remark."""

    number: int
    rule: str
    yaml: str
    note: str = ""


_ = RuleExample

CATALOGUE: tuple[RuleExample, ...] = (
    _(1, "Nul ne reçoit plus que demandé", "", "toujours vrai : colonne `requested`"),
    _(2, "Ni plus que l’assiette", "", "toujours vrai : colonne `base`, à défaut `cost`"),
    _(3, "Taux maximal par ligne et par période",
      "grants: [{where: {envelope: appels, filed_at: {until: 2021-10-07}}, max_rate: 50 %}, "
      "{where: {envelope: appels}, max_rate: 75 %}]"),
    _(4, "Aides de l’État réunies ≤ 80 %", "caps: [r2334-27]"),
    _(5, "Le maître d’ouvrage garde 20 % (30 % s’il est chef de file)",
      "caps: [cgct-l1111-10, cgct-l1111-10-chef-de-file]"),
    _(6, "Dérogation à la règle 5",
      "waivers: [{of: cgct-l1111-10, where: {dossier: [D-7]}, reason: patrimoine, author: préfet}]"),
    _(7, "Enveloppe d’une ligne", "programme: {id: tnt, envelopes: [{id: axe-1, amount: 30 M€}]}"),
    _(8, "Enveloppe totale et ses lignes",
      "programme: {id: tnt, amount: 88 M€, envelopes: [{id: axe-1, amount: 30 M€}]}"),
    _(9, "Ligne cantonnée", "programme: {id: tnt, envelopes: [{id: ads, amount: 5.5 M€, ring_fenced: true}]}"),
    _(10, "Fongibilité d’au plus f %",
      "programme: {id: tnt, envelopes: [{id: a, amount: 1 M€, transfers: {to: [b], out_max: 15 %}}, "
      "{id: b, amount: 1 M€}]}"),
    _(11, "Consommation minimale d’une ligne",
      "programme: {id: tnt, envelopes: [{id: a, amount: 1 M€, min_use: 80 %}]}"),
    _(12, "Réserve de précaution", "programme: {id: tnt, amount: 88 M€, reserve: 10 %}",
      "une dernière étape `reserve` de `steps` la libère"),
    _(13, "Les engagements restent", "", "colonne `committed`"),
    _(14, "Nombre d’attributions visé",
      "rules: [{id: nombre, kind: limit, measure: dossiers, min: 350, max: 450}]"),
    _(15, "Forfait par centre et par commune",
      "grants: [{formula: {flat: 4 000 €, per: [{column: n_communes, amount: 400 €, up_to: 30}], "
      "max: 16 000 €}}]"),
    _(16, "Aide versée sur factures", "caps: [invoices]", "ou `grants: [{max: {column: invoices}}]`"),
    _(17, "Un seul centre par commune", "rules: [{id: un-centre, kind: exclusive, by: members}]"),
    _(18, "Forfait FranceConnect et son supplément API",
      "rules: [{id: api, kind: requires, dossiers: [A-2], need: [A-1]}, "
      "{id: plafond, kind: limit, measure: granted, by: applicant_id, max: 10 k€}]"),
    _(19, "Une fois par collectivité",
      "rules: [{id: une-fois, kind: limit, measure: dossiers, where: {envelope: fc}, by: applicant_id, max: 1}]"),
    _(20, "Au plus K dossiers par porteur et par ligne",
      "rules: [{id: trois, kind: limit, measure: dossiers, by: [applicant_id, envelope], max: 3}]"),
    _(21, "L’ordre de priorité du porteur",
      "rules: [{id: ordre, kind: order, by: applicant_id, rank: priority}]"),
    _(22, "Plafond par porteur, toutes lignes",
      "rules: [{id: plafond, kind: limit, measure: granted, by: applicant_id, max: 500 k€}]"),
    _(23, "Seuil de population, départements toujours admis",
      "eligibility: [{id: taille, where: {applicant_type: {not: departement}}, "
      "require: {population: {above: 500000}}}]"),
    _(24, "Plafond de taille",
      "eligibility: [{id: petites, where: {applicant_type: commune}, require: {any: [{population: {max: 2000}}, "
      "{population: {max: 20000}, potentiel: {below: {column: moyenne, times: 1.3}}}]}}]"),
    _(25, "Porteurs admis, par ligne et département",
      "eligibility: [{id: ain, where: {envelope: axe-3, department: 01}, "
      "require: {applicant_type: [commune, epci]}}]"),
    _(26, "Thème admis ; l’équipement seul est exclu",
      "eligibility: [{id: theme, require: {tags: {not: {only: [equipement]}}}}]"),
    _(27, "Déposé dans la période",
      "eligibility: [{id: appel, require: {filed_at: {from: 2021-10-08, until: 2021-11-22}}}]"),
    _(28, "Pas commencé avant le dépôt",
      "eligibility: [{id: neuf, require: {start: {from: {column: filed_at}}}}]"),
    _(29, "Effet sous deux ans",
      "eligibility: [{id: effet, require: {end: {until: {date: decision, plus: 24 months}}}}]"),
    _(30, "Dossiers complets seulement",
      "eligibility: [{id: complet, require: {state: [en_instruction, accepte]}}]"),
    _(31, "Subvention minimale et maximale", "grants: [{min: 3 000 €, max: 200 000 €}]"),
    _(32, "Taux par paliers", "grants: [{mode: levels, levels: [20 %, 25 %, 30 %]}]"),
    _(33, "Fourchette de taux par catégorie",
      "grants: [{where: {category: voirie}, mode: range, min_rate: 20 %, max_rate: 50 %, round: 1 €}]"),
    _(34, "Taux dégressif",
      "grants: [{max_rate: {brackets: [{up_to: 100 k€, rate: 80 %}, {up_to: 500 k€, rate: 50 %}, "
      "{rate: 20 %}]}}]"),
    _(35, "Bonus aux projets mutualisés",
      "grants: [{max_rate: 50 %, bonus: [{where: {tags: {has: mutualise}}, rate: 10 %, up_to: 80 %}]}]"),
    _(36, "Part minimale à la mutualisation",
      "rules: [{id: quart, kind: share, measure: granted, where: {applicant_type: mutualisation}, min: 25 %}]"),
    _(37, "Part maximale aux métropoles",
      "rules: [{id: metropoles, kind: share, measure: granted, where: {applicant_type: metropole}, max: 25 %}]"),
    _(38, "Part thématique minimale",
      "rules: [{id: vert, kind: share, measure: granted, where: {tags: {has: vert}}, min: 35 %}]"),
    _(39, "Enveloppe égale par département",
      "programme: {id: tnt, envelopes: [{id: local, split: {by: department, each: 297 000 €}}]}"),
    _(40, "Enveloppe par département selon une clé",
      "programme: {id: tnt, envelopes: [{id: local, amount: 28 M€, split: {by: department, key: population, "
      "fixed: 30 %}}]}"),
    _(41, "Plancher et plafond par département",
      "rules: [{id: dep, kind: limit, measure: granted, by: department, min: 200 k€, max: 1 M€}]"),
    _(42, "Enveloppe à ±δ de l’an passé",
      "programme: {id: tnt, envelopes: [{id: local, amount: 28 M€, split: {by: department, table: cles.csv, "
      "previous: a-1.csv, change: 5 %}}]}"),
    _(43, "Le reste des départements est redistribué",
      "steps: [{id: un, date: 2021-06-01}, {id: deux, date: 2021-10-01, set: {envelopes.local.split: null}}]"),
    _(44, "Équité par habitant",
      "rules: [{id: equite, kind: equity, measure: granted, by: department, min: 50 %, max: 150 %}]",
      "ou `objective: [{maximise: {smallest: {…}}}]`"),
    _(45, "Un projet au moins par département",
      "rules: [{id: partout, kind: limit, measure: dossiers, by: department, min: 1}]"),
    _(46, "Objectifs de couverture",
      "rules: [{id: couvert, kind: coverage, units: {type: commune, population: {max: 3500}}, "
      "covered_by: applicant_id, already: fc.csv, min: 10 %}]"),
    _(47, "Couverture en habitants",
      "rules: [{id: habitants, kind: coverage, units: {type: commune}, covered_by: applicant_id, "
      "measure: population, min: 50 %}]"),
    _(48, "Variantes ; projet qui en suppose un autre",
      "rules: [{id: ou, kind: exclusive, dossiers: [D-1, D-2]}, {id: socle, kind: requires, dossiers: [D-3], "
      "need: [D-4]}]",
      "ou les colonnes `variant_of`, `requires`"),
    _(49, "Deux fonds sur un projet", "caps: [r2334-27]", "une ligne par fonds, même `project`"),
    _(50, "Pas de cumul avec un programme listé",
      "eligibility: [{id: annexe-vii, where: {envelope: detr}, require: {tags: {not: {has: annexe-vii}}}}]"),
    _(51, "Ordre de mérite",
      "rules: [{id: merite, kind: order, by: cost_class, rank: score, best: high}]"),
    _(52, "Seuil de note, départage", "eligibility: [{id: seuil, require: {score: {min: 5}}}]",
      "le départage par dépôt puis numéro est toujours fait"),
    _(53, "Premier arrivé, premier servi",
      "rules: [{id: guichet, kind: order, where: {envelope: fc}, first_come: filed_at, skip: false}]"),
    _(54, "Entonnoir déposés, éligibles, financés", "", "figure dans chaque résultat et dans `validate`"),
    _(55, "Engagements de l’année (AE)",
      "rules: [{id: ae, kind: schedule, year: {column: year}, commitments: {2021: 60 M€}}]"),
    _(56, "Paiements (CP)",
      "rules: [{id: cp, kind: schedule, year: {column: year}, profile: [30 %, 50 %, 20 %], "
      "payments: {2021: 30 M€}, advance_max: 30 %, before_end_max: 80 %}]"),
    _(57, "Engagement borné sur les années suivantes",
      "rules: [{id: a-plus-1, kind: limit, measure: granted, where: {year: 2022}, "
      "max: {share: 50 %, of_amount: tnt}}]"),
    _(58, "Tranches successives",
      "steps: [{id: t1, date: 2021-11-05}, {id: t2, date: 2022-03-01, set: {envelopes.ads.amount: 11 M€}}]"),
    _(59, "80 % notifiés au 30 juin",
      "rules: [{id: juin, kind: limit, measure: granted, where: {notified_at: {until: 2021-06-30}}, "
      "min: {share: 80 %, of_amount: tnt}}]"),
    _(60, "Caducité : l’argent revient",
      "dossiers: [{file: table.csv, where: {not: {notified_at: {before: {date: decision, plus: -24 months}}, "
      "start: {empty: true}}}}]",
      "au hasard : `uncertain`, lu par `ensemble`"),
    _(61, "La subvention suit le coût réel, à la baisse", "grants: [{max_rate: 50 %, max: {column: cout_reel}}]",
      "au hasard : `uncertain`, lu par `ensemble`"),
    _(62, "Élargissement de l’enveloppe", "", "`--set programme.amount=\"98 M€\"`, `extends`, `sweep`"),
    _(63, "Euros ou centimes entiers, totaux exacts", "grants: [{round: 1 €}]"),
    _(64, "Conflit d’intérêts", "measures: {jury: {mean: [note_a, note_b, note_c]}}",
      "l’évaluateur en conflit laisse sa case vide"),
    _(65, "Rejet implicite passé le délai",
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
