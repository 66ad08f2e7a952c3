/*
 * fuzz_mask.c - secrets and texts made of any bytes: lines up to an empty one are secrets, the rest
 * is text.
 *
 * No secret is left in what comes out (those with stars apart, which the replacement itself may
 * form), not even when escape sequences are taken out or the text was cut where masker_cut says.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/ansi.h"
#include "actc/event.h"
#include "actc/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SECRETS = 16 };

static void check(const struct strbuf *out, const struct str *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_chr(secrets[i], '*', 0) == STR_NPOS &&
		    str_find(strbuf_str(out), secrets[i], 0) != STR_NPOS) {
			abort();
		}
	}
}

static bool is_text(struct str s)
{
	return utf8_valid(s) && str_chr(s, 0x1B, 0) == STR_NPOS;
}

/* Through a record, whose text then loses its escape sequences as in a reporter. */
static void through_record(struct masker *m, struct str text, const struct str *secrets, size_t n)
{
	struct arena a = ARENA_INIT;
	struct strbuf record = STRBUF_INIT(0);
	struct strbuf plain = STRBUF_INIT(0);
	struct event e = { .kind = EVENT_STEP_LOG, .t_us = 1 };

	e.u.step_log.line = text;
	event_emit(&record, m, &e);
	if (!event_decode(&a, strbuf_str(&record), &e)) {
		abort();
	}
	ansi_strip(&plain, e.u.step_log.line);
	check(&plain, secrets, n);
	strbuf_release(&record);
	strbuf_release(&plain);
	arena_release(&a);
}

static void in_pieces(struct masker *m, struct str text, const struct str *secrets, size_t n)
{
	size_t cut = masker_cut(m, text);
	struct strbuf out = STRBUF_INIT(0);

	if (cut > text.len) {
		abort();
	}
	masker_apply(m, str_slice(text, 0, cut), &out);
	strbuf_addc(&out, '*');
	masker_apply(m, str_slice(text, cut, text.len), &out);
	check(&out, secrets, n);
	strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_mk((const char *)data, size);
	struct str secrets[MAX_SECRETS];
	size_t n = 0;
	struct masker *m = masker_new();
	struct strbuf out = STRBUF_INIT(0);

	while (rest.p && rest.len && n < MAX_SECRETS) {
		struct str secret = utf8_trim(str_cut(&rest, '\n'));

		if (secret.len == 0) {
			break;
		}
		masker_add_secret(m, secret);
		/* Only what a line of output can hold is looked for. */
		if (is_text(secret)) {
			secrets[n++] = secret;
		}
	}
	rest = rest.p ? rest : STR_EMPTY;
	masker_apply(m, rest, &out);
	check(&out, secrets, n);
	in_pieces(m, rest, secrets, n);
	if (utf8_valid(rest)) {
		through_record(m, rest, secrets, n);
	}
	strbuf_release(&out);
	masker_free(m);
	return 0;
}
