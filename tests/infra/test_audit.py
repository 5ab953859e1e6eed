"""The audit of the locked versions, against a database of its own on loopback."""

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.infra.files import INFRA
from tests.servers.ports import silent_port

_spec = importlib.util.spec_from_file_location("garment_audit", INFRA / "audit.py")
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

KNOWN = {"ray": ["GHSA-ray"], "torch": ["PYSEC-1", "PYSEC-2"]}


class Database(BaseHTTPRequestHandler):
    """Answers as OSV does, one advisory a page."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        self.server.asked.append(asked)
        self._answer({"results": [self._page(query) for query in asked]})

    def do_GET(self):
        id = self.path.rpartition("/")[2]
        self._answer({"id": id, "summary": f"about {id}", "aliases": ["CVE-2023-48022"] if id == "GHSA-ray" else []})

    def _page(self, query: dict) -> dict:
        ids, first = KNOWN.get(query["package"]["name"], []), int(query.get("page_token", 0))
        page = {"vulns": [{"id": id} for id in ids[first : first + 1]]} if ids else {}
        return page | ({"next_page_token": str(first + 1)} if first + 1 < len(ids) else {})

    def _answer(self, what: dict) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(what).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def database(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Database)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GARMENT_OSV_URL", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def test_every_locked_package_is_asked_about_in_one_request_and_findings_fail(database, capsys):
    assert audit.main([]) == 1
    said = capsys.readouterr().out
    assert "torch 2.13.0: PYSEC-1 about PYSEC-1" in said and "PYSEC-2" in said
    assert "GHSA-ray" not in said  # by its alias, accepted
    assert "2 findings, 1 looked at and accepted" in said
    first, second = database.asked
    assert len(first) == len(audit.locked(list(audit.LOCKS))) > 100 and len(second) == 1
    assert {"package": {"name": "ray", "ecosystem": "PyPI"}, "version": "2.60.0"} in first


def test_nothing_found_is_success(database, tmp_path, capsys):
    (tmp_path / "some.lock").write_text("numpy==2.4.6\n# a comment\nscipy==1.18.0\n")
    assert audit.main([str(tmp_path / "some.lock")]) == 0
    assert capsys.readouterr().out == "audit: 2 packages, 0 findings, 0 looked at and accepted\n"


def test_what_was_accepted_is_looked_at_again(database, monkeypatch, tmp_path):
    old = [{"id": "GHSA-ray", "until": "2020-01-01", "reason": "then it was harmless"}]
    monkeypatch.setattr(audit, "ACCEPTED", tmp_path / "accepted.json")
    audit.ACCEPTED.write_text(json.dumps(old))
    (tmp_path / "some.lock").write_text("ray==2.60.0\n")
    assert audit.main([str(tmp_path / "some.lock")]) == 1


def test_a_database_out_of_reach_is_said_and_is_no_failure_unless_it_must_be(monkeypatch, capsys):
    monkeypatch.setenv("GARMENT_OSV_URL", f"http://127.0.0.1:{silent_port()}")
    assert audit.main([]) == 0
    assert "AUDIT NOT DONE" in capsys.readouterr().out
    assert audit.main(["--strict"]) == 1


def test_each_acceptance_has_a_reason_and_a_day():
    for entry in json.loads((INFRA / "audit_accepted.json").read_text()):
        assert set(entry) == {"id", "until", "reason"} and len(entry["reason"]) > 40
