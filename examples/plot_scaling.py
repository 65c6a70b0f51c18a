"""
Scaling matters
===============

A penalty compares coefficients with one another, and coefficients have units. A blood
pressure in kilopascals has a 7.5 times larger coefficient than the same one in millimetres
of mercury, and is penalised 7.5 times as much. What is selected then depends on the units.

442 patients, ten measurements in the units in which they were taken.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import riata

data = load_diabetes(scaled=False)
X, y, names = data.data, data.target, np.array(data.feature_names)
in_kPa = X.copy()
in_kPa[:, names.tolist().index("bp")] *= 0.133322

# %%
# In which order do features enter the path?

for standardize in (False, True):
    print(f"standardize={standardize}")
    for units, Z in (("bp in mmHg", X), ("bp in kPa", in_kPa)):
        path = riata.fit_path(Z, y, standardize=standardize)
        entry = [np.argmax(row != 0) for row in path.coefs]
        order = np.argsort(entry, kind="stable")
        print(f"   {units:11}", *names[order])

# %%
# With ``standardize=True`` each coefficient is penalised in units of the standard deviation
# of its column: the units no longer matter. X itself is neither changed nor copied, also if
# it is sparse, and the coefficients are those of X as given.
#
# Standardising is a choice, too. Where all columns have the same unit (spectra, counts of
# words, pixels) their spread may be information, and indicators of rare categories are
# magnified by it. Say `penalty_factor` where you know better than either.

fig, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
for ax, standardize in zip(axes, (False, True), strict=True):
    path = riata.fit_path(X, y, standardize=standardize)
    # Drawn in units in which the features can be compared.
    for j, row in enumerate(path.coefs * X.std(axis=0)[:, None]):
        ax.plot(path.alphas, row, label=names[j], color=plt.cm.tab10(j))
    ax.set(xscale="log", xlabel="alpha", title=f"standardize={standardize}")
    ax.invert_xaxis()
axes[0].set_ylabel("coefficient times standard deviation")
axes[1].legend(ncols=2, fontsize=8)
plt.show()
