"""What assets carry: out of the documents that the ledger names by their digests, each held against its own. Written from
docs/ledger.md."""

import collections
import functools
import hashlib
import json
import pathlib
import sys
from urllib.parse import parse_qsl, unquote

from saying import cell, figure, say, words
from versions import groups


class Snapshot:
    """What was received of an asset."""

    def __init__(self, entry, folder):
        self.id, self.asset, self.at = entry.data["snapshot"], entry.asset, entry.at
        self.is_main, self.document = entry.data["branch"] is None, entry.data["document"]
        self.folder = folder

    @property
    def listed(self):
        """Its components, by their purls. A document that was not kept raises `FileNotFoundError`."""
        return read(self.folder / self.document)


def listed(document):
    """The components of a CycloneDX document: of each its purl, and what licence it declares."""
    all_ = {}
    for one in document.get("components", []):
        if one.get("purl"):
            licences = [l.get("expression") or (l.get("license") or {}).get("id") for l in one.get("licenses", [])]
            all_[one["purl"]] = licences[0] if licences else None
    return all_


@functools.cache
def read(path):
    """What a document lists; it is the one that the ledger names."""
    text = path.read_bytes()
    assert hashlib.sha256(text).hexdigest() == path.name, f"{path.name} is another document"
    return listed(json.loads(text))


def package_of(purl):
    """A purl without its version."""
    return purl.split("@")[0]


def version_of(purl):
    return purl.split("@")[1] if "@" in purl else None


class Inventories:
    """Snapshots by number, which is the newest of the main line of each asset, and which run where."""

    def __init__(self, ledger, folder, at=None):
        self.ledger, self.folder, self.at = ledger, pathlib.Path(folder) / "documents", ledger.now if at is None else at
        self.snapshots, self.newest, self.runs = {}, {}, {}
        for entry in ledger.entries:
            data = entry.data
            if entry.at > self.at:
                break
            if entry.kind == "received" and data.get("snapshot") is not None:
                one = Snapshot(entry, self.folder)
                self.snapshots.setdefault(one.id, one)
                if one.is_main:
                    self.newest[entry.asset] = one.id
            elif entry.kind == "deployed" and "snapshot" in data:
                place = entry.asset, data["environment"]
                if data["outcome"] in ("ok", "rolled-back"):
                    self.runs[place] = data["snapshot"]
                elif data["outcome"] == "stopped":
                    self.runs.pop(place, None)

    def running(self, asset):
        """What runs of an asset in production."""
        for (of, environment), snapshot in self.runs.items():
            if of == asset and self.ledger.is_production(environment, self.at) and snapshot in self.snapshots:
                yield self.snapshots[snapshot]

    def licences(self, asset, purl):
        """What its documents declare of a component of an asset."""
        main = [self.snapshots[self.newest[asset]]] if asset in self.newest else []
        return {one.listed[purl] for one in [*main, *self.running(asset)] if one.listed.get(purl)}

    def carried(self):
        """What assets have on the main line or in production: of asset and purl, whether the one and whether the other."""
        all_ = {}
        for asset in self.ledger.assets:
            main = self.snapshots[self.newest[asset]].listed if asset in self.newest else {}
            for purl in main:
                all_[asset, purl] = [True, False]
            for one in self.running(asset):
                for purl in one.listed:
                    all_.setdefault((asset, purl), [False, False])[1] = True
        return all_


def pages(ledger, opened, folder):
    is_ = Inventories(ledger, folder)
    try:
        carried = is_.carried()
    except FileNotFoundError as error:
        # What something carries now is not known without it.
        print(f"a document of the ledger is missing: {error.filename}", file=sys.stderr)
        return
    for at in opened:
        path, _, query = at.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if path == "/packages":
            package(ledger, carried, package_of(asked["purl"]), at)
        elif path == "/releases":
            try:
                release(is_, asked, at, folder)
            except FileNotFoundError as error:
                print(f"{at}: a document is missing: {error.filename}", file=sys.stderr)
        elif path == "/where":
            where(ledger, carried, asked, at)


def package(ledger, carried, name, at):
    """Of a package: in how many assets it is, in which versions, and what is wrong with it."""
    places = {place: is_ for place, is_ in carried.items() if package_of(place[1]) == name}
    assets = {asset for asset, _ in places}
    findings = [f for f in ledger.findings.values() if f.live and f.into is None and f.package == name]
    wrong = collections.defaultdict(list)
    for finding in findings:
        wrong[ledger.called(finding.vulnerability)].append(finding)
    load = lambda all_: sum(c[2] or 0 for c in (f.counts_at(ledger.now) for f in all_) if c)
    words(at, "h1", [len(assets), len(wrong)])
    figure(at, "assets", len(assets))
    figure(at, "vulnerabilities", len(wrong))
    figure(at, "load", load(findings))
    of = collections.defaultdict(list)
    for (_, purl), is_ in places.items():
        of[version_of(purl)].append(is_[1])
    for version, runs in of.items():
        if version is not None:
            cell(at, "Versions", "Places", unquote(version), len(runs))
            cell(at, "Versions", "In production", unquote(version), sum(runs))
    for vulnerability, all_ in wrong.items():
        cell(at, "Known vulnerabilities", "Findings", vulnerability, len(all_))
        cell(at, "Known vulnerabilities", "Load", vulnerability, load(all_))


def release(is_, asked, at, folder):
    """Of two snapshots of an asset: what came, went and changed, and what advisories say of the one alone."""
    number = lambda name: int(asked[name]) if asked.get(name) else None
    asset = number("asset")
    if asset is None:
        asset = is_.snapshots[number("to") or number("from")].asset
    all_ = sorted((s for s in is_.snapshots.values() if s.asset == asset), key=lambda s: -s.id)[:100]
    by = {s.id: s for s in all_}
    to = by.get(number("to")) or (all_[0] if all_ else None)
    before = next((s for s in all_ if to and s.id < to.id), None)
    from_ = by.get(number("from")) or before or to
    figure(at, "snapshots", len(all_))
    if to is None:
        return
    old, new = set(from_.listed), set(to.listed)
    packages = {package_of(purl) for purl in old ^ new}
    of = lambda purls, name: {purl for purl in purls if package_of(purl) == name}
    came = sum(len(of(new, name)) for name in packages if not of(old, name))
    went = sum(len(of(old, name)) for name in packages if not of(new, name))
    changed = sum(bool(of(old, name) and of(new, name)) for name in packages)
    wrong = lambda purls: {(n, v) for n in packages for purl in of(purls, n) for v in groups(folder).of(n, version_of(purl))}
    found, gone = wrong(new) - wrong(old), wrong(old) - wrong(new)
    numbers = [came, went, changed, len(found), len(gone)]
    figure(at, "components added", came)
    figure(at, "components removed", went)
    figure(at, "versions changed", changed)
    figure(at, "new findings", len(found))
    figure(at, "findings gone", len(gone))
    words(at, "h1", [many for many in numbers if many] if from_.id != to.id else [])
    words(at, "words|From|dd", [from_.id])
    words(at, "words|To|dd", [to.id])


def where(ledger, carried, asked, at):
    """Where a package is, or what begins so."""
    text = asked.get("q", "")
    # Where nothing is asked, nothing is counted.
    if not text or any(value for name, value in asked.items() if name not in ("q", "running")):
        return
    name = lambda purl: unquote(package_of(purl).rsplit("/", 1)[-1]).lower()
    if text.startswith("pkg:"):
        fits = lambda purl: package_of(purl) == package_of(text)
    else:
        fits = lambda purl: bool(text) and name(purl).startswith(text.lower())
    places = [runs for (_, purl), (_, runs) in carried.items() if fits(purl)]
    if asked.get("running") == "true":
        places = [runs for runs in places if runs]
    if len(places) > 100:
        return
    figure(at, "places", len(places))
    figure(at, "run in production", sum(places))
    words(at, "h1", [len(places), sum(places)] if places else [])
