"""What maturity is judged by, at any moment of the ledger: entries are read on to it, and what holds then is counted. Written
from docs/ledger.md and docs/maturity.md."""

import collections
import math

from gates import made
from lives import DAY, HOUR, moment

LAST = 90 * DAY
MINUTE = 60 * 10**6
UNKNOWN = (None, None)
# Within so many days a review of a team is held.
REVIEWED = 37 * DAY


class Ground:
    """What entries told until a moment."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.teams, self.owner, self.described, self.accountable = {}, {}, {}, {}
        self.system_of, self.inventory, self.first = {}, {}, {}
        self.runs, self.sides, self.in_force, self.opened, self.of = {}, collections.defaultdict(set), None, {}, {}
        self.decisions, self.updates, self.verdicts = {}, {}, {}
        self.products, self.ended, self.sent, self.questions = {}, set(), collections.defaultdict(list), {}
        self.thresholds, self.rests, self.planned = {}, None, set()
        # When deadlines were kept and missed, by finding, and what teams were asked: of the whole year.
        self.kept, self.late, self.asked = [], [], []
        for finding in ledger.findings.values():
            for episode in finding.episodes:
                at = episode.missed()
                if at is not None:
                    self.late.append((at, finding.asset))
                if episode.met(-math.inf):
                    self.kept.append((episode, finding.asset))
        for at, word, team, _, is_now, key in ledger.told:
            if word != "finding":
                self.asked.append((at, word, team if word == "plan" else ledger.updates[key].asset, is_now))
        self.began = min((f.episodes[0].began for f in ledger.findings.values()), default=None)

    def tell(self, entry):
        data, what, at = entry.data, entry.what, entry.at
        if entry.asset is not None:
            # What a supplier delivers is of its system before an entry says so.
            self.system_of.setdefault(entry.asset, next((system for _, system in self.ledger.moved[entry.asset]), None))
            if entry.system is not None:
                self.system_of[entry.asset] = entry.system
        if entry.kind == "received" and data.get("snapshot") is not None:
            self.first.setdefault(entry.asset, at)
            if data["branch"] is None:
                self.inventory[entry.asset] = at
        elif entry.kind == "deployed" and "snapshot" in data:
            if data["outcome"] in ("ok", "rolled-back"):
                self.runs[entry.asset, data["environment"]] = True
            elif data["outcome"] == "stopped":
                self.runs.pop((entry.asset, data["environment"]), None)
        elif entry.kind == "decided" and "decision" in data:
            self.decide(entry)
        elif what == "team":
            self.teams[data["team"]] = data["cadence"]
        elif what == "system":
            self.owner[entry.system] = data["team"]
            self.described[entry.system] = all(data[name] is not None for name in ("tier", "exposure", "data"))
            self.accountable[entry.system] = data.get("accountable")
        elif what == "charter-agreed":
            self.sides[data["charter"]].add(data["side"])
            if data.get("in_force"):
                self.in_force = data["charter"]
        elif what == "review":
            if "of" in data:
                self.of[data["review"]] = data["of"]
            if data.get("state") == "open":
                self.opened[data["review"]] = at
        elif what == "update":
            one = self.updates.setdefault(data["update"], {"at": at, "asset": entry.asset, "reverted": None, **data})
            if "reverted" in data:
                one["reverted"] = data["reverted"]
        elif what == "plan":
            self.planned.add(data["team"])
        elif what == "maturity-threshold":
            self.thresholds[data["criterion"]] = data["least"]
        elif what == "verdict":
            first = {"at": made(entry), "last": made(entry), "asset": entry.asset}
            self.verdicts[data["verdict"]] = {**first, "answered": False, "left": False, **data}
        elif what == "verdict-again":
            one = self.verdicts[data["verdict"]]
            one["last"] = max(one["last"], made(entry))
        elif what == "verdict-answered":
            self.verdicts[data["verdict"]]["answered"] = True
        elif what == "verdict-left":
            self.verdicts[data["verdict"]]["left"] = data["left"]
        elif (what or "").startswith("supplier"):
            self.supplied(entry)

    def decide(self, entry):
        data = entry.data
        if data["state"] == "asked":
            self.decisions[data["decision"]] = {
                "system": entry.system,
                "kind": data["kind"],
                "ends": data["expires"] and moment(data["expires"]),
                "asked": entry.actor,
                "justified": data["justification"] is not None and bool(data["reason"]),
            }
        one = self.decisions[data["decision"]]
        if data["state"] in ("approved", "refused"):
            one["answered"] = entry.actor
        one["state"] = data["state"]

    def supplied(self, entry):
        data, what = entry.data, entry.what
        if what == "supplier-product":
            self.products[data["product"]] = entry.asset, data["supplier"]
        elif what == "supplier-ended":
            self.ended.add(data["supplier"])
        elif what == "supplier-document" and data["kind"] == "sbom":
            # One that says that it was made earlier is as old as it says.
            self.sent[data["product"]].append(min(entry.at, moment(data["made"])) if data.get("made") else entry.at)
        elif what == "supplier-question":
            self.questions[data["question"]] = {"product": data["product"], "asked": entry.at, "due": moment(data["due"]), "answered": False}
        elif what == "supplier-answer":
            self.questions[data["question"]]["answered"] = True
        elif what == "supplier-question-withdrawn":
            self.questions.pop(data["question"])

    def at(self, now):
        return Then(self, now)


class Then:
    """What holds at a moment, and of whom it is then."""

    def __init__(self, ground, now):
        self.is_, self.now, self.today = ground, now, now // DAY
        self.team_of = {asset: ground.owner.get(system) for asset, system in ground.system_of.items()}
        self.owning = {team for team in ground.owner.values() if team is not None}
        ledger, start = ground.ledger, (self.today - 89) * DAY
        self.counts = [(f, f.counts_at(now)) for f in ledger.findings.values()]
        self.counts = [(f, is_) for f, is_ in self.counts if is_]
        within = lambda all_: collections.Counter(self.team_of.get(asset) for at, asset in all_ if start <= at < now)
        self.kept = within((episode.ended, asset) for episode, asset in ground.kept if episode.stands(now))
        self.late = within(ground.late)
        hours = collections.defaultdict(list)
        for at, word, key, is_now in ground.asked:
            team = key if word == "plan" else self.team_of.get(key)
            if team is not None and start <= at < now:
                hours[team, at // HOUR].append(is_now)
        self.asked = collections.Counter(team for (team, _), all_ in hours.items() if not all(all_))
        self.weeks = (now - start) / (7 * DAY)
        self.load, self.before = collections.defaultdict(float), collections.defaultdict(float)
        for f, is_ in self.counts:
            self.load[self.team_of.get(f.asset)] += is_[2] or 0
        for f in ledger.findings.values():
            is_ = f.counts_at((self.today - 89) * DAY - 1)
            if is_:
                self.before[self.team_of.get(f.asset)] += is_[2] or 0

    def fresh(self, assets, days):
        since = self.now - days * DAY
        return sum(self.is_.inventory.get(asset, -1) >= since for asset in assets)

    def known_on(self, team, day):
        """Whether something of a team had an inventory then."""
        first = [at for asset, at in self.is_.first.items() if self.team_of.get(asset) == team]
        return bool(first) and min(first) // DAY <= day

    def teams_that(self, teams, day, is_so):
        """Of teams that own a system; not known where one was not known then, unless another is known not to be so."""
        if self.is_.began is None or self.is_.began > self.now or self.is_.began // DAY > day:
            return UNKNOWN
        own = [team for team in teams if team in self.owning]
        known = [team for team in own if self.known_on(team, day)]
        yes = sum(is_so(team) for team in known)
        if len(known) < len(own) and yes == len(known) or not known:
            return UNKNOWN
        return yes, len(known)

    def gates(self, assets):
        is_, now = self.is_, self.now
        theirs = {asset for asset, _ in is_.products.values()}
        changes = [v for v in is_.verdicts.values() if v["source"] != "check-new" and v["asset"] in assets]
        gated = {v["asset"] for v in changes if v["last"] >= now - 30 * DAY} - theirs
        time = lambda v: v["at"] < now - 7 * DAY and not v["left"]
        refused = [v for v in changes if v["outcome"] == "refused" and v["last"] >= now - LAST]
        refused = [v for v in refused if v["answered"] or time(v)]
        mended = sum(v["answered"] for v in refused), len(refused)
        return (len(gated), len(assets - theirs)), mended if refused or gated else UNKNOWN

    def suppliers(self, assets):
        is_, since = self.is_, self.now - LAST
        own = [id_ for id_, (asset, _) in is_.products.items() if asset in assets]
        there = [id_ for id_ in own if is_.products[id_][1] not in is_.ended]
        sent = sum(any(at >= since for at in is_.sent[id_]) for id_ in there), len(there)
        asked = [q for q in is_.questions.values() if q["product"] in own and q["asked"] >= since]
        asked = [q for q in asked if q["answered"] or q["due"] < self.now]
        return sent, (sum(q["answered"] for q in asked), len(asked)), len(there)

    def promised(self, systems, products):
        """As suppliers' products were judged, which the ledger tells each day."""
        all_ = [one for one in self.is_.rests["products"] if one["system"] in systems]
        sum_ = lambda name: sum(one[name] for one in all_)
        decided = sum_("decided")
        if sum_("judged") < products or sum_("unclear") > decided or decided == 0 and products > 0:
            return UNKNOWN
        return sum_("kept"), decided

    def index(self):
        """Of when the newest advisory is, as it was told last."""
        newest, now = self.is_.rests["advisories"], self.now
        exploits = self.is_.rests["exploits"]
        within = lambda days: UNKNOWN if newest is None else (int(now - moment(newest) <= days * DAY), 1)
        return within(30), within(2), UNKNOWN if exploits is None else (exploits, 2)

    def facts(self, team=None):
        """How many are so, and of how many; by criterion."""
        is_, now, part = self.is_, self.now, lambda yes, of: (sum(map(bool, yes)), of)
        own = lambda id_: team is None or id_ == team
        systems = [s for s, owner in is_.owner.items() if own(owner)]
        # What belongs to no system is of all.
        of = set(systems) | ({None} if team is None else set())
        assets = {asset for asset, system in is_.system_of.items() if system in of}
        with_ = {is_.system_of[asset] for asset in assets if asset in is_.inventory}
        places = [asset for asset, place in is_.runs if is_.ledger.is_production(place, now)]
        runs = {is_.system_of.get(asset) for asset in places}
        teams = [t for t in is_.teams if own(t)]
        owning = [t for t in teams if t in self.owning]
        counts = [counts for f, counts in self.counts if own(self.team_of.get(f.asset))]
        holds = lambda d: d["state"] == "approved" and (d["ends"] is None or d["ends"] > now)
        decisions = [d for d in is_.decisions.values() if holds(d) and d["system"] in of]
        two = lambda d: d["answered"] != d["asked"] and (d["kind"] != "exception" or d["ends"] is not None)
        stated = [d for d in decisions if d["kind"] == "not-affected"]
        updates = [u for u in is_.updates.values() if u["at"] >= now - LAST and is_.system_of.get(u["asset"]) in of]
        updates = [u for u in updates if u["outcome"] not in ("nothing", "refused")]
        held = {is_.of[id_] for id_, at in is_.opened.items() if at >= now - REVIEWED}
        sum_ = lambda of: sum(many for t, many in of.items() if team is None or t == team)
        kept = sum_(self.kept), sum_(self.kept) + sum_(self.late)
        # Entries of earlier versions do not say it.
        unsaid = any(is_.accountable[s] is None for s in systems)
        inventory = part((s in with_ for s in systems), len(systems))
        read, fresh, exploits = self.index()
        gated, mended = self.gates(assets)
        sent, replied, products = self.suppliers(assets)
        # That no deadline was missed shows nothing before some time is known.
        is_young = is_.began is None or is_.began > now or is_.began // DAY > self.today - 89
        no_system = UNKNOWN if team is not None and not systems or kept[1] == 0 and is_young else kept
        return {
            "inventory-begun": inventory,
            "advisories-read": read,
            "findings-weighed": UNKNOWN if is_.rests["exploits"] is None else part((c[1] for c in counts), len(counts)),
            "all-watched": (self.fresh(assets, 30), len(assets)),
            "inventory-whole": inventory,
            "advisories-fresh": fresh,
            "rhythm-chosen": part((is_.teams[t] and t not in is_.rests["planless"] for t in owning), len(owning))
            if owning
            else UNKNOWN,
            "updates-tested": part((u["reverted"] is None and u["tests"] == "unharmed" for u in updates), len(updates)),
            "deadlines-mostly": no_system,
            "charter-agreed": UNKNOWN if is_.in_force is None else (len(is_.sides[is_.in_force]), 4),
            "reviews-held": part((f"team:{t}" in held for t in owning), len(owning)) if owning else UNKNOWN,
            "owned": part((is_.owner[s] is not None for s in systems), len(systems)),
            "context-told": part((is_.described[s] for s in systems), len(systems)),
            "running-told": part((s in runs for s in systems), len(systems)),
            "exploits-known": exploits,
            "decisions-of-two": part(map(two, decisions), len(decisions)),
            "deadlines-kept": no_system,
            "changes-gated": gated,
            "suppliers-send": sent,
            "all-current": (self.fresh(assets, 7), len(assets)),
            "refusals-answered": mended,
            "suppliers-keep-promises": self.promised(of, products),
            "suppliers-answer": replied,
            "little-noise": self.teams_that(teams, self.today - 89, lambda t: self.asked[t] / self.weeks <= 2),
            "load-falls": self.teams_that(teams, self.today - 90, lambda t: self.load[t] <= self.before[t] + 1e-6),
            "accountable": UNKNOWN if unsaid else part((is_.accountable[s] for s in systems), len(systems)),
            "not-affected-told": part((d["justified"] for d in stated), len(stated)),
            # It is verified when it is read.
            "ledger-holds": (1, 1),
        }
