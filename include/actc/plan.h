/*
 * plan.h - from what was asked for to what is to run: workflow files, event, jobs, and the images
 * of labels. Expanding a job into legs is matrix.h; when a job runs is decided while the run goes
 * on.
 */
#ifndef ACTC_PLAN_H
#define ACTC_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/err.h"
#include "actc/str.h"
#include "actc/value.h"
#include "actc/workflow.h"

/* One file that was found: `workflow` is NULL when it is invalid; its diagnostics are in diags. */
struct workflow_file {
	uint32_t file;   /* in sources */
	struct str path; /* as shown: relative to the current directory where it is below it */
	const struct workflow *workflow;
	const struct workflow *read; /* the same, also when it has errors: workflow_read() */
	bool named;                  /* by -W itself, not found in a directory */
	bool readable; /* its text is there; whether that is a workflow is another question */
};

struct workflow_files {
	size_t n;
	const struct workflow_file *v; /* in the order of -W, within a directory by name */
	struct str where;              /* for messages: ".github/workflows", or what -W says */
};

/* Reads *.yml and *.yaml of each path (a file or a directory, not recursive; no path:
 * .github/workflows). Invalid files are in the result and in diags. False: a path is not there or
 * there is no workflow at all (ERR_NOTHING). A file that cannot be read is an invalid one. */
bool workflow_files_load(struct arena *a, const struct str *paths, size_t n, struct diags *diags,
			 struct workflow_files *out, struct err *err);

/* The same files, none of them read yet; and one of them read. */
bool workflow_files_find(struct arena *a, const struct str *paths, size_t n,
			 struct workflow_files *out, struct err *err);
void workflow_file_read(struct arena *a, struct workflow_file *f, struct diags *diags);

struct selection_request {
	struct str event; /* empty = the only event of the files, else push */
	const struct str *jobs;
	size_t njobs;
};

/* A workflow of which at least one job was asked for. */
struct selected {
	const struct workflow *workflow;
	const bool *jobs; /* parallel to workflow->jobs */
	size_t njobs;     /* how many of them are true */
};

struct selection {
	struct str event;
	size_t n;
	const struct selected *v;
	size_t nnotes;
	const struct str *notes; /* lines for people: files that are left out, … */
};

/*
 * The workflows that listen to the event, or those that have the jobs asked for, with the jobs
 * these need (then whatever their events). ERR_INVALID: a file that was selected, by -W or by the
 * event, is invalid. ERR_NOTHING: nothing matches; the message says what there is.
 */
bool plan_select(struct arena *a, const struct workflow_files *files, const struct sources *sources,
		 const struct selection_request *request, struct selection *out, struct err *err);

/*
 * Takes jobs out of the selection: those that have an environment, those that read a secret that
 * is not among `secrets` (their names are compared without case), and those that need one of
 * these. Called workflows count for the job that calls them. A note names each. ERR_NOTHING when
 * no job is left.
 */
struct calls;
struct settings;
bool plan_leave_out(struct arena *a, struct selection *s, const struct calls *calls,
		    const struct settings *secrets, struct err *err);

/* LABEL=IMAGE from the command line or the configuration; the image "-self-hosted" is this
 * machine. The last one of a label counts. */
struct label_image {
	struct str label;
	struct str image;
};

struct label_images {
	size_t n;
	size_t cap;
	struct label_image *v;
};

enum label_served { LABEL_IMAGE, LABEL_HOST, LABEL_NOT_SERVED };

struct label_match {
	enum label_served how;
	struct str label;        /* the one that decided; not served: all of them, as text */
	struct str image;        /* LABEL_IMAGE */
	struct str reason, hint; /* LABEL_NOT_SERVED: "no image serves windows-latest", … */
};

/* The first of the labels that is known, in `given`, then `config` (either may be NULL), then the
 * built-in table, decides. `runs_on` is the evaluated key: text, a list, or group and labels. False
 * with a text in *why when it is none of these or names no label at all. */
bool labels_resolve(struct arena *a, struct value runs_on, const struct label_images *given,
		    const struct label_images *config, struct label_match *out, struct str *why);
/* Whether these labels ask for any machine with Linux: ubuntu-*, or self-hosted with linux. */
bool labels_mean_linux(struct arena *a, struct value runs_on);
/* The built-in labels and their images, for `doctor`. */
extern const struct label_image builtin_images[];
extern const size_t nbuiltin_images;

#endif
