"""
Correlated features: one of a group, or all of it
=================================================

Spectra of meat, and its fat content: 172 samples, 100 wavelengths. The correlation of
neighbours is 0.96 at least, and above 0.997 for half of them. Which wavelengths does a fit
choose, and would it choose the same ones from other samples? Each model is fitted to fifty
random halves of the samples.
"""

import matplotlib.pyplot as plt
import numpy as np

import riata

spectra = riata.datasets.load_spectra()
train = ~spectra.is_test
X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
X /= X.std(axis=1, keepdims=True)
y = spectra.y

neighbours = [np.corrcoef(X[:, j], X[:, j + 1])[0, 1] for j in range(99)]
print(f"correlation of neighbours: median {np.median(neighbours):.4f}, "
      f"least {min(neighbours):.4f}")

# %%
# For each mixture the strength that predicts best out of sample, on average over the
# halves. Then: how often each wavelength has a coefficient other than zero.

rng = np.random.default_rng(0)
rows = np.flatnonzero(train)
halves = [rng.permutation(rows)[: len(rows) // 2] for _ in range(50)]


def fit_halves(l1_ratio, alphas):
    """Mean squared error on the other halves, and which columns are selected."""
    errors, selected = [], []
    for half in halves:
        rest = np.setdiff1d(rows, half)
        path = riata.fit_path(
            X[half], y[half], l1_ratio=l1_ratio, alphas=alphas, standardize=True
        )
        errors.append(((path.predict(X[rest]) - y[rest, None]) ** 2).mean(axis=0))
        selected.append(path.coefs != 0)
    return np.mean(errors, axis=0), np.array(selected)


def agreement(selected):
    """Of two halves: share of columns that both select among those that one does."""
    both = selected.astype(float) @ selected.T
    sizes = selected.sum(axis=1)
    share = both / (sizes[:, None] + sizes - both)
    return share[np.triu_indices(len(selected), 1)].mean()


frequency = {}
print("l1_ratio   error  selected  agreement of two halves")
for l1_ratio in (1.0, 0.5, 0.1, 0.0):
    top = 10.0 if l1_ratio else 1.0
    error, selected = fit_halves(l1_ratio, np.geomspace(top, top * 1e-5, 40))
    best = int(error.argmin())
    chosen = selected[:, :, best]
    frequency[l1_ratio] = chosen.mean(axis=0)
    print(
        f"{l1_ratio:8.1f} {error[best]:7.2f} {chosen.sum(axis=1).mean():9.1f} "
        f"{agreement(chosen):12.2f}"
    )

# %%
# The errors are close to one another. What differs is the choice. Among columns that are
# almost the same, the lasso takes one or two, and small changes of the data decide which:
# two halves agree on few of them. Elastic net takes neighbours together, the more so the
# more L2 there is in it (the grouping effect: coefficients of two columns differ by the
# less, the closer their correlation is to one). Ridge always uses all of them.

fig, axes = plt.subplots(
    len(frequency), 1, sharex=True, sharey=True, figsize=(8, 6.5), layout="constrained"
)
for ax, (l1_ratio, share) in zip(axes, frequency.items(), strict=True):
    ax.bar(spectra.wavelengths, share, width=2.0, color="#0072B2")
    ax.set_title(f"l1_ratio = {l1_ratio}", loc="left", fontsize=10)
    ax.set_ylim(0, 1)
axes[-1].set_xlabel("wavelength in nm")
fig.supylabel("share of halves that select it")
plt.show()

# %%
# The limiting case: a column twice
# ---------------------------------
#
# L2 gives both copies the same coefficient. L1 alone cannot tell them apart: any split of
# the coefficient has the same objective, so that none is "the" solution.

doubled = np.column_stack([X, X[:, 40]])
for l1_ratio in (1.0, 0.5, 0.0):
    path = riata.fit_path(doubled, y, l1_ratio=l1_ratio, alphas=[0.01])
    first, second = path.coefs[[40, 100], 0]
    print(f"l1_ratio={l1_ratio}: {first:8.3f} and {second:8.3f}")
