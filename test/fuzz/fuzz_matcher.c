/*
 * fuzz_matcher.c - any bytes as a problem matcher: the first line is a pattern and, by itself, a
 * matcher's file; the others are lines of output.
 *
 * Checked beyond "no fault": the look before a match turns nothing away that matches.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/matcher.h"
#include "actc/strbuf.h"
#include "actc/utf8.h"
#include "stream/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_lines(struct regex *r, struct regex *open, struct str rest)
{
	while (rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');
		enum regex_result found = regex_match(r, line);

		for (size_t i = 0; found == REGEX_YES && i < regex_groups(r); i++) {
			(void)regex_group(r, line, i);
		}
		if (open && found == REGEX_NO && regex_match(open, line) == REGEX_YES) {
			abort();
		}
	}
}

static void try_pattern(struct arena *a, struct str pattern, struct str lines)
{
	struct regex_library lib;
	struct err err = ERR_INIT;
	struct str why = STR_EMPTY;
	struct strbuf either = STRBUF_INIT(0);
	struct regex *r, *open = NULL;

	if (!regex_library_open(&lib, &err)) {
		abort();
	}
	r = regex_new(&lib, a, pattern, &why);
	if (r) {
		/* With an alternative nothing is known of the lines. */
		strbuf_adds(&either, pattern);
		strbuf_adds(&either, STR("|\\Bq\\b(?!)"));
		open = regex_new(&lib, a, strbuf_str(&either), &why);
		match_lines(r, open, lines);
	}
	regex_free(r);
	regex_free(open);
	regex_library_close(&lib);
	strbuf_release(&either);
}

static void try_file(struct arena *a, struct str json, struct str lines)
{
	struct matchers *m = matchers_new();
	struct match_stream *s = match_stream_open(m);
	struct str owners, why = STR_EMPTY;

	(void)matchers_add(m, a, json, &owners, &why);
	while (lines.p && lines.len) {
		struct match match;

		(void)match_stream_line(s, str_cut(&lines, '\n'), &match);
	}
	(void)matchers_remove_file(m, a, json, &owners, &why);
	matchers_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct strbuf text = STRBUF_INIT(0);
	struct str first, rest;

	utf8_sanitize(&text, str_mk((const char *)data, size));
	rest = strbuf_str(&text);
	first = str_cut(&rest, '\n');
	try_pattern(&a, first, rest);
	try_file(&a, first, rest);
	strbuf_release(&text);
	arena_release(&a);
	return 0;
}
