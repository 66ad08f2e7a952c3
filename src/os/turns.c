/*
 * turns.c - tickets in a directory (turns.h), and those of this process merged with the others'.
 *
 * Whatever changes a directory is done under one lock beside it, which is held for a few system
 * calls. Nothing here waits for a turn.
 */
#include "actc/turns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/lock.h"
#include "actc/sha256.h"
#include "platform.h"

enum { LOCK_MS = 5000, WHO_MAX = 200 };

struct turns {
	struct arena *a;
	struct str dir, name;
	int watch; /* -1 = none yet, or there is no such thing */
	uint64_t last;
	struct turn *members;
};

/* A ticket as it is seen in a directory, or in this process. */
struct ticket {
	uint64_t number;
	bool runs;
	struct turn *own; /* NULL: of another process */
};

struct tickets {
	VEC(struct ticket) v;
	uint64_t last; /* the highest number that is or was there */
};

struct turns *turns_new(struct arena *a, struct str dir, struct str name)
{
	struct turns *t = arena_new(a, struct turns);

	t->a = a;
	t->dir = dir;
	t->name = name;
	t->watch = -1;
	return t;
}

void turns_free(struct turns *t)
{
	while (t->members) {
		turn_leave(t->members);
	}
	if (t->watch >= 0) {
		(void)close(t->watch);
		t->watch = -1;
	}
}

int turns_fd(const struct turns *t)
{
	return t->watch;
}

bool turns_waiting(const struct turns *t)
{
	const struct turn *m = t->members;

	while (m && m->state != TICKET_WAITS) {
		m = m->next;
	}
	return m != NULL;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Names are compared without case, and may hold anything. */
static struct str queue_dir(struct turns *t, struct str queue)
{
	struct sha256 sum;
	uint8_t digest[32];
	char hex[65];

	sha256_init(&sum);
	for (size_t i = 0; i < queue.len; i++) {
		char c = queue.p[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		sha256_add(&sum, &c, 1);
	}
	sha256_end(&sum, digest);
	sha256_hex(digest, hex);
	return arena_printf(t->a, "%.*s/%.16s", STR_ARG(t->dir), hex);
}

static const char *file_of(struct arena *a, struct str dir, const char *kind, uint64_t number)
{
	return arena_printf(a, "%.*s/%s.%llu", STR_ARG(dir), kind, (unsigned long long)number).p;
}

static int lock_all(struct turns *t, struct err *err)
{
	struct str path = arena_printf(t->a, "%.*s/lock", STR_ARG(t->dir));

	return make_dirs(t->dir.p, 0700, err) ? lock_take(path.p, LOCK_MS, NULL, err) : -1;
}

static struct turn *own_of(struct turns *t, struct str queue, uint64_t number)
{
	struct turn *m = t->members;

	while (m && !(m->number == number && str_ieq(m->queue, queue))) {
		m = m->next;
	}
	return m;
}

static bool parse_name(const char *name, const char **kind, uint64_t *number)
{
	static const char *const kinds[] = { "wait", "run", "gone", "stop" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);
		char *end = NULL;

		if (strncmp(name, kinds[i], len) == 0 && name[len] == '.') {
			*kind = kinds[i];
			*number = strtoull(name + len + 1, &end, 10);
			return end && *end == '\0' && end != name + len + 1;
		}
	}
	return false;
}

/* One name of the directory. What a dead process left is removed; what concerns a member of this
 * process changes that. */
static void see(struct turns *t, struct str queue, struct str dir, const char *name,
		struct tickets *out)
{
	const char *kind = NULL;
	uint64_t number = 0;

	if (!parse_name(name, &kind, &number)) {
		return;
	}

	struct turn *own = own_of(t, queue, number);
	const char *path = file_of(t->a, dir, kind, number);
	bool is_member = strcmp(kind, "wait") == 0 || strcmp(kind, "run") == 0;

	out->last = number > out->last ? number : out->last;
	if (own) {
		own->state = strcmp(kind, "gone") == 0 ? TICKET_LOST : own->state;
		own->stop = own->stop || strcmp(kind, "stop") == 0;
	} else if (!is_member && strcmp(kind, "stop") == 0) {
		/* It goes with the member that it is for. */
		if (access(file_of(t->a, dir, "run", number), F_OK) != 0) {
			(void)unlink(path);
		}
	} else if (!lock_held(path)) {
		(void)unlink(path);
	} else if (is_member) {
		vec_push(t->a, &out->v, (struct ticket){ number, strcmp(kind, "run") == 0, NULL });
	}
}

static void see_directory(struct turns *t, struct str queue, struct tickets *out)
{
	struct str dir = queue_dir(t, queue);
	DIR *d = opendir(dir.p);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		see(t, queue, dir, entry->d_name, out);
	}
	if (d) {
		(void)closedir(d);
	}
}

static int by_number(const void *a, const void *b)
{
	const struct ticket *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Every member of a queue, in the order of arrival. `locked`: the directory may be looked at. */
static struct tickets look(struct turns *t, struct str queue, bool locked)
{
	struct tickets all = { .last = t->last };

	if (locked) {
		see_directory(t, queue, &all);
	}
	for (struct turn *m = t->members; m; m = m->next) {
		if (m->state != TICKET_LOST && str_ieq(m->queue, queue)) {
			vec_push(t->a, &all.v,
				 (struct ticket){ m->number, m->state == TICKET_RUNS, m });
		}
	}
	if (all.v.n) {
		qsort(all.v.v, all.v.n, sizeof(*all.v.v), by_number);
	}
	return all;
}

/* --- changing --------------------------------------------------------------------------------- */

static void rename_own(struct turn *m, const char *from, const char *to)
{
	struct arena *a = m->all->a;
	struct str dir = queue_dir(m->all, m->queue);

	if (m->fd >= 0) {
		(void)rename(file_of(a, dir, from, m->number), file_of(a, dir, to, m->number));
	}
}

static void write_who(struct turns *t, int fd)
{
	if (!write_all(fd, t->name.p, t->name.len)) {
		return; /* it only is for people */
	}
}

static struct str read_who(struct turns *t, struct str queue, const struct ticket *other)
{
	char text[WHO_MAX];
	int fd = open(
		file_of(t->a, queue_dir(t, queue), other->runs ? "run" : "wait", other->number),
		O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0) {
		(void)close(fd);
	}
	return arena_str(t->a, str_mk(text, n > 0 ? (size_t)n : 0));
}

/* The first of the queue runs when nobody does. */
static void settle(struct turns *t, struct turn *m, bool locked)
{
	struct tickets all = look(t, m->queue, locked);
	const struct ticket *before = NULL;

	for (size_t i = 0; i < all.v.n; i++) {
		const struct ticket *k = &all.v.v[i];

		if (k->own != m && (k->runs || k->number < m->number) &&
		    !(before && before->runs)) {
			before = k;
		}
	}
	m->who = STR_EMPTY;
	if (m->state == TICKET_WAITS && !before) {
		rename_own(m, "wait", "run");
		m->state = TICKET_RUNS;
	} else if (m->state == TICKET_WAITS && !before->own) {
		m->who = read_who(t, m->queue, before);
	}
}

void turns_update(struct turns *t)
{
	struct err ignored = ERR_INIT;
	bool shared = false;
	int lock = -1;

	platform_watch_drain(t->watch);
	for (struct turn *m = t->members; m; m = m->next) {
		shared = shared || m->fd >= 0;
	}
	if (shared) {
		lock = lock_all(t, &ignored);
		err_release(&ignored);
	}
	for (struct turn *m = t->members; m; m = m->next) {
		settle(t, m, lock >= 0);
	}
	if (lock >= 0) {
		(void)close(lock);
	}
}

static void take_place(struct turns *t, struct str dir, const struct ticket *oldest)
{
	if (oldest->own) {
		rename_own(oldest->own, "wait", "gone");
		oldest->own->state = TICKET_LOST;
	} else {
		(void)rename(file_of(t->a, dir, "wait", oldest->number),
			     file_of(t->a, dir, "gone", oldest->number));
	}
}

static void ask_to_stop(struct turns *t, struct str dir, const struct ticket *running)
{
	if (running->own) {
		running->own->stop = true;
		return;
	}

	int fd = open(file_of(t->a, dir, "stop", running->number), O_WRONLY | O_CREAT | O_CLOEXEC,
		      0600);

	if (fd >= 0) {
		(void)close(fd);
	}
}

static bool any_runs(const struct tickets *all)
{
	for (size_t i = 0; i < all->v.n; i++) {
		if (all->v.v[i].runs) {
			return true;
		}
	}
	return false;
}

/* Whom the newcomer sends away. Where nobody runs the first is about to: it keeps its place, unless
 * the one that runs would not keep it either. */
static void make_room(struct turns *t, const struct turn_wish *wish, const struct tickets *all)
{
	struct str dir = t->dir.len ? queue_dir(t, wish->queue) : STR_EMPTY;
	size_t first = any_runs(all) || wish->stop_running ? 0 : 1, waiting = 0;

	for (size_t i = first; i < all->v.n; i++) {
		waiting += !all->v.v[i].runs;
		if (all->v.v[i].runs && wish->stop_running) {
			ask_to_stop(t, dir, &all->v.v[i]);
		}
	}
	for (size_t i = first; i < all->v.n && waiting >= wish->room; i++) {
		if (!all->v.v[i].runs) {
			take_place(t, dir, &all->v.v[i]);
			waiting--;
		}
	}
}

/* The ticket as a file, locked before anybody can see it unlocked. */
static bool put_ticket(struct turns *t, struct turn *m, struct err *err)
{
	struct str dir = queue_dir(t, m->queue);
	const char *path = file_of(t->a, dir, "wait", m->number);

	if (!make_dirs(dir.p, 0700, err)) {
		return false;
	}
	if (t->watch < 0) {
		t->watch = platform_watch_new();
	}
	platform_watch_add(t->watch, dir.p);
	m->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (m->fd < 0 || flock(m->fd, LOCK_EX | LOCK_NB) != 0) {
		return err_sys(err, errno, "%s", path);
	}
	write_who(t, m->fd);
	return true;
}

struct turn *turn_take(struct turns *t, const struct turn_wish *wish, struct err *err)
{
	int lock = t->dir.len ? lock_all(t, err) : -1;
	struct tickets all = look(t, wish->queue, lock >= 0);
	struct turn *m = arena_new(t->a, struct turn);
	struct turn **end = &t->members;

	*m = (struct turn){ .all = t,
			    .queue = arena_str(t->a, wish->queue),
			    .number = all.last + 1,
			    .who = STR_EMPTY,
			    .fd = -1 };
	t->last = m->number;
	make_room(t, wish, &all);
	if (lock >= 0) {
		(void)put_ticket(t, m, err);
	}
	while (*end) {
		end = &(*end)->next;
	}
	*end = m;
	settle(t, m, lock >= 0);
	if (lock >= 0) {
		(void)close(lock);
	}
	return m;
}

/* Unlocked by name too: what this process forked holds the same file open. */
static void drop_ticket(struct turn *m)
{
	struct turns *t = m->all;
	struct str dir = queue_dir(t, m->queue);
	struct err ignored = ERR_INIT;
	int lock = lock_all(t, &ignored);

	(void)unlink(file_of(t->a, dir, "stop", m->number));
	(void)unlink(file_of(t->a, dir, m->state == TICKET_RUNS ? "run" : "wait", m->number));
	(void)unlink(file_of(t->a, dir, "gone", m->number));
	(void)flock(m->fd, LOCK_UN);
	(void)close(m->fd);
	m->fd = -1;
	(void)rmdir(dir.p); /* unless there are others */
	if (lock >= 0) {
		(void)close(lock);
	}
	err_release(&ignored);
}

void turn_leave(struct turn *m)
{
	struct turn **at = &m->all->members;

	while (*at && *at != m) {
		at = &(*at)->next;
	}
	if (!*at) {
		return;
	}
	*at = m->next;
	if (m->fd >= 0) {
		drop_ticket(m);
	}
	turns_update(m->all);
}
