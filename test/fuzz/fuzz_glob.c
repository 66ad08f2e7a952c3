/*
 * fuzz_glob.c - patterns of any bytes against names of any bytes: the first line is the pattern,
 * the rest the name. Both kinds: filters of events, and hashFiles.
 *
 * The filter matcher is checked against one that just tries everything, and a pattern that is made
 * from a name by escaping it has to match that name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "actc/glob.h"
#include "actc/pattern.h"
#include "actc/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only `*`, `**` and plain ASCII characters: what the simple matcher knows, and few enough for it.
 */
static bool is_simple(struct str p)
{
	size_t stars = 0;

	for (size_t i = 0; i < p.len; i++) {
		unsigned char c = (unsigned char)p.p[i];

		stars += c == '*';
		if (stars > 5 || c >= 0x80 || strchr("?+[\\", c)) {
			return false;
		}
	}
	return str_find(p, STR("**/"), 0) == STR_NPOS;
}

static bool simple_match(struct str p, struct str s)
{
	bool any = str_starts(p, STR("**"));

	if (p.len == 0) {
		return s.len == 0;
	}
	if (p.p[0] != '*') {
		return s.len > 0 && s.p[0] == p.p[0] &&
		       simple_match(str_slice(p, 1, p.len), str_slice(s, 1, s.len));
	}
	p = str_slice(p, any ? 2 : 1, p.len);
	for (size_t i = 0; i <= s.len; i++) {
		if (simple_match(p, str_slice(s, i, s.len))) {
			return true;
		}
		if (i < s.len && s.p[i] == '/' && !any) {
			break;
		}
	}
	return false;
}

static void check_escaped(struct str name)
{
	struct strbuf p = STRBUF_INIT(0);

	for (size_t i = 0; i < name.len; i++) {
		if (((unsigned char)name.p[i]) < 0x80) {
			(void)strbuf_addc(&p, '\\');
		}
		(void)strbuf_addc(&p, name.p[i]);
	}
	if (!pattern_match(strbuf_str(&p), name)) {
		abort();
	}
	strbuf_release(&p);
}

static void check_filter(struct str pattern, struct str name)
{
	bool hit = pattern_match(pattern, name);
	const char *why = NULL;
	size_t at = 0;

	if (!pattern_valid(pattern, &at, &why) && (at > pattern.len || !why)) {
		abort();
	}
	if (pattern.len < 12 && name.len < 20 && is_simple(pattern) &&
	    hit != simple_match(pattern, name)) {
		abort();
	}
	check_escaped(name);
}

static void check_globs(struct str pattern, struct str name)
{
	struct arena a = ARENA_INIT;
	struct globs g;
	struct str why;
	size_t n = 0;

	if (globs_parse(&a, &pattern, 1, STR("/work"), STR("/home/x"), &g, &why)) {
		(void)globs_match(&g, name);
		(void)globs_partial(&g, name);
		(void)globs_search(&a, &g, &n);
	} else if (why.len == 0) {
		abort();
	}
	(void)glob_segment(pattern, name);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name = str_mk((const char *)data, size);
	struct str pattern = str_cut(&name, '\n');

	if (!name.p) {
		name = STR_EMPTY;
	}
	check_filter(pattern, name);
	check_globs(pattern, name);
	return 0;
}
