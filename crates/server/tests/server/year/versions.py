"""Advisories as they were published, and whether a version has what they say: ranges of OSV, in the order of SemVer."""

import functools
import json
import pathlib


def order(version):
    """What a version is ordered by: its numbers, and before them what stands behind a hyphen."""
    version = version.split("+")[0]
    core, _, pre = version.partition("-")
    numbers = [int(part) for part in core.split(".")]
    numbers += [0] * (3 - len(numbers))
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")] if pre else []
    # Without anything behind it, it comes last.
    return numbers, not pre, parts


def within(events, version):
    is_ = False
    at = order(version)
    for event in sorted(events, key=lambda e: order(next(iter(e.values())))):
        if "introduced" in event and order(event["introduced"]) <= at:
            is_ = True
        elif "fixed" in event and order(event["fixed"]) <= at:
            is_ = False
        elif "last_affected" in event and order(event["last_affected"]) < at:
            is_ = False
    return is_


def has(record, name, version):
    """Whether a version of a package has what a record says."""
    for affected in record.get("affected", []):
        if affected["package"]["name"] != name:
            continue
        if version in affected.get("versions", []):
            return True
        if any(r["type"] == "SEMVER" and within(r["events"], version) for r in affected.get("ranges", [])):
            return True
    return False


class Groups:
    """Records, and which of them say that they are one."""

    def __init__(self, folder):
        paths = sorted((pathlib.Path(folder) / "advisories").glob("*.json"))
        self.records = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        self.records = [record for record in self.records if not record.get("withdrawn")]
        self.same = {}
        for record in self.records:
            for alias in record.get("aliases", []):
                self.same[self.first(alias)] = self.first(record["id"])

    def first(self, name):
        while self.same.get(name, name) != name:
            name = self.same[name]
        return name

    def of(self, package, version):
        """The vulnerabilities that a version of a package has."""
        name = package.rsplit("/", 1)[-1]
        return {self.first(record["id"]) for record in self.records if version and has(record, name, version)}


@functools.cache
def groups(folder):
    return Groups(folder)
