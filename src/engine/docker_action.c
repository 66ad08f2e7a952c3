/*
 * docker_action.c - the container of a Docker action: beside its job's, in the same network, with
 * the job's own directories at the places that GitHub gives them (SEMANTICS 5.8).
 *
 * A directory is a part of a volume (or of a bound directory) of the job's container. Daemons
 * before 25 cannot mount a part; a volume of the local driver that is nothing but a bind of that
 * part can, also at a daemon whose files act-c does not see.
 */
#include <sys/random.h>

#include "docker_machine.h"

#include "actc/value.h"

enum { MOUNTS_MAX = 256 * 1024, DIRECTORIES = 5 };

static const char *const names[DIRECTORIES] = {
	"/github/runner_temp",   "/github/home",      "/github/workflow",
	"/github/file_commands", "/github/workspace",
};

/* --- where the job's paths are at the daemon -------------------------------------------------- */

/* Known once a container runs, and asked for once. */
static bool read_mounts(struct arena *a, struct docker_machine *m, struct err *err)
{
	struct strbuf text = STRBUF_INIT(MOUNTS_MAX);
	struct docker_args args;
	struct value v = value_null();

	if (m->mounts.kind == VALUE_ARRAY) {
		return true;
	}
	docker_args_init(&args, a, m->program, "inspect");
	docker_arg(&args, "--type=container");
	docker_arg(&args, "--format={{json .Mounts}}");
	docker_arg(&args, m->name);

	bool ok = docker_call(&args, NULL, &text, DOCKER_CALL_MS, err) &&
		  value_from_json_strict(m->arena, arena_str(m->arena, strbuf_str(&text)), &v, err);

	strbuf_release(&text);
	if (ok && v.kind != VALUE_ARRAY) {
		ok = err_set(err, ERR_ENGINE, "%s inspect %s: no mounts", m->program->name,
			     m->name);
	}
	m->mounts = ok ? v : m->mounts;
	return ok;
}

static struct str text_of(struct value mount, struct str key)
{
	struct value v = value_get(mount, key);

	return v.kind == VALUE_STRING ? v.u.s : STR_EMPTY;
}

static bool is_below(struct str path, struct str dir)
{
	return dir.len && str_starts(path, dir) &&
	       (path.len == dir.len || path.p[dir.len] == '/' || dir.p[dir.len - 1] == '/');
}

bool docker_place_in(struct arena *a, struct value mounts, struct str path,
		     struct docker_place *out)
{
	struct str best = STR_EMPTY;

	*out = (struct docker_place){ .source = STR_EMPTY };
	for (size_t i = 0; mounts.kind == VALUE_ARRAY && i < mounts.u.a->n; i++) {
		struct value mount = mounts.u.a->v[i];
		struct str at = text_of(mount, STR("Destination"));
		struct value writable = value_get(mount, STR("RW"));

		if (!is_below(path, at) || at.len < best.len) {
			continue;
		}

		struct str source = text_of(mount, STR("Source"));
		struct str rest = str_slice(path, at.len, path.len);

		best = out->mounted = at;
		out->source = arena_printf(a, "%.*s%.*s", STR_ARG(source), STR_ARG(rest));
		out->bind = str_eq(text_of(mount, STR("Type")), STR("bind"));
		out->read_only = writable.kind == VALUE_BOOL && !writable.u.b;
	}
	return best.len > 0;
}

bool docker_place(struct arena *a, struct docker_machine *m, struct str path,
		  struct docker_place *out, struct err *err)
{
	return read_mounts(a, m, err) && docker_place_in(a, m->mounts, path, out);
}

/* --- mounting them ---------------------------------------------------------------------------- */

static void add_bind(struct docker_args *args, const struct docker_place *place, const char *dst)
{
	struct str src = docker_mount_field(args->a, "src", place->source);

	docker_argf(args, "--mount=type=bind,%.*s,dst=%s%s", STR_ARG(src), dst,
		    place->read_only ? ",readonly" : "");
}

static void add_part(struct docker_args *args, const struct docker_machine *m,
		     const struct docker_place *place, const char *dst)
{
	const struct rundir *d = m->rundir;
	struct str device = docker_mount_field(args->a, "volume-opt=device", place->source);

	docker_argf(args,
		    "--mount=type=volume,dst=%s,volume-driver=local,volume-opt=type=none,"
		    "volume-opt=o=bind,%.*s,volume-nocopy,volume-label=act-c.run=%.*s,"
		    "volume-label=act-c.home=%.*s",
		    dst, STR_ARG(device), STR_ARG(d->run_id), STR_ARG(d->home_id));
}

static bool add_directory(struct docker_args *args, const struct machine_spec *spec,
			  struct docker_machine *m, struct str inside, const char *dst,
			  struct err *err)
{
	struct docker_machine *job = (struct docker_machine *)spec->beside;
	struct docker_place place;

	if (!docker_place(args->a, job, inside, &place, err)) {
		return err->kind == ERR_NONE &&
		       err_set(err, ERR_ENGINE, "%.*s is in none of the job's volumes",
			       STR_ARG(inside));
	}
	if (place.bind || !m->program->mount_labels) {
		add_bind(args, &place, dst);
	} else {
		add_part(args, m, &place, dst);
	}
	return true;
}

/* In the order of /github/runner_temp, home, workflow, file_commands, workspace. */
static void job_directories(struct arena *a, const struct machine *job, struct str *dirs)
{
	const struct runner_paths *p = &job->paths;
	bool own = job->shown.work.len > 0; /* a job container has its home elsewhere */

	dirs[0] = p->temp;
	dirs[1] =
		own ? STR("/github/home") : arena_printf(a, "%.*s/_github_home", STR_ARG(p->temp));
	dirs[2] = own ? STR("/github/workflow")
		      : arena_printf(a, "%.*s/_github_workflow", STR_ARG(p->temp));
	dirs[3] = arena_printf(a, "%.*s/_runner_file_commands", STR_ARG(p->temp));
	dirs[4] = p->workspace;
}

bool docker_action_args(struct docker_args *args, const struct machine_spec *spec,
			struct docker_machine *m, struct err *err)
{
	const struct docker_machine *job = (const struct docker_machine *)spec->beside;
	struct str dirs[DIRECTORIES];
	bool ok = true;

	docker_argf(args, "--network=container:%s", job->name);
	job_directories(args->a, spec->beside, dirs);
	for (size_t i = 0; i < DIRECTORIES; i++) {
		ok = ok && add_directory(args, spec, m, dirs[i], names[i], err);
	}
	return ok;
}

void docker_action_paths(struct docker_machine *m)
{
	m->base.paths = (struct runner_paths){
		.work = STR("/github"),
		.workspace = STR("/github/workspace"),
		.temp = STR("/github/runner_temp"),
		.actions = STR_EMPTY,
		.tool_cache = STR_EMPTY,
		.externals = STR_EMPTY,
	};
}

/*
 * A step of the job may have put a symbolic link in a directory's place: what is then mounted is
 * what that names at the daemon's machine. Nothing of the workflow runs in the container yet, so it
 * is seen in time whether both sides have the same directory.
 */
bool docker_action_check(struct arena *a, struct machine *action, struct err *err)
{
	struct docker_machine *m = (struct docker_machine *)action;
	struct channel *there = action->beside->channel;
	struct file_content files[DIRECTORIES] = { 0 };
	unsigned long long token[2] = { 0 };
	struct str dirs[DIRECTORIES], name, content;
	bool ok = getrandom(token, sizeof(token), 0) == sizeof(token);

	job_directories(a, action->beside, dirs);
	name = arena_printf(a, ".act-c-%llx", token[0]);
	content = arena_printf(a, "%llx", token[1]);
	for (size_t i = 0; i < DIRECTORIES; i++) {
		struct str path = arena_printf(a, "%.*s/%.*s", STR_ARG(dirs[i]), STR_ARG(name));

		channel_write(there, path, 0400, true, content);
		files[i].path = arena_printf(a, "%s/%.*s", names[i], STR_ARG(name));
	}
	ok = ok && channel_sync(there, err) &&
	     channel_read(m->base.channel, a, files, DIRECTORIES, content.len + 1, err);
	for (size_t i = 0; i < DIRECTORIES; i++) {
		channel_remove(there,
			       arena_printf(a, "%.*s/%.*s", STR_ARG(dirs[i]), STR_ARG(name)));
		if (ok && !str_eq(files[i].content, content)) {
			ok = err_set(err, ERR_ENGINE,
				     "%.*s is not the job's own directory any more",
				     STR_ARG(dirs[i]));
		}
	}
	return ok;
}

/* --- building --------------------------------------------------------------------------------- */

/* The image of that name before, so that a build anew does not leave it behind. */
static struct str image_now(struct arena *a, const struct docker_program *d, struct str name)
{
	struct engine_image image = { .id = STR_EMPTY };
	struct err ignored = ERR_INIT;
	bool found = false;

	(void)docker_image_look(a, d, name, &image, &found, &ignored);
	err_release(&ignored);
	return found ? image.id : STR_EMPTY;
}

static void forget_image(struct arena *a, const struct docker_program *d, struct str id)
{
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, a, d, "image");
	docker_arg(&args, "rm");
	docker_arg(&args, arena_cstr(a, id));
	(void)docker_call(&args, NULL, NULL, DOCKER_CALL_MS, &ignored);
	err_release(&ignored);
}

bool docker_build(struct arena *a, const struct docker_program *d, const struct machine_spec *spec,
		  int archive, struct str file, struct err *err)
{
	struct str before = image_now(a, d, spec->image);
	struct docker_follow follow = { .spec = spec, .in = archive, .what = "build" };
	struct docker_args args;

	docker_args_init(&args, a, d, "build");
	docker_argf(&args, "--tag=%.*s", STR_ARG(spec->image));
	docker_argf(&args, "--file=%.*s", STR_ARG(file));
	docker_arg(&args, "--label=act-c.cache=action");
	docker_arg(&args, "--force-rm"); /* a step that fails would leave its container */
	if (spec->platform.len) {
		docker_argf(&args, "--platform=%.*s", STR_ARG(spec->platform));
	}
	if (spec->no_egress) {
		docker_arg(&args, "--network=none"); /* its steps are the job's */
	}
	docker_arg(&args, "-");
	if (!docker_follow(a, &args, &follow, err)) {
		return false;
	}
	if (follow.status != 0) {
		return err_set(
			err, ERR_ENGINE, "Docker build failed with exit code %d%s", follow.status,
			spec->no_egress ? " (its steps reach nothing outside: egress none)" : "");
	}

	struct str now = image_now(a, d, spec->image);

	if (before.len && !str_eq(before, now)) {
		forget_image(a, d, before);
	}
	return true;
}
