/*
 * translator.h - the state of a translation from .NET's patterns to PCRE2's, shared by the two
 * files that make it (private to src/stream).
 */
#ifndef STREAM_TRANSLATOR_H
#define STREAM_TRANSLATOR_H

#include <stdint.h>

#include "actc/strbuf.h"
#include "regex.h"

struct name {
	struct str text;
	unsigned number; /* in PCRE2's pattern */
};

struct translator {
	struct arena *a;
	struct str in;
	size_t at;
	struct strbuf out;
	struct str *why;
	size_t depth; /* of groups */
	size_t nunnamed;
	VEC(struct name) names;
	VEC(unsigned) unnamed; /* their numbers in PCRE2's pattern */
	/* what a line needs */
	struct regex_needs *needs;
	struct strbuf run; /* literal text that is required as it stands */
	bool anchored;     /* ^ was the first thing of all */
	bool first_known;  /* what comes behind it was seen */
	bool unknowable;   /* alternatives, or case does not count */
	bool opaque;       /* the set that is read has members that are not known */
};

/* What was read last, for the quantifier behind it. */
struct atom {
	struct str literal;   /* the text that it stands for, if it is one */
	unsigned char *set;   /* the bytes that it can begin with, or NULL */
	bool is_group_end;    /* ) */
	bool is_no_character; /* an anchor, the begin of a group, | */
};

/* Sets *t->why; false. */
__attribute__((format(printf, 2, 3))) bool tr_fail(struct translator *t, const char *fmt, ...);
/* The byte that many behind the reading position, or -1. */
int tr_peek(const struct translator *t, size_t ahead);
bool tr_sees(const struct translator *t, const char *text);
bool tr_is_digit(int c);
bool tr_is_alnum(int c);

/* These read one thing, write it and say in *atom what it is. */
/* The character here, as one that means itself. */
void tr_literal(struct translator *t, struct atom *atom);
/* Behind a backslash: an escape that is one character inside and outside of sets. */
bool tr_escaped(struct translator *t, struct atom *atom);
/* d D w W s S behind a backslash; false when it is none of these. */
bool tr_class(struct translator *t, unsigned char *set);
/* \p{Name}, whose members are not looked at here. */
bool tr_property(struct translator *t);
bool tr_set(struct translator *t, struct atom *atom);

#endif
