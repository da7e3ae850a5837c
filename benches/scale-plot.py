#!/usr/bin/env python3
"""Draws how the server grows out of the table in docs/scale.md.

    benches/scale-plot.py docs/scale.md docs/images/scale.svg

Reads the first table whose first column is `assets`: one line for each measured portfolio, with the engine in the second.
Both axes of a panel are logarithmic, since it is the growth that is asked for; the dashed line is the aim.
"""
import math
import re
import sys

# Column, title, aim, and whether the aim is the least or the most.
PANELS = [
    ("new uploads a second", "New uploads a second", 100, "least"),
    ("identical a second", "Identical uploads a second", 1000, "least"),
    ("slowest list, p95", "Slowest list, p95 in ms", 100, "most"),
    ("slowest detail, p95", "Slowest detail, p95 in ms", 50, "most"),
    ("a real delta", "A real delta, in s", 5, "most"),
    ("memory", "Memory of the server, in MB", 512, "most"),
]
ENGINES = {"SQLite": ("#0B5FA5", "circle"), "PostgreSQL": ("#A84300", "square")}
WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 130, 58, 46, 76


def number(text):
    found = re.match(r"[\d,]+(\.\d+)?", text.strip())
    return float(found.group().replace(",", "")) if found else None


def rows(path):
    head = None
    for line in open(path, encoding="utf-8"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            if head:
                return
        elif head is None:
            head = cells if cells[0] == "assets" else None
        elif not set(line) <= set("|-: \n"):
            yield dict(zip(head, cells))


def ticks(low, high):
    return [10**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def label(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def mark(shape, x, y, colour, title):
    title = f"<title>{title}</title>"
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">{title}</circle>'
    return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}">{title}</rect>'


def panel(at, column, title, aim, kind, measured):
    left = LEFT + at % 3 * (WIDTH + GAP)
    top = TOP + at // 3 * (HEIGHT + GAP)
    values = [number(row[column]) for row in measured]
    sizes = ticks(min(number(r["assets"]) for r in measured), max(number(r["assets"]) for r in measured))
    levels = ticks(min([aim] + [v for v in values if v]), max([aim] + [v for v in values if v]))

    def place(value, over, start, length):
        low, high = math.log10(over[0]), math.log10(over[-1])
        return start + (math.log10(value) - low) / ((high - low) or 1) * length

    def x(value):
        return place(value, sizes, left, WIDTH)

    def y(value):
        return place(value, levels, top + HEIGHT, -HEIGHT)

    out = [f'<text x="{left}" y="{top - 12}" class="title">{title}</text>']
    for level in levels:
        out.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(level):.1f}" y2="{y(level):.1f}" class="grid"/>')
        out.append(f'<text x="{left - 6}" y="{y(level) + 4:.1f}" class="end">{label(level)}</text>')
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{top + HEIGHT + 16}" class="mid">{label(size)}</text>')
    out.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(aim):.1f}" y2="{y(aim):.1f}" class="aim"/>')
    # What is measured lies above the least and below the most; under the axis there is no room.
    below = kind == "least" and y(aim) + 13 < top + HEIGHT
    out.append(f'<text x="{left + WIDTH}" y="{y(aim) + (13 if below else -4):.1f}" class="end">at {kind} {label(aim)}</text>')
    for engine, (colour, shape) in ENGINES.items():
        of = [(number(r["assets"]), number(r[column])) for r in measured if r["engine"] == engine]
        of = sorted((a, v) for a, v in of if v)
        points = " ".join(f"{x(a):.1f},{y(v):.1f}" for a, v in of)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for assets, value in of:
            said = f"{engine}, {label(assets)} assets: {value:g}"
            out.append(mark(shape, x(assets), y(value), colour, said))
    return out


def main():
    source, target = sys.argv[1:]
    measured = list(rows(source))
    width = LEFT + 3 * WIDTH + 2 * GAP + 30
    height = TOP + 2 * HEIGHT + GAP + 56
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="How the server grows from 100 to 10,000 assets, on SQLite and PostgreSQL">',
        "<style>text{font:12px system-ui,sans-serif;fill:#1B1F23}.title{font-weight:600;font-size:13px}"
        ".end{text-anchor:end;fill:#59616B}.mid{text-anchor:middle;fill:#59616B}"
        ".grid{stroke:#D9DDE2}.aim{stroke:#59616B;stroke-dasharray:4 3}</style>",
        f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>',
    ]
    for at, (column, title, aim, kind) in enumerate(PANELS):
        out += panel(at, column, title, aim, kind, measured)
    x, y = LEFT, height - 14
    for engine, (colour, shape) in ENGINES.items():
        out.append(mark(shape, x + 4, y - 4, colour, engine))
        out.append(f'<text x="{x + 14}" y="{y}">{engine}</text>')
        x += 110
    out.append(f'<text x="{width - 30}" y="{y}" class="end">across: assets of 300 components</text>')
    out.append("</svg>\n")
    open(target, "w", encoding="utf-8").write("\n".join(out))


main()
