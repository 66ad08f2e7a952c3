/*
 * fake.h - the inside of the fake engine: a process that speaks the agent's protocol, keeps files
 * in memory and "runs" scripts of a tiny language, for tests of everything above the channel.
 */
#ifndef ACTC_ENGINE_FAKE_H
#define ACTC_ENGINE_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/strbuf.h"

struct fake_file {
	struct fake_file *next;
	char *path;
	struct strbuf content;
	unsigned mode;
};

struct fake_files {
	struct fake_file *first;
};

/* NULL when there is none of that name. */
struct fake_file *fake_file_find(struct fake_files *files, struct str path);
/* The same, made when it is missing. */
struct fake_file *fake_file_make(struct fake_files *files, struct str path, unsigned mode);
/* The file, and everything below the path. */
void fake_file_remove(struct fake_files *files, struct str path);

/* A script that runs. */
struct fake_script {
	struct arena a;  /* owns text and environment */
	struct str rest; /* lines not yet run; .p == NULL at the end */
	const struct str *env;
	size_t nenv;
	bool ignores; /* SIGINT and SIGTERM, after `trap` */
	bool lost;    /* it said `lose` */
	bool ended;
	int code, signal;
	long long wake;    /* now_ms() until which it sleeps; 0 = it does not */
	struct strbuf out; /* not yet taken by whoever reads it */
};

/* Finds what argv runs: the last argument that names a file, or what follows -c. */
struct str fake_script_text(struct fake_files *files, const struct str *argv, size_t nargv);
/* Runs lines until it sleeps, ends, loses the connection, or has much output waiting. */
void fake_script_run(struct fake_script *s, struct fake_files *files);
void fake_script_signal(struct fake_script *s, int signo);

/* Serves one connection until its end. In a process of its own. */
_Noreturn void fake_agent(int fd);

#endif
