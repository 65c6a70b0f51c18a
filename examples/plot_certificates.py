"""
===============================
How far from the optimum is it?
===============================

Every solution of a path carries two numbers that nobody has to take on trust. The
*relative gap* bounds how much smaller the objective could still become; the *KKT
violation* is the largest error in the equations that an optimum satisfies.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import lasso_path

import riata

X, y = load_diabetes(return_X_y=True)
y -= y.mean()
path = riata.fit_path(X, y, fit_intercept=False)
print(f"riata: largest relative gap {path.relative_gap.max():.1e}")

# %%
# The same path by scikit-learn's coordinate descent. `riata.check_solution` audits the
# coefficients of any package.

_, coefs, _ = lasso_path(X, y, alphas=path.alphas, tol=1e-4)
audits = [
    riata.check_solution(X, y, coef, alpha=alpha)
    for alpha, coef in zip(path.alphas, coefs.T, strict=True)
]
gap = np.array([audit.relative_gap for audit in audits])
kkt = np.array([audit.kkt for audit in audits])
print(f"scikit-learn: largest relative gap {gap.max():.1e}")

# %%
# Coordinate descent ends where the tolerance lets it. riata ends with an exact step, far
# below its tolerance. What is exactly zero stands in the grey strip.

figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 6.5), layout="constrained")
riata.plots.CertificateDisplay(path.alphas, gap, kkt, tol=1e-4).plot(top)
riata.plots.CertificateDisplay.from_path(path, ax=bottom)
top.set(ylabel="scikit-learn", xlabel="")
bottom.set_ylabel("riata")
plt.show()
