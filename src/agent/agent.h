/*
 * agent.h - the agent's inside: its state, the streams it serves, and what each file offers.
 *
 * One process, one poll loop, no threads. What may take long (tar, hashing, a relayed connection)
 * runs in a forked worker and comes back through pipes, so that the loop always answers.
 */
#ifndef AGENT_H
#define AGENT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/frame.h"
#include "request.h"

/* Whom the steps run as. */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[64];
	size_t ngroups;
	struct str name;
	struct str home;
};

/* The kernel's count of processes that the OOM killer ended in this cgroup. */
struct oom_watch {
	int fd; /* -1: not to be had */
};

/* Files that have no name yet, but their owner and mode: for a step's script and its command files,
 * seven of them today. */
enum { SPARE_FILES = 8, SPARE_DIR_MAX = 512, SPARE_MODE = 0644 };
struct spare_files {
	char dir[SPARE_DIR_MAX]; /* they are in its file system; empty until one is known */
	int fds[SPARE_FILES];
	size_t n;
	bool off;    /* they cannot be had there */
	bool wanted; /* a step ran before */
};

struct contacts;

enum stream_kind {
	STREAM_PROC,   /* a step's process */
	STREAM_FILE,   /* READ */
	STREAM_WORK,   /* PUT, GET, HASH in a worker */
	STREAM_LISTEN, /* FORWARD */
	STREAM_CONN,   /* one forwarded connection */
	STREAM_WATCH,  /* WATCH */
};

struct stream {
	struct stream *next;
	uint32_t id;
	enum stream_kind kind;
	bool gone; /* unlinked and freed at the end of the turn */

	/* Towards act-c. */
	int src;         /* read here and sent as DATA; -1 = at its end */
	uint64_t credit; /* bytes that act-c still takes */
	uint64_t left;   /* bytes to take from src at most, UINT64_MAX = up to its end */

	/* From act-c. */
	int dst; /* DATA is written here, -1 = thrown away */
	struct strbuf pending;
	bool ending;    /* EOF was received: close dst when nothing is pending */
	uint32_t owed;  /* written and not yet given back as credit */
	uint64_t grant; /* bytes act-c may still send */

	/* STREAM_PROC and STREAM_WORK. */
	pid_t pid;
	bool exited;
	int status; /* as of waitpid */
	bool pty;
	bool no_drain;
	long long deadline; /* after the exit: when draining ends */
	uint64_t oom_before;
	unsigned long long start_time; /* of the entry, as in /proc/PID/stat */
	char *mark;                    /* an entry of its environment that no other step has */
	char **files;                  /* handed back with EXITED; NULL behind the last */
	int report;                    /* STREAM_WORK: how it went */

	/* STREAM_FILE: the file's size; STREAM_LISTEN: where connections go. */
	uint64_t size;
	bool via_agent;
	bool or_here; /* what cannot be dialled goes over the channel */
	char *dial;
	char *unlink_path;

	struct contacts *contacts; /* STREAM_WATCH */
};

struct agent {
	int in, out;
	int life;    /* stdin, when it is not `in`: only its end counts; or -1 */
	int direct;  /* what `out` becomes once the queue is empty; or -1 */
	int signals; /* signalfd */
	int packets; /* a packet socket that it was given, or -1 */
	bool init;   /* PID 1 of its namespace */
	bool greeted;
	bool over; /* the loop ends after this turn */
	struct user user;
	struct frame_input input;
	struct strbuf queue; /* frames that have not left yet */
	bool hurry;          /* some of them are to leave at once … */
	long long patience;  /* … else all of them at this time, unless something joins them */
	struct stream *streams;
	unsigned turn; /* which stream is served first changes every turn */
	uint32_t next_id;
	long long heard;
	long long spoke;
	struct oom_watch oom;
	struct spare_files spare;
	char **old_files;     /* those of the last process, that the next one's start removes */
	struct arena scratch; /* one request */
	uint8_t *chunk;       /* FRAME_HEADER + FRAME_MAX */
	char *bash;           /* where it was at the greeting; NULL once a process ran */
};

/* agent.c: the state and what leaves it. */
void agent_init(struct agent *a, int in, int out);
void agent_send(struct agent *a, enum frame_type type, uint32_t stream, struct str payload);
/* The same, for what nobody waits for and something else is likely to follow soon: between agent
 * and act-c are several programs, and each message on its own wakes them all. */
void agent_send_later(struct agent *a, enum frame_type type, uint32_t stream, struct str payload);
/* What is queued can wait a little. */
void agent_relax(struct agent *a);
/* How a request ended; takes over and releases *err. */
void agent_result(struct agent *a, uint32_t stream, struct err *err);
/* Writes what is queued as far as `out` takes it. */
void agent_flush(struct agent *a);
/* The same, unless what is queued can wait. */
void agent_flush_due(struct agent *a);
/* The other side broke the protocol: says so and ends. */
__attribute__((format(printf, 2, 3))) void agent_fault(struct agent *a, const char *fmt, ...);
/* A frame that arrived. */
void agent_frame(struct agent *a, const struct frame *f);
/* Lets the other side know that a long request is still worked on. */
void agent_alive(struct agent *a);
long long agent_now(void);

/* direct.c: a connection of its own to act-c, which begins with the token. False: there is none. */
bool direct_dial(struct agent *a, const char *path, const char *token);
/* Looks whether stdin is at its end. */
void direct_life(struct agent *a);

/* stream.c: data in both directions. */
struct stream *stream_new(struct agent *a, uint32_t id, enum stream_kind kind);
struct stream *stream_find(struct agent *a, uint32_t id);
void stream_drop(struct stream *s);
void stream_sweep(struct agent *a);
/* The poll events wanted for its source and sink, 0 = none. */
short stream_wants_src(const struct agent *a, const struct stream *s);
short stream_wants_dst(const struct stream *s);
/* Carries a chunk from src to act-c; at its end sends EOF. */
void stream_pump(struct agent *a, struct stream *s);
void stream_data(struct agent *a, struct stream *s, struct str bytes);
void stream_eof(struct agent *a, struct stream *s);
void stream_drain(struct agent *a, struct stream *s);
void stream_settle(struct agent *a, struct stream *s);
void stream_close(struct stream *s);

/* proc.c: the processes of steps; child.c is their start. */
void proc_spawn(struct agent *a, const struct request *r);
void proc_signal(struct agent *a, const struct request *r);
void proc_resize(struct agent *a, const struct request *r);
void proc_reap(struct agent *a);
/* Ends the stream if its process is done. */
void proc_settle(struct agent *a, struct stream *s);

/* child.c. For what is forked: every descriptor from `first` on; handlers and mask as in a new
 * process. */
void close_from(int first);
void reset_signals(void);

/* scan.c: who descends from whom. */
unsigned long long scan_start_time(pid_t pid);
/* Sends a signal to the entry of s and to all that it started. */
void scan_kill_tree(const struct agent *a, const struct stream *s, int signo);
/* SIGKILL for everything that this agent started, until nothing is left. */
void scan_kill_all(bool init);

/* user.c */
bool user_resolve(struct user *u, struct arena *arena, struct str spec, const char *passwd,
		  const char *group, struct err *err);
/* Where it is in the PATH (NULL: the usual one), to be freed; or NULL. */
char *user_find_program(const char *name, const char *path);

/* oom.c */
void oom_open(struct oom_watch *w, const char *proc_cgroup, const char *mount);
uint64_t oom_count(const struct oom_watch *w);

/* file.c: small things done at once. NULL as owner: what is made keeps the agent's own. */
bool file_make_dirs(const char *path, unsigned mode, const struct user *owner, struct err *err);
/* Only the directory itself. */
bool file_give(const char *path, const struct user *owner, struct err *err);
bool file_write(struct spare_files *spare, const char *path, unsigned mode,
		const struct user *owner, struct str content, struct err *err);
bool file_remove(struct agent *a, const char *path, struct err *err);
/* READ: starts a stream, or fails. */
bool file_read(struct agent *a, const struct request *r, struct err *err);
/* Appends state and content of a file that a step was given; false when it is to stay: it is none,
 * or too large. */
bool file_hand_back(const char *path, struct strbuf *b);
/* Those whose names are not empty. */
void files_remove(char **files);
/* The list, too. */
void files_discard(char **files);
/* NULL as owner changes nothing, and nor does an agent that is not root. */
bool file_own(int fd, const struct user *owner);
void file_settle(struct agent *a, struct stream *s);

/* spare.c */
/* They will be made in the file system of this file, unless another was named before. */
void spare_look_at(struct spare_files *spare, const char *path);
/* Makes those that were taken again. */
void spare_make(struct spare_files *spare, const struct user *owner);
/* A descriptor, now the caller's, or -1. */
int spare_take(struct spare_files *spare);
bool spare_name(int fd, const char *path);

/* work.c: PUT, GET and HASH in a forked worker. */
void work_start(struct agent *a, const struct request *r);
void work_settle(struct agent *a, struct stream *s);
void work_cancel(struct stream *s);

/* tar_read.c, tar_write.c, hash.c: straight-line code for workers, on blocking descriptors. */
bool tar_unpack(int in, const char *dir, const struct user *owner, struct err *err);
bool tar_pack(int out, const char *path, struct err *err);

/* hashFiles: the patterns are rooted at dir; only files below it count. */
struct hash_spec {
	struct str dir;
	struct str home; /* what ~ stands for */
	char **patterns;
	size_t n;
	bool follow; /* enter directories through symbolic links */
};
/* Writes the hex digest, or nothing when no file matched. */
bool hash_files(int out, const struct hash_spec *spec, struct err *err);

/* forward.c */
void forward_listen(struct agent *a, const struct request *r);
void forward_accept(struct agent *a, struct stream *s);

/* contacts.c: pure. */
struct contacts *contacts_new(void);
/* A packet from its IP header on. */
void contacts_packet(struct contacts *c, const uint8_t *p, size_t len, bool outgoing);
void contacts_text(const struct contacts *c, struct strbuf *out);

/* contacts_watch.c */
/* The descriptor, if it is what WATCH needs; else -1. */
int contacts_given(int fd);
void contacts_watch(struct agent *a, const struct request *r);
/* Takes in what was seen since. */
void contacts_read(struct stream *s);
/* The answer to WATCH. */
void contacts_end(struct agent *a, struct stream *s);

#endif
