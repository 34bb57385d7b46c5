#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
"""Draws a trace of libtaskpool as a picture: a lane for each worker, the jobs in it, a colour for each key.

    TASKPOOL_TRACE=trace.json ./program
    trace-svg.py trace.json picture.svg

Jobs that would be narrower than a pixel are drawn together, as bars as high as they kept the worker busy. A browser
shows what is under the mouse. --from and --to look closer at a part.
"""
import argparse
import collections
import json
import math
import re
import sys
import zlib
from xml.sax.saxutils import escape

LEFT, RIGHT, TOP = 110, 20, 56
LANE, GAP, HEADING = 22, 4, 30
LETTER = 6.2  # how wide a letter of the labels is, more or less

# Paul Tol's "muted" and "bright": apart from each other for colour-blind eyes as well.
PALETTE = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#882255", "#44aa99", "#ddaa77", "#332288"]
NO_KEY = "#b8b8b8"

Slice = collections.namedtuple("Slice", "start end key wait outcome")
Lane = collections.namedtuple("Lane", "name slices")


# ---- The trace ----

def read_events(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        # A program that crashed left it without an end, perhaps in the middle of a line.
        return json.loads(text[:text.rfind("}},\n") + 2] + "]")


def to_slice(event):
    start = float(event["ts"])
    args = event.get("args", {})
    return Slice(start, start + float(event["dur"]), event["name"], args.get("wait_us"), args.get("outcome", "ran"))


def read_pools(path):
    """The pools in the order of their numbers, each a name and its lanes."""
    names, slices = {}, collections.defaultdict(list)
    for event in read_events(path):
        lane = event["pid"], event["tid"]
        if event["ph"] == "X":
            slices[lane].append(to_slice(event))
        elif event["name"] == "process_name":
            names[event["pid"]] = event["args"]["name"]
        elif event["name"] == "thread_name":
            names[lane] = event["args"]["name"]
    pools = {}
    for pid, tid in sorted(slices):
        lane = Lane(names.get((pid, tid), str(tid)), sorted(slices[pid, tid], key=lambda s: s[:2]))
        pools.setdefault(pid, ("%s (pool %d)" % (names.get(pid, "?"), pid), []))[1].append(lane)
    return list(pools.values())


def crop(pools, begin, end):
    def within(lane):
        return Lane(lane.name, [s for s in lane.slices if s.end >= begin and s.start <= end])

    cropped = [(name, [within(lane) for lane in lanes]) for name, lanes in pools]
    return [(name, lanes) for name, lanes in cropped if any(lane.slices for lane in lanes)]


def all_slices(pools):
    return (s for _, lanes in pools for lane in lanes for s in lane.slices)


# ---- Colours, numbers, text ----

class Colours:
    """The keys that took most time have colours of their own, the others paler ones that they may share."""

    def __init__(self, pools):
        self.time, self.jobs = collections.Counter(), collections.Counter()
        for s in all_slices(pools):
            self.time[s.key] += s.end - s.start
            self.jobs[s.key] += 1
        ranked = sorted(self.time, key=lambda key: (-self.time[key], key))
        self.first = [key for key in ranked if key != "(no key)"][:len(PALETTE)]
        self.own = dict(zip(self.first, PALETTE))
        self.own["(no key)"] = NO_KEY

    def of(self, key):
        if key not in self.own:
            self.own[key] = "hsl(%d,35%%,76%%)" % (zlib.crc32(key.encode("utf-8", "replace")) % 360)
        return self.own[key]


def text_on(colour):
    if not colour.startswith("#"):
        return "#222"
    red, green, blue = (int(colour[i:i + 2], 16) for i in (1, 3, 5))
    return "#fff" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "#222"


def show(text):
    """What XML has no place for becomes a sign that stands for it."""
    text = re.sub("[\x00-\x1f]", lambda found: chr(0x2400 + ord(found.group())), text)
    return escape(re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", text))


def duration(us):
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1)):
        if abs(us) >= size or unit == "µs":
            return "%.4g %s" % (us / size, unit)
    return ""


def number(value):
    return ("%.2f" % value).rstrip("0").rstrip(".")


# ---- The picture ----

class Picture:
    def __init__(self, pools, origin, begin, end, width):
        self.pools, self.origin, self.begin, self.width = pools, origin, begin, width
        self.scale = (width - LEFT - RIGHT) / max(end - begin, 0.001)
        self.end = begin + (width - LEFT - RIGHT) / self.scale
        self.colours = Colours(pools)
        self.parts = []

    def x(self, time):
        return LEFT + (min(max(time, self.begin), self.end) - self.begin) * self.scale

    def add(self, part, *values):
        self.parts.append(part % values if values else part)

    def words(self, x, y, text, more=""):
        self.add('<text x="%s" y="%s"%s>%s</text>', number(x), number(y), " " + more if more else "", show(text))

    # ---- The jobs ----

    def wide(self, s, y):
        """A job that can be seen, with its key if that fits."""
        left, right = self.x(s.start), self.x(s.end)
        colour = self.colours.of(s.key)
        wait = "" if s.wait is None else ", waited %s" % duration(s.wait)
        self.add('<rect x="%s" y="%d" width="%s" height="%d" fill="%s"><title>%s\n%s from %s%s: %s</title></rect>',
                 number(left), y, number(max(right - left - 0.3, 0.8)), LANE, colour, show(s.key),
                 duration(s.end - s.start), duration(s.start - self.origin), wait, s.outcome)
        fits = int((right - left - 6) / LETTER)
        if fits >= 3:
            text = s.key if len(s.key) <= fits else s.key[:fits - 1] + "…"
            self.words(left + 3, y + 15, text, 'fill="%s"' % text_on(colour))

    def narrow(self, slices, y):
        """Those that cannot: a bar for each pixel, in the colour of the key that took most of it."""
        columns = collections.defaultdict(collections.Counter)
        for s in slices:
            columns[int(self.x(s.start))][s.key] += s.end - s.start
        paths, counts = collections.defaultdict(list), collections.Counter(s.key for s in slices)
        for column, times in columns.items():
            key = min(times, key=lambda key: (-times[key], key))
            height = LANE * min(1, max(0.15, sum(times.values()) * self.scale))
            paths[key].append("M%d %sv%sh1v-%sz" % (column, number(y + LANE - height), number(height), number(height)))
        for key in sorted(paths):
            self.add('<path fill="%s" d="%s"><title>%s\n%d short jobs in this lane</title></path>',
                     self.colours.of(key), "".join(sorted(paths[key])), show(key), counts[key])

    def expired(self, slices, y):
        for s in slices:
            self.add('<path fill="#d00" d="M%s %dl3 -5h-6z"><title>%s\n%s</title></path>', number(self.x(s.start)),
                     y + 5, show(s.key), s.outcome)

    def lane(self, lane, y):
        busy = sum(s.end - s.start for s in lane.slices) * self.scale / (self.width - LEFT - RIGHT)
        self.add('<rect x="%d" y="%d" width="%d" height="%d" fill="#f3f3f3"/>', LEFT, y, self.width - LEFT - RIGHT,
                 LANE)
        self.add('<text x="%d" y="%d" text-anchor="end">%s<title>%d jobs, busy %d %%</title></text>', LEFT - 8, y + 15,
                 show(lane.name), len(lane.slices), round(100 * busy))
        narrow = [s for s in lane.slices if (s.end - s.start) * self.scale < 1]
        self.narrow([s for s in narrow if s.outcome == "ran"], y)
        for s in lane.slices:
            if (s.end - s.start) * self.scale >= 1:
                self.wide(s, y)
        self.expired([s for s in narrow if s.outcome != "ran"], y)

    # ---- What is around them ----

    def axis(self, bottom):
        step = 10 ** math.floor(math.log10(90 / self.scale))
        step *= next(factor for factor in (1, 2, 5, 10) if factor * step * self.scale >= 90)
        for i in range(math.ceil((self.begin - self.origin) / step), int((self.end - self.origin) / step) + 1):
            x = self.x(self.origin + i * step)
            self.add('<path stroke="#ddd" d="M%s %dV%d"/>', number(x), TOP - 6, bottom)
            self.words(x, TOP - 12, duration(i * step) if i else "0", 'text-anchor="middle" fill="#555"')

    def legend(self, y):
        x = LEFT
        for key in self.colours.first:
            text = "%s: %d jobs, %s" % (key if len(key) <= 40 else key[:39] + "…", self.colours.jobs[key],
                                        duration(self.colours.time[key]))
            wide = 28 + LETTER * len(text)
            if x + wide > self.width - RIGHT and x > LEFT:
                x, y = LEFT, y + 18
            self.add('<rect x="%d" y="%d" width="11" height="11" fill="%s"/>', x, y - 10, self.colours.of(key))
            self.words(x + 16, y, text)
            x += wide
        return y

    def draw(self):
        y = TOP
        rows = []
        for name, lanes in self.pools:
            rows.append((y + 16, name, lanes))
            y += HEADING + len(lanes) * (LANE + GAP)
        self.axis(y)
        for heading, name, lanes in rows:
            jobs = sum(len(lane.slices) for lane in lanes)
            self.words(LEFT, heading, "%s: %d jobs on %d workers" % (name, jobs, len(lanes)), 'font-weight="bold"')
            for i, lane in enumerate(lanes):
                self.lane(lane, heading + HEADING - 16 + i * (LANE + GAP))
        bottom = self.legend(y + 30)
        return self.page(bottom + 20)

    def page(self, height):
        jobs = sum(1 for _ in all_slices(self.pools))
        title = "%d jobs of %d keys in %s" % (jobs, len(self.colours.time), duration(self.end - self.begin))
        head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
                'font-family="sans-serif" font-size="11" fill="#222">\n'
                '<rect width="100%%" height="100%%" fill="#fff"/>\n<text x="%d" y="22" font-size="15">%s</text>\n'
                % (self.width, height, self.width, height, LEFT, title))
        return head + "\n".join(self.parts) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", help="what taskpool_trace_start or TASKPOOL_TRACE has written")
    parser.add_argument("picture", nargs="?", help="the SVG file; without it, to the standard output")
    parser.add_argument("--width", type=int, default=1400, metavar="PIXELS")
    parser.add_argument("--from", dest="begin", type=float, metavar="MS", help="this long after the first job's start")
    parser.add_argument("--to", dest="end", type=float, metavar="MS", help="up to this long after it")
    options = parser.parse_args()
    if options.width < 400:
        parser.error("less than 400 pixels are too few")
    try:
        pools = read_pools(options.trace)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit("%s: no trace: %s" % (options.trace, error))
    first = min((s.start for s in all_slices(pools)), default=0)
    last = max((s.end for s in all_slices(pools)), default=1)
    begin = first if options.begin is None else first + options.begin * 1000
    end = last if options.end is None else first + options.end * 1000
    if end < begin:
        parser.error("--to is before --from")
    svg = Picture(crop(pools, begin, end), first, begin, end, options.width).draw()
    if options.picture is None:
        sys.stdout.buffer.write(svg.encode("utf-8"))
        return
    with open(options.picture, "w", encoding="utf-8") as file:
        file.write(svg)


main()
