/*
 * labels.c - which image serves a runs-on label.
 *
 * Not for pulling or looking at images. A label that nothing serves is no error: its jobs are not
 * rehearsed, and the match says why and which option would map it.
 */
#include "actc/plan.h"

const struct label_image builtin_images[] = {
	{ STR_INIT("ubuntu-latest"), STR_INIT("catthehacker/ubuntu:act-latest") },
	{ STR_INIT("ubuntu-24.04"), STR_INIT("catthehacker/ubuntu:act-24.04") },
	{ STR_INIT("ubuntu-22.04"), STR_INIT("catthehacker/ubuntu:act-22.04") },
};
const size_t nbuiltin_images = sizeof(builtin_images) / sizeof(builtin_images[0]);

struct labels {
	VEC(struct str) list;
	struct str group;
};

static bool add_label(struct arena *a, struct labels *l, struct value v, struct str *why)
{
	if (v.kind == VALUE_OBJECT || v.kind == VALUE_ARRAY) {
		*why = v.kind == VALUE_ARRAY ? STR("A sequence was not expected")
					     : STR("A mapping was not expected");
		return false;
	}

	struct str label = str_trim(value_to_str(a, v));

	if (label.len == 0) {
		*why = STR("Unexpected value ''");
		return false;
	}
	vec_push(a, &l->list, label);
	return true;
}

static bool add_labels(struct arena *a, struct labels *l, struct value v, struct str *why)
{
	if (v.kind != VALUE_ARRAY) {
		return add_label(a, l, v, why);
	}
	for (size_t i = 0; i < v.u.a->n; i++) {
		if (!add_label(a, l, v.u.a->v[i], why)) {
			return false;
		}
	}
	return true;
}

static bool read_runs_on(struct arena *a, struct labels *l, struct value v, struct str *why)
{
	l->group = STR_EMPTY;
	if (v.kind != VALUE_OBJECT) {
		if (!add_labels(a, l, v, why)) {
			return false;
		}
	} else {
		const struct value *labels = vobject_get(v.u.o, STR("labels"));

		l->group = value_to_str(a, value_get(v, STR("group")));
		if (labels && !add_labels(a, l, *labels, why)) {
			return false;
		}
	}
	if (l->list.n == 0 && l->group.len == 0) {
		*why = STR("runs-on names no label");
		return false;
	}
	return true;
}

/* The image of a label, or empty. */
static struct str image_of(const struct label_images *images, struct str label)
{
	for (size_t i = images ? images->n : 0; i-- > 0;) {
		if (str_eq_nocase(images->v[i].label, label)) {
			return images->v[i].image;
		}
	}
	return STR_EMPTY;
}

static struct str builtin_image(struct str label)
{
	for (size_t i = 0; i < nbuiltin_images; i++) {
		if (str_eq_nocase(builtin_images[i].label, label)) {
			return builtin_images[i].image;
		}
	}
	return STR_EMPTY;
}

static bool serve(struct str label, const struct label_images *given,
		  const struct label_images *config, struct label_match *out)
{
	struct str image = image_of(given, label);

	image = image.len ? image : image_of(config, label);
	image = image.len ? image : builtin_image(label);
	if (image.len == 0) {
		return false;
	}
	*out = (struct label_match){ .how = LABEL_IMAGE, .label = label, .image = image };
	if (str_eq(image, STR("-self-hosted"))) {
		out->how = LABEL_HOST;
		out->image = STR_EMPTY;
	}
	return true;
}

static struct str joined(struct arena *a, const struct labels *l)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < l->list.n; i++) {
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), i ? ", " : "",
				   STR_ARG(l->list.v[i]));
	}
	return all;
}

/* The label that a person would map: not one of those that every self-hosted runner has. */
static struct str telling(const struct labels *l)
{
	static const struct str common[] = { STR_INIT("self-hosted"), STR_INIT("linux"),
					     STR_INIT("x64") };

	for (size_t i = 0; i < l->list.n; i++) {
		bool is_common = false;

		for (size_t j = 0; j < sizeof(common) / sizeof(common[0]); j++) {
			is_common = is_common || str_ieq(l->list.v[i], common[j]);
		}
		if (!is_common) {
			return l->list.v[i];
		}
	}
	return l->list.v[0];
}

static void not_served(struct arena *a, const struct labels *l, struct label_match *out)
{
	struct str all = joined(a, l);

	*out = (struct label_match){ .how = LABEL_NOT_SERVED, .label = all };
	if (l->list.n == 0) {
		out->label = l->group;
		out->reason =
			arena_printf(a, "nothing serves the runner group %.*s", STR_ARG(l->group));
		out->hint = STR("give the job a label, and map it with -P LABEL=IMAGE");
		return;
	}
	out->reason = arena_printf(a, "no image serves %.*s", STR_ARG(all));
	out->hint = arena_printf(a, "-P %.*s=IMAGE", STR_ARG(telling(l)));
}

bool labels_resolve(struct arena *a, struct value runs_on, const struct label_images *given,
		    const struct label_images *config, struct label_match *out, struct str *why)
{
	struct labels l = { .group = STR_EMPTY };

	if (!read_runs_on(a, &l, runs_on, why)) {
		return false;
	}
	for (size_t i = 0; i < l.list.n; i++) {
		if (serve(l.list.v[i], given, config, out)) {
			return true;
		}
	}
	not_served(a, &l, out);
	return true;
}

static bool has_label(const struct labels *l, struct str label)
{
	for (size_t i = 0; i < l->list.n; i++) {
		if (str_ieq(l->list.v[i], label)) {
			return true;
		}
	}
	return false;
}

bool labels_mean_linux(struct arena *a, struct value runs_on)
{
	struct labels l = { .group = STR_EMPTY };
	struct str why = STR_EMPTY;

	if (!read_runs_on(a, &l, runs_on, &why)) {
		return false;
	}
	for (size_t i = 0; i < l.list.n; i++) {
		if (l.list.v[i].len > 7 && str_ieq(str_slice(l.list.v[i], 0, 7), STR("ubuntu-"))) {
			return true;
		}
	}
	return has_label(&l, STR("self-hosted")) && has_label(&l, STR("linux"));
}
