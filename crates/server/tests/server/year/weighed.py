"""What findings weigh: out of what advisories say, what systems are, and what the charter says. Written from docs/charter.md."""

import json
import sys

from charters import COST, DATA, EXPOSURE, PLACE, PRIOR, SCOPE, SERIOUS, TRANSITIVE, Charters
from inventories import Inventories, package_of, version_of
from lives import LEVELS, moment
from records import Records, distance, kind_of, named, nearest
from severity import VECTORS, Severity, metrics, technical, touches_data
from versions import has


# So long after a record came it may be that nobody looked yet, in microseconds: six hours.
LOOKS = 6 * 3600 * 10**6


class Weighing:
    """One finding, weighed."""

    def __init__(self, records, name, version, system, charter):
        own, _ = records
        self.fix = nearest(own, name, version)
        kind = kind_of(own, name, version)
        vectors = [s["score"] for r in own for s in r.get("severity", [])]
        self.severity = is_ = Severity(vectors)
        self.charter = charter
        self.is_known = charter is not None and is_.is_known
        if not self.is_known:
            return
        environment = next((e for e in system["environments"] or [] if e in charter.production), None)
        self.in_production = environment is not None or not system["environments"]
        # One that is production before others, then the first.
        self.environment = environment or next(iter(system["environments"] or charter.production), None)
        self.published = min((moment(r["published"]) for r in own if r.get("published")), default=None)
        self.base = PRIOR["none"] if kind != "vulnerability" else PRIOR.get(is_.rating)
        vector = is_.vector and VECTORS[metrics(is_.vector)["AV"]]
        self.exposure = EXPOSURE[system["exposure"] or "internet"][vector or "network"]
        self.scope = SCOPE["runtime"]
        if is_.vector:
            self.technical = technical(is_.vector)
        else:
            self.technical = 1 if kind != "vulnerability" else SERIOUS
        self.tier = charter.tiers.get(system["tier"], 0) if system["tier"] else 0
        touched = is_.vector is None or touches_data(is_.vector)
        self.data = max((DATA.get(name, 0) for name in system["data"] or []), default=0) if touched else 0
        self.probability = None
        if self.base is not None:
            odds = self.base / (1 - self.base) * self.exposure * self.scope
            self.probability = odds / (1 + odds)

    @property
    def steps(self):
        return 0 if self.technical == 0 else self.technical + self.tier + self.data

    @property
    def level(self):
        return self.charter.level(self.probability, self.steps)

    @property
    def weight(self):
        return self.charter.weights[self.level] if self.in_production else 0.0

    def deadline(self, seen):
        """By when it is to be gone that was first seen at a moment: before it was published it could not be known."""
        start = seen if self.published is None else max(seen, self.published)
        return self.charter.deadline(self.environment, self.level, start)

    def factors(self):
        """What each factor did, in their order; `None`: nothing."""
        return [None, self.base, self.exposure, self.scope, None, self.technical, self.tier, self.data]

    def points(self):
        """What removing it costs; `None`: no source names a version that is fixed."""
        step = self.fix and distance(version_of(self.purl), self.fix)
        # A charter of which the text is not known may say other points.
        if not step or self.charter is None:
            return None
        more = self.versions - 1
        return tuple(a + b + c * more for a, b, c in zip(COST[step], TRANSITIVE, PLACE))


def system_at(ledger, system, at):
    told = None
    for entry in ledger.entries:
        if entry.at > at:
            break
        if entry.what == "system" and entry.system == system:
            told = entry.data
    return told


class Weighed:
    """All findings, each as it was weighed last."""

    def __init__(self, ledger, folder):
        self.ledger, self.records, self.charters = ledger, Records(folder), Charters(ledger, folder)
        self.folder, self.groups, self.kept, self.of = folder, {}, {}, {}
        # What EPSS and KEV say is in no folder here: an index that knows of them makes other probabilities.
        self.knows_exploits = any(e.what == "maturity" and e.data.get("exploits") for e in ledger.entries)
        for finding in ledger.findings.values():
            try:
                self.of[finding.number] = self.weigh(finding, self.when(finding))
            except FileNotFoundError as error:
                print(f"finding {finding.number}: a document is missing: {error.filename}", file=sys.stderr)

    def when(self, finding):
        """The last moment at which it was there."""
        return self.ledger.now if finding.live else finding.episodes[-1].ended - 1

    def weigh(self, finding, at):
        main, runs = self.places(finding, at)
        if not main and not runs:
            # No advisory that is here says that it was there.
            return None
        is_ = self.by(finding, (main + runs)[0], at)
        if is_ is not None:
            # Of what has it in several versions each is to be changed.
            is_.versions = len(main) + len(runs)
        return is_

    def by(self, finding, purl, at, charter=None):
        """Weighs what has it at a moment."""
        system = self.ledger.of_then(finding, at)[0]
        told = system_at(self.ledger, system, at)
        if told is None:
            return None
        name = finding.package.rsplit("/", 1)[-1]
        charter = self.charters.at(at) if charter is None else charter
        is_ = Weighing(self.group(finding, at), name, version_of(purl), told, charter)
        is_.purl, is_.versions = purl, 1
        is_.is_known = is_.is_known and not self.knows_exploits
        return is_

    def places(self, finding, at):
        """The versions of its package that have it: on the main line, and in production."""
        is_, ledger = self.inventories(at), self.ledger
        own, _ = self.group(finding, at)
        name = finding.package.rsplit("/", 1)[-1]
        of = lambda one: [purl for purl in one.listed if package_of(purl) == finding.package]
        bad = lambda purl: version_of(purl) and any(has(r, name, version_of(purl)) for r in own)
        main = of(is_.snapshots[is_.newest[finding.asset]]) if finding.asset in is_.newest else []
        runs = [purl for one in is_.running(finding.asset) for purl in of(one)]
        return [p for p in sorted(set(main)) if bad(p)], [p for p in sorted(set(runs) - set(main)) if bad(p)]

    def is_flat(self, finding):
        """Whether the newest inventory of its asset says of nothing who brings it in."""
        is_ = self.inventories(self.ledger.now)
        if finding.asset not in is_.newest:
            return False
        snapshot = is_.snapshots[is_.newest[finding.asset]]
        return not json.loads((snapshot.folder / snapshot.document).read_bytes()).get("dependencies")

    def group(self, finding, at):
        key = self.ledger.called(finding.vulnerability) if at >= self.ledger.now else finding.vulnerability
        if (key, at) not in self.groups:
            self.groups[key, at] = named(self.records.at(at), key)
        return self.groups[key, at]

    def inventories(self, at):
        if at not in self.kept:
            self.kept[at] = Inventories(self.ledger, self.folder, at)
        return self.kept[at]

    def probability(self, finding):
        """`None`: it is not known here."""
        is_ = self.of.get(finding.number)
        return is_.probability if is_ is not None and is_.is_known and not self.is_news(finding) else None

    def is_news(self, finding):
        """Whether what advisories say changed just before it went: whether it was weighed in between is in no entry."""
        if finding.live:
            return False
        at = self.when(finding)
        own, names = self.group(finding, at)
        changed = [moment(r["published"]) for r in own]
        changed += [until for name in names for until, _ in self.records.until.get(name, [])]
        return any(at - LOOKS < one <= at for one in changed)

    def points(self, finding):
        is_ = self.of.get(finding.number)
        return is_ and is_.points()

    def fix(self, finding):
        is_ = self.of.get(finding.number)
        return is_ and is_.fix


def weighed(ledger):
    if not hasattr(ledger, "weighed"):
        ledger.weighed = Weighed(ledger, ledger.evidence)
        misweighed(ledger, ledger.weighed)
    return ledger.weighed


def misweighed(ledger, all_):
    """The level, the weight and the deadline that the ledger tells are those that follow from what advisories say."""
    held, wrong = 0, []
    for finding in ledger.findings.values():
        is_ = all_.of.get(finding.number)
        if is_ is None or all_.probability(finding) is None or finding.into is not None or finding.level is None:
            continue
        held += 1
        episode = finding.episodes[-1]
        told = finding.level, finding.weight, episode.deadline
        made = is_.level, is_.weight, is_.deadline(episode.since)
        if told != made:
            wrong.append(f"finding {finding.number}: {told}, and {made} by advisories")
    print(f"{held} findings are weighed by advisories", file=sys.stderr)
    if wrong:
        sys.exit("\n".join(wrong))


def gravest(all_, findings):
    """Findings as lists show them: the gravest first, then what is more probable, then the newer. `None`: it is not known."""
    if any(all_.probability(f) is None or f.level is None for f in findings):
        return None
    return sorted(findings, key=lambda f: (LEVELS.index(f.level), -all_.probability(f), -f.number))


def lists(ledger):
    """Addresses at which all that is there is listed: without a limit these are a hundred."""
    many = sum(f.live and f.into is None for f in ledger.findings.values())
    return ["/api/v1/findings?limit=500"] + (["/api/v1/findings"] if many <= 100 else [])


def sides(ledger, page):
    """A page of a finding, and the same as each side reads it."""
    return [page, *sorted(at for at in ledger.opened if at.startswith(f"{page}?side="))]
