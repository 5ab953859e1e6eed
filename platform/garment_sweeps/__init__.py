"""The sweep platform around `garment_uv`: Ray Tune, Optuna, MLflow and S3."""
