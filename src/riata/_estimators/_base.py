"""What the linear estimators share: parameter checks, input, prediction, warnings.

A fit computes everything before it assigns anything, so an estimator whose fit fails
or is interrupted is left as it was.
"""

import copy
import warnings
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._path._checked import SQUARED
from .._path._result import Solved
from .._path._samples import Deadline, Samples, solve_path
from .._solver._separation import message_of_separation
from .._solver._solutions import BY_ROUNDING, Status
from ._parameters import Estimator

LEAST_GAP = 1e-10  # relative, that is asked for where `tol` is squared


class HeldOut(NamedTuple):
    """What is known of the samples that a scorer predicts."""

    X: object
    offset: np.ndarray | None
    eta: np.ndarray | None  # linear predictors without offsets


class LinearModel(Estimator):
    """Base class of the linear models: tolerances, options of the paths, predictor.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations.
    status_ : Status
        How the solver ended: "optimal", or why not.
    """

    # How the tolerance of the gap follows from `tol`, and what a stronger penalty is.
    _gap_rule = "tol / 100"
    _stronger = "alpha"
    _takes_chunks = False  # whether X may be `riata.Chunks`

    def _gap_tolerance(self):
        """Largest relative duality gap of a fit."""
        return self.tol / 100

    def _describe_gap_tolerance(self):
        """Say how it follows from `tol`."""
        return self._gap_rule

    def _kkt_tolerance(self):
        """Largest violation of the optimality conditions, in units of the gradient of
        the mean loss; infinite where the gap decides alone."""
        return np.inf

    def _get_loss(self):
        """Return the loss that the parameters ask for."""
        return SQUARED

    _held_out = None  # of a copy that a scorer sees

    def _for_scoring(self, data, eta=None, **attributes):
        """Return a copy for a scorer, which calls its methods without offsets.

        Parameters
        ----------
        data : Samples
            Held-out samples, whose offsets are added to every prediction.
        eta : ndarray of shape (n_samples, ...), optional
            Their linear predictors without offsets, where they are known.
        **attributes
            The fitted attributes; by default those of this estimator.
        """
        model = copy.copy(self)
        if attributes:
            model._set_fitted(**attributes)
        model._held_out = HeldOut(data.X, data.offset, eta)
        return model

    def _predictor(self, X, offset=None):
        """Return ``X @ coef_.T + intercept_ (+ offset)``."""
        if self._held_out is not None:
            known_X, known_offset, eta = self._held_out
            offset = known_offset if offset is None else offset
            if X is known_X and eta is not None:
                return self._add_offset(eta, offset)
        X = check.validate_predict_input(self, X)
        check.require_offset(offset, self._has_offset)
        eta = X @ self.coef_.T
        if sparse.issparse(eta):
            eta = eta.toarray()
        return self._add_offset(eta + self.intercept_, offset)

    @staticmethod
    def _add_offset(eta, offset):
        if offset is None:
            return eta
        n_targets = eta.shape[1] if eta.ndim == 2 else None
        offset = check.check_offset(offset, len(eta), n_targets=n_targets)
        return eta + (offset if offset.ndim == eta.ndim else offset[:, None])

    @property
    def _has_offset(self):
        """Whether it was fitted with an offset."""
        return getattr(self, "_has_offset_", False)

    @property
    def sparse_coef_(self):
        """Fitted coefficients as a CSR matrix of shape (n_targets, n_features).

        A ``scipy.sparse.csr_array`` where scikit-learn is configured with
        ``sparse_interface="sparray"``, else a ``csr_matrix``, as in scikit-learn.
        """
        coef = self.coef_ if sparse.issparse(self.coef_) else np.atleast_2d(self.coef_)
        if get_config().get("sparse_interface") == "sparray":
            return sparse.csr_array(coef)
        return sparse.csr_matrix(coef)

    def summary(self, feature_names=None, *, all_features=False, frame=None):
        """Return the coefficients as a table, the largest first.

        Parameters
        ----------
        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None means those seen during fit, if there were any,
            else the numbers of the columns.
        all_features : bool, default=False
            Whether to list those whose coefficient is zero as well.
        frame : {"pandas", "polars", "table"}, default=None
            Kind of the table. None means what is installed, in this order; "table" is
            a plain table that prints.

        Returns
        -------
        table : pandas.DataFrame, polars.DataFrame or a table that prints
            Sorted by the size of ``standardized``. The columns are ``class`` or
            ``target`` (where there are several), ``feature``, ``coef`` (of X as given),
            ``standardized`` (the coefficient per weighted standard deviation of its
            column; without an intercept per root mean square) and ``sign``; of an
            estimator that has chosen among alphas with an L1 penalty also
            ``entry_alpha`` (the largest alpha of the path at which the coefficient is
            not zero) and ``frequency`` (share of the folds in which it is not).
        """
        from .._path._summary import summary_of_estimator

        check_is_fitted(self)
        return summary_of_estimator(
            self, feature_names, all_features=all_features, frame=frame
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _path_options(self):
        """Arguments of :func:`riata.fit_path` that come from the parameters."""
        lower = self.lower
        if getattr(self, "positive", False):
            lower = 0.0 if lower is None else np.maximum(lower, 0.0)
        return {
            "loss": self._get_loss(),
            "fit_intercept": bool(self.fit_intercept),
            "standardize": bool(self.standardize),
            "penalty_factor": self.penalty_factor,
            "lower": lower,
            "upper": self.upper,
            "tol": self._gap_tolerance(),
            "kkt_tol": self._kkt_tolerance(),
            "max_iter": 1000 if self.max_iter is None else self.max_iter,
            "n_threads": self.n_threads,
        }

    def _starts(self, n_targets, n_features):
        """Return initial coefficients per target, None for a cold start."""
        coef = getattr(self, "coef_", None) if self.warm_start else None
        if coef is not None:
            coef = coef.toarray() if sparse.issparse(coef) else np.atleast_2d(coef)
            if coef.shape == (n_targets, n_features) and np.isfinite(coef).all():
                return list(coef)
        return [None] * n_targets

    def _check_gram(self, data):
        """Compare a Gram matrix that was passed with X."""
        check.check_gram(
            getattr(self, "precompute", False), data.X, data.sample_weight,
            fit_intercept=bool(self.fit_intercept), stacklevel=4,
        )


class PenaltyParameter(Estimator):
    """The parameter `penalty`.

    As an attribute it is "l1", "l2" or "elasticnet" where none is given:
    :class:`sklearn.feature_selection.SelectFromModel` keeps the non-zero coefficients of
    the first.

    Parameters
    ----------
    penalty : riata.penalties.Penalty
        An object of :mod:`riata.penalties`, which may be of a class of your own, in place
        of `l1_ratio`, `penalty_factor`, `lower` and `upper`.
    """

    def get_params(self, deep=True):
        """Return the parameters, with `penalty` as given.

        Parameters
        ----------
        deep : bool
            Whether to add the parameters of those that are estimators.

        Returns
        -------
        params : dict
            Values by name.
        """
        params = super().get_params(deep)
        if "penalty" in params:  # a subclass need not have it
            params["penalty"] = vars(self)["penalty"]
        return params

    def _path_options(self):
        return {**super()._path_options(), "penalty": vars(self).get("penalty")}

    @property
    def penalty(self):
        given = vars(self).get("penalty")
        if given is not None:
            return given
        l1_ratio = getattr(self, "l1_ratio_", self.l1_ratio)
        if np.ndim(l1_ratio) == 0 and l1_ratio in (0.0, 1.0):
            return "l1" if l1_ratio else "l2"
        return "elasticnet"

    @penalty.setter
    def penalty(self, value):
        vars(self)["penalty"] = value


class GapTolerance:
    """The tolerance of riata's own estimators: `tol` is the relative gap."""

    _gap_rule = "tol"

    def _gap_tolerance(self):
        return self.tol


class GradientTolerance:
    """The tolerance of estimators whose namesakes in scikit-learn stop by the gradient.

    There `tol` is the largest entry of the gradient of the mean loss. At a minimum the
    objective is higher than its least value by about the square of that, which is
    therefore the relative gap here; and the gradient has to be as small as there, too.

    Parameters
    ----------
    tol : float
        Tolerance, in scikit-learn's spelling: the fit stops when no entry of the
        (sub)gradient of the objective is larger than `tol`, as there, and when the
        duality gap is at most ``tol ** 2`` (not less than 1e-10) times the objective
        of the model that has an intercept only.
    """

    _gap_rule = "tol ** 2"

    def _describe_gap_tolerance(self):
        if self.tol**2 < LEAST_GAP:
            return f"max({self._gap_rule}, {LEAST_GAP:g})"
        return self._gap_rule if self.tol <= 0.01 else "tol / 100"

    def _gap_tolerance(self):
        return max(min(self.tol / 100, self.tol * self.tol), LEAST_GAP)

    def _kkt_tolerance(self):
        return self.tol


class SeveralTargets(MultiOutputMixin):
    """Mixin of the estimators that fit several targets.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float or ndarray of shape (n_targets,)
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int or list of int
        Number of outer iterations, per target.
    status_ : Status or list of Status
        How the solver ended, per target: "optimal", or why not.
    """


class LinearRegressor(RegressorMixin, LinearModel):
    """Fit for one alpha, and prediction."""

    def predict(self, X, offset=None):
        """Predict with the fitted linear model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets)
            Known part of the prediction, added to it. A model fitted with an offset
            needs the offsets of the new samples here, or 0 to predict without.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X @ coef_.T + intercept_ (+ offset)``.
        """
        return self._predictor(X, offset)

    def score(self, X, y, sample_weight=None, offset=None):
        """Return the coefficient of determination of the prediction.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        sample_weight : array-like of shape (n_samples,)
            Sample weights.

        Returns
        -------
        score : float
            R squared, averaged over the targets with equal weights.
        """
        y_pred = self.predict(X, offset=offset)
        return r2_score(y, y_pred, sample_weight=sample_weight)

    def _fit_alpha(self, X, y, sample_weight, offset, *, multi_output=False):
        """Fit each target for `alpha` and `l1_ratio`."""
        self._check_params()
        if isinstance(sample_weight, Real):
            sample_weight = None
        *data, features = check.validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset,
            multi_output=multi_output,
        )
        data = Samples(*data)
        self._check_gram(data)
        targets = data.targets()
        starts = self._starts(len(targets), data.X.shape[1])
        options, attributes = self._fit_options(data)
        alphas = np.array([self.alpha], dtype=np.float64)
        deadline, fits = Deadline(self.time_limit), []
        for k, (target, start) in enumerate(zip(targets, starts, strict=True)):
            seconds = deadline.left(len(targets) - k)
            path = solve_path(
                target, alphas, l1_ratio=self.l1_ratio, seconds=seconds, start=start,
                **options,
            )
            fits.append(Fit.from_path(path, 0))
        warn_not_converged(self, fits, "targets", stacklevel=3)
        fitted = fitted_attributes(fits, data.y, data.X.dtype, self.fit_intercept)
        self._set_fitted(**fitted, **attributes, **features)
        return self

    def _fit_options(self, data):
        """Return the options of the path, and the attributes that follow from them."""
        options = self._path_options()
        return options, self._extra_attributes(options)

    def _extra_attributes(self, options):
        """Return fitted attributes beside those of every linear model."""
        return {}


def warn_of_no_penalty(stacklevel):
    """Advise against a lasso or an elastic net without a penalty, as scikit-learn does."""
    warnings.warn(
        "With alpha=0, this algorithm does not converge well. You are advised to use the "
        "LinearRegression estimator: so scikit-learn says of its own, and without a "
        "penalty it is the faster choice here, too.",
        UserWarning, stacklevel=stacklevel + 1,
    )


def warn_not_converged(estimator, fits, what, stacklevel):
    """Warn once, with what was missed by most, its tolerance and what to do about it.

    Parameters
    ----------
    estimator : LinearRegressor
        With the parameters ``tol``, ``max_iter`` and ``time_limit``.
    fits : sequence
        Objects with the attributes ``relative_gap``, ``kkt`` and ``status``.
    what : str
        What the fits are called: "targets", "fits".
    stacklevel : int
        As for :func:`warnings.warn`, counted from the caller.
    """
    separated = [fit for fit in fits if fit.status == "unbounded_or_separable"]
    if separated:
        text = message_of_separation(len(separated), len(fits), what, estimator._stronger)
        text = f"{type(estimator).__name__}: {text}"
        warnings.warn(text, ConvergenceWarning, stacklevel=stacklevel + 1)
    good = "optimal", "unbounded_or_separable"
    failed = [fit for fit in fits if fit.status not in good]
    if not failed:
        return
    found, worst = missed(estimator, failed)
    share = f" in {len(failed)} of {len(fits)} {what}" if len(fits) > 1 else ""
    statuses = {Status(fit.status) for fit in failed}
    limit = "time_limit" if Status.time_limit in statuses else "max_iter"
    remedy = f"Raise {limit} (now {getattr(estimator, limit)}) or"
    if statuses <= BY_ROUNDING:
        remedy = (
            "Rounding errors in double precision let no further step improve on it: raise"
        )
    warnings.warn(
        f"{type(estimator).__name__} did not converge{share}: {found} "
        f"(status: {worst.status}). {remedy} tol (now {estimator.tol}), or penalize more "
        f"({estimator._stronger}).",
        ConvergenceWarning, stacklevel=stacklevel + 1,
    )


def missed(estimator, failed):
    """Say what some fits have missed, and return the worst of them, too."""
    gap_tol, kkt_tol = estimator._gap_tolerance(), estimator._kkt_tolerance()
    largest = "largest " if len(failed) > 1 else ""
    worst = max(failed, key=lambda fit: np.nan_to_num(fit.relative_gap))
    by_kkt = max(failed, key=lambda fit: fit.kkt)
    violation = (
        f"the {largest}violation of the optimality conditions (an entry of the gradient of "
        f"the mean loss) is {by_kkt.kkt:.2e}"
    )
    found = []
    if worst.relative_gap > gap_tol:
        found.append(
            f"the {largest}relative duality gap is {worst.relative_gap:.2e}, the "
            f"tolerance {estimator._describe_gap_tolerance()} is {gap_tol:.2e}"
        )
    if by_kkt.kkt > kkt_tol:
        worst = worst if found else by_kkt
        found.append(f"{violation}, the tolerance tol is {kkt_tol:.2e}")
    found = found or [violation]
    return "; ".join(found), worst


class Fit(NamedTuple):
    """The fit of one target, or of all classes."""

    coef: np.ndarray
    intercept: float
    dual_gap: float
    relative_gap: float
    n_iter: int
    status: str
    solved: Solved  # the problem that it solves

    @property
    def kkt(self):
        """Largest violation of the optimality conditions."""
        return self.solved.kkt

    @classmethod
    def from_path(cls, path, at):
        """Take the fit for one alpha out of a path."""
        return cls(
            path._coef_of(at), path.intercept[..., at], float(path.dual_gap[at]),
            float(path.relative_gap[at]), int(path.n_iter[at]), path.status[at],
            path._solved(at),
        )


def fitted_attributes(fits, y, dtype, fit_intercept):
    """Return the attributes for the fits of all targets, shaped as scikit-learn's."""
    coef, intercept, dual_gap, relative_gap, n_iter, status, solved = zip(
        *fits, strict=True
    )
    single = len(fits) == 1
    attributes = {
        "coef_": np.asarray(coef[0] if single else coef, dtype=dtype),
        "intercept_": np.asarray(intercept, dtype=dtype),
        "dual_gap_": dual_gap[0] if single else np.array(dual_gap),
        "relative_gap_": relative_gap[0] if single else np.array(relative_gap),
        "n_iter_": n_iter[0] if single else list(n_iter),
        "status_": status[0] if single else list(status),
        "_solved_": solved,
    }
    if not fit_intercept:
        attributes["intercept_"] = 0.0
    elif y.ndim == 1:
        attributes["intercept_"] = attributes["intercept_"][0]
    return attributes
