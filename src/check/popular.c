/*
 * popular.c - facts about actions that many workflows use, so that nothing has to be fetched to
 * know their inputs and outputs.
 */
#include "popular.h"

#include <stdlib.h>

#include "check.h"

#define ACTION(uses, flags, inputs, outputs) \
	{ STR_INIT(uses), flags, STR_INIT(inputs), STR_INIT(outputs) },

static const struct popular table[] = {
#include "popular.def"
};

#undef ACTION

static int compare(struct str x, struct str y)
{
	size_t n = x.len < y.len ? x.len : y.len;

	for (size_t i = 0; i < n; i++) {
		int a = x.p[i] >= 'A' && x.p[i] <= 'Z' ? x.p[i] - 'A' + 'a' : x.p[i];
		int b = y.p[i] >= 'A' && y.p[i] <= 'Z' ? y.p[i] - 'A' + 'a' : y.p[i];

		if (a != b) {
			return a < b ? -1 : 1;
		}
	}
	return x.len == y.len ? 0 : x.len < y.len ? -1 : 1;
}

static int by_uses(const void *key, const void *row)
{
	return compare(*(const struct str *)key, ((const struct popular *)row)->uses);
}

static size_t count_words(struct str s)
{
	size_t n = s.len > 0;

	for (size_t i = 0; i < s.len; i++) {
		n += s.p[i] == ' ';
	}
	return n;
}

static void read_inputs(struct arena *a, const struct popular *row, struct action_facts *facts)
{
	struct known_input *v = arena_array(a, struct known_input, count_words(row->inputs));
	struct str rest = row->inputs;

	while (rest.p && rest.len) {
		struct str word = str_cut(&rest, ' ');
		bool marked = word.p[0] == '!' || word.p[0] == '~';

		v[facts->ninputs++] =
			(struct known_input){ .name = str_slice(word, marked, word.len),
					      .required = word.p[0] == '!',
					      .deprecated = word.p[0] == '~' };
	}
	facts->inputs = v;
}

static void read_outputs(struct arena *a, const struct popular *row, struct action_facts *facts)
{
	struct str *v = arena_array(a, struct str, count_words(row->outputs));
	struct str rest = row->outputs;

	while (rest.p && rest.len) {
		v[facts->noutputs++] = str_cut(&rest, ' ');
	}
	facts->outputs = v;
}

const struct action_facts *popular_find(struct arena *a, struct str uses)
{
	const struct popular *row =
		bsearch(&uses, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), by_uses);
	struct action_facts *facts;

	if (!row) {
		return NULL;
	}
	facts = arena_new(a, struct action_facts);
	facts->name = row->uses;
	facts->outdated = row->flags & POPULAR_OLD;
	facts->composite = row->flags & POPULAR_COMPOSITE;
	facts->docker = row->flags & POPULAR_DOCKER;
	facts->any_inputs = row->flags & POPULAR_ANY_INPUTS;
	read_inputs(a, row, facts);
	read_outputs(a, row, facts);
	return facts;
}
