"""
===========================
What L1 and L2 penalties do
===========================

Two ways to keep coefficients small, on the same data: ten measurements of diabetes
patients, and how the disease progressed in a year.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

import riata

# %%
# The columns get one scale first; otherwise the picture would show their units.

X, y = load_diabetes(return_X_y=True, as_frame=True)
X = (X - X.mean()) / X.std()
X = X.rename(columns={
    "bmi": "body mass", "bp": "blood pressure", "s1": "cholesterol", "s2": "LDL",
    "s3": "HDL", "s4": "chol. / HDL", "s5": "triglycerides", "s6": "glucose",
})

# %%
# On the left the L1 penalty: coefficients are exactly zero until their turn comes, and
# the counts on top grow. On the right the L2 penalty: all coefficients are there from
# the start, only small. It splits the effect among correlated columns. Without a penalty,
# at the right ends, both are least squares.

display = riata.plots.ShrinkageDisplay.from_data(X, y, alpha_min_ratio=1e-4)
counts = [(side.coef != 0).sum(axis=0) for side in (display.lasso, display.ridge)]
for name, count in zip(("L1", "L2"), counts, strict=True):
    print(f"{name}: {count.min()} to {count.max()} non-zero coefficients")
plt.show()
