/*
 * status.c - what has changed in the working tree: one call of git, which may be begun before the
 * repository is known, since git finds that itself and takes as long as reading its facts does.
 *
 * What that call finds counts only if it is about the same repository.
 */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "git_run.h"

enum { STATUS_MAX = 1024 * 1024 * 1024 };

struct status_ahead {
	struct child git;
	bool ok;
	struct strbuf out;
};

static const char *const *arguments(struct arena *a, const struct status_call *call)
{
	const char *const args[] = { "-c",
				     "core.fsmonitor=false",
				     "-c",
				     arena_printf(a, "lfs.storage=%.*s", STR_ARG(call->lfs)).p,
				     "status",
				     "--porcelain=v2",
				     "--branch",
				     "--no-ahead-behind",
				     "-z",
				     "--untracked-files=normal",
				     "--ignore-submodules=dirty",
				     "--no-renames",
				     "--",
				     ":/",
				     call->exclusion,
				     NULL };
	const char **kept = arena_array(a, const char *, sizeof(args) / sizeof(*args));

	memcpy(kept, args, sizeof(args));
	return kept;
}

bool status_run(struct arena *a, const struct status_call *call, struct strbuf *out,
		struct err *err)
{
	return git_run(&(struct git_call){ .args = arguments(a, call),
					   .env = call->env,
					   .dir = call->dir,
					   .out = out },
		       err);
}

/* It is read when it is asked for: what does not fit into the pipe waits there. */
struct status_ahead *status_begin(struct str dir)
{
	struct status_ahead *s = calloc(1, sizeof(*s));
	struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;

	BUG_ON(!s);
	s->git = (struct child)CHILD_INIT;
	s->out = (struct strbuf)STRBUF_INIT(STATUS_MAX);

	struct status_call call = { .dir = STR("."),
				    .lfs = arena_printf(&a, "%.*s/lfs", STR_ARG(dir)) };

	(void)git_start(&(struct git_call){ .args = arguments(&a, &call), .dir = call.dir },
			&s->git, &ignored);
	err_release(&ignored);
	arena_release(&a);
	return s;
}

static void read_all(struct status_ahead *s)
{
	char bytes[16384];
	bool fits = true;
	ssize_t n;

	if (s->git.pid <= 0) {
		return;
	}
	do {
		n = read(s->git.out, bytes, sizeof(bytes));
		fits = fits && (n <= 0 || strbuf_add(&s->out, bytes, (size_t)n));
	} while (n > 0 || (n < 0 && errno == EINTR));
	s->ok = child_wait(&s->git, -1) && s->git.status == 0 && fits && n == 0;
	child_end(&s->git);
}

/* The commit that it was compared with is the first thing that git says. */
bool status_of(struct status_ahead *s, struct str head, struct str *records)
{
	struct str first, oid = head.len ? head : STR("(initial)");

	if (!s) {
		return false;
	}
	read_all(s);
	*records = strbuf_str(&s->out);
	first = str_cut(records, '\0');
	return s->ok && str_starts(first, STR("# branch.oid ")) &&
	       str_eq(str_slice(first, sizeof("# branch.oid ") - 1, first.len), oid);
}

void status_end(struct status_ahead *s)
{
	if (s) {
		child_end(&s->git);
		strbuf_release(&s->out);
		free(s);
	}
}
