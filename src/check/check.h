/*
 * check.h - what the rules of this directory share: the file at hand, its jobs with the types of
 * their contexts, and how to report.
 */
#ifndef ACTC_CHECK_CHECK_H
#define ACTC_CHECK_CHECK_H

#include "actc/check.h"
#include "actc/expr_tree.h"
#include "actc/strmap.h"
#include "actc/token.h"
#include "actc/workflow.h"
#include "type.h"

struct path_config {
	struct str glob;
	size_t n;
	const char **ignores; /* regular expressions of messages */
};

struct known_action {
	struct str uses;
	const struct action_facts *facts; /* NULL = nothing is known */
	bool told;
};

struct known_call {
	struct str uses;
	const struct workflow *workflow; /* NULL = not there, or it has errors */
	bool missing;
};

struct check_project {
	struct arena *a;
	struct str root;
	const char *shellcheck; /* the program, or NULL */
	const char *severity;   /* of its notes, at least */
	const char *pyflakes;   /* the program, or NULL */
	bool has_variables;     /* config-variables: no others */
	VEC(struct str) variables;
	VEC(struct str) labels; /* globs */
	VEC(struct path_config) paths;
	VEC(struct known_action) actions;
	struct strmap action_names; /* -> index in actions + 1 */
	VEC(struct known_call) calls;
	struct sources sources; /* of those */
	struct diags diags;     /* what is wrong in them is told when they are checked */
};

enum platform { PLATFORM_ANY, PLATFORM_UNIX, PLATFORM_WINDOWS };

/* The types of the contexts in one place. */
struct contexts {
	const struct type *github, *inputs, *secrets, *vars;
	const struct type *needs, *matrix, *steps, *jobs, *strategy, *job;
};

struct job_view {
	struct span key;
	struct str id;
	const struct tok *map;
	const struct job_def *def;
	const struct type *result; /* as `needs` has it; NULL = not made yet */
	struct contexts contexts;  /* `steps` holds those before the one at hand */
	enum platform platform;
};

struct step_view {
	const struct job_view *job;
	const struct tok *map;
	const struct step_def *def;
};

struct check {
	struct arena *a;
	struct diags *diags;
	struct check_project *project;
	const struct workflow *w;
	const struct tok *root;
	struct contexts contexts; /* of the workflow's own keys */
	struct job_view *jobs;
	size_t njobs;
};

/* A family of rules: what it does with a file, with each job, with each step. */
struct rule {
	void (*file)(struct check *c);
	void (*job)(struct check *c, struct job_view *job);
	void (*step)(struct check *c, const struct step_view *step);
};

__attribute__((format(printf, 4, 5))) struct diag *check_warn(struct check *c, struct span at,
							      const char *kind, const char *fmt,
							      ...);

/* --- tokens --- */

/* The pair of a literal key, NULL when there is none or t is no mapping. */
const struct tok_pair *check_pair_of(const struct tok *map, struct str key);

/* Inline, so that the length of a literal costs nothing. */
static inline const struct tok_pair *check_pair(const struct tok *map, const char *key)
{
	return map ? check_pair_of(map, str_mk(key, strlen(key))) : NULL;
}

static inline const struct tok *check_get(const struct tok *map, const char *key)
{
	const struct tok_pair *pair = check_pair(map, key);

	return pair ? pair->value : NULL;
}

/* A literal string that was read without an error, else empty with .p == NULL. */
struct str check_literal(const struct tok *t);
/* Bytes of a scalar's text in the file. */
struct span check_span(struct check *c, const struct tok *t, size_t at, size_t len);

/* --- contexts.c --- */

const struct type *context_type(const struct contexts *contexts, struct str name);
/* Types of all that the file declares; jobs get theirs. */
void contexts_build(struct check *c);
const struct type *call_outputs_type(struct check *c, struct str uses);
/* The step's outputs, for those behind it; `steps` is the job's object so far. */
void contexts_add_step(struct check *c, struct type_builder *steps, const struct step_def *def);

/* --- sema.c --- */

/* What a place makes of an expression's value. */
enum wanted { WANT_ANY, WANT_TEXT, WANT_OBJECT, WANT_LABELS, WANT_BOOL, WANT_NUMBER };

struct place_of {
	const struct contexts *contexts;
	enum wanted wanted;
	bool script;    /* what untrusted text must not get into */
	const char *of; /* the key, for messages */
};

/* All expressions of a token and what is below it. Gives the type of a whole `${{ }}`. */
const struct type *check_exprs(struct check *c, const struct tok *t, const struct place_of *place);
/* The parts of a condition. */
void check_condition(struct check *c, const struct tok *t, const struct expr *cond,
		     const struct contexts *contexts);
/* The parts of the expression of a token. */
const struct type *check_type_of(struct check *c, const struct tok *t,
				 const struct contexts *contexts);
size_t check_parts(const struct tok *t, const struct expr *cond, const struct expr_part **parts);
const struct node *node_first(const struct node *n);

/* --- untrusted.c --- */

struct untrusted {
	struct check *c;
	const struct tok *tok;
	size_t base;
};
void check_untrusted(struct check *c, const struct tok *t, size_t base, const struct node *n);

/* --- actions --- */

struct known_input {
	struct str name;
	bool required, deprecated;
	struct str why; /* of a deprecated one */
};

/* What is known of an action: from the table or from its own action.yml. */
struct action_facts {
	struct str name;
	size_t ninputs;
	const struct known_input *inputs;
	size_t noutputs;
	const struct str *outputs;
	bool any_inputs, any_outputs; /* takes whatever is given */
	bool outdated;                /* its node is gone */
	bool composite;               /* has no other outputs than it declares */
	bool docker;                  /* takes `args` and `entrypoint` too */
	size_t nfaults;               /* of its own action.yml */
	const struct str *faults;
};

/* NULL when nothing is known of it. */
const struct action_facts *action_file_read(struct check_project *p, struct str dir);
const struct action_facts *popular_find(struct arena *a, struct str uses);
const struct action_facts *action_of(struct check *c, struct str uses);
/* True for the first use of an action that is asked about: its faults are told once. */
bool action_first(struct check *c, struct str uses);

/* The workflow of this repository that a job calls; NULL for others. */
const struct known_call *call_of(struct check *c, struct str uses);

/* --- the rules, in the order in which they are asked --- */

extern const struct rule rule_exprs;
extern const struct rule rule_if;
extern const struct rule rule_glob;
extern const struct rule rule_matrix;
extern const struct rule rule_labels;
extern const struct rule rule_shell;
extern const struct rule rule_commands;
extern const struct rule rule_credentials;
extern const struct rule rule_env;
extern const struct rule rule_events;
extern const struct rule rule_needs;
extern const struct rule rule_shape;
extern const struct rule rule_actions;
extern const struct rule rule_calls;
extern const struct rule rule_shellcheck;
extern const struct rule rule_pyflakes;

#endif
