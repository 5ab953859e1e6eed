"""Reading SMPL's Python-2 pickles without running anything in them.

A pickle names the functions that rebuild it. This reader hands out only inert stand-ins, also for NumPy's own types,
whose C code trusts the state it is given; whatever else a file names is refused before it is called.
"""

import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from garment_uv.errors import UserError

_CODE = re.compile(r"[<>|=]?(b1|[iu][1248]|f(2|4|8|16)|c(8|16)|[SUV]\d{1,6}|O\d?|\?)")
"""Element types that an SMPL file may name."""


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


class _Dtype:
    """Stands in for numpy.dtype: a code such as 'f8' and a byte order, no fields and no flags."""

    def __init__(self, code: Any = "", *_options: Any) -> None:
        text = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not _CODE.fullmatch(text):
            raise pickle.UnpicklingError(f"it holds an array of {str(text)[:40]!r}")
        self.objects = text.lstrip("<>|=").startswith("O")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        _version, told, *parts = state
        order: Any = told.decode("latin1") if isinstance(told, bytes) else told
        if order not in ("<", ">", "|", "=") or any(part is not None for part in parts[:3]):
            raise pickle.UnpicklingError("it holds an array of several fields, or of an unknown byte order")
        self.dtype = self.dtype.newbyteorder(order)

    def filled(self, data: Any, shape: Any, order: Any) -> np.ndarray | None:
        """The array of these bytes; None for one of objects."""
        if self.objects:
            return None
        raw = data.encode("latin1") if isinstance(data, str) else data
        return np.frombuffer(raw, dtype=self.dtype).reshape(shape, order=order)


class _Array:
    """Stands in for numpy.ndarray: `value` is the array, or None for one of objects."""

    def __init__(self, *_arguments: Any) -> None:
        self.value: np.ndarray | None = np.empty(0)

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, fortran, data = state
        self.value = _checked(dtype).filled(data, shape, "F" if fortran else "C")


def _checked(dtype: Any) -> _Dtype:
    if not isinstance(dtype, _Dtype):
        raise pickle.UnpicklingError(f"it holds an array of {type(dtype).__name__}")
    return dtype


def _scalar(dtype: Any, data: Any) -> Any:
    value = _checked(dtype).filled(data, (), "C")
    if value is None:
        raise pickle.UnpicklingError("it holds an array of objects")
    return value[()]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: str) -> _Array:
    """numpy's _frombuffer, of pickles since protocol 5."""
    array = _Array()
    array.value = _checked(dtype).filled(data, shape, order)
    return array


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("copy_reg", "_reconstructor"): _rebuilt,
    ("copyreg", "_reconstructor"): _rebuilt,
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("_codecs", "encode"): _latin1,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("chumpy.ch", "Ch"): _Leaf,
    ("chumpy", "Ch"): _Leaf,
    ("chumpy.reordering", "Select"): _Select,
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _ALLOWED[_module, "_reconstruct"] = _Array
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


SMPL_MEND = "an SMPL .pkl holds only NumPy, SciPy and chumpy arrays, so take it from SMPL's own download"


def read_pickle(path: Path, mend: str = SMPL_MEND) -> dict[str, np.ndarray]:
    """The arrays of a pickled dictionary, dense; UserError, which ends in `mend`, where it names anything else."""
    data = path.read_bytes()
    try:
        loaded = _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(loaded, dict):
            raise pickle.UnpicklingError(f"it holds a {type(loaded).__name__}, not a dictionary")
        arrays = {key: _array(value) for key, value in loaded.items() if isinstance(key, str)}
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
        MemoryError, ImportError, SystemError,
    ) as error:  # fmt: skip
        raise UserError(f"{path} is refused: {error or type(error).__name__}; {mend}") from None
    return {key: array for key, array in arrays.items() if array is not None}


def _array(value: Any) -> Any:
    """A dense array of what a stand-in holds; None for anything else (names, settings)."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, _Leaf):
        return _array(value.state["x"])
    if isinstance(value, _Select):
        picked = _array(value.state["a"]).ravel()[_array(value.state["idxs"])]
        shape = _plain(value.state.get("preferred_shape"))
        return picked.reshape(shape) if shape is not None else picked
    if isinstance(value, _CompressedColumns | _CompressedRows):
        state = value.state
        kind = sparse.csc_matrix if isinstance(value, _CompressedColumns) else sparse.csr_matrix
        parts = tuple(_array(state[name]) for name in ("data", "indices", "indptr"))
        return kind(parts, shape=_plain(state.get("_shape", state.get("shape")))).toarray()
    return None


def _plain(shape: Any) -> Any:
    """A shape as it stands, or out of an array."""
    return shape.value if isinstance(shape, _Array) else shape
