"""The compiled structure checks and re-orderings, against SciPy and plain Python."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from riata._core import sparse as core

POINTERS = INDICES = (np.int32, np.int64)
VALUES = (np.float32, np.float64)
DTYPES = list(itertools.product(POINTERS, INDICES, VALUES))


def random_csc(dtypes, seed=0, shape=(30, 17), density=0.3):
    """Return a CSC triple whose values are small integers, so that sums are exact."""
    pointer, index, value = dtypes
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 9, shape) * (rng.random(shape) < density)
    X = sp.csc_array(dense)
    return X.indptr.astype(pointer), X.indices.astype(index), X.data.astype(value)


def shuffled(indptr, indices, data, seed=0):
    """The same matrix with every slice in random order."""
    rng = np.random.default_rng(seed)
    order = np.arange(len(data))
    for start, stop in itertools.pairwise(indptr):
        rng.shuffle(order[start:stop])
    return indptr, indices[order].copy(), data[order].copy()


def doubled(indptr, indices, data):
    """The same matrix with every entry stored three times, as parts of it."""
    parts = np.repeat(data, 3) * np.tile([0.5, 0.25, 0.25], len(data))
    return 3 * indptr, np.repeat(indices, 3), parts.astype(data.dtype)


def frozen(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


def to_dense(indptr, indices, data, n_minor):
    """Sum the entries of a compressed matrix, one by one; shape (n_minor, n_major)."""
    dense = np.zeros((n_minor, len(indptr) - 1), dtype=np.asarray(data).dtype)
    for major in range(len(indptr) - 1):
        for k in range(indptr[major], indptr[major + 1]):
            dense[indices[k], major] += data[k]
    return dense


def expected_status(indptr, indices, n_minor):
    """Whether the structure is legal and canonical, from the definition."""
    legal = (
        len(indptr) > 0
        and indptr[0] == 0
        and all(a <= b for a, b in itertools.pairwise(indptr))
        and indptr[-1] <= len(indices)
        and all(0 <= i < n_minor for i in indices[: indptr[-1]])
    )
    if not legal:
        return -1
    slices = [indices[a:b] for a, b in itertools.pairwise(indptr)]
    increasing = all(a < b for part in slices for a, b in itertools.pairwise(part))
    return core.OK if increasing else core.UNSORTED


# ---------------------------------------------------------------------------
# check_structure


@pytest.mark.parametrize("dtypes", DTYPES)
def test_legal_structures_are_told_apart(dtypes):
    indptr, indices, data = random_csc(dtypes)
    assert core.check_structure(indptr, indices, 30) == (core.OK, 0)
    status, position = core.check_structure(*shuffled(indptr, indices, data)[:2], 30)
    assert status == core.UNSORTED
    assert position > 0
    status, position = core.check_structure(*doubled(indptr, indices, data)[:2], 30)
    assert (status, position) == (core.UNSORTED, 1)


@pytest.mark.parametrize("dtypes", [d for d in DTYPES if d[2] is np.float64])
@pytest.mark.parametrize(
    ("indptr", "indices", "status", "position"),
    [
        ([1, 2, 3], [0, 1, 2], core.BAD_START, 0),
        ([-1, 2, 3], [0, 1, 2], core.BAD_START, 0),
        ([], [0, 1, 2], core.BAD_START, 0),
        ([0, 2, 1, 3], [0, 1, 2], core.DECREASING, 2),
        ([0, 2, -5], [0, 1, 2], core.DECREASING, 2),
        ([0, 2, 4], [0, 1, 2], core.TOO_LONG, 2),
        ([0, 2**31 - 1, 3], [0, 1, 2], core.TOO_LONG, 1),
        ([0, 2, 3], [0, -1, 2], core.NEGATIVE, 1),
        ([0, 2, 3], [0, 1, -(2**31)], core.NEGATIVE, 2),
        ([0, 2, 3], [0, 5, 2], core.TOO_LARGE, 1),
        ([0, 2, 3], [0, 1, 2**31 - 1], core.TOO_LARGE, 2),
        ([0, 3, 3], [9, 1, 2], core.TOO_LARGE, 0),
        ([0, 3, 6], [4, 1, 2, 0, 0, 7], core.TOO_LARGE, 5),
        ([0, 3, 3], [4, 1, 2], core.UNSORTED, 1),
        ([0, 3, 3], [1, 1, 2], core.UNSORTED, 1),
        ([0, 1, 3], [4, 1, 2], core.OK, 0),
        ([0, 0, 0], [], core.OK, 0),
        ([0], [], core.OK, 0),
        ([0, 1, 2], [0, 1, 99], core.OK, 0),  # what follows indptr[-1] is not stored
    ],
)
def test_every_fault_is_named_and_found(dtypes, indptr, indices, status, position):
    indptr, indices = np.array(indptr, dtypes[0]), np.array(indices, dtypes[1])
    found = core.check_structure(*frozen(indptr, indices), 5)
    assert found == (status, position)


def test_extreme_integers_do_not_wrap():
    indptr = np.array([0, 2**62, 2**63 - 1, -(2**63)])
    indices = np.array([2**63 - 1, -(2**63), 2**32])
    assert core.check_structure(indptr, indices, 5) == (core.TOO_LONG, 1)
    indptr = np.array([0, 3])
    assert core.check_structure(indptr, indices, 5) == (core.TOO_LARGE, 0)
    assert core.check_structure(indptr, indices, 2**63 - 1) == (core.TOO_LARGE, 0)
    assert core.check_structure(indptr, indices[2:], 5)[0] == core.TOO_LONG


@st.composite
def structures(draw):
    """Sizes, pointers and indices; near to legal, so that many are."""
    wild = st.integers(-(2**31) + 1, 2**31 - 1)
    near = st.integers(0, 6)
    indptr = draw(st.lists(near, max_size=5))
    if draw(st.booleans()):
        indptr = [0, *sorted(indptr)]
    indices = draw(st.lists(near, min_size=draw(near), max_size=9))
    for values in (indptr, indices):
        if values and draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(values) - 1))
            values[at] = draw(st.integers(-3, -1) | wild)
    return indptr, indices, draw(st.integers(0, 8))


@given(structures(), st.sampled_from(POINTERS), st.sampled_from(INDICES))
def test_any_structure_is_judged_as_by_definition(structure, pointer, index):
    indptr, indices, n_minor = structure
    values = np.ones(len(indices))
    arrays = frozen(np.array(indptr, pointer), np.array(indices, index))
    status, position = core.check_structure(*arrays, n_minor)
    expected = expected_status(indptr, indices, n_minor)
    assert (status < 0) == (expected < 0)
    assert 0 <= position <= max(len(indptr), len(indices))
    # The re-orderings must survive it too, and be right where it is legal.
    turned = core.transpose(*arrays, values, n_minor)
    sorted_ = core.canonicalize(*arrays, values, n_minor)
    if expected >= 0:
        assert status == expected
        dense = to_dense(indptr, indices, values, n_minor)
        assert turned[0] == sorted_[0] == core.OK
        np.testing.assert_array_equal(to_dense(*turned[1:], len(indptr) - 1).T, dense)
        np.testing.assert_array_equal(to_dense(*sorted_[1:], n_minor), dense)


# ---------------------------------------------------------------------------
# transpose, canonicalize, compress


@pytest.mark.parametrize("dtypes", DTYPES)
@pytest.mark.parametrize("disorder", [lambda *x: x, shuffled, doubled])
@pytest.mark.parametrize(
    "shape", [(30, 17), (1, 40), (40, 1), (3, 0), (0, 3), (200, 90)]
)
def test_transpose_equals_scipy(dtypes, disorder, shape):
    triple = disorder(*random_csc(dtypes, shape=shape))
    before = [part.copy() for part in triple]
    status, indptr, indices, data = core.transpose(*frozen(*triple), shape[0])
    assert status == core.OK
    assert (indptr.dtype, indices.dtype, data.dtype) == (np.int64, *dtypes[1:])
    expected = sp.csc_array(triple[::-1], shape=shape).tocsr()
    np.testing.assert_array_equal(indptr, expected.indptr)
    # SciPy leaves the order within a row alone, and so do we: by column
    np.testing.assert_array_equal(indices, expected.indices)
    np.testing.assert_allclose(data.sum(), expected.data.sum())
    np.testing.assert_array_equal(
        to_dense(indptr, indices, data, shape[1]).T, expected.toarray()
    )
    for part, old in zip(triple, before, strict=True):
        np.testing.assert_array_equal(part, old)


@pytest.mark.parametrize("dtypes", DTYPES)
@pytest.mark.parametrize("disorder", [lambda *x: x, shuffled, doubled])
@pytest.mark.parametrize("shape", [(30, 17), (1, 40), (40, 1), (3, 0), (0, 3)])
def test_canonicalize_equals_scipy(dtypes, disorder, shape):
    triple = disorder(*random_csc(dtypes, shape=shape))
    before = [part.copy() for part in triple]
    status, indptr, indices, data = core.canonicalize(*frozen(*triple), shape[0])
    assert status == core.OK
    assert (indptr.dtype, indices.dtype, data.dtype) == (np.int64, *dtypes[1:])
    expected = sp.csc_array(tuple(part.copy() for part in triple[::-1]), shape=shape)
    expected.sum_duplicates()
    np.testing.assert_array_equal(indptr, expected.indptr)
    np.testing.assert_array_equal(indices, expected.indices)
    np.testing.assert_array_equal(data, expected.data)
    assert core.check_structure(indptr, indices, shape[0]) == (core.OK, 0)
    for part, old in zip(triple, before, strict=True):
        np.testing.assert_array_equal(part, old)


def test_duplicates_are_summed_in_order_of_storage():
    indptr, indices = np.array([0, 4]), np.array([2, 0, 2, 2])
    data = np.array([1e16, 5.0, 1.0, -1e16])
    _, indptr, indices, data = core.canonicalize(indptr, indices, data, 3)
    np.testing.assert_array_equal(indices, [0, 2])
    np.testing.assert_array_equal(data, [5.0, (1e16 + 1.0) - 1e16])


def test_entries_that_cancel_stay_as_explicit_zeros():
    arrays = np.array([0, 2, 3]), np.array([1, 1, 0]), np.array([4.0, -4.0, 1.0])
    _, indptr, indices, data = core.canonicalize(*arrays, 2)
    np.testing.assert_array_equal(indptr, [0, 1, 2])
    np.testing.assert_array_equal(indices, [1, 0])
    np.testing.assert_array_equal(data, [0.0, 1.0])


def test_merge_duplicates_works_in_place():
    indptr, indices = np.array([0, 3, 3, 5]), np.array([0, 0, 4, 4, 4], np.int32)
    data = np.array([1, 2, 3, 4, 5], np.float32)
    assert core.merge_duplicates(indptr, indices, data) == 3
    np.testing.assert_array_equal(indptr, [0, 2, 2, 3])
    np.testing.assert_array_equal(indices[:3], [0, 4, 4])
    np.testing.assert_array_equal(data[:3], [3, 3, 9])


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("value", VALUES)
def test_compress_equals_scipy(index, value):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 20, 300), rng.integers(0, 11, 300)
    data = rng.integers(1, 9, 300).astype(value)
    arrays = frozen(columns.astype(index), rows.astype(index), data)
    status, _, indptr, indices, values = core.compress(*arrays, 11)
    assert status == core.OK
    assert (indptr.dtype, indices.dtype, values.dtype) == (np.int64, index, value)
    expected = sp.coo_array((data, (rows, columns)), shape=(20, 11)).toarray()
    np.testing.assert_array_equal(to_dense(indptr, indices, values, 20), expected)


def test_compress_refuses_what_does_not_fit():
    minor, data = np.zeros(3, np.int64), np.ones(3)
    assert core.compress(np.array([0, -1, 2]), minor, data, 3)[:2] == (core.NEGATIVE, 1)
    assert core.compress(np.array([0, 1, 3]), minor, data, 3)[:2] == (core.TOO_LARGE, 2)
    assert core.compress(np.array([0, 1]), minor, data, 3)[0] == core.CHANGED
    status, _, indptr, indices, values = core.compress(
        np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), 2
    )
    assert status == core.OK
    np.testing.assert_array_equal(indptr, [0, 0, 0])
    assert len(indices) == len(values) == 0


@pytest.mark.parametrize(
    ("indptr", "indices", "data"),
    [
        ([], [0], [1.0]),
        ([0, 9], [0], [1.0]),
        ([0, -9], [0], [1.0]),
        ([0, 5, 1], [0], [1.0]),
        ([0, 2], [0, 7], [1.0, 1.0]),
        ([0, 2], [0, -7], [1.0, 1.0]),
        ([0, 2], [0, 1], [1.0]),
        ([1, 2, 1], [0], [1.0]),
    ],
)
def test_reordering_what_is_no_matrix_is_refused_not_fatal(indptr, indices, data):
    arrays = np.array(indptr, np.int32), np.array(indices, np.int32), np.array(data)
    assert core.transpose(*arrays, 2)[0] == core.CHANGED
    assert core.canonicalize(*arrays, 2)[0] == core.CHANGED


def test_a_sum_of_counts_that_does_not_match_is_refused():
    # indptr skips an entry that was counted, then reads another one twice.
    arrays = np.array([0, 3, 2, 4]), np.zeros(4, np.int32), np.ones(4)
    assert core.transpose(*arrays, 1)[0] == core.CHANGED


# ---------------------------------------------------------------------------
# Range of single precision


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(50, 7), (1, 7), (50, 1), (1, 1)])
@pytest.mark.parametrize(
    ("scale", "extreme"),
    [(1.0, False), (1e17, False), (1e19, True), (1e-17, False), (1e-20, True)],
)
def test_extreme_columns_are_found(order, shape, scale, extreme):
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 1.0, shape).astype(np.float32, order=order)
    X[:, -1] *= np.float32(scale)
    assert core.is_extreme_dense(X) is extreme
    csc = sp.csc_array(X)
    assert core.is_extreme_csc(csc.indptr.astype(np.int64), csc.data) is extreme


def test_zero_columns_and_small_entries_are_not_extreme():
    X = np.zeros((4, 3), np.float32)
    assert core.is_extreme_dense(X) is False
    X[1, 0], X[2, 0] = 1e-30, 1.0  # small, beside an ordinary one
    assert core.is_extreme_dense(X) is False
    csc = sp.csc_array(X)
    assert core.is_extreme_csc(csc.indptr.astype(np.int64), csc.data) is False
    assert core.is_extreme_dense(np.zeros((0, 3), np.float32)) is False
    assert core.is_extreme_csc(np.zeros(4, np.int64), np.empty(0, np.float32)) is False


def test_leading_dimension_is_respected():
    big = np.full((10, 6), 1e30, np.float32)
    big[:4, :3] = 1.0
    assert core.is_extreme_dense(big[:4, :3]) is False
    assert core.is_extreme_dense(np.asfortranarray(big)[:4, :3]) is False
    assert core.is_extreme_dense(big[:4, :4]) is True
    assert core.is_extreme_dense(np.asfortranarray(big)[:5, :3]) is True


def test_other_types_are_refused():
    with pytest.raises(TypeError):
        core.check_structure(np.zeros(2, np.int16), np.zeros(0, np.int32), 1)
    with pytest.raises(ValueError, match="contiguous"):
        core.check_structure(np.zeros(4, np.int32)[::2], np.zeros(0, np.int32), 1)
