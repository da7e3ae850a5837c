"""What an exported ledger tells, and the numbers that are made of it. Written from docs/ledger.md and docs/metrics.md."""

import collections
import json
import math
from datetime import datetime, timezone

DAY = 86_400 * 10**6
HOUR = 3_600 * 10**6


LEVELS = ["critical", "high", "medium", "low"]
# What holds until four sides agreed to a charter: the preset of the framework.
PRESET = {
    "production": ["production"],
    "accepts": {"vital": "low", "standard": "medium", "supporting": "medium"},
}


def moment(text):
    """Microseconds of a time as the ledger writes it, which has up to nine digits of a second."""
    whole, _, part = text.rstrip("Z").partition(".")
    at = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(at.timestamp()) * 10**6 + int((part + "000000")[:6])


def date(day):
    return datetime.fromtimestamp(day * 86_400, timezone.utc).strftime("%Y-%m-%d")


def last(told, at):
    """The last of what was told with its moments, until one; `None`: nothing was."""
    return next((is_ for since, is_ in reversed(told) if since <= at), None)


def day_of(text):
    return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()) // 86_400


class Entry:
    def __init__(self, line):
        is_ = json.loads(line)
        self.seq, self.at, self.kind, self.actor = is_["seq"], is_["at"], is_["kind"], is_["actor"]
        self.system, self.asset, self.finding = is_["system"], is_["asset"], is_["finding"]
        self.data = json.loads(is_["data"])

    @property
    def what(self):
        return self.data.get("what") if self.kind == "changed" else None


class Episode:
    """From detected, or back, to gone."""

    def __init__(self, began, since=None, late=False):
        self.began, self.merged, self.ended, self.how = began, None, None, None
        # What came back soon after it was fixed goes on with its term: since when, and whether it was late before.
        self.since, self.late = began if since is None else min(since, began), late
        # When it came back so soon that its fix no longer counts, and when that fix was which it took back itself.
        self.undone, self.resumed = None, None
        self.level, self.deadline = None, None
        # What held since when: whether it counts, its level, its weight; and which deadline.
        self.held, self.dues = [], []

    def due(self, since, deadline):
        """A deadline is in force from then on."""
        self.deadline = deadline
        if self.dues and self.dues[-1][0] == since:
            self.dues.pop()
        if not self.dues or self.dues[-1][1] != deadline:
            self.dues.append((since, deadline))

    def missed(self):
        """When a deadline in force first passed while it counted; one that is drawn forward to the past, when that is said."""
        if self.late:
            return None
        before, ends = math.inf, [since for since, _ in self.dues[1:]] + [math.inf]
        for (since, due), until in zip(self.dues, ends):
            if due is not None and due >= self.since:
                unseen = due < since and (before is None or before <= since)
                at = max(since, due)
                if not unseen and at < until and self.counts_at(at):
                    return at
            before = due
        return None

    def came(self, start, to):
        """Whether it came within a time: what took a fix of that time back was there all along."""
        return start <= self.began < to and (self.resumed is None or self.resumed < start)

    def stands(self, to):
        """Whether its end held until a moment: it did not come back soon after, before that."""
        return self.undone is None or self.undone >= to

    def met(self, to):
        """Whether it was fixed in time, as far as is known at a moment."""
        in_time = self.how == "fixed" and self.deadline is not None and self.ended <= self.deadline
        return in_time and not self.late and self.missed() is None and self.counted() and self.stands(to)

    def end(self):
        return math.inf if self.ended is None else self.ended

    def counts_at(self, at):
        if not self.began <= at < self.end():
            return None
        held = [is_ for since, is_ in self.held if since <= at]
        return held[-1] if held and held[-1][0] else None

    def weighed(self):
        """What it weighed last, of what counted or would have; `None`: it was not weighed."""
        return self.held[-1][1][2] if self.held else None

    def was_merged(self):
        """Whether the main line was rid of it later than it came: what came where it runs alone was never there."""
        return self.merged is not None and self.merged > self.began

    def counted(self):
        """Whether it counted at any time."""
        spans = zip(self.held, self.held[1:] + [(self.end(), None)])
        return any(is_[0] and until > since for (since, is_), (until, _) in spans)


class Finding:
    def __init__(self, number):
        self.number, self.system, self.asset = number, None, None
        self.vulnerability, self.package = None, None
        self.episodes, self.into = [], None
        self.fresh(False)

    def fresh(self, live):
        self.live, self.on_main, self.production = live, live, None
        self.level, self.weight, self.decision = None, None, None

    def tell(self, entry):
        self.system, self.asset = entry.system, entry.asset or self.asset
        data, at = entry.data, entry.at
        if entry.kind in ("detected", "regressed"):
            self.vulnerability = data.get("vulnerability", self.vulnerability)
            self.package = data.get("package", self.package)
            if self.live:
                self.on_main = True
                self.episodes[-1].merged = None
            else:
                self.fresh(True)
                self.episodes.append(self.back(at, data.get("since")))
        elif entry.kind == "assessed":
            self.production = data["production"]
            if "level" in data:
                self.level, self.weight = data["level"], data["weight"]
                self.decision = data["decision"]
                deadline = data["deadline"]
                self.episodes[-1].level = self.level
                self.episodes[-1].due(at, deadline and moment(deadline))
        elif entry.kind == "merged":
            self.on_main = False
            self.episodes[-1].merged = self.episodes[-1].merged or at
        elif entry.kind in ("fixed", "retracted"):
            self.live = False
            self.episodes[-1].ended, self.episodes[-1].how = at, entry.kind
            self.into = data.get("into")
            return
        else:
            return
        runs = self.on_main if self.production is None else self.production
        is_ = (runs and self.decision is None, self.level, self.weight)
        held = self.episodes[-1].held
        if held and held[-1][0] == at:
            held.pop()
        held.append((at, is_))

    def back(self, at, since):
        """It was detected, or came back; soon after it was fixed if an entry says since when its term runs."""
        if since is None or not self.episodes:
            return Episode(at, since and moment(since))
        last_ = self.episodes[-1]
        late, last_.undone = last_.late or last_.missed() is not None, at
        episode = Episode(at, moment(since), late)
        episode.resumed = last_.ended
        return episode

    def gone(self):
        """When it was fixed, or no source said so any longer; `None`: it is there."""
        return None if self.live or not self.episodes else self.episodes[-1].ended

    def is_retracted(self):
        return not self.live and bool(self.episodes) and self.episodes[-1].how == "retracted"

    def left_main(self):
        """When the main line was rid of it, as far as it is."""
        if self.live and self.on_main:
            return None
        return self.episodes[-1].merged or self.gone()

    def counts_at(self, at):
        found = [is_ for is_ in (e.counts_at(at) for e in self.episodes) if is_]
        return found[0] if found else None

    def episode_at(self, at):
        return next((e for e in self.episodes if e.began <= at < e.end()), None)


class Ledger:
    def __init__(self, lines, now):
        self.now = now
        self.entries = [Entry(line) for line in lines if line.strip()]
        self.findings, self.teams, self.systems, self.owner, self.tier = {}, {}, {}, {}, {}
        self.system_of, self.assets = {}, set()
        # Of which system an asset was since when, whose a system was, and of which tier.
        self.moved, self.handed = collections.defaultdict(list), collections.defaultdict(list)
        self.tiers = collections.defaultdict(list)
        # Vulnerabilities that turned out to be others.
        self.joined = {}
        for entry in self.entries:
            if entry.asset is not None:
                self.assets.add(entry.asset)
                if entry.system is not None:
                    self.system_of[entry.asset] = entry.system
                    self.moved[entry.asset].append((entry.at, entry.system))
            if entry.finding is not None:
                self.findings.setdefault(entry.finding, Finding(entry.finding)).tell(entry)
            if entry.what == "joined":
                self.join(entry.data["from"], entry.data["to"])
            if entry.what == "asset":
                for finding in self.findings.values():
                    if finding.asset == entry.asset:
                        finding.system = entry.system
            if entry.what == "team":
                self.teams[entry.data["team"]] = entry.data["name"]
            if entry.what == "system":
                self.systems[entry.system] = entry.data["name"]
                self.owner[entry.system] = entry.data["team"]
                self.handed[entry.system].append((entry.at, entry.data["team"]))
                self.tier[entry.system] = entry.data["tier"]
                self.tiers[entry.system].append((entry.at, entry.data["tier"]))
        self.told = list(self.tellings())
        self.named = {}
        # Of two that turned out to be one, the one that was called so stays.
        for is_joined in (True, False):
            for f in self.findings.values():
                if (f.vulnerability in self.joined) == is_joined:
                    self.named[f.asset, f.package, self.called(f.vulnerability)] = f
        # The one team that the reader sees, if it is not all.
        self.part = None
        # Since when which terms held; `None`: they are not known.
        self.terms = [(-math.inf, PRESET)]
        # What is scheduled, by team, asset and package; and charters to which sides have yet to agree.
        self.scheduled, self.proposed = {}, set()
        for entry in self.entries:
            data = entry.data
            if entry.what == "charter-proposed":
                self.proposed.add(data["charter"])
            elif entry.what == "charter-withdrawn" or entry.what == "charter-agreed" and data.get("in_force"):
                self.proposed.discard(data["charter"])
            if entry.what == "charter-agreed" and data.get("in_force"):
                self.terms.append((entry.at, data.get("terms")))
            elif entry.what == "charter-terms":
                # Told afterwards: since they held.
                since = moment(data["since"])
                self.terms = [one for one in self.terms if one[0] != since] + [(since, data["terms"])]
                self.terms.sort(key=lambda one: one[0])
            elif entry.kind == "planned" and entry.actor == "trimtab":
                key = data["team"], entry.asset, data["package"]
                self.scheduled.pop(key, None)
                if data["state"] != "dropped":
                    self.scheduled[key] = data

    def join(self, from_, to):
        """Two names are one from then on: of what an asset had of both, gone or not, one finding stays."""
        of = {}
        for finding in self.findings.values():
            if finding.into is None and self.called(finding.vulnerability) == to:
                of[finding.asset, finding.package] = finding.number
        for finding in self.findings.values():
            key = finding.asset, finding.package
            if finding.into is None and self.called(finding.vulnerability) == from_ and key in of:
                finding.into = of[key]
        self.joined[from_] = to

    def terms_at(self, at):
        """The terms of the charter that held at a moment."""
        return last(self.terms, at)

    def is_production(self, environment, at=None):
        """Whether an environment was production at a moment, or is."""
        terms = self.terms_at(self.now if at is None else at)
        return terms is not None and environment in terms["production"]

    def accepted(self, system, at):
        """The gravest level that the tier of a system accepted at a moment; `None`: nobody said the tier."""
        terms = self.terms_at(at)
        return terms and terms["accepts"].get(last(self.tiers[system], at))

    def called(self, vulnerability):
        """What it is called now."""
        while vulnerability in self.joined:
            vulnerability = self.joined[vulnerability]
        return vulnerability

    def of_then(self, finding, at):
        """Of which system and team a finding was at a moment."""
        system = last(self.moved[finding.asset], at)
        return system, last(self.handed[system], at)

    def of_team_then(self, team, at):
        """The findings of what was a team's at a moment."""
        return [f for f in self.findings.values() if self.of_then(f, at)[1] == team]

    def owned_then(self, team, at):
        return [system for system in self.systems if last(self.handed[system], at) == team]

    def narrow(self, team):
        """To what somebody sees who sees one team: its systems, what is in them, and what was asked about them."""
        own = set(self.owned(team))
        self.part = team
        self.teams = {team: self.teams[team]}
        self.systems = {id_: name for id_, name in self.systems.items() if id_ in own}
        self.findings = {id_: f for id_, f in self.findings.items() if f.system in own}
        self.told = [one for one in self.told if one[3] in own]

    def owned(self, team):
        return [system for system, owner in self.owner.items() if owner == team]

    def of(self, team=None, system=None):
        """Findings of all, of a team as it is today, or of a system."""
        for finding in self.findings.values():
            if system is not None and finding.system != system:
                continue
            if team is not None and self.owner.get(finding.system) != team:
                continue
            yield finding

    def tellings(self):
        """What teams were asked and told: when, what, of whom, about which system, whether now."""
        for entry in self.entries:
            data = entry.data
            if entry.kind == "planned" and entry.actor == "trimtab":
                system = self.system_of.get(entry.asset)
                yield entry.at, "plan", data["team"], system, data["window"] == "now", entry.asset
            elif entry.what == "update" and data.get("outcome") in ("applied", "part"):
                system = self.system_of.get(entry.asset)
                is_now = data["batch"].startswith("now")
                yield entry.at, "request", self.owner.get(system), system, is_now, data["update"]
            elif entry.kind in ("detected", "regressed"):
                system = entry.system
                yield entry.at, "finding", self.owner.get(system), system, False, entry.asset
