/*
 * partial.c - snapshots of partial clones.
 *
 * Such a repository has what its user looked at, and git fetches the rest from the remote when it
 * is wanted. A job wants a whole tree, so git must be able to do so for the snapshot too, and
 * there: the user's repository is not written. Only settings that say how the remote is reached go
 * along.
 */
#include "partial.h"

#include <unistd.h>

#include "actc/file.h"
#include "git_run.h"

enum { CONFIG_MAX = 16 * 1024 * 1024 };

#define NOTE "act-c-partial"

static bool is_partial(struct arena *a, struct str common_dir)
{
	struct strbuf text = STRBUF_INIT(CONFIG_MAX);
	struct err ignored = ERR_INIT;
	bool found = false;

	if (read_file(arena_printf(a, "%.*s/config", STR_ARG(common_dir)).p, &text, &ignored)) {
		for (struct str rest = strbuf_str(&text); rest.len > 0 && !found;) {
			struct str line = str_trim(str_cut(&rest, '\n'));

			found = str_starts(line, STR("promisor")) ||
				str_starts(line, STR("partialclone"));
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	return found;
}

static void add_quoted(struct strbuf *out, struct str s)
{
	(void)strbuf_addc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n') {
			(void)strbuf_adds(out, STR("\\n"));
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\') {
			(void)strbuf_addc(out, '\\');
		}
		(void)strbuf_addc(out, s.p[i]);
	}
	(void)strbuf_addc(out, '"');
}

/* "remote.origin.url" and its value as a section of their own. */
static void add_setting(struct arena *a, struct strbuf *out, struct str key, struct str value,
			struct str work_tree)
{
	struct str section = str_cut(&key, '.'), name = key, middle = STR_EMPTY;

	for (size_t i = key.len; i > 0 && name.len == key.len; i--) {
		if (key.p[i - 1] == '.') {
			middle = str_slice(key, 0, i - 1);
			name = str_slice(key, i, key.len);
		}
	}
	(void)strbuf_addf(out, "[%.*s ", STR_ARG(section));
	if (name.len < key.len) {
		add_quoted(out, middle);
	}
	(void)strbuf_addf(out, "]\n\t%.*s = ", STR_ARG(name));
	/* It counts from the user's working tree. */
	if (str_eq(section, STR("remote")) && str_eq(name, STR("url")) &&
	    (str_starts(value, STR("./")) || str_starts(value, STR("../")))) {
		value = arena_printf(a, "%.*s/%.*s", STR_ARG(work_tree), STR_ARG(value));
	}
	add_quoted(out, value);
	(void)strbuf_addc(out, '\n');
}

bool partial_note(struct arena *a, struct str common_dir, struct str work_tree,
		  const char *snapshot, struct err *err)
{
	static const char *const args[] = {
		"config",
		"-z",
		"--local",
		"--includes",
		"--get-regexp",
		"^(remote|url|http|https|credential|protocol|ssh|core\\.sshcommand|core\\.askpass)",
		NULL
	};

	if (!is_partial(a, common_dir)) {
		return true;
	}

	const char *const env[] = { arena_printf(a, "GIT_DIR=%.*s", STR_ARG(common_dir)).p, NULL };
	struct strbuf out = STRBUF_INIT(CONFIG_MAX), text = STRBUF_INIT(0);
	struct git_call call = { .args = args, .env = env, .dir = work_tree, .out = &out };
	bool ok = git_run(&call, err);

	for (struct str rest = strbuf_str(&out); ok && rest.len > 0;) {
		struct str value = str_cut(&rest, '\0'), key = str_cut(&value, '\n');

		add_setting(a, &text, key, value.p ? value : STR("true"), work_tree);
	}
	ok = ok &&
	     write_file(arena_printf(a, "%s/" NOTE, snapshot).p, strbuf_str(&text), 0600, err);
	strbuf_release(&out);
	strbuf_release(&text);
	return ok;
}

const char *partial_config(struct arena *a, struct str snapshot)
{
	const char *path = arena_printf(a, "%.*s/" NOTE, STR_ARG(snapshot)).p;

	return access(path, F_OK) == 0 ? path : NULL;
}
