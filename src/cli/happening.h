/* happening.h - what is rehearsed: the repository, the commit, the event, and which of the selected
 * workflows its filters let start. `run` and `plan` begin alike. */
#ifndef ACTC_CLI_HAPPENING_H
#define ACTC_CLI_HAPPENING_H

#include "actc/filter.h"
#include "actc/run.h"
#include "cli.h"

struct happening {
	struct repo_facts repo;
	struct snapshot snapshot;
	struct event_facts event;
	struct value user_payload; /* of -e, with what --base says */
	bool has_changes;          /* `changes` was looked for */
	struct changed_files changes;
};

/* The snapshot is made below `dir`. An action that the user did not give is one that some selected
 * workflow takes, the event's usual one before others. */
bool happening_read(struct options *o, const struct settings *inputs,
		    const struct selection *selection, struct str dir, struct happening *out,
		    struct err *err);

/* The same of a push, of a repository and a snapshot that are there already. */
bool happening_push(struct options *o, const struct settings *inputs, struct happening *h,
		    struct err *err);

/* One verdict for each selected workflow; jobs that were named and --no-filters let all of them
 * run. False: a pattern is invalid (reported), or --base or --changed-files is wrong. */
bool happening_filter(struct options *o, const struct selection *selection, struct diags *diags,
		      struct happening *h, struct filter_verdict **out, struct err *err);

/* Looks for the changed files of a push or a pull request, whether a filter asks or not. */
bool happening_changes(struct options *o, struct happening *h, struct err *err);

/* Leaves out what the filters exclude, with a note for each. False with the reasons when a file
 * that was named by -W is excluded, or all are. */
bool happening_apply(struct options *o, const struct sources *sources,
		     const struct workflow_files *files, const struct filter_verdict *verdicts,
		     struct selection *selection, struct err *err);

/* Fills in `inputs` and `payload`: the typed dispatch inputs of that workflow, and the payload with
 * them as text. */
bool happening_inputs(struct arena *a, const struct settings *inputs, const struct happening *h,
		      struct run_workflow *w, struct err *err);

/* There is always a token; one that was not given says by itself that it opens nothing. */
void happening_token(struct arena *a, struct settings *secrets);

/* "ci.yml:3:5: not started by this push: …" */
struct str happening_reason(struct arena *a, const struct sources *sources,
			    const struct workflow *w, struct str event,
			    const struct filter_verdict *v);

#endif
