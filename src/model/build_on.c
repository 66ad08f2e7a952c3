/*
 * build_on.c - the value of `on` to event filters, and the checks that a definition cannot
 * express: X with X-ignore, choices, schedules (SEMANTICS 1.4). Whether an event matches is the
 * plan's business.
 */
#include "build.h"

#define KIND "events"

enum { MAX_DISPATCH_INPUTS = 25 };

static const struct field lists[] = {
	{ "types", offsetof(struct event_filter, types) },
	{ "branches", offsetof(struct event_filter, branches) },
	{ "branches-ignore", offsetof(struct event_filter, branches_ignore) },
	{ "tags", offsetof(struct event_filter, tags) },
	{ "tags-ignore", offsetof(struct event_filter, tags_ignore) },
	{ "paths", offsetof(struct event_filter, paths) },
	{ "paths-ignore", offsetof(struct event_filter, paths_ignore) },
	{ "workflows", offsetof(struct event_filter, workflows) },
	{ "names", offsetof(struct event_filter, names) },
	{ "versions", offsetof(struct event_filter, versions) },
};

static const struct {
	const char *pattern;
	const char *ignore;
} pairs[] = {
	{ "branches", "branches-ignore" },
	{ "tags", "tags-ignore" },
	{ "paths", "paths-ignore" },
};

enum {
	NLISTS = sizeof(lists) / sizeof(lists[0]),
	NPAIRS = sizeof(pairs) / sizeof(pairs[0]),
};

static void check_pairs(struct build *b, const struct tok *options)
{
	for (size_t i = 0; i < NPAIRS; i++) {
		const struct tok_pair *pattern = build_pair(options, pairs[i].pattern);
		const struct tok_pair *ignore = build_pair(options, pairs[i].ignore);

		if (ignore && !b->staged && pattern) {
			const struct tok_pair *second = ignore > pattern ? ignore : pattern;

			diag_error(b->diags, second->key->at, KIND,
				   "You may only define one of `%s` and `%s` for a single event",
				   pairs[i].pattern, pairs[i].ignore)
				->token = ignore->value->at;
		}
	}
}

/* "At least one positive is needed": a list of negated patterns matches nothing. */
static void check_positive(struct build *b, const char *key, struct spanned_list list)
{
	for (size_t i = 0; i < list.n; i++) {
		if (!str_starts(list.v[i].s, STR("!"))) {
			return;
		}
	}
	if (list.n > 0) {
		(void)diag_warning(b->diags, list.v[0].at, KIND,
				   "All patterns of `%s` are negated, so nothing matches", key);
	}
}

static void build_lists(struct build *b, const struct tok *options, struct event_filter *f)
{
	for (size_t i = 0; i < NLISTS; i++) {
		struct spanned_list list = build_list(b, tok_get(options, str_of(lists[i].key)));

		memcpy((char *)f + lists[i].offset, &list, sizeof(list));
	}
	/* With both kinds, a list of negated patterns shuts its kind out, which may well be meant.
	 */
	if (f->branches.n == 0 || f->tags.n == 0) {
		check_positive(b, "branches", f->branches);
		check_positive(b, "tags", f->tags);
	}
	check_positive(b, "paths", f->paths);
	check_pairs(b, options);
}

static void build_crons(struct build *b, const struct tok *seq, struct event_filter *f)
{
	struct cron *crons = arena_array(b->a, struct cron, seq->u.seq.n);

	for (size_t i = 0; i < seq->u.seq.n; i++) {
		const struct tok *item = seq->u.seq.items[i];

		if (item->bad) {
			continue;
		}
		crons[i].spec = build_spanned(tok_get(item, STR("cron")));
		crons[i].timezone = build_spanned(tok_get(item, STR("timezone"))).s;
		if (!cron_valid(crons[i].spec.s, !b->staged)) {
			(void)diag_error(b->diags, crons[i].spec.at, KIND,
					 "Invalid cron expression. Expected format: '* * * * *' "
					 "(minute hour day month weekday)");
		} else if (cron_interval(crons[i].spec.s) < 5) {
			(void)diag_warning(b->diags, crons[i].spec.at, KIND,
					   "Scheduled runs are at least 5 minutes apart");
		}
	}
	f->ncrons = seq->u.seq.n;
	f->crons = crons;
}

static enum input_type input_type(struct str name)
{
	static const struct {
		struct str name;
		enum input_type type;
	} types[] = {
		{ STR_INIT("boolean"), INPUT_BOOLEAN },
		{ STR_INIT("number"), INPUT_NUMBER },
		{ STR_INIT("choice"), INPUT_CHOICE },
		{ STR_INIT("environment"), INPUT_ENVIRONMENT },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_eq(types[i].name, name)) {
			return types[i].type;
		}
	}
	return INPUT_STRING;
}

static bool flag(const struct tok *map, struct str key)
{
	const struct tok *t = tok_get(map, key);

	return t && t->kind == TOK_BOOL && t->u.b;
}

static void build_input(struct build *b, const struct tok_pair *pair, struct input_def *in)
{
	const struct tok *map = pair->value, *options = tok_get(map, STR("options"));

	in->id = build_spanned(pair->key);
	if (map->bad) {
		return;
	}
	in->description = build_spanned(tok_get(map, STR("description"))).s;
	in->type = input_type(build_spanned(tok_get(map, STR("type"))).s);
	in->required = flag(map, STR("required"));
	in->fallback = tok_get(map, STR("default"));
	in->options = build_list(b, options);
	if (in->type == INPUT_CHOICE && in->options.n == 0) {
		diag_error(b->diags, in->id.at, KIND, "Missing 'options' for choice input")->token =
			map->at;
	} else if (in->type != INPUT_CHOICE && options) {
		diag_error(b->diags, in->id.at, KIND,
			   "Input type is not 'choice', but 'options' is defined")
			->token = map->at;
	}
}

static size_t map_count(const struct tok *t)
{
	return t && t->kind == TOK_MAP ? t->u.map.n : 0;
}

static void build_inputs(struct build *b, const struct tok *map, struct event_filter *f)
{
	struct input_def *inputs = arena_array(b->a, struct input_def, map_count(map));

	for (; f->ninputs < map_count(map); f->ninputs++) {
		build_input(b, &map->u.map.pairs[f->ninputs], &inputs[f->ninputs]);
	}
	f->inputs = inputs;
	if (str_eq(f->event.s, STR("workflow_dispatch")) && f->ninputs > MAX_DISPATCH_INPUTS) {
		diag_error(b->diags, f->event.at, KIND,
			   "A workflow may not have more than %d inputs, %zu are given",
			   MAX_DISPATCH_INPUTS, f->ninputs)
			->token = inputs[MAX_DISPATCH_INPUTS].id.at;
	}
}

static void build_secrets(struct build *b, const struct tok *map, struct event_filter *f)
{
	struct secret_def *secrets = arena_array(b->a, struct secret_def, map_count(map));

	for (; f->nsecrets < map_count(map); f->nsecrets++) {
		const struct tok_pair *pair = &map->u.map.pairs[f->nsecrets];

		secrets[f->nsecrets].id = build_spanned(pair->key);
		secrets[f->nsecrets].required = flag(pair->value, STR("required"));
	}
	f->secrets = secrets;
}

static void build_outputs(struct build *b, const struct tok *map, struct event_filter *f)
{
	struct output_def *outputs = arena_array(b->a, struct output_def, map_count(map));

	for (; f->noutputs < map_count(map); f->noutputs++) {
		const struct tok_pair *pair = &map->u.map.pairs[f->noutputs];

		outputs[f->noutputs].id = build_spanned(pair->key);
		outputs[f->noutputs].value = tok_get(pair->value, STR("value"));
	}
	f->outputs = outputs;
}

static void warn_ignored(struct build *b, const struct tok *options, struct str event)
{
	for (size_t i = 0; options && options->kind == TOK_MAP && i < options->u.map.n; i++) {
		(void)diag_warning(b->diags, options->u.map.pairs[i].key->at, KIND,
				   "The event '%.*s' has no options, so this is ignored",
				   STR_ARG(event));
	}
}

static void build_event(struct build *b, const struct tok *name, const struct tok *options,
			struct event_filter *f)
{
	f->event = build_spanned(name);
	if (!options || schema_event_is_bare(f->event.s)) {
		warn_ignored(b, options, f->event.s);
		return;
	}
	if (options->kind == TOK_SEQ) {
		build_crons(b, options, f);
	}
	build_lists(b, options, f);
	build_inputs(b, tok_get(options, STR("inputs")), f);
	build_secrets(b, tok_get(options, STR("secrets")), f);
	build_outputs(b, tok_get(options, STR("outputs")), f);
}

void build_events(struct build *b, const struct tok *on, struct workflow *w)
{
	size_t n = on->kind == TOK_MAP ? on->u.map.n : on->kind == TOK_SEQ ? on->u.seq.n : 1;
	struct event_filter *events = arena_array(b->a, struct event_filter, n);

	for (size_t i = 0; i < n; i++) {
		if (on->kind == TOK_MAP) {
			build_event(b, on->u.map.pairs[i].key, on->u.map.pairs[i].value,
				    &events[i]);
		} else {
			build_event(b, on->kind == TOK_SEQ ? on->u.seq.items[i] : on, NULL,
				    &events[i]);
		}
	}
	w->nevents = n;
	w->events = events;
}
