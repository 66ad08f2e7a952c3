/*
 * sandbox.h - what the files of the sandbox engine share (Linux only).
 *
 * A sandbox is a process in namespaces of its own whose root is a copy-on-write view of this
 * machine's. Two steps matter: whoever mounts must own what is mounted over (enum sandbox_ids),
 * and before the agent is executed one more user and mount namespace is entered, in which nothing
 * that was mounted before can be taken away again: only then may the job keep its capabilities.
 */
#ifndef ACTC_ENGINE_SANDBOX_H
#define ACTC_ENGINE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "actc/arena.h"
#include "actc/engine.h"
#include "actc/err.h"
#include "actc/process.h"

/* Which users of this machine the job's users are. */
enum sandbox_ids {
	IDS_SHIFTED, /* root here: the job's 0 is SANDBOX_SHIFT here, files are shown shifted back
		      */
	IDS_SAME,    /* root here, and the file system cannot be shown shifted */
	IDS_SUBORDINATE, /* a user: 0 is that user, 1… are the subordinate ids; or who has become
			  * root by them, in a user namespace */
	IDS_SINGLE,      /* a user without them: there is only 0 */
};

enum { SANDBOX_SHIFT = 0x70000000, SANDBOX_SHIFT_COUNT = 65536 };

struct sandbox {
	struct arena *a;
	const struct machine_spec *spec;
	enum sandbox_ids ids;
	bool first_userns; /* no rights to mount here: they come from a user namespace */
	bool share_network;
	bool is_system_root;       /* the job's root is who this machine's /proc obeys */
	uid_t owner;               /* the job's root, as seen where the mounts are made */
	int shift_fd;              /* IDS_SHIFTED: the user namespace that shifts; else -1 */
	pid_t shift_holder;        /* the child that made it, to be waited for */
	const char *outer[2];      /* first_userns: uid and gid map of the first one, or NULL … */
	const char *inner[2];      /* … and of the one that the job is in */
	struct str subordinate[2]; /* IDS_SUBORDINATE: "first count" */
	const char *base;          /* a directory to mount the writable layer on */
	const char *const
		*hidden; /* NULL-terminated: directories of the user's that are not shown */
	const char *const *exposed; /* pairs of what and where; NULL-terminated */
	const char *bind, *bind_at; /* a directory that the job works in itself; or NULL */
	int *tree_ms;               /* shared: what writable system directories took; or NULL */
	struct str resolv;          /* content of resolv.conf */
	int go;                     /* a byte: the maps are written; end of file: act-c is gone */
	int report;                 /* what went wrong, in words; closed by the exec */
	int in, out;                /* the channel's other ends */
	int program;
	int packets; /* of the agent, for WATCH; or -1 */
};

/* Chooses ids and maps for whoever runs act-c. */
bool sandbox_choose_ids(struct sandbox *s, struct err *err);
/* Writes the maps of a process that has just been made with a user namespace. */
bool sandbox_write_maps(const struct sandbox *s, pid_t pid, struct err *err);
void sandbox_release_ids(struct sandbox *s);
/* Whether act-c may mount without a user namespace of its own. */
bool sandbox_is_privileged(void);

/* In the new process: everything up to the exec of the agent. Never returns. */
_Noreturn void sandbox_init(struct sandbox *s);
/* The root directory of the job below the current directory, as "root". */
bool sandbox_view(struct sandbox *s, struct err *err);
/* dev, proc and sys in it. */
bool sandbox_system(struct sandbox *s, struct err *err);
/* Once that is the root, and in a user namespace: no namespace below shows a control group. */
void sandbox_hide_control_groups(void);
/* Once that is the root: where root is this machine's, of /proc what only root may write. */
bool sandbox_protect(struct err *err);
/* What of this machine's is shown in it all the same. */
bool sandbox_show(const struct sandbox *s, struct err *err);
/* Once that is the root, so that links lead nowhere else: files that are not this machine's. */
bool sandbox_files(struct sandbox *s, struct err *err);
/* A file of that content, made anew, owned by the job's root. */
bool sandbox_put(const struct sandbox *s, const char *path, struct str content, unsigned mode,
		 struct err *err);
/* `from` shown at `to`, which must be there; read-only unless `writable`. */
bool sandbox_bind(const struct sandbox *s, const char *from, const char *to, bool writable,
		  struct err *err);

/* Directories of people's that are not shown, wherever they are; NULL at the end. */
const char *const *sandbox_hidden(struct arena *a, const struct rundir *rundir);
bool sandbox_is_system_dir(const char *path);
/* Takes files with the system's keys away, once that is the root. */
void sandbox_remove_secrets(void);

/* Resource limits, by control groups where this machine has them. */
enum sandbox_limit { LIMIT_MEMORY, LIMIT_CPUS, SANDBOX_LIMITS };
bool sandbox_parse_memory(struct str text, unsigned long long *bytes);
bool sandbox_parse_cpus(struct str text, double *cpus);
bool sandbox_can_limit(enum sandbox_limit which);
/* Puts a process into groups with the limits of the spec; what cannot be limited is left out (the
 * run was told). `groups` are the directories made, for sandbox_unlimit(). */
bool sandbox_limit(struct arena *a, const struct machine_spec *spec, pid_t pid,
		   const char *groups[SANDBOX_LIMITS], struct err *err);
void sandbox_unlimit(const struct machine_spec *spec, const char *groups[SANDBOX_LIMITS]);
/* Removes what ended runs left of them, and notes it. */
int sandbox_sweep_limits(const struct rundir *home);

/* The helper that carries the job's network: by a tap device, or, where there is no /dev/net/tun,
 * by a process of ours that hands it the frames (sandbox_veth.c). */
#define SANDBOX_SLIRP_DNS "10.0.2.3"
#define SANDBOX_PASTA_DNS "169.254.1.1"
enum sandbox_helper { HELPER_NONE, HELPER_SLIRP4NETNS, HELPER_PASTA, HELPER_SLIRP_VETH };
struct sandbox_network {
	enum sandbox_helper helper;
	struct child child;
	pid_t carrier; /* HELPER_SLIRP_VETH; or 0 */
	int ready;
	int net, user; /* the namespaces; the second is -1 where there is none */
};
enum sandbox_helper sandbox_helper(struct str *why_not);
/* Takes hold of a new process's namespaces, which may not have gone on to others yet. */
bool sandbox_network_open(struct sandbox_network *n, pid_t pid, bool userns, struct err *err);
/* Starts n->helper for them; `dir` is a private directory for a socket. sandbox_network_ready()
 * waits until it carries. */
bool sandbox_network_start(struct arena *a, struct sandbox_network *n, const char *dir,
			   struct err *err);
bool sandbox_network_ready(struct sandbox_network *n, struct err *err);
/* Nobody needs it any more. It is killed, but not waited for: the kernel takes its time to undo the
 * device. */
void sandbox_network_end(struct sandbox_network *n);

void sandbox_probe(struct arena *a, struct engine_state *out);
/* The distribution's name for people. */
struct str sandbox_system_name(struct arena *a);

#endif
