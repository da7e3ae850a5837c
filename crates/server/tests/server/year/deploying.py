"""Deployments to production, the updates that came with them, and how they ended. Written from docs/ledger.md and docs/metrics.md."""

import collections
import math

from lives import DAY
from periods import share, spread


class Change:
    """Of what runs somewhere, or an attempt at one."""

    def __init__(self, system, snapshot, at, lead, updates):
        self.system, self.snapshot, self.at, self.lead = system, snapshot, at, lead
        self.failed, self.restored, self.updates = False, None, updates


class Deployments:
    """What was deployed to production, and how it ended."""

    def __init__(self, ledger):
        self.now, self.all = ledger.now, []
        received, everywhere = {}, collections.defaultdict(list)
        main = collections.defaultdict(list)
        for entry in ledger.entries:
            data = entry.data
            if entry.kind == "received" and "snapshot" in data:
                received[data["snapshot"]] = entry.at
                if data["branch"] is None:
                    main[entry.asset].append((entry.at, data["snapshot"]))
            elif entry.kind == "deployed" and "snapshot" in data:
                one = (entry.at, data["deployment"], data["snapshot"], data["outcome"])
                everywhere[entry.asset, data["environment"]].append(one)
        self.places = {place: sorted(told) for place, told in everywhere.items()}
        self.lasts = [max(told) for told in everywhere.values()]
        # When it was first told of a system that one ended other than well.
        self.told = {}
        for (asset, environment), told in self.places.items():
            system = ledger.system_of.get(asset)
            # What was no production then is none of it, whatever it is now; but it says what ran.
            is_ours = lambda at, environment=environment: ledger.is_production(environment, at)
            ill = [at for at, *_, how in told if how in ("failed", "rolled-back") and is_ours(at)]
            if ill:
                self.told[system] = min(min(ill), self.told.get(system, math.inf))
            all_ = self.changes(system, told, received, self.landed(ledger, asset, main[asset]))
            self.all += [change for change in all_ if is_ours(change.at)]

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
        is_told = any(mine(system) and at < to for system, at in self.told.items())
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
        return sum(how in ("failed", "rolled-back") and at >= self.now - 14 * DAY for at, _, _, how in self.lasts)
