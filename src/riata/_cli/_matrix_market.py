"""Matrix Market files, checked: a file that states other sizes than it holds is refused.

(SciPy's reader writes beyond its arrays for a file with more values than it states.)
"""

import numpy as np

ENTRY = {"real": 3, "integer": 3, "double": 3, "pattern": 2}  # numbers in a line
SIGNS = {"general": 0, "symmetric": 1, "skew-symmetric": -1}  # of the mirrored entries
CHUNK = 2**22  # bytes that are parsed at a time


def read_matrix_market(source):
    """The matrix in a Matrix Market file.

    Parameters
    ----------
    source : binary file

    Returns
    -------
    ndarray, or scipy.sparse.coo_array
        As the file is an array, or coordinates.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    head = source.readline().decode("ascii", "replace").lower().split()
    if len(head) != 5 or head[:2] != ["%%matrixmarket", "matrix"]:
        raise ValueError("the first line is not that of a Matrix Market file")
    layout, field, symmetry = head[2:]
    if field not in ENTRY or symmetry not in SIGNS:
        raise ValueError(f"matrices that are {field} and {symmetry} are not supported")
    sizes = _sizes(source)
    if symmetry != "general" and sizes[:1] != sizes[1:2]:
        raise ValueError(f"the matrix is {symmetry}, but not square")
    if layout == "array" and len(sizes) == 2 and field != "pattern":
        return _array(_values(source), sizes, SIGNS[symmetry])
    if layout == "coordinate" and len(sizes) == 3:
        values = _values(source)
        if len(values) != sizes[2] * ENTRY[field]:
            raise ValueError(f"there are {len(values)} numbers for {sizes[2]} entries")
        return _coordinates(
            values.reshape(-1, ENTRY[field]), sizes[:2], SIGNS[symmetry]
        )
    raise ValueError("the first lines do not say what there is")


def _sizes(source):
    """The whole numbers in the first line that is neither blank nor a comment."""
    for line in source:
        words = line.split()
        if words and not words[0].startswith(b"%"):
            if not all(word.isdigit() and len(word) < 19 for word in words):
                raise ValueError(f"the sizes are {line.strip()[:50].decode('latin-1')}")
            return [int(word) for word in words]
    raise ValueError("there are no sizes")


def _values(source):
    """All numbers that follow."""
    parts, rest = [np.empty(0)], b""
    while True:
        chunk = source.read(CHUNK)
        text = rest + chunk
        cut = text.rfind(b"\n") + 1 if chunk else len(text)
        words, rest = text[:cut].split(), text[cut:]
        if b"_" in text[:cut]:  # which float accepts
            raise ValueError("a number holds an underscore")
        parts.append(np.fromiter(map(float, words), float, len(words)))
        if not chunk:
            return np.concatenate(parts)


def _array(values, shape, sign):
    """A matrix whose columns follow one another, or the lower triangle's."""
    if not sign:
        if len(values) != shape[0] * shape[1]:
            raise ValueError(f"there are {len(values)} numbers for {shape}")
        return values.reshape(shape, order="F")
    above = 1 if sign < 0 else 0
    if 2 * len(values) != shape[0] * (shape[0] + 1 - 2 * above):
        raise ValueError(f"there are {len(values)} numbers for half of {shape}")
    column, row = np.triu_indices(shape[0], above)
    matrix = np.zeros(shape, order="F")
    matrix[column, row], matrix[row, column] = sign * values, values
    return matrix


def _coordinates(entries, shape, sign):
    from scipy.sparse import coo_array

    places = entries[:, :2]
    if not ((places >= 1) & (places <= shape) & (places == np.floor(places))).all():
        raise ValueError(f"an entry is outside of the matrix, which is {tuple(shape)}")
    row, column = places.T.astype(np.int64) - 1
    value = entries[:, 2] if entries.shape[1] > 2 else np.ones(len(entries))
    if sign:
        off = row != column
        row, column, value = (
            np.append(row, column[off]), np.append(column, row[off]),
            np.append(value, sign * value[off]),
        )
    return coo_array((value, (row, column)), shape=tuple(shape))
