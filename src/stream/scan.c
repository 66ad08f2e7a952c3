/*
 * scan.c - a search for several words at once, by the rarest two bytes of each.
 *
 * What a word is needed for is command.c's and matcher.c's business.
 */
#include "scan.h"

#include <stdint.h>

/* How common a byte is in what programs print: letters from the most frequent on. */
static int rarity(char c)
{
	static const char common[] = " etaoinsrhldcumfpgwybvkxjqz";
	char lower = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	const char *at = strchr(common, lower);

	if (c == lower && lower && at) {
		return (int)(at - common);
	}
	return lower >= '0' && lower <= '9' ? 8 : 20;
}

/* The ends that so many words have are no sign of this one. */
static int pair_rarity(const char *p)
{
	static const char endings[][3] = { "in", "ng", "er", "es", "ed", "on", "re", "te", "th" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (memcmp(p, endings[i], 2) == 0) {
			return 0;
		}
	}
	return rarity(p[0]) + rarity(p[1]);
}

static size_t rarest_pair(struct str word)
{
	size_t best = 0;

	for (size_t i = 1; i + 1 < word.len; i++) {
		if (pair_rarity(word.p + i) > pair_rarity(word.p + best)) {
			best = i;
		}
	}
	return best;
}

static void add_pair(struct scan *s, const char *p)
{
	for (size_t i = 0; i < s->npairs; i++) {
		if (s->first[i][0] == (unsigned char)p[0] &&
		    s->second[i][0] == (unsigned char)p[1]) {
			return;
		}
	}
	memset(s->first[s->npairs], p[0], SCAN_BLOCK);
	memset(s->second[s->npairs], p[1], SCAN_BLOCK);
	s->npairs++;
}

bool scan_add(struct scan *s, struct str word)
{
	for (size_t i = 0; i < s->n; i++) {
		if (str_eq(s->words[i], word)) {
			return true;
		}
	}
	if (s->n == SCAN_WORDS || word.len < 2) {
		return false;
	}
	s->words[s->n] = word;
	s->offsets[s->n] = rarest_pair(word);
	add_pair(s, word.p + s->offsets[s->n]);
	s->n++;
	return true;
}

/* Where the word is whose pair is at text[at]; the text's length when it is none. */
static size_t word_at(const struct scan *s, struct str text, size_t at)
{
	for (size_t i = 0; i < s->n; i++) {
		struct str word = s->words[i];
		size_t from = at - s->offsets[i];

		if (at >= s->offsets[i] && word.len <= text.len - from &&
		    text.p[from] == word.p[0] && memcmp(text.p + from, word.p, word.len) == 0) {
			return from;
		}
	}
	return text.len;
}

/* Whether a pair begins at one of the sixteen bytes. Without branches: the compiler makes wide
 * instructions of the inner loop. */
static inline bool block_has_pair(const struct scan *s, const char *p, unsigned char *hits)
{
	uint64_t half[2];

	memset(hits, 0, SCAN_BLOCK);
	for (size_t k = 0; k < s->npairs; k++) {
		for (int i = 0; i < SCAN_BLOCK; i++) {
			hits[i] |= (unsigned char)(((unsigned char)p[i] == s->first[k][i]) &
						   ((unsigned char)p[i + 1] == s->second[k][i]));
		}
	}
	memcpy(half, hits, SCAN_BLOCK);
	return (half[0] | half[1]) != 0;
}

static size_t word_in_block(const struct scan *s, struct str text, size_t at,
			    const unsigned char *hits)
{
	for (size_t i = 0; i < SCAN_BLOCK; i++) {
		size_t word = hits[i] ? word_at(s, text, at + i) : text.len;

		if (word < text.len) {
			return word;
		}
	}
	return text.len;
}

size_t scan_next(const struct scan *s, struct str text, size_t from)
{
	unsigned char hits[SCAN_BLOCK];
	size_t word;

	for (; from + SCAN_BLOCK < text.len; from += SCAN_BLOCK) {
		if (block_has_pair(s, text.p + from, hits)) {
			word = word_in_block(s, text, from, hits);
			if (word < text.len) {
				return word;
			}
		}
	}
	for (; from < text.len; from++) {
		word = word_at(s, text, from);
		if (word < text.len) {
			return word;
		}
	}
	return text.len;
}
