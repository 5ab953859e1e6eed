"""Where numbers come from: the commit, what differs from it, and the experiment's file, taken once by the driver."""

import subprocess
from pathlib import Path
from random import Random

import pytest

from garment_sweeps.tracking import code_state, provenance, tags
from garment_sweeps.tracking.code_state import DIFF_BYTES, CodeState, to_environment
from garment_sweeps.tracking.provenance import Provenance, take_sources
from garment_sweeps.tracking.record import TrialKey, identity_of
from garment_uv.training.trial import TrialConfig


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=e@h")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path) -> Path:
    """One commit of two files; git ignores `experiments/private*`."""
    folder = tmp_path / "repository"
    (folder / "experiments").mkdir(parents=True)
    (folder / "experiments" / "known.py").write_text("trials = 1\n")
    (folder / ".gitignore").write_text("private*\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def test_a_clean_tree_is_its_commit(repository):
    (repository / "notes.txt").write_text("no code")
    (repository / "tool.py").write_text("not in a folder of code")
    sources = take_sources(repository / "experiments" / "known.py", repository)
    assert sources.provenance.commit == git(repository, "rev-parse", "HEAD")
    assert sources.provenance.changes == "" and sources.texts == {"experiment.py": "trials = 1\n"}


def test_changed_and_untracked_code_counts_as_changes_and_is_in_the_diff(repository):
    new = repository / "experiments" / "new.py"
    new.write_text("trials = 64\n")
    state = code_state.code_state(repository)
    assert state.commit == git(repository, "rev-parse", "HEAD") + "+changes"
    assert state.changes == ("experiments/new.py",) and "+trials = 64" in state.diff
    (repository / "experiments" / "known.py").write_text("trials = 2\n")
    sources = take_sources(new, repository)
    assert sources.provenance.changes == "experiments/known.py, experiments/new.py"
    patch = repository.parent / "changes.diff"
    patch.write_text(sources.texts["changes.diff"])
    other = repository.parent / "other"
    git(repository.parent, "clone", "-q", str(repository), str(other))
    git(other, "apply", str(patch))  # which is the code that ran
    assert (other / "experiments" / "new.py").read_text() == "trials = 64\n"
    assert (other / "experiments" / "known.py").read_text() == "trials = 2\n"


def test_an_experiment_that_git_ignores_counts_and_one_from_elsewhere_is_kept(repository, tmp_path):
    private = repository / "experiments" / "private.py"
    private.write_text("trials = 3\n")
    assert take_sources(None, repository).provenance.changes == ""
    sources = take_sources(private, repository)
    assert sources.provenance.changes == "experiments/private.py" and "+trials = 3" in sources.texts["changes.diff"]
    elsewhere = tmp_path / "mine.py"
    elsewhere.write_text("trials = 4\n")
    sources = take_sources(elsewhere, repository)
    assert sources.provenance.commit == git(repository, "rev-parse", "HEAD")
    assert sources.texts == {"experiment.py": "trials = 4\n"}
    assert sources.provenance.experiment_file == str(elsewhere)


def test_a_long_diff_is_cut_and_secrets_are_not_in_it(repository, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "very-well-kept")
    (repository / "experiments" / "new.py").write_text("key = 'very-well-kept'\n" + "x = 1\n" * DIFF_BYTES)
    text = take_sources(None, repository).texts["changes.diff"]
    assert len(text) <= DIFF_BYTES and "key = '***'" in text and "very-well-kept" not in text


def test_it_is_sent_along_to_where_there_is_no_git(repository, tmp_path, monkeypatch):
    (repository / "experiments" / "new.py").write_text("trials = 64\n")
    state = code_state.code_state(repository)
    for name, value in to_environment(state).items():
        monkeypatch.setenv(name, value)
    assert code_state.code_state(tmp_path) == state
    assert to_environment(CodeState()) == {}
    random = CodeState("abc+changes", (), Random(0).randbytes(99999).hex())
    assert set(to_environment(random)) == {code_state.COMMIT}  # too long for an environment


def test_without_git_and_environment_it_is_unknown(tmp_path, monkeypatch):
    monkeypatch.delenv(code_state.COMMIT, raising=False)
    assert code_state.code_state(tmp_path) == CodeState()


def test_a_trial_tags_its_run_with_the_provenance_that_it_was_handed(tmp_path):
    handed = Provenance(commit="c0ffee+changes", changes="a.py", experiment_file="e.py", source="source/1")
    identity = identity_of(TrialKey("s", "1", "2", "t00000"), TrialConfig(), {}, handed)
    expected = {"mlflow.source.git.commit": "c0ffee+changes", "mlflow.source.name": "e.py"}
    expected |= {tags.CHANGES: "a.py", tags.SOURCE: "source/1"}
    assert expected.items() <= identity.tags.items()


def test_many_changes_are_named_by_the_first_ones():
    names = tuple(f"{number:02}.py" for number in range(14))
    assert provenance._listed(names).endswith("08.py, 09.py and 4 more")
