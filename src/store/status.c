/*
 * status.c - what has changed in the working tree: one call of git, which may be begun before the
 * repository is known, since git finds that itself and takes as long as reading its facts does.
 *
 * That call runs in a thread, with an arena of its own; nothing else is shared with it until it has
 * been joined. What it finds counts only if it is about the same repository.
 */
#include "status.h"

#include <pthread.h>
#include <stdlib.h>

#include "git_run.h"

enum { STATUS_MAX = 1024 * 1024 * 1024 };

struct status_ahead {
	struct arena arena;
	struct str lfs;
	pthread_t thread;
	bool threaded, ok;
	struct strbuf out;
};

bool status_run(struct arena *a, const struct status_call *call, struct strbuf *out,
		struct err *err)
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

	return git_run(
		&(struct git_call){ .args = args, .env = call->env, .dir = call->dir, .out = out },
		err);
}

static void *run_in_thread(void *ctx)
{
	struct status_ahead *s = ctx;
	struct err ignored = ERR_INIT;

	s->ok = status_run(&s->arena, &(struct status_call){ .dir = STR("."), .lfs = s->lfs },
			   &s->out, &ignored);
	err_release(&ignored);
	return NULL;
}

struct status_ahead *status_begin(struct str dir)
{
	struct status_ahead *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	s->out = (struct strbuf)STRBUF_INIT(STATUS_MAX);
	s->lfs = arena_printf(&s->arena, "%.*s/lfs", STR_ARG(dir));
	s->threaded = pthread_create(&s->thread, NULL, run_in_thread, s) == 0;
	return s;
}

static void join(struct status_ahead *s)
{
	if (s->threaded) {
		(void)pthread_join(s->thread, NULL);
		s->threaded = false;
	}
}

/* The commit that it was compared with is the first thing that git says. */
bool status_of(struct status_ahead *s, struct str head, struct str *records)
{
	struct str first, oid = head.len ? head : STR("(initial)");

	if (!s) {
		return false;
	}
	join(s);
	*records = strbuf_str(&s->out);
	first = str_cut(records, '\0');
	return s->ok && str_starts(first, STR("# branch.oid ")) &&
	       str_eq(str_slice(first, sizeof("# branch.oid ") - 1, first.len), oid);
}

void status_end(struct status_ahead *s)
{
	if (s) {
		join(s);
		strbuf_release(&s->out);
		arena_release(&s->arena);
		free(s);
	}
}
