/*
 * str.h - a borrowed run of bytes: (pointer, length) travelling as one value.
 *
 * A struct str owns nothing; what it points at lives in an arena, a source text or a literal.
 * .p is never NULL for a string made by these functions; bytes are UTF-8 unless said otherwise.
 */
#ifndef ACTC_STR_H
#define ACTC_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_EMPTY    STR("")
/* The same for static tables, where ISO C wants no compound literal. */
#define STR_INIT(literal)                       \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
/* For printf: "%.*s" with STR_ARG(s). */
#define STR_ARG(s) (int)(s).len, (s).p

static inline struct str str_of(const char *cstr)
{
	return cstr ? (struct str){ cstr, strlen(cstr) } : STR_EMPTY;
}

static inline struct str str_mk(const char *p, size_t len)
{
	return (struct str){ p ? p : "", len };
}

/* Bytes [from, to) of s; both are clamped to its length. */
struct str str_slice(struct str s, size_t from, size_t to);
bool str_eq(struct str a, struct str b);
/* Equal when ASCII letters are compared without case; all other bytes as they are. */
bool str_ieq(struct str a, struct str b);
/* memcmp order, shorter first on a tie. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first occurrence at or after `from`, or STR_NPOS. */
#define STR_NPOS ((size_t)-1)
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_chr(struct str s, char c, size_t from);
/* Without leading and trailing ASCII white space. */
struct str str_trim(struct str s);
/* Cuts *rest at the first `sep`: returns what is before it and leaves what is behind it; with no
 * separator the whole is returned and *rest becomes empty with .p == NULL (the end). */
struct str str_cut(struct str *rest, char sep);
/* Decimal, without sign or blanks; false when it is anything else or too large. */
bool str_to_ulong(struct str s, unsigned long *out);

#endif
