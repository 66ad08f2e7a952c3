/* ids.c - the rules for ids of jobs and steps, and the ids of steps that have none (SEMANTICS 1.2).
 */
#include <stdio.h>

#include "build.h"

enum { ID_MAX = 100 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_legal(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static bool well_formed(struct str id)
{
	if (id.len == 0 || id.len >= ID_MAX || !is_letter(id.p[0])) {
		return false;
	}
	for (size_t i = 1; i < id.len; i++) {
		if (!is_legal(id.p[i])) {
			return false;
		}
	}
	return true;
}

bool ids_add(struct build *b, struct ids *ids, struct spanned id)
{
	bool fresh = true;

	/* "and and": GitHub's own spelling. */
	if (!well_formed(id.s)) {
		(void)diag_error(b->diags, id.at, "id",
				 "The identifier '%.*s' is invalid. IDs may only contain "
				 "alphanumeric characters, '_', and '-'. IDs must start with a "
				 "letter or '_' and and must be less than 100 characters.",
				 STR_ARG(diag_quote(id.s)));
		return false;
	}
	if (str_starts(id.s, STR("__"))) {
		(void)diag_error(b->diags, id.at, "id",
				 "The identifier '%.*s' is invalid. IDs starting with '__' are "
				 "reserved.",
				 STR_ARG(diag_quote(id.s)));
		return false;
	}
	(void)strmap_slot(b->a, &ids->taken, id.s, &fresh);
	if (!fresh) {
		(void)diag_error(b->diags, id.at, "id",
				 "The identifier '%.*s' may not be used more than once within the "
				 "same scope.",
				 STR_ARG(diag_quote(id.s)));
	}
	return fresh;
}

/* An illegal character becomes one '_', however many bytes it has. */
static size_t legalise(struct str from, char *base, size_t len)
{
	for (size_t i = 0; i < from.len && len < ID_MAX; i++) {
		if (((unsigned char)from.p[i] & 0xc0) != 0x80) {
			base[len++] = is_legal(from.p[i]) ? from.p[i] : '_';
		}
	}
	return len;
}

/* The slot's value remembers the last number tried, so that many steps stay cheap. */
struct str ids_generate(struct build *b, struct ids *ids, struct str from)
{
	char base[ID_MAX] = "__";
	size_t len = legalise(from, base, 2);
	struct str first = arena_str(b->a, str_mk(base, len)), id = first;
	bool fresh = true;
	size_t attempt = *strmap_slot(b->a, &ids->taken, first, &fresh);

	attempt = attempt ? attempt : 1;
	while (!fresh) {
		char suffix[24];
		size_t n = (size_t)snprintf(suffix, sizeof(suffix), "_%zu", ++attempt);
		size_t keep = len + n > ID_MAX ? ID_MAX - n : len;

		id = arena_printf(b->a, "%.*s%s", (int)keep, base, suffix);
		(void)strmap_slot(b->a, &ids->taken, id, &fresh);
	}
	*strmap_slot(b->a, &ids->taken, first, NULL) = attempt;
	return id;
}
