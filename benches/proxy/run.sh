#!/usr/bin/env bash
# The recording proxy against its peers: mitmdump -w, squid, a bare hudsucker; nginx is the origin,
# wrk the load. All on loopback, one after the other, on one machine.
#
#   benches/proxy/run.sh            needs nginx, wrk, squid (Debian), python3, curl and cargo;
#                                   makes an environment with mitmproxy in .build/bench
#   SECONDS_EACH=5 BIG=1 benches/proxy/run.sh     BIG adds 10 GiB up and down
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/.build/bench
mkdir -p "$build"
for tool in nginx wrk squid curl python3; do
    command -v $tool > /dev/null || { echo "skipped: $tool is not installed" >&2; exit 0; }
done
[ -x "$build/mitm/bin/mitmdump" ] || { python3 -m venv "$build/mitm"; "$build/mitm/bin/pip" -q install mitmproxy; }
(cd "$root" && cargo build -q --release --example record)
(cd "$here/hudsucker" && CARGO_TARGET_DIR="$build/hudsucker" cargo build -q --release)
exec python3 "$here/bench.py" "$build" "$root/target/release/examples/record"
