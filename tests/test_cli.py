"""The command line does what it says, and says what is wrong in a line."""

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.datasets import dump_svmlight_file

import riata
from riata._cli._commands import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with data of several kinds."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame({
        "age": rng.integers(20, 80, n), "income": rng.normal(50, 10, n).round(2),
        "height": rng.normal(170, 8, n).round(1),
        "city": rng.choice(["Rome", "Oslo", "Bern"], n),
    })  # fmt: skip
    mean = 10 + 0.5 * frame["age"] + 6.0 * (frame["city"] == "Oslo")
    frame["cost"] = (mean + rng.normal(0, 2, n)).round(3)
    frame["grade"] = np.where(frame["cost"] > 42, "high", "low")
    frame.loc[frame["cost"] < 28, "grade"] = "tiny"
    frame["claims"] = rng.poisson(np.exp(0.03 * frame["age"] - 1))
    frame["weight"] = rng.integers(1, 4, n)
    frame["log_exposure"] = rng.normal(0, 0.3, n).round(3)
    frame.to_csv(folder / "people.csv", index=False)
    frame.drop(columns=["city", "grade"]).to_csv(folder / "plain.csv", index=False)
    (folder / "rare.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n")
    return folder


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run the command line in that folder: status, output, errors."""
    monkeypatch.chdir(folder)

    def run_here(text):
        status = main(text.split())
        out, err = capsys.readouterr()
        return status, out, err

    return run_here


@pytest.fixture
def output(run):
    """The output of a command that succeeds without a warning."""

    def output_of(text):
        status, out, err = run(text)
        assert (status, err) == (0, "")
        return out

    return output_of


@pytest.fixture
def error(run):
    """The one line of a command that fails."""

    def error_of(text):
        status, out, err = run(text)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        assert err.startswith(f"riata {text.split()[0]}: error: ")
        return err

    return error_of


def plain(folder):
    frame = pd.read_csv(folder / "plain.csv")
    return frame.drop(columns="cost"), frame["cost"]


def entry(out, name):
    """What stands beside a name."""
    return re.search(rf"^{re.escape(name)}\s+(.*)$", out, re.M).group(1)


# --- fit and predict


def test_fit_and_predict(folder, output):
    X, y = plain(folder)
    out = output("fit plain.csv --target cost --alpha 0.2 --model m.json")
    model = riata.GeneralizedLinearRegressor(alpha=0.2).fit(X, y)
    assert entry(out, "non-zero") == f"{np.count_nonzero(model.coef_)} of 6"
    assert float(entry(out, "intercept")) == pytest.approx(model.intercept_, rel=1e-5)
    assert float(entry(out, "relative gap")) <= 1e-6
    share = float(entry(out, "deviance explained").split()[0])
    assert share == pytest.approx(100 * model.score(X, y), abs=0.01)
    (row,) = re.findall(r"^age +(\S+)", out, re.M)
    assert float(row) == pytest.approx(model.coef_[0], rel=1e-5)
    assert "entry_alpha" not in out
    said = output("predict m.json plain.csv -o p.csv")
    assert said == "120 predictions are written to p.csv\n"
    found = pd.read_csv(folder / "p.csv")["prediction"]
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-10)
    printed = output("predict m.json plain.csv")
    assert printed == (folder / "p.csv").read_text()


def test_options_of_the_model(folder, output):
    X, y = plain(folder)
    options = "--l1-ratio 0.4 --standardize --positive --no-intercept --tol 1e-10"
    weights = X.pop("weight")
    output(
        "fit plain.csv --target cost --weights weight --alpha 0.3 --model o.json "
        f"--loss huber:3 {options}"
    )
    path = riata.fit_path(
        X, y, sample_weight=weights, loss=riata.losses.Huber(3.0), alphas=[0.3],
        l1_ratio=0.4, standardize=True, lower=0.0, fit_intercept=False, tol=1e-10,
    )  # fmt: skip
    model = riata.load_model(folder / "o.json")
    np.testing.assert_array_equal(model.coef, path.coefs[:, 0])
    assert model.intercept == 0.0
    assert model.problem["standardize"]
    assert model.problem["lower"] == 0.0


def test_offset(folder, output, error):
    command = "fit plain.csv --target claims --loss poisson --drop cost --alpha 0.05"
    output(f"{command} --offset log_exposure --model c.json")
    X, _ = plain(folder)
    y, offset = X.pop("claims"), X.pop("log_exposure")
    model = riata.GeneralizedLinearRegressor("poisson", alpha=0.05)
    model.fit(X, y, offset=offset)
    output("predict c.json plain.csv --offset log_exposure -o p.csv")
    found = pd.read_csv(folder / "p.csv")["prediction"]
    np.testing.assert_allclose(found, model.predict(X, offset=offset), rtol=1e-10)
    assert "--offset COLUMN" in error("predict c.json plain.csv")
    output("predict c.json plain.csv --no-offset -o p.csv")
    found = pd.read_csv(folder / "p.csv")["prediction"]
    np.testing.assert_allclose(found, model.predict(X, offset=0), rtol=1e-10)
    check = "check plain.csv --target claims --drop cost --coef c.json"
    assert "--offset COLUMN" in error(check)
    assert "relative gap" in output(f"{check} --offset log_exposure --tol 1e-6")


def test_text_is_encoded_on_demand(folder, output, error, run):
    data = "people.csv --target cost --drop grade"
    assert "'city' holds text ('Rome'" in error(f"fit {data} --alpha 0.1")
    out = output(f"fit {data} --alpha 0.1 --one-hot --model e.json")
    assert "city=Oslo" in out
    frame = pd.read_csv(folder / "people.csv")
    frame.to_parquet(folder / "people.parquet")
    first = output("predict e.json people.csv")
    assert output("predict e.json people.parquet") == first
    frame.loc[0, "city"] = "Bonn"
    frame.to_csv(folder / "bonn.csv", index=False)
    status, second, err = run("predict e.json bonn.csv")
    assert status == 0
    assert err == "riata: warning: the model does not know city=Bonn; it counts as none\n"
    assert second.splitlines()[2:] == first.splitlines()[2:]


@pytest.mark.parametrize("target", ["grade", "smaller"])
def test_classes(folder, output, target):
    frame = pd.read_csv(folder / "people.csv").drop(columns=["cost", "city"])
    frame["smaller"] = (frame["grade"] == "tiny").astype(int)
    other = {"grade": "smaller", "smaller": "grade"}[target]
    frame.to_csv(folder / "classes.csv", index=False)
    out = output(
        f"fit classes.csv --target {target} --drop {other} --loss logistic "
        "--alpha 0.02 --model k.json"
    )
    y = frame[target]
    X = frame.drop(columns=["grade", "smaller"])
    model = riata.GeneralizedLinearClassifier(alpha=0.02).fit(X, y)
    assert entry(out, "classes") == ", ".join(map(repr, model.classes_.tolist()))
    output("predict k.json classes.csv -o p.csv")
    found = pd.read_csv(folder / "p.csv")
    assert found["prediction"].tolist() == model.predict(X).tolist()
    np.testing.assert_allclose(
        found[[f"probability_{label}" for label in model.classes_]],
        model.predict_proba(X), rtol=1e-8,
    )
    audit = output(f"check classes.csv --target {target} --drop {other} --coef k.json")
    assert float(entry(audit, "relative gap")) <= 1e-6


def test_matrices(folder, output):
    rng = np.random.default_rng(1)
    X = sp.random_array((60, 30), density=0.3, rng=rng, format="csr")
    y = X @ np.r_[3.0, -2.0, np.zeros(28)]
    dump_svmlight_file(X, y, str(folder / "d.svm"), zero_based=True)
    np.savez(folder / "d.npz", X=X.toarray(), y=y)
    sp.save_npz(folder / "s.npz", X)
    np.savetxt(folder / "y.txt", y)
    found = []
    for data in ("d.svm", "d.npz", "s.npz --target y.txt"):
        output(f"fit {data} --alpha 0.01 --model d.json")
        found.append(riata.load_model(folder / "d.json").coef)
    np.testing.assert_allclose(found[1], found[0], atol=1e-10)
    np.testing.assert_allclose(found[2], found[0], atol=1e-10)
    few = X[:4, :20]  # trailing zeros are not written
    dump_svmlight_file(few, y[:4], str(folder / "few.svm"), zero_based=True)
    first = np.loadtxt(output("predict d.json few.svm").splitlines()[1:])
    few.resize((4, 30))
    model = riata.load_model(folder / "d.json")
    np.testing.assert_allclose(first, model.predict(few), rtol=1e-12)


# --- one file, one answer

CODES = ["01234", "X1", "X2", "1002345", "1.50", "True", "NaN1"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_predictions_do_not_depend_on_other_rows(folder, output, suffix):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"zip": rng.choice(CODES, 200), "x": rng.normal(size=200)})
    frame["y"] = frame["x"] + 3.0 * frame["zip"].map(CODES.index)
    frame.to_csv(folder / "codes.csv", index=False)
    frame.to_parquet(folder / "codes.parquet")
    output(f"fit codes.{suffix} --target y --alpha 0.001 --one-hot --model codes.json")
    model = riata.load_model(folder / "codes.json")
    assert model.categories == {"zip": sorted(CODES)}
    dummies = pd.get_dummies(frame[["zip", "x"]], prefix_sep="=", dtype=float)
    whole = model.predict(dummies[model.feature_names])
    for data in ("codes.csv", "codes.parquet"):
        lines = output(f"predict codes.json {data}").splitlines()[1:]
        np.testing.assert_allclose(np.array(lines, float), whole, rtol=1e-12)
    for code in CODES:
        row = frame.index[frame["zip"] == code][:1]
        frame.loc[row].to_csv(folder / "one.csv", index=False)
        frame.loc[row].to_parquet(folder / "one.parquet")
        for data in ("one.csv", "one.parquet"):
            (line,) = output(f"predict codes.json {data}").splitlines()[1:]
            assert float(line) == pytest.approx(whole[row[0]], rel=1e-12)
    out = output("check codes.csv --target y --coef codes.json --tol 1e-6")
    assert entry(out, "non-zero").endswith(" of 8")


def test_codes_that_are_all_numbers(folder, output, run):
    rng = np.random.default_rng(3)
    codes = rng.choice(["10115", "01097", "99"], 90)
    frame = pd.DataFrame({"zip": codes, "x": rng.normal(size=90)})
    frame["y"] = frame["x"] + (codes == "01097")
    frame.to_csv(folder / "codes.csv", index=False)
    command = "fit codes.csv --target y --alpha 0.001 --model codes.json"
    _, _, err = run(f"{command} --one-hot")
    assert "'01097' as 1097; if it holds codes, pass --categorical zip" in err
    assert "zip=01097" in output(f"{command} --categorical zip")
    frame.iloc[[0]].to_csv(folder / "one.csv", index=False)
    first = output("predict codes.json codes.csv").splitlines()[1]
    assert output("predict codes.json one.csv").splitlines()[1] == first
    out = output("check codes.csv --target y --coef codes.json --tol 1e-6")
    assert entry(out, "non-zero").endswith(" of 4")


def test_models_that_were_not_fitted_here(folder, output):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"zip": rng.choice(["01", "2"], 50), "x": rng.normal(size=50)})
    X = pd.get_dummies(frame, prefix_sep="=", dtype=float)
    model = riata.Lasso(alpha=0.01).fit(X, frame["x"] + X["zip=01"])
    riata.save_model(model, folder / "own.json")
    assert riata.load_model(folder / "own.json").categories is None
    frame.to_csv(folder / "own.csv", index=False)
    found = np.loadtxt(output("predict own.json own.csv").splitlines()[1:])
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-12)


def test_a_header_of_numbers(folder, output, run):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(40, 4)))
    frame.to_csv(folder / "numbers.csv", index=False)
    frame.to_parquet(folder / "numbers.parquet")
    first = output("fit numbers.csv --target 3 --alpha 0.1 --model n.json")
    assert "40 samples, 3 features" in first
    found = output("predict n.json numbers.csv")
    assert len(found.splitlines()) == 41
    assert output("predict n.json numbers.parquet") == found
    frame.set_axis([2019, 2020, 2021, 2022], axis=1).to_csv(
        folder / "years.csv", index=False
    )
    status, out, err = run("fit years.csv --target -1 --alpha 0.1")
    assert status == 0
    assert "41 samples" in out
    assert "pass --header" in err
    assert "41 samples" in output("fit years.csv --target -1 --alpha 0.1 --no-header")
    command = "fit years.csv --target 2022 --alpha 0.1 --header --model y.json"
    assert "40 samples" in output(command)
    assert len(output("predict y.json years.csv").splitlines()) == 41


@pytest.mark.parametrize("base", [2**53, 2**63, 2**65])
def test_large_labels_are_kept_apart(folder, output, base):
    X = pd.read_csv(folder / "plain.csv")[["age", "income"]]
    labels = [str(base + k) for k in (0, 1)]
    X["y"] = np.where(X["age"] > 50, *labels)
    X.to_csv(folder / "labels.csv", index=False)
    out = output("fit labels.csv --target y --alpha 0.01 --loss logistic --model l.json")
    assert all(label in entry(out, "classes") for label in labels)
    lines = output("predict l.json labels.csv").splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == set(labels)
    out = output("check labels.csv --target y --coef l.json --tol 1e-6")


@pytest.mark.parametrize("label", ["inf", "nan", "NA", ""])
def test_labels_that_are_none(folder, error, label):
    X = pd.read_csv(folder / "plain.csv")[["age", "income"]]
    X["y"] = np.where(X["age"] > 50, "0", "1")
    X.loc[4, "y"] = label
    X.to_csv(folder / "labels.csv", index=False)
    message = error("fit labels.csv --target y --alpha 0.01 --loss logistic")
    assert "in row 5, column 'y'" in message


def test_features_that_were_absent_in_training(folder, output, run):
    rng = np.random.default_rng(6)
    X = sp.random_array((50, 12), density=0.5, rng=rng, format="csr")
    y = X @ np.arange(12.0)
    dump_svmlight_file(X[:, :9], y, str(folder / "train.svm"))
    dump_svmlight_file(X, y, str(folder / "test.svm"))
    output("fit train.svm --alpha 0.01 --model t.json")
    first = output("predict t.json train.svm")
    status, out, err = run("predict t.json test.svm")
    assert status == 0
    assert out == first
    assert err == (
        "riata: warning: test.svm has 12 features, of which the model does not know those "
        "from 9 on; they are ignored\n"
    )


def test_coefficients_of_many_features(folder, output):
    (folder / "wide.svm").write_text("1 5:1\n2 1000000:2\n3.5 1234567:3\n")
    (folder / "wide.csv").write_text("feature,coef\n1000000,0.5\n1234567.0,0.25\n")
    out = output("check wide.svm --coef wide.csv --alpha 0.1")
    assert entry(out, "non-zero") == "2 of 1234568"
    residual = np.array([1.0, 2.0 - 1.0, 3.5 - 0.75])
    objective = (residual**2).sum() / 6 + 0.1 * 0.75
    assert float(entry(out, "objective")) == pytest.approx(objective)


def test_coefficients_that_are_there_twice(folder, error):
    (folder / "twice.csv").write_text("feature,coef\nage,1\nage,2\n")
    check = "check plain.csv --target cost --alpha 0.2 --coef"
    assert "'age' is there twice" in error(f"{check} twice.csv")
    (folder / "gap.csv").write_text("feature,coef\nage,\n")
    assert "no value in row 1" in error(f"{check} gap.csv")


def test_check_sorts_factors_and_bounds_with_the_columns(folder, output, error):
    X, y = plain(folder)
    factor = np.linspace(0.0, 2.0, X.shape[1])
    model = riata.Lasso(alpha=0.2, penalty_factor=factor, upper=factor).fit(X, y)
    riata.save_model(model, folder / "factor.json")
    X.assign(cost=y)[[*X.columns[::-1], "cost"]].to_csv(folder / "turned.csv", index=False)
    output("check turned.csv --target cost --coef factor.json --tol 1e-6")
    message = error("check plain.csv --target cost --drop age --coef factor.json")
    assert "lacks the feature 'age'" in message


# --- path


def test_path(folder, output):
    X, y = plain(folder)
    out = output("path plain.csv --target cost --alphas 30 --csv path.csv --plot path.png")
    path = riata.fit_path(X, y, alphas=30)
    assert out.startswith("Lasso path, squared loss: 120 samples, 6 features\n30 alphas")
    assert (folder / "path.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(folder / "path.csv")
    np.testing.assert_allclose(table["alpha"], path.alphas, rtol=1e-14)
    np.testing.assert_allclose(table["age"], path.coefs[0], rtol=1e-10)
    np.testing.assert_allclose(table["intercept"], path.intercept, rtol=1e-10)
    assert (table["status"] == "optimal").all()


def test_path_of_classes(folder, output):
    out = output(
        "path people.csv --target grade --loss multinomial --drop city --drop cost "
        "--alphas 5 --csv path.csv"
    )
    assert out.startswith("Lasso path, multinomial loss")
    table = pd.read_csv(folder / "path.csv")
    assert {"intercept_2", "age (high)", "age (tiny)"} <= set(table)


def test_features_with_names_of_other_columns(folder, output):
    X, y = plain(folder)
    X = X[["age", "income"]].set_axis(["alpha", "status"], axis=1)
    X.assign(y=y).to_csv(folder / "names.csv", index=False)
    output("path names.csv --target y --alphas 5 --csv path.csv")
    table = pd.read_csv(folder / "path.csv")
    path = riata.fit_path(X, y, alphas=5)
    np.testing.assert_allclose(table["alpha"], path.alphas)
    np.testing.assert_allclose(table["coefficient alpha"], path.coefs[0])


def test_grid(folder, output):
    output("path plain.csv --target cost --alphas 4 --alpha-min-ratio 0.1 --csv path.csv")
    alphas = pd.read_csv(folder / "path.csv")["alpha"]
    assert len(alphas) == 4
    assert alphas.iloc[-1] == pytest.approx(0.1 * alphas.iloc[0])


# --- cv


def test_cv(folder, output):
    X, y = plain(folder)
    out = output(
        "cv plain.csv --target cost --folds 4 --alphas 30 --l1-ratio 0.5,1 "
        "--select 1se --model cv.json --plot cv.png"
    )
    cv = riata.cv_path(X, y, cv=4, alphas=30, l1_ratio=[0.5, 1.0])
    choice = cv.select("1se")
    model = riata.load_model(folder / "cv.json")
    np.testing.assert_array_equal(model.coef, choice.coef)
    assert (model.alpha, model.l1_ratio) == (choice.alpha, choice.l1_ratio)
    (chosen,) = re.findall(r"^ *(\S+) +(\d+) +(\S+) .*<- 1se$", out, re.M)
    assert chosen[0] == f"{choice.alpha:.4g}"
    assert int(chosen[1]) == np.count_nonzero(choice.coef)
    score = cv.mean_score()[choice.which, choice.at]
    assert float(chosen[2]) == pytest.approx(score, rel=1e-4)
    (share,) = re.findall(r"^age .* (\S+)$", out, re.M)
    assert float(share) == cv.selection_frequency("1se")[0]
    assert (folder / "cv.png").read_bytes().startswith(b"\x89PNG")


def test_cv_of_classes(folder, output):
    output(
        "cv people.csv --target grade --loss logistic --drop city --drop cost "
        "--folds 3 --alphas 8 --model cv.json"
    )
    assert riata.load_model(folder / "cv.json").classes.tolist() == ["high", "low", "tiny"]


# --- check


def test_check_a_model(output, run):
    data = "plain.csv --target cost"
    output(f"fit {data} --alpha 0.2 --standardize --l1-ratio 0.7 --model m.json")
    out = output(f"check {data} --coef m.json --tol 1e-6")
    assert float(entry(out, "relative gap")) <= 1e-6
    gap = float(entry(out, "objective")) - float(entry(out, "lower bound"))
    assert gap == pytest.approx(float(entry(out, "gap")), abs=1e-6)
    status, out, _ = run(f"check {data} --coef m.json --alpha 2 --tol 1e-6")
    assert status == 1
    assert out.endswith("The relative gap is larger than 1e-06.\n")
    assert float(entry(out, "relative gap")) > 1e-3


def test_check_other_packages(folder, output, error):
    X, y = plain(folder)
    model = linear_model.Lasso(alpha=0.2, tol=1e-8).fit(X, y)
    names = ["(Intercept)", *X.columns]
    values = np.r_[model.intercept_, model.coef_]
    pd.DataFrame({"": names, "s0": values}).to_csv(folder / "r.csv", index=False)
    np.savetxt(folder / "bare.csv", model.coef_)
    table = pd.DataFrame({"coef": values, "feature": names})
    table.to_csv(folder / "named.csv", index=False)
    data = "check plain.csv --target cost --alpha 0.2"
    for coef in (
        "r.csv", "named.csv", f"bare.csv --intercept {float(model.intercept_)!r}",
    ):
        assert float(entry(output(f"{data} --coef {coef}"), "relative gap")) < 1e-6
    pd.DataFrame({"name": ["agge"], "coef": [1.0]}).to_csv(
        folder / "typo.csv", index=False
    )
    assert "'agge' is no feature of plain.csv; did you mean 'age'?" in error(
        f"{data} --coef typo.csv"
    )
    np.savetxt(folder / "few.csv", [1.0, 2.0])
    assert "2 coefficients for 6 features" in error(f"{data} --coef few.csv")
    assert "--alpha is needed" in error("check plain.csv --target cost --coef r.csv")
    assert "no such file" in error(f"{data} --coef nothing.csv")


def test_check_finds_the_columns_of_a_model(folder, output, error):
    output("fit plain.csv --target cost --alpha 0.2 --model m.json")
    frame = pd.read_csv(folder / "plain.csv")
    frame[frame.columns[::-1]].to_csv(folder / "turned.csv", index=False)
    out = output("check turned.csv --target cost --coef m.json")
    assert float(entry(out, "relative gap")) <= 1e-6
    frame.assign(extra=1.0).to_csv(folder / "more.csv", index=False)
    assert "--drop extra" in error("check more.csv --target cost --coef m.json")


def test_check_knows_labels_of_other_kinds(folder, output, error):
    X, y = plain(folder)
    for labels in (y > 40, np.where(y > 40, 2.0, 1.0), np.where(y > 40, 7, 5)):
        model = riata.GeneralizedLinearClassifier(alpha=0.05).fit(X, labels)
        riata.save_model(model, folder / "l.json")
        X.assign(label=labels).to_csv(folder / "labels.csv", index=False)
        out = output("check labels.csv --target label --coef l.json")
        assert float(entry(out, "relative gap")) <= 1e-6
    X.assign(label=np.where(y > 40, 7, 6)).to_csv(folder / "labels.csv", index=False)
    message = error("check labels.csv --target label --coef l.json")
    assert "holds '6', which is no class of the model ('5', '7')" in message


# --- what is wrong


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("fit people.cvs --alpha 1", "did you mean 'people.csv'"),
        ("fit plain.csv --alpha 1", r"--target is needed.*\('age', 'income'"),
        ("fit plain.csv --target csot --alpha 1", "did you mean 'cost'"),
        ("fit plain.csv --target 99 --alpha 1", "columns 0 to 6"),
        ("fit plain.csv --target cost", "--alpha is needed; riata cv"),
        ("fit plain.csv --target cost --alpha -1", "--alpha"),
        ("fit plain.csv --target cost --alpha 1 --l1-ratio 3", "l1_ratio"),
        ("fit plain.csv --target cost --alpha 1 --loss sqared", "'sqared' is unknown"),
        ("fit plain.csv --target cost --alpha 1 --loss huber:x", "'x' is no number"),
        ("fit plain.csv --target cost --alpha 1 --loss huber:-1", "delta"),
        ("fit plain.csv --target cost --alpha 1 --loss poisson:2", "has no parameter"),
        ("fit plain.csv --target cost --alpha 1 --weights wieght", "did you mean 'weight'"),
        ("fit plain.csv --target cost --alpha 1 --weights cost", "another role"),
        ("fit plain.csv --target cost --alpha 1 --drop zzz", "--drop 'zzz'"),
        ("fit plain.csv --target cost --alpha 1 --model no/m.json", "no folder no"),
        ("fit plain.csv --target cost --alpha 1 --loss logistic", "no class"),
        ("fit plain.csv --target weight --alpha 1 --loss squared_hinge", "two classes"),
        ("fit people.csv --target grade --drop city --alpha 1", "use --loss logistic"),
        ("path plain.csv --target cost --alphas 0", "alphas"),
        ("path plain.csv --target cost --alpha-min-ratio 2", "alpha_min_ratio"),
        ("cv plain.csv --target cost --select best", "--select is 'best'"),
        ("cv plain.csv --target cost --folds 1", "--folds is 1"),
        ("cv plain.csv --target cost --folds 121",
         "--folds is 121, but plain.csv has 120 samples; choose at most 120"),
        ("cv rare.csv --target y --loss logistic --folds 4",
         "--folds is 4, but no class of rare.csv has more than 3"),
        ("cv plain.csv --target cost --plot cv.bmp", "--plot cv.bmp: matplotlib cannot"),
        ("cv plain.csv --target cost --plot no/cv.png", "no folder no"),
        ("path plain.csv --target cost --csv .", "is a folder"),
        ("path plain.csv --target cost --csv x.png --plot ./x.png", "would replace x.png"),
        ("fit plain.csv --target cost --alpha 1 --model plain.csv", "replace plain.csv"),
        ("fit plain.csv --target cost --alpha 1 --categorical cost", "another role"),
        ("demo --picture x.bmp", "--picture x.bmp: matplotlib cannot"),
        ("path people.csv --target grade --loss multinomial --drop city --plot x.png",
         "several classes"),
        ("predict plain.csv plain.csv", "no model of riata"),
        ("predict none.json plain.csv", "none.json: No such file"),
    ],
)
def test_errors(error, command, message):
    assert re.search(message, error(command))


def test_wrong_arguments_are_told_by_argparse(run, capsys):
    for command in ("nonsense", "fit", "fit plain.csv --alpha x", "check plain.csv"):
        with pytest.raises(SystemExit) as stop:
            run(command)
        assert stop.value.code == 2
        assert "usage: riata" in capsys.readouterr().err


def test_predict_without_a_column(folder, output, error):
    output("fit plain.csv --target cost --alpha 0.2 --model m.json")
    frame = pd.read_csv(folder / "plain.csv")
    frame.rename(columns={"age": "agee"}).to_csv(folder / "lacks.csv", index=False)
    message = error("predict m.json lacks.csv")
    assert "lacks the column 'age' of the model; did you mean 'agee'?" in message


def test_warnings_are_lines_too(run):
    status, _, err = run(
        "fit plain.csv --target claims --alpha 1e-9 --loss poisson --tol 1e-300"
    )
    assert status == 0
    assert err.startswith("riata: warning: 1 of 1 alphas did not reach tol=1e-300")
    assert err.count("\n") == 1


def test_pictures_need_matplotlib(error, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = error("path plain.csv --target cost --plot x.png")
    assert "pip install 'riata[plot]'" in message


def test_interrupt(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("riata._path._fit.fit_path", interrupted)
    assert run("fit plain.csv --target cost --alpha 1")[0] == 130


# --- help, and the program as installed


COMMANDS = ("fit", "cv", "path", "predict", "check", "demo", "versions")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    assert out.isascii()
    assert len(out.splitlines()) <= 62
    if command not in ("versions",):
        assert f"example:\n  riata {command}" in out


def test_without_a_command(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in COMMANDS)


def test_the_script_runs(folder):
    (script,) = metadata.entry_points(group="console_scripts", name="riata")
    assert script.load() is main
    program = os.path.join(os.path.dirname(sys.executable), "riata")
    command = f"{program} fit plain.csv --target cost --alpha 0.2 --model s.json"
    done = subprocess.run(
        command.split(), capture_output=True, text=True, cwd=folder, check=True
    )
    assert "The model is written to s.json" in done.stdout
    assert json.loads((folder / "s.json").read_text())["format"] == "riata linear model"
    wrong = subprocess.run(
        [program, "fit", "zzz.csv"], capture_output=True, text=True, cwd=folder,
        check=False,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


def shell(command, folder):
    """Run a line of a shell, where riata is the installed program."""
    program = os.path.join(os.path.dirname(sys.executable), "riata")
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command.replace('riata', program, 1)}"],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip


CLOSED = "the output was closed before its end; files that were asked for are written.\n"


def test_a_reader_that_stops_reading_loses_no_file(folder):
    for command, files in (
        ("riata fit plain.csv --target cost --alpha 0.2 --model f.json", ["f.json"]),
        ("riata cv plain.csv --target cost --alphas 5 --folds 2 --model c.json",
         ["c.json"]),
        ("riata path plain.csv --target cost --alphas 50 --csv p.csv --plot p",
         ["p.csv", "p"]),
    ):
        done = shell(f"{command} | true", folder)
        assert done.returncode == 141
        assert done.stderr == f"riata {command.split()[1]}: {CLOSED}"
        assert all((folder / file).stat().st_size for file in files)
    assert (folder / "p").read_bytes().startswith(b"\x89PNG")
    riata.load_model(folder / "c.json")


def test_a_disk_that_is_full_ends_in_a_line(folder, output):
    output("fit plain.csv --target cost --alpha 0.2 --model m.json")
    done = shell("riata predict m.json plain.csv > /dev/full", folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "riata predict: error: " in done.stderr
    assert "No space left on device" in done.stderr


def test_too_little_memory_ends_in_a_line(error, monkeypatch):
    for message in ("Unable to allocate 9.3 TiB", ""):
        def without_memory(*_, message=message, **__):
            raise MemoryError(message)

        monkeypatch.setattr("riata._path._fit.fit_path", without_memory)
        found = error("fit plain.csv --target cost --alpha 1")
        assert found.startswith("riata fit: error: there is not enough memory")
        assert message in found


def test_pipes_and_devices_are_written_to(folder, output):
    output("fit plain.csv --target cost --alpha 0.2 --model m.json")
    whole = output("predict m.json plain.csv")
    assert shell("riata predict m.json plain.csv -o /dev/stdout | cat", folder).stdout == (
        whole + "120 predictions are written to /dev/stdout\n"
    )
    os.mkfifo(folder / "pipe")
    done = shell("riata predict m.json plain.csv -o pipe > /dev/null & cat pipe", folder)
    assert done.stdout == whole
    assert not (folder / "pipe").is_file()


# --- the page on the command line


def blocks_of_the_page():
    """Commands of docs/command_line.rst, each with what it prints there."""
    page = Path(__file__).parent.parent / "docs" / "command_line.rst"
    blocks = re.findall(
        r"^\.\. code-block:: console\n\n((?:   .*\n|\n)+)", page.read_text(), re.M
    )
    for block in blocks:
        lines = [line.removeprefix("   ") for line in block.rstrip().split("\n")]
        assert lines[0].startswith("$ ")
        yield lines[0][2:], "\n".join(lines[1:]) + "\n"


def test_the_page_is_true(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS
    for command, expected in blocks_of_the_page():
        program, *arguments = shlex.split(command)
        if program == "python":
            exec(arguments[1], {})
            continue
        assert main(arguments) == 0
        out, err = capsys.readouterr()
        assert err == ""
        expected = expected.replace("<BLANKLINE>\n", "\n")
        assert checker.check_output(expected, out, flags), out
