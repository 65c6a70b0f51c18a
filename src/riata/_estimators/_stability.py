"""StabilitySelection: a transformer that keeps the features most half-samples select."""

import warnings
from functools import partial
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from .. import _validation as check
from .._path._checked import Data, checked_penalty
from .._selection._stability import selection_path
from .._selection._stability_bounds import ASSUMPTIONS, largest_selection, least_threshold
from .._solver._solutions import Settings, Status
from ..losses import get_loss
from ._classifier import loss_of_several
from ._parameters import Estimator, check_positive, one_of, or_none


def check_size(value, name):
    """Raise unless `value` is "auto", None or a positive integer."""
    if isinstance(value, str):
        check.check_choice(value, name, ("auto",))
    elif value is not None:
        check.check_integer(value, name)


class StabilitySelection(SelectorMixin, Estimator):
    """Select the features that most half-samples select, with a bound on false ones.

    Paths are fitted to both halves of `n_pairs` random splits of the samples. A feature
    is kept if it is selected in a share of at least `threshold` of the half-samples. The
    number of features that a half-sample selects, the threshold and the bound on the
    expected number of falsely selected features (the per-family error rate) belong
    together: two of them determine the third.

    Parameters
    ----------
    loss : str or riata.losses.Loss
        As of :func:`riata.fit_path`. With a loss for classes, "logistic" say, y holds
        labels of any kind, and halves are stratified.
    n_pairs : int
        Number of splits; twice as many paths are fitted.
    threshold : float in (0.5, 1]
        Share of half-samples that have to select a feature. None takes the least one
        that keeps the bound at `pfer`, for an integer `n_features_to_select`.
    n_features_to_select : int, "auto" or None
        The most features that a half-sample selects: the active set of its path before
        more are active. "auto" is the largest number for which the bound is at most
        `pfer`, and 1 if there is none. With None the whole path counts: a feature is as
        stable as at its best alpha.
    pfer : float
        Falsely selected features to allow for in expectation. Only used where
        `threshold` or `n_features_to_select` follow from it.
    assumption : {"none", "unimodal", "r-concave"}
        What the bound assumes; see :func:`riata.false_selection_bound`.
    l1_ratio : float
        Share of the L1 penalty, in (0, 1].
    alphas : int or array-like of shape (n_alphas,)
        Number of alphas, or the alphas themselves. The automatic ones are spaced evenly
        on a log scale from the smallest alpha for which all (penalized) coefficients
        are zero in all half-samples.
    standardize : bool
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each half-sample that of its rows.
    penalty_factor : float or array-like of shape (n_features,)
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized (so
        that it is always selected, and counted), infinity excludes it.
    max_iter : int
        Largest number of outer iterations for each alpha. None means the default.
    random_state : int, RandomState instance or None
        Pass an int for the same splits at each fit.
    n_jobs : int
        Number of paths that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs. The
        result does not depend on it.
    n_threads : int
        Number of threads of each path. None lets riata decide.

    Attributes
    ----------
    support_ : ndarray of bool and shape (n_features,)
        Mask of the selected features.
    selection_frequency_ : ndarray of shape (n_features,)
        Share of the half-samples that select each feature.
    stability_path_ : scipy.sparse.csc_array of shape (n_features, n_alphas)
        The same along the path.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas of all paths, decreasing.
    threshold_ : float
        The threshold that was used.
    n_features_to_select_ : int or float
        The most features that a half-sample could select; if the whole path counts, the
        mean number that it did.
    pfer_ : float
        The bound on the expected number of falsely selected features for `threshold_`
        and `n_features_to_select_`.
    selection_path_ : SelectionPath
        What each half-sample selected.
    n_iter_ : int
        Largest number of outer iterations for an alpha.
    loss_
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. Only with a loss for classes.
    n_features_in_, feature_names_in_

    See Also
    --------
    riata.stability_path : The frequencies alone.
    riata.false_selection_bound : The bounds, with their formulas.
    sklearn.feature_selection.SelectFromModel : Selects by the coefficients of one fit.

    References
    ----------
    Meinshausen & Buehlmann (2010), doi:10.1111/j.1467-9868.2010.00740.x; Shah &
    Samworth (2013), doi:10.1111/j.1467-9868.2011.01034.x.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import StabilitySelection
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 200))
    >>> y = X[:, 3] - X[:, 8] + rng.standard_normal(100)
    >>> selector = StabilitySelection(n_pairs=25, random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([3, 8])
    >>> selector.transform(X).shape
    (100, 2)
    >>> selector.n_features_to_select_, bool(selector.pfer_ <= 1)
    (8, True)
    """

    __module__ = "riata"

    _checks: ClassVar = {
        "n_pairs": check.check_integer,
        "threshold": or_none(partial(check.check_real, low=0.5, high=1.0, low_open=True)),
        "n_features_to_select": check_size,
        "pfer": check_positive,
        "assumption": one_of(*ASSUMPTIONS),
        "random_state": check.check_random_state,
    }

    def __init__(
        self, loss="squared", *, n_pairs=50, threshold=0.6, n_features_to_select="auto",
        pfer=1.0, assumption="unimodal", l1_ratio=1.0, alphas=100, eps=1e-3,
        fit_intercept=True, standardize=False, penalty_factor=None, lower=None,
        upper=None, max_iter=1000, tol=1e-6, random_state=None, n_jobs=None,
        n_threads=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit paths to half-samples, and select the features that most of them select.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target in the range of the loss, or labels.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples in the fits. Samples of weight zero are in no
            half. A float means no weights.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid, or no threshold keeps to `pfer`. The
            selector is left as it was.
        """
        self._check_params()
        if isinstance(sample_weight, Real):
            sample_weight = None
        data, loss, attributes = self._checked_data(X, y, sample_weight, offset)
        threshold, size = self._sizes(data.X.n_features)
        penalty = checked_penalty(
            None, self.l1_ratio, self.penalty_factor, self.lower, self.upper,
            data.X.n_features,
        )
        path = selection_path(
            data, "pairs", self.n_pairs, self.random_state,
            grid=check.check_alphas(self.alphas), ratio=self.eps, n_features_to_select=size,
            penalty=penalty,
            settings=Settings(self.tol, 1000 if self.max_iter is None else self.max_iter),
            n_jobs=self.n_jobs, n_threads=self.n_threads, loss=loss,
            fit_intercept=bool(self.fit_intercept), standardize=bool(self.standardize),
            feature_names_in=attributes.get("feature_names_in_"),
        )
        self._warn(path)
        frequency = path.selection_frequency()
        self._set_fitted(
            support_=frequency >= threshold - 1e-9, selection_frequency_=frequency,
            stability_path_=path.frequency, alphas_=path.alphas, threshold_=threshold,
            n_features_to_select_=path.mean_n_selected if size is None else size,
            pfer_=path.bound(threshold, self.assumption), selection_path_=path,
            n_iter_=int(path.n_iter.max()), loss_=loss, **attributes,
        )
        return self

    def _checked_data(self, X, y, sample_weight, offset):
        """Return the data, the loss and the attributes that follow from them."""
        loss = get_loss(self.loss)
        given = {"sample_weight": sample_weight, "offset": offset}
        if loss.classifies:
            data, classes = check.validate_classifier_input(self, X, y, **given)
            if len(classes) > 2:
                loss = loss_of_several(loss, len(classes))
            known = {"classes_": classes}
        else:
            data, known = check.validate_estimator_input(self, X, y, **given), {}
        X, y, weight, offset, features = data
        X = check.check_design(X)
        weight = check.check_sample_weight(weight, X.n_samples)
        return Data(X, loss.check_target(y), weight, offset), loss, {**known, **features}

    def _sizes(self, n_features):
        """Return the threshold, and how many features a half-sample may select."""
        size, threshold = self.n_features_to_select, self.threshold
        if threshold is None:
            if not isinstance(size, (int, np.integer)):
                raise ValueError(
                    f"threshold is None, but n_features_to_select is {size!r}; the "
                    "threshold follows from an integer and pfer."
                )
            size = min(int(size), n_features)
            threshold = least_threshold(
                self.pfer, n_features, size, self.n_pairs, self.assumption
            )
        elif size == "auto":
            size = largest_selection(
                self.pfer, n_features, threshold, self.n_pairs, self.assumption
            )
        return float(threshold), size

    def _warn(self, path):
        poor = [
            gap
            for gap, status in zip(path.relative_gap, path.status, strict=True)
            if status is not Status.optimal
        ]
        if poor:
            warnings.warn(
                f"{type(self).__name__} did not converge in {len(poor)} of "
                f"{len(path.status)} half-samples: the largest relative duality gap is "
                f"{max(poor):.2e}, the tolerance tol is {self.tol:.2e}. Raise max_iter "
                f"(now {self.max_iter}) or tol.",
                ConvergenceWarning, stacklevel=3,
            )

    def _get_support_mask(self):
        check_is_fitted(self, "support_")
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        return tags
