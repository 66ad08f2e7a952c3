/*
 * engine_sandbox.c - the sandbox engine: the agent in Linux namespaces, over a copy-on-write view
 * of this machine's root. No daemon, no image, and nothing to sweep: whatever a job makes is in
 * memory of its own and goes with its processes.
 *
 * Here is act-c's side; what happens inside is in sandbox_init.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"
#include "agent_blob.h"
#include "externals_link.h"
#include "machine.h"
#include "sandbox.h"

enum {
	START_MS = 20 * 1000,
	STOP_MS = 3 * 1000,
	REPORT_MAX = 4096,
	RESOLV_MAX = 65536,
};

#define WORK       "/home/runner/work"
#define TOOL_CACHE "/opt/hostedtoolcache"
#define EXTERNALS  "/home/runner/externals"

struct sandbox_machine {
	struct machine base;
	pid_t pid;
	int report;  /* what the new process could not do, in words */
	int go;      /* open as long as the sandbox may live */
	int out;     /* the channel's, once more: at its end everything inside is being killed */
	bool shares; /* something of this machine's, so that its end is waited for */
	const struct machine_spec *spec; /* a copy */
	const char *groups[SANDBOX_LIMITS];
	struct sandbox_network network;
};

struct pipes {
	int in[2], out[2], go[2], report[2];
};

/* --- what is shown and what is not -------------------------------------------------------------
 */

/* Pairs of a path here and where it is shown. */
static const char *const *exposed_paths(struct arena *a, const struct machine_spec *spec,
					struct err *err)
{
	const char **list = arena_array(a, const char *, 2 * spec->nexpose + 3);
	char real[PATH_MAX];

	for (size_t i = 0; i < spec->nexpose; i++) {
		const char *path = arena_cstr(a, spec->expose[i]);

		if (!realpath(path, real)) {
			err_sys(err, errno, "--expose %s", path);
			return NULL;
		}
		list[2 * i] = list[2 * i + 1] = arena_cstr(a, str_of(real));
	}
	if (spec->externals.len && make_dirs(spec->externals.p, 0755, err) &&
	    realpath(spec->externals.p, real)) {
		list[2 * spec->nexpose] = arena_cstr(a, str_of(real));
		list[2 * spec->nexpose + 1] = EXTERNALS;
	}
	return list;
}

/*
 * resolv.conf as a job needs it. Name servers on a loopback are this machine's own and are not
 * there in another network namespace: the helper has one for it.
 */
static struct str resolver(struct arena *a, bool share, enum sandbox_helper helper)
{
	struct strbuf text = STRBUF_INIT(RESOLV_MAX), out = STRBUF_INIT(RESOLV_MAX);
	struct err ignored = ERR_INIT;
	size_t servers = 0;

	(void)read_file("/etc/resolv.conf", &text, &ignored);
	err_release(&ignored);

	struct str rest = strbuf_str(&text);

	while (rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');
		bool server = str_starts(line, STR("nameserver"));
		struct str address = str_trim(str_slice(line, 10, line.len));
		bool local = str_starts(address, STR("127.")) || str_eq(address, STR("::1"));

		if (!server || !local || share) {
			(void)strbuf_addf(&out, "%.*s\n", STR_ARG(line));
			servers += server;
		}
	}
	if (servers == 0 && (helper == HELPER_SLIRP4NETNS || helper == HELPER_SLIRP_VETH)) {
		(void)strbuf_adds(&out, STR("nameserver " SANDBOX_SLIRP_DNS "\n"));
	} else if (servers == 0 && helper == HELPER_PASTA) {
		(void)strbuf_adds(&out, STR("nameserver " SANDBOX_PASTA_DNS "\n"));
	}

	struct str s = arena_str(a, strbuf_str(&out));

	strbuf_release(&text);
	strbuf_release(&out);
	return s;
}

/* --- starting ----------------------------------------------------------------------------------
 */

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

static void close_pair(int fds[2])
{
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

static bool open_pipes(struct pipes *p, struct err *err)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	return (pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 &&
		pipe2(p->go, O_CLOEXEC) == 0 && pipe2(p->report, O_CLOEXEC) == 0) ||
	       err_sys(err, errno, "pipe");
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->in);
	close_pair(p->out);
	close_pair(p->go);
	close_pair(p->report);
}

/* As fork does, in new namespaces. */
static pid_t fork_apart(const struct sandbox *s)
{
	unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;

	flags |= s->first_userns ? CLONE_NEWUSER : 0UL;
	flags |= s->share_network ? 0UL : CLONE_NEWNET;
	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

static bool fork_sandbox(struct sandbox *s, struct sandbox_machine *m, struct pipes *p,
			 struct err *err)
{
	m->pid = fork_apart(s);
	if (m->pid == 0) {
		close_fd(&p->in[1]);
		close_fd(&p->out[0]);
		close_fd(&p->go[1]);
		close_fd(&p->report[0]);
		s->in = p->in[0];
		s->out = p->out[1];
		s->go = p->go[0];
		s->report = p->report[1];
		sandbox_init(s);
	}
	if (m->pid < 0) {
		m->pid = 0;
		return err_sys(err, errno, "make namespaces");
	}
	close_fd(&p->in[0]);
	close_fd(&p->out[1]);
	close_fd(&p->go[0]);
	close_fd(&p->report[1]);
	m->go = p->go[1];
	m->report = p->report[0];
	p->go[1] = p->report[0] = -1;
	return true;
}

/* The words of the new process explain more than that its channel ended. */
static void take_report(struct sandbox_machine *m, struct err *err)
{
	char text[REPORT_MAX];
	ssize_t n = read(m->report, text, sizeof(text));

	if (n > 0) {
		err_release(err);
		err_set(err, ERR_ENGINE, "%.*s", (int)n, text);
	}
}

static bool open_channel(struct arena *a, struct sandbox_machine *m, struct pipes *p, bool bound,
			 struct str repository, struct err *err)
{
	const struct runner_paths *paths = &m->base.paths;
	struct str dirs[8];
	struct channel_hello hello = { .user = STR_EMPTY, .dirs = dirs };
	int in = p->out[0], out = p->in[1];
	size_t n = 0;

	dirs[n++] = STR("/home/runner");
	dirs[n++] = paths->work;
	dirs[n++] = arena_printf(a, "%.*s/%.*s", STR_ARG(paths->work), STR_ARG(repository));
	if (!bound) {
		dirs[n++] = paths->workspace;
	}
	dirs[n++] = paths->temp;
	dirs[n++] = paths->actions;
	dirs[n++] = paths->tool_cache;
	dirs[n++] = paths->externals;
	hello.ndirs = n;
	m->out = fcntl(in, F_DUPFD_CLOEXEC, 3);
	p->out[0] = p->in[1] = -1;
	m->base.channel = channel_open(a, in, out, &hello, START_MS, err);
	if (!m->base.channel) {
		take_report(m, err);
	}
	return m->base.channel != NULL;
}

static bool run(struct sandbox *s, struct sandbox_machine *m, struct pipes *p, struct err *err)
{
	const struct machine_spec *spec = s->spec;
	bool helped = m->network.helper != HELPER_NONE;

	if (!fork_sandbox(s, m, p, err) ||
	    (s->first_userns && !sandbox_write_maps(s, m->pid, err))) {
		return false;
	}
	if (!sandbox_limit(s->a, spec, m->pid, m->groups, err)) {
		return false;
	}
	if (helped && !sandbox_network_open(&m->network, m->pid, s->first_userns, err)) {
		return false;
	}
	(void)!write(m->go, "", 1);
	/* The helper makes its interface while the sandbox mounts. */
	return (!helped || sandbox_network_start(s->a, &m->network, s->base, err)) &&
	       open_channel(s->a, m, p, spec->bind.len > 0, spec->repository_name, err) &&
	       (!helped || sandbox_network_ready(&m->network, err));
}

/* The agent kills all others and ends, which closes its output; the kernel then takes its time to
 * undo the mounts. False when it has not come so far in time. */
static bool is_ending(const struct sandbox_machine *m, int timeout_ms)
{
	long long until = now_ms() + timeout_ms;
	char rest[65536];

	for (;;) {
		long long left = until - now_ms();
		struct pollfd p = { .fd = m->out, .events = POLLIN };

		if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
			return false;
		}
		if (read(m->out, rest, sizeof(rest)) <= 0) {
			return true;
		}
	}
}

/* Waits for the end of its first process, with which all others end. */
static void end_process(struct sandbox_machine *m, int timeout_ms)
{
	struct child first = { m->pid, -1, -1, -1, 0, false };

	if (m->pid > 0 && !m->shares && m->out >= 0 && is_ending(m, timeout_ms)) {
		(void)kill(m->pid, SIGKILL);
	} else if (m->pid > 0 && !child_wait(&first, timeout_ms)) {
		child_end(&first);
	}
	m->pid = 0;
}

static void sandbox_stop(struct machine *machine, bool force)
{
	struct sandbox_machine *m = (struct sandbox_machine *)machine;

	/* Which tells the agent to end, while the network's helper does. */
	if (m->base.channel) {
		channel_close(m->base.channel);
		m->base.channel = NULL;
	}
	sandbox_network_end(&m->network);
	end_process(m, force ? 0 : STOP_MS);
	sandbox_unlimit(m->spec, m->groups);
	close_fd(&m->go);
	close_fd(&m->out);
	close_fd(&m->report);
}

/* A job of an ordinary user that installs something: the child says here how long it took. */
static int *shared_number(void)
{
	void *p =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void tell_trees(const struct sandbox *s)
{
	const struct machine_spec *spec = s->spec;

	if (s->tree_ms && spec->progress) {
		spec->progress(
			spec->ctx,
			arena_printf(s->a,
				     "made the system's directories writable, since this job "
				     "installs packages or uses sudo (%d ms); what needs "
				     "other users, or replaces files of this machine's own "
				     "packages, needs --engine docker",
				     *s->tree_ms));
	}
}

/* --- the network's kind ------------------------------------------------------------------------
 */

/* Without --network: what can be had; the run has been told (sandbox_notes). */
static bool choose_network(struct sandbox *s, enum sandbox_helper *helper, struct err *err)
{
	struct str name = s->spec->no_egress ? STR("none") : s->spec->network, why = STR_EMPTY;

	*helper = HELPER_NONE;
	s->share_network = str_eq(name, STR("host"));
	if (s->share_network && s->spec->nhosts) {
		return err_set(
			err, ERR_ENGINE,
			"stand-ins need a network of the job's own: leave out --network host");
	}
	if (s->share_network || str_eq(name, STR("none"))) {
		return true;
	}
	*helper = sandbox_helper(&why);
	if (name.len == 0) {
		return true;
	}
	if (!str_eq(name, STR("default")) && !str_eq(name, STR("bridge"))) {
		return err_set(err, ERR_ENGINE,
			       "the sandbox has no network \"%.*s\"; it has default, none and host",
			       STR_ARG(name));
	}
	return *helper != HELPER_NONE ||
	       err_set(err, ERR_ENGINE, "no network for the sandbox: %.*s", STR_ARG(why));
}

static bool init_sandbox(struct sandbox *s, enum sandbox_helper *helper, struct err *err)
{
	const struct machine_spec *spec = s->spec;

	s->base = arena_cstr(s->a, spec->rundir->tmp);
	s->hidden = sandbox_hidden(s->a, spec->rundir);
	s->exposed = exposed_paths(s->a, spec, err);
	s->bind = spec->bind.len ? arena_cstr(s->a, spec->bind) : NULL;
	if (!s->exposed || !choose_network(s, helper, err) || !sandbox_choose_ids(s, err)) {
		return false;
	}
	s->tree_ms = s->spec->changes_system && (s->ids == IDS_SINGLE || s->ids == IDS_SUBORDINATE)
			     ? shared_number()
			     : NULL;
	s->resolv = resolver(s->a, s->share_network, *helper);
	s->packets = -1;
	s->program = spec->agent > 0 ? fcntl(spec->agent, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
	if (s->program < 0) {
		s->program = agent_memfd(err);
	}
	return s->program >= 0;
}

static struct machine *sandbox_start(struct arena *a, const struct machine_spec *spec,
				     struct err *err)
{
	struct sandbox_machine *m = arena_new(a, struct sandbox_machine);
	struct sandbox s = { .a = a, .spec = spec, .shift_fd = -1, .program = -1 };
	struct pipes p;

	struct machine_spec *kept = arena_new(a, struct machine_spec);

	*kept = *spec;
	m->spec = kept;
	m->base.engine = &engine_sandbox;
	m->base.describe = STR_EMPTY;
	m->base.paths = machine_layout(a, STR(WORK), spec->repository_name);
	m->base.paths.tool_cache = STR(TOOL_CACHE);
	m->base.paths.externals = STR(EXTERNALS);
	m->network =
		(struct sandbox_network){ .child = CHILD_INIT, .ready = -1, .net = -1, .user = -1 };
	m->report = m->go = m->out = -1;

	s.bind_at = arena_cstr(a, m->base.paths.workspace);

	bool ok = open_pipes(&p, err) && init_sandbox(&s, &m->network.helper, err) &&
		  run(&s, m, &p, err);

	m->shares = s.bind || s.share_network || m->groups[LIMIT_MEMORY] || m->groups[LIMIT_CPUS];
	if (ok) {
		tell_trees(&s);
	}
	if (s.tree_ms) {
		(void)munmap(s.tree_ms, sizeof(int));
	}
	close_pipes(&p);
	close_fd(&s.program);
	sandbox_release_ids(&s);
	if (!ok) {
		sandbox_stop(&m->base, true);
		err_wrap(err, "sandbox");
		return NULL;
	}
	return &m->base;
}

static struct str sandbox_why_lost(struct arena *a, struct machine *machine)
{
	struct sandbox_machine *m = (struct sandbox_machine *)machine;
	int status = 0;

	if (m->pid > 0 && waitpid(m->pid, &status, WNOHANG) == m->pid) {
		m->pid = 0;
		if (WIFSIGNALED(status)) {
			return arena_printf(a, "the sandbox was ended by signal %d",
					    WTERMSIG(status));
		}
		return STR("the sandbox has ended");
	}
	return STR("the connection to the sandbox's agent was lost");
}

/* Nothing outlives a sandbox's first process, and that one ends with act-c; but for control groups,
 * which are empty then. */
static int sandbox_sweep(const struct rundir *home, bool all, bool caches, struct err *err)
{
	int removed = sandbox_sweep_limits(home);

	(void)all;
	(void)caches;
	(void)err;
	return removed;
}

static size_t sandbox_notes(struct arena *a, const struct machine_spec *spec, struct str **out)
{
	struct str *lines = arena_array(a, struct str, 5);
	struct str name = sandbox_system_name(a), why = STR_EMPTY;
	size_t n = 0;

	lines[n++] = arena_printf(a,
				  "sandbox: jobs run on this machine's own %.*s, whatever their "
				  "label; -P LABEL=IMAGE has no effect",
				  STR_ARG(name));
	if (str_eq(spec->network, STR("host"))) {
		lines[n++] = STR("sandbox: jobs share this machine's network, its loopback too");
	} else if (spec->network.len == 0 && sandbox_helper(&why) == HELPER_NONE) {
		lines[n++] = arena_printf(a,
					  "sandbox: jobs have no network but a loopback of their "
					  "own: %.*s",
					  STR_ARG(why));
	}
	if (spec->memory.len && !sandbox_can_limit(LIMIT_MEMORY)) {
		lines[n++] = STR("sandbox: --memory has no effect: no control group for memory may "
				 "be made here");
	}
	if (spec->cpus.len && !sandbox_can_limit(LIMIT_CPUS)) {
		lines[n++] =
			STR("sandbox: --cpus has no effect: no control group for processors may "
			    "be made here");
	}
	if (spec->options.len || spec->privileged || spec->platform.len) {
		lines[n++] = STR("sandbox: --container-options, --privileged and "
				 "--container-architecture have no effect");
	}
	*out = lines;
	return n;
}

const struct engine engine_sandbox = {
	.bring = externals_link,
	.name = "sandbox",
	.own_system = true,
	.probe = sandbox_probe,
	.start = sandbox_start,
	.stop = sandbox_stop,
	.why_lost = sandbox_why_lost,
	.sweep = sandbox_sweep,
	.notes = sandbox_notes,
};
