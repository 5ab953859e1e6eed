"""The viewer page: what it holds, and that a real browser draws it."""

import base64
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from garment_uv.viewing.viewer import Panel, page, write_html
from tests.servers.browser import CHROMIUM, MISSING, browser

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


def data_of(text: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S).group(1))


def test_positions_values_and_faces_are_kept(dress):
    values = np.linspace(0, 40, len(dress.vertices))
    text = page([Panel("P", (replace(dress, values=values),))], "t", scale_maximum=20.0)
    data = data_of(text)
    mesh = data["panels"][0]["meshes"][0]

    def kept(name: str) -> np.ndarray:
        return np.frombuffer(zlib.decompress(base64.b64decode(data["arrays"][mesh[name]])), "<u2")

    codes = kept("positions").reshape(-1, 3)
    assert np.abs(codes * np.array(mesh["step"]) + mesh["low"] - dress.vertices).max() < 2e-5
    assert np.array_equal(kept("faces").reshape(-1, 3), dress.faces)
    shown = kept("values") / 65535 * 20
    assert np.abs(shown - np.minimum(values, 20)).max() < 1e-3


def test_what_meshes_share_is_kept_once_and_groups_are_framed_alike(dress, body):
    moved = replace(dress, vertices=dress.vertices + [0.0, 0.0, 5.0])
    panels = [Panel("a", (dress,), group="low"), Panel("b", (moved,), group="high"), Panel("c", (body,), group="high")]
    data = data_of(page(panels, "t"))
    first, second, third = data["panels"]
    assert first["meshes"][0]["faces"] == second["meshes"][0]["faces"]
    assert len(data["arrays"]) == len(set(data["arrays"]))
    assert second["centre"] == third["centre"] != first["centre"]
    assert first["radius"] < second["radius"]


def test_the_scale_ends_at_a_round_number(dress):
    scale = data_of(page([Panel("P", (replace(dress, values=np.full(len(dress.vertices), 13.7)),))], "t"))["scale"]
    assert scale == {"label": "error, mm", "maximum": 16.0}


def test_nothing_is_fetched_or_stored_and_text_cannot_break_out(dress):
    evil = "</script><script>alert(1)</script>@@DATA@@"
    text = page([Panel(evil, (replace(dress, name=evil),), evil)], evil, caption=evil)
    assert "<script>alert" not in text
    assert data_of(text)["panels"][0]["title"] == evil
    for word in ("http:", "https:", "src=", "href=", "fetch(", "import(", "localStorage", "XMLHttp", "url("):
        assert word not in text, word


def test_ugly_meshes(dress):
    with pytest.raises(ValueError, match="non-finite"):
        page(
            [Panel("p", (replace(dress, vertices=np.full((3, 3), np.nan), faces=np.zeros((0, 3), int)),))],
            "t",
        )
    with pytest.raises(ValueError, match="faces"):
        page([Panel("p", (replace(dress, vertices=dress.vertices[:4]),))], "t")
    with pytest.raises(ValueError, match="values"):
        page([Panel("p", (replace(dress, values=np.zeros(3)),))], "t")
    empty = replace(dress, vertices=np.zeros((0, 3)), faces=np.zeros((0, 3), int), values=np.zeros(0))
    assert data_of(page([Panel("p", (empty,)), Panel("q", ())], "t"))["panels"][0]["radius"] == 1.0


@needs_browser
def test_a_browser_draws_it_inside_a_sandboxed_frame(tmp_path, body, dress):
    coloured = replace(dress, values=np.full(len(dress.vertices), 20.0))
    write_html(
        [Panel("Prediction", (coloured, body)), Panel("Truth", (dress, body)), Panel("Body", (body,))],
        tmp_path / "viewer.html",
        title="a sample",
        scale_maximum=40.0,
    )
    (tmp_path / "frame.html").write_text(
        '<iframe sandbox="allow-scripts" src="viewer.html" style="width:100%;height:620px;border:0"></iframe>'
    )
    with browser(tmp_path, 1100, 640) as shown:
        shown.open((tmp_path / "frame.html").as_uri())
        for _ in range(100):  # the frame is a process of its own, which says nothing of when it has drawn
            seen = shown.picture()
            third = seen.shape[1] // 3
            prediction, truth, alone = (seen[150:460, k * third : (k + 1) * third] for k in range(3))
            if all(np.ptp(part, axis=-1).max() > 30 for part in (prediction, truth, alone)):
                break

    def like(part, test):
        return int(test(part[..., 0], part[..., 1], part[..., 2]).sum())

    def pink(r, g, b):
        return (r > g + 40) & (b > g + 15)

    def skin(r, g, b):
        return (r > g + 8) & (g > b + 8) & (r > 90)

    def green(r, g, b):
        return (g > r + 20) & (b > r) & (g > 60)

    assert like(truth, pink) > 2000 and like(alone, pink) < 50
    assert like(prediction, green) > 2000 and like(truth, green) < 50
    assert like(alone, skin) > 2000


@needs_browser
def test_the_page_reports_that_it_is_ready(tmp_path, dress):
    write_html([Panel("P", (dress,))], tmp_path / "viewer.html", title="a sample")
    with browser(tmp_path) as shown:
        shown.open((tmp_path / "viewer.html").as_uri())
        shown.wait("document.documentElement.dataset.state === 'ready'")
        assert not shown.problems
