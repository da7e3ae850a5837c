#!/usr/bin/env python3
"""Writes RustSec's advisories in the layout of its own database, for cargo-audit and cargo-deny.

usage: advisory-db.py crates.io/all.zip OUT

RustSec publishes OSV records made from files `crates/<package>/<id>.md`, each with its data in TOML
before the text. This makes the files back from the records: what lies between the affected
stretches is patched, what lies before the first is unaffected. The folder is a git repository, as
cargo-deny wants it.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path


def order(version):
    """SemVer's order, as far as it is needed to sort bounds."""
    core, _, pre = version.split("+")[0].partition("-")
    numbers = [int(n) for n in core.split(".")]
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")] if pre else []
    return numbers, not pre, parts


def is_beginning(version):
    return version in ("0", "0.0.0-0")


def stretches(affected):
    """The affected stretches of a package: pairs of bounds, the end None if there is none."""
    for found in affected.get("ranges", []):
        if found["type"] == "GIT":
            continue
        events = [next(iter(event.items())) for event in found["events"]]
        events.sort(key=lambda e: ([0], False, []) if is_beginning(e[1]) else order(e[1]))
        start = None
        for kind, version in events:
            if kind == "introduced":
                start = version
            elif kind == "fixed":
                yield start, version
                start = None
        if start is not None:
            yield start, None


def requirements(affected):
    patched, unaffected = [], []
    ranges = sorted(stretches(affected), key=lambda s: ([0], False, []) if is_beginning(s[0]) else order(s[0]))
    if ranges and not is_beginning(ranges[0][0]):
        unaffected.append(f"< {ranges[0][0]}")
    for at, (_, fixed) in enumerate(ranges):
        if fixed is None:
            continue
        following = ranges[at + 1][0] if at + 1 < len(ranges) else None
        patched.append(f">= {fixed}" + (f", < {following}" if following else ""))
    return patched, unaffected


def text(value):
    return json.dumps(value, ensure_ascii=False)


def advisory(record, affected):
    specific = affected.get("database_specific", {})
    lines = [
        "[advisory]",
        f"id = {text(record['id'])}",
        f"package = {text(affected['package']['name'])}",
        f"date = {text(record['published'][:10])}",
    ]
    if specific.get("informational"):
        lines.append(f"informational = {text(specific['informational'])}")
    if record.get("aliases"):
        lines.append(f"aliases = {text(record['aliases'])}")
    vectors = [s["score"] for s in record.get("severity", []) if s["score"].startswith("CVSS:")]
    if vectors:
        lines.append(f"cvss = {text(vectors[0])}")
    if record.get("withdrawn"):
        lines.append(f"withdrawn = {text(record['withdrawn'][:10])}")
    patched, unaffected = requirements(affected)
    lines += ["", "[versions]", f"patched = {text(patched)}"]
    if unaffected:
        lines.append(f"unaffected = {text(unaffected)}")
    title = re.sub(r"\s+", " ", record.get("summary", record["id"])).strip()
    return "```toml\n" + "\n".join(lines) + f"\n```\n\n# {title}\n\n{record.get('details', title)}\n"


def main(source, out):
    with zipfile.ZipFile(source) as records:
        for name in records.namelist():
            record = json.loads(records.read(name))
            if not record["id"].startswith("RUSTSEC-"):
                continue
            for affected in record["affected"]:
                package = affected["package"]["name"]
                folder = out / "crates" / package
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{record['id']}.md").write_text(advisory(record, affected))
    git = ["git", "-C", str(out), "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", "init", "-q", str(out)], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Advisories"], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
