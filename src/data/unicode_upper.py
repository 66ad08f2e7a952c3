#!/usr/bin/env python3
"""Prints src/data/unicode_upper.c: simple upper-casing as .NET's ordinal comparison does it.

    python3 src/data/unicode_upper.py | clang-format >src/data/unicode_upper.c

Python has the full mappings only. Where the full upper case of a character is several characters,
its simple one is its title case if that is one character (Greek with iota subscript), else none.
Dotless i and long s are kept as they are, as .NET does, so that no ASCII letter equals any other.
"""
import unicodedata

KEPT = {0x0131, 0x017F}


def upper(cp):
    c = chr(cp)
    if cp in KEPT or 0xD800 <= cp <= 0xDFFF:
        return cp
    for mapped in (c.upper(), c.title()):
        if len(mapped) == 1:
            return ord(mapped)
    return cp


def ranges():
    out = []  # [lo, hi, step, delta]
    for cp in range(0x80, 0x110000):
        delta = upper(cp) - cp
        if delta == 0:
            continue
        last = out[-1] if out else None
        if last and last[3] == delta:
            gap = cp - last[1]
            if gap in (1, 2) and (last[0] == last[1] or gap == last[2]):
                last[1], last[2] = cp, gap
                continue
        out.append([cp, cp, 1, delta])
    return out


HEAD = """/*
 * unicode_upper.c - simple upper-casing of one code point, for comparing without case.
 *
 * Made by unicode_upper.py from Unicode %s; not for changing text shown to anybody (that needs
 * the full mappings).
 */
#include "actc/unicode.h"

struct upper_range {
	uint32_t lo;
	uint32_t hi;
	uint32_t step;
	int32_t delta;
};

static const struct upper_range ranges[] = {"""

TAIL = """};

uint32_t unicode_upper(uint32_t cp)
{
	size_t lo = 0;
	size_t hi = sizeof(ranges) / sizeof(ranges[0]);

	if (cp < 0x80) {
		return cp >= 'a' && cp <= 'z' ? cp - 'a' + 'A' : cp;
	}
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct upper_range *r = &ranges[mid];

		if (cp < r->lo) {
			hi = mid;
		} else if (cp > r->hi) {
			lo = mid + 1;
		} else {
			return (cp - r->lo) % r->step ? cp : (uint32_t)((int32_t)cp + r->delta);
		}
	}
	return cp;
}"""

print(HEAD % unicodedata.unidata_version)
for lo, hi, step, delta in ranges():
    print("\t{ 0x%04X, 0x%04X, %d, %d }," % (lo, hi, step, delta))
print(TAIL)
