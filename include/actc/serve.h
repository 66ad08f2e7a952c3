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

/* A host of the outside that is answered for, so that a rehearsal deploys nothing. */
enum stand_in_kind { STAND_IN_STATUS, STAND_IN_DIR, STAND_IN_URL };

struct stand_in {
	struct str host;
	enum stand_in_kind kind;
	unsigned status;
	struct str target; /* the directory, absolute, or the URL */
};

/* What the jobs of the run trust, and what stand-ins show them. */
struct stand_in_identity {
	struct str ca, certificate, key; /* PEM */
};

/* "HOST=200", "HOST=DIR", "HOST=http://…". ERR_USAGE, or the directory is not there. */
bool stand_in_parse(struct arena *a, struct str text, struct stand_in *out, struct err *err);
bool stand_ins_identity(struct arena *a, const struct stand_in *v, size_t n,
			struct stand_in_identity *out, struct err *err);

struct masker;
struct snapshot;

/* What the REST API answers from here. */
struct rest_facts {
	struct str token;                /* GITHUB_TOKEN of the run */
	bool token_is_real;              /* so that GitHub may be asked with it */
	struct str api_url;              /* of GitHub; what is not answered here is passed on */
	bool closed;                     /* --egress none: nothing is */
	struct str server_url;           /* https://github.com */
	const struct snapshot *snapshot; /* has the commit of the run, and the user's; or NULL */
	struct str sha, ref, default_branch, event_name, run_number, actor;
	size_t nworkflows; /* each is a run, with the ids from run_id on */
	const struct str *workflows;
	struct value pull_request; /* of the event's payload; or null */
};

struct serve_spec {
	struct str run_dir;    /* artifacts are kept below it */
	struct str tmp;        /* on the same file system, and removed with the run */
	struct str state;      /* holds the key that identity tokens are signed with */
	struct str cache_dir;  /* of the repository's caches */
	uint64_t cache_limit;  /* bytes that they may have together */
	struct str key;        /* the run's secret: tokens are signed with it */
	struct str run_id;     /* github.run_id of the first workflow */
	struct str repository; /* owner/name */
	size_t nstand_ins;
	const struct stand_in *stand_ins;
	struct stand_in_identity identity;
	struct rest_facts rest;
	struct masker *masker; /* for what stand-ins keep of what was sent, and for the log */
};

struct serve_fds {
	int services;   /* listening sockets; -1 = none */
	int plain, tls; /* of the stand-ins */
	int control;    /* at its end: so is the process */
	int log;        /* lines for people; those that begin with "error: " or "note: " for all */
	int masks;      /* a file to which jobs append what is masked from then on; -1 = none */
};

/* Appends to that file: what a step said is a secret (masker_add_mask). */
bool serve_masks_add(int masks, struct str value);

/* The claims of a job's token that the services look at. */
#define SERVE_CLAIM_SCOPE  "scp"  /* "Actions.Results:RUN:JOB", among others */
#define SERVE_CLAIM_RUN    "run"  /* github.run_id */
#define SERVE_CLAIM_JOB    "job"  /* path of the job instance, for people */
#define SERVE_CLAIM_CACHES "ac"   /* JSON text: [{"Scope":"refs/heads/main","Permission":3}] */
#define SERVE_CLAIM_OIDC   "oidc" /* what its identity tokens say; absent = it gets none */

enum { CACHE_READ = 1, CACHE_WRITE = 2 };

/* The process; returns the exit status. */
int serve_main(const struct serve_spec *spec, const struct serve_fds *fds);

#endif
