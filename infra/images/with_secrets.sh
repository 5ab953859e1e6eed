#!/bin/sh
# Runs a command with every file of the secrets folder as an environment variable of the file's name.
# Secrets then stand neither in an image, nor in a compose file, nor in `docker inspect`, nor on a command line.
# Usage: with_secrets COMMAND [ARGUMENT ...]
set -eu
folder=${GARMENT_SECRETS:-/run/secrets}
for file in "$folder"/*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    case $name in
        *[!A-Z0-9_]* | [0-9]*) continue ;; # no name of a variable: a certificate, say
    esac
    value=$(cat "$file")
    export "$name=$value"
done
exec "$@"
