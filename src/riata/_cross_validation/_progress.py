"""Progress of fits, reported to scikit-learn's callbacks (from version 1.9)."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


def run_and_report(run, estimator, X, y):
    """Run a `CrossValidation`, and report each finished fold to scikit-learn's callbacks.

    Parameters
    ----------
    run : CrossValidation
        Its own `callback` is called, too.
    estimator : object
        With the parameters `n_jobs` and `verbose`.
    X, y : array-like
        As given to ``fit``.

    Returns
    -------
    CVResult
    """
    if not getattr(estimator, "_skl_callbacks", None):
        return run.run(estimator.n_jobs, estimator.verbose)

    @with_callbacks
    def run_with_callbacks(estimator):
        fit = estimator._init_callback_context(max_subtasks=len(run.fits.folds))
        fit.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

        def report(step):
            fold = fit.subcontext(task_name="fold")
            fold.call_on_fit_task_begin(estimator=estimator)
            stop = fold.call_on_fit_task_end(estimator=estimator)
            return (run.callback is not None and run.callback(step)) or stop

        reporting = run._replace(callback=report)
        result = reporting.run(estimator.n_jobs, estimator.verbose)
        fit.call_on_fit_task_end(estimator=estimator)
        return result

    return run_with_callbacks(estimator)
