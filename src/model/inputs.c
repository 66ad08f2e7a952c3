/*
 * inputs.c - the inputs of workflow_dispatch: what was given, against what the workflow declares.
 *
 * Not for reading the declarations (workflow.c) nor for the inputs of called workflows, whose
 * values come from expressions. Names are compared without case. What GitHub refuses to dispatch is
 * a usage error here.
 */
#include <math.h>

#include "actc/diag.h"
#include "actc/payload.h"

struct filling {
	struct arena *a;
	const struct settings *given;
	struct value from_payload; /* the user's payload.inputs */
	struct vobject *inputs;
	struct vobject *strings;
};

static const char *const type_wants[] = { [INPUT_STRING] = "text",
					  [INPUT_BOOLEAN] = "true or false",
					  [INPUT_NUMBER] = "a number",
					  [INPUT_CHOICE] = "one of its options",
					  [INPUT_ENVIRONMENT] = "text" };

/* What was given: --input before the payload's. False: nothing. */
static bool given_text(const struct filling *f, struct str id, struct str *out)
{
	const struct setting *s = f->given ? settings_get(f->given, id, true) : NULL;
	struct value v = value_get(f->from_payload, id);

	if (s) {
		*out = s->value;
	} else if (v.kind != VALUE_NULL) {
		*out = value_to_str(f->a, v);
	}
	return s || v.kind != VALUE_NULL;
}

static struct str default_text(struct arena *a, const struct tok *t)
{
	if (!t) {
		return STR_EMPTY;
	}
	switch (t->kind) {
	case TOK_STRING:
		return t->u.s;
	case TOK_BOOL:
		return t->u.b ? STR("true") : STR("false");
	case TOK_NUMBER:
		return number_to_str(a, t->u.n);
	case TOK_NULL:
	case TOK_SEQ:
	case TOK_MAP:
	case TOK_EXPR:
	case TOK_INSERT:
		break;
	}
	return STR_EMPTY;
}

static bool is_option(const struct input_def *def, struct str text)
{
	for (size_t i = 0; i < def->options.n; i++) {
		if (str_eq(def->options.v[i].s, text)) {
			return true;
		}
	}
	return false;
}

static struct str option_list(struct arena *a, const struct input_def *def)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < def->options.n; i++) {
		list = arena_printf(a, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
				    STR_ARG(def->options.v[i].s));
	}
	return list;
}

/* False: the text does not fit the type. */
static bool convert(const struct input_def *def, struct str text, struct value *out)
{
	*out = value_str(text);
	switch (def->type) {
	case INPUT_STRING:
	case INPUT_ENVIRONMENT:
		return true;
	case INPUT_CHOICE:
		return text.len == 0 || is_option(def, text);
	case INPUT_BOOLEAN:
		*out = value_bool(str_ieq(text, STR("true")));
		return out->u.b || text.len == 0 || str_ieq(text, STR("false"));
	case INPUT_NUMBER:
		*out = value_number(str_to_number(text));
		return !isnan(out->u.n);
	}
	return false;
}

static bool fill_one(struct filling *f, const struct input_def *def, struct err *err)
{
	struct value typed = value_null();
	struct str text = STR_EMPTY;
	bool given = given_text(f, def->id.s, &text);

	if (!given) {
		text = default_text(f->a, def->fallback);
	}
	if (def->required && text.len == 0) {
		return err_set(err, ERR_USAGE,
			       "input '%.*s' is required: give it with --input %.*s=VALUE",
			       STR_ARG(def->id.s), STR_ARG(def->id.s));
	}
	if (!convert(def, text, &typed)) {
		return def->type == INPUT_CHOICE
			       ? err_set(err, ERR_USAGE, "input '%.*s' is one of %.*s, not '%.*s'",
					 STR_ARG(def->id.s), STR_ARG(option_list(f->a, def)),
					 STR_ARG(text))
			       : err_set(err, ERR_USAGE, "input '%.*s' wants %s, not '%.*s'",
					 STR_ARG(def->id.s), type_wants[def->type], STR_ARG(text));
	}
	if (def->type == INPUT_BOOLEAN && text.len == 0) {
		text = STR("false");
	}
	vobject_set(f->a, f->inputs, def->id.s, typed);
	vobject_set(f->a, f->strings, def->id.s, value_str(text));
	return true;
}

static bool unknown_input(struct filling *f, const struct event_filter *dispatch, struct str name,
			  struct err *err)
{
	struct str *names = arena_array(f->a, struct str, dispatch->ninputs);

	for (size_t i = 0; i < dispatch->ninputs; i++) {
		names[i] = dispatch->inputs[i].id.s;
		if (str_ieq(names[i], name)) {
			return true;
		}
	}

	struct str near = diag_nearest(name, names, dispatch->ninputs);

	if (near.len) {
		return err_set(err, ERR_USAGE,
			       "the workflow has no input '%.*s' (did you mean '%.*s'?)",
			       STR_ARG(name), STR_ARG(near));
	}
	return err_set(err, ERR_USAGE, "the workflow has no input '%.*s'", STR_ARG(name));
}

/* Without declarations everything is text. */
static void fill_undeclared(struct filling *f)
{
	if (f->from_payload.kind == VALUE_OBJECT) {
		const struct vobject *o = f->from_payload.u.o;

		for (size_t i = 0; i < o->n; i++) {
			struct value text = value_str(value_to_str(f->a, o->v[i].value));

			vobject_set(f->a, f->inputs, o->v[i].key, text);
			vobject_set(f->a, f->strings, o->v[i].key, text);
		}
	}
	for (size_t i = 0; f->given && i < f->given->n; i++) {
		vobject_set(f->a, f->inputs, f->given->v[i].name, value_str(f->given->v[i].value));
		vobject_set(f->a, f->strings, f->given->v[i].name, value_str(f->given->v[i].value));
	}
}

bool dispatch_inputs(struct arena *a, const struct event_filter *dispatch,
		     const struct settings *given, struct value user_payload,
		     struct vobject **inputs, struct vobject **strings, struct err *err)
{
	struct filling f = { .a = a,
			     .given = given,
			     .from_payload = value_get(user_payload, STR("inputs")),
			     .inputs = vobject_new(a, false),
			     .strings = vobject_new(a, false) };

	*inputs = f.inputs;
	*strings = f.strings;
	if (!dispatch) {
		fill_undeclared(&f);
		return true;
	}
	for (size_t i = 0; given && i < given->n; i++) {
		if (!unknown_input(&f, dispatch, given->v[i].name, err)) {
			return false;
		}
	}
	for (size_t i = 0; i < dispatch->ninputs; i++) {
		if (!fill_one(&f, &dispatch->inputs[i], err)) {
			return false;
		}
	}
	return true;
}
