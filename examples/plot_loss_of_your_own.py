"""
A loss of your own: expectiles
==============================

A loss is one class with three methods in NumPy. This one is the squared loss with unequal
weights for errors above and below: its minimiser is not the mean but an *expectile*, as
quantile regression has a quantile. With it a linear model tells not only the middle of
what is to be expected but also its upper and lower parts.

Everything that riata does works with it: paths, L1 and L2, weights, offsets, bounds,
sparse X, and certificates, since the loss is convex and never negative.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import riata
from riata.losses import Loss


class Expectile(Loss):
    """Squared loss, times 2 `level` for errors above and 2 (1 - `level`) below."""

    name = "expectile"

    def __init__(self, level=0.5):
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}.")
        self.level = level

    def curvature(self, y, eta):
        return 2.0 * np.where(y > eta, self.level, 1.0 - self.level)

    def residual(self, y, eta):
        return self.curvature(y, eta) * (y - eta)

    def value(self, y, eta):
        return 0.5 * self.curvature(y, eta) * (y - eta) ** 2

    # The rest is optional. The same loss serves for y in any unit:
    def in_units(self, unit):
        return self

    # The least value of value(y, eta) + theta eta over eta, for sharper gaps:
    def dual(self, y, theta):
        return y * theta - 0.5 * theta**2 / self.curvature(theta, 0.0)


# %%
# Before the first fit, a new loss deserves a check: that the residual is minus the
# derivative, and that the dual is what it says.

rng = np.random.default_rng(0)
y, eta, step = rng.normal(size=20), rng.normal(size=20), 1e-6
loss = Expectile(0.9)
slope = (loss.value(y, eta + step) - loss.value(y, eta - step)) / (2 * step)
print("derivative agrees:", np.allclose(-slope, loss.residual(y, eta), atol=1e-8))
theta = loss.residual(y, eta)
print("dual agrees:", np.allclose(loss.dual(y, theta), loss.value(y, eta) + theta * eta))

# %%
# 442 patients, ten measurements; the progression of diabetes after a year. The level 0.5 is
# the usual squared loss.

X, y = load_diabetes(return_X_y=True)
X = X / X.std(axis=0)

paths = {
    level: riata.fit_path(X, y, loss=Expectile(level), alphas=30)
    for level in (0.1, 0.5, 0.9)
}
squared = riata.fit_path(X, y, alphas=paths[0.5].alphas)
print("level 0.5 is the squared loss:",
      np.allclose(paths[0.5].coefs, squared.coefs, atol=0.01))
for level, path in paths.items():
    print(f"level {level}: largest relative gap {path.relative_gap.max():.0e}")

# %%
# The estimators take the loss as well, and with them cross-validation.

models = {
    level: riata.GeneralizedLinearRegressorCV(loss=Expectile(level), l1_ratio=1.0).fit(X, y)
    for level in paths
}
order = np.argsort(models[0.5].predict(X))
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.plot(y[order], ".", color="#b8b8b8", label="observed")
for (level, model), colour in zip(
    models.items(), ("#0072B2", "#000000", "#D55E00"), strict=True
):
    ax.plot(model.predict(X)[order], color=colour, lw=0.8, label=f"expectile {level}")
ax.set(xlabel="patients, by predicted mean", ylabel="progression")
ax.legend()
plt.show()
