"""Advisories as they were published, each as it stood at a moment, and what they say of a version. Written from docs/ledger.md."""

import hashlib
import json
import pathlib
import re

from lives import moment
from versions import has, order


class Records:
    """Advisories as they were published, each as it stood at a moment."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.until, self.last, self.kept = {}, {}, {}
        read = lambda path: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((folder / "advisories").glob("*.json")):
            record = read(path)
            self.last[record["id"]] = record
        for path in sorted((folder / "earlier").glob("*.json")):
            until, record = int(path.name.split("-", 1)[0]), read(path)
            self.until.setdefault(record["id"], []).append((until, record))

    def at(self, at):
        """Those that stood at a moment."""
        if at not in self.kept:
            self.kept[at] = [record for record in self.all(at) if stands(record, at)]
        return self.kept[at]

    def all(self, at):
        for id_ in sorted(self.last.keys() | self.until.keys()):
            before = [one for until, one in self.until.get(id_, []) if at < until]
            record = before[0] if before else self.last.get(id_)
            if record is not None:
                yield record


    def moments(self, at):
        """When something of them changed, the last first: published, changed or taken back, until a moment."""
        all_ = {moment(record["published"]) for record in self.last.values()}
        all_ |= {until for told in self.until.values() for until, _ in told}
        all_ |= {moment(record["published"]) for told in self.until.values() for _, record in told}
        return sorted((one for one in all_ if one <= at), reverse=True)


def digest(records):
    """What entries tell of the records of an index: which they are, and when each was last changed."""
    seconds = lambda r: moment(r["modified"]) // 10**6 if r.get("modified") else "-"
    lines = [f"{r['id']} {seconds(r)}\n" for r in sorted(records, key=lambda r: r["id"].upper())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stands(record, at):
    withdrawn = record.get("withdrawn")
    return moment(record["published"]) <= at and (withdrawn is None or moment(withdrawn) > at)


def named(records, name):
    """Those of the group that goes by a name."""
    names, own, before = {name}, [], -1
    while len(own) != before:
        before = len(own)
        own = [r for r in records if names & {r["id"], *r.get("aliases", [])}]
        for record in own:
            names |= {record["id"], *record.get("aliases", [])}
    return own, names


def fixes(record, name):
    for affected in record.get("affected", []):
        if affected["package"]["name"] == name:
            for one in affected.get("ranges", []):
                yield from (event["fixed"] for event in one["events"] if "fixed" in event)


def key(version):
    """A version in its order, to compare."""
    numbers, is_release, parts = order(version)
    return numbers, is_release, parts


def nearest(records, name, version):
    """The lowest version above one that a record which says that it is affected names as fixed, and none calls affected."""
    saying = [r for r in records if has(r, name, version)]
    above = {fix for r in saying for fix in fixes(r, name) if key(fix) > key(version)}
    good = [fix for fix in above if not any(has(r, name, fix) for r in records)]
    return min(good, key=key, default=None)


def distance(old, new):
    """How far it is from one version to another. `None`: one does not begin with numbers."""
    def numbers(version):
        found = re.match(r"[vV]*(\d+)(?:\.(\d+))?", re.split("[:!]", version)[-1])
        return found and (int(found[1]), int(found[2] or 0))

    a, b = numbers(old), numbers(new)
    if a is None or b is None:
        return None
    if a[0] != b[0] or a[1] != b[1] and a[0] == 0:
        return "major"
    return "patch" if a[1] == b[1] else "minor"


def kind_of(records, name, version):
    """What those say that it is which say that it is there: a flaw, or less."""
    all_ = ["vulnerability", "unsound", "unmaintained", "notice"]
    kinds = []
    for record in records:
        for affected in record.get("affected", []):
            if affected["package"]["name"] == name and has(record, name, version):
                is_ = (affected.get("database_specific") or {}).get("informational")
                kinds.append("vulnerability" if is_ is None else is_ if is_ in all_ else "notice")
    return min(kinds, key=all_.index, default="vulnerability")
