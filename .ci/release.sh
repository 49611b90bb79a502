#!/bin/bash
# Builds a release: an archive of both programs for each system, checksums, SBOMs.
#   .ci/release.sh 1.0.0
# The tree must be clean, the version in CHANGELOG.md, and its histories recorded (README, "Release it").
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?say which version: make release VERSION=1.0.0}
out=$PWD/.build/release
systems=(linux/amd64 linux/arm64 darwin/arm64 windows/amd64)

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || { echo "\"$version\" is no version as semver.org has it: 1.0.0"; exit 2; }
grep -q "^## $version" CHANGELOG.md || { echo "CHANGELOG.md has no section \"## $version\"; write what changes, and what an upgrade needs"; exit 2; }
ls -d workflows/testdata/histories/"v$version" >/dev/null 2>&1 ||
  { echo "workflows/testdata/histories/v$version is missing; record what this version's runs look like: go run ./internal/record -out workflows/testdata/histories/v$version"; exit 2; }
[ -z "$(git status --porcelain)" ] || { echo "the tree has changes that are not committed"; exit 2; }

rm -rf "$out" && mkdir -p "$out"
for system in "${systems[@]}"; do
  name=deskbridge-$version-${system/\//-}
  mkdir -p "$out/$name"
  GOOS=${system%/*} GOARCH=${system#*/} CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X deskbridge/internal/version.release=$version" -o "$out/$name/" ./worker ./starter
  cp README.md CHANGELOG.md LICENSE internal/ops/alerts.yml internal/ops/dashboard.json "$out/$name/"
  tar -C "$out" -czf "$out/$name.tar.gz" --sort=name --owner=0 --group=0 --mtime="@$(git log -1 --format=%ct)" "$name"
  rm -r "${out:?}/$name"
done
for program in worker starter; do
  .build/bin/cyclonedx-gomod app -json -licenses -main "$program" -output "$out/$program-$version.cdx.json" . 2>/dev/null
done
(cd "$out" && sha256sum -- *.tar.gz *.json >SHA256SUMS)
ls -l "$out"
