"""
A penalty of your own: log-sum
==============================

A penalty is one class with four methods in NumPy. The log-sum penalty
``log(1 + |w| / eps)`` selects features as the lasso does, but hardly shrinks large
coefficients (Candès, Wakin and Boyd 2008). It is not convex: its fits are stationary
points, which riata certifies by their KKT violation.
"""

import matplotlib.pyplot as plt
import numpy as np

import riata
from riata.penalties import Penalty


class LogSum(Penalty):
    """``log(1 + |w| / eps)``."""

    convex = False

    def __init__(self, eps=1.0):
        self.eps = eps

    def value(self, w, alpha):
        return alpha * np.log1p(np.abs(w) / self.eps)

    def prox(self, u, curvature, alpha):
        # where the derivative is zero for w > 0: the larger root of a quadratic equation
        size = np.abs(u) / curvature
        root = (size + self.eps) ** 2 - 4.0 * alpha / curvature
        w = 0.5 * (size - self.eps + np.sqrt(np.maximum(root, 0.0)))
        w = np.where(root > 0.0, np.maximum(w, 0.0), 0.0)
        gain = 0.5 * curvature * w**2 - np.abs(u) * w + self.value(w, alpha)
        return np.where(gain < 0.0, np.sign(u) * w, 0.0)

    def dual_norm(self, c):
        return np.abs(c) * self.eps

    def violation(self, c, w, alpha):
        slope = alpha / (self.eps + np.abs(w))
        at_zero = np.maximum(np.abs(c) - slope, 0.0)
        return np.where(w == 0.0, at_zero, np.abs(c - slope * np.sign(w)))


# %%
# Before the first fit, a new penalty deserves a check: `prox` against a search for the
# minimum.

rng = np.random.default_rng(0)
penalty, grid = LogSum(0.5), np.linspace(-10.0, 10.0, 200_001)
for u in rng.normal(0.0, 3.0, 5):
    values = 0.5 * grid**2 - u * grid + penalty.value(grid, 0.4)
    assert abs(grid[values.argmin()] - penalty.prox(u, 1.0, 0.4)) < 1e-3

# %%
# Five of two hundred features matter. Both paths are fitted on the same data; each with its
# own grid.

X = rng.standard_normal((120, 200))
truth = np.zeros(200)
truth[:5] = [3.0, -2.0, 1.5, -1.0, 1.0]
y = X @ truth + rng.standard_normal(120)

lasso = riata.fit_path(X, y, alphas=40, alpha_min_ratio=0.03)
own = riata.fit_path(X, y, penalty=LogSum(0.5), alphas=40, alpha_min_ratio=0.03)
print(f"largest KKT violation: {own.kkt.max():.0e}")

# %%
# Where both select five features, the lasso has shrunk the large coefficients; the log-sum
# penalty leaves them nearly as large as least squares would.

for name, path in (("lasso", lasso), ("log-sum", own)):
    k = int(np.flatnonzero(path.n_active <= 5)[-1])
    coef = path.coef[:, [k]].toarray()[:5, 0]
    print(f"{name:8} {path.n_active[k]} selected, the first five: {coef.round(2)}")

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, path, title in zip(axes, (lasso, own), ("lasso", "log-sum"), strict=True):
    coefs = path.coef.toarray().T
    ax.semilogx(path.alphas, coefs[:, 5:], color="#b8b8b8", lw=0.6)
    ax.semilogx(path.alphas, coefs[:, :5], lw=1.5)
    ax.set_prop_cycle(None)
    for value in truth[:5]:
        ax.axhline(value, lw=0.6, ls=":", color="#444444")
    ax.invert_xaxis()
    ax.set(title=title, xlabel="alpha")
axes[0].set_ylabel("coefficient")
plt.show()
