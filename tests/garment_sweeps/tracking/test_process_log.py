"""The part of a process's output that belongs to one trial."""

import os
import subprocess
import sys

from garment_sweeps.settings.masking import masked
from garment_sweeps.tracking.process_log import LAST_BYTES, ProcessLog

PROGRAM = """
import os, sys
from garment_sweeps.tracking.process_log import ProcessLog
print("of the trial before", flush=True)
log = ProcessLog.here()
print("of this trial", flush=True)
print("a warning", file=sys.stderr, flush=True)
with open(sys.argv[1], "w") as file:
    file.write(log.path + "\\n" + log.text())
"""


def test_it_holds_both_streams_from_the_moment_on(tmp_path):
    out, err, found = tmp_path / "worker.out", tmp_path / "worker.err", tmp_path / "found"
    with open(out, "w") as stdout, open(err, "w") as stderr:
        command = [sys.executable, "-c", PROGRAM, str(found)]
        subprocess.run(command, stdout=stdout, stderr=stderr, check=True)
    path, _, text = found.read_text().partition("\n")
    assert path == str(out)
    assert text == "--- worker.out\nof this trial\n\n--- worker.err\na warning\n"


def test_without_files_there_is_nothing(tmp_path):
    found = tmp_path / "found"
    subprocess.run([sys.executable, "-c", PROGRAM, str(found)], capture_output=True, check=True)
    assert found.read_text() == "\n"


def test_only_the_last_part_of_a_long_one_is_kept(tmp_path):
    path = tmp_path / "long.out"
    path.write_text("first\n" + "x" * LAST_BYTES + "\nlast")
    text = ProcessLog({path: 0}).text()
    assert len(text) < LAST_BYTES + 50 and "first" not in text and text.endswith("last")


def test_a_file_that_was_rotated_or_is_gone_does_no_harm(tmp_path):
    path = tmp_path / "rotated.out"
    path.write_text("new")
    assert ProcessLog({path: 100}).text() == "--- rotated.out\nnew"
    os.unlink(path)
    assert "cannot be read" in ProcessLog({path: 0}).text()


def test_secrets_are_masked(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "verysecretkey")
    text = masked("at postgresql://me:pa55@db:5432/x, key verysecretkey, see http://host/a@b and s3://bucket/x")
    assert text == "at postgresql://***@db:5432/x, key ***, see http://host/a@b and s3://bucket/x"


def test_passwords_of_urls_in_the_environment_are_masked_wherever_they_stand(monkeypatch):
    monkeypatch.setenv("GARMENT_OPTUNA_STORAGE", "postgresql+psycopg2://me:p%40ss-word@db/x")
    text = masked("FATAL: p@ss-word and p%40ss-word; ?sslmode=require&password=abc&x=1")
    assert text == "FATAL: *** and ***; ?sslmode=require&password=***&x=1"
