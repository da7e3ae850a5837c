#!/usr/bin/env python3
"""Tells where trimtab and osv-scanner (and cargo-audit) agree and where not, by cause.

usage: compare-findings.py PROJECTS WORK [CLASS]

A finding is (project, file, package, version, advisory). WORK has what compare-findings.sh made of
both programs. With CLASS, every finding of the classes whose name contains it is listed.
"""

import collections
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

TYPES = {
    "cargo": "crates.io", "npm": "npm", "pypi": "PyPI", "gem": "RubyGems", "golang": "Go",
    "maven": "Maven", "composer": "Packagist", "nuget": "NuGet", "hex": "Hex", "github": "GitHub Actions",
}


def package(ecosystem, name, version):
    ecosystem = ecosystem.split(":")[0]
    if ecosystem == "PyPI":
        name = re.sub(r"[-_.]+", "-", name)
    if ecosystem in ("PyPI", "Packagist", "NuGet", "Go"):
        name = name.lower()
    version = (version or "").removeprefix("v")
    return ecosystem, name, version


def of_purl(purl):
    kind, rest = purl.removeprefix("pkg:").split("/", 1)
    rest = rest.split("#")[0].split("?")[0]
    name, version = rest.rsplit("@", 1) if "@" in rest[1:] else (rest, "")
    name = unquote(name)
    if kind == "maven":
        name = name.replace("/", ":")
    return package(TYPES.get(kind, kind), name, unquote(version))


def ours(project, path, found, listed):
    scan = json.load(open(path))
    files = scan["files"]
    for file in files:
        here = listed[(project, file["path"])]
        for component in file.get("components", []):
            origin = component.get("origin", {})
            state = "own" if component.get("relation") == "own" else "listed"
            if state == "listed" and isinstance(origin, dict) and not origin.keys() <= {"registry"}:
                state = "not from a registry"
            here[of_purl(component["purl"])] = state
    for finding in scan["findings"]:
        ids = [a["advisory"] for a in finding["attributions"] if a["affected"]]
        for place in finding["occurrences"]:
            file = files[place["file"]]["path"]
            found |= {(project, file, of_purl(finding["purl"]), i) for i in ids}
    return scan["unknowns"]


def theirs(project, root, path, found, listed):
    try:
        scan = json.load(open(path))
    except json.JSONDecodeError:
        return
    for result in scan["results"] or []:
        source = str(Path(result["source"]["path"]))
        file = source.removeprefix(str(root) + "/")
        for entry in result["packages"]:
            p = entry["package"]
            key = package(p.get("ecosystem", ""), p["name"], p.get("version", ""))
            listed[(project, file)][key] = "listed"
            found |= {(project, file, key, v["id"]) for v in entry.get("vulnerabilities", [])}


def why_not(finding, listed, others):
    """Why the other program does not say it."""
    project, file, key, advisory = finding
    here = listed.get((project, file))
    if not here:
        return "file not read"
    if key in here:
        return {"own": "own package", "not from a registry": "not from a registry"}.get(here[key], "listed, not matched")
    versions = {k[2] for k in here if k[:2] == key[:2]}
    if versions:
        return "another version listed"
    return "package not listed"


def main(projects, work, wanted=None):
    mine, other = set(), set()
    mine_listed, other_listed = collections.defaultdict(dict), collections.defaultdict(dict)
    for path in sorted((work / "ours").glob("*.json")):
        project = path.stem
        ours(project, path, mine, mine_listed)
        theirs(project, projects / project, work / "theirs" / path.name, other, other_listed)
    for title, found, listed in (("trimtab", mine, mine_listed), ("osv-scanner", other, other_listed)):
        components = sum(len(v) for v in listed.values())
        print(f"{title}: {len(found)} findings, {components} components in {sum(1 for v in listed.values() if v)} files")
    print(f"both: {len(mine & other)}")
    for title, only, listed in (("trimtab only", mine - other, other_listed), ("osv-scanner only", other - mine, mine_listed)):
        classes = collections.defaultdict(list)
        for finding in sorted(only):
            kind = Path(finding[1]).name
            kind = "requirements" if "requirements" in kind or kind.endswith(".txt") else kind
            classes[(why_not(finding, listed, None), finding[2][0], kind)].append(finding)
        print(f"{title}: {len(only)}")
        for (cause, ecosystem, kind), members in sorted(classes.items(), key=lambda c: -len(c[1])):
            project, file, key, advisory = members[0]
            print(f"  {len(members):5} {cause}; {ecosystem}; {kind}: e.g. {key[1]} {key[2]} {advisory} in {project}/{file}")
            if wanted and wanted in f"{title} {cause} {ecosystem} {kind}":
                for member in members:
                    print("       ", *member)
    audits(work, mine)


def audits(work, mine):
    both = theirs_only = ours_only = 0
    paths = sorted((work / "audit").glob("*.json"))
    for path in paths:
        try:
            report = json.load(open(path))
        except json.JSONDecodeError:
            continue
        found = {(v["advisory"]["id"], v["package"]["name"], v["package"]["version"]) for v in report["vulnerabilities"]["list"]}
        for warnings in report["warnings"].values():
            found |= {(w["advisory"]["id"], w["package"]["name"], w["package"]["version"]) for w in warnings if w["advisory"]}
        here = {(a, k[1], k[2]) for p, f, k, a in mine if p == path.stem and f == "Cargo.lock" and a.startswith("RUSTSEC")}
        both += len(found & here)
        for title, only in (("cargo-audit only", found - here), ("trimtab only (against cargo-audit)", here - found)):
            for one in sorted(only):
                print(f"  {title}: {path.stem} {one}")
        theirs_only += len(found - here)
        ours_only += len(here - found)
    if paths:
        print(f"cargo-audit, {len(paths)} Cargo.lock: both {both}, cargo-audit only {theirs_only}, trimtab only {ours_only}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])
