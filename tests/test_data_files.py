"""Files of data are read as they are meant, and what is wrong in them is named."""

import gzip
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.io
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file

from riata._data_files import (
    MatrixFile,
    TableFile,
    one_hot_columns,
    read_csv,
    read_data,
    suggestion,
)


@pytest.fixture(params=["pandas", "by hand"])
def reader(request, monkeypatch):
    """Both ways to read a CSV file."""
    if request.param == "by hand":
        monkeypatch.setitem(sys.modules, "pandas", None)
    return request.param


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_text(text, name="data.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return name

    return write_text


def design(source, **options):
    X, names = source.design(**options)
    return np.asarray(X).tolist(), names


# --- CSV


@pytest.mark.usefixtures("reader")
class TestCSV:
    def test_columns(self, write):
        table = read_data(write("a,b,y\n1,2.5,3\n-4,5e3,6\n"))
        assert table.take("y", "--target").tolist() == [3.0, 6.0]
        assert design(table) == ([[1.0, 2.5], [-4.0, 5000.0]], ["a", "b"])

    @pytest.mark.parametrize("mark", [",", ";", "\t"])
    def test_separators(self, write, mark):
        table = read_data(write(f"a{mark}b\n1{mark}2\n3{mark}4\n"))
        assert design(table) == ([[1.0, 2.0], [3.0, 4.0]], ["a", "b"])

    def test_quotes_spaces_blank_lines_and_a_byte_order_mark(self, write):
        text = '"a, first", b\n1, 2\n\n"3", 4\n'
        table = read_data(write(text, encoding="utf-8-sig"))
        assert design(table) == ([[1.0, 2.0], [3.0, 4.0]], ["a, first", "b"])

    def test_compressed(self, tmp_path):
        file = tmp_path / "data.csv.gz"
        file.write_bytes(gzip.compress(b"a,b\n1,2\n"))
        assert design(read_data(str(file))) == ([[1.0, 2.0]], ["a", "b"])

    def test_no_header(self, write):
        table = read_data(write("1,2\n3,4\n5,6\n"))
        assert table.take("-1", "--target").tolist() == [2.0, 4.0, 6.0]
        assert design(table) == ([[1.0], [3.0], [5.0]], ["0"])

    def test_truth_values_are_numbers(self, write):
        table = read_data(write("a,b\nTrue,1\nFalse,2\n"))
        assert design(table)[0] == [[1.0, 1.0], [0.0, 2.0]]

    def test_row_names_are_left_out(self, write):
        with pytest.warns(UserWarning, match="without a name"):
            table = read_data(write(",a,b\n0,1,2\n1,3,4\n"))
        assert design(table)[1] == ["a", "b"]

    def test_text(self, write):
        table = read_data(write("a,city\n1,Rome\n2,Oslo\n3,Rome\n"))
        with pytest.raises(ValueError, match=r"'city' holds text \('Rome', 'Oslo'\)"):
            table.design()
        X, names = design(table, one_hot=True)
        assert names == ["a", "city=Oslo", "city=Rome"]
        assert X == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]

    def test_one_wrong_cell_is_no_category(self, write):
        table = read_data(write("a,b\n1,2\n4o,3\n5,4\n"))
        for one_hot in (False, True):
            with pytest.raises(ValueError, match="'4o' in row 2, column 'a' is no number"):
                table.design(one_hot)

    @pytest.mark.parametrize("cell", ["", "NA", "nan"])
    def test_missing(self, write, cell):
        table = read_data(write(f"a,b\n1,2\n{cell},3\n5,4\n"))
        with pytest.raises(ValueError, match=r"no value in row 2, column 'a' \(1 of 3"):
            table.design()
        with pytest.raises(ValueError, match="row 2"):
            table.take("a", "--target")

    def test_missing_text(self, write):
        table = read_data(write("a,b\n1,x\n2,\n3,y\n"))
        with pytest.raises(ValueError, match="no value in row 2, column 'b'"):
            table.design(one_hot=True)

    def test_infinite(self, write):
        table = read_data(write("a,b\n1,2\n3,inf\n"))
        with pytest.raises(ValueError, match="inf in row 2, column 'b'"):
            table.design()

    def test_a_row_too_long(self, write):
        with pytest.raises(ValueError, match="expected 2 cells in line 3, saw 3"):
            read_data(write("a,b\n1,2\n3,4,5\n6,7\n"))

    def test_a_row_too_short(self, write):
        with pytest.raises(ValueError, match=r"line 3, saw 1|no value in row 2"):
            read_data(write("a,b\n1,2\n3\n6,7\n")).design()

    def test_all_rows_too_long(self, write):
        with pytest.raises(ValueError, match=r"header|expected 2 cells"):
            read_data(write("a,b\n1,2,3\n4,5,6\n"))

    def test_names_given_twice(self, write):
        with pytest.raises(ValueError, match="two columns named 'a'"):
            read_data(write("a,b,a\n1,2,3\n"))

    def test_no_rows(self, write):
        with pytest.raises(ValueError, match="header but no rows"):
            read_data(write("a,b\n"))
        with pytest.raises(ValueError, match="has no rows"):
            read_data(write("\n\n"))

    def test_other_encodings(self, write):
        with pytest.raises(ValueError, match="not in UTF-8"):
            read_data(write("größe,b\n1,2\n", encoding="latin-1"))


def test_both_readers_agree(write, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((50, 4)), columns=list("abcd"))
    frame["e"], frame["f"] = rng.choice(["x", "y z"], 50), rng.integers(0, 9, 50)
    frame.to_csv("both.csv", index=False)
    first = read_data("both.csv").design(one_hot=True)
    monkeypatch.setitem(sys.modules, "pandas", None)
    second = read_data("both.csv").design(one_hot=True)
    np.testing.assert_allclose(first[0], second[0], rtol=1e-15)
    assert first[1] == second[1]


# --- other tables


@pytest.mark.parametrize("blocked", [(), ("pandas",), ("pyarrow", "fastparquet")])
def test_parquet(tmp_path, monkeypatch, blocked):
    frame = pl.DataFrame({
        "a": [1, 2, None], "b": [0.5, 1.5, 2.5], "c": ["x", None, "z"],
        "d": [True, False, True],
    })
    frame.write_parquet(tmp_path / "data.parquet")
    for name in blocked:
        monkeypatch.setitem(sys.modules, name, None)
    table = read_data(str(tmp_path / "data.parquet"))
    assert table.columns["b"].tolist() == [0.5, 1.5, 2.5]
    assert table.columns["c"].tolist() == ["x", None, "z"]
    assert table.columns["d"].tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(table.columns["a"][2])


def test_parquet_without_a_reader(tmp_path, monkeypatch):
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"riata\[frames\]"):
        read_data(str(tmp_path / "data.parquet"))


# --- matrices


@pytest.fixture
def sparse():
    rng = np.random.default_rng(3)
    return sp.random_array((12, 5), density=0.5, rng=rng, format="csr")


def test_svmlight(tmp_path, sparse):
    y = np.arange(12.0)
    dump_svmlight_file(sparse, y, str(tmp_path / "data.svm"), zero_based=False)
    source = read_data(str(tmp_path / "data.svm"))
    assert source.take(source.own_target, "--target").tolist() == y.tolist()
    X, names = source.design()
    assert names is None
    # features have the numbers of the file, which counts from 1
    assert X[:, [0]].nnz == 0
    np.testing.assert_allclose(X[:, 1:].toarray(), sparse.toarray(), rtol=1e-14)


def test_matrix_market_and_npz(tmp_path, sparse):
    scipy.io.mmwrite(tmp_path / "data.mtx", sparse)
    sp.save_npz(tmp_path / "data.npz", sparse)
    for name in ("data.mtx", "data.npz"):
        source = read_data(str(tmp_path / name))
        assert source.own_target is None
        target = source.take("-2", "--target")
        np.testing.assert_allclose(target, sparse.toarray()[:, 3], rtol=1e-14)
        X, _ = source.design()
        np.testing.assert_allclose(X.toarray(), sparse.toarray()[:, [0, 1, 2, 4]])


def test_archive(tmp_path, sparse):
    X, names = sparse.toarray(), list("abcde")
    file = tmp_path / "data.npz"
    np.savez(file, X=X, y=np.arange(12), w=np.ones(12), feature_names=names, bad=[1, 2])
    source = read_data(str(file))
    assert source.own_target == "y"
    assert source.take("w", "--weights").tolist() == [1.0] * 12
    assert source.take("b", "--offset").tolist() == X[:, 1].tolist()
    assert source.design()[1] == list("acde")
    np.testing.assert_array_equal(source.aligned(["e", "a"])[0], X[:, [4, 0]])
    with pytest.raises(ValueError, match="lacks the feature 'aa'"):
        source.aligned(["aa"])
    with pytest.raises(ValueError, match="'bad' has 2 values for 12"):
        source.take("bad", "--weights")
    with pytest.raises(ValueError, match="nothing of that name"):
        source.take("zzz", "--weights")
    with pytest.raises(ValueError, match="columns 0 to 4"):
        source.take("9", "--target")


def test_archives_that_do_not_fit(tmp_path):
    np.savez(tmp_path / "a.npz", Z=np.ones((2, 2)))
    np.savez(tmp_path / "b.npz", X=np.ones(2))
    np.savez(tmp_path / "c.npz", X=np.ones((2, 2)), feature_names=["a"])
    np.savez(tmp_path / "d.npz", X=np.array([[{}]], dtype=object))
    for name, message in (
        ("a", "no array 'X'"), ("b", "no table"), ("c", "1 names for 2"),
        ("d", "cannot be read"),
    ):
        with pytest.raises(ValueError, match=message):
            read_data(str(tmp_path / f"{name}.npz"))


@pytest.mark.parametrize("suffix", ["npz", "mtx", "svm", "parquet"])
def test_damaged_files(tmp_path, suffix):
    file = tmp_path / f"data.{suffix}"
    file.write_bytes(b"this is nothing of the kind\n")
    with pytest.raises(ValueError, match=r"data\.\w+ cannot be read"):
        read_data(str(file))


# --- files, names and roles


def test_files(write, tmp_path):
    write("a,b\n1,2\n", "sales.csv")
    write("x", "sales.xlsx")
    write("", "nothing.csv")
    with pytest.raises(ValueError, match="no such file; did you mean 'sales"):
        read_data("sale.csv")
    with pytest.raises(ValueError, match=r"no such file\.$"):
        read_data("qqq/zzz.csv")
    with pytest.raises(ValueError, match=r"unknown kind of file \.xlsx; riata reads \.csv"):
        read_data("sales.xlsx")
    with pytest.raises(ValueError, match="is empty"):
        read_data("nothing.csv")
    with pytest.raises(ValueError, match="no such file"):
        read_data(str(tmp_path))


def test_roles():
    table = TableFile("t.csv", {"price": np.arange(3.0), "size": np.ones(3)})
    with pytest.raises(ValueError, match="no such column; did you mean 'price'"):
        table.take("Prices", "--target")
    with pytest.raises(ValueError, match=r"no such column; it has 'price', 'size'\."):
        table.take("zzz", "--target")
    with pytest.raises(ValueError, match="columns 0 to 1"):
        table.take("2", "--target")
    assert table.take("1", "--target").tolist() == [1.0] * 3
    with pytest.raises(ValueError, match="another role"):
        table.take("size", "--weights")
    table.take("price", "--weights")
    with pytest.raises(ValueError, match="no columns left"):
        table.design()


def test_numbers_count_columns_also_after_one_is_taken():
    table = TableFile("t.csv", {name: np.full(2, k) for k, name in enumerate("abc")})
    table.take("0", "--target")
    assert table.take("2", "--weights")[0] == 2.0


def test_a_name_that_is_a_number_is_a_name():
    table = TableFile("t.csv", {"1": np.zeros(2), "0": np.ones(2)})
    assert table.take("0", "--target")[0] == 1.0


def test_vectors_from_files(write):
    table = TableFile("t.csv", {"a": np.zeros(3)})
    write("1\n2\n3\n", "plain.txt")
    write("y\n1\n2\n3\n", "headed.csv")
    np.save("y.npy", np.array([1, 2, 3]))
    for name in ("plain.txt", "headed.csv", "y.npy"):
        assert table.take(name, "--target").tolist() == [1.0, 2.0, 3.0]
    write("1,2\n3,4\n", "two.csv")
    with pytest.raises(ValueError, match="2 columns"):
        table.take("two.csv", "--target")
    write("1\n2\n", "short.txt")
    with pytest.raises(ValueError, match="2 values for 3 samples"):
        table.take("short.txt", "--target")


def test_alignment():
    columns = {
        "y": np.zeros(3), "b": np.arange(3.0), "a": np.ones(3),
        "city": np.array(["Rome", "Oslo", "Bonn"], dtype=object),
    }
    table = TableFile("t.csv", columns)
    X, notes = table.aligned(["a", "b", "city=Rome", "city=Oslo"])
    assert X.tolist() == [[1, 0, 1, 0], [1, 1, 0, 1], [1, 2, 0, 0]]
    assert notes == ["the model does not know city=Bonn; it counts as none"]
    with pytest.raises(ValueError, match="lacks the column 'bb'"):
        table.aligned(["a", "bb"])
    with pytest.raises(ValueError, match="holds text"):
        table.aligned(["city"])


def test_alignment_asks_only_for_the_columns_of_the_model():
    columns = {"a": np.ones(2), "b": np.array([np.nan, 1.0])}
    assert TableFile("t.csv", columns).aligned(["a"])[0].tolist() == [[1.0], [1.0]]
    with pytest.raises(ValueError, match="row 1, column 'b'"):
        TableFile("t.csv", columns).aligned(["b"])


def test_matrices_without_names_are_taken_as_they_are():
    X = np.arange(6.0).reshape(3, 2)
    assert MatrixFile("m", X).aligned(["a", "b"])[0].tolist() == X.tolist()


def test_labels_that_are_numbers_align():
    encoded = one_hot_columns("zip", np.array(["10", "20"], dtype=object))
    names = [name for name, _ in encoded]
    table = TableFile("t.csv", {"zip": np.array([20.0, 10.0])})
    assert table.aligned(names)[0].tolist() == [[0, 1], [1, 0]]


def test_suggestion():
    assert suggestion("PRICE", ["price", "size"]) == "; did you mean 'price'?"
    assert suggestion("zzz", ["price"]) == ""


def test_read_csv_takes_names_of_rows_as_they_are(write):
    from pathlib import Path

    columns = read_csv(Path(write(",s0\n(Intercept),1\nage,2\n")))
    assert columns[""].tolist() == ["(Intercept)", "age"]
