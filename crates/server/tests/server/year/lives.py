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


class Entry:
    def __init__(self, line):
        is_ = json.loads(line)
        self.at, self.kind, self.actor = is_["at"], is_["kind"], is_["actor"]
        self.system, self.asset, self.finding = is_["system"], is_["asset"], is_["finding"]
        self.data = json.loads(is_["data"])

    @property
    def what(self):
        return self.data.get("what") if self.kind == "changed" else None


class Episode:
    """From detected, or back, to gone."""

    def __init__(self, began):
        self.began, self.merged, self.ended, self.how = began, None, None, None
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
        before, ends = math.inf, [since for since, _ in self.dues[1:]] + [math.inf]
        for (since, due), until in zip(self.dues, ends):
            if due is not None and due >= self.began:
                unseen = due < since and (before is None or before <= since)
                at = max(since, due)
                if not unseen and at < until and self.counts_at(at):
                    return at
            before = due
        return None

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

    def counted(self):
        """Whether it counted at any time."""
        spans = zip(self.held, self.held[1:] + [(self.end(), None)])
        return any(is_[0] and until > since for (since, is_), (until, _) in spans)


class Finding:
    def __init__(self, number):
        self.number, self.system, self.asset = number, None, None
        self.vulnerability, self.package = None, None
        self.episodes = []
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
                self.episodes.append(Episode(at))
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
            return
        else:
            return
        runs = self.on_main if self.production is None else self.production
        is_ = (runs and self.decision is None, self.level, self.weight)
        held = self.episodes[-1].held
        if held and held[-1][0] == at:
            held.pop()
        held.append((at, is_))

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
        # Of which system an asset was since when, and whose a system was.
        self.moved, self.handed = collections.defaultdict(list), collections.defaultdict(list)
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
        self.told = list(self.tellings())
        for entry in self.entries:
            if entry.what == "joined":
                self.joined[entry.data["from"]] = entry.data["to"]
        self.named = {}
        # Of two that turned out to be one, the one that was called so stays.
        for is_joined in (True, False):
            for f in self.findings.values():
                if (f.vulnerability in self.joined) == is_joined:
                    self.named[f.asset, f.package, self.called(f.vulnerability)] = f
        self.charter = PRESET
        # What is scheduled, by team, asset and package.
        self.scheduled = {}
        for entry in self.entries:
            data = entry.data
            if entry.what == "charter-agreed" and data.get("in_force"):
                self.charter = data["terms"]
            elif entry.kind == "planned" and entry.actor == "trimtab":
                key = data["team"], entry.asset, data["package"]
                self.scheduled.pop(key, None)
                if data["state"] != "dropped":
                    self.scheduled[key] = data
        self.updates = updates(self)
        self.deployments = Deployments(self)

    def called(self, vulnerability):
        """What it is called now."""
        while vulnerability in self.joined:
            vulnerability = self.joined[vulnerability]
        return vulnerability

    def of_then(self, finding, at):
        """Of which system and team a finding was at a moment."""
        last = lambda told: next((is_ for since, is_ in reversed(told) if since <= at), None)
        system = last(self.moved[finding.asset])
        return system, last(self.handed[system])

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


def spread(values):
    """By nearest rank."""
    values = sorted(values)
    if not values:
        return None
    rank = lambda part: values[math.ceil(len(values) * part) - 1]
    return {
        "count": len(values),
        "least": values[0],
        "median": rank(0.5),
        "p90": rank(0.9),
        "most": values[-1],
    }


def overlap(held, until, start, to):
    return max(0, min(until, to) - max(held, start))


def numbers(ledger, findings, told, teams, first, last):
    """The numbers of a period of days, both included."""
    findings = list(findings)
    start, to = first * DAY, min((last + 1) * DAY, max(ledger.now, first * DAY))
    episodes = [episode for finding in findings for episode in finding.episodes]
    ended = [e for e in episodes if e.ended is not None and start <= e.ended < to]
    fixed = [e for e in ended if e.how == "fixed"]
    counted = [e for e in fixed if e.counted()]
    days = lambda e: (e.ended - e.began) / DAY
    carried = 0.0
    for episode in episodes:
        spans = zip(episode.held, episode.held[1:] + [(episode.end(), None)])
        for (since, (counts, _, weight)), (until, _) in spans:
            if counts and weight is not None:
                carried += weight * overlap(since, until, start, to) / DAY
    passed = {id(e): e.missed() for e in episodes}
    in_time = lambda e: e.deadline is not None and e.ended <= e.deadline
    met = [e for e in counted if in_time(e) and passed[id(e)] is None]
    missed = sum(at is not None and start <= at < to for at in passed.values())
    there = [(f, f.episode_at(to)) for f in findings if f.counts_at(to)]
    ages = [(to - e.began) / DAY for _, e in there]
    bands = [0, 0, 0, 0]
    for age in ages:
        bands[0 if age < 7 else 1 if age < 30 else 2 if age < 90 else 3] += 1
    merged = [e for e in counted if e.merged is not None]
    told = [one for one in told if start <= one[0] < to]
    asked = collections.defaultdict(list)
    for at, word, team, _, is_now, _ in told:
        if word != "finding" and team is not None:
            asked[at // HOUR, team].append(is_now)
    interruptions = sum(not all(all_) for all_ in asked.values())
    weeks = (to - start) / (7 * DAY)
    notices = {(at, word, team) for at, word, team, *_ in told if word == "plan"}
    notices |= {(at, word, asset) for at, word, _, _, _, asset in told if word == "finding"}
    end = (last + 1) * DAY - 1
    load = [f.counts_at(end) for f in findings]
    share = len(met) / (len(met) + missed) if met or missed else None
    return {
        "load": sum(is_[2] or 0 for is_ in load if is_),
        "load_days": carried,
        "time_to_remediate": spread(map(days, counted)),
        "time_to_remediate_by_level": {
            level: spread(days(e) for e in counted if e.level == level) for level in LEVELS
        },
        "detected_to_merged": spread((e.merged - e.began) / DAY for e in merged),
        "merged_to_deployed": spread((e.ended - e.merged) / DAY for e in merged),
        "deadlines": {"met": len(met), "missed": missed, "share": share},
        "flow": {
            "found": sum(start <= e.began < to for e in episodes),
            "fixed": len(fixed),
            "retracted": sum(e.how == "retracted" for e in ended),
        },
        "age": {
            "days": spread(ages),
            "under_7": bands[0],
            "under_30": bands[1],
            "under_90": bands[2],
            "older": bands[3],
        },
        "noise": {
            "interruptions": interruptions,
            "a_week": interruptions / teams / weeks if teams and weeks > 0 else None,
            "now": sum(all(all_) for all_ in asked.values()),
            "requests": len({one[5] for one in told if one[1] == "request"}),
            "notices": len(notices),
        },
    }


class Update:
    """A batch that was carried out, and what people said of it."""

    def __init__(self, number, asset, data, at):
        self.number, self.asset, self.at = number, asset, at
        self.outcome, self.tests, self.removes = data["outcome"], data["tests"], data["removes"]
        # How many others it removes, which are not told.
        self.more = data.get("more", 0)
        self.merged = self.deployed = self.reverted = None
        self.findings = []

    def tell(self, data):
        for name in ("merged", "deployed", "reverted"):
            if name in data:
                setattr(self, name, data[name] and moment(data[name]))

    def now_deployed(self):
        """When the last of what it removes was gone from production, if all of it is known and gone."""
        left = [f for f in self.findings if not f.is_retracted()]
        if len(self.findings) < len(self.removes) or any(f.live for f in left):
            return None
        return max((f.gone() for f in left), default=None)

    def came(self):
        """When it came into production, as it was seen first."""
        if self.reverted is not None:
            before = self.deployed is not None and self.deployed < self.reverted
            return self.deployed if before else None
        if self.outcome in ("nothing", "refused"):
            return None
        return self.deployed or (self.now_deployed() if self.findings else None)


def updates(ledger):
    all_ = {}
    for entry in ledger.entries:
        if entry.what == "update":
            number = entry.data["update"]
            if number not in all_:
                all_[number] = Update(number, entry.asset, entry.data, entry.at)
            else:
                all_[number].tell(entry.data)
    for update in all_.values():
        for gone in update.removes:
            name = ledger.called(gone["vulnerability"])
            key = update.asset, gone["package"].split("@")[0], name
            if key in ledger.named:
                update.findings.append(ledger.named[key])
    return all_


def misseen(ledger):
    """What entries say of updates, and what the findings were just then: how many moments were told, and those that differ."""
    told, wrong, all_, findings, joined = 0, [], {}, {}, {}

    def called(name):
        while name in joined:
            name = joined[name]
        return name

    def were(update):
        """When what it removes was gone from the main line, and from production, as far as all of it is known and gone."""
        there = {}
        for finding in findings.values():
            key = finding.asset, finding.package, called(finding.vulnerability)
            # Of two that turned out to be one, the one that was called so stays.
            if key not in there or finding.vulnerability not in joined:
                there[key] = finding
        keys = {(update.asset, gone["package"].split("@")[0], called(gone["vulnerability"])) for gone in update.removes}
        if not keys or update.more or keys - there.keys():
            return {"merged": None, "deployed": None}
        left = [there[key] for key in keys if not there[key].is_retracted()]
        moments = {
            "merged": [finding.left_main() for finding in left],
            "deployed": [None if finding.live else finding.gone() for finding in left],
        }
        return {name: max(at) if at and None not in at else None for name, at in moments.items()}

    for entry in ledger.entries:
        data = entry.data
        if entry.finding is not None:
            findings.setdefault(entry.finding, Finding(entry.finding)).tell(entry)
        elif entry.what == "joined":
            joined[data["from"]] = data["to"]
        elif entry.what == "update" and data["update"] not in all_:
            all_[data["update"]] = Update(data["update"], entry.asset, data, entry.at)
        elif entry.what == "update":
            update = all_[data["update"]]
            for name in ("merged", "deployed"):
                if name not in data:
                    continue
                said, before = data[name] and moment(data[name]), getattr(update, name)
                # What was told stays.
                is_ = were(update)[name] if before is None else before
                told += said is not None
                if said != is_:
                    wrong.append(f"update {update.number} {name}: {said}, and {is_} of its findings")
            update.tell(data)
    return told, wrong


class Change:
    """Of what runs somewhere, or an attempt at one."""

    def __init__(self, system, snapshot, at, lead, updates):
        self.system, self.snapshot, self.at, self.lead = system, snapshot, at, lead
        self.failed, self.restored, self.updates = False, None, updates


class Deployments:
    """What was deployed to production, and how it ended."""

    def __init__(self, ledger):
        self.now, self.all = ledger.now, []
        received, places = {}, collections.defaultdict(list)
        main = collections.defaultdict(list)
        production = ledger.charter["production"]
        for entry in ledger.entries:
            data = entry.data
            if entry.kind == "received" and "snapshot" in data:
                received[data["snapshot"]] = entry.at
                if data["branch"] is None:
                    main[entry.asset].append((entry.at, data["snapshot"]))
            elif entry.kind == "deployed" and "snapshot" in data and data["environment"] in production:
                one = (entry.at, data["deployment"], data["snapshot"], data["outcome"])
                places[entry.asset].append(one)
        self.places = {asset: sorted(told) for asset, told in places.items()}
        # Of which systems it was ever told that one ended other than well.
        self.told = set()
        for asset, told in self.places.items():
            system = ledger.system_of.get(asset)
            if any(how in ("failed", "rolled-back") for *_, how in told):
                self.told.add(system)
            self.all += self.changes(system, told, received, self.landed(ledger, asset, main[asset]))

    @staticmethod
    def landed(ledger, asset, main):
        """What was received with each update or after it, by snapshot: of the main line, until it was taken back."""
        all_ = []
        for update in ledger.updates.values():
            seen = update.merged or update.deployed
            if update.asset == asset and seen is not None:
                with_ = [at for at, _ in main if at <= seen]
                until = update.reverted or math.inf
                if with_:
                    here = {snapshot for at, snapshot in main if max(with_) <= at < until}
                    all_.append((update.number, here))
        return all_

    @staticmethod
    def changes(system, told, received, landed):
        """Of one asset, in the order of time."""
        all_, stand, runs, there = [], [], None, set()

        def again(at):
            for change in all_:
                if change.failed and change.restored is None:
                    change.restored = at

        for at, _, snapshot, how in told:
            if how == "stopped":
                continue
            since = received.get(snapshot)
            lead = (at - since) / DAY if since is not None and since <= at else None
            fresh = {number for number, here in landed if snapshot in here and number not in there}
            change = Change(system, snapshot, at, lead, fresh)
            if how == "ok":
                again(at)
                if snapshot != runs:
                    all_.append(change)
                    stand.append(change)
                    there |= fresh
                runs = snapshot
            elif how == "failed":
                brought = stand[-1] if stand and stand[-1].snapshot == snapshot == runs else change
                if brought is change:
                    all_.append(change)
                brought.failed = True
            else:
                # Another one runs: the last that stands is taken back, unless a failure is what this ends.
                down = any(change.failed and change.restored is None for change in all_)
                gone = []
                if snapshot != runs:
                    while stand and stand[-1].snapshot != snapshot:
                        gone.append(stand.pop())
                        if all(change.snapshot != snapshot for change in stand):
                            break
                for change in gone:
                    there -= change.updates
                if gone and not down:
                    gone[0].failed = True
                again(at)
                runs = snapshot
        return all_

    def measures(self, systems, first, last, ours=False):
        start, to = first * DAY, min((last + 1) * DAY, max(self.now, first * DAY))
        mine = lambda system: systems is None or system in systems
        all_ = [c for c in self.all if start <= c.at < to and mine(c.system)]
        all_ = [c for c in all_ if c.updates] if ours else all_
        failed = [c for c in all_ if c.failed]
        is_told = any(mine(system) for system in self.told)
        weeks = (to - start) / (7 * DAY)
        over = [c for c in failed if c.restored is not None]
        return {
            "deployments": len(all_),
            "a_week": len(all_) / weeks if weeks > 0 else 0,
            "few": len(all_) < 10,
            "lead_time": spread(c.lead for c in all_ if not c.failed and c.lead is not None),
            "failed": len(failed) if is_told else None,
            "change_failure_rate": share(len(failed), len(all_)) if is_told else None,
            "time_to_restore": spread((c.restored - c.at) / DAY for c in over),
            "not_restored": len(failed) - len(over),
        }

    def went_wrong(self):
        """Failed or rolled back within 14 days, and nothing was told there since."""
        lasts = [told[-1] for told in self.places.values()]
        return sum(how in ("failed", "rolled-back") and at >= self.now - 14 * DAY for at, _, _, how in lasts)


def share(part, of):
    return part / of if of else None


def by_day(findings, first, last):
    findings = list(findings)
    for day in range(first, last + 1):
        there = [f.counts_at((day + 1) * DAY - 1) for f in findings]
        there = [is_ for is_ in there if is_]
        levels = {level: sum(is_[1] == level for is_ in there) for level in LEVELS}
        yield day, sum(is_[2] or 0 for is_ in there), levels, sum(is_[1] is None for is_ in there)
