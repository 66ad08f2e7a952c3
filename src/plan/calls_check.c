/*
 * calls_check.c - GitHub's rules for the call of a reusable workflow: its interface (SEMANTICS 8),
 * and that nobody gets permissions beyond the caller's. Values that are expressions are checked
 * when the call is made (run layer); here is what is static.
 */
#include "calls_check.h"

static const struct tok *value_of(const struct tok *map, struct str key)
{
	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok *k = map->u.map.pairs[i].key;

		if (k->kind == TOK_STRING && str_ieq(k->u.s, key)) {
			return map->u.map.pairs[i].value;
		}
	}
	return NULL;
}

/* A literal has to have the declared type already; an expression may still give it. */
static void check_type(struct arena *a, struct diags *diags, const struct input_def *in,
		       const struct tok *t)
{
	bool fits = t->kind == TOK_EXPR ||
		    (in->type == INPUT_BOOLEAN  ? t->kind == TOK_BOOL
		     : in->type == INPUT_NUMBER ? t->kind == TOK_NUMBER
						: t->kind != TOK_SEQ && t->kind != TOK_MAP);

	if (!fits) {
		diag_error(diags, t->at, "workflow-call", "Unexpected value '%.*s'",
			   STR_ARG(diag_quote(tok_text(a, t))));
	}
}

static const struct input_def *find_input(const struct event_filter *call, const struct tok *key)
{
	for (size_t i = 0; key->kind == TOK_STRING && i < call->ninputs; i++) {
		if (str_ieq(call->inputs[i].id.s, key->u.s)) {
			return &call->inputs[i];
		}
	}
	return NULL;
}

/* GitHub reports the value, people look for the key. */
static void undefined(struct diags *diags, const struct tok_pair *pair, const char *what)
{
	struct diag *d = diag_error(diags, pair->key->at, "workflow-call",
				    "Invalid %s, %.*s is not defined in the referenced workflow.",
				    what, STR_ARG(diag_quote(pair->key->u.s)));

	d->token = pair->value->at;
}

/* In the order of the definitions; what is not defined comes last. */
static void check_inputs(struct arena *a, struct diags *diags, const struct job_def *job,
			 const struct event_filter *call)
{
	for (size_t i = 0; i < call->ninputs; i++) {
		const struct input_def *in = &call->inputs[i];
		const struct tok *given = value_of(job->with, in->id.s);

		if (in->fallback) {
			check_type(a, diags, in, in->fallback);
		}
		if (given) {
			check_type(a, diags, in, given);
		} else if (in->required) {
			diag_error(diags, job->uses.at, "workflow-call",
				   "Input %.*s is required, but not provided while calling.",
				   STR_ARG(in->id.s));
		}
	}
	for (size_t i = 0; job->with && job->with->kind == TOK_MAP && i < job->with->u.map.n; i++) {
		const struct tok_pair *pair = &job->with->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && !find_input(call, pair->key)) {
			undefined(diags, pair, "input");
		}
	}
}

static void check_secrets(struct diags *diags, const struct job_def *job,
			  const struct event_filter *call)
{
	const struct tok *given = job->secrets;

	for (size_t i = 0; i < call->nsecrets && !job->secrets_inherit; i++) {
		const struct secret_def *s = &call->secrets[i];

		if (s->required && !value_of(given, s->id.s)) {
			diag_error(diags, job->uses.at, "workflow-call",
				   "Secret %.*s is required, but not provided while calling.",
				   STR_ARG(s->id.s));
		}
	}
	for (size_t i = 0; given && given->kind == TOK_MAP && i < given->u.map.n; i++) {
		const struct tok_pair *pair = &given->u.map.pairs[i];
		bool known = pair->key->kind != TOK_STRING;

		for (size_t d = 0; !known && d < call->nsecrets; d++) {
			known = str_ieq(call->secrets[d].id.s, pair->key->u.s);
		}
		if (!known) {
			undefined(diags, pair, "secret");
		}
	}
}

static const struct tok *call_key(const struct workflow *to)
{
	const struct tok *on = tok_get(to->tokens, STR("on"));

	return on ? on : to->tokens;
}

void calls_check_interface(struct arena *a, struct diags *diags, const struct job_def *job,
			   const struct workflow *to)
{
	const struct event_filter *call = workflow_event(to, STR("workflow_call"));

	if (!call) {
		diag_error(diags, call_key(to)->at, "workflow-call",
			   "workflow_call key is not defined in the referenced workflow.");
		return;
	}
	check_inputs(a, diags, job, call);
	check_secrets(diags, job, call);
}

/* --- permissions --- */

struct permission_set job_permissions(const struct job_def *job, struct permission_set inherited)
{
	return job->permissions.given ? permission_set_of(&job->permissions) : inherited;
}

struct permission_set workflow_permissions(const struct workflow *w,
					   struct permission_set inherited)
{
	return w->permissions.given ? permission_set_of(&w->permissions) : inherited;
}

/* GitHub shows the name as it is written, an expression with its braces. */
static struct str job_name(struct diags *diags, const struct job_def *job)
{
	if (job->name && job->name->kind == TOK_EXPR) {
		return arena_printf(diags->arena, "${{ %.*s }}",
				    STR_ARG(expr_text(job->name->u.e)));
	}

	struct str name = job->name ? tok_text(diags->arena, job->name) : STR_EMPTY;

	return name.len ? name : job->id.s;
}

static void check_request(struct diags *diags, const struct call_check *c,
			  const struct permissions *asked, struct str who)
{
	struct permission_set requested = permission_set_of(asked), allowed = c->allowed;
	struct strbuf wanted = STRBUF_INIT(0), granted = STRBUF_INIT(0);

	if (!allowed.given) {
		allowed = permission_set_default(c->rules->limited_read, c->trusted);
	}
	if (asked->given && permission_excess(&requested, &allowed, &wanted, &granted)) {
		diag_error(diags, c->job->id.at, "permissions",
			   "Error calling workflow '%.*s'. %.*s is requesting '%s', but is only "
			   "allowed '%s'.",
			   STR_ARG(c->shown), STR_ARG(who), wanted.p, granted.p);
	}
	strbuf_release(&wanted);
	strbuf_release(&granted);
}

void call_check_permissions(struct diags *diags, const struct call_check *c)
{
	check_request(diags, c, &c->to->permissions,
		      arena_printf(diags->arena, "The workflow '%.*s'", STR_ARG(c->shown)));
	for (size_t i = 0; i < c->to->njobs; i++) {
		const struct job_def *job = &c->to->jobs[i];

		check_request(diags, c, &job->permissions,
			      arena_printf(diags->arena, "The nested job '%.*s'",
					   STR_ARG(job_name(diags, job))));
	}
}
