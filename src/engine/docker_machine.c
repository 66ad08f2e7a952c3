/*
 * docker_machine.c - the docker engine: one container per job, one `docker run -i` per container,
 * whose stdin and stdout are the channel.
 *
 * The container's life hangs on that pipe: when act-c goes, however it goes, the agent sees the end
 * of its stdin and ends, and --rm takes the container and its anonymous volumes away.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "agent_blob.h"
#include "docker_socket.h"

enum {
	JOB_NAME_MAX = 40,
	END_MS = 10000,     /* a polite end: the agent kills everything and the container goes */
	END_FORCE_MS = 800, /* the same, before docker is told to */
	REMOVE_MS = 10000,  /* `docker rm -f` */
	REMOVE_FORCE_MS = 2000,
	REFUSED_MS = 5000, /* for `docker run` to end after its container did not come up */
	DIRS_MAX = 10,
	FILL_TRIES = 3,
	DOCKER_FAILED = 125, /* exit status of `docker run` for reasons of its own */
};

/* The second of each: in a job container (SEMANTICS 6.1). */
#define WORK       "/home/runner/work"
#define WORK_IN    "/__w"
#define TOOL_CACHE "/opt/hostedtoolcache"
#define TOOLS_IN   "/__t"
#define EXTERNALS  "/home/runner/externals"
#define EXTERN_IN  "/__e"
#define GITHUB_DIR "/github"

/* --- the command line ------------------------------------------------------------------------- */

const char *docker_name(struct arena *a, const struct machine_spec *spec)
{
	char job[JOB_NAME_MAX + 1] = "";
	unsigned salt = 0;

	for (size_t i = 0; i < spec->job.len && i < JOB_NAME_MAX; i++) {
		char c = spec->job.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';

		job[i] = plain ? c : '-';
	}
	if (getrandom(&salt, sizeof(salt), 0) != (ssize_t)sizeof(salt)) {
		salt = (unsigned)getpid();
	}
	return arena_printf(a, "act-c-%.*s-%s-%06x", STR_ARG(spec->rundir->run_id), job,
			    salt & 0xffffff)
		.p;
}

/* A value of --mount, which is a line of comma-separated values: quoted where it needs to be. */
struct str docker_mount_field(struct arena *a, const char *key, struct str value)
{
	struct strbuf field = STRBUF_INIT(0);

	if (str_chr(value, ',', 0) == STR_NPOS && str_chr(value, '"', 0) == STR_NPOS) {
		return arena_printf(a, "%s=%.*s", key, STR_ARG(value));
	}
	(void)strbuf_addf(&field, "\"%s=", key);
	for (size_t i = 0; i < value.len; i++) {
		(void)strbuf_addf(&field, value.p[i] == '"' ? "\"%c" : "%c", value.p[i]);
	}
	(void)strbuf_addc(&field, '"');

	struct str s = arena_str(a, strbuf_str(&field));

	strbuf_release(&field);
	return s;
}

/* Of this run. Not copied up: what an image has there would be copied at each start. Without labels
 * it goes with its container all the same. */
static void add_volume(struct docker_args *args, const struct docker_machine *m, struct str dst)
{
	const struct rundir *d = m->rundir;

	if (!m->program->mount_labels) {
		docker_argf(args, "--mount=type=volume,dst=%.*s", STR_ARG(dst));
		return;
	}
	docker_argf(args,
		    "--mount=type=volume,dst=%.*s,volume-nocopy,"
		    "volume-label=act-c.run=%.*s,volume-label=act-c.home=%.*s",
		    STR_ARG(dst), STR_ARG(d->run_id), STR_ARG(d->home_id));
}

static struct str tool_volume(struct arena *a, const struct engine_image *image)
{
	struct str id = image->id;

	id = str_starts(id, STR("sha256:")) ? str_slice(id, 7, 7 + 12) : str_slice(id, 0, 12);
	return arena_printf(a, "act-c-tool-%.*s", STR_ARG(id));
}

static void add_agent(struct docker_args *args, const struct docker_machine *m,
		      const struct engine_image *image)
{
	docker_argf(args, "--mount=type=volume,src=%s,dst=" DOCKER_AGENT_DIR ",%s",
		    docker_agent_volume(args->a, image->platform).p,
		    m->program->mount_labels ? "readonly,volume-label=act-c.cache=agent" : "ro");
}

static void add_mounts(struct docker_args *args, const struct docker_machine *m,
		       const struct machine_spec *spec, const struct engine_image *image)
{
	const struct runner_paths *paths = &m->base.paths;
	struct str tool = tool_volume(args->a, image);
	bool labels = m->program->mount_labels;

	add_volume(args, m, paths->work);
	if (spec->container) {
		/* The image's root may be read-only. */
		add_volume(args, m, STR(GITHUB_DIR));
	}
	docker_externals_mount(args, m, paths->externals);
	docker_argf(args, "--mount=type=volume,src=%.*s,dst=%.*s%s", STR_ARG(tool),
		    STR_ARG(paths->tool_cache), labels ? ",volume-label=act-c.cache=tool" : "");
	if (spec->bind.len) {
		struct str src = docker_mount_field(args->a, "src", spec->bind);
		struct str dst = docker_mount_field(args->a, "dst", paths->workspace);

		docker_argf(args, "--mount=type=bind,%.*s,%.*s", STR_ARG(src), STR_ARG(dst));
	}
}

/* The job's own container: what its workflow asks for. */
static bool container_args(struct docker_args *args, const struct machine_spec *spec,
			   struct docker_machine *m, struct err *err)
{
	struct docker_options o = { .user = STR_EMPTY,
				    .trusted = spec->privileged,
				    .publish = spec->publish };

	if (!docker_options(args, spec->container, &o, err) ||
	    !docker_pod_volumes((struct docker_pod *)spec->pod, args, spec->container, o.trusted,
				err)) {
		return false;
	}
	m->user = o.user;
	m->health = o.health;
	m->id_file = arena_printf(args->a, "%.*s/%s.id", STR_ARG(spec->rundir->tmp), m->name).p;
	docker_argf(args, "--cidfile=%s", m->id_file);
	return true;
}

static bool job_args(struct docker_args *args, const struct machine_spec *spec,
		     const struct engine_image *image, struct docker_machine *m, struct err *err)
{
	struct str network = spec->pod         ? spec->pod->network
			     : spec->no_egress ? STR("none")
					       : spec->network;

	if (network.len) {
		docker_argf(args, "--network=%.*s", STR_ARG(network));
	}
	if (spec->pod) {
		docker_pod_hosts((struct docker_pod *)spec->pod, args);
		docker_pod_dns((struct docker_pod *)spec->pod, args);
	}
	for (size_t i = 0; i < spec->nhosts; i++) {
		docker_argf(args, "--add-host=%.*s:127.0.0.1", STR_ARG(spec->hosts[i]));
	}
	add_mounts(args, m, spec, image);
	docker_client_mount(args, m, spec, image);
	return !spec->container || container_args(args, spec, m, err);
}

static bool run_args(struct docker_args *args, const struct machine_spec *spec,
		     const struct engine_image *image, struct docker_machine *m, struct err *err)
{
	static const char *const fixed[] = {
		"--interactive", "--rm",       "--log-driver=none",
		"--pull=never",  "--user=0:0", "--entrypoint=" DOCKER_AGENT_FILE
	};

	docker_args_init(args, args->a, m->program, "run");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		docker_arg(args, fixed[i]);
	}
	docker_argf(args, "--name=%s", m->name);
	docker_own(args, spec->rundir);
	if (spec->platform.len) {
		docker_argf(args, "--platform=%.*s", STR_ARG(spec->platform));
	}

	if (spec->memory.len) {
		docker_argf(args, "--memory=%.*s", STR_ARG(spec->memory));
	}
	if (spec->cpus.len) {
		docker_argf(args, "--cpus=%.*s", STR_ARG(spec->cpus));
	}
	if (spec->privileged) {
		docker_arg(args, "--privileged");
	}
	add_agent(args, m, image);
	docker_near_mount(args, m);
	if (!(spec->beside ? docker_action_args(args, spec, m, err)
			   : job_args(args, spec, image, m, err))) {
		return false;
	}
	if (!m->health) {
		docker_arg(args, "--no-healthcheck");
	}
	/* The user's options are for jobs: with a network of its own, ports. */
	if (!spec->beside && !docker_split(args->a, spec->options, args, err)) {
		return false;
	}
	docker_arg(args, arena_cstr(args->a, spec->image));
	return true;
}

/* --- starting --------------------------------------------------------------------------------- */

static bool open_stderr(struct arena *a, struct docker_machine *m, struct err *err)
{
	struct str pattern = arena_printf(a, "%.*s/docker-XXXXXX", STR_ARG(m->rundir->tmp));
	char *path = arena_cstr(a, pattern);

	m->stderr_fd = mkostemp(path, O_CLOEXEC);
	if (m->stderr_fd < 0) {
		return err_sys(err, errno, "%s", path);
	}
	(void)unlink(path);
	return true;
}

/* A bound workspace is the user's own directory, whose owner is not changed; docker has made it. */
static size_t job_dirs(struct arena *a, const struct machine_spec *spec,
		       const struct runner_paths *p, struct str *dirs)
{
	size_t n = 0;

	if (spec->beside) {
		return 0; /* they are the job's */
	}
	if (spec->container) {
		dirs[n++] = STR(GITHUB_DIR "/home");
		dirs[n++] = STR(GITHUB_DIR "/workflow");
	} else {
		dirs[n++] = STR("/home/runner");
	}
	dirs[n++] = p->work;
	dirs[n++] = arena_printf(a, "%.*s/%.*s", STR_ARG(p->work), STR_ARG(spec->repository_name));
	if (spec->bind.len == 0) {
		dirs[n++] = p->workspace;
	}
	dirs[n++] = p->temp;
	dirs[n++] = p->actions;
	dirs[n++] = p->tool_cache;
	dirs[n++] = p->externals;
	BUG_ON(n > DIRS_MAX);
	return n;
}

/* Whether it is gone now. */
static bool remove_container(struct docker_machine *m, int timeout_ms)
{
	struct arena scratch = ARENA_INIT;
	struct docker_args args;
	struct err err = ERR_INIT;

	docker_args_init(&args, &scratch, m->program, "rm");
	docker_arg(&args, "--force");
	docker_arg(&args, "--volumes");
	if (m->program->at_once) {
		docker_arg(&args, m->program->at_once);
	}
	docker_arg(&args, m->name);

	bool gone = docker_call(&args, NULL, NULL, timeout_ms, &err);
	struct str words = gone ? STR_EMPTY : str_of(err.msg);

	/* --rm is at work already, or was. */
	gone = gone || str_find(words, STR("No such container"), 0) != STR_NPOS ||
	       str_find(words, STR("no container with"), 0) != STR_NPOS ||
	       str_find(words, STR("already in progress"), 0) != STR_NPOS;
	err_release(&err);
	arena_release(&scratch);
	return gone;
}

/*
 * Reads what still comes until `docker run` has closed its end: without a reader it would die of
 * SIGPIPE and leave the container, which it removes, behind it.
 */
static bool client_wait(struct docker_machine *m, int timeout_ms)
{
	long long until = now_ms() + timeout_ms;
	char rest[65536];

	while (m->child.out >= 0) {
		long long left = until - now_ms();
		struct pollfd p = { .fd = m->child.out, .events = POLLIN };

		if (left <= 0 ||
		    (poll(&p, 1, (int)left) > 0 && read(m->child.out, rest, sizeof(rest)) == 0)) {
			break;
		}
	}

	long long left = until - now_ms();

	return child_wait(&m->child, left > 0 ? (int)left : 0);
}

/* Ends what is there of it; the channel is the first to go, which tells the agent. */
static void machine_end(struct docker_machine *m, int end_ms, int remove_ms)
{
	/* Whoever took the container away may have left its volumes: the run's end sweeps them. */
	bool taken = m->base.channel && channel_lost(m->base.channel);

	if (m->base.channel) {
		channel_close(m->base.channel);
		m->base.channel = NULL;
	}
	/* A client that ended by itself has waited for the container to be removed, unless it is
	 * the daemon that failed. */
	bool gone = (client_wait(m, end_ms) && m->child.status != DOCKER_FAILED) ||
		    remove_container(m, remove_ms);

	if (gone && !taken) {
		rundir_unmark(m->rundir, m->name);
	}
	child_end(&m->child);
	docker_near_close(m);
	if (m->stderr_fd >= 0) {
		(void)close(m->stderr_fd);
		m->stderr_fd = -1;
	}
}

enum outcome { STARTED, REFUSED, NO_AGENT };

/* The agent's own complaint (an unknown user, a disk that is full) is no reason to replace it. */
static bool is_complaint(const struct err *err)
{
	return str_starts(str_of(err->msg), STR("the agent ended: "));
}

/* An agent that is missing or no program gives a status of 126 or 127, and one that is broken any
 * other, or something else than the agent's greeting. */
static enum outcome not_started(struct arena *a, struct docker_machine *m, bool in_time,
				struct err *err)
{
	bool ended = client_wait(m, REFUSED_MS);
	struct str text = docker_stderr(a, m), words = docker_words(text);

	if (is_complaint(err)) {
		return REFUSED;
	}
	if (!ended) {
		return in_time ? NO_AGENT : REFUSED;
	}

	bool refused = m->child.status == DOCKER_FAILED &&
		       str_find(text, STR(DOCKER_AGENT_FILE), 0) == STR_NPOS;
	struct str why = arena_str(a, str_of(err->msg));

	err_release(err);
	if (refused && words.len) {
		(void)err_set(err, ERR_ENGINE, "%s run: %.*s", m->program->name, STR_ARG(words));
	} else {
		(void)err_set(err, ERR_ENGINE, "%.*s%s%.*s", STR_ARG(why), words.len ? ": " : "",
			      STR_ARG(words));
	}
	return refused ? REFUSED : NO_AGENT;
}

static bool is_our_agent(const struct channel *c, struct err *err)
{
	struct str build = channel_peer(c)->build;

	return str_eq(build, str_of(agent_build())) ||
	       err_set(err, ERR_ENGINE, "another agent answered (build %.*s)", STR_ARG(build));
}

static enum outcome run(struct arena *a, const struct machine_spec *spec,
			const struct engine_image *image, struct docker_machine *m, struct err *err)
{
	struct docker_args args = { .a = a };
	struct str dirs[DIRS_MAX];
	struct channel_hello hello = { .user = image->user, .dirs = dirs };

	m->user = image->user;
	hello.ndirs = job_dirs(a, spec, &m->base.paths, dirs);
	m->name = docker_name(a, spec);
	docker_near_open(a, m, spec);
	hello.door = &m->door;
	if (!run_args(&args, spec, image, m, err) || !open_stderr(a, m, err)) {
		return REFUSED;
	}

	struct child_spec child = docker_child(&args);

	hello.user = m->user.len ? m->user : image->user;
	child.in = child.out = CHILD_PIPE;
	child.in_nonblock = true;
	child.err = m->stderr_fd;
	/* Killed between its requests it would leave a container that nothing starts or removes:
	 * it goes on, and the agent ends for want of a stdin. */
	child.outlives = true;
	rundir_mark(m->rundir, m->name);
	(void)clock_gettime(CLOCK_REALTIME, &m->started);
	if (!child_start(&child, &m->child, err)) {
		return REFUSED;
	}

	int out = m->child.out;
	long long begun = now_ms();

	m->child.out = fcntl(out, F_DUPFD_CLOEXEC, 3); /* see client_wait() */
	m->base.channel = channel_open(a, out, m->child.in, &hello, DOCKER_START_MS, err);
	m->child.in = -1;
	if (!m->base.channel) {
		return not_started(a, m, now_ms() - begun < DOCKER_START_MS, err);
	}
	return is_our_agent(m->base.channel, err) ? STARTED : NO_AGENT;
}

/* One try: whatever it did is undone unless it started. */
static enum outcome attempt(struct arena *a, const struct machine_spec *spec,
			    const struct engine_image *image, struct docker_machine *m,
			    struct err *err)
{
	err_release(err);

	enum outcome outcome = run(a, spec, image, m, err);

	if (outcome != STARTED) {
		machine_end(m, END_FORCE_MS, REMOVE_MS);
	}
	return outcome;
}

/*
 * The lock is held until the agent has answered: another act-c that finds the volume half-filled
 * waits here and then tries again before it fills it itself. An act-c of another home at the same
 * daemon does not see this lock, and may be filling at the same moment: hence several tries.
 */
static enum outcome fill_and_attempt(struct arena *a, const struct machine_spec *spec,
				     const struct engine_image *image, struct docker_machine *m,
				     struct err *err)
{
	enum outcome outcome = NO_AGENT;
	bool waited = false;

	err_release(err);

	int lock = docker_lock(a, spec, "agent", 2 * DOCKER_START_MS, &waited, err);

	if (lock < 0) {
		return REFUSED;
	}
	if (waited) {
		outcome = attempt(a, spec, image, m, err);
	}
	for (int i = 0; outcome == NO_AGENT && i < FILL_TRIES; i++) {
		err_release(err);
		if (docker_agent_fill(a, m->program, spec, image, err)) {
			outcome = attempt(a, spec, image, m, err);
		}
	}
	(void)close(lock);
	return outcome;
}

static struct str read_id(struct arena *a, const struct docker_machine *m)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct err ignored = ERR_INIT;
	struct str id = str_of(m->name);

	if (m->id_file && read_file(m->id_file, &text, &ignored)) {
		id = arena_str(a, str_trim(strbuf_str(&text)));
	}
	err_release(&ignored);
	strbuf_release(&text);
	return id;
}

static void set_paths(struct arena *a, struct docker_machine *m, const struct machine_spec *spec)
{
	struct runner_paths *paths = &m->base.paths;

	if (spec->beside) {
		docker_action_paths(m);
		return;
	}

	*paths = machine_layout(a, STR(WORK), spec->repository_name);
	paths->tool_cache = STR(TOOL_CACHE);
	paths->externals = STR(EXTERNALS);
	if (spec->container) {
		m->base.shown = *paths;
		*paths = machine_layout(a, STR(WORK_IN), spec->repository_name);
		paths->tool_cache = STR(TOOLS_IN);
		paths->externals = STR(EXTERN_IN);
	}
}

/* Where --mount labels no volume, the kept ones are made with theirs; the agent's is when it is
 * filled. */
static bool make_tool_volume(struct arena *a, const struct docker_machine *m,
			     const struct engine_image *image, struct err *err)
{
	return m->program->mount_labels || m->base.beside ||
	       docker_volume_make(a, m->program, tool_volume(a, image), "tool", err);
}

/* The right agent, and a machine that runs no programs of its kind. */
static void explain_format(struct arena *a, const struct engine_image *image, struct err *err)
{
	const struct agent_program *here = agent_here();

	if (str_find(str_of(err->msg), STR("exec format error"), 0) == STR_NPOS ||
	    agent_for(image->platform) == here) {
		return;
	}

	struct str words = arena_str(a, str_of(err->msg));

	err_release(err);
	(void)err_set(err, ERR_ENGINE,
		      "%.*s; the machine with the engine must be able to run programs for %.*s "
		      "(Debian, Ubuntu: sudo apt-get install qemu-user-static)",
		      STR_ARG(words), STR_ARG(image->platform));
}

static struct machine *start_with(struct arena *a, const struct engine *engine,
				  const struct docker_program *program,
				  const struct machine_spec *spec, struct err *err)
{
	struct docker_machine *m = arena_new(a, struct docker_machine);
	struct engine_image image = { .id = STR_EMPTY };

	m->arena = a;
	m->base.engine = engine;
	m->base.beside = spec->beside;
	m->program = program;
	set_paths(a, m, spec);
	m->base.id = STR_EMPTY;
	m->base.services = STR_EMPTY;
	m->rundir = spec->rundir;
	m->image = spec->image;
	m->platform = spec->platform;
	m->child = (struct child)CHILD_INIT;
	m->door = (struct channel_door){ .listener = -1, .dir = -1, .inside = STR_EMPTY };
	m->stderr_fd = -1;
	if (!docker_image_ready(a, program, spec, &image, err)) {
		return NULL;
	}
	m->base.config = image.config;

	if (!make_tool_volume(a, m, &image, err) || !docker_externals_make(a, m, err)) {
		return NULL;
	}

	m->near = docker_is_near(a, program);

	enum outcome outcome = attempt(a, spec, &image, m, err);

	/* Whatever the status: docker gives 126 for any permission that is denied. */
	if (outcome != STARTED && docker_near_refused(m, err)) {
		outcome = attempt(a, spec, &image, m, err);
	}
	if (outcome == NO_AGENT) {
		outcome = fill_and_attempt(a, spec, &image, m, err);
	}
	if (outcome != STARTED) {
		explain_format(a, &image, err);
		(void)err_wrap(err, "start a container of image \"%.*s\"", STR_ARG(spec->image));
		return NULL;
	}
	if (spec->beside && !docker_action_check(a, &m->base, err)) {
		machine_end(m, END_FORCE_MS, REMOVE_MS);
		return NULL;
	}
	if (!docker_socket_offer(a, m, spec, err)) {
		machine_end(m, END_FORCE_MS, REMOVE_MS);
		return NULL;
	}
	docker_client_bring(a, m, spec, &image);
	m->base.id = read_id(a, m);
	m->base.describe =
		arena_printf(a, "container %s, image %.*s%s", m->name, STR_ARG(image.id),
			     channel_is_direct(m->base.channel) ? ", reached directly" : "");
	return &m->base;
}

static void docker_stop(struct machine *base, bool force)
{
	struct docker_machine *m = (struct docker_machine *)base;

	machine_end(m, force ? END_FORCE_MS : END_MS, force ? REMOVE_FORCE_MS : REMOVE_MS);
	docker_socket_end(m);
}

static bool look_with(struct arena *a, const struct docker_program *d, struct str image,
		      struct engine_image *out, struct err *err)
{
	bool is_there = false;

	return docker_image_look(a, d, image, out, &is_there, err) && is_there;
}

/* --- the engines ------------------------------------------------------------------------------ */

/* An engine's functions know nothing but which program they are for. */
#define PROGRAM_ENGINE(NAME)                                                              \
	static void NAME##_engine_probe(struct arena *a, struct engine_state *out)        \
	{                                                                                 \
		docker_probe(a, &NAME##_program, out);                                    \
	}                                                                                 \
	static struct machine *NAME##_engine_start(                                       \
		struct arena *a, const struct machine_spec *spec, struct err *err)        \
	{                                                                                 \
		return start_with(a, &engine_##NAME, &NAME##_program, spec, err);         \
	}                                                                                 \
	static int NAME##_engine_sweep(const struct rundir *home, bool all, bool caches,  \
				       struct err *err)                                   \
	{                                                                                 \
		return docker_sweep(&NAME##_program, home, all, caches, err);             \
	}                                                                                 \
	static bool NAME##_engine_look(struct arena *a, struct str image,                 \
				       struct engine_image *out, struct err *err)         \
	{                                                                                 \
		return look_with(a, &NAME##_program, image, out, err);                    \
	}                                                                                 \
	static bool NAME##_engine_fetch(struct arena *a, const struct machine_spec *spec, \
					struct err *err)                                  \
	{                                                                                 \
		struct engine_image image;                                                \
		return docker_image_ready(a, &NAME##_program, spec, &image, err);         \
	}                                                                                 \
	static bool NAME##_engine_build(struct arena *a, const struct machine_spec *spec, \
					int archive, struct str file, struct err *err)    \
	{                                                                                 \
		return docker_build(a, &NAME##_program, spec, archive, file, err);        \
	}                                                                                 \
	static size_t NAME##_engine_caches(struct arena *a, struct str **names)           \
	{                                                                                 \
		return docker_caches_shown(a, &NAME##_program, names);                    \
	}                                                                                 \
	static struct pod *NAME##_engine_pod_open(                                        \
		struct arena *a, const struct machine_spec *spec,                         \
		const struct container_spec *services, size_t n, struct err *err)         \
	{                                                                                 \
		return docker_pod_open(a, &NAME##_program, spec, services, n, err);       \
	}                                                                                 \
	const struct engine engine_##NAME = { .name = #NAME,                              \
					      .probe = NAME##_engine_probe,               \
					      .start = NAME##_engine_start,               \
					      .stop = docker_stop,                        \
					      .why_lost = docker_why_lost,                \
					      .sweep = NAME##_engine_sweep,               \
					      .look = NAME##_engine_look,                 \
					      .fetch = NAME##_engine_fetch,               \
					      .build = NAME##_engine_build,               \
					      .caches = NAME##_engine_caches,             \
					      .bring = docker_bring,                      \
					      .pod_open = NAME##_engine_pod_open,         \
					      .pod_serve = docker_pod_serve,              \
					      .pod_logs = docker_pod_logs,                \
					      .pod_close = docker_pod_close }

PROGRAM_ENGINE(docker);
PROGRAM_ENGINE(podman);
