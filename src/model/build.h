/* build.h - from checked tokens to the const model: what the files of this directory share. */
#ifndef ACTC_MODEL_BUILD_H
#define ACTC_MODEL_BUILD_H

#include "actc/strmap.h"
#include "actc/workflow.h"
#include "reader.h"
#include "schema.h"

struct build {
	struct arena *a;
	struct diags *diags;
	struct memo conditions;
	bool staged; /* as GitHub: what is wrong earlier hides what is wrong later */
	const struct schema *step_if; /* conditions of steps */
};

/* A value that can be looked into: there, and without a reported error. */
static inline bool tok_good(const struct tok *t)
{
	return t && !t->bad;
}

/* --- build_fields.c: values that workflow and jobs have in common --- */

/* Where in a struct a key's token goes: { "env", offsetof(struct job_def, env) }. */
struct field {
	const char *key;
	size_t offset;
};
/* Copies the pointers of those keys that are there and good. */
void build_fields(const struct tok *map, const struct field *fields, size_t n, void *out);
/* The pair of a literal key, NULL when there is none. */
const struct tok_pair *build_pair(const struct tok *map, const char *key);
/* Literal strings only; anything else gives an empty one. */
struct spanned build_spanned(const struct tok *t);
/* A string or a sequence of strings. */
struct spanned_list build_list(struct build *b, const struct tok *t);
struct permissions build_permissions(struct build *b, const struct tok *t);
struct concurrency build_concurrency(struct build *b, const struct tok *t);
struct run_defaults build_defaults(const struct tok *t);
/* An `if`, NULL for none: cond has the implicit success(). NULL after an error. */
const struct expr *build_condition(struct build *b, const struct tok *t,
				   const struct schema *schema, struct spanned *text);

/* GitHub comes by the diagnostics from `from` on when it has gone through all of t. */
void build_late(struct build *b, size_t from, const struct tok *t);

/* --- the parts --- */

/* `on`: fills events; bad parts are left out. */
void build_events(struct build *b, const struct tok *on, struct workflow *w);
/* GitHub's editors take no step beyond a field's range and no blanks around the whole; schedules
 * that run have both, and are taken when lenient. */
bool cron_valid(struct str spec, bool lenient);
/* Minutes between the two closest runs of a valid one within an hour. */
unsigned cron_interval(struct str spec);

void build_job(struct build *b, const struct tok *key, const struct tok *map, struct job_def *job);
/* The form of a job's `uses`. */
void check_call_uses(struct build *b, struct spanned uses);
void check_runs_on(struct build *b, const struct tok *t);
void check_snapshot(struct build *b, const struct tok *t);
/* Warns of a part of a minute, which GitHub cuts off; NULL is fine. */
void check_minutes(struct build *b, const struct tok *t);
void check_strategy(struct build *b, const struct tok *t);
/* `key` names it. */
void check_container(struct build *b, const struct tok *t, struct span key, bool service);
void check_services(struct build *b, const struct tok *t);
/* Also gives the ids to steps that have none. */
size_t build_steps(struct build *b, const struct tok *seq, const struct step_def **out);
/* Resolves needs to indices; reports unknown jobs and cycles. `jobs` is the place of the mapping.
 */
void build_needs(struct build *b, struct span jobs, struct job_def *defs, size_t n);

/* --- ids.c (SEMANTICS 1.2) --- */

struct ids {
	struct strmap taken;
};
#define IDS_INIT                           \
	{                                  \
		.taken = {.nocase = true } \
	}
/* Reports an id that is malformed, reserved or used before. */
bool ids_add(struct build *b, struct ids *ids, struct spanned id);
/* "__run", "__run_2", …: made from any text, and unique. */
struct str ids_generate(struct build *b, struct ids *ids, struct str from);

#endif
