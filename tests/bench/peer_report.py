# SPDX-License-Identifier: BSD-2-Clause
"""What tests/bench/peers measured, as a page of Markdown and a drawing in SVG. results[name, connections] is a list with a
dictionary for each round (Peer.measure); memory[name] has MiB at the start and with connections held; smtp[names] is a list
of Postfix.measure, one for each turn."""
from html import escape
from statistics import median, quantiles

CHAINS = {"opendkim + opendmarc": ["opendkim", "opendmarc"],
          "opendkim + opendmarc + pyspf": ["opendkim", "opendmarc", "pyspf"]}
PARTS_OVER_NULL = 0.30 / 0.175  # all parts of a judgement (ms, measured apart) over the null milter among them
# what, against whom, at how many connections, which figure, at most or at least
GOALS = [("CPU a message, Redis' counted", peer, (1, 8, 32), "cpu", "<=", goal) for peer, goal in
         [("opendkim", 0.5), ("opendkim + opendmarc", 0.35), ("opendkim + opendmarc + pyspf", 0.2), ("rspamd", 0.3)]]
GOALS += [("messages a second", peer, (8, 32), "rate", ">=", goal) for peer, goal in [("opendkim", 2), ("rspamd", 4)]]
GOALS += [(f"{p} of the whole transaction", "opendkim", (8, 32), p, "<=", 1) for p in ("p50", "p99")]
MEMORY_GOALS = {0: 12, 200: 20, 1000: 40}  # MiB
SMTP_GOAL = 1.6


def with_chains(results, connections):
    """Adds what milters one after the other cost: the sum, round by round; of p99 there is none."""
    for name, links in CHAINS.items():
        for c in connections:
            rounds = list(zip(*[results.get((link, c), []) for link in links]))
            results[name, c] = [{"own": sum(r["own"] for r in one), "redis": 0, "cpu": sum(r["cpu"] for r in one),
                                 "rate": 1 / sum(1 / r["rate"] for r in one), "p50": sum(r["p50"] for r in one),
                                 "p99": None} for one in rounds]
    return {key: rounds for key, rounds in results.items() if rounds}


def middle(rounds, key):
    values = [r[key] for r in rounds]
    return None if None in values else median(values)


def ratio(results, name, of, c, key):
    """The median of the rounds' ratios; None if one of both was not measured."""
    pairs = zip(results.get((name, c), []), results.get((of, c), []))
    ratios = [a[key] / b[key] for a, b in pairs if a[key] and b[key]]
    return median(ratios) if ratios else None


def verdict(value, relation, goal):
    return "reached" if (value <= goal if relation == "<=" else value >= goal) else "missed"


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head, rows):
    return [row(*head), "|" + "---|" * len(head)] + rows + [""]


def figure(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def slow_down(smtp, key):
    return [a["rate"] / b["rate"] for a, b in zip(smtp[()], smtp[key])]


def smtp_rows(smtp):
    rows = []
    for key, turns in smtp.items():
        slower = slow_down(smtp, key)
        spread = quantiles(slower, n=4) if len(slower) > 1 else slower * 3
        costlier = median(b["cpu"] / a["cpu"] for a, b in zip(smtp[()], turns))
        rows.append(row(" + ".join(key) or "none", figure(middle(turns, "rate"), 0), figure(median(slower)),
                        f"{spread[0]:.2f}-{spread[2]:.2f}", figure(costlier),
                        *(figure(middle(turns, part), 0) for part in ("cpu", "postfix", "milters"))))
    return rows


def goal_rows(results, memory, smtp):
    rows = []
    for what, of, connections, key, relation, goal in GOALS:
        for c in connections:
            value = ratio(results, "vouch", of, c, key)
            if value:
                rows.append(row(what, f"{of}, {c} connections", f"{relation} {goal} x", f"{value:.2f} x",
                                verdict(value, relation, goal)))
    for c in (1, 8, 32):
        rounds = zip(results.get(("vouch", c), []), results.get(("null", c), []))
        parts = [v["own"] / (n["own"] * PARTS_OVER_NULL) for v, n in rounds]
        if parts:
            rows.append(row("own CPU over the sum of its parts", f"{c} connections", "<= 1.3 x", f"{median(parts):.2f} x",
                            verdict(median(parts), "<=", 1.3)))
    for held, goal in MEMORY_GOALS.items():
        if held in memory.get("vouch", {}):
            value = memory["vouch"][held]
            rows.append(row("resident memory", f"{held} connections held" if held else "start", f"<= {goal} MiB",
                            f"{value:.1f} MiB", verdict(value, "<=", goal)))
    if ("vouch",) in smtp:
        value = median(slow_down(smtp, ("vouch",)))
        rows.append(row("full SMTP, slow-down", "no milter", f"<= {SMTP_GOAL} x", f"{value:.2f} x",
                        verdict(value, "<=", SMTP_GOAL)))
    return rows


def message_rows(results, names, connections):
    rows = []
    for name in names:
        for c in connections:
            rounds = results.get((name, c))
            if rounds:
                spread = [r["cpu"] for r in rounds]
                rows.append(row(name, c, figure(middle(rounds, "own"), 0), figure(middle(rounds, "redis"), 0),
                                f"{min(spread):.0f}-{max(spread):.0f}", figure(ratio(results, name, "null", c, "cpu")),
                                figure(ratio(results, name, "opendkim", c, "cpu")), figure(middle(rounds, "rate"), 0),
                                figure(middle(rounds, "p50")), figure(middle(rounds, "p99"))))
    return rows


def page(results, memory, smtp, names, connections, about):
    names = names + list(CHAINS)
    lines = ["# What a message costs, and what it costs with others", ""] + about + ["", "## Goals", ""]
    lines += table(["measure", "against", "goal", "reached", ""], goal_rows(results, memory, smtp))
    lines += ["## A message", ""]
    lines += table(["milter", "connections", "own CPU us", "its Redis us", "min-max of both", "/ null", "/ opendkim",
                    "messages/s", "p50 ms", "p99 ms"], message_rows(results, names, connections))
    if memory:
        held = sorted(next(iter(memory.values())))
        lines += ["## Resident memory, MiB", ""]
        lines += table(["milter"] + [f"{n} held" if n else "start" for n in held],
                       [row(name, *(figure(memory[name][n], 1) for n in held)) for name in names if name in memory])
    if smtp:
        lines += ["## Full SMTP through Postfix, 8 clients", ""]
        lines += table(["milters", "messages/s", "slow-down", "of half of the turns", "CPU / none", "CPU of all, us", "of Postfix",
                        "of milters and Redis"], smtp_rows(smtp))
    return "\n".join(lines)


PANELS = [("CPU, us a message (darker: its Redis)", "cpu"), ("messages a second", "rate"), ("p50 of a transaction, ms", "p50"),
          ("p99 of a transaction, ms", "p99")]
BAR, GAP, LABEL, WIDTH = 18, 6, 230, 420


def panel(results, names, c, title, key, top):
    """One drawing of bars: its lines and its height."""
    values = [(name, middle(results[name, c], key)) for name in names if (name, c) in results]
    values = [(name, value) for name, value in values if value is not None]
    most = max(value for _, value in values)
    out = [f'<text x="0" y="{top + 14}" font-weight="bold">{escape(title)}, {c} connections</text>']
    y = top + 26
    for name, value in values:
        color = "#2a7f62" if name.startswith("vouch") else "#8d99ae"
        width = value / most * WIDTH
        out.append(f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
                   f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{color}"/>')
        redis = middle(results[name, c], "redis") if key == "cpu" else 0
        if redis:
            out.append(f'<rect x="{LABEL + (value - redis) / most * WIDTH:.1f}" y="{y}" height="{BAR}" '
                       f'width="{redis / most * WIDTH:.1f}" fill="#00000055"/>')
        out.append(f'<text x="{LABEL + width + 5:.1f}" y="{y + 13}">{value:.{0 if value > 30 else 2}f}</text>')
        y += BAR + GAP
    return out, y - top + 16


def drawing(results, names, connections):
    names = names + list(CHAINS)
    c = 8 if 8 in connections else connections[0]
    out, top = [], 10
    for title, key in PANELS:
        lines, height = panel(results, names, c, title, key, top)
        out += lines
        top += height
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + WIDTH + 80}" height="{top}" '
                      'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>'
                      '<g transform="translate(10 0)">'] + out + ["</g></svg>", ""])
