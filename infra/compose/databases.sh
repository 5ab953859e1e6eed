#!/bin/sh
# Two roles that share nothing: MLflow's, with its records and its users, and the studies'.
# PostgreSQL's image runs this once, over an empty volume; on a managed server run it by hand as the administrator.
# Usage: MLFLOW_DB_PASSWORD=... STUDIES_DB_PASSWORD=... databases.sh    (psql finds the server by PGHOST, PGUSER, ...)
set -eu
folder=${GARMENT_SECRETS:-/run/secrets}
mlflow=${MLFLOW_DB_PASSWORD:-$(cat "$folder/MLFLOW_DB_PASSWORD")}
studies=${STUDIES_DB_PASSWORD:-$(cat "$folder/STUDIES_DB_PASSWORD")}
# The passwords reach psql by its input, never by a command line that others can list.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-${PGUSER:-postgres}}" \
    --dbname "${POSTGRES_DB:-postgres}" <<SQL
SET log_statement = 'none';
SET password_encryption = 'scram-sha-256';
CREATE ROLE mlflow LOGIN PASSWORD '$mlflow';
CREATE ROLE studies LOGIN PASSWORD '$studies';
GRANT mlflow, studies TO CURRENT_USER;
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE mlflow_auth OWNER mlflow;
CREATE DATABASE studies OWNER studies;
REVOKE CONNECT ON DATABASE mlflow, mlflow_auth, studies FROM PUBLIC;
SQL
