"""What no way of working can come below, in the recorded portfolio.

Reads what `cargo bench -p trimtab-engine --bench plan -- write` wrote, and prints for each file the load-days of
severity first, of the plan, and a bound: the least of a linear program that is easier than the task. It knows all
advisories before they are published, does parts of actions and is freed of what goes with that part, saves points from
one window to any later one, does what is *now* for nothing, and gives an action that is dearer than a window for the
points of one where its least fits. It keeps to three things only: versions are not there before somebody names them,
a window starts before what is done in it ends, and points are spent once. Needs scipy (its solver HiGHS):

    python3 crates/engine/benches/plan/least.py target/plan/recorded-*.json
"""

import json
import sys

import numpy
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

DAY = 86_400


class Program:
    """Rows of `sum of factors times variables <= limit`."""

    def __init__(self):
        self.rows, self.columns, self.factors, self.limits = [], [], [], []

    def add(self, terms, limit):
        for column, factor in terms:
            self.rows.append(len(self.limits))
            self.columns.append(column)
            self.factors.append(factor)
        self.limits.append(limit)

    def matrix(self, width):
        shape = (len(self.limits), width)
        return coo_matrix((self.factors, (self.rows, self.columns)), shape=shape).tocsr()


def saved_by_team(line, team, windows):
    """The most load-days that one team saves: variables are how much of each finding is gone, and of each action is
    done, by the end of each window."""
    horizon, begin = line["horizon"], line["now"]
    findings = [(f, of) for f, of in enumerate(line["findings"]) if of["team"] == team]
    actions = [(a, of) for a, of in enumerate(line["candidates"]) if of["team"] == team and of["removes"]]
    if not actions:
        return 0.0
    width = len(windows)
    gone = {f: at * width for at, (f, _) in enumerate(findings)}
    done = {a: (len(findings) + at) * width for at, (a, _) in enumerate(actions)}
    total = (len(findings) + len(actions)) * width
    ends = [end for _, end, _ in windows] + [horizon]
    most = max(points for _, _, points in windows)

    worth = numpy.zeros(total)
    upper = numpy.ones(total)
    program = Program()
    removers = {f: [] for f in gone}
    for f, of in findings:
        appears = max(begin, of["appears"])
        for w in range(width):
            days = max(ends[w + 1], appears) - max(ends[w], appears)
            worth[gone[f] + w] = -of["weight"] * days / DAY
    costs = {}
    for a, of in actions:
        for f in of["removes"]:
            removers[f].append(a)
        at_once = any(line["findings"][f]["now"] for f in of["removes"])
        cost = most if of["least"] <= most < of["points"] else of["points"]
        costs[a] = 0.0 if at_once else cost
        for w in range(width):
            there = ends[w] if at_once else windows[w][0]
            if there < of["available"]:
                upper[done[a] + w] = 0.0
            if w > 0:
                program.add([(done[a] + w - 1, 1), (done[a] + w, -1)], 0)
            for needed in of["needs"]:
                program.add([(done[a] + w, 1), (done[needed] + w, -1)], 0)
    for f in gone:
        for w in range(width):
            program.add([(gone[f] + w, 1)] + [(done[a] + w, -1) for a in removers[f]], 0)
    points = 0.0
    for w in range(width):
        points += windows[w][2]
        program.add([(done[a] + w, cost) for a, cost in costs.items() if cost], points)
    bounds = numpy.column_stack([numpy.zeros(total), upper])
    answer = linprog(worth, A_ub=program.matrix(total), b_ub=program.limits, bounds=bounds, method="highs-ipm")
    if answer.status != 0:
        sys.exit(f"team {team}: {answer.message}")
    return -answer.fun


def main(files):
    print("| portfolio | nothing done | severity first | plan | no way is below | plan, of severity | bound, of severity |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for file in files:
        with open(file, encoding="utf-8") as text:
            line = json.load(text)
        nothing = sum(
            of["weight"] * (line["horizon"] - max(line["now"], of["appears"])) / DAY for of in line["findings"]
        )
        bound = nothing - sum(saved_by_team(line, team, of) for team, of in enumerate(line["teams"]))
        plan, severity = line["planned"], line["severity"]
        print(
            f"| {line['name']} | {nothing:.0f} | {severity:.0f} | {plan:.0f} | {bound:.0f} |"
            f" {100 * plan / severity:.0f} % | {100 * bound / severity:.0f} % |"
        )


main(sys.argv[1:])
