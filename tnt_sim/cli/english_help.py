"""English help of the command line: each text of options, commands and examples with its translation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OPTIONS_ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "fr ou en : la langue, quand --lang n’est pas donné.":
            "fr or en: the language, where --lang is not given.",
        "1 : détaille une panne, comme --debug.": "1: details a failure, as --debug does.",
        "1 : aucune couleur.": "1: no colours.",
        "La largeur de l’affichage.": "The width of the output.",
        "Affiche cette aide.": "Shows this help.",
        "Installe la complétion pour cet interpréteur de commandes.": "Installs completion for this shell.",
        "Affiche le code de la complétion.": "Shows the code of the completion.",
        "Affiche la version de tnt-sim.": "Shows the version of tnt-sim.",
        "Un nom de la liste ; sans lui, la liste.": "A name of the list; without it, the list.",
        "La perte admise ; 1 % par défaut.": "The loss that is allowed; 1% by default.",
        "Combien d’autres choix.": "How many other choices.",
        "Différents par les dossiers ou par l’argent.": "Different by dossiers or by money.",
        "Aussi le plus rural, le plus mutualisé, le plus équilibré.": "Also the most rural, shared and balanced.",
        "Le port ; 8866 par défaut, ou le premier libre.": "The port; 8866 by default, or the first free one.",
        "N’ouvre pas le navigateur : affiche seulement l’adresse.": "Opens no browser: shows the address only.",
        "La liste : CSV, XLSX, export de Turgot, ou dossier d’un calcul.":
            "The list: CSV, XLSX, an export of Turgot, or a run folder.",
        "Des scénarios, ou des fichiers de lot (`base` et `matrix`).":
            "Scenarios, or batch files (`base` and `matrix`).",
        'Le dossier à écrire ; la même commande y reprend.':
            'The folder to write; the same command goes on there.',
        "Qui calcule.": "Who computes.",
        "Combien à la fois ; un par cœur par défaut.": "How many at a time; one for each core by default.",
        "Avec dask : un ordonnanceur déjà lancé (tls://…).": "With dask: a scheduler that runs already (tls://…).",
        "Ne fait que reprendre : refuse un dossier sans lot commencé.":
            "Only goes on: refuses a folder without a batch begun.",
        "Des scénarios ou des dossiers de calcul, 2 à 20 ; le premier est la référence.":
            "Scenarios or run folders, 2 to 20; the first is the reference.",
        "Ne cherche pas la cause de chaque mouvement (plus rapide).":
            "Skips the cause of each move (faster).",
        "Contradictions cherchées, au plus.": "Contradictions looked for, at most.",
        "Réparations cherchées, au plus.": "Repairs looked for, at most.",
        "Des calculs ; le premier est la référence.": "Runs; the first is the reference.",
        "Le nombre de tirages.": "The number of draws.",
        "La graine : la même donne les mêmes octets.": "The seed: the same gives the same bytes.",
        "Comment les tirages remplissent l’espace.": "How the draws fill the space.",
        "Tirages par incertitude pour son indice de Sobol ; 0 : aucun.":
            "Draws for each uncertainty for its Sobol index; 0: none.",
        'Le fichier à écrire : .html ou .xlsx, .yaml avec --fit ; aucun par défaut.':
            'The file to write: .html or .xlsx, .yaml with --fit; none by default.',
        "Le scénario (.yaml) ; aucun avec --fit.": "The scenario (.yaml); none with --fit.",
        "Mesure des surcoûts : des coûts prévus et réalisés → la partie « uncertain » d’un scénario.":
            'Measures over-runs: costs planned and realised → the part "uncertain" of a scenario.',
        "Avec --fit : le coût prévu ; « cost ».": 'With --fit: the planned cost; "cost".',
        "Avec --fit : le coût réalisé ; « realised ».": 'With --fit: the realised cost; "realised".',
        "Avec --fit : une loi par valeur, « applicant_type » p. ex.":
            'With --fit: one law for each value, "applicant_type" for example.',
        "Les numéros des dossiers à expliquer.": "The numbers of the dossiers to explain.",
        "Tous les dossiers : raisons, et seuils certifiés des non retenus.":
            "Every dossier: reasons, and certified thresholds of those not funded.",
        'Le fichier à écrire, ou le dossier avec --by ; à côté du calcul par défaut.':
            'The file to write, or the folder with --by; beside the run by default.',
        "Un classeur de choix par département ou région.":
            "One workbook of choices for each department or region.",
        "Le CSV : fr (Excel français) ou intl.": "The CSV: fr (French Excel) or intl.",
        "Ce que scdl et chorus demandent et que le calcul ne sait pas.":
            "What scdl and chorus ask and the run does not know.",
        "Remplace le fichier s’il existe.": "Replaces the file if it exists.",
        "Écrit un acte même sans preuve d’optimalité ; il le dit alors.":
            "Writes an act even without a proof of the optimum; it then says so.",
        "L’export : .csv, .xlsx, .ods, .json (GraphQL) ou .pb.":
            "The export: .csv, .xlsx, .ods, .json (GraphQL) or .pb.",
        "demarche, turgot, grist (tout tableau), pabulib, dotations, fonds-vert ou scdl ; "
        "reconnu d’après le fichier sans elle.":
            "demarche, turgot, grist (any table), pabulib, dotations, fonds-vert or scdl; "
            "known from the file without it.",
        "Le dossier à écrire ; « FILE-import » par défaut.": 'The folder to write; "FILE-import" by default.',
        "La correspondance ; celle de --out par défaut.": "The mapping; that of --out by default.",
        "Une valeur pour toutes les lignes : envelope=detr.": "One value for all rows: envelope=detr.",
        "Où est une colonne, quand elle n’est pas reconnue : --column dossier=\"N° DS\".":
            'Where a column is, when it is not recognised: --column dossier="N° DS".',
        "La feuille qui porte les dossiers.": "The sheet that holds the dossiers.",
        "La ligne des en-têtes.": "The row of the headers.",
        "L’encodage d’un CSV : utf-8 ou cp1252.": "The encoding of a CSV: utf-8 or cp1252.",
        "Le séparateur d’un CSV : , ou ;.": "The delimiter of a CSV: , or ;.",
        "Le nombre de lignes attendu.": "The number of rows that is expected.",
        "Le total demandé attendu : « 92 M€ ».": 'The total requested that is expected: "92 M€".',
        "Écrit dossiers.parquet au lieu de dossiers.csv.": "Writes dossiers.parquet instead of dossiers.csv.",
        "Ne cherche pas les doublons.":
            "Skips duplicate detection.",
        "Enregistre la forme actuelle du formulaire comme référence dans mapping.yaml.":
            "Saves the current form layout as the reference in mapping.yaml.",
        "Code de sortie 3 s’il reste un défaut bloquant.": "Exit code 3 if a blocking finding is left.",
        "FILE est le dossier des classeurs de choix rendus (export --by) : les réunit, nomme les conflits.":
            "FILE is the folder of returned workbooks of choices (export --by): merges them, names conflicts.",
        "Ce qui classe ; la note de l’objectif par défaut.": "What ranks; the goal's score by default.",
        "Le meilleur est le plus haut ou le plus bas.": "The best is the highest or the lowest.",
        "Des avis au lieu de chiffres, du meilleur au moins bon.": "Opinions instead of figures, best first.",
        "Ne compare qu’à valeur égale de cette colonne ; répétable.":
            "Compares only at the same value of this column; repeatable.",
        "Aussi à ce prix par inversion, dans l’unité de l’objectif.":
            "Also at this price for each inversion, in the unit of the goal.",
        "Le scénario (.yaml), ou un fichier Pabulib (.pb).": "The scenario (.yaml), or a Pabulib file (.pb).",
        "Le dossier d’un calcul (runs/…).": "The folder of a run (runs/…).",
        "Le dossier à créer ; « demo » donne un exemple complet.":
            'The folder to make; "demo" gives a complete example.',
        'Change une valeur, autant de fois qu’il faut : --set programme.amount="90 M€".':
            'Changes a value, as often as needed: --set programme.amount="90 M€".',
        'Le solveur : highs, scipy, pulp:NOM (voir doctor) ; celui du scénario par défaut.':
            "The solver: highs, scipy, pulp:NAME (see doctor); the scenario's by default.",
        "Calcul relâché : donne des prix, pas une décision ; n’écrit pas de dossier.":
            "Relaxed run: gives prices, no decision; writes no folder.",
        'Le fichier à écrire : .html ou .xlsx ; aucun par défaut.':
            'The file to write: .html or .xlsx; none by default.',
        'Le dossier à écrire, avec un dossier par calcul ; « runs » dans le projet par défaut.':
            'The folder to write, with one folder per run; "runs" in the project by default.',
        "Écrit aussi le modèle au format LP.": "Also writes the model in LP format.",
        "La méthode de calcul ; auto par défaut.": "The method of solving; auto by default.",
        "Pour un fichier Pabulib : ce qui est maximisé ; par défaut les points, sinon les votes.":
            "For a Pabulib file: what is maximised; the points by default, else the votes.",
        'La durée du calcul, lecture et écriture non comprises : 300, « 5 min » ; celle du scénario par défaut.':
            'The duration of the run, without reading and writing: 300, "5 min"; the scenario\'s by default.',
        "La durée de chaque scénario, non du lot (Ctrl-C l’arrête ; ce qui est fait reste) : « 5 min ».":
            'How long each scenario may take, not the batch (Ctrl-C ends it; what is done stays): "5 min".',
        "Code de sortie 5 si l’optimalité n’est pas prouvée.": "Exit code 5 if optimality is not proven.",
        "Code de sortie 5 si l’optimalité n’est pas démontrée ici, 7 si c’est le rang parmi les ex æquo.":
            "Exit code 5 if optimality is not shown here, 7 if the rank among equals is not.",
        "Résout à nouveau le scénario si le certificat ne démontre pas l’optimalité.":
            "Solves the scenario again if the certificate does not show the optimum.",
        "Avec --solve : la durée permise, « 5 min » p. ex.":
            'With --solve: how long it may take, "5 min" for example.',
        'Le second solveur, indépendant du premier, qui confirme ; celui du scénario par défaut.':
            "The second solver, independent of the first, that confirms; the scenario's by default.",
        "La langue. Par défaut : TNT_SIM_LANG, sinon celle du scénario, sinon celle du système, sinon fr.":
            "The language. Default: TNT_SIM_LANG, else the scenario's, else the system's, else fr.",
        "Un seul document JSON sur la sortie standard, tout le reste sur l’erreur.":
            "One JSON document on standard output, all else on standard error.",
        "N’affiche rien que les erreurs (et le document de --json).":
            "Shows nothing but errors (and the document of --json).",
        "Seulement le scénario fusionné et l’origine de chaque valeur.":
            "Only the merged scenario and the origin of each value.",
        "Seulement les conditions, les montants et les règles, en phrases.":
            "Only the conditions, amounts and rules, in sentences.",
        "Part d’une table de dossiers : ses colonnes sont devinées, à vérifier.":
            "Starts from a table of dossiers: its columns are guessed, to be checked.",
        "Reprend la feuille « Paramètres » d’un classeur modifié.":
            'Takes the sheet "Parameters" of a workbook that was edited.',
        "Avec --from : la feuille du classeur.": "With --from: the sheet of the workbook.",
        "Avec --from : l’encodage du CSV, utf-8 ou cp1252 (Excel).":
            "With --from: the encoding of the CSV, utf-8 or cp1252 (Excel).",
        "Avec --from : la ligne des en-têtes.": "With --from: the row of the headers.",
        "Un dossier de calcul ; d’autres s’y comparent, ou deviennent les positions du curseur.":
            "A run folder; others are compared with it, or become the positions of the slider.",
        'Le fichier à écrire : .html, .xlsx, .pdf ou .ipynb.': 'The file to write: .html, .xlsx, .pdf or .ipynb.',
        "Un carnet Jupyter qui ouvre le calcul ; à côté de son dossier sans --out.":
            "A Jupyter notebook that opens the run; beside its folder without --out.",
        "Une feuille de style à vous, pour .html et .pdf.": "A style sheet of your own, for .html and .pdf.",
        "Ajoute à la page un curseur sur le montant de cette enveloppe : chaque position est calculée.":
            "Adds to the page a slider over this envelope's amount: each position is computed.",
        "Le plus petit montant du curseur.": "The smallest amount of the slider.",
        "Le plus grand : « 98 M€ », ou en part du montant écrit.":
            'The largest: "98 M€", or as a share of the amount written.',
        "Le nombre de positions.": "The number of positions.",
        "Comment suivent les enveloppes du dessous : free, pro_rata ou l’une d’elles.":
            "How the envelopes below follow: free, pro_rata or one of them.",
        "Dit de chaque dossier pourquoi, et ce qui le ferait retenir (une minute au plus).":
            "Says of each dossier why, and what would fund it (a minute at most).",
        "Le dossier du projet, s’il a été déplacé.": "The folder of the project, if it was moved.",
        "Le calcul à signer ; aucun avec --amend.": "The run to sign; none with --amend.",
        "Le nom sous lequel il est signé : liste-3.": "The name under which it is signed: liste-3.",
        "Des retraits et des baisses, au lieu d’un calcul : colonnes dossier et granted (0 : retrait).":
            "Withdrawals and reductions instead of a run: columns dossier and granted (0: withdrawn).",
        "Le registre ; registre/ dans le projet par défaut.": "The register; registre/ in the project by default.",
        "Une clé privée Ed25519 (OpenSSH ou PEM) : elle signe l’entrée du registre.":
            "A private Ed25519 key (OpenSSH or PEM): it signs the entry of the register.",
        "La clé publique Ed25519 (.pub ou PEM) du signataire : sa signature au registre est vérifiée.":
            "The signer's public Ed25519 key (.pub or PEM): the signature in the register is checked.",
        "Le certificat de l’autorité d’horodatage : les .tsr à côté de la signature sont vérifiés.":
            "The certificate of the time stamp authority: each .tsr beside the signature is checked.",
        "L’enveloppe qui change, ou plusieurs ; le programme par défaut.":
            "The envelope that changes, or several; the programme by default.",
        'Le premier montant : "88 M€", ou "50 %" de l’écrit ; l’écrit par défaut.':
            'The first amount: "88 M€", or "50 %" of the one written, which is the default.',
        "Le dernier montant, écrit de même ; un quart de plus par défaut.":
            "The last amount, written likewise; a quarter more by default.",
        "N pas égaux ; sans lui, des montants ronds.": "N equal steps; round amounts without it.",
        "Un montant, autant de fois qu’il faut : les annonces.": "An amount, as often as needed: those announced.",
        "Tous les paliers de la courbe libre.": "Every step of the free curve.",
        'Resserre la courbe libre entre les montants : "0,5 %" de la valeur, ou des unités du but.':
            'Narrows the free curve between the amounts: "0.5 %" of the value, or units of the goal.',
        "Seulement la courbe qui tient les promesses d’avant.": "Only the curve that keeps earlier promises.",
        "Seulement la courbe libre.": "Only the free curve.",
        "Comment suivent les montants qui en dépendent.": "How the amounts that depend on it follow.",
        'Le dossier à écrire ; par défaut un dossier dans « runs » du projet.':
            'The folder to write; by default a folder in "runs" of the project.',
        'Les totaux à regarder : --to "90 M€,98 M€", ou --to répété ; trois montants ronds par défaut.':
            'The totals to look at: --to "90 M€,98 M€", or --to again; three round amounts by default.',
        "Reprend là où le même balayage s’est arrêté.": "Goes on where the same sweep stopped.",
        "L’enveloppe à examiner, autant de fois qu’il faut ; toutes par défaut.":
            "The envelope to examine, as often as needed; all by default.",
        "La règle à examiner, autant de fois qu’il faut ; toutes par défaut.":
            "The rule to examine, as often as needed; all by default.",
        "L’enveloppe qui change ; le programme par défaut.": "The envelope that varies; the programme by default.",
        "Un dossier à donner au centime près, autant de fois qu’il faut.":
            "An application to give to the cent, as often as needed.",
        "Suit les annonces de --at : chaque liste garde les dossiers de la précédente.":
            "Follow the announcements of --at: each list keeps the applications of the one before.",
        "Ce qui doit être atteint : all, +400, departments, every:COLONNE, MESURE=N, MESURE=+N, rules, rule:ID.":
            "What is to be reached: all, +400, departments, every:COLUMN, MEASURE=N, MEASURE=+N, rules, rule:ID.",
        "L’enveloppe dont le supplément compenserait chaque règle ; le programme par défaut.":
            "The envelope whose increase would make up for each rule; the programme by default.",
        "rule, ring_fence, non_fungible, forced ou refused, autant de fois qu’il faut ; toutes par défaut.":
            "rule, ring_fence, non_fungible, forced or refused, as often as needed; all by default.",
        "L’extension à partager.": "The extra amount to share.",
        "La clé de partage ; les montants écrits par défaut.": "The sharing key; the written amounts by default.",
        "Le dossier du projet, si le calcul ou le projet a été déplacé.":
            "The folder of the project, if the run or the project was moved.",
        "L’empreinte reçue par une autre voie, de la répartition ou du document ; toute autre est refusée.":
            "The hash received by another way, of the allocation or of the document; any other is refused.",
        "Les mesures, séparées par des virgules.": "The measures, separated by commas.",
        'Le poids d’un critère : --range score="30 %:60 %".':
            'The weight of a criterion: --range score="30 %:60 %".',
        "xlsx, csv, parquet, demarche, turgot, scdl, pabulib, publipostage, arrete, chorus.":
            "xlsx, csv, parquet, demarche, turgot, scdl, pabulib, publipostage, arrete, chorus.",
        "Des critères, du plus au moins important.": "Criteria, from the most to the least important.",
    }
)  # fmt: skip

VERBS_ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "Crée un projet : un exemple complet, ou un scénario depuis votre table de dossiers.":
            "Creates a project: a complete example, or a scenario from your table of applications.",
        "Vérifie sans calculer un scénario et ses données.":
            "Checks a scenario and its data without solving.",
        "Montre le scénario fusionné, l’origine de chaque valeur, et chaque règle en une phrase.":
            "Shows the merged scenario, where each value comes from, and each rule as a sentence.",
        "Calcule la répartition : qui est financé, pour combien, et pourquoi.":
            "Computes the allocation: who is funded, for how much, and why.",
        "Compare des transferts entre enveloppes, au même total, avec un total plus grand.":
            "Compares transfers between envelopes, at the same total, with a larger total.",
        "Donne le plus petit supplément utile de chaque enveloppe, et ce que rapporte chaque règle assouplie.":
            "Gives the least useful increase of each envelope, and the gain of each relaxed rule.",
        "Donne le montant de l’enveloppe à partir duquel chaque dossier est retenu.":
            "Gives the amount of the envelope from which each application is funded.",
        "Donne la plus petite enveloppe qui atteint chaque cible.":
            "Gives the smallest envelope that reaches each target.",
        "Donne ce que coûte chaque règle, chaque cloison entre enveloppes et chaque décision.":
            "Gives what each rule, each wall between envelopes and each decision costs.",
        "Compare les façons de partager une extension : au choix du modèle, selon une clé, ou sur un seul axe.":
            "Compares ways to share an extra amount: chosen by the model, by a key, or all on one axis.",
        "Calcule la meilleure répartition à chaque montant d’une enveloppe.":
            "Computes the best allocation at each amount of an envelope.",
        "Vérifie un calcul depuis ses données d’origine : règles, optimalité, rang parmi les ex æquo.":
            "Verifies a run from its raw inputs: rules, optimality, rank among ties.",
        "Explique pourquoi un dossier est retenu ou non, et le plus petit changement qui le ferait retenir.":
            "Explains why an application is funded or not, and the smallest change that would fund it.",
        "Compte les dossiers non retenus mieux classés que des retenus, et ce que coûte de n’en avoir aucun.":
            "Counts applications left out although they rank above funded ones, and the cost of having none.",
        "Liste les dossiers retenus dans tous les calculs, certains ou aucun, et ce qui les fait changer.":
            "Lists the applications funded in all runs, some or none, and what makes them change.",
        "Explique pourquoi aucune répartition n’est possible : règles incompatibles et corrections.":
            "Explains why no allocation is feasible: incompatible rules, and corrections.",
        "Compare une liste faite à la main aux règles et à la meilleure répartition.":
            "Compares a list made by hand with the rules and with the best allocation.",
        "Cherche d’autres répartitions presque aussi bonnes, les plus différentes possible.":
            "Finds other allocations, nearly as good and as different as possible.",
        "Cherche les répartitions qui peuvent être les meilleures quand les poids des critères sont incertains.":
            "Finds the allocations that can be the best when the weights of criteria are uncertain.",
        "Importe un export et signale ce qui y manque ou s’y contredit.":
            "Imports an export and reports what is missing or contradictory in it.",
        "Écrit une décision dans le format d’un autre outil : démarche, Turgot, SCDL, courriers…":
            "Writes a decision in another tool's format: démarche, Turgot, SCDL, letters…",
        "Écrit le rapport (page web ou PDF), le classeur ou le carnet Jupyter d’un calcul.":
            "Writes the report (web page or PDF), the workbook or the Jupyter notebook of a run.",
        "Signe une liste : elle ne change plus, et le scénario suivant en part (committed_from).":
            "Signs a list, which changes no more; the next scenario starts from it (committed_from).",
        "Ouvre la page du planificateur : régler, voir la liste, comparer, enregistrer.":
            "Opens the planner's page: adjust, see the list, compare, save.",
        "Calcule beaucoup de scénarios, et reprend où il s’est arrêté.":
            "Solves many scenarios, and goes on where it stopped.",
        "Affiche le schéma JSON du document qu’un verbe écrit avec --json, ou la liste des schémas.":
            "Shows the JSON Schema of the document that a verb writes with --json, or the list of schemas.",
        "Affiche les versions, les solveurs présents et ce qui fonctionne sur cette machine.":
            "Shows the versions, the solvers found and what works on this machine.",
        "Simule des coûts, notes et abandons incertains : qui est retenu dans la plupart des tirages.":
            "Simulates uncertain costs, scores and withdrawals: which applications are funded in most draws.",
        "Compare des scénarios ou des calculs : entrées, totaux, qui entre, qui sort.":
            "Compares scenarios or runs: inputs, totals, who comes in, who goes out.",
    }
)  # fmt: skip

WORDS_ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "Exemple :": "Example:",
        "Exemples :": "Examples:",
        "Usage : ": "Usage: ",
        "Calcul": "Solving",
        " Par défaut : ": " Default: ",
        "Vérifier": "Check",
        "Publier": "Publish",
        "Comparer": "Compare",
        "Demander": "Ask",
        "Décider": "Decide",
        "Commencer": "Start",
        "Variables d’environnement": "Environment variables",
        "Affichage": "Output",
        "Fichiers": "Files",
        "VERBE … [OPTIONS]": "VERB … [OPTIONS]",
        "ADRESSE": "ADDRESS", "A=BAS:HAUT": "A=LOW:HIGH", "CHEMIN=VALEUR": "PATH=VALUE", "CIBLE…": "TARGET…",
        "CERTIFICAT": "CERTIFICATE", "CLASSEUR": "WORKBOOK", "CLÉ": "KEY", "CLÉ=VALEUR": "KEY=VALUE",
        "COLONNE": "COLUMN", "COLONNE=VALEUR": "COLUMN=VALUE", "COLONNE=CHAMP": "COLUMN=FIELD",
        "DURÉE": "DURATION", "ENVELOPPE": "ENVELOPE",
        "FEUILLE": "SHEET", "FICHIER": "FILE", "ID=POIDS,…": "ID=WEIGHT,…", "MONTANT": "AMOUNT", "NOM": "NAME",
        "PART": "SHARE", "PROJET": "PROJECT", "REGISTRE": "REGISTER", "SIGNE": "SIGN", "SORTE": "KIND",
        "VALEUR": "VALUE",
        "auto|never|NOM": "auto|never|NAME", "[NOM]": "[NAME]",
    }
)  # fmt: skip

PARAGRAPHS_ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "Répartit une enveloppe de subventions entre des dossiers : le meilleur choix,\n"
        "prouvé et expliqué.\n\n"
        "Allocates a grant envelope among dossiers; results in English with --lang en.":
            "Allocates a grant envelope among dossiers: the best choice, proven and explained.",
        "La page s’ouvre dans le navigateur et ne demande rien à Internet. Elle veut\n"
        "l’option « app » : uv sync --extra app.":
            "The page opens in the browser and asks nothing of the Internet. It wants the\n"
            'option "app": uv sync --extra app.',
        "La liste a une colonne « dossier », et si l’on veut « granted » (montant) et\n"
        "« funded » (oui ou non) ; un export de Turgot ou un dossier de calcul convient.":
            'The list has a column "dossier", and if wanted "granted" (amount) and "funded"\n'
            "(oui or non); an export of Turgot or a run folder will do.",
        "Ctrl-C, une panne ou un arrêt ne perdent rien : la même commande reprend.":
            "Ctrl-C, a crash or a stop lose nothing: the same command goes on.",
        "Un fichier de lot croise des valeurs :": "A batch file crosses values:",
        "Des scénarios (calculés au besoin) ou des dossiers de calcul ; le premier est la\n"
        "référence. Chaque mouvement a sa cause : un changement à la fois est essayé.":
            "Scenarios (solved if need be) or run folders; the first is the reference. Each\n"
            "move has its cause: one change at a time is tried.",
        "Code de sortie : 0 une répartition existe, 4 aucune, 5 le temps a manqué.":
            "Exit code: 0 an allocation exists, 4 none does, 5 there was no time to say.",
        "Le scénario dit ce qui n’est pas sûr, sous `uncertain` : coûts, notes, abandons,\n"
        "caducité, éligibilité en suspens, coût final. La même graine redonne tout.":
            "The scenario says what is not certain, under `uncertain`: costs, scores, dropouts,\n"
            "lapses, pending eligibility, final cost. The same seed gives all of it again.",
        "Sans dossier : ce que fait chaque règle et la liste de réserve. Avec --all : la\n"
        "raison de chacun et la note qu’il faudrait à chaque non retenu.":
            "Without a dossier: what each rule does, and the reserve list. With --all: the\n"
            "reason of each, and the score that each one left out would need.",
        "Formats : xlsx (le classeur), csv, parquet, demarche (annotations de la\n"
        "démarche), turgot, scdl (publication), pabulib, publipostage (courriers),\n"
        "arrete (annexe), chorus (engagements).":
            "Formats: xlsx (the workbook), csv, parquet, demarche (annotations of the\n"
            "démarche), turgot, scdl (publication), pabulib, publipostage (letters),\n"
            "arrete (annex), chorus (engagements).",
        "Écrit dossiers.csv (la table propre), quality.csv (chaque constat, sa cellule et\n"
        "son remède) et mapping.yaml (quel champ est quelle colonne : deviné, à relire,\n"
        "puis réutilisé ; ce qui change d’un export à l’autre est dit champ par champ).\n"
        "Une colonne qui identifie une personne n’est reprise que si vous le demandez.":
            "Writes dossiers.csv (the clean table), quality.csv (each finding, its cell and\n"
            "its remedy) and mapping.yaml (which field is which column: guessed, to review,\n"
            "then reused; what changes from one export to the next is told field by field).\n"
            "A column that identifies a person is imported only if you ask for it.",
        "La feuille « Paramètres », modifiée, se reprend :": 'The sheet "Parameters", edited, is taken up again:',
        "Le résultat est écrit dans runs/<id>-<empreinte>/ ; allocation.csv s’ouvre dans\n"
        "un tableur.":
            "The result is written in runs/<id>-<hash>/; allocation.csv opens in a\n"
            "spreadsheet.",
        "La liste signée est copiée dans registre/NOM/ avec ses preuves ; elle ne change\n"
        "plus. Le scénario suivant écrit « committed_from: registre/ ». Un retrait ou une\n"
        "baisse se signe aussi, et libère l’argent.":
            "The signed list is copied into registre/NAME/ with its proofs; it changes no\n"
            'more. The next scenario says "committed_from: registre/". A withdrawal or a\n'
            "reduction is signed as well, and frees the money.",
        "Chaque montant est calculé et prouvé pour lui-même (libre), puis en gardant les\n"
        "promesses des montants d’avant (cumulatif). La page, le classeur, les images et\n"
        "sweep.json sont écrits dans runs/<id>-sweep-<empreinte>/.":
            "Each amount is solved and proven by itself (free), then keeping the promises of\n"
            "the amounts before (nested). The page, the workbook, the pictures and sweep.json\n"
            "are written in runs/<id>-sweep-<hash>/.",
        "Sans --to : trois montants ronds. Les enveloppes cantonnées, les réserves et les\n"
        "règles restent ; un scénario qui fixe des transferts s’y tient.":
            "Without --to: three round amounts. Ring-fenced envelopes, reserves and rules\n"
            "stay; a scenario that states transfers keeps to them.",
        "Le supplément utile est le plus petit qui améliore un objectif d’une unité.":
            "The least useful increase is the smallest one that improves an objective by a unit.",
        "Pour chaque dossier : le montant sans perte pour l’objectif, le premier montant\n"
        "où il est retenu, et celui à partir duquel il le reste.":
            "For each application: the amount without loss for the objective, the first amount\n"
            "that funds it, and the amount from which it stays funded.",
        "Code de sortie : 0 une cible au moins est atteinte, 4 aucune ne peut l’être,\n"
        "5 le temps a manqué.":
            "Exit code: 0 at least one target is reached, 4 none can be, 5 the time was too\n"
            "short.",
        "Le prix d’une règle : ce que l’objectif gagnerait sans elle, et l’argent qui\n"
        "donnerait le même gain.":
            "The price of a rule: what the objective would gain without it, and the money that\n"
            "would give the same gain.",
        "« tnt-sim extend » dit d’abord si un transfert entre enveloppes ne suffit pas.":
            '"tnt-sim extend" first says whether a transfer between envelopes is not enough.',
        "Codes de sortie : 0 fait ; 1 erreur du programme ou vérification refusée ;\n"
        "2 commande mal écrite ; 3 données ou scénario invalides ; 4 aucune répartition\n"
        "possible ; 5 arrêté par une limite sans rien tenir, ou non prouvé sous\n"
        "--require-proof ; 6 un lot dont des scénarios ont échoué ; 7 rang parmi les ex\n"
        "æquo non démontré (verify --require-proof) ; 130 interrompu.":
            "Exit codes: 0 done; 1 an error of the program or a check refused; 2 a command\n"
            "that is not well written; 3 invalid data or scenario; 4 no allocation is\n"
            "possible; 5 stopped by a limit with nothing in hand, or not proven under\n"
            "--require-proof; 6 a batch of which scenarios failed; 7 rank among equals not\n"
            "shown (verify --require-proof); 130 interrupted.",
        "« tnt-sim VERBE --help » explique un verbe ; --debug détaille une panne.":
            '"tnt-sim VERB --help" explains a verb; --debug details a failure.',
    }
)  # fmt: skip

_TRANSLATIONS = {**OPTIONS_ENGLISH, **VERBS_ENGLISH, **WORDS_ENGLISH, **PARAGRAPHS_ENGLISH}


def translate_to_english(text: str) -> str:
    """Translate a help text as a whole, otherwise paragraph by paragraph; commands stay unchanged."""
    if text in _TRANSLATIONS:
        return _TRANSLATIONS[text]
    if text.strip() in _TRANSLATIONS:
        return _TRANSLATIONS[text.strip()]
    return "\n\n".join(map(_translate_paragraph, text.split("\n\n")))


def _translate_paragraph(text: str) -> str:
    lines = text.splitlines()
    n_said = next((k for k, line in enumerate(lines) if line.startswith("  ")), len(lines))
    if not n_said:
        return text
    said = "\n".join(lines[:n_said])
    return "\n".join([_TRANSLATIONS.get(said, said), *lines[n_said:]])
