#!/bin/bash
# What the programs are made of: the licences of all modules (listed in internal/tools/licenses.csv),
# one SBOM a program (CycloneDX, in .build/sbom), and the vulnerabilities that are known.
#   .ci/supply.sh list   licences and SBOMs; with UPDATE=1 the list is written anew
#   .ci/supply.sh vuln   vulnerabilities; exit code 75 if the Go vulnerability database cannot be had
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/.build/bin
programs=(./worker ./starter)

# nexus-proto-annotations is Temporal's, under the MIT licence; its module lacks the file.
ignore=(--ignore deskbridge --ignore github.com/nexus-rpc/nexus-proto-annotations)
allowed=Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT,MPL-2.0

list() {
  mkdir -p .build/sbom
  "$tools/go-licenses" check "${programs[@]}" --allowed_licenses=$allowed "${ignore[@]}" 2>.build/licenses.log ||
    { grep -v "Error discovering license URL" .build/licenses.log; echo "a dependency has a licence that is not among $allowed"; return 1; }
  "$tools/go-licenses" report "${programs[@]}" --template .ci/licenses.tpl "${ignore[@]}" 2>/dev/null | sed '/^$/d' | LC_ALL=C sort >.build/licenses.csv
  test -s .build/licenses.csv
  [ -z "${UPDATE:-}" ] || cp .build/licenses.csv internal/tools/licenses.csv
  diff internal/tools/licenses.csv .build/licenses.csv || { echo "internal/tools/licenses.csv is out of date; look at what changed, run make licenses and commit it"; return 1; }
  for program in "${programs[@]}"; do
    "$tools/cyclonedx-gomod" app -json -licenses -main "${program#./}" -output ".build/sbom/${program#./}.cdx.json" . 2>/dev/null
  done
  echo "$(wc -l <.build/licenses.csv) modules, licences: $(cut -d, -f2 .build/licenses.csv | sort | uniq -c | tr -s ' ' | tr '\n' ',' | sed 's/^ //; s/,$//'); SBOMs in .build/sbom"
}

vuln() {
  local out=0
  "$tools/govulncheck" ./... >.build/vuln.log 2>&1 || out=$?
  cat .build/vuln.log
  if grep -q "fetching vulnerabilities:" .build/vuln.log; then
    echo "NOT CHECKED: the Go vulnerability database (vuln.go.dev, or GOVULNDB) cannot be had here"
    return 75
  fi
  return $out
}

"$1"
