"""Usage and examples below the help of each command; a test runs them as written.

They use the folder that `tnt-sim new demo` creates, and run inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "new": """\
Exemples :
  tnt-sim new demo
  tnt-sim new ma-programmation --from dossiers.xlsx""",
        "validate": """\
Exemple :
  tnt-sim validate scenario.yaml""",
        "show": """\
Exemples :
  tnt-sim show scenario.yaml --model
  tnt-sim show variante.yaml --resolved --set programme.amount="1.3 M€\"""",
        "run": """\
Le résultat est écrit dans runs/<id>-<empreinte>/ ; allocation.csv s’ouvre dans
un tableur.

Exemples :
  tnt-sim run scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="1.3 M€" \\
    --set rules.part-communes.off=true
  tnt-sim run scenario.yaml --json --require-proof > resultat.json""",
        "sweep": """\
Chaque montant est calculé et prouvé pour lui-même (libre), puis en gardant les
promesses des montants d’avant (cumulatif). La page, le classeur, les images et
sweep.json sont écrits dans runs/<id>-sweep-<empreinte>/.

Exemples :
  tnt-sim sweep scenario.yaml
  tnt-sim sweep scenario.yaml --from "1.2 M€" --to "1.5 M€" --steps 3
  tnt-sim sweep scenario.yaml --envelope numerique --to "700 k€" --exact
  tnt-sim sweep scenario.yaml --nested --at "1.2 M€" --at "1.3 M€" --at "1.5 M€"
  tnt-sim sweep scenario.yaml --from "80 %" --to "120 %" --share pro_rata""",
        "marginal-euro": """\
Le supplément utile est le plus petit qui améliore un objectif d’une unité.

Exemples :
  tnt-sim marginal-euro scenario.yaml
  tnt-sim marginal-euro scenario.yaml --envelope numerique --rule part-communes""",
        "entry-thresholds": """\
Pour chaque dossier : le montant sans perte pour l’objectif, le premier montant
où il est retenu, et celui à partir duquel il le reste.

Exemples :
  tnt-sim entry-thresholds scenario.yaml
  tnt-sim entry-thresholds scenario.yaml --to "1.4 M€" --dossier E-24""",
        "target": """\
Code de sortie : 0 une cible au moins est atteinte, 4 aucune ne peut l’être,
5 le temps a manqué.

Exemples :
  tnt-sim target scenario.yaml departments
  tnt-sim target scenario.yaml all +20 rule:part-communes""",
        "rule-prices": """\
Le prix d’une règle : ce que l’objectif gagnerait sans elle, et l’argent qui
donnerait le même gain.

Exemples :
  tnt-sim rule-prices scenario.yaml
  tnt-sim rule-prices scenario.yaml --kind rule --out prix.html""",
        "extension-shares": """\
« tnt-sim extend » dit d’abord si un transfert entre enveloppes ne suffit pas.

Exemples :
  tnt-sim extension-shares scenario.yaml "200 k€"
  tnt-sim extension-shares scenario.yaml "200 k€" --key numerique=3,mobilites=2""",
        "extend": """\
Sans --to : trois montants ronds. Les enveloppes cantonnées, les réserves et les
règles restent ; un scénario qui fixe des transferts s’y tient.

Exemples :
  tnt-sim extend scenario.yaml
  tnt-sim extend scenario.yaml --to "1.3 M€,1.5 M€" --time-limit 60""",
        "verify": """\
Exemples :
  tnt-sim verify runs/exemple-1a2b3c4d
  tnt-sim verify registre/liste-1 --public-key cle.pub""",
        "explain": """\
Sans dossier : ce que fait chaque règle et la liste de réserve. Avec --all : la
raison de chacun et la note qu’il faudrait à chaque non retenu.

Exemples :
  tnt-sim explain runs/exemple-1a2b3c4d E-03 E-24
  tnt-sim explain runs/exemple-1a2b3c4d --all --json > explications.json""",
        "inversions": """\
Exemples :
  tnt-sim inversions runs/exemple-1a2b3c4d
  tnt-sim inversions runs/exemple-1a2b3c4d --by department --penalty 1
  tnt-sim inversions runs/exemple-1a2b3c4d --rank applicant_type \\
    --opinions "commune,epci,syndicat,mutualisation,departement,metropole\"""",
        "core": """\
Exemple :
  tnt-sim core runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b""",
        "conflict": """\
Code de sortie : 0 une répartition existe, 4 aucune, 5 le temps a manqué.

Exemples :
  tnt-sim conflict scenario.yaml
  tnt-sim conflict scenario.yaml --set rules.part-communes.min="95 %" --json""",
        "audit": """\
La liste a une colonne « dossier », et si l’on veut « granted » (montant) et
« funded » (oui ou non) ; un export de Turgot ou un dossier de calcul convient.

Exemples :
  tnt-sim audit scenario.yaml --selection ma-liste.xlsx
  tnt-sim audit scenario.yaml --selection runs/exemple-1a2b3c4d --json""",
        "alternatives": """\
Exemples :
  tnt-sim alternatives scenario.yaml --count 3
  tnt-sim alternatives scenario.yaml --within "0,5 %" --count 2 --by money""",
        "weights": """\
Exemple :
  tnt-sim weights scenario.yaml --criteria score,population \\
    --order score,population""",
        "export": """\
Formats : xlsx (le classeur), csv, parquet, demarche (annotations de la
démarche), turgot, scdl (publication), pabulib, publipostage (courriers),
arrete (annexe), chorus (engagements).

Exemples :
  tnt-sim export runs/exemple-1a2b3c4d --format demarche
  tnt-sim export runs/exemple-1a2b3c4d --format csv --csv-style intl
  tnt-sim export runs/exemple-1a2b3c4d --by department""",
        "report": """\
Exemples :
  tnt-sim report runs/exemple-1a2b3c4d --out rapport.html
  tnt-sim report runs/exemple-1a2b3c4d --out curseur.html \\
    --slider programme --from "80 %" --to "1.5 M€" --steps 4
  tnt-sim report runs/exemple-1a2b3c4d --out note.xlsx
  tnt-sim report runs/exemple-1a2b3c4d --notebook
  tnt-sim report runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b --out deux.xlsx

La feuille « Paramètres », modifiée, se reprend :
  tnt-sim run scenario.yaml --from-xlsx parametres.xlsx""",
        "sign": """\
La liste signée est copiée dans registre/NOM/ avec ses preuves ; elle ne change
plus. Le scénario suivant écrit « committed_from: registre/ ». Un retrait ou une
baisse se signe aussi, et libère l’argent.

Exemples :
  tnt-sim sign runs/exemple-1a2b3c4d --as liste-1
  tnt-sim sign runs/exemple-1a2b3c4d --as liste-2 --signing-key cle
  tnt-sim sign --amend retraits.csv --as avenant-1""",
        "import": """\
Écrit dossiers.csv (la table propre), quality.csv (chaque constat, sa cellule et
son remède) et mapping.yaml (quel champ est quelle colonne : deviné, à relire,
puis réutilisé ; ce qui change d’un export à l’autre est dit champ par champ).
Une colonne qui identifie une personne n’est reprise que si vous le demandez.

Exemples :
  tnt-sim import dossiers_detr_2026-01-15_10-02.xlsx
  tnt-sim import export.json --format demarche --out import-detr
  tnt-sim import liste.csv --encoding cp1252 --control-requested "70 k€"
  tnt-sim import quartier.pb
  tnt-sim import classeurs-rendus --consolidate --out choix""",
        "compare": """\
Des scénarios (calculés au besoin) ou des dossiers de calcul ; le premier est la
référence. Chaque mouvement a sa cause : un changement à la fois est essayé.

Exemples :
  tnt-sim compare scenario.yaml variante.yaml
  tnt-sim compare runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b --out deux.html
  tnt-sim compare a.yaml b.yaml c.yaml --json --no-causes > ecarts.json""",
        "ensemble": """\
Le scénario dit ce qui n’est pas sûr, sous `uncertain` : coûts, notes, abandons,
caducité, éligibilité en suspens, coût final. La même graine redonne tout.

Exemples :
  tnt-sim ensemble incertain.yaml --draws 1000 --seed 1
  tnt-sim ensemble incertain.yaml --draws 500 --sensitivity 100 --out risques.html
  tnt-sim ensemble --fit soldes.csv --by applicant_type""",
        "batch": """\
Un fichier de lot croise des valeurs :

  base: scenario.yaml
  matrix:
    programme.amount: [1.2 M€, 1.3 M€]
    rules.part-communes.min: [40 %, 50 %]
  name: "{programme.amount}, {rules.part-communes.min}"

Ctrl-C, une panne ou un arrêt ne perdent rien : la même commande reprend.

Exemples :
  tnt-sim batch lot.yaml --out lots/enveloppes
  tnt-sim batch a.yaml b.yaml --out lots/deux --executor serial
  tnt-sim batch lot.yaml --out lots/x --executor dask --scheduler tls://hote:8786""",
        "app": """\
La page s’ouvre dans le navigateur et ne demande rien à Internet. Elle veut
l’option « app » : uv sync --extra app.

Exemples :
  tnt-sim app scenario.yaml
  tnt-sim app scenario.yaml --lang en --port 8900 --no-browser""",
        "schema": """\
Exemples :
  tnt-sim schema
  tnt-sim schema rule-prices > rule-prices.json""",
        "doctor": """\
Exemple :
  tnt-sim doctor""",
    }
)
