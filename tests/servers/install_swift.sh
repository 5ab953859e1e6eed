#!/bin/sh
# Installs what the S3 tests want: OpenStack Swift in a venv of its own, and Debian's memcached.
# Does nothing when both are there; changes nothing else. Without it the S3 tests run on moto and say so.
# Usage: tests/servers/install_swift.sh [PYTHON]
set -eu

python="${1:-python3}"
venv="${GARMENT_SWIFT_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/garment-sweeps/swift-venv}"

if ! command -v memcached >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        # The policy file keeps the package from starting a memcached of its own.
        policy=/usr/sbin/policy-rc.d
        made_policy=no
        if [ ! -e "$policy" ]; then
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod +x "$policy"
            made_policy=yes
        fi
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends memcached || status=$?
        [ "$made_policy" = no ] || rm -f "$policy"
        [ "${status:-0}" = 0 ] || exit "$status"
    else
        echo "memcached is missing and only root can install it here: apt-get install memcached" >&2
        exit 1
    fi
fi

if [ ! -x "$venv/bin/swift-proxy-server" ]; then
    rm -rf "$venv.partial" "$venv"
    mkdir -p "$(dirname "$venv")"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "swift==2.38.3" "pyeclib==1.8.0"
fi
echo "Swift is in $venv"
