"""Finds an experiment by file or name, calls the function that returns it, and changes its base."""

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

from garment_sweeps.experiment.experiment import Experiment
from garment_uv.config import parse_assignments
from garment_uv.errors import UserError

DEFAULT_FUNCTION = "experiment"


def load_experiment(spec: str, folder: Path | str = "experiments") -> Experiment:
    """The Experiment that `spec` names.

    Args:
        spec: `experiments/quickstart.py`, `experiments/quickstart.py:small`, `quickstart` or `quickstart:small`.
            Without a function's name it is `experiment`.
        folder: where bare names are looked for.

    Raises:
        UserError: no such file or function, or one that does not return an Experiment.
    """
    path = experiment_file(spec, folder)
    module = _import_file(path)
    return _called(module, spec.partition(":")[2] or DEFAULT_FUNCTION, path)


def experiment_with(spec: str, assignments: tuple[str, ...]) -> Experiment:
    """The experiment of that name with its base changed; UserError on unknown experiments, fields and values."""
    loaded = load_experiment(spec)
    changes = parse_assignments(assignments)
    if not changes:
        return loaded
    return Experiment(**{**loaded.plain(), "base": loaded.base.with_values(changes).plain()})


def sweep_named(spec: str) -> str:
    """The sweep that `garment sweep SPEC --resume` means: an experiment's own, or the one of that name."""
    try:
        return load_experiment(spec).name
    except UserError:
        return spec


def experiment_file(spec: str, folder: Path | str = "experiments") -> Path:
    """The file that `spec` names (see `load_experiment`); UserError where there is none."""
    name = spec.partition(":")[0]
    path = Path(name)
    if path.suffix != ".py":
        path = Path(folder) / f"{name}.py"
    if not path.is_file():
        raise UserError(f"no experiment {spec!r}: there is {_listed(Path(folder))}")
    return path


def experiment_names(folder: Path | str = "experiments") -> list[str]:
    """Names of the experiments in a folder."""
    return sorted(p.stem for p in Path(folder).glob("*.py") if not p.stem.startswith("_"))


def _listed(folder: Path) -> str:
    names = experiment_names(folder)
    if names:
        return ", ".join(names)
    return f"no experiment in {folder.resolve()}; run from the project's root or give the path of a .py file"


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"garment_experiment_{path.stem}", path)
    assert spec is not None and spec.loader is not None, "a .py file has both"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not load: {type(error).__name__}: {error}") from error
    return module


def _called(module: ModuleType, function: str, path: Path) -> Experiment:
    made = getattr(module, function, None)
    if not callable(made):
        functions = [n for n, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
        public = ", ".join(n for n in functions if not n.startswith("_")) or "none"
        raise UserError(f"{path} has no function {function!r}; its functions are: {public}")
    try:
        answer = made()
    except UserError as error:
        raise UserError(f"{path}:{function}: {error}") from None
    if not isinstance(answer, Experiment):
        kind = type(answer).__name__
        raise UserError(f"{path}:{function} returned a {kind}; it must return a garment_sweeps.experiment.Experiment")
    return answer
