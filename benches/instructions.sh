#!/bin/sh
# Counts the instructions of the hot paths with callgrind, so that a regression shows on any machine.
#
#   benches/instructions.sh SHARED INDEX
#
# SHARED has `corpus/projects`; INDEX was made by `trimtab db update`. Needs valgrind and python3. Prints a
# table in Markdown: docs/performance.md holds the last one that was recorded. The counts of one
# build on one processor family are the same to about a thousandth from run to run.
set -eu
shared=$1
index=$2
projects=$shared/corpus/projects
cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-target}
"$cargo" build --release --quiet --bin trimtab
lookup=$("$cargo" build --release --quiet -p trimtab-engine --bench lookup --message-format json |
    sed -n 's/.*"executable":"\([^"]*lookup-[^"]*\)".*/\1/p')
[ -n "$lookup" ] || { echo "the bench was not built" >&2; exit 1; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export RAYON_NUM_THREADS=1

# Instructions of a program, of one of its functions where TOGGLE names it.
count() {
    toggle=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" ${toggle:+"--toggle-collect=$toggle"} "$@" \
        >"$out/stdout" 2>"$out/stderr" || [ $? -lt 4 ]
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' "$out/stderr"
}

row() {
    printf '| %s | %s |\n' "$1" "$2"
}

printf '| what | instructions |\n|---|---:|\n'
few=$projects/rust-lang+crates.io@2016
row 'open the index' "$(count '*lookup::opened*' "$lookup" "$index" "$few" open)"
all=$projects/denoland+deno
row '1,000 look-ups that hit' "$(count '*lookup::counted*' "$lookup" "$index" "$all" hits)"
row '1,000 look-ups that miss' "$(count '*lookup::counted*' "$lookup" "$index" "$all" misses)"
# Beside its manifests a Cargo.lock is read with them; by itself it is what other tools read.
mkdir "$out/alone"
cp "$projects/denoland+deno/Cargo.lock" "$out/alone"
row '`trimtab scan` of the Cargo.lock of 1,128 packages by itself' \
    "$(count '' "$target/release/trimtab" scan "$out/alone/Cargo.lock" --db "$index" --format csv --output "$out/csv")"
python3 "$(dirname "$0")/large-package-lock.py" "$projects" "$out/package-lock.json"
row '`trimtab sbom` of a package-lock of 4,210 entries' \
    "$(count '' "$target/release/trimtab" sbom "$out/package-lock.json" --output "$out/cyclonedx")"
for file in prometheus+prometheus@2022/web/ui/package-lock.json vitejs+vite/pnpm-lock.yaml \
    paperless-ngx+paperless-ngx/uv.lock python-poetry+poetry/poetry.lock; do
    row "\`trimtab sbom $file\`" \
        "$(count '' "$target/release/trimtab" sbom "$projects/$file" --format csv --output "$out/csv")"
done
