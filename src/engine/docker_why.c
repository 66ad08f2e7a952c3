/*
 * docker_why.c - why a container is gone: with --rm nothing is left to inspect, so it is the
 * daemon's events that tell, and what `docker run` said.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "docker_machine.h"

enum {
	STDERR_TAIL = 16384,
	EVENTS_MS = 10000,    /* a busy machine's answer is better than none */
	EVENTS_SLACK_S = 600, /* the daemon's clock may differ from ours */
};

struct str docker_stderr(struct arena *a, const struct docker_machine *m)
{
	char *text = arena_alloc(a, STDERR_TAIL);
	off_t end = lseek(m->stderr_fd, 0, SEEK_END);
	ssize_t n =
		pread(m->stderr_fd, text, STDERR_TAIL, end > STDERR_TAIL ? end - STDERR_TAIL : 0);

	return str_mk(text, n > 0 ? (size_t)n : 0);
}

static bool events(struct arena *a, const struct docker_machine *m, struct str *out,
		   struct err *err)
{
	struct strbuf text = STRBUF_INIT(65536);
	struct timespec now;
	struct docker_args args;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	docker_args_init(&args, a, m->program, "events");
	docker_argf(&args, "--since=%lld", (long long)m->started.tv_sec - EVENTS_SLACK_S);
	docker_argf(&args, "--until=%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
	docker_argf(&args, "--filter=container=%s", m->name);
	docker_arg(&args, "--format={{.Action}} {{index .Actor.Attributes \"signal\"}}"
			  "{{index .Actor.Attributes \"exitCode\"}}");

	bool ok = docker_call(&args, NULL, &text, EVENTS_MS, err);

	*out = arena_str(a, strbuf_str(&text));
	strbuf_release(&text);
	/* Where its clock is behind ours docker waits for our now: what came is the answer. */
	if (!ok && err->sys == ETIMEDOUT && out->len) {
		err_release(err);
		ok = true;
	}
	return ok;
}

static struct str explain(struct arena *a, const struct docker_machine *m, struct str log)
{
	struct str killed = STR_EMPTY, exit = STR_EMPTY;
	bool oom = false;

	while (log.p) {
		struct str rest = str_trim(str_cut(&log, '\n'));
		struct str action = str_cut(&rest, ' ');
		struct str value = rest.p ? rest : STR_EMPTY;

		oom = oom || str_eq(action, STR("oom"));
		killed = str_eq(action, STR("kill")) ? value : killed;
		exit = str_eq(action, STR("die")) ? value : exit;
	}
	if (oom) {
		return STR("the container was killed: it ran out of memory (OOM)");
	}
	if (killed.len) {
		return arena_printf(a, "the container was killed from outside (signal %.*s)",
				    STR_ARG(killed));
	}
	if (exit.len) {
		struct str words = docker_words(docker_stderr(a, m));

		return arena_printf(a, "the agent in the container ended (exit status %.*s)%s%.*s",
				    STR_ARG(exit), words.len ? ": " : "", STR_ARG(words));
	}
	return STR_EMPTY;
}

struct str docker_why_lost(struct arena *a, struct machine *base)
{
	struct docker_machine *m = (struct docker_machine *)base;
	struct str log = STR_EMPTY, why = STR_EMPTY;
	struct err err = ERR_INIT;
	/* The events are complete once `docker run` has ended. */
	bool ended = child_wait(&m->child, EVENTS_MS);

	if (m->program->events && !events(a, m, &log, &err)) {
		why = arena_printf(a, "the docker daemon does not answer any more (%s)", err.msg);
	} else {
		why = explain(a, m, log);
	}
	if (why.len == 0 && ended) {
		why = arena_printf(a, "the connection to the container ended (%s run: %d)",
				   m->program->name, m->child.status);
	} else if (why.len == 0) {
		why = STR("the agent in the container does not answer any more");
	}
	err_release(&err);
	return why;
}
