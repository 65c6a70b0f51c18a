"""Problems of several classes: one predictor for each class."""

import numpy as np

from ._problem import EPS, GeneralProblem

SMALLEST = 1e-300  # curvature of an intercept that counts


class MultinomialProblem(GeneralProblem):
    """`GeneralProblem` with a predictor for each class; ``center`` is (n_outputs,).

    With an intercept, a class without weight has its optimum in the limit: coefficients
    of zero, an intercept of minus infinity. Only the other classes are solved for.

    Attributes
    ----------
    n_labels : int
        How many classes y has.
    classes : ndarray of int (n_outputs,)
        Those that are solved for.
    label_offset : ndarray (n_samples, 1 or n_labels)
        Offsets as given.
    """

    def _check_classes(self, y, loss):
        self.n_labels = int(y.max()) + 1

    def _set_null_model(self, offset):
        self.classes = np.arange(self.n_labels)
        self.label_offset = offset = offset[:, None] if offset.ndim == 1 else offset
        if self.fit_intercept:
            sums = np.bincount(self.target.astype(np.intp), self.weights, self.n_labels)
            self.classes = np.flatnonzero(sums > 0)
            if offset.shape[1] > 1:
                offset = offset[:, self.classes]
        self.n_outputs = len(self.classes)
        self.separated = self.n_outputs == 1
        self.targets = (self.target[:, None] == self.classes).astype(float)
        eta = np.broadcast_to(offset, self.targets.shape)
        self.center = np.zeros(self.n_outputs)
        if self.fit_intercept and not self.separated:
            share = np.average(self.targets, axis=0, weights=self.weights)
            start = np.log(share) - np.average(offset, axis=0, weights=self.weights)
            eta, moved = self.settle(eta + start)
            self.center = start + moved
            self.center = self.center - self.center.mean()
        self.null_eta = np.ascontiguousarray(eta)
        self._set_null_loss()

    def losses(self, Eta):
        """The loss, in equal parts for each class."""
        total = self.weigh(self.loss.value(self.targets, Eta)[:, None]).sum()
        return np.full(self.n_outputs, total / self.n_outputs)

    def look(self, rows, Eta):
        """Sums of the losses of some rows, in equal parts for each class, residuals and
        curvatures."""
        y, count = self.targets[rows], self.n_outputs
        value = self.loss.value(y, Eta)
        total = value.sum() if self.weights is None else self.weights[rows] @ value
        residual = self.loss.residual(y, Eta)
        p = y - residual
        return np.full(count, total / count), residual, p * (1.0 - p)

    def fenchel_young(self, Eta, theta):
        """As of `GeneralProblem`, of predictors (n_samples, n_outputs)."""
        distance = self.loss.value(self.targets, Eta) + (theta * Eta).sum(axis=1)
        distance -= self.loss.dual(self.targets, theta)
        return self.total(np.maximum(distance, 0.0))

    def settle(self, Eta):
        """Give Eta (n_samples, n_outputs) its optimal intercepts, by Newton's method;
        returns the predictors, and what was added (of sum zero)."""
        count = self.n_outputs
        moved, value = np.zeros(count), self.losses(Eta)[0]
        farthest = 50.0 + float(np.ptp(Eta)) if np.isfinite(Eta).all() else 0.0
        for _ in range(100 if farthest else 0):
            p = self.loss.predict(Eta + moved)
            weighted = self.weigh(p)
            pull = self.weigh(self.targets - p).sum(axis=0)
            if np.abs(pull).max() <= 1e-15 * weighted.sum():
                break
            step = inverse_of_intercepts(p, weighted) @ pull
            # (where all probabilities are 0 or 1 the Hessian says little)
            step *= min(1.0, farthest / max(np.abs(step).max(), farthest))
            for _ in range(60):
                new = self.losses(Eta + moved + step)[0]
                if new <= value * (1.0 + 1e-14):
                    break
                step *= 0.5
            if not new <= value * (1.0 + 1e-14):
                break
            moved, value = moved + step, new
            if np.abs(step).max() <= 1e-15 * (1.0 + np.abs(moved).max()):
                break
        return Eta + moved, moved


def inverse_of_intercepts(P, weighted):
    """Pseudo-inverse of the Hessian of the intercepts: of sum zero in rows and columns.

    Parameters
    ----------
    P : ndarray (n_samples, n_outputs)
        Probabilities.
    weighted : ndarray (n_samples, n_outputs)
        The same times the sample weights.
    """
    count = P.shape[1]
    hessian = -(P.T @ weighted)
    np.fill_diagonal(hessian, 0.0)
    np.fill_diagonal(hessian, -hessian.sum(axis=1))  # without cancellation
    # classes of any size count alike, against the largest, whose intercept is 0
    diagonal = hessian.diagonal()
    kept = np.flatnonzero(diagonal > SMALLEST)
    kept = kept[kept != weighted.sum(axis=0).argmax()]
    root = np.sqrt(diagonal[kept])
    values, vectors = np.linalg.eigh(hessian[np.ix_(kept, kept)] / root / root[:, None])
    vectors = vectors / root[:, None]
    inverse = np.zeros((count, count))
    floor = count * EPS
    inverse[np.ix_(kept, kept)] = (vectors / np.maximum(values, floor)) @ vectors.T
    inverse -= inverse.mean(axis=0)
    return inverse - inverse.mean(axis=1)[:, None]
