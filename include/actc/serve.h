/*
 * serve.h - the services that actions expect of GitHub at run time (SEMANTICS 7): artifacts,
 * caches, identity tokens. One process, which is started at the first connection to its socket.
 *
 * Nothing outside of the run reaches it: jobs come through their channel, with a token of the run.
 */
#ifndef ACTC_SERVE_H
#define ACTC_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"
#include "actc/value.h"

struct serve_spec {
	struct str run_dir;    /* artifacts are kept below it */
	struct str tmp;        /* on the same file system, and removed with the run */
	struct str state;      /* holds the key that identity tokens are signed with */
	struct str cache_dir;  /* of the repository's caches */
	uint64_t cache_limit;  /* bytes that they may have together */
	struct str key;        /* the run's secret: tokens are signed with it */
	struct str run_id;     /* github.run_id */
	struct str repository; /* owner/name */
};

/* The claims of a job's token that the services look at. */
#define SERVE_CLAIM_SCOPE  "scp"  /* "Actions.Results:RUN:JOB", among others */
#define SERVE_CLAIM_JOB    "job"  /* path of the job instance, for people */
#define SERVE_CLAIM_CACHES "ac"   /* JSON text: [{"Scope":"refs/heads/main","Permission":3}] */
#define SERVE_CLAIM_OIDC   "oidc" /* what its identity tokens say; absent = it gets none */

enum { CACHE_READ = 1, CACHE_WRITE = 2 };

/* The process: serves connections of listen_fd until `control` is at its end. Lines for people go
 * to log_fd. Returns the exit status. */
int serve_main(const struct serve_spec *spec, int listen_fd, int control, int log_fd);

#endif
