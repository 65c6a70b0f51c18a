"""
=============================================================
Relaxed and adaptive lasso: fewer features for the same error
=============================================================

The lasso shrinks what it selects, and at the strength that predicts best it selects too
much. Two remedies are compared with it on measurements of diabetes patients to which
noise columns have been added.
"""

# %%
# Ten measurements (age, blood pressure, ...) tell how the disease goes on after a year.
# Fifty columns of noise tell nothing.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold

import riata

X, y = load_diabetes(return_X_y=True, scaled=False)
rng = np.random.default_rng(0)
X = np.column_stack([X, rng.standard_normal((len(y), 50))])
cv = KFold(10, shuffle=True, random_state=0)

# %%
# All three choose their strength by cross-validation; the relaxed lasso chooses the blend
# of lasso and least squares with it, the adaptive lasso weighs the penalty by a ridge
# regression of its own in each fold.

models = {
    "lasso": riata.RelaxedLassoCV([1.0], cv=cv, standardize=True),
    "relaxed": riata.RelaxedLassoCV(cv=cv, standardize=True),
    "adaptive": riata.AdaptiveLassoCV(cv=cv, standardize=True),
}
print("model      mean squared error  measurements  noise columns")
for name, model in models.items():
    model.fit(X, y)
    scores = model.score_path_.mean(axis=-1)
    selected = model.coef_ != 0
    print(
        f"{name:9s}  {-scores.max():18.0f}  {selected[:10].sum():12d}  "
        f"{selected[10:].sum():13d}"
    )

# %%
# The error along the path, for the lasso (gamma = 1), the refits (gamma = 0) and blends of
# both. The refits are best with fewer features, further to the left.

relaxed = models["relaxed"]
fig, ax = plt.subplots()
for gamma, scores in zip(relaxed.gammas_, relaxed.score_path_, strict=True):
    ax.plot(relaxed.alphas_, -scores.mean(axis=1), label=f"gamma = {gamma:g}")
ax.axvline(relaxed.alpha_, color="grey", linestyle=":")
ax.set(xscale="log", xlabel="alpha", ylabel="mean squared error", ylim=(2800, 4200))
ax.invert_xaxis()
ax.legend()
plt.show()
