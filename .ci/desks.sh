#!/bin/bash
# The conformance suite on every simulated desk and on the real ones that run; the cases that pass
# must be the same on both.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/desks.env
mkdir -p .build/conformance

# run PACKAGE TEST OUTPUT
run() {
  (cd "providers/$1" && "../../.build/conformance/$1.test" -test.run "^$2\$" -test.v) > ".build/conformance/$3" 2>&1 || { grep -v '^=== ' ".build/conformance/$3" | head -100; exit 1; }
}

passed() { sed -n 's/^ *--- PASS: Test[A-Za-z]*DeskConforms\/\(.*\) ([0-9.]*s)$/\1/p' "$1" | sort; }

for tests in providers/*/desk_test.go; do
  desk=$(basename "$(dirname "$tests")")
  ${GO:-go} test -c -o ".build/conformance/$desk.test" "./providers/$desk"
  run "$desk" TestSimulatedDeskConforms "$desk.simulated"
  count=$(passed ".build/conformance/$desk.simulated" | wc -l)
  [ "$count" -gt 50 ] || { echo "$desk: the simulated desk ran $count cases only"; exit 1; }
  echo "$desk: $count cases passed on the simulated desk"
  grep -q TestRealDeskConforms "$tests" || continue
  variable=DESKBRIDGE_TEST_${desk^^}_URL
  if [ -z "${!variable:-}" ]; then
    [ "${DESKBRIDGE_WITHOUT:-}" = "$desk" ] || { echo "$desk: there is no real server, $variable is empty; DESKBRIDGE_WITHOUT=$desk goes on without it"; exit 1; }
    echo "$desk: NOT RUN ON THE REAL SERVER, as DESKBRIDGE_WITHOUT says"
    continue
  fi
  run "$desk" TestRealDeskConforms "$desk.real"
  diff <(passed ".build/conformance/$desk.simulated") <(passed ".build/conformance/$desk.real") || { echo "$desk: the real and the simulated desk did not pass the same cases"; exit 1; }
  echo "$desk: the same cases passed on the real server"
done
