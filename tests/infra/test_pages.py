"""Every file, folder, class and function that the pages for contributors name is there."""

import ast
import re

import pytest

from tests.infra.files import ROOT

PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PLACE = re.compile(r"`((?:model|platform|tests|experiments|infra|docs|changes)/[\w./-]*)(?:::([\w.]+))?`")
LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text()
    for path, name in PLACE.findall(text):
        assert (ROOT / path).exists(), path
        assert not name or name in _defined(ast.parse((ROOT / path).read_text())), f"{path}::{name}"
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link


def _defined(tree: ast.AST, before: str = "") -> set[str]:
    names = set()
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names |= {before + node.name, *_defined(node, f"{before}{node.name}.")}
    return names
