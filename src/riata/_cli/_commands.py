"""The command line: fit, cv, path, predict, check, and the demo."""

import argparse
import contextlib
import os
import sys
import warnings

import numpy as np

from .. import _validation as check
from .._path._linear_predictor import LinearPredictor, installed_version
from . import _input as inputs
from . import _output as outputs
from ._columns import TRUTH, is_number
from ._data_files import read_data
from ._demo import PICTURE
from ._file_kinds import column_number

EXPECTED = (
    ValueError, TypeError, OSError, ImportError, OverflowError, MemoryError, RecursionError
)
CLOSED = 141  # what a shell makes of a program that a closed pipe ends

ABOUT = """\
Certified lasso, ridge and elastic-net models from files of data.

  riata cv data.csv --target price --model model.json
  riata predict model.json new.csv -o predictions.csv

DATA is a .csv, .tsv, .parquet, .svm, .npz or .mtx file; the first three have columns, of
which the target is one and all others are features. 'riata COMMAND --help' lists all
options.
"""
TARGET = (
    "target: the name or number (from 0; -1 is the last) of a column, an array of an "
    ".npz file, or a file with one value a line; an .svm file has its own"
)


def main(argv=None, prog="riata"):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        Arguments; by default those of the process.
    prog : str
        What the program is called in its messages.

    Returns
    -------
    int
        Exit status: 0; 1 for a check that fails; 2 for input that is wrong and for too
        little memory; 130 after Ctrl-C; 141 if the output was closed before its end.
    """
    parser = build_parser(prog)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show_warning
        try:
            status = options.run(options) or 0
            if sys.stdout is not None:
                sys.stdout.flush()
            return status
        except KeyboardInterrupt:
            return 130
        except BrokenPipeError:
            complain(
                f"{prog} {options.command}: the output was closed before its end; files "
                "that were asked for are written."
            )
            return CLOSED
        except EXPECTED as error:
            complain(f"{prog} {options.command}: error: {message_of(error)}")
            return 2


def complain(message):
    """Print a line on the standard error, with nothing left to be printed elsewhere."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except (OSError, AttributeError):  # a closed pipe, a full disk; no output at all
        if sys.stdout is not None:  # not once more when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def message_of(error):
    """The message of an exception in one line, in the terms of the command line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the output'}: {error.strerror}"
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "there is not enough memory" + (f": {text}" if text else ".")
    return text or type(error).__name__


def show_warning(message, category, filename, lineno, file=None, line=None):
    """A warning without the place in the source that raised it."""
    print(f"riata: warning: {message}", file=sys.stderr)


# --- Arguments.


def build_parser(prog):
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog=prog, description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"riata {installed_version()}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (add_fit, add_cv, add_path, add_predict, add_check, add_demo):
        add(commands)
    add_command(commands, "versions", run_versions, "what a bug report needs to say")
    return parser


def add_command(commands, name, run, about, example=None):
    """A command with a help text that ends with an example."""
    command = commands.add_parser(
        name, help=about, description=about[0].upper() + about[1:] + ".",
        epilog=example and f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_data(command):
    """Where samples, target, weights and offset come from."""
    group = command.add_argument_group("data")
    group.add_argument("data", metavar="DATA", help="file of samples")
    group.add_argument("--target", metavar="COLUMN", help=TARGET)
    group.add_argument("--weights", metavar="COLUMN", help="sample weights, likewise")
    group.add_argument(
        "--offset", metavar="COLUMN", help="known part of the linear predictor, likewise"
    )
    group.add_argument(
        "--drop", metavar="COLUMN", action="append", default=[],
        help="a column that is no feature; may be given several times",
    )
    group.add_argument(
        "--one-hot", action="store_true",
        help="replace columns of text by one column of 0 and 1 for each level",
    )
    group.add_argument(
        "--categorical", metavar="COLUMN", action="append", default=[],
        help="a column to be replaced likewise, also if it looks like numbers (codes)",
    )
    add_header(group)


def add_header(group):
    """Whether the first row of a CSV file is a header."""
    header = group.add_mutually_exclusive_group()
    header.add_argument(
        "--header", action="store_true", default=None,
        help="the first row of a CSV file holds names, also if they are numbers",
    )
    header.add_argument(
        "--no-header", action="store_false", dest="header",
        help="the first row holds values, also if it is text",
    )


def real(text):
    """A number, by the rules for files of data."""
    if not is_number(text) or text.strip().lower() in TRUTH:
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return float(text)


def whole(text):
    """A whole number."""
    number = column_number(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return number


def ratios(text):
    """Numbers separated by commas."""
    return [real(part) for part in text.split(",")]


def add_model(command, several=False):
    """What is minimised, perhaps for several values of l1_ratio."""
    group = command.add_argument_group("model")
    group.add_argument(
        "--loss", metavar="NAME[:PARAMETER]",
        help="squared (default), logistic, multinomial, poisson, gamma, tweedie:POWER, "
        "negative_binomial:DISPERSION, huber:DELTA or squared_hinge",
    )
    group.add_argument(
        "--l1-ratio", type=ratios if several else real,
        metavar="R[,R...]" if several else "R",
        help="1 (default) is the lasso, 0 ridge, between them the elastic net"
        + ("; of several the best is chosen" if several else ""),
    )
    group.add_argument(
        "--standardize", action="store_true", default=None,
        help="penalise coefficients per standard deviation of their column",
    )
    group.add_argument(
        "--no-intercept", action="store_true", help="fit no intercept"
    )
    group.add_argument(
        "--positive", action="store_true", help="only coefficients >= 0"
    )
    return group


def add_tolerance(group):
    group.add_argument(
        "--tol", type=real, default=1e-6, metavar="GAP",
        help="largest relative duality gap (default: 1e-6)",
    )


def add_grid(group):
    group.add_argument(
        "--alphas", type=whole, default=100, metavar="N",
        help="how many alphas to fit (default: 100)",
    )
    group.add_argument(
        "--alpha-min-ratio", type=real, metavar="R",
        help="the smallest strength, divided by the largest (default: 0.001)",
    )
    add_tolerance(group)


def add_fit(commands):
    command = add_command(
        commands, "fit", run_fit, "fit a model for one strength of the penalty",
        "riata fit data.csv --target price --alpha 0.1 --model model.json",
    )
    add_data(command)
    group = add_model(command)
    group.add_argument(
        "--alpha", type=real, metavar="A", help="strength of the penalty"
    )
    add_tolerance(group)
    add_outputs(command, "model")


def add_cv(commands):
    command = add_command(
        commands, "cv", run_cv, "choose the strength by cross-validation, and fit",
        "riata cv data.csv --target price --select 1se --model model.json",
    )
    add_data(command)
    group = add_model(command, several=True)
    add_grid(group)
    group.add_argument(
        "--folds", type=whole, default=5, metavar="K", help="how many (default: 5)"
    )
    group.add_argument(
        "--select", default="min", metavar="RULE",
        help="min (default), 1se (the simplest within one standard error of it), aic, "
        "aicc, bic, ebic or gcv",
    )
    add_outputs(command, "model", "plot")


def add_path(commands):
    command = add_command(
        commands, "path", run_path, "fit a model at each of many alphas",
        "riata path data.csv --target price --plot path.png --csv path.csv",
    )
    add_data(command)
    add_grid(add_model(command))
    add_outputs(command, "plot", "csv")


def add_outputs(command, *names):
    """Files to write."""
    group = command.add_argument_group("output")
    texts = {
        "model": "write the model (JSON), for riata predict",
        "plot": "draw a picture (PNG, PDF, SVG; needs matplotlib)",
        "csv": "write alphas, fits and coefficients",
    }
    for name in names:
        group.add_argument(f"--{name}", metavar="FILE", help=texts[name])


def add_predict(commands):
    command = add_command(
        commands, "predict", run_predict, "predict with a model for new samples",
        "riata predict model.json new.csv -o predictions.csv",
    )
    command.add_argument("file", metavar="MODEL", help="file that --model has written")
    command.add_argument(
        "data", metavar="DATA",
        help="file of samples; columns that are no features of the model do not matter",
    )
    add_header(command)
    offset = command.add_mutually_exclusive_group()
    offset.add_argument(
        "--offset", metavar="COLUMN",
        help="as for riata fit; needed by a model that was fitted with one",
    )
    offset.add_argument(
        "--no-offset", action="store_true", help="predict as if all offsets were zero"
    )
    command.add_argument(
        "-o", "--output", metavar="FILE", help="CSV file (default: the terminal)"
    )


def add_check(commands):
    command = add_command(
        commands, "check", run_check,
        "compute how far coefficients of any origin are from the optimum",
        "riata check data.csv --target price --coef coef.csv --alpha 0.1",
    )
    add_data(command)
    group = add_model(command)
    group.add_argument(
        "--coef", required=True, metavar="FILE",
        help="a model of riata (.json), or a CSV file of features and coefficients (a row "
        "'(Intercept)' may be among them), or of coefficients alone",
    )
    group.add_argument(
        "--intercept", type=real, metavar="B", help="if not in the file (default: 0)"
    )
    group.add_argument(
        "--alpha", type=real, metavar="A",
        help="strength of the penalty; a model of riata has its own",
    )
    group.add_argument(
        "--tol", type=real, metavar="GAP",
        help="exit with status 1 if the relative gap is larger",
    )


def add_demo(commands):
    command = add_command(
        commands, "demo", run_demo, "a path on real spectra: what riata does",
        "riata demo",
    )
    command.add_argument(
        "--picture", default=PICTURE, metavar="FILE",
        help=f"where to draw the path, if matplotlib is there (default: {PICTURE})",
    )


# --- Commands.


def run_fit(options):
    """riata fit"""
    from .._path._fit import fit_path

    if options.alpha is None:
        raise ValueError("--alpha is needed; riata cv chooses it by cross-validation.")
    check.check_alpha(options.alpha, "--alpha")
    outputs.check_writable(options)
    samples, arguments = inputs.problem_of(options)
    path = fit_path(
        samples.X, samples.y, alphas=[options.alpha], tol=options.tol, **arguments
    )
    written = outputs.write_model(options, path, 0, samples)
    outputs.report_data(options, samples, arguments)
    outputs.report_model(path, 0, samples)
    say(written)


def run_path(options):
    """riata path"""
    from .._path._fit import fit_path

    outputs.check_writable(options)
    samples, arguments = inputs.problem_of(options)
    outputs.check_drawable(options, arguments["loss"])
    path = fit_path(
        samples.X, samples.y, alphas=options.alphas, tol=options.tol,
        **inputs.grid_end(options), **arguments,
    )
    written = ""
    if options.csv:
        outputs.write_csv(options.csv, outputs.path_columns(path, samples))
        written = f"The path is written to {options.csv}"
    drawn = outputs.draw(options, path, feature_names=samples.names)
    print(path)
    print()
    say(written, drawn)


def run_cv(options):
    """riata cv"""
    from .._cross_validation._result import RULES
    from .._estimators._cv_path import cv_path

    check.check_choice(options.select, "--select", RULES)
    check.check_integer(options.folds, "--folds", low=2)
    outputs.check_writable(options)
    samples, arguments = inputs.problem_of(options)
    outputs.check_drawable(options, arguments["loss"])
    inputs.check_folds(options, samples)
    result = cv_path(
        samples.X, samples.y, alphas=options.alphas, tol=options.tol, cv=options.folds,
        **inputs.grid_end(options), **arguments,
    )
    choice = result.select(options.select)
    written = outputs.write_model(options, choice.path, choice.at, samples)
    if hasattr(result, "plot"):
        drawn = outputs.draw(options, result)
    else:
        drawn = outputs.draw(
            options, choice.path, feature_names=samples.names, alpha=choice.alpha
        )
    outputs.report_data(options, samples, arguments)
    outputs.report_scores(result, choice, options.select)
    outputs.report_model(
        choice.path, choice.at, samples, result.selection_frequency(options.select)
    )
    say(written, drawn)


def say(*lines):
    """Print the lines that are not empty."""
    for line in lines:
        if line:
            print(line)


def run_predict(options):
    """riata predict"""
    from .._path._model_file import load_model

    outputs.check_writable(options)
    model = load_model(options.file)
    source = read_data(options.data, options.header, inputs.columns_of(model))
    offset = 0.0 if options.no_offset else None
    if options.offset is not None:
        offset = inputs.numbers(source.take(options.offset, "--offset"), "--offset")
    if offset is None and model.has_offset:
        raise ValueError(
            f"{options.file} was fitted with an offset: give that of these samples with "
            "--offset COLUMN, or predict without by --no-offset."
        )
    features = inputs.features_for(model, source)
    inputs.warn_of(features.notes)
    columns = outputs.predictions(model, features.X, offset)
    if options.output in (None, "-"):
        if sys.stdout is None:
            raise ValueError("there is no standard output; name a file with -o.")
        print(outputs.csv_text(columns), end="")
    else:
        outputs.write_csv(options.output, columns)
        print(f"{features.X.shape[0]} predictions are written to {options.output}")


def run_check(options):
    """riata check"""
    from .._path._audit import check_solution

    found = inputs.read_coefficients(options.coef)
    is_model = isinstance(found, LinearPredictor)
    if is_model and found.has_offset and options.offset is None:
        raise ValueError(
            f"{options.coef} was fitted with an offset, which belongs to the problem: "
            "give --offset COLUMN."
        )
    loss = found.loss if is_model and not options.loss else inputs.loss_of(options)
    samples = inputs.load_samples(options, loss, found if is_model else None)
    if is_model:
        samples = inputs.in_order(options, found, samples)
    loss = inputs.for_classes(loss, samples)
    problem = inputs.problem_to_check(options, found, loss)
    coef, intercept = inputs.coefficients(options, found, samples)
    audit = check_solution(
        samples.X, samples.y, coef, intercept, **problem, **samples.arguments
    )
    outputs.print_pairs({
        "objective": f"{audit.primal:.10g}", "lower bound": f"{audit.dual:.10g}",
        "gap": f"{audit.gap:.3g}", "relative gap": f"{audit.relative_gap:.3g}",
        "KKT violation": f"{audit.kkt:.3g}",
        "non-zero": f"{np.count_nonzero(coef)} of {np.size(coef)}",
    })
    if options.tol is not None and not audit.relative_gap <= options.tol:
        print(f"The relative gap is larger than {options.tol:g}.")
        return 1
    return 0


def run_demo(options):
    """riata demo"""
    from ._demo import demo

    outputs.check_writable(options)
    with contextlib.suppress(ImportError):
        outputs.check_picture(options.picture, "--picture")
    demo(options.picture)


def run_versions(options):
    """riata versions"""
    from .._versions import show_versions

    show_versions()
