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
# # FranceConnect : des objectifs, et ce qu’ils coûtent
#
# Mars 2022 : tous les départements, la moitié des intercommunalités et des communes de plus de 3 500 habitants, une
# petite commune sur dix. Quel budget cela suppose-t-il ? Et jusqu’où iraient 10 M€ ?
#
# *Les objectifs et les forfaits sont publiés. Le point de départ est SYNTHÉTIQUE : on sait combien de collectivités
# étaient équipées, non lesquelles.* 35 320 collectivités sont candidates, toutes celles de la carte : la réponse
# demande quelques secondes.

# %% tags=["parameters"]
scenario_file = "../scenarios/franceconnect.yaml"
limited_file = "../scenarios/franceconnect-10m.yaml"

# %%
import altair

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## Le budget
#
# L’argent n’est pas une limite ici, mais la question : le moins qui atteint les trois objectifs.

# %%
result = scenario.solve(cross_check="never")
result

# %% [markdown]
# 22,46 M€, soit 4 492 collectivités à 5 000 € : ce que donne aussi le calcul à la main. Avec les 1 000 déjà équipées,
# cela fait 5 492, ce qui s’accorde avec les « plus de 5 000 » du communiqué.

# %%
document = result.summary()
assert document["proof"] == "PROVED"
assert document["n_funded"] == 66 + 1_327 + 3_099 == 4_492
assert document["granted_cents"] == 4_492 * 500_000
assert document["n_funded"] + 1_000 > 5_000

# %%
tnt.table(result.to_dataframe(table="rules").select("id", "value", "min", "holds", "binds"))

# %% [markdown]
# ## Le prix de chaque objectif
#
# Sans lui, les deux autres restant exigés, combien de moins ? Les départements coûtent peu, les petites communes les
# deux tiers du tout : 10 % d’entre elles, c’est beaucoup de monde. (Pour aller vite, ces trois calculs sont faits sans
# certificat : `prove=True` les prouve.)

# %%
priced = tnt.prices(scenario, kinds=["rule"], prove=False)
priced.plot()

# %%
euros = {row["id"]: int(row["value"]) for row in priced.summary()["prices"]}
assert euros["departements"] < euros["grandes"] < euros["petites"]
assert euros["petites"] > 0.6 * document["granted_cents"] / 100
assert sum(euros.values()) == document["granted_cents"] // 100

# %% [markdown]
# La somme des trois prix est le budget entier : ici, aucun équipement ne sert deux objectifs à la fois.
#
# ## Jusqu'où iraient 10 M€ ?
#
# Les objectifs ne sont plus exigés mais approchés, dans cet ordre : les départements, puis les grandes collectivités,
# puis les petites communes. Pour aller vite, on s’arrête là ; le scénario, lui, départage ensuite par habitants.

# %%
limited = tnt.Scenario.from_yaml(limited_file)
quick = limited.with_(
    {"objective": [{"minimise": {f"shortfall.{rule.id}": 1}} for rule in limited.spec.rules]}
)
reached = quick.solve(cross_check="never")
reached

# %%
coverage = reached.to_dataframe(table="rules").select("id", "value", "min", "num", "den", "holds")
tnt.table(coverage, heads={"num": "Équipées", "den": "En tout"})

# %% [markdown]
# Deux mille forfaits : les deux premiers objectifs sont tenus, le troisième ne l’est pas. Il reste de quoi équiper 607
# petites communes sur les 3 099 qu’il faudrait.

# %%
held = dict(coverage.select("id", "holds").iter_rows())
assert held == {"departements": True, "grandes": True, "petites": False}
assert reached.summary()["n_funded"] == 2_000
assert 2_000 - 66 - 1_327 == 607
assert dict(coverage.select("id", "num").iter_rows())["petites"] == 81 + 607
