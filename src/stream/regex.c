/*
 * regex.c - patterns compiled and matched by PCRE2, within limits.
 *
 * Time is bounded by counting what the matcher tries (a limit of PCRE2's own), so that the same
 * line gives the same result on any machine. What a pattern means is regex_translate.c's business.
 */
#include "regex.h"

#include <stdlib.h>
#include <string.h>

#ifndef ACTC_LIBPCRE2_SO
#define ACTC_LIBPCRE2_SO "libpcre2-8.so.0"
#endif

enum {
	MATCH_LIMIT = 10 * 1000 * 1000, /* about a second */
	HEAP_LIMIT_KB = 64 * 1024,
	JIT_STACK_START = 32 * 1024,
	JIT_STACK_MAX = 8 * 1024 * 1024,
};

#define SYMBOL(function) DYNLOAD_SYMBOL(pcre2, function)

static const struct dynload_symbol symbols[] = { PCRE2_FUNCTIONS(SYMBOL) };

struct regex {
	struct regex_library *lib;
	struct translation t;
	pcre2_code_8 *code;
	pcre2_match_data_8 *data;
};

bool regex_library_open(struct regex_library *lib, struct err *err)
{
	*lib = (struct regex_library){ .compile = NULL };
	if (!dynload(ACTC_LIBPCRE2_SO, symbols, sizeof(symbols) / sizeof(*symbols), &lib->f, err)) {
		return false;
	}
	lib->compile = lib->f.pcre2_compile_context_create_8(NULL);
	lib->match = lib->f.pcre2_match_context_create_8(NULL);
	BUG_ON(!lib->compile || !lib->match);
	(void)lib->f.pcre2_set_newline_8(lib->compile, PCRE2_NEWLINE_LF);
	(void)lib->f.pcre2_set_match_limit_8(lib->match, MATCH_LIMIT);
	(void)lib->f.pcre2_set_heap_limit_8(lib->match, HEAP_LIMIT_KB);
	lib->stack = lib->f.pcre2_jit_stack_create_8(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (lib->stack) {
		lib->f.pcre2_jit_stack_assign_8(lib->match, NULL, lib->stack);
	}
	return true;
}

void regex_library_close(struct regex_library *lib)
{
	if (lib->match) {
		lib->f.pcre2_compile_context_free_8(lib->compile);
		lib->f.pcre2_match_context_free_8(lib->match);
		if (lib->stack) {
			lib->f.pcre2_jit_stack_free_8(lib->stack);
		}
	}
	lib->match = NULL;
}

static struct str compile_error(const struct regex_library *lib, struct arena *a,
				struct str pattern, int error)
{
	PCRE2_UCHAR8 text[256] = "";

	(void)lib->f.pcre2_get_error_message_8(error, text, sizeof(text));
	return arena_printf(a, "Invalid pattern '%.*s'. %s", STR_ARG(pattern), (const char *)text);
}

struct regex *regex_new(struct regex_library *lib, struct arena *a, struct str pattern,
			struct str *why)
{
	/* A reference to a group that took no part is empty, as in ECMAScript. */
	const uint32_t options = PCRE2_UTF | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_UCP;
	struct regex *r = calloc(1, sizeof(*r));
	int error = 0;
	PCRE2_SIZE offset = 0;

	BUG_ON(!r);
	r->lib = lib;
	if (!regex_translate(a, pattern, &r->t, why)) {
		*why = arena_printf(a, "Invalid pattern '%.*s'. %.*s", STR_ARG(pattern),
				    STR_ARG(*why));
		free(r);
		return NULL;
	}
	r->code = lib->f.pcre2_compile_8((PCRE2_SPTR8)r->t.pattern.p, r->t.pattern.len, options,
					 &error, &offset, lib->compile);
	if (!r->code) {
		*why = compile_error(lib, a, pattern, error);
		free(r);
		return NULL;
	}
	/* Where no code can be made at run time it is interpreted. */
	(void)lib->f.pcre2_jit_compile_8(r->code, PCRE2_JIT_COMPLETE);
	r->data = lib->f.pcre2_match_data_create_from_pattern_8(r->code, NULL);
	BUG_ON(!r->data || lib->f.pcre2_get_ovector_count_8(r->data) != r->t.ngroups);
	return r;
}

void regex_free(struct regex *r)
{
	if (r) {
		r->lib->f.pcre2_match_data_free_8(r->data);
		r->lib->f.pcre2_code_free_8(r->code);
		free(r);
	}
}

size_t regex_groups(const struct regex *r)
{
	return r->t.ngroups;
}

bool regex_may_match(const struct regex *r, struct str line)
{
	const struct regex_needs *needs = &r->t.needs;
	size_t at = 0;

	if (needs->by_first && (line.len == 0 || !needs->first[(unsigned char)line.p[0]])) {
		return false;
	}
	if (needs->n && str_chr(line, needs->rarest, 0) == STR_NPOS) {
		return false;
	}
	for (size_t i = 0; i < needs->n; i++) {
		at = str_find(line, needs->literals[i], at);
		if (at == STR_NPOS) {
			return false;
		}
		at += needs->literals[i].len;
	}
	return true;
}

size_t regex_words(const struct regex *r, const struct str **words)
{
	const struct regex_needs *needs = &r->t.needs;
	const struct str *best = NULL;

	for (size_t i = 0; i < needs->n; i++) {
		if (!best || needs->literals[i].len > best->len) {
			best = &needs->literals[i];
		}
	}
	if (best && best->len > 2) {
		*words = best;
		return 1;
	}
	if (needs->nchoices) {
		*words = needs->choices;
		return needs->nchoices;
	}
	*words = best;
	return best && best->len > 1 ? 1 : 0;
}

enum regex_result regex_match(struct regex *r, struct str line)
{
	const struct pcre2 *f = &r->lib->f;
	PCRE2_SPTR8 text = (PCRE2_SPTR8)line.p;

	if (!regex_may_match(r, line)) {
		return REGEX_NO;
	}

	int n = f->pcre2_match_8(r->code, text, line.len, 0, PCRE2_NO_UTF_CHECK, r->data,
				 r->lib->match);

	if (n == PCRE2_ERROR_JIT_STACKLIMIT) {
		n = f->pcre2_match_8(r->code, text, line.len, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
				     r->data, r->lib->match);
	}
	if (n == PCRE2_ERROR_NOMATCH) {
		return REGEX_NO;
	}
	return n < 0 ? REGEX_LIMIT : REGEX_YES;
}

struct str regex_group(const struct regex *r, struct str line, size_t group)
{
	const PCRE2_SIZE *v = r->lib->f.pcre2_get_ovector_pointer_8(r->data);
	size_t number = r->t.numbers[group];

	/* \K, which could put the start behind the end, does not pass the translation. */
	return v[2 * number] == PCRE2_UNSET ? STR_EMPTY
					    : str_slice(line, v[2 * number], v[2 * number + 1]);
}
