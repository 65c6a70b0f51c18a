"""
The bias of the lasso, and the relaxed remedy
=============================================

The L1 penalty does two things at once: it selects, and it makes what it has selected
smaller. A strength that leaves out enough makes the rest too small. The remedy is to do one
after the other: select with the lasso, then fit the selected features again with a weaker
penalty or none (the relaxed lasso).

442 patients; ten measurements, their squares and products: 65 features.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from sklearn.preprocessing import PolynomialFeatures

import riata

X, y = load_diabetes(return_X_y=True)
X = PolynomialFeatures(2, include_bias=False).fit_transform(X / X.std(axis=0))
alphas = riata.fit_path(X, y, alphas=40, alpha_min_ratio=0.02, standardize=True).alphas


def relax(X, y, path):
    """Least squares on the features of each strength, as coefficients and intercepts."""
    coefs, intercepts = np.zeros((2, X.shape[1], len(path))), np.zeros((2, len(path)))
    coefs[0], intercepts[0] = path.coefs, path.intercept
    for k in range(len(path)):
        left_out = np.where(path.coefs[:, k] == 0, np.inf, 0.0)
        again = riata.fit_path(X, y, alphas=[0.0], penalty_factor=left_out)
        coefs[1, :, k], intercepts[1, k] = again.coefs[:, 0], again.intercept[0]
    return coefs, intercepts


# %%
# Ten-fold cross-validation of both. The slope is that of a regression of the held-out
# targets on the predictions: above 1, the predictions are too close to their mean.

predicted = np.zeros((2, len(y), len(alphas)))
for fit_on, held_out in KFold(10, shuffle=True, random_state=0).split(X):
    path = riata.fit_path(X[fit_on], y[fit_on], alphas=alphas, standardize=True)
    coefs, intercepts = relax(X[fit_on], y[fit_on], path)
    for which in (0, 1):
        predicted[which, held_out] = X[held_out] @ coefs[which] + intercepts[which]

errors = ((predicted - y[:, None]) ** 2).mean(axis=1)
path = riata.fit_path(X, y, alphas=alphas, standardize=True)
for name, error, fitted in zip(("lasso", "relaxed"), errors, predicted, strict=True):
    k = int(error.argmin())
    slope = np.polyfit(fitted[:, k], y, 1)[0]
    print(f"{name:8} {path.n_active[k]:2d} features, squared error {error[k]:.0f}, "
          f"slope {slope:.2f}")

# %%
# The refitted model does with fewer features: freed from shrinkage, the strength can be
# chosen for selection alone. The errors at the two minima hardly differ, given that folds
# vary far more than that. With much noise or many weak effects shrinkage is worth its bias,
# and the lasso itself predicts better; towards the weak end the refitted model is the one
# that overfits.

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax.plot(path.n_active, errors[0], "o-", color="#0072B2", ms=4, label="lasso")
ax.plot(path.n_active, errors[1], "s-", color="#D55E00", ms=4, label="refitted")
ax.set(xlabel="features selected on all data at the same strength",
       ylabel="squared error, 10-fold", ylim=(errors.min() * 0.98, errors[0, 0]))
ax.legend()
plt.show()
