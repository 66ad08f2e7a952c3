/*
 * channel.h - act-c's side of the connection to one agent.
 *
 * Requests are queued and sent by channel_turn(), which also dispatches what arrived: callbacks run
 * only inside it (and inside the calls that say they wait), and must not wait themselves. One
 * channel serves any number of processes at once. When the agent is gone every open request ends
 * with ERR_LOST, every process as if by SIGKILL, and channel_lost() says so.
 */
#ifndef ACTC_CHANNEL_H
#define ACTC_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct channel;
struct proc;

/*
 * A socket in a directory that the machine sees as well: the agent connects to it before anything
 * else, and where that works the channel leaves the descriptors that it began with. Open until the
 * greeting, then gone.
 */
#define CHANNEL_DOOR "channel" /* its name in the directory */
enum { CHANNEL_TOKEN = 32 };
struct channel_door {
	int listener;      /* -1 = none */
	int dir;           /* -1 = none */
	struct str inside; /* its path in the machine */
	char token[CHANNEL_TOKEN + 1];
};

/* False when there can be none. */
bool channel_door_open(struct channel_door *d, const char *dir);
void channel_door_close(struct channel_door *d);

/* What act-c tells the agent first. */
struct channel_hello {
	struct str user; /* of the steps: "", "name", "uid", "uid:gid", …; looked up in the image */
	const struct str *dirs; /* made if missing and given to that user */
	size_t ndirs;
	struct channel_door *door; /* or NULL */
};

/* What the agent answers. */
struct channel_peer {
	uint32_t version;
	struct str
		build;   /* the agent's source hash; another one than ours: fill the volume again */
	struct str arch; /* "x86_64", "aarch64" */
	uid_t uid;       /* of the steps */
	gid_t gid;
	struct str user;
	struct str home; /* from the image's passwd, else "/" */
	bool has_bash;   /* bash is on the image's PATH */
	size_t nenv;
	const struct str
		*env; /* "K=V": the environment the machine was started with (image's ENV) */
};

/* Takes over both descriptors. When the agent came through the door they only tell, by the end of
 * `in_fd`, that whoever started the machine is gone. Sends HELLO and waits for the answer, at most
 * timeout_ms. */
struct channel *channel_open(struct arena *a, int in_fd, int out_fd,
			     const struct channel_hello *hello, int timeout_ms, struct err *err);
const struct channel_peer *channel_peer(const struct channel *c);
/* Whether the agent came through the door. */
bool channel_is_direct(const struct channel *c);
/* Closes the descriptors: the agent then ends everything on its side. */
void channel_close(struct channel *c);
bool channel_lost(const struct channel *c);
/* In words, as far as the channel itself can tell; or empty. */
struct str channel_why_lost(const struct channel *c);

enum channel_turn { TURN_PROGRESS, TURN_WAKE, TURN_TIMEOUT, TURN_LOST };
/*
 * Sends, receives and dispatches once; waits at most timeout_ms (-1 = for ever) for something to
 * do. TURN_WAKE: wake_fd (or -1) is readable. Pings are sent, and an agent that stays silent for 30
 * s is lost, without the caller's help as long as it keeps taking turns at least every 5 s.
 */
enum channel_turn channel_turn(struct channel *c, int wake_fd, int timeout_ms);
/* From now on the turns of c serve the other channel too: its agent beside c's own. When the other
 * one is lost its processes end, and nothing happens to c. It must part before it is closed. */
void channel_join(struct channel *c, struct channel *other);
void channel_part(struct channel *c, struct channel *other);
/* Sends what is waiting, and a ping when one is due; reads nothing, never blocks. Also for a caller
 * that is busy elsewhere for long (a slow reader of its output) and must not take more in. */
void channel_keepalive(struct channel *c);

struct proc_spec {
	const struct str *argv; /* argv[0] with a slash, or looked up in the PATH of env */
	size_t nargv;
	const struct str *env; /* "K=V", the whole environment */
	size_t nenv;
	struct str cwd;
	struct str mark; /* optional: an entry of env that no other step has, as "GITHUB_OUTPUT=…".
			    SIGNAL_TREE knows by it the daemons whose parents are gone. */
	bool as_root;    /* not as the user of the steps */
	bool pty;
	/* Made empty before the start, for the user of the steps; handed back with the end, then
	 * removed: so a step with its files costs one round trip. */
	const struct str *files;
	size_t nfiles;
};

struct file_content {
	struct str path;
	bool found;
	bool too_large; /* then content holds the first `limit` bytes */
	struct str content;
};

struct proc_exit {
	int start_errno;       /* not 0: it never started (cwd or program missing, …) */
	struct str start_what; /* then: "chdir /x", "exec foo" */
	int code;              /* exit status, or 128 + signal */
	int signal;            /* 0 = it exited */
	bool oom;              /* the OOM killer ended a process of the machine while it ran */
	bool drained; /* false: output was given up 5 s after the exit, a child still holds it */
	/* The files of the spec, in its order, for the call only; those that are too large are
	 * still there. */
	size_t nfiles;
	const struct file_content *files;
};

struct proc_handler {
	void *ctx;
	void (*output)(void *ctx,
		       struct str bytes); /* stdout and stderr, in the order of writing */
	/* The last call: output is complete. Not called for what still runs at channel_close(). */
	void (*exited)(void *ctx, const struct proc_exit *exit);
};

/* stdin is empty. The handle is valid until `exited` was called. */
struct proc *channel_spawn(struct channel *c, const struct proc_spec *spec,
			   const struct proc_handler *handler);
enum signal_scope { SIGNAL_ENTRY, SIGNAL_GROUP, SIGNAL_TREE };
/* no_drain: when the entry is gone, what is in the pipe is read and then it is closed. */
void channel_signal(struct channel *c, struct proc *p, int signo, enum signal_scope scope,
		    bool no_drain);
/* For a process with a pty. */
void channel_resize(struct channel *c, struct proc *p, unsigned rows, unsigned columns);

/* Queued, no answer is waited for; a failure is reported by the next channel_sync(). */
void channel_write(struct channel *c, struct str path, unsigned mode, bool as_root,
		   struct str content);
void channel_mkdir(struct channel *c, struct str path, unsigned mode, bool as_root);
void channel_remove(struct channel *c, struct str path);
/* Waits until everything queued was done; false with the first failure. */
bool channel_sync(struct channel *c, struct err *err);

/* path is given, the rest is the answer. content holds no more than the limit. */
/* Reads n files in one round trip; contents are in the arena. */
bool channel_read(struct channel *c, struct arena *a, struct file_content *files, size_t n,
		  size_t limit, struct err *err);

/* Unpacks a tar stream into dir (which must be there), owned by the user of the steps. `more` fills
 * buf and returns its length, 0 at the end, -1 on a failure (which ends the request with an error).
 */
struct tar_source {
	void *ctx;
	ssize_t (*more)(void *ctx, void *buf, size_t size);
};
bool channel_put(struct channel *c, struct str dir, const struct tar_source *source,
		 struct err *err);
/* A path as a tar stream: a directory's names are relative to it, a file has its last name. */
bool channel_get(struct channel *c, struct str path, bool (*sink)(void *ctx, struct str bytes),
		 void *ctx, struct err *err);

struct file_stat {
	bool exists;
	unsigned mode;
	uint64_t size;
	uid_t uid;
};
bool channel_stat(struct channel *c, struct str path, struct file_stat *out, struct err *err);
/* hashFiles (SEMANTICS 2.10): `patterns`, after `--follow-symbolic-links` if wanted, are evaluated
 * by the agent below dir; *out is the hex digest, or empty when nothing matched. Gives up after 120
 * s with ETIMEDOUT in err->sys. */
bool channel_hash(struct channel *c, struct arena *a, struct str dir, const struct str *patterns,
		  size_t n, struct str *out, struct err *err);

/* Listens inside the job: "tcp:127.0.0.1:8080" or "unix:/path". Each connection is carried to
 * `dial`
 * ("unix:/path", "tcp:host:port"): by the agent itself when via_agent, else over the channel and
 * dialled here. The handle ends with channel_unforward or the channel. */
struct forward;
struct forward *channel_forward(struct channel *c, struct str listen, struct str dial,
				bool via_agent, struct err *err);
/* The agent dials `near`, a unix socket in the machine, and where that does not answer act-c dials
 * `dial`. An empty `near` is none. */
struct forward *channel_forward_near(struct channel *c, struct str listen, struct str near,
				     struct str dial, struct err *err);
/* The same, but each connection is `make`'s: a connected socket that does not block, or -1. */
struct forward *channel_forward_made(struct channel *c, struct str listen, int (*make)(void *ctx),
				     void *ctx, struct err *err);
/* By the agent, and without waiting for it: a port that is taken already is not told. May be called
 * from a callback. */
struct forward *channel_forward_later(struct channel *c, struct str listen, struct str dial);
/* `ready` is called in turns while the descriptor, which stays the caller's, can be read; until the
 * channel ends. */
void channel_watch(struct channel *c, int fd, void (*ready)(void *ctx), void *ctx);
/*
 * From now on the agent sees which hosts the machine's programs connect to; the watch lives in the
 * arena. The end says which, a line each (WATCH in src/agent/PROTOCOL.md), or why they are not to
 * be seen (EPERM: a machine without the right to look at packets), and must come before the channel
 * is closed.
 */
struct contact_watch;
struct contact_watch *channel_contacts_watch(struct channel *c, struct arena *a);
bool channel_contacts_end(struct channel *c, struct contact_watch *w, struct arena *a,
			  struct str *text, struct err *err);

void channel_unforward(struct channel *c, struct forward *f);

#endif
