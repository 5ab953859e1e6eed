"""Reading SMPL's Python-2 pickles without running anything in them.

A pickle names the functions that rebuild it. This reader hands out only inert stand-ins and NumPy's array
constructors; whatever else a file names is refused before it is called.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from garment_uv.errors import UserError


class _Stub:
    """Stands in for an object of chumpy or scipy.sparse: keeps its state, does nothing."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


class _Leaf(_Stub):
    """chumpy.ch.Ch: an array under 'x'."""


class _Select(_Stub):
    """chumpy.reordering.Select: some entries of the flattened array 'a'."""


class _CompressedColumns(_Stub):
    """scipy.sparse.csc_matrix."""


class _CompressedRows(_Stub):
    """scipy.sparse.csr_matrix."""


def _rebuilt(kind: type, _base: type, _state: Any) -> Any:
    """copyreg._reconstructor for stand-ins only."""
    if not (isinstance(kind, type) and issubclass(kind, _Stub)):
        raise pickle.UnpicklingError(f"it rebuilds a {getattr(kind, '__name__', kind)}")
    return kind()


def _latin1(text: str, _encoding: str = "latin1") -> bytes:
    """_codecs.encode as NumPy's pickles use it."""
    return text.encode("latin1")


def _empty_array(_kind: type, _shape: tuple, _code: Any) -> np.ndarray:
    """numpy's _reconstruct: an empty array that __setstate__ fills."""
    return np.ndarray.__new__(np.ndarray, (0,), dtype="b")


def _scalar(dtype: np.dtype, data: bytes | str) -> Any:
    if dtype.hasobject:
        raise pickle.UnpicklingError("it holds an array of objects")
    return np.frombuffer(data.encode("latin1") if isinstance(data, str) else data, dtype=dtype)[0]


def _from_buffer(data: Any, dtype: np.dtype, shape: tuple, order: str) -> np.ndarray:
    """numpy's _frombuffer, of pickles since protocol 5."""
    return np.frombuffer(data, dtype=dtype).reshape(shape, order=order)


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("copy_reg", "_reconstructor"): _rebuilt,
    ("copyreg", "_reconstructor"): _rebuilt,
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("_codecs", "encode"): _latin1,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("chumpy.ch", "Ch"): _Leaf,
    ("chumpy", "Ch"): _Leaf,
    ("chumpy.reordering", "Select"): _Select,
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _ALLOWED[_module, "_reconstruct"] = _empty_array
    _ALLOWED[_module, "scalar"] = _scalar
for _module in ("numpy.core.numeric", "numpy._core.numeric"):
    _ALLOWED[_module, "_frombuffer"] = _from_buffer
for _module in ("scipy.sparse", "scipy.sparse.csc", "scipy.sparse._csc"):
    _ALLOWED[_module, "csc_matrix"] = _CompressedColumns
for _module in ("scipy.sparse", "scipy.sparse.csr", "scipy.sparse._csr"):
    _ALLOWED[_module, "csr_matrix"] = _CompressedRows


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _ALLOWED[module, name]


def read_pickle(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a pickled dictionary, dense; entries that are not arrays are left out.

    UserError when the file is not a pickle of a dictionary, or names anything but arrays.
    """
    data = path.read_bytes()
    try:
        loaded = _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(loaded, dict):
            raise pickle.UnpicklingError(f"it holds a {type(loaded).__name__}, not a dictionary")
        arrays = {key: _array(value) for key, value in loaded.items() if isinstance(key, str)}
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
        MemoryError, ImportError,
    ) as error:  # fmt: skip
        raise UserError(
            f"{path} is refused: {error or type(error).__name__}; an SMPL .pkl holds only NumPy, SciPy and chumpy"
            " arrays, so take it from SMPL's own download"
        ) from None
    return {key: array for key, array in arrays.items() if array is not None}


def _array(value: Any) -> np.ndarray | None:
    """A dense array of what a stand-in or an array holds; None for anything else (names, settings)."""
    if isinstance(value, np.ndarray):
        return None if value.dtype.hasobject else value
    if isinstance(value, _Leaf):
        return _array(value.state["x"])
    if isinstance(value, _Select):
        picked = _array(value.state["a"]).ravel()[_array(value.state["idxs"])]
        shape = value.state.get("preferred_shape")
        return picked.reshape(shape) if shape is not None else picked
    if isinstance(value, _CompressedColumns | _CompressedRows):
        state = value.state
        kind = sparse.csc_matrix if isinstance(value, _CompressedColumns) else sparse.csr_matrix
        shape = state.get("_shape", state.get("shape"))
        return kind((state["data"], state["indices"], state["indptr"]), shape=shape).toarray()
    return None
