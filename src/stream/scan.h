/*
 * scan.h - where one of a few words is in a text of many lines (private to src/stream).
 *
 * Nearly no line of output is a command or a problem, and those that are hold one of a few words.
 * So a text is searched for all words at once, and only the lines that have one are looked at.
 */
#ifndef STREAM_SCAN_H
#define STREAM_SCAN_H

#include <stdbool.h>

#include "actc/str.h"

enum { SCAN_WORDS = 24, SCAN_BLOCK = 16 };

struct scan {
	size_t n;
	struct str words[SCAN_WORDS]; /* borrowed */
	size_t offsets[SCAN_WORDS];   /* of the pair that is looked for */
	size_t npairs;
	/* Each once; a byte of one fills a row, as it is compared with. */
	unsigned char first[SCAN_WORDS][SCAN_BLOCK];
	unsigned char second[SCAN_WORDS][SCAN_BLOCK];
};

/* False when there is no room, or the word is shorter than two bytes. */
bool scan_add(struct scan *s, struct str word);
/* Where one of the words begins, at or after `from`; in no certain order within sixteen bytes. The
 * text's length when there is none. */
size_t scan_next(const struct scan *s, struct str text, size_t from);

#endif
