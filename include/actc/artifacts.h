/*
 * artifacts.h - the artifacts that a run kept: RUN/artifacts holds ID.json, what is known of one,
 * and ID, its bytes.
 */
#ifndef ACTC_ARTIFACTS_H
#define ACTC_ARTIFACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct artifact {
	uint64_t id;
	struct str name;
	struct str type;   /* "application/zip", or that of a single file */
	struct str digest; /* "sha256:…" as its client computed it; or empty */
	uint64_t size;
	int64_t created_ms, expires_ms; /* since the epoch; expires 0 = with the run */
	struct str job;                 /* path of the job instance */
	struct str run_id;              /* github.run_id: each workflow is a run of its own */
	struct str run_backend, job_backend;
};

/* The file of its bytes. */
struct str artifact_file(struct arena *a, struct str run_dir, uint64_t id);
/* Those of a run that have not expired, oldest first; a run without any has none. */
bool artifacts_read(struct arena *a, struct str run_dir, struct artifact **out, size_t *n,
		    struct err *err);
/* Whether it can be one: no path, no character that some file system refuses. */
bool artifact_name_ok(struct str name);
bool artifact_write(const struct artifact *artifact, struct str run_dir, struct err *err);
void artifact_remove(struct str run_dir, uint64_t id);

#endif
