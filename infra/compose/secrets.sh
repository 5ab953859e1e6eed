#!/bin/sh
# Makes the secrets of compose.yaml, once: random, in a file that only you can read and that git ignores.
# Usage: infra/compose/secrets.sh [FILE]      then: docker compose --env-file FILE -f infra/compose/compose.yaml up --wait
set -eu
file=${1:-.garment/compose.env}
if [ -e "$file" ]; then
    echo "$file exists and stays as it is"
    exit 0
fi
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
mkdir -p "$(dirname "$file")"
umask 077
{
    for name in POSTGRES_PASSWORD MLFLOW_DB_PASSWORD STUDIES_DB_PASSWORD MLFLOW_ADMIN_PASSWORD MLFLOW_SECRET_KEY \
        S3_SECRET_KEY RAY_TOKEN; do
        echo "GARMENT_$name=$(random)"
    done
    echo "GARMENT_S3_ACCESS_KEY=garment-$(random | cut -c 1-12)"
} >"$file.new"
mv "$file.new" "$file"
echo "$file holds the secrets of this installation; keep it, and keep it to yourself"
