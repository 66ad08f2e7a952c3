/*
 * script.c - showing a script to another program, and finding what that says in it. Not for what is
 * asked, and of which scripts: rule_shellcheck.c, rule_pyflakes.c.
 */
#include "script.h"

#include "actc/process.h"

enum { OUTPUT_MAX = 8 << 20, TIMEOUT_MS = 60000 };

static const struct tok *default_shell(const struct tok *map)
{
	return check_get(check_get(check_get(map, "defaults"), "run"), "shell");
}

const struct tok *script_shell(struct check *c, const struct step_view *step)
{
	const struct tok *t = check_get(step->map, "shell");

	t = t ? t : default_shell(step->job->map);
	return t ? t : default_shell(c->root);
}

static struct str without_expressions(struct arena *a, struct str text, char filler)
{
	char *copy = arena_cstr(a, text);

	for (size_t open = str_find(text, STR("${{"), 0); open != STR_NPOS;
	     open = str_find(text, STR("${{"), open)) {
		size_t close = str_find(text, STR("}}"), open);
		size_t end = close == STR_NPOS ? text.len : close + 2;

		for (; open < end; open++) {
			copy[open] = copy[open] == '\n' ? '\n' : filler;
		}
	}
	return str_mk(copy, text.len);
}

bool script_ask(struct check *c, const struct tok *run, const char *kind, const char *const *argv,
		char filler, struct str *out)
{
	struct str script = without_expressions(c->a, run->from->text, filler);
	struct strbuf answer = STRBUF_INIT(OUTPUT_MAX);
	struct err err = ERR_INIT;
	int status = 0;
	bool ok = child_capture(&(struct child_spec){ .argv = argv }, &script, &answer, NULL,
				TIMEOUT_MS, &status, &err);

	if (ok) {
		*out = arena_str(c->a, strbuf_str(&answer));
	} else {
		(void)check_warn(c, run->at, kind, "%s cannot be asked: %s", argv[0], err.msg);
		err_release(&err);
	}
	strbuf_release(&answer);
	return ok;
}

size_t script_offset(struct str text, double line, double column)
{
	size_t at = 0;

	for (double l = 1; l < line; l++) {
		size_t end = str_chr(text, '\n', at);

		if (end == STR_NPOS) {
			return text.len;
		}
		at = end + 1;
	}
	for (double k = 1; k < column && at < text.len && text.p[at] != '\n'; k++) {
		at++;
		while (at < text.len && ((unsigned char)text.p[at] & 0xc0) == 0x80) {
			at++;
		}
	}
	return at;
}
