#!/bin/sh
# Compares the findings of trimtab and osv-scanner, file by file, with the same advisories.
#
#   benches/compare-findings.sh SHARED WORK
#
# SHARED has `data` and `corpus/projects`; WORK is a folder for databases and results. Needed on the
# path: `trimtab`, `osv-scanner` (go install github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.4.0)
# and python3; `cargo-audit` is compared too where it is installed. TRIMTAB, OSV_SCANNER and
# CARGO_AUDIT name other programs. docs/comparison.md tells what came out.
set -eu
shared=$1
work=$2
here=$(dirname "$0")
trimtab=${TRIMTAB:-trimtab}
scanner=${OSV_SCANNER:-osv-scanner}
audit=${CARGO_AUDIT:-cargo-audit}
mkdir -p "$work/ours" "$work/theirs" "$work/audit"

[ -f "$work/index" ] || "$trimtab" db update --from "$shared/data" --db "$work/index"
[ -d "$work/db/osv-scanner" ] || python3 "$here/osv-scanner-db.py" "$shared/data" "$work/db"
[ -d "$work/advisory-db" ] || python3 "$here/advisory-db.py" "$shared/data/osv/crates.io/all.zip" "$work/advisory-db"

for project in "$shared"/corpus/projects/*/; do
    name=$(basename "$project")
    # Exit codes tell of findings, not of failure: what could not be done is counted afterwards.
    "$trimtab" scan "$project" --no-ignore --db "$work/index" --format json --output "$work/ours/$name.json" 2>"$work/ours/$name.err" || true
    "$scanner" scan source --recursive --no-ignore --offline --local-db-path "$work/db" --all-packages --all-vulns \
        --format json "$project" >"$work/theirs/$name.json" 2>"$work/theirs/$name.err" || true
    if command -v "$audit" >/dev/null 2>&1 && [ -f "$project/Cargo.lock" ]; then
        "$audit" audit --no-fetch --stale --db "$work/advisory-db" --json -f "$project/Cargo.lock" \
            >"$work/audit/$name.json" 2>"$work/audit/$name.err" || true
    fi
done
python3 "$here/compare-findings.py" "$shared/corpus/projects" "$work"
