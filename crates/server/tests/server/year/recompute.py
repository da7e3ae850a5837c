"""Makes the numbers of Trimtab again, out of an exported ledger and the evidence that it names.

    python3 recompute.py LEDGER.jsonl MICROSECONDS ADDRESSES EVIDENCE READER [TEAM]

Written from docs/metrics.md, docs/packs.md, docs/reviews.md, docs/incidents.md and docs/ledger.md. READER is the number of
the person who looks, and may do everything. EVIDENCE is a folder with `documents`, each called by its digest
as entries name it, and `advisories` as they were published. Says one number a line, as JSON: where it stands (an address, and a pointer, a figure or a cell there) and what it must be.
"""

import sys

import asking
import cards
import entries
import factors
import findings
import gates
import handoffs
import inventories
import listed
import mature
import met
import notices
import plans
import proposed
import responding
import rooms
import shown
import supplied
import tickets
from deploying import Deployments
from lives import Ledger
from updated import misseen, updates


def main():
    now = int(sys.argv[2])
    with open(sys.argv[1], encoding="utf-8") as file:
        ledger = Ledger(file, now)
    with open(sys.argv[3], encoding="utf-8") as file:
        opened = file.read().splitlines()
    ledger.reader, ledger.lists, ledger.opened = int(sys.argv[5]), {}, set(opened)
    ledger.evidence = sys.argv[4]
    ledger.updates = updates(ledger)
    told, wrong = misseen(ledger)
    print(f"{told} moments of updates are held against their findings", file=sys.stderr)
    if wrong:
        sys.exit("\n".join(wrong))
    if len(sys.argv) > 6:
        ledger.narrow(int(sys.argv[6]))
    ledger.deployments = Deployments(ledger)
    asking.pages(ledger, opened)
    if ledger.part is None:
        whole(ledger)
        inventories.pages(ledger, opened, sys.argv[4])
    else:
        rooms.own(ledger)


def whole(ledger):
    """What somebody sees who sees all."""
    for team in ledger.teams:
        # Who owns nothing has no card.
        if ledger.owned(team):
            cards.card(ledger, team, ledger.teams[team])
    cards.people(ledger)
    rooms.pages(ledger)
    rooms.boards(ledger)
    mature.pages(ledger)
    plans.pages(ledger)
    notices.pages(ledger)
    proposed.pages(ledger)
    met.goals(ledger)
    met.reviews(ledger)
    responding.incidents(ledger)
    met.pulse(ledger)
    shown.pages(ledger, ledger.lists)
    findings.pages(ledger)
    factors.pages(ledger)
    gates.pages(ledger)
    handoffs.pages(ledger)
    supplied.pages(ledger)
    tickets.pages(ledger)
    entries.pages(ledger)


main()
