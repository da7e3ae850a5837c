#!/bin/sh
# Counts the instructions of the hot paths with callgrind, so that a regression shows on any machine.
#
#   benches/instructions.sh SHARED INDEX
#
# SHARED has `corpus/projects`; INDEX was made by `trimtab db update`. Needs valgrind. Prints a
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
for file in denoland+deno/Cargo.lock BookStackApp+BookStack/package-lock.json vitejs+vite/pnpm-lock.yaml; do
    row "\`trimtab sbom $file\`" \
        "$(count '' "$target/release/trimtab" sbom "$projects/$file" --format csv --output "$out/csv")"
done
