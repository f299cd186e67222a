# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Pourquoi ?
#
# Trois questions d’un porteur, d’un préfet, d’un cabinet : pourquoi mon dossier n’est-il pas retenu, et que lui
# manque-t-il ? Pourquoi ces règles ne tiennent-elles pas ensemble ? Que vaut la liste que j’ai faite à la main ?
#
# Pour que chaque question se pose dossier par dossier, une seule région : 125 projets.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"

# %%
import tempfile
from pathlib import Path

import polars as pl

import tnt_sim as tnt

scenario = tnt.Scenario.from_yaml(scenario_file)
result = scenario.solve()
result

# %% [markdown]
# ## Pourquoi mon dossier n’est-il pas retenu ?
#
# Les refusés les mieux notés, et le motif de chacun. Une bonne note ne suffit pas : ce qui compte est ce qu’elle
# apporte *par euro*.

# %%
dossiers = result.to_dataframe()
refused = dossiers.filter(~pl.col("funded")).sort("score", descending=True)
assert set(refused["reason_code"]) <= {"outranked", "none_fits", "crowded_out"}
assert refused["score"].max() > dossiers.filter(pl.col("reason_code") == "merit")["score"].min()
tnt.table(refused.select("dossier", "department", "score", "requested_cents", "reason"), most=6)

# %% [markdown]
# ## … et que lui manque-t-il ?
#
# Le plus petit changement qui le ferait entrer : de note, de demande, d’enveloppe, de règle. Chaque chiffre est
# exact : un pas de moins ne suffit pas, et la décision reprise avec ce changement le confirme.

# %%
first, second = refused["dossier"].to_list()[:2]
why = result.explain(first, second)
why

# %%
for entry in why.document["dossiers"]:
    assert not entry["funded"]
    kinds = {change["kind"] for change in entry["changes"]}
    assert {"score", "grant", "envelope"} <= kinds

# %% [markdown]
# ## Un mieux noté refusé, un moins bien noté financé : combien de fois, et à quel prix l’éviter ?
#
# Ces inversions choquent, et s’expliquent par les montants demandés. N’en avoir aucune a un prix, que voici.

# %%
inversions = result.inversions()
(price,) = inversions["prices"]
assert inversions["n_pairs"] > 0
assert price["n_pairs"] == 0
assert float(price["loses"][0]) > 0
tnt.table(
    pl.DataFrame(
        {
            "Couples inversés": [inversions["n_pairs"]],
            "N'en avoir aucun coûte (notes)": [float(price["loses"][0])],
            "Sortiraient": [len(price["leaves"])],
            "Entreraient": [len(price["enters"])],
        }
    )
)

# %% [markdown]
# ## Pourquoi ces règles ne tiennent-elles pas ensemble ?
#
# Ajoutons « dix projets au moins dans chaque département ». Plus rien ne tient. La plus petite contradiction est
# prouvée, et chacun de ses membres y est nécessaire ; les réparations sont classées par ce qu’elles changent.

# %%
impossible = scenario.with_({"rules.partout.off": False})
conflict = tnt.conflict(impossible)
conflict

# %%
assert conflict.status == "infeasible"
(clash,) = conflict.sets
assert clash.proof == "PROVED"
assert clash.minimal
assert {member["id"] for member in conflict.document["sets"][0]["members"]} >= {
    "partout",
    "plafond-departement",
}
assert all(repair["verified"] for repair in conflict.document["repairs"])

# %% [markdown]
# ## Que vaut une liste faite à la main ?
#
# L’usage : tout ce qui est promis, puis les meilleures notes dans l’ordre, tant qu’il reste de l’argent. La voici,
# telle qu’un tableur la donnerait.

# %%
by_hand = (
    dossiers.filter(pl.col("eligible"))
    .with_columns(pl.coalesce("committed_cents", "requested_cents").alias("asked_cents"))
    .sort(pl.col("committed_cents").is_not_null(), "score", descending=True)
    .filter(pl.col("asked_cents").cum_sum() <= result.summary()["amount_cents"])
)
selection = Path(tempfile.mkdtemp()) / "ma-liste.csv"
by_hand.select("dossier").write_csv(selection)
tnt.table(by_hand.select("dossier", "score", "asked_cents"), most=4, heads={"asked_cents": "Montant"})

# %% [markdown]
# L’audit la relit contre toutes les règles et contre l’optimum. Elle dépasse le plafond dans deux départements : ce
# n’est pas encore une décision. Et même ainsi elle obtient moins de notes que la meilleure liste permise.

# %%
audit = tnt.audit(scenario, selection)
audit

# %%
(goal,) = audit.document["objective"]
assert not audit.document["selection"]["allowed"]
assert len(audit.broken) == 2
assert float(goal["loss"]) > 0
changes = [swap["n_changed"] for swap in audit.document["swaps"]]
assert changes == sorted(changes)
assert changes[0] == 2
assert audit.document["swaps"][-2]["recover"] == "0.9"
assert changes[-2] <= 15

# %% [markdown]
# Deux changements suffisent à la rendre permise ; quinze au plus regagnent neuf dixièmes de l’écart. C’est une base de
# discussion : on garde la liste du cabinet, et on sait ce que chaque écart coûte.
