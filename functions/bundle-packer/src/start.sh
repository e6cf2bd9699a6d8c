#!/bin/sh
# Gets this device a certificate of its own, or goes on where an earlier start was ended.
set -eu
cd "$(dirname "$0")"
client=./edge-client
# Whoever unpacks archives without looking at modes, or on a file system that has none, loses these.
[ ! -f "$client" ] || chmod +x "$client" 2>/dev/null || true
for secret in *.key.pem; do [ ! -f "$secret" ] || chmod 600 "$secret" 2>/dev/null || true; done
[ -x "$client" ] || client=edge-client
if ! command -v "$client" >/dev/null; then
    echo "There is no edge-client here nor in the PATH: build it for this platform and put it beside start.sh." >&2
    exit 1
fi
exec "$client" fleet --bundle . "$@"
