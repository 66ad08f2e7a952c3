/*
 * hints.c - what was probably meant: a near word, the kinds of values that a place takes. Hints are
 * for people; GitHub gives none.
 */
#include "hints.h"

#include <limits.h>

#include "actc/strbuf.h"
#include "reader.h"

void hint_nearest(struct diags *diags, struct diag *d, struct str word, const struct str *list,
		  size_t n)
{
	struct str near = diag_nearest(word, list, n);

	if (near.len > 0 && word.len > 0) {
		d->hint = arena_printf(diags->arena, "did you mean '%.*s'?", STR_ARG(near));
	}
}

enum { FEW_WORDS = 6 };

/* All words that the strings among the definitions allow. */
static size_t collect_words(const struct schema *schema, struct str *words)
{
	const struct schema *strings[SCHEMA_MAX_MAPPINGS];
	size_t n = schema_pick(schema, SCHEMA_STRING, strings, SCHEMA_MAX_MAPPINGS), nwords = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; strings[i]->words && strings[i]->words[k]; k++) {
			if (nwords < MAX_WORDS) {
				words[nwords++] = str_of(strings[i]->words[k]);
			}
		}
	}
	return nwords;
}

static const struct {
	enum schema_kind kind;
	const char *what;
} shapes[] = {
	{ SCHEMA_BOOLEAN, "true or false" },
	{ SCHEMA_NUMBER, "a number" },
	{ SCHEMA_SEQUENCE, "a sequence" },
	{ SCHEMA_MAPPING, "a mapping" },
};

enum { NSHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* "expected true or false", "expected read, write or none": where the list stays short. */
static void hint_expected(struct diags *diags, struct diag *d, const struct schema *schema,
			  const struct str *words, size_t nwords)
{
	struct str parts[FEW_WORDS + NSHAPES];
	const struct schema *found;
	struct strbuf text = STRBUF_INIT(0);
	size_t n = 0;

	for (; nwords <= FEW_WORDS && n < nwords; n++) {
		parts[n] = words[n];
	}
	for (size_t i = 0; i < NSHAPES; i++) {
		if (schema_pick(schema, shapes[i].kind, &found, 1) > 0) {
			parts[n++] = str_of(shapes[i].what);
		}
	}
	for (size_t i = 0; i < n; i++) {
		(void)strbuf_addf(&text, "%s%.*s",
				  i == 0       ? ""
				  : i == n - 1 ? " or "
					       : ", ",
				  STR_ARG(parts[i]));
	}
	if (n > 0) {
		d->hint = arena_printf(diags->arena, "expected %s", text.p);
	}
	strbuf_release(&text);
}

void hint_value(struct diags *diags, struct diag *d, struct str value, const struct schema *schema)
{
	struct str words[MAX_WORDS];
	size_t nwords = collect_words(schema, words);
	const struct schema *strings;

	hint_nearest(diags, d, value, words, nwords);
	if (d->hint.len == 0 && value.len == 0 && schema_pick(schema, SCHEMA_STRING, &strings, 1)) {
		d->hint = STR("must not be empty");
	} else if (d->hint.len == 0) {
		hint_expected(diags, d, schema, words, nwords);
	}
}

/* Those that are there everywhere. */
static const struct str known_functions[] = {
	STR_INIT("case"),     STR_INIT("contains"), STR_INIT("endsWith"),   STR_INIT("format"),
	STR_INIT("fromJSON"), STR_INIT("join"),     STR_INIT("startsWith"), STR_INIT("toJSON"),
};

enum { NKNOWN = sizeof(known_functions) / sizeof(known_functions[0]) };

/* "Unrecognized named-value: 'githb'. …": the context or function that was meant. */
void hint_name(struct diags *diags, struct diag *d, struct str msg)
{
	bool named = str_starts(msg, STR("Unrecognized named-value: '"));
	const struct expr_scope *scope = schema_scope(diags->arena, UINT_MAX);
	struct str rest = msg, names[MAX_WORDS];
	struct str word, near;
	size_t n = 0;

	if (!named && !str_starts(msg, STR("Unrecognized function: '"))) {
		return;
	}
	(void)str_cut(&rest, '\'');
	word = str_cut(&rest, '\'');
	for (size_t i = 0; named && i < scope->nnames; i++) {
		names[n++] = scope->names[i];
	}
	for (size_t i = 0; !named && i < scope->nfunctions; i++) {
		names[n++] = scope->functions[i].name;
	}
	for (size_t i = 0; !named && i < NKNOWN; i++) {
		names[n++] = known_functions[i];
	}
	near = diag_nearest(word, names, n);
	if (near.len && !str_ieq(near, word)) {
		d->hint = arena_printf(diags->arena, "did you mean '%.*s'?", STR_ARG(near));
	}
}
