"""Files of data are read as they are meant, and what is wrong in them is named."""

import bz2
import csv
import decimal
import gzip
import lzma
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file

import riata
from riata._cli._columns import class_labels, to_number
from riata._cli._csv_file import is_header, read_csv
from riata._cli._data_files import MatrixFile, TableFile, read_data
from riata._cli._file_kinds import suggestion
from riata._cli._table_file import Encoding


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_text(text, name="data.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return name

    return write_text


ONE_HOT = Encoding(one_hot=True)


def design(source, *arguments):
    features = source.design(*arguments)
    return np.asarray(features.X).tolist(), features.names


# --- CSV


class TestCSV:
    def test_columns(self, write):
        table = read_data(write("a,b,y\n1,2.5,3\n-4,5e3,6\n"))
        assert table.take("y", "--target").numbers().tolist() == [3.0, 6.0]
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
        table = read_data(write("1.5,2\n3,4\n5,6\n"))
        assert table.take("-1", "--target").numbers().tolist() == [2.0, 4.0, 6.0]
        assert design(table) == ([[1.5], [3.0], [5.0]], ["0"])

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
        X, names = design(table, ONE_HOT)
        assert names == ["a", "city=Oslo", "city=Rome"]
        assert X == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]

    def test_one_wrong_cell_is_no_category(self, write):
        table = read_data(write("a,b\n1,2\n4o,3\n5,4\n"))
        for encoding in (None, ONE_HOT):
            with pytest.raises(ValueError, match="'4o' in row 2, column 'a' is no number"):
                table.design(encoding)

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
            table.design(ONE_HOT)

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


def test_a_file_means_the_same_whatever_is_installed(write, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((50, 4)), columns=list("abcd"))
    frame["e"], frame["f"] = rng.choice(["x", "y z"], 50), rng.integers(0, 9, 50)
    frame.to_csv("both.csv", index=False)
    first = read_data("both.csv").design(ONE_HOT)
    np.testing.assert_array_equal(first.X[:, :4], frame[list("abcd")])  # to the last bit
    for name in ("pandas", "polars", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    second = read_data("both.csv").design(ONE_HOT)
    np.testing.assert_array_equal(first.X, second.X)
    assert first.names == second.names


# --- cells


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1", 1.0), (" -2.5e3 ", -2500.0), (".5", 0.5), ("+7.", 7.0), ("1e400", np.inf),
        ("-inf", -np.inf), ("36893488147419103232", 2.0**65), ("TRUE", 1.0),
        ("false", 0.0), ("\xa04", 4.0),
    ],
)  # fmt: skip
def test_what_is_a_number(cell, number):
    assert to_number(cell) == number


@pytest.mark.parametrize(
    "cell",
    ["2020_01", "1_000", "\uff11\uff12", "\u0661", "1,5", "0x10", "1 2", "yes ", "--1",
     "1e", "12:30", "?", ".", "1d3", "none", "na", "nil"],
)  # fmt: skip
def test_what_is_text(cell):
    assert to_number(cell) is None


@pytest.mark.parametrize(
    "cell", ["", " ", "NA", "NA ", "#N/A", "<NA>", "n/a", "NaN", "-NAN", "NULL", "None"]
)
def test_what_is_missing(cell):
    assert np.isnan(to_number(cell))


CELLS = st.lists(st.one_of(
    st.floats().map(repr), st.integers().map(str), st.sampled_from(["NA", "True", "1_0"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
), min_size=1, max_size=30)  # fmt: skip


@given(CELLS, st.sampled_from(",;\t"))
def test_columns_hold_what_their_cells_hold(tmp_path_factory, cells, mark):
    """Whatever the cells, and however they have to be quoted."""
    file = tmp_path_factory.getbasetemp() / "cells.csv"
    frame = pd.DataFrame({"a": cells, "b": "x"})
    frame.to_csv(file, index=False, sep=mark, quoting=csv.QUOTE_NONNUMERIC)
    column = read_data(str(file)).columns["a"]
    expected = [to_number(cell) for cell in cells]
    if None in expected:
        assert column.numbers() is None
    else:
        np.testing.assert_array_equal(column.numbers(), expected)
    labels = [
        None if number is not None and np.isnan(number) else cell.strip()
        for number, cell in zip(expected, cells, strict=True)
    ]
    assert column.labels().tolist() == labels


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["0", "1", "1.0"], np.array([0, 1])),
        (["9007199254740993", "9007199254740992"], np.array([2**53, 2**53 + 1])),
        (["1e3", "-2"], np.array([-2, 1000])),
        ([str(2**64 - 1), str(2**64 - 2)], np.array([2**64 - 2, 2**64 - 1], np.uint64)),
        ([str(2**70), str(2**70 + 1)], np.array([str(2**70), str(2**70 + 1)])),
        (["007", "7"], np.array(["007", "7"])),
        (["True", "false"], np.array([False, True])),
        (["1", "b"], np.array(["1", "b"])),
    ],
)
def test_classes(cells, classes):
    column = TableFile("t", {"y": np.array(cells, dtype=object)}).columns["y"]
    found = np.unique(class_labels(column))
    assert found.dtype == classes.dtype
    assert found.tolist() == classes.tolist()


@pytest.mark.parametrize("cell", ["0.5", "inf", "1e999999999", "-1e400"])
@pytest.mark.parametrize("typed", [False, True])
def test_what_is_no_class(cell, typed):
    values = ["0", "1", cell]
    values = np.array(values, float) if typed else np.array(values, object)
    with pytest.raises(ValueError, match="no class; choose a loss for numbers"):
        class_labels(TableFile("t", {"y": values}).columns["y"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([0.0, np.nan]), "no value in row 2"),
        (np.array(["a", "b", ""]), "no value in row 3"),
        (np.array(["a", None], dtype=object), "no value in row 2"),
        (np.array([1.0, 2.0**53]), "9007199254740992 as a floating-point number"),
    ],
)
def test_what_is_no_class_in_arrays(values, message):
    with pytest.raises(ValueError, match=message):
        class_labels(TableFile("t", {"y": values}).columns["y"])


# --- the first row


@pytest.mark.parametrize(
    ("row", "header"),
    [
        ("a,b", True), ("a,2019,2020", True), ("0,1,2", True), (",0,1", True),
        (",0", True), ("1.5,2,3", False), ("1,1,2", False), ("-1,0,1", False),
        ("1", False), ("1,,3.5", False), ("NA,1.5", False), ("True,1.5", False),
        ("0.0,1.0,2.0", False), ("01,02,03", False), ("2020_01,2020_02", True),
    ],
)  # fmt: skip
def test_headers(row, header):
    assert is_header(row.split(","), name="t.csv") is header


@pytest.mark.parametrize(
    ("row", "header"),
    [
        ("2019,2020,2021", False), ("1,2", False), ("2,0,1", False), ("0", False),
        ("0,1", True), ("5.1,3.5,setosa", True),
    ],
)  # fmt: skip
def test_headers_that_may_be_values(row, header):
    with pytest.warns(UserWarning, match="the first row of t.csv"):
        assert is_header(row.split(","), name="t.csv") is header


def test_headers_with_the_names_of_a_model():
    assert is_header(["2019", "2020"], {"2020"}, "t.csv")
    assert is_header(["1.5", "2.5"], {"1.5", "2.5"}, "t.csv")
    assert not is_header(["0.5", "2.5"], {"1.5", "2.5"}, "t.csv")


def test_pandas_default_header(write):
    frame = pd.DataFrame(np.random.default_rng(0).standard_normal((7, 4)))
    for options in ({"index": False}, {}):
        text = frame.to_csv(**options)
        if options:
            table = read_data(write(text))
        else:
            with pytest.warns(UserWarning, match="without a name"):
                table = read_data(write(text))
        X, names = design(table)
        assert names == list("0123")
        np.testing.assert_array_equal(X, frame)


def test_the_header_may_be_told(write):
    years = write("2019,2020\n1,2\n3,4\n")
    assert design(read_data(years, header=True)) == ([[1, 2], [3, 4]], ["2019", "2020"])
    assert len(design(read_data(years, header=False))[0]) == 3
    assert design(read_data(years, known={"2020"}))[1] == ["2019", "2020"]
    iris = write("5.1,setosa\n4.9,other\n")
    assert read_data(iris, header=False).n_samples == 2
    with pytest.raises(ValueError, match="--no-header"):
        read_data(write("1,1\n2,3\n"), header=True)


# --- blank lines, quotes, damage


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_blank_lines_before_the_first(write, mark):
    table = read_data(write(f"\n  \n\na{mark}b\n\n1{mark}2\n"))
    assert design(table) == ([[1.0, 2.0]], ["a", "b"])


def test_quotes(write):
    table = read_data(write('"a; first\nof all";"b ""c"""\n"1";2\n'))
    assert design(table) == ([[1.0, 2.0]], ["a; first\nof all", 'b "c"'])
    with pytest.raises(ValueError, match="line 3"):
        read_data(write('a,b\n1,"2\n3,4\n'))
    with pytest.raises(ValueError, match="bytes of zero"):
        read_data(write("a,b\n1,2\x00\n"))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compression_is_recognised_by_content(tmp_path, pack):
    packed = pack(b"a,b\n" + b"1,2.5\n" * 1000)
    for name in ("data.csv.gz", "data.csv", "data"):
        (tmp_path / name).write_bytes(packed)
        assert read_data(str(tmp_path / name)).n_samples == 1000
    (tmp_path / "short.csv").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=r"short\.csv cannot be read"):
        read_data(str(tmp_path / "short.csv"))


# --- columns of text


def test_mixed_columns_are_categories(write):
    sizes = ["36", "38", "XL", "36", "38", "38"]
    table = read_data(write("size,b\n" + "".join(f"{each},1\n" for each in sizes)))
    with pytest.raises(ValueError, match=r"'XL' in row 3.*--categorical size"):
        table.design()
    with pytest.warns(UserWarning, match="'XL' in row 3, which occurs once"):
        X, names = design(table, ONE_HOT)
    assert names == ["size=36", "size=38", "size=XL", "b"]
    assert [row[:3] for row in X[:3]] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    features = table.design(Encoding(columns=("size", "b")))
    assert features.categories == {"size": ["36", "38", "XL"], "b": ["1"]}


def test_codes_keep_their_zeros(write):
    table = read_data(write("zip,b\n01234,1\n1234,2\n1.50,3\nTrue,4\n"))
    assert design(table, Encoding(columns=("zip",)))[1] == [
        "zip=01234", "zip=1.50", "zip=1234", "zip=True", "b"
    ]
    with pytest.warns(UserWarning, match=r"'01234' as 1234.*--categorical zip"):
        assert design(table, ONE_HOT)[1] == ["zip", "b"]


def test_names_that_collide(write):
    table = read_data(write("a,a=b\nb=c,c\nx,y\n"))
    with pytest.raises(ValueError, match=r"columns 'a' and 'a=b' both.*named 'a=b=c'"):
        table.design(ONE_HOT)
    table = read_data(write("a,a=b\nb,1\nx,2\n"))
    with pytest.raises(ValueError, match=r"columns 'a' and 'a=b' both.*named 'a=b'"):
        table.design(ONE_HOT)


def test_too_many_levels(write):
    text = "id,b\n" + "".join(f"k{k},1\n" for k in range(1500))
    with pytest.raises(ValueError, match=r"1500 different texts.*--drop id"):
        read_data(write(text)).design(ONE_HOT)


# --- Parquet


@pytest.mark.parametrize("blocked", [(), ("pandas",), ("polars", "pandas")])
def test_parquet(tmp_path, monkeypatch, blocked):
    frame = pl.DataFrame({
        "a": [1, 2, None], "b": [0.5, 1.5, 2.5], "c": ["x", None, "z"],
        "d": [True, False, True],
    })
    frame.write_parquet(tmp_path / "data.parquet")
    for name in blocked:
        monkeypatch.setitem(sys.modules, name, None)
    table = read_data(str(tmp_path / "data.parquet"))
    assert table.columns["b"].numbers().tolist() == [0.5, 1.5, 2.5]
    assert table.columns["c"].labels().tolist() == ["x", None, "z"]
    assert table.columns["d"].numbers().tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(table.columns["a"].numbers()[2])
    assert table.columns["a"].labels().tolist() == ["1", "2", None]


def test_parquet_without_a_reader(tmp_path, monkeypatch):
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"riata\[frames\]"):
        read_data(str(tmp_path / "data.parquet"))


@pytest.mark.parametrize("index", [[3, 1, 2], list("xyz")])
@pytest.mark.parametrize("name", [None, "id"])
def test_the_index_of_pandas_is_no_feature(tmp_path, index, name):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0]})
    frame.index = pd.Index(index, name=name)
    file = tmp_path / "data.parquet"
    frame.to_parquet(file)
    assert len(pq.read_schema(file)) == 3
    assert design(read_data(str(file)))[1] == ["a", "y"]
    X = riata.open_chunks(str(file), target="y")
    assert X.shape == (3, 1)
    assert X.target.tolist() == [0.0, 1.0, 2.0]


def test_the_index_of_pandas_in_files_that_lost_its_description(tmp_path):
    file = tmp_path / "data.parquet"
    pl.DataFrame({"a": [1.0, 2.0], "__index_level_0__": [5, 6]}).write_parquet(file)
    assert design(read_data(str(file)))[1] == ["a"]
    assert riata.open_chunks(str(file)).shape == (2, 1)


def test_types_of_parquet(tmp_path):
    file = tmp_path / "data.parquet"
    quarter = [decimal.Decimal(k) / 4 for k in (1, 2, 3)]
    frame = pa.table({
        "decimal": quarter, "half": np.array([1, 2, 3], np.float16),
        "big": pa.array([2**64 - 1, 0, 1], pa.uint64()),
        "digits": ["0", "1", "2"], "kind": pa.array(["4", "5", "4"]).dictionary_encode(),
        "when": pa.array([0, 1, 2], pa.timestamp("s")),
    })  # fmt: skip
    pq.write_table(frame, file)
    table = read_data(str(file))
    assert table.take("big", "--target").numbers()[0] == 2.0**64
    with pytest.raises(ValueError, match=r"'when' holds values of type timestamp.*--drop"):
        table.design(ONE_HOT)
    table.drop("when", "--drop")
    with pytest.raises(ValueError, match=r"'digits' holds text \('0', '1', '2'\)"):
        table.design()
    X, names = design(table, ONE_HOT)
    assert names == ["decimal", "half", *(f"digits={k}" for k in "012"), "kind=4", "kind=5"]
    assert [row[0] for row in X] == [0.25, 0.5, 0.75]
    pq.write_table(frame.select(["decimal", "half"]), file)
    chunks = riata.open_chunks(str(file))
    np.testing.assert_array_equal(chunks @ np.eye(2), np.array(X)[:, :2])


def test_csv_and_parquet_agree_at_prediction(tmp_path, write):
    frame = pd.DataFrame({"size": [36, 38, 40], "x": [1.5, 2.5, 3.5]})
    frame.to_parquet(tmp_path / "data.parquet")
    frame["size"] = frame["size"].astype(float)
    frame.to_parquet(tmp_path / "floats.parquet")
    write("x,size\n1.5,36\n2.5,38\n3.5,40\n")
    names, levels = ["size=36", "size=XL", "x"], {"size": ["36", "XL"]}
    for name in ("data.csv", "data.parquet", "floats.parquet"):
        features = read_data(name).aligned(names, levels)
        assert features.X.tolist() == [[1, 0, 1.5], [0, 0, 2.5], [0, 0, 3.5]]
        assert len(features.notes) == 2


# --- matrices


@pytest.fixture
def sparse():
    rng = np.random.default_rng(3)
    return sp.random_array((12, 5), density=0.5, rng=rng, format="csr")


def test_svmlight(tmp_path, sparse):
    y = np.arange(12.0)
    dump_svmlight_file(sparse, y, str(tmp_path / "data.svm"), zero_based=False)
    source = read_data(str(tmp_path / "data.svm"))
    target = source.take(source.own_target, "--target").numbers()
    assert target.tolist() == y.tolist()
    X, names, *_ = source.design()
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
        target = source.take("-2", "--target").numbers()
        np.testing.assert_allclose(target, sparse.toarray()[:, 3], rtol=1e-14)
        X = source.design().X
        np.testing.assert_allclose(X.toarray(), sparse.toarray()[:, [0, 1, 2, 4]])


def test_archive(tmp_path, sparse):
    X, names = sparse.toarray(), list("abcde")
    file = tmp_path / "data.npz"
    np.savez(file, X=X, y=np.arange(12), w=np.ones(12), feature_names=names, bad=[1, 2])
    source = read_data(str(file))
    assert source.own_target == "y"
    assert source.take("w", "--weights").numbers().tolist() == [1.0] * 12
    assert source.take("b", "--offset").numbers().tolist() == X[:, 1].tolist()
    assert source.design().names == list("acde")
    np.testing.assert_array_equal(source.aligned(["e", "a"], {}).X, X[:, [4, 0]])
    with pytest.raises(ValueError, match="lacks the feature 'aa'"):
        source.aligned(["aa"], {})
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
    assert table.take("1", "--target").numbers().tolist() == [1.0] * 3
    with pytest.raises(ValueError, match="another role"):
        table.take("size", "--weights")
    table.take("price", "--weights")
    with pytest.raises(ValueError, match="no columns left"):
        table.design()


def test_numbers_count_columns_also_after_one_is_taken():
    table = TableFile("t.csv", {name: np.full(2, k) for k, name in enumerate("abc")})
    table.take("0", "--target")
    assert table.take("2", "--weights").numbers()[0] == 2.0


def test_a_name_that_is_a_number_is_a_name():
    table = TableFile("t.csv", {"1": np.zeros(2), "0": np.ones(2)})
    assert table.take("0", "--target").numbers()[0] == 1.0


def test_vectors_from_files(write):
    table = TableFile("t.csv", {"a": np.zeros(3)})
    write("1\n2\n3\n", "plain.txt")
    write("y\n1\n2\n3\n", "headed.csv")
    write("0\n1\n2\n3\n", "pandas.csv")
    np.save("y.npy", np.array([1, 2, 3]))
    Path("y.npy.gz").write_bytes(gzip.compress(Path("y.npy").read_bytes()))
    scipy.io.mmwrite("column.mtx", np.array([[1.0], [2.0], [3.0]]))
    scipy.io.mmwrite("row.mtx", sp.coo_array([[1.0, 2.0, 3.0]]))
    pd.DataFrame({"y": [1, 2, 3]}).to_parquet("y.parquet")
    for name in (
        "plain.txt", "headed.csv", "pandas.csv", "y.npy", "y.npy.gz", "column.mtx",
        "row.mtx", "y.parquet",
    ):
        assert table.take(name, "--target").numbers().tolist() == [1.0, 2.0, 3.0]
    write("0\n1\n2\n", "zero.txt")
    assert table.take("zero.txt", "--target").numbers().tolist() == [0.0, 1.0, 2.0]
    write("cat\ndog\ncat\n", "words.txt")
    assert table.take("words.txt", "--target").labels().tolist() == ["cat", "dog", "cat"]
    for name, text, message in (
        ("two.csv", "1,2\n3,4\n", "2 columns"), ("short.txt", "1\n2\n", "2 values for 3"),
        ("long.txt", "7\n1\n2\n3\n", "4 values for 3"), ("gap.txt", "1\nNA\n2\n", "row 2"),
    ):
        write(text, name)
        with pytest.raises(ValueError, match=message):
            table.take(name, "--target")
    scipy.io.mmwrite("matrix.mtx", np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"shape \(3, 2\) for 3 samples"):
        table.take("matrix.mtx", "--target")


def test_a_vector_that_states_a_huge_length(write):
    head = "%%MatrixMarket matrix coordinate real general\n"
    write(f"{head}1 900000000000 1\n1 1 2.0\n", "huge.mtx")
    with pytest.raises(ValueError, match="for 3 samples"):
        TableFile("t.csv", {"a": np.zeros(3)}).take("huge.mtx", "--target")


def test_alignment():
    columns = {
        "y": np.zeros(3), "b": np.arange(3.0), "a": np.ones(3),
        "city": np.array(["Rome", "Oslo", "Bonn"], dtype=object),
    }
    table, levels = TableFile("t.csv", columns), {"city": ["Rome", "Oslo"]}
    features = table.aligned(["a", "b", "city=Rome", "city=Oslo"], levels)
    assert features.X.tolist() == [[1, 0, 1, 0], [1, 1, 0, 1], [1, 2, 0, 0]]
    assert features.notes == ("the model does not know city=Bonn; it counts as none",)
    with pytest.raises(ValueError, match="lacks the column 'bb'"):
        table.aligned(["a", "bb"], {})
    with pytest.raises(ValueError, match=r"lacks the column 'cty' .* did you mean 'city'"):
        table.aligned(["cty=Rome"], {"cty": ["Rome"]})
    with pytest.raises(ValueError, match=r"holds text.*fitted to numbers"):
        table.aligned(["city"], {})


def test_alignment_asks_only_for_the_columns_of_the_model():
    columns = {"a": np.ones(2), "b": np.array([np.nan, 1.0])}
    table = TableFile("t.csv", columns)
    assert table.aligned(["a"], {}).X.tolist() == [[1.0], [1.0]]
    with pytest.raises(ValueError, match="row 1, column 'b'"):
        table.aligned(["b"], {})


def test_matrices_without_names_are_taken_as_they_are():
    X = np.arange(6.0).reshape(3, 2)
    assert MatrixFile("m", X).aligned(["a", "b"], {}).X.tolist() == X.tolist()


def test_only_svmlight_leaves_the_number_of_features_open(tmp_path, sparse):
    dump_svmlight_file(sparse, np.zeros(12), str(tmp_path / "data.svm"), zero_based=True)
    sp.save_npz(tmp_path / "data.npz", sparse)
    source = read_data(str(tmp_path / "data.svm"))
    for width in (3, 5, 8):
        X, _, _, notes = source.of_width(width)
        expected = np.zeros((12, 8))
        expected[:, :5] = sparse.toarray()
        np.testing.assert_allclose(X.toarray(), expected[:, :width], rtol=1e-14)
        assert len(notes) == (width < 5)
        assert read_data(str(tmp_path / "data.npz")).of_width(width).X.shape == (12, 5)


def test_numbers_in_files_of_other_kinds(write):
    write("1 1:2 2:1 # a_b\n0 1:1 3:2\n", "good.svm")
    assert read_data("good.svm").n_samples == 2
    write("1 1:2 2:1\n0 1:1_0 3:2\n", "bad.svm")
    with pytest.raises(ValueError, match="line 2 holds an underscore"):
        read_data("bad.svm")
    head = "%%MatrixMarket matrix"
    write(f"{head} coordinate real general\n2 2 1\n1 1 1_0\n", "bad.mtx")
    with pytest.raises(ValueError, match=r"bad\.mtx cannot be read"):
        read_data("bad.mtx")


@pytest.mark.parametrize("symmetry", ["general", "symmetric", "skew-symmetric"])
@pytest.mark.parametrize("store", [np.asarray, sp.coo_array])
def test_matrix_market(tmp_path, symmetry, store):
    A = np.random.default_rng(7).integers(-2, 3, (5, 5)) / 4
    A = {"general": A, "symmetric": A + A.T, "skew-symmetric": A - A.T}[symmetry]
    scipy.io.mmwrite(tmp_path / "a.mtx", store(A), comment="of a test", precision=17)
    assert symmetry in (tmp_path / "a.mtx").read_text().partition("\n")[0]
    found = read_data(str(tmp_path / "a.mtx")).design().X
    assert found.shape == (5, 5)
    found = found if store is np.asarray else found.toarray()
    np.testing.assert_array_equal(found, A)


def test_patterns_of_matrix_market(write):
    head = "%%MatrixMarket MATRIX coordinate pattern general"
    write(f"{head}\n%\n\n2 3 2\n1 3\n2 1\n", "a.mtx")
    X = read_data("a.mtx").design().X
    assert X.toarray().tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "matrix array real general\n2 1\n1\n2\n3\n", "matrix array real general\n2 1\n1\n",
        "matrix array real general\n300000000 200000000\n1\n",
        "matrix array real symmetric\n2 2\n1\n2\n",
        "matrix array real symmetric\n2 3\n1\n2\n3\n",
        "matrix array complex general\n1 1\n1 2\n", "matrix array real general\n2 -1\n1\n",
        "matrix coordinate real general\n2 2 1\n3 1 1\n",
        "matrix coordinate real general\n2 2 1\n0 1 1\n",
        "matrix coordinate real general\n2 2 1\n1.5 1 1\n",
        "matrix coordinate real general\n2 2 1\n1 1 1\n1 2 1\n",
        "matrix coordinate real general\n2 2 1\n1 1 x\n",
        "matrix coordinate real general\n2 2 1\nnan 1 1\n",
        "matrix coordinate real general\n2 2\n1 1 1\n", "matrix array real\n1 1\n1\n",
        "matrix array real general\n", "vector array real general\n1 1\n1\n",
    ],
)  # fmt: skip
def test_damaged_matrix_market(write, text):
    write(f"%%MatrixMarket {text}", "bad.mtx")
    with pytest.raises(ValueError, match=r"bad\.mtx cannot be read: "):
        read_data("bad.mtx")


def test_matrices_without_samples(write):
    write("# nothing\n", "none.svm")
    np.savez("none.npz", X=np.empty((0, 3)), y=np.empty(0))
    write("%%MatrixMarket matrix coordinate real general\n0 3 0\n", "none.mtx")
    for name in ("none.svm", "none.npz", "none.mtx"):
        with pytest.raises(ValueError, match=f"{name} has no samples"):
            read_data(name)


def test_damaged_indices_of_a_sparse_matrix_are_found(tmp_path, sparse):
    X = sparse.tocsr()
    X.indices[3] = 10**6
    np.savez(
        tmp_path / "data.npz", format=b"csr", shape=X.shape, data=X.data,
        indices=X.indices, indptr=X.indptr,
    )
    with pytest.raises(ValueError, match="cannot be read"):
        read_data(str(tmp_path / "data.npz"))
    with pytest.raises(ValueError, match="cannot be read"):
        riata.open_chunks(str(tmp_path / "data.npz"))


def test_labels_that_are_numbers_align():
    table = TableFile("t.csv", {"zip": np.array([20.0, 10.0])})
    X = table.aligned(["zip=10", "zip=20"], {"zip": ["10", "20"]}).X
    assert X.tolist() == [[0, 1], [1, 0]]


# --- files without an extension


def test_kinds_are_recognised_by_content(tmp_path, sparse):
    dump_svmlight_file(sparse, np.arange(12.0), str(tmp_path / "a9a.t"))
    sp.save_npz(tmp_path / "m.npz", sparse)
    (tmp_path / "m.npz").rename(tmp_path / "archive")
    scipy.io.mmwrite(tmp_path / "m.mtx", sparse)
    (tmp_path / "m.mtx").rename(tmp_path / "market")
    pl.DataFrame({"a": [1.0]}).write_parquet(tmp_path / "columns")
    (tmp_path / "table").write_text("a,b\n1,2\n")
    (tmp_path / "iris.data").write_text("a,b\n1,2\n")
    raw = (tmp_path / "a9a.t").read_bytes()
    (tmp_path / "a9a.bz2").write_bytes(bz2.compress(raw))
    for name, shape in {
        "a9a.t": (12, 5), "a9a.bz2": (12, 5), "archive": (12, 5), "market": (12, 5),
        "columns": (1, 1), "table": (1, 2), "iris.data": (1, 2),
    }.items():
        assert read_data(str(tmp_path / name)).design().X.shape == shape
    for name, content in {
        "picture": b"\x89PNG\r\n\x1a\n\0\0", "letter.doc": b"Dear all", "z": b"PK\3\4\0",
        "end": b"PK\5\6" + bytes(6) + b"\1\0\1\0" + bytes([9] + [0] * 9),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"unknown kind of file|cannot be read"):
            read_data(str(tmp_path / name))
    np.save(tmp_path / "y.npy", np.ones(3))
    with pytest.raises(ValueError, match="single array"):
        read_data(str(tmp_path / "y.npy"))


def test_suggestion():
    assert suggestion("PRICE", ["price", "size"]) == "; did you mean 'price'?"
    assert suggestion("zzz", ["price"]) == ""


def test_read_csv_takes_names_of_rows_as_they_are(write):
    columns = read_csv(Path(write(",s0\n(Intercept),1\nage,2\n")))
    assert list(columns[""].cells()) == ["(Intercept)", "age"]
