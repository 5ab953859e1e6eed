"""Model folders outlive the version that wrote them."""

import json

from garment_uv.config import digest_of
from garment_uv.training.model_file import load_model


def test_a_model_is_read_by_a_version_that_knows_more_fields(make_trainer, tmp_path):
    trainer = make_trainer()
    trainer.save_model(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    card = json.loads(path.read_text())
    del card["config"]["generator"]["frame"]
    card["config_digest"] = digest_of(card["config"])
    path.write_text(json.dumps(card))
    _, config, _ = load_model(tmp_path / "model")
    assert config.generator.frame == "sample"
