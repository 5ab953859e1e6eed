"""Fragments become a version's part of the changelog, and what is no fragment is named."""

import datetime

import pytest

from infra import changes

DAY = datetime.date(2026, 12, 1)


@pytest.fixture
def root_with_fragments(tmp_path):
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("How.")
    (tmp_path / "changes" / "a-loss.added.md").write_text("A loss\nof two lines.\n")
    (tmp_path / "changes" / "a-fault.fixed.md").write_text("A fault is gone.")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n{changes.BEGIN}\n## 0.1.0 (2026-01-01)\n\nThe first.\n")
    return tmp_path


def test_fragments_move_into_the_changelog_newest_first(root_with_fragments):
    changes.assemble(root_with_fragments, "0.2.0", DAY)
    assert (root_with_fragments / "CHANGELOG.md").read_text() == (
        f"# Changes\n\n{changes.BEGIN}\n## 0.2.0 (2026-12-01)\n\n### Added\n\n- A loss\n  of two lines.\n\n"
        "### Fixed\n\n- A fault is gone.\n\n## 0.1.0 (2026-01-01)\n\nThe first.\n"
    )
    assert [path.name for path in (root_with_fragments / "changes").iterdir()] == ["README.md"]
    with pytest.raises(ValueError, match="a version 0.2.0 already"):
        changes.assemble(root_with_fragments, "0.2.0", DAY)


@pytest.mark.parametrize(("name", "text"), [("A loss.added.md", "It."), ("loss.new.md", "It."), ("loss.added.md", "")])
def test_what_is_no_fragment_is_named(root_with_fragments, name, text):
    (root_with_fragments / "changes" / name).write_text(text)
    with pytest.raises(ValueError, match=name):
        changes.fragments(root_with_fragments / "changes")


def test_the_projects_own_can_be_assembled():
    assert changes.main([]) == 0
