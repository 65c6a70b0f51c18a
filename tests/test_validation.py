"""Every input is either used as what it says, unchanged, or refused by name."""

import decimal
import fractions
import itertools
import math
import re
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from riata import _validation as check

SPARSE = ["csc", "csr", "coo", "lil", "dok", "bsr", "dia"]
CONTAINERS = ["array", "matrix"]


def make_dense(shape=(8, 6), density=0.4, seed=0):
    """Small integers, so that sums and conversions are exact in any type."""
    rng = np.random.default_rng(seed)
    return rng.integers(1, 9, shape) * (rng.random(shape) < density) * 1.0


def make_sparse(layout, container="array", dense=None):
    dense = make_dense() if dense is None else dense
    return getattr(sp, f"{layout}_{container}")(dense)


def to_dense(design):
    """Return the matrix that a DesignArrays stands for."""
    if design.kind != "csc":
        return design.data
    dense = np.zeros((design.n_samples, design.n_features), design.data.dtype)
    for j, (start, stop) in enumerate(itertools.pairwise(design.indptr)):
        for k in range(start, stop):
            dense[design.indices[k], j] += design.data[k]
    return dense


def assert_trustworthy(design):
    """What compiled code relies on."""
    n_samples, n_features, data = design.n_samples, design.n_features, design.data
    assert min(n_samples, n_features) >= 1
    assert type(data) is np.ndarray
    assert data.flags.aligned
    assert data.dtype in (np.float32, np.float64)
    assert data.dtype.isnative
    if design.kind == "csc":
        assert design.is_sparse
        assert data.ndim == 1
        assert data.flags.c_contiguous
        for part in (design.indices, design.indptr):
            assert type(part) is np.ndarray
            assert part.flags.c_contiguous
            assert part.flags.aligned
            assert part.dtype.isnative
        assert design.indices.dtype in (np.int32, np.int64)
        assert design.indptr.dtype == np.int64
        assert len(design.indptr) == n_features + 1
        assert design.indptr[0] == 0
        assert design.indptr[-1] == len(data) == len(design.indices)
        for start, stop in itertools.pairwise(design.indptr):
            part = design.indices[start:stop]
            assert (np.diff(part) > 0).all()
            assert ((part >= 0) & (part < n_samples)).all()
    else:
        assert not design.is_sparse
        assert design.indices is design.indptr is None
        assert data.shape == (n_samples, n_features)
        unit, leading = data.strides if design.kind == "dense_f" else data.strides[::-1]
        size = n_samples if design.kind == "dense_f" else n_features
        assert unit == data.itemsize or size == 1
        if min(data.shape) > 1:
            assert leading >= size * data.itemsize
            assert leading % data.itemsize == 0


def unaligned(values):
    raw = np.zeros(values.nbytes + 1, np.uint8)
    out = raw[1:].view(values.dtype).reshape(values.shape)
    out[...] = values
    return out


# ---------------------------------------------------------------------------
# Dense designs


def dense_in_place():
    X = make_dense()
    big = np.asfortranarray(make_dense((20, 20)))
    frozen = X.copy(order="F")
    frozen.flags.writeable = False
    return {
        "fortran": (np.asfortranarray(X), "dense_f"),
        "c": (np.ascontiguousarray(X), "dense_c"),
        "float32": (np.asfortranarray(X, np.float32), "dense_f"),
        "float32_c": (np.ascontiguousarray(X, np.float32), "dense_c"),
        "read_only": (frozen, "dense_f"),
        "columns": (big[:, 3:9], "dense_f"),
        "every_other_column": (big[:, ::2], "dense_f"),
        "rows_of_fortran": (big[2:9], "dense_f"),
        "columns_of_c": (np.ascontiguousarray(big)[:, 3:9], "dense_c"),
        "every_other_row_of_c": (np.ascontiguousarray(big)[::2], "dense_c"),
        "one_row": (X[:1].copy(), "dense_f"),
        "one_row_of_fortran": (big[3:4], "dense_f"),
        "one_column": (X[:, :1].copy(), "dense_f"),
        "one_column_of_c": (np.ascontiguousarray(big)[:, :1], "dense_c"),
        "single": (X[:1, :1].copy(), "dense_f"),
        "subclass": (np.asfortranarray(X).view(np.matrix), "dense_f"),
        "metadata": (
            X.astype(np.dtype(np.float64, metadata={"a": 1}), order="F"),
            "dense_f",
        ),
        "masked_nowhere": (np.ma.array(X, mask=False), "dense_c"),
        "data_frame": (pd.DataFrame(np.asfortranarray(X)), "dense_f"),
    }


@pytest.mark.parametrize(("X", "kind"), dense_in_place().values(), ids=dense_in_place())
def test_dense_used_in_place(X, kind):
    values = np.array(np.asarray(X))
    design = check.check_design(X)
    assert_trustworthy(design)
    assert design.kind == kind
    assert np.shares_memory(design.data, np.asarray(X))
    np.testing.assert_array_equal(design.data, values)
    np.testing.assert_array_equal(np.asarray(X), values)


def test_memory_map_used_in_place(tmp_path):
    X = make_dense()
    X.tofile(tmp_path / "X.bin")
    mapped = np.memmap(tmp_path / "X.bin", X.dtype, "r", shape=X.shape, order="C")
    design = check.check_design(mapped)
    assert_trustworthy(design)
    assert np.shares_memory(design.data, mapped)


def dense_copied():
    X = make_dense()
    big = make_dense((16, 18))
    record = np.zeros((8, 6), np.dtype([("a", np.float64), ("b", np.int32)]))
    record["a"] = X
    return {
        "strided": (big[::2, ::3], np.float64),
        "reversed_rows": (np.asfortranarray(X)[::-1], np.float64),
        "reversed_columns": (X[:, ::-1], np.float64),
        "reversed_columns_of_fortran": (np.asfortranarray(X)[:, ::-1], np.float64),
        "broadcast_rows": (np.broadcast_to(X[0], X.shape), np.float64),
        "broadcast_columns": (np.broadcast_to(X[:, :1], X.shape), np.float64),
        "overlapping": (
            np.lib.stride_tricks.sliding_window_view(big.ravel(), 5),
            np.float64,
        ),
        "field": (record["a"], np.float64),
        "unaligned": (unaligned(X), np.float64),
        "big_endian": (X.astype(">f8"), np.float64),
        "big_endian_float32": (X.astype(">f4"), np.float32),
        "float16": (X.astype(np.float16), np.float64),
        "longdouble": (X.astype(np.longdouble), np.float64),
        "bool": (X > 0, np.float64),
        "int8": (X.astype(np.int8), np.float64),
        "uint64": (X.astype(np.uint64), np.float64),
        "int64_c": (X.astype(np.int64), np.float64),
        "big_endian_int": (X.astype(">i4"), np.float64),
        "object": (X.astype(object), np.float64),
        "fractions": (np.array([[fractions.Fraction(1, 4)]]), np.float64),
        "decimals": (np.array([[decimal.Decimal("0.25")]]), np.float64),
        "list": (X.tolist(), np.float64),
        "tuple_of_lists": (tuple(X.astype(int).tolist()), np.float64),
        "mixed_frame": (
            pd.DataFrame({"a": [1.5, 2.5], "b": [True, False], "c": [1, 2]}),
            np.float64,
        ),
        "nullable_frame": (
            pd.DataFrame({"a": [1.5, 2.5], "b": [1, 2]}).convert_dtypes(),
            np.float64,
        ),
        "polars": (pl.DataFrame({"a": [1.5, 2.5], "b": [1, 2]}), np.float64),
    }


@pytest.mark.parametrize(("X", "dtype"), dense_copied().values(), ids=dense_copied())
def test_dense_converted(X, dtype):
    values = np.array(np.asarray(X)).astype(np.float64)
    design = check.check_design(X)
    assert_trustworthy(design)
    assert design.data.dtype == dtype
    np.testing.assert_array_equal(design.data, values)
    np.testing.assert_array_equal(np.asarray(X).astype(np.float64), values)
    np.testing.assert_array_equal(check.check_operand(X), values)


def test_nan_and_infinity_are_left_to_the_fit():
    X = make_dense()
    X[2, 3], X[1, 4] = np.nan, -np.inf
    design = check.check_design(X)
    assert np.isnan(design.data[2, 3])
    assert check.check_design(X.astype(np.float32)).data.dtype == np.float64


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1e17, np.float32), (1e30, np.float64), (1e-17, np.float32), (1e-30, np.float64)],
)
@pytest.mark.parametrize("layout", ["dense", "csc", "csr"])
def test_float32_out_of_range_is_widened(order, value, dtype, layout):
    X = np.ones((4, 3), np.float32, order=order)
    X[:, 1] = value
    stored = X if layout == "dense" else make_sparse(layout, dense=X)
    before = X.copy()
    design = check.check_design(stored)
    assert_trustworthy(design)
    assert design.data.dtype == dtype
    np.testing.assert_array_equal(to_dense(design), before)
    assert check.check_design(stored, extremes=False).data.dtype == np.float32
    np.testing.assert_array_equal(X, before)


def test_as_float64():
    design = check.check_design(np.ones((4, 3), np.float32))
    wide = design.as_float64()
    assert_trustworthy(wide)
    assert (wide.kind, wide.data.dtype) == (design.kind, np.float64)
    assert wide.as_float64().data is wide.data


def ragged():
    return [[1.0, 2.0], [3.0]]


DENSE_REFUSED = {
    "1d": (np.ones(3), ValueError, r"X has shape \(3,\).*Expected 2D array, got 1D"),
    "1d_remedy": (np.ones(3), ValueError, "Reshape your data either using array"),
    "scalar": (np.float64(3), ValueError, "Expected 2D array, got scalar array"),
    "none": (None, ValueError, "Expected 2D array, got scalar array"),
    "3d": (np.ones((2, 2, 2)), ValueError, "Expected 2D array, got 3D.*Reshape your"),
    "series": (pd.Series([1.0]), ValueError, "Expected 2D array, got 1D array"),
    "no_samples": (
        np.ones((0, 3)),
        ValueError,
        r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required",
    ),
    "no_features": (
        np.ones((12, 0)),
        ValueError,
        r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required\.",
    ),
    "empty_list": ([], ValueError, "Expected 2D array"),
    "empty_frame": (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
    "ragged": (ragged(), ValueError, "X cannot be made an array"),
    "complex": (np.ones((2, 2)) * 1j, ValueError, "Complex data not supported: X"),
    "complex_object": (
        np.array([[1.0, 1j]], object),
        ValueError,
        "Complex data not supported: X holds 1j at row 0, column 1",
    ),
    "string": (np.array([["a", "b"]]), TypeError, "X has dtype <U1.*encode"),
    "bytes": (np.array([[b"a", b"b"]]), TypeError, "X has dtype .S1.*encode"),
    "numeric_string": ([["1", "2"]], TypeError, "X has dtype <U1"),
    "string_object": (
        np.array([[1.0, 2.0], [3.0, "4"]], object),
        TypeError,
        "X holds the str '4' at row 1, column 1",
    ),
    "dict_object": (
        np.array([[1.0, {"foo": "bar"}]], object),
        TypeError,
        "X holds the dict .* at row 0, column 1; the argument must be .*string.*number",
    ),
    "none_object": (
        np.array([[1.0, None]], object),
        ValueError,
        "Input X contains NaN: a missing value, None at row 0, column 1",
    ),
    "first_of_several": (
        np.array([[1.0, "a"], [None, 1j]], object),
        TypeError,
        "X holds the str 'a' at row 0, column 1",
    ),
    "nested": (np.array([[1.0, np.ones(2)]], object), ValueError, "X cannot be conv"),
    "huge_integer": (np.array([[10**400]]), ValueError, "X cannot be converted"),
    "dates_object": (
        np.array([[np.timedelta64(1, "D")]], object),
        TypeError,
        "X holds the timedelta64",
    ),
    "datetime": (
        np.array([["2020-01-01"]], "M8[D]"),
        TypeError,
        r"X has dtype datetime64\[D\].*np.timedelta64\(1, 'D'\)",
    ),
    "timedelta": (np.ones((2, 2), "m8[s]"), TypeError, r"X has dtype timedelta64\[s\]"),
    "void": (np.zeros((2, 2), [("a", "f8")]), TypeError, "X has dtype.*not real numb"),
    "masked": (
        np.ma.array(np.ones((3, 2)), mask=[[0, 0], [0, 1], [0, 0]]),
        ValueError,
        r"X has masked entries, the first at row 1, column 1.*\.filled\(\)",
    ),
    "missing_in_frame": (
        pd.DataFrame({"a": [1.5, None], "b": [1, 2]}).convert_dtypes(),
        ValueError,
        "Input X contains NaN: a missing value, <NA> at row 1, column 0",
    ),
    "strings_in_frame": (
        pd.DataFrame({"a": [1.5, 2.5], "b": ["u", "v"]}),
        TypeError,
        "X holds the str 'u' at row 0, column 1",
    ),
    "strings_in_polars": (pl.DataFrame({"a": ["u"]}), TypeError, "X "),
}


@pytest.mark.parametrize(
    ("X", "error", "message"), DENSE_REFUSED.values(), ids=DENSE_REFUSED
)
@pytest.mark.parametrize("function", [check.check_design, check.check_operand])
def test_dense_refused(X, error, message, function):
    with pytest.raises(error, match=message):
        function(X)


def test_the_name_is_the_callers():
    with pytest.raises(ValueError, match=r"^X_test has shape \(3,\)"):
        check.check_design(np.ones(3), "X_test")


def test_longdouble_beyond_double_is_not_finite():
    X = np.array([[np.longdouble("1e400")]])
    if np.isfinite(X[0, 0]):  # a longdouble that is longer than a double
        assert np.isinf(check.check_design(X).data[0, 0])


# ---------------------------------------------------------------------------
# Sparse designs


def contents(X):
    """Copies of all arrays of a sparse matrix, and the names of its attributes."""
    if X.format == "dok":
        return dict(X.items())
    return {name: np.array(value) for name, value in vars(X).items()}


def assert_unchanged(X, before):
    after = contents(X)
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
        assert np.asarray(after[name]).dtype == np.asarray(value).dtype


@pytest.mark.parametrize("layout", SPARSE)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, bool])
@pytest.mark.parametrize("density", [0.4, 0.0, 1.0])
def test_all_sparse_formats(layout, container, dtype, density):
    dense = make_dense(density=density).astype(dtype)
    X = make_sparse(layout, container, dense)
    before = contents(X)
    design = check.check_design(X)
    assert_trustworthy(design)
    np.testing.assert_array_equal(to_dense(design), dense)
    if layout not in ("lil", "dok"):
        wanted = np.float32 if dtype is np.float32 else np.float64
        assert design.data.dtype == wanted
    operand = check.check_operand(X)
    assert operand.format in ("csr", "csc")
    np.testing.assert_array_equal(operand.toarray(), dense)
    np.testing.assert_allclose(operand @ np.ones(6), dense.sum(axis=1))
    assert_unchanged(X, before)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("layout", SPARSE)
def test_thin_sparse(shape, layout):
    dense = make_dense(shape, density=0.7)
    design = check.check_design(make_sparse(layout, dense=dense))
    assert_trustworthy(design)
    np.testing.assert_array_equal(to_dense(design), dense)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("pointer", [np.int32, np.int64])
def test_csc_used_in_place(container, index, pointer):
    X = make_sparse("csc", container)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(pointer)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    design = check.check_design(X)
    assert_trustworthy(design)
    assert np.shares_memory(design.data, X.data)
    assert np.shares_memory(design.indices, X.indices)
    assert not np.shares_memory(design.indptr, X.indptr)
    assert design.indices.dtype == index
    np.testing.assert_array_equal(to_dense(design), X.toarray())
    operand = check.check_operand(X)
    assert np.shares_memory(operand.data, X.data)
    assert np.shares_memory(operand.indices, X.indices)


@pytest.mark.parametrize(
    "index", [np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64, ">i4"]
)
@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_any_integer_index(layout, index):
    X = make_sparse(layout)
    expected = X.toarray()
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    design = check.check_design(X)
    assert_trustworthy(design)
    np.testing.assert_array_equal(to_dense(design), expected)


def odd_parts(X):
    """The same triple in arrays that are strided, unaligned and of foreign order."""
    X.data = np.repeat(X.data, 2)[::2]
    X.indices = unaligned(X.indices)
    X.indptr = X.indptr[::-1].copy()[::-1]
    return X


def spare_room(X):
    """More room than entries, as SciPy's own routines leave it."""
    X.data = np.append(X.data, [np.nan, 7.0])
    X.indices = np.append(X.indices, [-1, 10**6]).astype(X.indices.dtype)
    return X


def unsorted(X):
    for start, stop in itertools.pairwise(X.indptr):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    return X


def duplicated(X):
    X.data = np.repeat(X.data / 2, 2)
    X.indices = np.repeat(X.indices, 2)
    X.indptr = 2 * X.indptr
    return X


def explicit_zeros(X):
    X.data[::3] = 0.0
    return X


@pytest.mark.parametrize("layout", ["csc", "csr"])
@pytest.mark.parametrize(
    "change", [odd_parts, spare_room, unsorted, duplicated, explicit_zeros]
)
def test_unusual_but_legal(layout, change):
    X = change(make_sparse(layout))
    n_stored = X.indptr[-1]
    minor, major = (0, 1) if layout == "csc" else (1, 0)
    expected = np.zeros(X.shape)
    place = [None, None]
    place[minor] = X.indices[:n_stored]
    place[major] = np.repeat(np.arange(X.shape[major]), np.diff(X.indptr))
    np.add.at(expected, tuple(place), X.data[:n_stored])
    before = contents(X)
    design = check.check_design(X)
    assert_trustworthy(design)
    np.testing.assert_array_equal(to_dense(design), expected)
    np.testing.assert_array_equal(check.check_operand(X).toarray(), expected)
    assert_unchanged(X, before)


def test_duplicate_coordinates_are_summed():
    rows, columns = [3, 0, 3, 3], [1, 0, 1, 1]
    X = sp.coo_array(([1.0, 2.0, 4.0, 8.0], (rows, columns)), shape=(4, 2))
    design = check.check_design(X)
    assert_trustworthy(design)
    np.testing.assert_array_equal(design.data, [2.0, 13.0])
    assert X.nnz == 4


def test_int64_indices_stay_through_transposition():
    X = make_sparse("csr")
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    design = check.check_design(X)
    assert design.indices.dtype == np.int64
    np.testing.assert_array_equal(to_dense(design), X.toarray())


def test_frame_of_sparse_columns_is_not_made_dense():
    dense = make_dense()
    X = pd.DataFrame.sparse.from_spmatrix(sp.csc_array(dense))
    design = check.check_design(X)
    assert design.kind == "csc"
    np.testing.assert_array_equal(to_dense(design), dense)
    np.testing.assert_array_equal(check.check_operand(X).toarray(), dense)


def test_parts_are_fetched_once():
    fetched = []

    class Watched(sp.csc_array):
        def __getattribute__(self, name):
            fetched.append(name)
            return super().__getattribute__(name)

    X = Watched(make_dense())
    fetched.clear()
    check.check_design(X)
    for part in ("data", "indices", "indptr", "shape"):
        assert fetched.count(part) == 1


@pytest.mark.parametrize("layout", ["csr", "coo"])
def test_more_columns_than_memory(layout):
    place = ([0, 1], [5, 2**45])
    X = sp.coo_array(([1.0, 2.0], place), shape=(2, 2**46)).asformat(layout)
    with pytest.raises(MemoryError, match=r"column pointers of X.*bytes"):
        check.check_design(X)


# Malformed matrices: a valid one of shape (8, 6), and one thing done to it.


def put(part, position, value):
    def change(X):
        array = getattr(X, part).copy()
        array[position] = value
        setattr(X, part, array)

    return change


def swap(part, function):
    return lambda X: setattr(X, part, function(getattr(X, part)))


MALFORMED = {
    "first_pointer": (put("indptr", 0, 1), r"X\.indptr\[0\] is 1, not 0"),
    "negative_pointer": (put("indptr", 0, -1), r"X\.indptr\[0\] is -1, not 0"),
    "decreasing": (put("indptr", 2, 0), r"X\.indptr decreases at position 2, from"),
    "hidden_decrease": (
        put("indptr", 2, 10**6),
        r"X\.indptr\[2\] is 1000000, but",
    ),
    "pointer_past_end": (put("indptr", -1, 99), r"X\.indptr\[\d\] is 99, but only"),
    "huge_pointer": (put("indptr", -1, 2**31 - 1), r"X\.indptr\[\d\] is 2147483647"),
    "last_pointer_negative": (put("indptr", -1, -3), r"X\.indptr decreases at"),
    "short_pointers": (swap("indptr", lambda a: a[:-1]), r"X\.indptr has . entries"),
    "long_pointers": (
        swap("indptr", lambda a: np.append(a, a[-1])),
        r"X\.indptr has \d+ entries, but a CS. matrix of shape \(8, 6\) needs",
    ),
    "no_pointers": (swap("indptr", lambda a: a[:0]), r"X\.indptr has 0 entries"),
    "float_pointers": (
        swap("indptr", lambda a: a.astype(float)),
        r"X\.indptr has dtype float64; it must hold integers",
    ),
    "2d_pointers": (
        swap("indptr", lambda a: a[:, None]),
        r"X\.indptr has shape \(\d, 1\); it must be 1-D",
    ),
    "list_pointers": (swap("indptr", list), r"X\.indptr is a list"),
    "missing_pointers": (swap("indptr", lambda a: None), r"X\.indptr is missing"),
    "index_off_by_one": (
        put("indices", 3, "size"),
        r"X\.indices\[3\] is \d, which is no (row|column) of a matrix of shape \(8, 6\)"
        r"; allowed is 0 to \d",
    ),
    "index_negative": (put("indices", 0, -1), r"X\.indices\[0\] is -1, which is no"),
    "index_huge": (put("indices", -1, 2**31 - 1), r"X\.indices\[\d+\] is 2147483647"),
    "index_very_negative": (
        put("indices", 5, -(2**31)),
        r"indices\[5\] is -214748",
    ),
    "short_indices": (
        swap("indices", lambda a: a[:-1]),
        r"X\.indices has \d+ entries, but X\.data has \d+",
    ),
    "long_indices": (
        swap("indices", lambda a: np.append(a, a[-1])),
        r"X\.indices has \d+ entries, but X\.data has \d+",
    ),
    "no_indices": (swap("indices", lambda a: a[:0]), r"X\.indices has 0 entries"),
    "float_indices": (
        swap("indices", lambda a: a.astype(float)),
        r"X\.indices has dtype float64; it must hold integers",
    ),
    "bool_indices": (swap("indices", lambda a: a > 2), r"X\.indices has dtype bool"),
    "object_indices": (
        swap("indices", lambda a: a.astype(object)),
        r"X\.indices has dtype object",
    ),
    "2d_indices": (swap("indices", lambda a: a[None]), r"X\.indices has shape \(1,"),
    "wrapped_indices": (
        swap("indices", lambda a: a.astype(np.uint64) - np.uint64(9)),
        r"X\.indices\[0\] is -",
    ),
    "short_data": (
        swap("data", lambda a: a[:-1]),
        r"X\.indices has \d+ entries, but X\.data has \d+; there must be one index",
    ),
    "long_data": (swap("data", lambda a: np.append(a, 1.0)), r"X\.data has \d+"),
    "no_data": (swap("data", lambda a: a[:0]), r"X\.data has 0"),
    "both_short": (
        lambda X: [swap(part, lambda a: a[:-2])(X) for part in ("data", "indices")],
        r"X\.indptr\[\d\] is \d+, but only \d+ values are stored",
    ),
    "2d_data": (swap("data", lambda a: a[:, None]), r"X\.data has shape"),
    "complex_data": (
        swap("data", lambda a: a * 1j),
        r"Complex data not supported: X\.data",
    ),
    "string_data": (swap("data", lambda a: a.astype(str)), r"X\.data has dtype <U"),
    "object_data": (
        swap("data", lambda a: np.array([{}] * len(a), object)),
        r"X\.data holds the dict",
    ),
    "masked_data": (
        swap("data", lambda a: np.ma.array(a, mask=a == a[2])),
        r"X\.data has masked entries",
    ),
    "list_data": (swap("data", list), r"X\.data is a list; it must be a NumPy array"),
    "fewer_columns": (lambda X: setattr(X, "_shape", (8, 2)), "X"),
    "larger": (lambda X: setattr(X, "_shape", (9, 7)), r"X\.indptr has"),
    "fewer_rows": (lambda X: setattr(X, "_shape", (2, 6)), "X"),
    "negative_shape": (lambda X: setattr(X, "_shape", (8, -6)), r"X\.shape is \(8, -6"),
    "float_shape": (lambda X: setattr(X, "_shape", (8, 6.5)), r"X\.shape is \(8, 6\.5"),
    "3d_shape": (lambda X: setattr(X, "_shape", (8, 6, 1)), r"X\.shape is \(8, 6, 1\)"),
    "1d_shape": (lambda X: setattr(X, "_shape", (48,)), "Expected 2D array.*Reshape"),
    "no_columns": (lambda X: setattr(X, "_shape", (8, 0)), r"0 feature\(s\)"),
    "no_rows": (lambda X: setattr(X, "_shape", (0, 6)), r"0 sample\(s\)"),
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("layout", ["csc", "csr"])
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_malformed_is_refused(change, message, layout, container, index):
    X = make_sparse(layout, container)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    if message.startswith(r"X\.indices\[3\]"):
        X.indices[3] = X.shape[layout == "csr"]
    else:
        change(X)
    for function in (check.check_design, check.check_operand):
        with pytest.raises((ValueError, TypeError), match=message):
            function(X)


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        ("coo", lambda X: setattr(X, "coords", X.coords[:1]), "1 coordinate arrays"),
        ("coo", lambda X: X.coords[0].put(2, -1), "stored entry 2 is in row -1"),
        (
            "coo",
            lambda X: X.coords[0].put(2, 8),
            "entry 2 is in row 8, but X has",
        ),
        ("coo", lambda X: X.coords[1].put(4, 6), "entry 4 is in column 6.*0 to 5"),
        ("coo", lambda X: X.coords[1].put(0, 2**31 - 1), "in column 2147483647"),
        ("coo", swap("data", lambda a: a[:-1]), "as many of each"),
        ("coo", swap("data", lambda a: a[:, None]), r"X\.data has shape"),
        ("coo", swap("data", lambda a: a * 1j), "Complex data not supported"),
        (
            "coo",
            swap("coords", lambda c: (c[0].astype(float), c[1])),
            r"X\.row has dtype float64",
        ),
        ("coo", swap("coords", lambda c: (c[0], c[1][:-1])), "as many of each"),
        ("coo", swap("coords", lambda c: (c[0], c[1][None])), r"X\.col has shape \(1,"),
        ("coo", lambda X: setattr(X, "_shape", (3, 6)), "is in row"),
        ("coo", lambda X: setattr(X, "_shape", (8, 2)), "is in column"),
        ("lil", lambda X: X.rows[0].append(1), "lists of the same lengths"),
        ("lil", lambda X: X.data[0].append(1.0), "lists of the same lengths"),
        ("lil", lambda X: X.rows.put(0, 7), "not a valid LIL matrix"),
        ("lil", lambda X: X.rows[0].__setitem__(0, 6), r"X\.indices\[0\] is 6"),
        ("lil", lambda X: X.rows[0].__setitem__(0, -1), r"X\.indices\[0\] is -1"),
        ("lil", lambda X: X.rows[0].__setitem__(0, 1.5), r"X\.indices has dtype float"),
        ("lil", lambda X: X.data[0].__setitem__(0, "a"), r"X\.data has dtype <U"),
        ("lil", lambda X: X.data[0].__setitem__(0, 1j), "Complex data not supported"),
        ("lil", swap("rows", lambda a: a[:-1]), "lists of the same lengths"),
        ("lil", lambda X: setattr(X, "_shape", (9, 6)), r"X\.indptr has 9 entries"),
        ("dok", lambda X: setattr(X, "_shape", (3, 6)), "is in row"),
        ("dok", lambda X: setattr(X, "_shape", (8, 2)), "is in column"),
        ("dok", lambda X: X._dict.update({(1, 99): 1.0}), "is in column 99"),
        ("dok", lambda X: X._dict.update({(-1, 0): 1.0}), "is in row -1"),
        ("dok", lambda X: X._dict.update({(1, 2, 3): 1.0}), "not a valid DOK matrix"),
        (
            "dok",
            lambda X: X._dict.update({(0.5, 1): 1.0}),
            "row of a key of X has",
        ),
        ("dok", lambda X: X._dict.update({(1, 1): "a"}), "values of X has dtype <U"),
        ("dia", swap("offsets", lambda a: a[:-1]), r"X\.offsets has \d+ entries, but"),
        ("dia", swap("offsets", lambda a: a * 0), "same diagonal more than once"),
        ("dia", swap("offsets", lambda a: a * 1.0), r"X\.offsets has dtype float64"),
        ("dia", swap("offsets", lambda a: a[None]), r"X\.offsets has shape"),
        ("dia", swap("data", lambda a: a.ravel()), r"X\.data has shape .* must be 2-D"),
        ("dia", swap("data", lambda a: a * 1j), "Complex data not supported"),
        ("bsr", put("indptr", 1, 99), r"X\.indptr\[1\] is 99"),
        ("bsr", put("indptr", 0, 2), r"X\.indptr\[0\] is 2, not 0"),
        ("bsr", put("indices", 0, 99), r"X\.indices\[0\] is 99"),
        ("bsr", put("indices", 0, -1), r"X\.indices\[0\] is -1"),
        ("bsr", swap("data", lambda a: a[:-1]), r"X\.indices has \d+ entries"),
        ("bsr", swap("data", lambda a: a[:, 0]), r"X\.data has shape .* must be 3-D"),
        ("bsr", swap("data", lambda a: a[:, :0]), "do not tile"),
        ("bsr", lambda X: setattr(X, "_shape", (9, 6)), "do not tile"),
        ("bsr", lambda X: setattr(X, "_shape", (4, 6)), r"X\.indptr has 5 entries"),
        ("csc", lambda X: setattr(X, "_format", "xyz"), "unknown sparse format 'xyz'"),
    ],
)
def test_malformed_in_other_formats(layout, change, message):
    X = make_sparse(layout)
    if layout == "bsr":
        X = sp.bsr_array(make_dense(density=0.9), blocksize=(2, 3))
    change(X)
    for function in (check.check_design, check.check_operand):
        with pytest.raises((ValueError, TypeError), match=message):
            function(X)


def test_diagonals_outside_the_matrix_hold_nothing():
    X = sp.dia_array(make_dense((4, 3), density=1.0))
    expected = X.toarray()
    X.offsets = np.append(X.offsets, [2**40, -(2**40)])
    X.data = np.vstack([X.data, np.ones((2, X.data.shape[1]))])
    np.testing.assert_array_equal(to_dense(check.check_design(X)), expected)


def test_one_dimensional_sparse():
    with pytest.raises(ValueError, match=r"Expected 2D array, got a 1D.*Reshape"):
        check.check_design(sp.coo_array(np.ones(3)))


# Any one corruption is refused, or read as the matrix that it has become.


def legal_reading(layout, shape, data, indices, indptr):
    """Return the matrix that three arrays denote, or None; from the definition."""
    for part, kinds in ((data, "fiub"), (indices, "iu"), (indptr, "iu")):
        if part.ndim != 1 or part.dtype.kind not in kinds:
            return None
    n_major, n_minor = shape if layout == "csr" else shape[::-1]
    indices, indptr = indices.tolist(), indptr.tolist()
    if len(indptr) != n_major + 1 or len(indices) != len(data) or 0 in shape:
        return None
    if indptr[0] != 0 or any(a > b for a, b in itertools.pairwise(indptr)):
        return None
    if indptr[-1] > len(indices):
        return None
    if not all(0 <= i < n_minor for i in indices[: indptr[-1]]):
        return None
    dense = np.zeros((n_major, n_minor))
    for major, (start, stop) in enumerate(itertools.pairwise(indptr)):
        for k in range(start, stop):
            dense[major, indices[k]] += data[k]
    return dense if layout == "csr" else dense.T


@st.composite
def corrupted(draw):
    layout = draw(st.sampled_from(["csc", "csr"]))
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    X = make_sparse(layout, dense=make_dense(shape, 0.6, draw(st.integers(0, 9))))
    index = draw(st.sampled_from([np.int32, np.int64]))
    parts = {
        "data": X.data.astype(draw(st.sampled_from([np.float32, np.float64]))),
        "indices": X.indices.astype(index),
        "indptr": X.indptr.astype(index),
    }
    kinds = ["edit", "cut", "add", "type", "turn", "swap", "shape"]
    kind = draw(st.sampled_from(kinds))
    part = draw(st.sampled_from(sorted(parts)))
    array = parts[part]
    if kind == "edit" and len(array):
        near = st.integers(-2, 7) | st.sampled_from([-(2**31), 2**31 - 1])
        array[draw(st.integers(0, len(array) - 1))] = draw(near)
    elif kind == "cut":
        parts[part] = array[: draw(st.integers(0, len(array)))]
    elif kind == "add":
        parts[part] = np.append(array, array[-1:]).astype(array.dtype)
    elif kind == "type":
        dtypes = ["i1", "u4", "u8", ">i8", "f4", "f8", "c16", "?", "U5", ">f4", "m8[s]"]
        parts[part] = array.astype(draw(st.sampled_from(dtypes)))
    elif kind == "turn":
        turn = draw(st.sampled_from([lambda a: a[::-1], lambda a: a[None], np.sort]))
        parts[part] = turn(array)
    elif kind == "swap":
        other = draw(st.sampled_from(sorted(parts)))
        parts[part], parts[other] = parts[other], parts[part]
    elif kind == "shape":
        shape = draw(st.tuples(st.integers(0, 6), st.integers(0, 6)))
    X.data, X.indices, X.indptr = parts["data"], parts["indices"], parts["indptr"]
    X._shape = shape
    return X


@given(corrupted())
def test_corruption_is_refused_or_read_as_what_it_is(X):
    expected = legal_reading(X.format, X.shape, X.data, X.indices, X.indptr)
    before = contents(X)
    for function in (check.check_design, check.check_operand):
        if expected is None:
            with pytest.raises((ValueError, TypeError), match="X"):
                function(X)
        else:
            found = function(X)
            dense = found.toarray() if sp.issparse(found) else to_dense(found)
            np.testing.assert_array_equal(dense, expected)
    assert_unchanged(X, before)


@pytest.mark.parametrize("layout", ["csc", "csr", "coo"])
def test_indices_scribbled_on_meanwhile_stay_in_range(layout):
    X = make_sparse(layout, dense=make_dense((300, 200)))
    indices = X.coords[1] if layout == "coo" else X.indices
    good, stop = indices.copy(), threading.Event()

    def scribble():
        rng = np.random.default_rng(0)
        while not stop.is_set():
            at = rng.integers(len(good), size=50)
            indices[at] = rng.integers(-9, 2**31, 50)
            indices[at] = rng.integers(0, 200, 50)
            indices[:] = good

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(100):
            try:
                design = check.check_design(X)
            except ValueError:
                continue
            assert design.indptr[0] == 0
            assert (np.diff(design.indptr) >= 0).all()
            assert design.indptr[-1] <= min(len(design.indices), len(design.data))
            if layout != "csc":  # which is used as it is, and still being changed
                assert ((design.indices >= 0) & (design.indices < 300)).all()
    finally:
        stop.set()
        thread.join()


# ---------------------------------------------------------------------------
# Finiteness


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "Input X contains NaN at row 3, column 5. Remove or impute"),
        (np.inf, r"Input X contains infinity \(inf\) at row 3, column 5"),
        (-np.inf, r"Input X contains infinity \(-inf\) at row 3, column 5"),
    ],
)
@pytest.mark.parametrize("shape", [(4, 6), (1000, 50), (7, 5000)])
@pytest.mark.parametrize("layout", ["C", "F", "csc", "csr"])
def test_first_nonfinite_entry_is_named(value, message, shape, layout):
    X = np.ones(shape)
    X[3, 5] = value
    if shape[0] > 5:
        X[5, 5] = X[2, 20] = np.nan  # later ones
    if layout in ("C", "F"):
        X = np.array(X, order=layout)
    elif shape == (4, 6):
        X = make_sparse(layout, dense=X)
    with pytest.raises(ValueError, match=message):
        check.check_operand(X)


def test_sums_that_overflow_are_still_finite():
    for dtype, value in ((np.float64, 1e308), (np.float32, 1e38)):
        X = np.full((200, 50), value, dtype)
        X[::2] *= -1
        check.check_finite(X, "X")
        check.check_finite(X[:, 0], "x")
        check.check_operand(X)
        X[77, 33] = np.nan
        with pytest.raises(ValueError, match="NaN at row 77, column 33"):
            check.check_finite(X, "X")


def test_long_vectors_are_searched_too():
    x = np.zeros(10_000)
    x[9_999] = np.inf
    with pytest.raises(ValueError, match=r"Input eta contains inf.*position 9999\."):
        check.check_finite(x, "eta")


def test_raise_nonfinite():
    with pytest.raises(ValueError, match=r"^Input X contains NaN at row 3, column 5\."):
        check.raise_nonfinite("X", 3, 5, math.nan)
    with pytest.raises(
        ValueError, match=r"^Input y contains infinity \(-inf\) at p.* 7"
    ):
        check.raise_nonfinite("y", 7, None, -math.inf)


# ---------------------------------------------------------------------------
# One value per sample


@pytest.mark.parametrize(
    "y",
    [
        np.arange(4.0),
        np.arange(4),
        np.arange(4.0).astype(">f8"),
        np.arange(4.0, dtype=np.float32),
        np.arange(8.0)[::2] / 2,
        np.arange(4.0)[:, None],
        unaligned(np.arange(4.0)),
        np.arange(4).astype(object),
        [0, 1, 2, 3],
        range(4),
        pd.Series([0, 1, 2, 3]),
        pl.Series([0, 1, 2, 3]),
        np.ma.array([0.0, 1.0, 2.0, 3.0]),
    ],
)
def test_target(y):
    target = check.check_target(y, 4)
    assert type(target) is np.ndarray
    assert target.dtype == np.float64
    assert target.flags.c_contiguous
    assert target.flags.aligned
    np.testing.assert_array_equal(target, [0, 1, 2, 3])


def test_target_in_place_and_extreme_values():
    y = np.array([1e-300, -1e200, 1e308])
    y.flags.writeable = False
    assert check.check_target(y, 3) is y


def test_targets():
    y = np.arange(8.0).reshape(4, 2)
    targets = check.check_target(y, 4, multi_output=True)
    assert targets.flags.f_contiguous
    np.testing.assert_array_equal(targets, y)
    assert check.check_target(y[:, :1], 4, multi_output=True).shape == (4, 1)
    assert check.check_target(y[:, 0], 4, multi_output=True).shape == (4,)
    fortran = np.asfortranarray(y)
    assert check.check_target(fortran, 4, multi_output=True) is fortran


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, ValueError, "y should be a 1d array, got None"),
        (np.ones(3), ValueError, "y has 3 samples, but X has 4: inconsistent numbers"),
        (np.ones((4, 2)), ValueError, r"1d array, got an array of shape \(4, 2\)"),
        (np.ones((1, 4)), ValueError, r"got an array of shape \(1, 4\) instead"),
        (np.ones((4, 1, 1)), ValueError, "y should be a 1d array"),
        (1.0, ValueError, r"got an array of shape \(\) instead"),
        ([1, 2, np.nan, 3], ValueError, "Input y contains NaN at position 2"),
        ([1, 2, 3, -np.inf], ValueError, r"y contains infinity \(-inf\) at position 3"),
        ([1, 2, None, 3], ValueError, "Input y contains NaN: a missing value, None"),
        (np.ones(4) * 1j, ValueError, "Complex data not supported: y"),
        (list("abcd"), TypeError, "y has dtype <U1"),
        (
            np.array([1, 2, "3", 4], object),
            TypeError,
            "holds the str '3' at position 2",
        ),
        (np.ones(4, "M8[D]"), TypeError, "y has dtype datetime64"),
        (
            sp.csc_array(np.ones((4, 1))),
            TypeError,
            r"y is a sparse CSC.*y\.toarray",
        ),
        (
            np.ma.array(np.ones(4), mask=[0, 1, 0, 0]),
            ValueError,
            "y has masked entries, the first at position 1",
        ),
        ([[1], [2, 3], [4], [5]], ValueError, "y cannot be made an array"),
        ([np.float64("nan")] * 4, ValueError, "y contains NaN at position 0"),
    ],
)
def test_target_refused(y, error, message):
    with pytest.raises(error, match=message):
        check.check_target(y, 4)


def test_targets_refused():
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(4, 0\)\)"):
        check.check_target(np.ones((4, 0)), 4, multi_output=True)
    with pytest.raises(ValueError, match="y should be a 1d array"):
        check.check_target(np.ones((4, 2, 2)), 4, multi_output=True)
    y = np.ones((4, 2))
    y[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input y contains NaN at row 3, column 1"):
        check.check_target(y, 4, multi_output=True)


def test_sample_weight():
    weights = np.array([0.0, 1.0, 2.5])
    assert check.check_sample_weight(None, 3) is None
    assert check.check_sample_weight(weights, 3) is weights
    found = check.check_sample_weight(pd.Series([0, 1, 2]), 3)
    np.testing.assert_array_equal(found, [0, 1, 2])
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    "weights", [1.0, 2, np.float32(3.0), [5, 5, 5], np.full(3, 1e300)]
)
def test_equal_weights_are_no_weights(weights):
    assert check.check_sample_weight(weights, 3) is None


@pytest.mark.parametrize("scale", [2.0**1000, 2.0**-1000, 2.0**-1070])
def test_extreme_weights_are_scaled_exactly(scale):
    weights = np.array([1.0, 3.0, 0.0]) * scale
    found = check.check_sample_weight(weights, 3)
    np.testing.assert_array_equal(found / found.max(), [1 / 3, 1.0, 0.0])
    assert 1e-3 < found.max() < 1e3


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1, -2, 3], ValueError, r"sample_weight\[1\] is -2.0. Negative weights"),
        ([1, 2, -np.inf], ValueError, r"contains infinity \(-inf\) at position 2"),
        ([1, np.nan, 3], ValueError, "Input sample_weight contains NaN at position 1"),
        ([1, 2, np.inf], ValueError, r"sample_weight contains infinity \(inf\) at pos"),
        (
            [0, 0, 0],
            ValueError,
            "sample_weight is zero.*weights must .* non-zero",
        ),
        (0.0, ValueError, "sample_weight is zero throughout"),
        (-1, ValueError, r"sample_weight is -1.0; it must be finite and in \[0, inf\)"),
        (np.nan, ValueError, "sample_weight is nan"),
        (True, TypeError, "sample_weight must be a number"),
        (
            [1, 2],
            ValueError,
            r"sample_weight has shape \(2,\); expected \(3,\), one",
        ),
        (np.ones((3, 1)), ValueError, r"has shape \(3, 1\); expected \(3,\)"),
        (np.ones((3, 2)), ValueError, "for each sample of X"),
        (["a", "b", "c"], TypeError, "sample_weight has dtype <U1"),
        (np.ones(3) * 1j, ValueError, "Complex data not supported: sample_weight"),
        (sp.csc_array(np.ones((3, 1))), TypeError, "sample_weight is a sparse CSC"),
    ],
)
def test_sample_weight_refused(weights, error, message):
    with pytest.raises(error, match=message):
        check.check_sample_weight(weights, 3)


def test_offset():
    offset = np.array([1.0, -2.0, 1e200])
    assert check.check_offset(None, 3) is None
    assert check.check_offset(offset, 3) is offset
    np.testing.assert_array_equal(check.check_offset(2, 3), [2.0, 2.0, 2.0])
    both = np.arange(6).reshape(3, 2)
    found = check.check_offset(both, 3, n_targets=2)
    np.testing.assert_array_equal(found, both)
    assert found.flags.f_contiguous
    assert check.check_offset(offset, 3, n_targets=2) is offset


@pytest.mark.parametrize(
    ("offset", "error", "message"),
    [
        ([1, np.nan, 3], ValueError, "Input offset contains NaN at position 1"),
        (np.inf, ValueError, "offset is inf"),
        ([1, 2], ValueError, r"offset has shape \(2,\); expected \(3,\)"),
        (np.ones((3, 2)), ValueError, r"offset has shape \(3, 2\)"),
        ("abc", ValueError, r"offset has shape \(\)"),
    ],
)
def test_offset_refused(offset, error, message):
    with pytest.raises(error, match=message):
        check.check_offset(offset, 3)


def test_offset_for_targets_refused():
    with pytest.raises(ValueError, match=r"offset has shape \(3, 1\), but y has 2"):
        check.check_offset(np.ones((3, 1)), 3, n_targets=2)
    with pytest.raises(ValueError, match="offset has 4 samples, but X has 3"):
        check.check_offset(np.ones((4, 2)), 3, n_targets=2)


# ---------------------------------------------------------------------------
# One value per feature


def test_penalty_factor():
    factor = np.array([0.0, 2.0, np.inf])
    assert check.check_penalty_factor(factor, 3) is factor
    for ones in (None, 1.0, 1, [1, 1, 1], np.ones(3, np.float32)):
        assert check.check_penalty_factor(ones, 3) is None
    np.testing.assert_array_equal(check.check_penalty_factor(0, 3), [0, 0, 0])
    np.testing.assert_array_equal(check.check_penalty_factor(math.inf, 2), [np.inf] * 2)


@pytest.mark.parametrize(
    ("factor", "error", "message"),
    [
        ([1, -1, 1], ValueError, r"penalty_factor\[1\] is -1.0; it must be at least 0"),
        ([1, 1, np.nan], ValueError, r"penalty_factor\[2\] is nan"),
        (np.nan, ValueError, r"penalty_factor\[0\] is nan"),
        ([1, 1], ValueError, r"penalty_factor has shape \(2,\); expected \(3,\)"),
        (np.ones((3, 1)), ValueError, "one value for each feature of X"),
        (True, TypeError, "penalty_factor is True"),
        (["a"] * 3, TypeError, "penalty_factor has dtype"),
    ],
)
def test_penalty_factor_refused(factor, error, message):
    with pytest.raises(error, match=message):
        check.check_penalty_factor(factor, 3)


def test_bounds():
    lower, upper = np.array([-1.0, 0.0, -np.inf]), np.array([0.0, 5.0, np.inf])
    found = check.check_bounds(lower, upper, 3)
    assert found[0] is lower
    assert found[1] is upper
    assert check.check_bounds(None, None, 3) == (None, None)
    assert check.check_bounds(-np.inf, [np.inf] * 3, 3) == (None, None)
    low, high = check.check_bounds(0, None, 2)
    np.testing.assert_array_equal(low, [0.0, 0.0])
    assert high is None
    low, high = check.check_bounds(-0.0, 0.0, 2)
    np.testing.assert_array_equal(low, high)


@pytest.mark.parametrize(
    ("lower", "upper", "error", "message"),
    [
        ([0, 1, 2], None, ValueError, r"lower\[1\] is 1.0, which excludes 0.*upper"),
        (None, [0, 1, -2], ValueError, r"upper\[2\] is -2.0, which excludes 0"),
        (
            [0, 1, 0],
            [1, -1, 1],
            ValueError,
            r"lower\[1\] = 1.0 is above upper\[1\]",
        ),
        (2, 1, ValueError, r"lower\[0\] = 2.0 is above upper\[0\] = 1.0"),
        (np.inf, None, ValueError, r"lower\[0\] is inf, which excludes 0"),
        (None, -np.inf, ValueError, r"upper\[0\] is -inf, which excludes 0"),
        ([0, np.nan, 0], None, ValueError, r"lower\[1\] is NaN; use -inf for no bound"),
        (-1, [0, 0, np.nan], ValueError, r"upper\[2\] is NaN; use inf for no bound"),
        ([np.nan, 0, 5], None, ValueError, r"lower\[0\] is NaN"),
        (np.nan, np.nan, ValueError, r"lower\[0\] is NaN"),
        ([0, 0], None, ValueError, r"lower has shape \(2,\); expected \(3,\)"),
        (None, "a", ValueError, r"upper has shape \(\)"),
        (False, None, TypeError, "lower is False; it must be a number or an array"),
    ],
)
def test_bounds_refused(lower, upper, error, message):
    with pytest.raises(error, match=message):
        check.check_bounds(lower, upper, 3)


def test_coef():
    coef = np.array([1.0, 0.0, 2.0])
    assert check.check_coef(coef, 3) is coef
    forms = [coef[None], coef[:, None], sp.csr_array(coef[None]), [1, 0, 2]]
    forms.append(sp.csc_matrix(coef[:, None]))
    for form in forms:
        np.testing.assert_array_equal(check.check_coef(form, 3), coef)


@pytest.mark.parametrize(
    ("coef", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"init has shape \(2,\); expected \(3,\)"),
        (np.ones((3, 3)), ValueError, r"init has shape \(3, 3\)"),
        ([1.0, np.nan, 2.0], ValueError, "Input init contains NaN at position 1"),
        (["a", "b", "c"], TypeError, "init has dtype"),
        (sp.csr_array([[1.0, np.nan, 0.0]]), ValueError, "NaN at row 0, column 1"),
    ],
)
def test_coef_refused(coef, error, message):
    with pytest.raises(error, match=message):
        check.check_coef(coef, 3, "init")


# ---------------------------------------------------------------------------
# Numbers


def test_alphas():
    assert check.check_alphas(100) == 100
    assert type(check.check_alphas(np.int32(7))) is int
    given_ = np.array([0.1, 3.0, 0.0, 1.0])
    found = check.check_alphas(given_)
    np.testing.assert_array_equal(found, [3.0, 1.0, 0.1, 0.0])
    np.testing.assert_array_equal(given_, [0.1, 3.0, 0.0, 1.0])
    assert found.flags.c_contiguous
    decreasing = np.array([3.0, 1.0])
    assert not np.shares_memory(check.check_alphas(decreasing), decreasing)
    for form in ([1, 2], (1.0, 2.0), pd.Series([1, 2]), np.array([1, 2], object)):
        np.testing.assert_array_equal(check.check_alphas(form), [2.0, 1.0])
    assert math.copysign(1.0, check.check_alphas([-0.0])[0]) == 1.0


@pytest.mark.parametrize(
    ("alphas", "error", "message"),
    [
        (0, ValueError, "alphas is 0; it must be at least 1"),
        (-3, ValueError, "alphas is -3"),
        (0.1, TypeError, r"alphas must be a count or an array.*pass \[0\.1\]"),
        (True, TypeError, "alphas must be a count"),
        (None, TypeError, "alphas must be a count"),
        ("warn", TypeError, "alphas must be a count"),
        ([], ValueError, r"alphas has shape \(0,\); it must be 1-D"),
        ([[1.0, 2.0]], ValueError, r"alphas has shape \(1, 2\)"),
        (np.array(1.0), ValueError, r"alphas has shape \(\)"),
        ([1.0, np.nan], ValueError, "Input alphas contains NaN at position 1"),
        ([np.inf, 1.0], ValueError, r"alphas contains infinity \(inf\) at position 0"),
        ([1.0, -0.5, 2.0], ValueError, r"alphas\[1\] is -0.5; it must be at least 0"),
        (["a"], TypeError, "alphas has dtype"),
        ([1j], ValueError, "Complex data not supported: alphas"),
    ],
)
def test_alphas_refused(alphas, error, message):
    with pytest.raises(error, match=message):
        check.check_alphas(alphas)


REALS = [0.5, 1, np.float32(0.5), np.int64(1), fractions.Fraction(1, 2)]
NOT_REALS = ["0.5", None, True, [0.5], np.array(0.5), np.array([0.5]), 1j]


@pytest.mark.parametrize(
    "function", [check.check_alpha, check.check_l1_ratio, check.check_tol]
)
def test_real_parameters(function):
    name = function.__name__.removeprefix("check_")
    for value in REALS:
        found = function(value)
        assert type(found) is float
        assert found == float(value)
    assert function(0) == 0.0
    assert math.copysign(1.0, function(-0.0)) == 1.0
    for value in NOT_REALS:
        with pytest.raises(TypeError, match=f"^{name} must be a number, got "):
            function(value)
    wrong = (-1e-300, -1, math.nan, math.inf, -math.inf, 10**400, np.float32("nan"))
    for value in wrong:
        with pytest.raises(ValueError, match=f"^{name} is .* finite and in .0, "):
            function(value)


def test_ranges():
    assert check.check_alpha(1e200) == 1e200
    assert check.check_l1_ratio(1.0) == 1.0
    with pytest.raises(ValueError, match=r"l1_ratio is 1\.5; it must be finite"):
        check.check_l1_ratio(1.5)
    between = {"low": 0.0, "high": 1.0, "low_open": True}
    assert check.check_real(1.0, "ratio", **between) == 1.0
    assert check.check_real(0.5, "ratio", **between, high_open=True) == 0.5
    with pytest.raises(ValueError, match=re.escape("in (0, 1]")):
        check.check_real(0.0, "ratio", **between)
    with pytest.raises(ValueError, match=re.escape("in (0, 1)")):
        check.check_real(1.0, "ratio", **between, high_open=True)
    with pytest.raises(ValueError, match=re.escape("in (-inf, inf)")):
        check.check_real(math.nan, "intercept")


def test_integers():
    assert check.check_max_iter(1) == 1
    assert type(check.check_max_iter(np.int16(5))) is int
    assert check.check_integer(0, "seed", low=0) == 0
    for value in (1.0, 1e4, "5", None, True, np.array(5), [5]):
        with pytest.raises(TypeError, match=r"^max_iter must be an integer, got "):
            check.check_max_iter(value)
    for value in (0, -1):
        with pytest.raises(ValueError, match=f"^max_iter is {value}; it must"):
            check.check_max_iter(value)


def test_threads_and_time():
    assert check.check_n_threads(None) is None
    assert check.check_n_threads(4) == 4
    with pytest.raises(ValueError, match="n_threads is -1; it must be at least 1"):
        check.check_n_threads(-1)
    assert check.check_time_limit(None) is None
    assert check.check_time_limit(math.inf) is None
    assert check.check_time_limit(3) == 3.0
    for value in (0, -1.0, math.nan):
        with pytest.raises(ValueError, match=r"time_limit is .* in \(0, inf\)"):
            check.check_time_limit(value)
    with pytest.raises(TypeError, match="time_limit must be a number"):
        check.check_time_limit("1s")


def test_bool_and_choice():
    assert check.check_bool(True, "flag") is True
    assert check.check_bool(np.False_, "flag") is False
    for value in (1, 0, "True", None, np.array(True)):
        with pytest.raises(TypeError, match=r"^flag must be True or False, got"):
            check.check_bool(value, "flag")
    assert check.check_choice("bic", "criterion", ("aic", "bic")) == "bic"
    with pytest.raises(ValueError, match=r"criterion is 'cp'; .* one of aic, bic"):
        check.check_choice("cp", "criterion", ("aic", "bic"))
    with pytest.raises(TypeError, match="criterion must be a string, got 3"):
        check.check_choice(3, "criterion", ("aic", "bic"))


# ---------------------------------------------------------------------------
# Estimators


class LeastSquares(RegressorMixin, BaseEstimator):
    """The smallest estimator that goes through the two helpers."""

    def fit(self, X, y, sample_weight=None):
        data = check.validate_estimator_input(self, X, y, sample_weight=sample_weight)
        X = data.X.toarray() if sp.issparse(data.X) else data.X
        check.check_finite(X, "X")
        root = np.ones(len(X)) if data.sample_weight is None else data.sample_weight
        root = np.sqrt(root / root.sum())[:, None]
        X = np.column_stack([np.ones(len(X)), X])
        gram = (root * X).T @ (root * X) + 1e-3 * np.eye(X.shape[1])
        coef = np.linalg.solve(gram, (root * X).T @ (root[:, 0] * data.y))
        vars(self).pop("feature_names_in_", None)
        vars(self).update(coef_=coef[1:], intercept_=coef[0], **data.features)
        return self

    def predict(self, X):
        X = check.validate_predict_input(self, X)
        return X @ self.coef_ + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3))
    return X, X @ [1.0, 2.0, 3.0] + 4.0


def test_scikit_learns_checks_pass():
    results = check_estimator(LeastSquares(), on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert len(results) > 30


def test_fit_input(problem):
    X, y = problem
    data = check.validate_estimator_input(LeastSquares(), X, y, offset=1.0)
    assert data.X is X
    assert data.y is y
    assert data.sample_weight is None
    np.testing.assert_array_equal(data.offset, np.ones(20))
    assert data.features == {"n_features_in_": 3, "_has_offset_": True}


def test_fit_input_sparse_in_place(problem):
    X, y = problem
    for index in (np.int32, np.int64):
        X_csc = sp.csc_matrix(X)
        X_csc.indices = X_csc.indices.astype(index)
        X_csc.indptr = X_csc.indptr.astype(index)
        data = check.validate_estimator_input(LeastSquares(), X_csc, y)
        assert isinstance(data.X, sp.csc_array)
        assert np.shares_memory(data.X.data, X_csc.data)
        assert np.shares_memory(data.X.indices, X_csc.indices)
        assert check.check_design(data.X).indices.dtype == index


def test_several_targets(problem):
    X, y = problem
    y = np.column_stack([y, -y])
    data = check.validate_estimator_input(
        LeastSquares(), X, y, offset=0.5 * y, multi_output=True
    )
    assert data.y.shape == data.offset.shape == (20, 2)
    data = check.validate_estimator_input(
        LeastSquares(), X, y[:, :1], multi_output=True
    )
    assert data.y.shape == (20, 1)


def test_column_vector_warns(problem):
    X, y = problem
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        data = check.validate_estimator_input(LeastSquares(), X, y[:, None])
    assert data.y.shape == (20,)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_feature_names(problem, frame):
    X, y = problem
    named = frame(dict(zip("abc", X.T, strict=True)))
    model = LeastSquares().fit(named, y)
    np.testing.assert_array_equal(model.feature_names_in_, ["a", "b", "c"])
    assert model.n_features_in_ == 3
    np.testing.assert_allclose(model.predict(named), y, rtol=0.05)
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(named[["b", "a", "c"]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but LeastSquares"):
        model.predict(named)


def test_a_refused_fit_leaves_the_estimator_as_it_was(problem):
    X, y = problem
    model = LeastSquares().fit(pd.DataFrame(X, columns=list("abc")), y)
    before = dict(vars(model))
    for bad in (X[:, :2] * np.nan, X[:5], pd.DataFrame(X[:, :2] * np.inf)):
        with pytest.raises(ValueError, match="X"):
            model.fit(bad, y)
    for bad in ({"sample_weight": -(y**2)}, {"sample_weight": y[:3]}):
        with pytest.raises(ValueError, match="sample_weight"):
            model.fit(X[:, :2], y, **bad)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


def test_target_is_required(problem):
    with pytest.raises(ValueError, match=r"LeastSquares .* requires y to be passed"):
        LeastSquares().fit(problem[0], None)


def test_predict_input(problem):
    X, y = problem
    with pytest.raises(NotFittedError):
        LeastSquares().predict(X)
    model = LeastSquares().fit(X, y)
    expected = model.predict(X)
    np.testing.assert_allclose(expected, y, rtol=0.05)
    for layout in SPARSE:
        found = model.predict(make_sparse(layout, dense=X))
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(model.predict(X[::-2, :]), expected[::-2])
    with pytest.raises(ValueError, match=r"X has 2 features, but .* expecting 3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match=r"X has 2 features, but .* expecting 3"):
        model.predict(X[:, :2].tolist())
    with pytest.raises(ValueError, match="Reshape your data"):
        model.predict(X[0])


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_prediction_checks_structure_first(problem, layout):
    X, y = problem
    model = LeastSquares().fit(X, y)
    bad = make_sparse(layout, dense=X)
    bad.indices[1] = 10**8
    with pytest.raises(ValueError, match=r"X\.indices\[1\] is 100000000"):
        model.predict(bad)
    with pytest.raises(ValueError, match=r"X\.indices\[1\] is 100000000"):
        model.fit(bad, y)


# ---------------------------------------------------------------------------


def test_importing_loads_neither_scipy_nor_scikit_learn():
    code = (
        "import sys, numpy, riata._validation as check\n"
        "check.check_design(numpy.ones((3, 2)))\n"
        "print([m for m in ('scipy', 'sklearn', 'pandas') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
