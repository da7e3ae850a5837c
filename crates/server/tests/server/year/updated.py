"""Updates: what they remove, and when that was gone, as entries tell it and as the findings were. Written from docs/ledger.md."""

from lives import Finding, moment


class Update:
    """A batch that was carried out, and what people said of it."""

    def __init__(self, number, entry):
        data = entry.data
        self.number, self.asset, self.at, self.actor = number, entry.asset, entry.at, entry.actor
        self.outcome, self.tests, self.removes = data["outcome"], data["tests"], data["removes"]
        # How many others it removes, which are not told.
        self.more = data.get("more", 0)
        self.merged = self.deployed = self.reverted = self.points = None
        self.batch, self.did = data["batch"], data.get("did")
        self.carried = moment(data["carried"]) if "carried" in data else entry.at
        # The numbers of its evidence.
        self.evidence = data if "runs" in data else None
        self.findings = []

    def tell(self, data):
        for name in ("merged", "deployed", "reverted"):
            if name in data:
                setattr(self, name, data[name] and moment(data[name]))
        self.points = data.get("points", self.points)

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
                all_[number] = Update(number, entry)
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
            all_[data["update"]] = Update(data["update"], entry)
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
