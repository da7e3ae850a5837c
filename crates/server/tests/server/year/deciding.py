"""What people asked for and answered. Written from docs/ledger.md."""

from lives import moment


class Decisions:
    """What people asked for and answered."""

    def __init__(self, ledger):
        self.all = {}
        for entry in ledger.entries:
            if entry.kind != "decided" or "decision" not in entry.data:
                continue
            data = entry.data
            if data["state"] == "asked":
                ends = data["expires"] and moment(data["expires"])
                self.all[data["decision"]] = {
                    "id": data["decision"],
                    "system": entry.system,
                    "about": (data["vulnerability"], data["package"], entry.asset),
                    "ends": ends,
                    "kind": data["kind"],
                    "asked": entry.actor,
                    "answered": None,
                    "told": [],
                    "justified": data["justification"] is not None and bool(data["reason"]),
                }
            elif data["state"] in ("approved", "refused"):
                self.all[data["decision"]]["answered"] = entry.actor
            self.all[data["decision"]]["state"] = data["state"]
            self.all[data["decision"]]["told"].append((entry.at, data["state"]))
        self.now = ledger.now

    def at(self, state, at, systems):
        """Those of some systems that stood so at a moment, and had not ended by themselves."""
        for one in self.all.values():
            told = [state for since, state in one["told"] if since <= at]
            lasts = one["ends"] is None or one["ends"] > at
            if told and told[-1] == state and lasts and (systems is None or one["system"] in systems):
                yield one

    def over(self, since, at, systems):
        """Those of some systems that were approved and ended by themselves within a time."""
        for one in self.all.values():
            told = [state for when, state in one["told"] if when <= at]
            is_over = one["ends"] is not None and since < one["ends"] <= at
            if told and told[-1] == "approved" and is_over and (systems is None or one["system"] in systems):
                yield one

    @staticmethod
    def is_gone(ledger, decision):
        """Whether all that it is about went since it was asked for: nobody is told to answer it."""
        vulnerability, package, asset = decision["about"]
        vulnerability = vulnerability and ledger.called(vulnerability)
        fits = lambda is_, wanted: wanted is None or is_ == wanted
        about = [
            f
            for f in ledger.findings.values()
            if f.into is None
            and fits(ledger.called(f.vulnerability), vulnerability)
            and fits(f.package, package)
            and fits(f.asset, asset)
        ]
        return bool(about) and not any(f.live for f in about)

    def in_force(self, systems=None):
        holds = lambda d: d["state"] == "approved" and (d["ends"] is None or d["ends"] > self.now)
        return [d for d in self.all.values() if holds(d) and (systems is None or d["system"] in systems)]


def answered(decisions, state):
    """Those that stand so, and have not ended by themselves."""
    lasts = lambda d: d["ends"] is None or d["ends"] > decisions.now
    return [d for d in decisions.all.values() if d["state"] == state and lasts(d)]
