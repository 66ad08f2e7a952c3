/*
 * payload.h - event payloads, dispatch inputs, and the small files that feed a run.
 */
#ifndef ACTC_PAYLOAD_H
#define ACTC_PAYLOAD_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/repo.h"
#include "actc/str.h"
#include "actc/value.h"
#include "actc/workflow.h"

/* A name and a value from -s, --var, --env, --input or a file of them. */
struct setting {
	struct str name;
	struct str value;
	bool given; /* false: only the name was given, the value comes from the environment */
};

struct settings {
	size_t n;
	size_t cap;
	struct setting *v;
};

/* Later entries win; names are compared without case when nocase. */
void settings_set(struct arena *a, struct settings *s, struct str name, struct str value,
		  bool nocase);
const struct setting *settings_get(const struct settings *s, struct str name, bool nocase);
/* dotenv (quotes, export, comments, multi-line double quotes), or a flat YAML mapping for
 * .yml/.yaml. A missing file is ERR_NOT_FOUND; a malformed one ERR_INVALID with path:line. */
bool settings_read(struct arena *a, const char *path, struct settings *out, struct err *err);

/* Everything of the github context that the event decides (SEMANTICS 1.4 "Ref/SHA per event"). */
struct event_facts {
	struct str event_name;
	struct value payload;
	struct str ref, sha, ref_name, ref_type, head_ref, base_ref;
	struct str actor, repository, owner, server_url;
	struct str actor_id, repository_id, owner_id; /* those of the payload */
	struct str run_id, run_number, run_attempt;
};

struct event_request {
	struct str event;
	struct str actor;          /* "" = from the repository's user, else "octocat" */
	struct value user_payload; /* -e FILE; null = none */
	const struct settings *inputs;
	struct str before; /* the commit before a push; "" = the upstream's, else the parent */
};

/* The default payload of that event for this repository, merged with the user's. */
bool event_facts(struct arena *a, const struct event_request *request,
		 const struct repo_facts *repo, const struct snapshot *snapshot,
		 struct event_facts *out, struct err *err);

/*
 * workflow_dispatch inputs against their definitions: defaults filled in, types converted, required
 * and choice checked. *inputs is typed (the `inputs` context); *strings has every value as text
 * (for github.event.inputs). The error names the input.
 */
bool dispatch_inputs(struct arena *a, const struct event_filter *dispatch,
		     const struct settings *given, struct value user_payload,
		     struct vobject **inputs, struct vobject **strings, struct err *err);

#endif
