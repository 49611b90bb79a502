#!/bin/bash
# Starts everything with `starter dev` and looks at its pages in Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! [ -x /usr/bin/chromium ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 chromium fonts-dejavu-core >/dev/null
fi
state=$PWD/.build/browser
rm -rf "$state"
mkdir -p "$state" .build/screenshots
go build -o .build/starter ./starter
go test -C internal/browser -c -o "$PWD/.build/browser.test" .
.build/starter dev --state "$state" >"$state/out" 2>&1 &
dev=$!
trap 'kill $dev ${short:-} 2>/dev/null; wait 2>/dev/null || true' EXIT
for _ in $(seq 1 600); do
  grep -q 'step laptop (ticket): running, ticket' "$state/out" && break
  kill -0 $dev 2>/dev/null || break
  sleep .5
done
grep -q 'step laptop (ticket): running, ticket' "$state/out" || { cat "$state/out"; exit 1; }
line() { sed -n "s/^ *$1  *\(http[^ ]*\)$/\1/p" "$state/out" | head -1; }
# A second server whose links are valid for a second only.
api=$(sed -n 's,^ *HTTP API  *\(http://[^/]*\)/.*,\1,p' "$state/out" | head -1)
sed 's/link_valid: [0-9a-z]*/link_valid: 1s/' "$state/deskbridge.yaml" >"$state/short.yaml"
shortly=127.0.0.1:$((${api##*:} + 17))
TEMPORAL_ADDRESS=$(sed -n 's/^ *Temporal  *\([0-9.:]*\)$/\1/p' "$state/out" | head -1) \
  .build/starter --config "$state/short.yaml" serve --listen "$shortly" --static-token "$state/api.token" >"$state/short.log" 2>&1 &
short=$!
for _ in $(seq 1 100); do grep -qs serving "$state/short.log" && break; sleep .1; done
BROWSER_DESK=$(line "agent's page") BROWSER_UI=$(line "Temporal UI" | sed 's,/namespaces.*,,') BROWSER_API=$api \
  BROWSER_SHORT=http://$shortly BROWSER_STATE=$state \
  BROWSER_RUN=onboarding/rt/R-1001 BROWSER_PICTURES=$PWD/.build/screenshots \
  .build/browser.test -test.v
