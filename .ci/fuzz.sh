#!/bin/bash
# Runs every fuzz test for a while: FUZZTIME=60s .ci/fuzz.sh
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
while IFS=: read -r file _ line; do
  name=$(sed 's/^func \(Fuzz[A-Za-z]*\).*/\1/' <<<"$line")
  printf '%s %s: ' "$(dirname "$file")" "$name"
  if out=$(go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-60s}" 2>&1); then
    grep -o 'execs: [0-9]*' <<<"$out" | tail -1
  else
    failed=1
    echo FAILED
    echo "$out"
  fi
done < <(grep -rn --include='*_test.go' '^func Fuzz' . | sed 's,^\./,,')
exit $failed
