/*
 * containers_read.c - `container:` and `services:` to specifications: evaluated in the contexts of
 * SEMANTICS 1.8, and split into words.
 *
 * A definition is a mapping whose values are evaluated one by one, or an expression (or string)
 * that gives the whole; an image that comes out empty means that there is no container.
 */
#include "containers.h"

#include "env.h"
#include "shell.h"

/* One definition: a literal mapping, or the value that it came to. */
struct definition {
	const struct tok *map;
	struct value value;
};

struct reader {
	struct arena *a;
	struct expr_env env;
	struct eval_error e;
};

static bool read_definition(struct reader *r, const struct tok *t, struct definition *out)
{
	*out = (struct definition){ .map = t->kind == TOK_MAP ? t : NULL, .value = value_null() };
	return out->map || tok_eval(r->a, t, &r->env, false, &out->value, &r->e);
}

static bool read_part(struct reader *r, const struct definition *s, struct str key,
		      struct value *out)
{
	const struct tok *t = tok_get(s->map, key);

	*out = s->map ? value_null() : value_get(s->value, key);
	return !t || tok_eval(r->a, t, &r->env, str_eq(key, STR("env")), out, &r->e);
}

static bool read_text(struct reader *r, const struct definition *s, struct str key, struct str *out)
{
	struct value v = value_null();
	bool ok = read_part(r, s, key, &v);

	*out = value_to_str(r->a, v);
	return ok;
}

static bool read_image(struct reader *r, const struct definition *s, struct str *out)
{
	static const struct str scheme = STR_INIT("docker://");

	if (!s->map && s->value.kind != VALUE_OBJECT) {
		*out = value_to_str(r->a, s->value);
	} else if (!read_text(r, s, STR("image"), out)) {
		return false;
	}
	*out = str_trim(*out);
	if (str_ieq(str_slice(*out, 0, scheme.len), scheme)) {
		*out = str_slice(*out, scheme.len, out->len);
	}
	return true;
}

static bool read_list(struct reader *r, const struct definition *s, struct str key,
		      const struct str **out, size_t *n)
{
	struct value v = value_null();

	if (!read_part(r, s, key, &v)) {
		return false;
	}
	if (v.kind == VALUE_ARRAY) {
		struct str *list = arena_array(r->a, struct str, v.u.a->n);

		*n = v.u.a->n;
		for (size_t i = 0; i < *n; i++) {
			list[i] = str_trim(value_to_str(r->a, v.u.a->v[i]));
		}
		*out = list;
	}
	return true;
}

static bool read_words(struct reader *r, const struct definition *s, struct str key,
		       const struct str **out, size_t *n)
{
	struct str text = STR_EMPTY;

	if (!read_text(r, s, key, &text)) {
		return false;
	}
	*out = split_arguments(r->a, text, n);
	return true;
}

static bool read_credentials(struct reader *r, const struct definition *s,
			     struct container_spec *out)
{
	struct value v = value_null();

	if (!read_part(r, s, STR("credentials"), &v)) {
		return false;
	}
	out->username = value_to_str(r->a, value_get(v, STR("username")));
	out->password = value_to_str(r->a, value_get(v, STR("password")));
	return true;
}

static bool read_spec(struct reader *r, const struct definition *s, struct container_spec *out)
{
	*out = (struct container_spec){ .id = STR_EMPTY, .entrypoint = STR_EMPTY };
	out->username = out->password = STR_EMPTY;
	return read_image(r, s, &out->image) && read_credentials(r, s, out) &&
	       read_list(r, s, STR("ports"), &out->ports, &out->nports) &&
	       read_list(r, s, STR("volumes"), &out->volumes, &out->nvolumes) &&
	       read_words(r, s, STR("options"), &out->options, &out->noptions) &&
	       read_text(r, s, STR("entrypoint"), &out->entrypoint) &&
	       read_words(r, s, STR("command"), &out->command, &out->ncommand);
}

/* --- services --------------------------------------------------------------------------------- */

struct named {
	struct str id;
	struct definition source;
};

/* Every service of a job: a literal mapping of them, or an expression that gives all. */
static bool read_services(struct reader *r, const struct tok *t, struct named **out, size_t *n)
{
	struct value all = value_null();

	*n = 0;
	if (!t) {
		return true;
	}
	if (t->kind == TOK_MAP) {
		*out = arena_array(r->a, struct named, t->u.map.n);
		for (size_t i = 0; i < t->u.map.n; i++) {
			struct named *named = &(*out)[(*n)++];

			named->id = tok_text(r->a, t->u.map.pairs[i].key);
			if (!read_definition(r, t->u.map.pairs[i].value, &named->source)) {
				return false;
			}
		}
		return true;
	}
	if (!tok_eval(r->a, t, &r->env, false, &all, &r->e)) {
		return false;
	}
	*n = all.kind == VALUE_OBJECT ? all.u.o->n : 0;
	*out = arena_array(r->a, struct named, *n);
	for (size_t i = 0; i < *n; i++) {
		(*out)[i] = (struct named){ all.u.o->v[i].key, { NULL, all.u.o->v[i].value } };
	}
	return true;
}

bool containers_wanted(struct arena *a, const struct job_def *def, const struct expr_env *env,
		       struct str *own, bool *services, struct eval_error *e)
{
	struct reader r = { a, *env, { .at = NO_SPAN } };
	struct definition source;
	struct named *named = NULL;
	size_t n = 0;
	struct str image = STR_EMPTY;
	bool ok = true;

	*own = STR_EMPTY;
	*services = false;
	if (def->container) {
		ok = read_definition(&r, def->container, &source) && read_image(&r, &source, own);
	}
	ok = ok && read_services(&r, def->services, &named, &n);
	for (size_t i = 0; ok && i < n; i++) {
		ok = read_image(&r, &named[i].source, &image);
		*services = *services || image.len;
	}
	*e = r.e;
	return ok;
}

static bool read_all(struct job *job, struct reader *r, struct containers *c)
{
	const struct job_def *def = job->def;
	struct definition source = { NULL, value_null() };
	struct named *named = NULL;
	size_t n = 0;

	c->own.image = STR_EMPTY;
	if (def->container &&
	    !(read_definition(r, def->container, &source) && read_spec(r, &source, &c->own))) {
		return false;
	}
	c->own_tok = source.map;
	c->own_value = source.value;
	if (!read_services(r, def->services, &named, &n)) {
		return false;
	}
	c->services = arena_array(r->a, struct container_spec, n);
	c->service_toks = arena_array(r->a, const struct tok *, n);
	c->service_values = arena_array(r->a, struct value, n);
	for (size_t i = 0; i < n; i++) {
		struct container_spec *spec = &c->services[c->n];

		if (!read_spec(r, &named[i].source, spec)) {
			return false;
		}
		spec->id = named[i].id;
		c->service_toks[c->n] = named[i].source.map;
		c->service_values[c->n] = named[i].source.value;
		if (spec->image.len) {
			c->n++;
		} else {
			job_log(job, job->set_up_path,
				arena_printf(r->a,
					     "The service '%.*s' will not be started because the "
					     "container definition has an empty image.",
					     STR_ARG(spec->id)));
		}
	}
	return true;
}

bool containers_read(struct job *job, struct str *why)
{
	struct reader r = { &job->arena, contexts_env(&job->contexts), { .at = NO_SPAN } };
	struct containers *c = arena_new(&job->arena, struct containers);

	if (!job->def->container && !job->def->services) {
		return true;
	}
	if (!read_all(job, &r, c)) {
		*why = job_placed(job, &job->arena, &r.e);
		return false;
	}
	if (c->own.image.len || c->n) {
		job->containers = c;
	}
	return true;
}

/* --- env -------------------------------------------------------------------------------------- */

static bool read_env(struct reader *r, const struct tok *map, struct value whole,
		     struct vobject *into)
{
	struct definition source = { map, whole };
	struct value v = value_null();

	if (!read_part(r, &source, STR("env"), &v)) {
		return false;
	}
	env_add_object(r->a, into, v);
	return true;
}

/* With what GitHub's runner gives to every container. */
static void set_env(struct arena *a, struct container_spec *spec, struct vobject *env)
{
	struct str *list = NULL;

	vobject_set(a, env, STR("GITHUB_ACTIONS"), value_str(STR("true")));
	if (!vobject_get(env, STR("CI"))) {
		vobject_set(a, env, STR("CI"), value_str(STR("true")));
	}
	list = arena_array(a, struct str, env->n);
	for (size_t i = 0; i < env->n; i++) {
		list[i] = arena_printf(a, "%.*s=%.*s", STR_ARG(env->v[i].key),
				       STR_ARG(env->v[i].value.u.s));
	}
	spec->env = list;
	spec->nenv = env->n;
}

bool containers_read_env(struct job *job, struct str *why)
{
	struct containers *c = job->containers;
	struct reader r = { &job->arena, contexts_env(&job->contexts), { .at = NO_SPAN } };
	bool ok = true;

	if (!c) {
		return true;
	}
	c->env = vobject_new(r.a, true);
	if (c->own.image.len) {
		ok = read_env(&r, c->own_tok, c->own_value, c->env);
		vobject_set(r.a, c->env, STR("HOME"), value_str(STR("/github/home")));
	}
	for (size_t i = 0; ok && i < c->n; i++) {
		struct vobject *env = vobject_new(r.a, true);

		ok = read_env(&r, c->service_toks[i], c->service_values[i], env);
		if (ok) {
			set_env(r.a, &c->services[i], env);
		}
	}
	if (!ok) {
		*why = job_placed(job, &job->arena, &r.e);
	}
	return ok;
}
