"""
Rules for the strength, side by side
====================================

One cross-validation, several rules. `riata.cv_path` fits a path on all data and one for
each fold; every rule chooses among the models that are fitted already.

442 patients; ten measurements, their squares and products: 65 features. A third of the
patients is kept aside to see what the rules are worth.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import PolynomialFeatures

import riata

X, y = load_diabetes(return_X_y=True)
X = PolynomialFeatures(2, include_bias=False).fit_transform(X / X.std(axis=0))
X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)

result = riata.cv_path(X, y, cv=10, standardize=True, alpha_min_ratio=0.01)

choices = {rule: result.select(rule) for rule in ("min", "1se", "aic", "bic", "ebic")}
print("rule   alpha  features  squared error on the patients kept aside")
for rule, choice in choices.items():
    error = np.mean((X_test @ choice.coef + choice.intercept - y_test) ** 2)
    n_features = np.count_nonzero(choice.coef)
    print(f"{rule:5} {choice.alpha:6.2f} {n_features:9d} {error:7.0f}")

# %%
# The mean score of the folds, with its standard error. The minimum is flat. One standard
# error is wide on so few patients, so that ``1se`` leaves out much; it is a rule for
# models that are read.

alphas = result.alphas[0]
mean, error = -result.mean_score()[0], result.standard_error()[0]
fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax.fill_between(alphas, mean - error, mean + error, color="#d0e4f2")
ax.plot(alphas, mean, color="#0072B2")
for height, (rule, choice) in enumerate(choices.items()):
    ax.axvline(choice.alpha, color="#808080", lw=0.8, ls="--")
    ax.text(choice.alpha, 6000 - 250 * height, f" {rule}", fontsize=9)
ax.set(xscale="log", xlabel="alpha", ylabel="squared error, 10 folds")
ax.invert_xaxis()
plt.show()

# %%
# How often each feature is selected in the folds by the one-standard-error rule: those at
# the bottom of the list are not to be relied on.

frequency = result.selection_frequency("1se")
for share in sorted(set(frequency[frequency > 0]), reverse=True):
    print(f"in {share:4.0%} of the folds: {np.sum(frequency == share)} features")
