/*
 * docker_sweep.c - taking away what runs left at the daemon.
 *
 * Own home: whether a run lives is known by its lock. Other homes' locks cannot be looked at (they
 * may be in another container or on another machine): there a run counts as alive while one of its
 * containers is running, since an agent without its act-c ends within half a minute.
 */
#include <poll.h>
#include <stdint.h>

#include "docker.h"

enum {
	LIST_MAX = 4 * 1024 * 1024,
	BATCH = 100,
	LATE_MS = 600,
	BUSY_MS = 100,
	BUSY_TIMES = 20,
	CONTAINERS = 0,
	NETWORKS = 1,
	VOLUMES = 2,
	KINDS = 3
};

/* In the order of removal: a container holds its networks and volumes. */
static const struct kind {
	const char *noun;       /* docker NOUN ls */
	const char *all;        /* or NULL */
	const char *id, *state; /* in formats */
	const char *const remove[3];
} kinds[KINDS] = {
	{ "container", "--all", "{{.ID}}", "{{.State}}", { "rm", "--force", "--volumes" } },
	{ "network", NULL, "{{.ID}}", "", { "rm" } },
	{ "volume", NULL, "{{.Name}}", "", { "rm" } },
};

/* Those that Docker actions were built to, kept until --cache is cleaned. */
static const struct kind images_kind = { "image", NULL, "{{.ID}}", "", { "rm" } };

struct thing {
	struct str id, run, home, state;
};

struct things {
	size_t n, cap;
	struct thing *v;
};

static struct str field(struct str *line)
{
	return line->p ? str_cut(line, '\t') : STR_EMPTY;
}

/* "{{.ID}}\t<run>\t<home>\t{{.State}}", or "{{.ID}}\t<labels>" */
static struct str format_of(struct arena *a, const struct docker_program *d,
			    const struct kind *kind)
{
	static const struct str names[] = { STR_INIT("act-c.run"), STR_INIT("act-c.home") };
	struct str format = str_of(kind->id), label = str_of(d->label);
	size_t at = str_find(label, STR("%s"), 0);

	if (kind == &kinds[NETWORKS] && d->labels) {
		return arena_printf(a, "%.*s\t%s", STR_ARG(format), d->labels);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		format = arena_printf(a, "%.*s\t%.*s%.*s%s", STR_ARG(format),
				      STR_ARG(str_slice(label, 0, at)), STR_ARG(names[i]),
				      label.p + at + 2);
	}
	return arena_printf(a, "%.*s\t%s", STR_ARG(format), kind->state);
}

/* "a=b,c=d" */
static void take_labels(struct thing *t, struct str text)
{
	t->run = t->home = t->state = STR_EMPTY;
	while (text.p && text.len) {
		struct str value = str_cut(&text, ','), name = str_cut(&value, '=');

		if (str_eq(name, STR("act-c.run"))) {
			t->run = value;
		} else if (str_eq(name, STR("act-c.home"))) {
			t->home = value;
		}
	}
}

static bool list(struct arena *a, const struct docker_program *d, const struct kind *kind,
		 struct str filter, struct things *out, struct err *err)
{
	struct strbuf text = STRBUF_INIT(LIST_MAX);
	struct docker_args args;

	docker_args_init(&args, a, d, kind->noun);
	docker_arg(&args, "ls");
	if (kind->all) {
		docker_arg(&args, kind->all);
	}
	docker_argf(&args, "--filter=label=%.*s", STR_ARG(filter));
	docker_argf(&args, "--format=%s",
		    kind == &images_kind ? kind->id : format_of(a, d, kind).p);

	bool ok = docker_call(&args, NULL, &text, DOCKER_CALL_MS, err);
	struct str rest = ok ? arena_str(a, strbuf_str(&text)) : STR_EMPTY;

	strbuf_release(&text);
	while (ok && rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');
		struct thing t = { .id = field(&line) };

		if (kind == &kinds[NETWORKS] && d->labels) {
			take_labels(&t, line);
		} else {
			t.run = field(&line);
			t.home = field(&line);
			t.state = field(&line);
		}
		if (t.id.len) {
			vec_push(a, out, t);
		}
	}
	return ok;
}

/* How many of a batch went. Those in use stay, and docker goes on with the others. */
static int remove_batch(struct arena *a, const struct docker_program *d, const struct kind *kind,
			const struct str *ids, size_t n)
{
	struct docker_args args;
	struct strbuf text = STRBUF_INIT(LIST_MAX);
	struct err ignored = ERR_INIT;
	int removed = 0;

	docker_args_init(&args, a, d, kind->noun);
	for (size_t i = 0; i < 3 && kind->remove[i]; i++) {
		docker_arg(&args, kind->remove[i]);
	}
	if (kind == &kinds[CONTAINERS] && d->at_once) {
		docker_arg(&args, d->at_once);
	}
	for (size_t i = 0; i < n; i++) {
		docker_arg(&args, arena_cstr(a, ids[i]));
	}
	(void)docker_call(&args, NULL, &text, DOCKER_CALL_MS, &ignored);
	/* One line for each that is gone. */
	for (size_t i = 0; i < text.len; i++) {
		removed += text.p[i] == '\n';
	}
	err_release(&ignored);
	strbuf_release(&text);
	return removed;
}

static int remove_all(struct arena *a, const struct docker_program *d, const struct kind *kind,
		      const struct str *ids, size_t n)
{
	int removed = 0;

	for (size_t i = 0; i < n; i += BATCH) {
		removed += remove_batch(a, d, kind, ids + i, n - i < BATCH ? n - i : BATCH);
	}
	return removed;
}

/* --- runs ------------------------------------------------------------------------------------- */

static bool same_run(const struct thing *a, const struct thing *b)
{
	return str_eq(a->run, b->run) && str_eq(a->home, b->home);
}

static bool is_running(const struct things *containers, const struct thing *t)
{
	for (size_t i = 0; i < containers->n; i++) {
		const struct thing *c = &containers->v[i];

		if (same_run(c, t) && str_eq(c->state, STR("running"))) {
			return true;
		}
	}
	return false;
}

static bool is_dead(const struct rundir *home, const struct things *containers,
		    const struct thing *t)
{
	return str_eq(t->home, home->home_id) ? !rundir_alive(home, t->run)
					      : !is_running(containers, t);
}

/* Lists one kind, and takes away what is of runs that ended. *left: how much of it did not go. */
static bool sweep_kind(struct arena *a, const struct docker_program *d, const struct rundir *home,
		       const struct kind *kind, struct str filter, struct things *containers,
		       int *removed, size_t *left, struct err *err)
{
	struct things found = { 0 };
	VEC(struct str) dead = { 0 };

	if (!list(a, d, kind, filter, &found, err)) {
		return false;
	}
	if (kind == &kinds[CONTAINERS]) {
		*containers = found;
	}
	for (size_t i = 0; i < found.n; i++) {
		if (is_dead(home, containers, &found.v[i])) {
			vec_push(a, &dead, found.v[i].id);
		}
	}

	int went = remove_all(a, d, kind, dead.v, dead.n);

	*removed += went;
	*left = (size_t)went < dead.n ? dead.n - (size_t)went : 0;
	return true;
}

/*
 * The daemon itself takes away a container whose agent has just ended (--rm). It refuses to be
 * asked for it a second time meanwhile, and the container's volumes and networks are in use until
 * it is done.
 */
static bool sweep_runs(struct arena *a, const struct docker_program *d, const struct rundir *home,
		       bool all, int *removed, struct err *err)
{
	struct str filter = all ? STR("act-c.home")
				: arena_printf(a, "act-c.home=%.*s", STR_ARG(home->home_id));
	struct things containers = { 0 };
	int again = BUSY_TIMES;

	for (size_t k = 0; k < KINDS;) {
		size_t left = 0;

		if (!sweep_kind(a, d, home, &kinds[k], filter, &containers, removed, &left, err)) {
			return false;
		}
		if (left > 0 && again-- > 0) {
			(void)poll(NULL, 0, BUSY_MS);
		} else {
			k++;
		}
	}
	return true;
}

size_t docker_caches(struct arena *a, const struct docker_program *d, struct str **names)
{
	struct things found = { 0 };
	struct err ignored = ERR_INIT;

	if (!list(a, d, &kinds[VOLUMES], STR("act-c.cache"), &found, &ignored)) {
		err_release(&ignored);
		return SIZE_MAX;
	}
	*names = arena_array(a, struct str, found.n);
	for (size_t i = 0; i < found.n; i++) {
		(*names)[i] = found.v[i].id;
	}
	return found.n;
}

/* What a living run uses cannot be removed, and is not. */
static bool sweep_caches(struct arena *a, const struct docker_program *d, int *removed,
			 struct err *err)
{
	struct str *names = NULL;
	size_t n = docker_caches(a, d, &names);

	if (n == SIZE_MAX) {
		return err_set(err, ERR_ENGINE, "%s: its volumes cannot be listed", d->name);
	}
	*removed += remove_all(a, d, &kinds[VOLUMES], names, n);

	struct things images = { 0 };
	VEC(struct str) ids = { 0 };

	if (!list(a, d, &images_kind, STR("act-c.cache=action"), &images, err)) {
		return false;
	}
	for (size_t i = 0; i < images.n; i++) {
		vec_push(a, &ids, images.v[i].id);
	}
	*removed += remove_all(a, d, &images_kind, ids.v, ids.n);
	return true;
}

/*
 * A worker that was killed while its container came up may have left a request behind that the
 * daemon is still working on: what that makes is not there yet when it is looked for at once.
 */
static bool sweep_again(struct arena *a, const struct docker_program *d, const struct rundir *home,
			int *removed, struct err *err)
{
	if (rundir_alive(home, home->run_id) || !rundir_marked(home)) {
		return true;
	}
	(void)poll(NULL, 0, LATE_MS);
	return sweep_runs(a, d, home, false, removed, err);
}

int docker_sweep(const struct docker_program *d, const struct rundir *home, bool all, bool caches,
		 struct err *err)
{
	struct arena scratch = ARENA_INIT;
	int removed = 0;
	bool ok = sweep_runs(&scratch, d, home, all, &removed, err) &&
		  sweep_again(&scratch, d, home, &removed, err) &&
		  (!caches || sweep_caches(&scratch, d, &removed, err));

	arena_release(&scratch);
	if (ok) {
		rundir_swept(home, "");
	}
	return ok ? removed : -1;
}

void docker_sweep_pod(const struct docker_program *d, struct str pod)
{
	struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;
	struct str filter = arena_printf(&a, "act-c.pod=%.*s", STR_ARG(pod));

	for (size_t k = 0; k < KINDS; k++) {
		struct things found = { 0 };
		VEC(struct str) ids = { 0 };

		if (!list(&a, d, &kinds[k], filter, &found, &ignored)) {
			break;
		}
		for (size_t i = 0; i < found.n; i++) {
			vec_push(&a, &ids, found.v[i].id);
		}
		(void)remove_all(&a, d, &kinds[k], ids.v, ids.n);
	}
	err_release(&ignored);
	arena_release(&a);
}

/* "NAME\tSIZE" of every volume; only docker tells it, and it takes long. */
static struct str volume_sizes(struct arena *a, const struct docker_program *d)
{
	struct strbuf text = STRBUF_INIT(LIST_MAX);
	struct docker_args args;
	struct err ignored = ERR_INIT;
	struct str out = STR_EMPTY;

	docker_args_init(&args, a, d, "system");
	docker_arg(&args, "df");
	docker_arg(&args, "--verbose");
	docker_arg(&args, "--format={{range .Volumes}}{{.Name}}\t{{.Size}}\n{{end}}");
	if (d->events && docker_call(&args, NULL, &text, DOCKER_CALL_MS, &ignored)) {
		out = arena_str(a, strbuf_str(&text));
	}
	err_release(&ignored);
	strbuf_release(&text);
	return out;
}

size_t docker_caches_shown(struct arena *a, const struct docker_program *d, struct str **lines)
{
	size_t n = docker_caches(a, d, lines);
	struct str sizes = n > 0 && n != SIZE_MAX ? volume_sizes(a, d) : STR_EMPTY;

	while (sizes.p && sizes.len) {
		struct str size = str_cut(&sizes, '\n'), name = str_cut(&size, '\t');

		for (size_t i = 0; size.p && i < n; i++) {
			if (str_eq((*lines)[i], name)) {
				(*lines)[i] = arena_printf(a, "%-36.*s %.*s", STR_ARG(name),
							   STR_ARG(size));
			}
		}
	}
	return n;
}
