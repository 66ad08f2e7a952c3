/*
 * test_channel_files.c - files, archives, hashes and forwards through the channel.
 */
#include <netinet/in.h>
#include <sys/un.h>

#include "channel_rig.h"

Test(channel, files_and_script_in_one_go)
{
	struct rig r;
	struct seen s;
	struct err err = ERR_INIT;

	rig_open(&r);
	struct file_content files[] = {
		{ .path = in_dir(&r, "a/out") },
		{ .path = in_dir(&r, "a/none") },
		{ .path = in_dir(&r, "a/big") },
	};

	channel_mkdir(r.c, in_dir(&r, "a"), 0755, false);
	channel_write(r.c, in_dir(&r, "a/out"), 0644, false, STR("before\n"));
	channel_write(r.c, in_dir(&r, "b/c/made"), 0600, false, STR(""));
	run(&r, &s, "echo after >> a/out; head -c 5000 /dev/zero > a/big; ls b/c");
	cr_assert(channel_sync(r.c, &err), "%s", err.msg);
	cr_assert(str_eq(strbuf_str(&s.out), STR("made\n")));
	cr_assert(channel_read(r.c, &r.a, files, 3, 4096, &err));
	cr_assert(files[0].found && str_eq(files[0].content, STR("before\nafter\n")));
	cr_assert(!files[0].too_large);
	cr_assert(!files[1].found);
	cr_assert(files[2].found && files[2].too_large && files[2].content.len == 4096);
	strbuf_release(&s.out);
	rig_close(&r);
}

Test(channel_files, failures_are_told_at_the_next_sync_and_only_once)
{
	struct rig r;
	struct err err = ERR_INIT;

	rig_open(&r);
	channel_write(r.c, in_dir(&r, "file"), 0644, false, STR("x"));
	channel_write(r.c, in_dir(&r, "file/below"), 0644, false, STR("x"));
	channel_mkdir(r.c, in_dir(&r, "file"), 0755, false);
	cr_assert(!channel_sync(r.c, &err));
	cr_assert(err.kind == ERR_SYSTEM && err.sys == ENOTDIR, "%d", err.sys);
	cr_assert(strstr(err.msg, "file/below"), "%s", err.msg);
	err_release(&err);
	cr_assert(channel_sync(r.c, &err));
	rig_close(&r);
}

Test(channel_files, directories_that_are_there_stay_as_they_are)
{
	struct rig r;
	struct err err = ERR_INIT;
	struct file_stat st;

	rig_open(&r);
	channel_mkdir(r.c, in_dir(&r, "a/b"), 0711, false);
	channel_mkdir(r.c, in_dir(&r, "a/b"), 0755, false);
	cr_assert(channel_sync(r.c, &err), "%s", err.msg);
	cr_assert(channel_stat(r.c, in_dir(&r, "a/b"), &st, &err));
	cr_assert((st.mode & 07777) == 0711, "%o", st.mode);
	rig_close(&r);
}

Test(channel_files, a_full_disk_is_an_error_and_no_crash)
{
	struct rig r;
	struct err err = ERR_INIT;

	rig_open(&r);
	channel_write(r.c, STR("/dev/full"), 0666, false, STR("x"));
	cr_assert(!channel_sync(r.c, &err));
	cr_assert(err.sys == ENOSPC, "%s", err.msg);
	err_release(&err);
	rig_close(&r);
}

Test(channel_files, a_write_does_not_follow_a_link_at_its_end)
{
	struct rig r;
	struct err err = ERR_INIT;

	rig_open(&r);
	struct str link = in_dir(&r, "link");

	cr_assert(symlink("/dev/null", link.p) == 0);
	channel_write(r.c, link, 0644, false, STR("x"));
	cr_assert(!channel_sync(r.c, &err));
	cr_assert(err.sys == ELOOP, "%s", err.msg);
	err_release(&err);
	rig_close(&r);
}

/* After the first the agent has files ready that only lack a name. */
Test(channel_files, a_steps_files_are_new_ones_each_time)
{
	struct rig r;
	struct seen s;
	struct err err = ERR_INIT;

	rig_open(&r);
	struct str files[] = { in_dir(&r, "commands/out"), in_dir(&r, "commands/env") };
	struct str taken = in_dir(&r, "script"), link = in_dir(&r, "link");

	cr_assert(symlink("/dev/null", link.p) == 0);
	for (int i = 0; i < 3; i++) {
		struct str argv[] = { STR("/bin/sh"), taken };
		struct proc_spec spec = {
			.argv = argv, .nargv = 2, .cwd = str_of(r.dir), .files = files, .nfiles = 2
		};
		struct proc_handler handler = { .ctx = &s,
						.output = on_output,
						.exited = on_exited };

		seen_init(&s);
		channel_write(r.c, taken, 0700, false,
			      STR("stat -c '%a %s %h' commands/* $0; echo x >> commands/out\n"));
		(void)channel_spawn(r.c, &spec, &handler);
		run_until(&r, &s.done);
		cr_assert(str_eq(strbuf_str(&s.out), STR("644 0 1\n644 0 1\n700 57 1\n")), "%s",
			  s.out.p);
		cr_assert_eq(s.exit.nfiles, 2);
		strbuf_release(&s.out);
		/* A name that is taken is written to, and a link not followed, as always. */
		channel_write(r.c, link, 0644, false, STR("x"));
		cr_assert(!channel_sync(r.c, &err));
		cr_assert(err.sys == ELOOP, "%s", err.msg);
		err_release(&err);
	}
	/* What was handed back goes when the next process starts. */
	cr_assert_eq(access(files[0].p, F_OK), 0);
	seen_init(&s);
	(void)channel_spawn(
		r.c,
		&(struct proc_spec){ .argv = (struct str[]){ STR("/bin/true") },
				     .nargv = 1,
				     .cwd = str_of(r.dir) },
		&(struct proc_handler){ .ctx = &s, .output = on_output, .exited = on_exited });
	run_until(&r, &s.done);
	strbuf_release(&s.out);
	cr_assert_neq(access(files[0].p, F_OK), 0);
	rig_close(&r);
}

Test(channel_files, large_files_are_written_and_read_whole)
{
	enum { SIZE = 5 * 1024 * 1024 };
	struct rig r;
	struct err err = ERR_INIT;
	char *big = malloc(SIZE);

	rig_open(&r);
	for (size_t i = 0; i < SIZE; i++) {
		big[i] = (char)(i * 31 >> 3);
	}
	struct file_content file = { .path = in_dir(&r, "big") };

	channel_write(r.c, file.path, 0600, false, str_mk(big, SIZE));
	cr_assert(channel_read(r.c, &r.a, &file, 1, SIZE, &err), "%s", err.msg);
	cr_assert(file.found && !file.too_large);
	cr_assert(str_eq(file.content, str_mk(big, SIZE)));
	free(big);
	rig_close(&r);
}

Test(channel_files, only_regular_files_are_read)
{
	struct rig r;
	struct err err = ERR_INIT;

	rig_open(&r);
	struct file_content file = { .path = in_dir(&r, "fifo") };

	cr_assert(mkfifo(file.path.p, 0600) == 0);
	cr_assert(!channel_read(r.c, &r.a, &file, 1, 100, &err));
	cr_assert(strstr(err.msg, "not a regular file"), "%s", err.msg);
	err_release(&err);
	rig_close(&r);
}

Test(channel_files, stat_and_remove)
{
	struct rig r;
	struct err err = ERR_INIT;
	struct file_stat st;

	rig_open(&r);
	channel_write(r.c, in_dir(&r, "d/e/f"), 0640, false, STR("12345"));
	channel_mkdir(r.c, in_dir(&r, "d/locked"), 0500, false);
	cr_assert(channel_stat(r.c, in_dir(&r, "d/e/f"), &st, &err));
	cr_assert(st.exists && st.size == 5 && (st.mode & 07777) == 0640 && st.uid == getuid());
	cr_assert(channel_stat(r.c, in_dir(&r, "d/e/f/g"), &st, &err) && !st.exists);
	cr_assert(symlink(r.dir, in_dir(&r, "d/link").p) == 0);
	channel_remove(r.c, in_dir(&r, "d"));
	cr_assert(channel_sync(r.c, &err), "%s", err.msg);
	cr_assert(channel_stat(r.c, in_dir(&r, "d"), &st, &err) && !st.exists);
	cr_assert(channel_stat(r.c, str_of(r.dir), &st, &err) && st.exists);
	channel_remove(r.c, in_dir(&r, "d"));
	cr_assert(channel_sync(r.c, &err), "a missing path: %s", err.msg);
	channel_remove(r.c, STR("/"));
	cr_assert(!channel_sync(r.c, &err));
	err_release(&err);
	rig_close(&r);
}

/* --- archives --- */

static bool keep(void *ctx, struct str bytes)
{
	return strbuf_adds(ctx, bytes);
}

struct memory {
	struct str left;
	size_t step;
};

static ssize_t from_memory(void *ctx, void *buf, size_t size)
{
	struct memory *m = ctx;
	size_t n = m->left.len < size ? m->left.len : size;

	n = n < m->step ? n : m->step;
	memcpy(buf, m->left.p, n);
	m->left = str_slice(m->left, n, m->left.len);
	return (ssize_t)n;
}

static bool put(struct rig *r, struct str dir, struct str tar, size_t step, struct err *err)
{
	struct memory m = { tar, step };
	struct tar_source source = { &m, from_memory };

	return channel_put(r->c, dir, &source, err);
}

/* The output of tar(1) for a script that makes files in an empty directory. */
static void make_tar(struct rig *r, const char *format, const char *script, struct strbuf *tar)
{
	struct seen s;

	run(r, &s,
	    arena_printf(&r->a,
			 "set -e; rm -rf src; mkdir src; cd src; %s; cd ..; "
			 "tar --sort=name --format=%s -C src -cf src.tar .",
			 script, format)
		    .p);
	cr_assert(s.exit.code == 0, "%s", s.out.p);
	strbuf_release(&s.out);

	struct err err = ERR_INIT;

	strbuf_init(tar, 0);
	cr_assert(read_file(in_dir(r, "src.tar").p, tar, &err), "%s", err.msg);
}

static void expect(struct rig *r, const char *script, const char *out)
{
	struct seen s;

	run(r, &s, script);
	cr_assert(str_eq(strbuf_str(&s.out), str_of(out)), "%s:\n%s", script, s.out.p);
	strbuf_release(&s.out);
}

#define LONG_NAME                                                                           \
	"a-directory-whose-name-is-quite-long-so-that-two-of-them-do-not-fit-into-a-ustar-" \
	"header"

static const char tree[] =
	"mkdir -p sub/empty " LONG_NAME "/" LONG_NAME
	"; printf hello > sub/hello; chmod 755 sub/hello;"
	"printf x > " LONG_NAME "/" LONG_NAME "/deep; chmod 600 " LONG_NAME "/" LONG_NAME "/deep;"
	"ln -s hello sub/link; ln -s /etc/passwd sub/away; ln sub/hello sub/hard;"
	"head -c 3000000 /dev/urandom > big; : > zero;"
	"touch -d @1000000000 sub/hello; chmod 555 sub/empty;";

static const char long_link[] = "ln -s " LONG_NAME "/" LONG_NAME "/deep long-link";

Test(channel_files, archives_of_tar_are_unpacked_whole)
{
	static const struct {
		const char *format, *more;
	} formats[] = {
		{ "gnu", long_link },
		{ "pax", long_link },
		{ "ustar", "true" },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct rig r;
		struct strbuf tar;
		struct err err = ERR_INIT;

		rig_open(&r);
		make_tar(&r, formats[i].format,
			 arena_printf(&r.a, "%s %s", tree, formats[i].more).p, &tar);
		channel_mkdir(r.c, in_dir(&r, "dst"), 0755, false);
		cr_assert(put(&r, in_dir(&r, "dst"), strbuf_str(&tar), 1000000, &err), "%s: %s",
			  formats[i].format, err.msg);
		expect(&r,
		       "diff -r --no-dereference src dst && echo same; stat -c '%a %Y' "
		       "dst/sub/hello; stat -c %h dst/sub/hard; stat -c %a dst/sub/empty",
		       "same\n755 1000000000\n2\n555\n");
		/* Again over what is there, in small pieces. */
		cr_assert(put(&r, in_dir(&r, "dst"), strbuf_str(&tar), 511, &err), "%s: %s",
			  formats[i].format, err.msg);
		expect(&r, "diff -r --no-dereference src dst && echo same", "same\n");
		strbuf_release(&tar);
		rig_close(&r);
	}
}

Test(channel_files, what_is_packed_can_be_unpacked_by_tar_and_by_the_agent)
{
	struct rig r;
	struct strbuf tar, back;
	struct err err = ERR_INIT;

	rig_open(&r);
	make_tar(&r, "pax", arena_printf(&r.a, "%s %s", tree, long_link).p, &tar);
	strbuf_init(&back, 0);
	cr_assert(channel_get(r.c, in_dir(&r, "src"), keep, &back, &err), "%s", err.msg);
	cr_assert(write_file(in_dir(&r, "back.tar").p, strbuf_str(&back), 0600, &err));
	expect(&r,
	       "mkdir by-tar by-agent; tar -C by-tar -xf back.tar && diff -r --no-dereference src "
	       "by-tar && echo same",
	       "same\n");
	cr_assert(put(&r, in_dir(&r, "by-agent"), strbuf_str(&back), 65536, &err), "%s", err.msg);
	expect(&r, "diff -r --no-dereference src by-agent && echo same", "same\n");
	strbuf_reset(&back);
	cr_assert(channel_get(r.c, in_dir(&r, "src/sub/hello"), keep, &back, &err), "%s", err.msg);
	cr_assert(strcmp(back.p, "hello") == 0 && memcmp(back.p + 512, "hello", 5) == 0);
	cr_assert(!channel_get(r.c, in_dir(&r, "none"), keep, &back, &err));
	cr_assert(err.sys == ENOENT, "%s", err.msg);
	err_release(&err);
	strbuf_release(&back);
	strbuf_release(&tar);
	rig_close(&r);
}

/* One ustar header, without content. */
static void add_header(struct strbuf *b, const char *name, const char *link, char type)
{
	char h[512] = { 0 };
	unsigned sum = 0;

	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "0000644");
	(void)snprintf(h + 124, 12, "00000000000");
	(void)snprintf(h + 157, 100, "%s", link);
	h[156] = type;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++) {
		sum += (unsigned char)h[i];
	}
	(void)snprintf(h + 148, 8, "%06o", sum);
	strbuf_add(b, h, sizeof(h));
}

Test(channel_files, nothing_is_written_outside_the_directory)
{
	static const struct {
		const char *first, *link, *second;
		char type, second_type;
	} rows[] = {
		{ "/tmp/actc-evil", "", NULL, '0', 0 }, { "../evil", "", NULL, '0', 0 },
		{ "a/../../evil", "", NULL, '0', 0 },   { "out", "..", "out/evil", '2', '0' },
		{ "out", "..", "out/evil", '2', '5' },  { "out", "/tmp", "out/evil", '2', '2' },
		{ "hard", "../outside", NULL, '1', 0 }, { "hard", "/etc/passwd", NULL, '1', 0 },
		{ "there/evil", "", NULL, '0', 0 },     { "device", "", NULL, '3', 0 },
	};
	struct rig r;

	rig_open(&r);
	expect(&r, "mkdir dst; echo secret > outside; ln -s .. dst/there", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf tar = STRBUF_INIT(0);
		struct err err = ERR_INIT;

		add_header(&tar, rows[i].first, rows[i].link, rows[i].type);
		if (rows[i].second) {
			add_header(&tar, rows[i].second, "x", rows[i].second_type);
		}
		cr_assert(!put(&r, in_dir(&r, "dst"), strbuf_str(&tar), 100000, &err), "row %zu",
			  i);
		cr_assert(err.kind != ERR_LOST, "row %zu: %s", i, err.msg);
		err_release(&err);
		expect(&r, "ls; rm -rf dst/out", "dst\noutside\n");
		strbuf_release(&tar);
	}
	rig_close(&r);
}

Test(channel_files, a_broken_archive_is_an_error)
{
	struct rig r;
	struct strbuf tar;

	rig_open(&r);
	make_tar(&r, "gnu", "head -c 5000 /dev/zero > f", &tar);
	static const size_t cuts[] = { 100, 700, 1536, 3000 };

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct err err = ERR_INIT;

		cr_assert(
			!put(&r, str_of(r.dir), str_slice(strbuf_str(&tar), 0, cuts[i]), 512, &err),
			"cut %zu", cuts[i]);
		cr_assert(strstr(err.msg, "ends early"), "%s", err.msg);
		err_release(&err);
	}
	struct err err = ERR_INIT;

	tar.p[3] ^= 1;
	cr_assert(!put(&r, str_of(r.dir), strbuf_str(&tar), 512, &err));
	cr_assert(strstr(err.msg, "checksum"), "%s", err.msg);
	err_release(&err);
	strbuf_release(&tar);
	rig_close(&r);
}

static ssize_t failing_source(void *ctx, void *buf, size_t size)
{
	int *calls = ctx;

	memset(buf, 0, size);
	return (*calls)++ < 3 ? (ssize_t)512 : -1;
}

Test(channel_files, a_source_that_fails_ends_the_request)
{
	struct rig r;
	struct err err = ERR_INIT;
	int calls = 0;
	struct tar_source source = { &calls, failing_source };

	rig_open(&r);
	cr_assert(!channel_put(r.c, str_of(r.dir), &source, &err));
	cr_assert(strstr(err.msg, "source"), "%s", err.msg);
	err_release(&err);
	expect(&r, "echo alive", "alive\n");
	rig_close(&r);
}

/* --- hashFiles --- */

struct hash_row {
	const char *patterns[4];
	const char *files; /* in the order in which they are hashed; NULL = fails */
};

/* sha256(concatenation of the files' digests), as sha256sum(1) sees it. */
static struct str want_hash(struct rig *r, const char *files)
{
	struct seen s;

	if (!*files) {
		return STR_EMPTY;
	}
	run(r, &s,
	    arena_printf(
		    &r->a,
		    "cd w; for f in %s; do sha256sum < $f | cut -c1-64 | sed 's/../\\\\x&/g' | "
		    "xargs -0 printf %%b | head -c 32; done | sha256sum | cut -c1-64",
		    files)
		    .p);

	struct str out = arena_str(&r->a, str_trim(strbuf_str(&s.out)));

	strbuf_release(&s.out);
	return out;
}

/* SEMANTICS 2.10 */
Test(channel_files, hash_follows_the_rules_of_hashFiles)
{
	static const struct hash_row rows[] = {
		{ { "a.txt" }, "a.txt" },
		{ { "none" }, "" },
		{ { "*.txt" }, "a.txt b.txt link.txt" },
		{ { "**/*.txt" }, "a.txt b.txt link.txt sub/.hid/d.txt sub/c.txt" },
		{ { "sub" }, "sub/.hid/d.txt sub/c.txt sub/x.lock" },
		{ { "**/*.txt", "!sub/**" }, "a.txt b.txt link.txt" },
		{ { "**/*.txt", "!**/*.txt", "a.txt" }, "a.txt" },
		{ { "# comment\n\n  b.txt  \na.txt" }, "b.txt a.txt" },
		{ { "./a.txt" }, "a.txt" },
		{ { "[ab].t?t" }, "a.txt b.txt" },
		{ { "/etc/passwd" }, "" },
		{ { "dirlink/**" }, "" },
		{ { "--follow-symbolic-links", "dirlink/*.txt" }, "dirlink/c.txt" },
		{ { "../x" }, NULL },
		{ { "a/../b" }, NULL },
		{ { "broken" }, NULL },
		{ { "--follow-symbolic-links", "broken" }, "" },
		{ { "--other", "a.txt" }, NULL },
	};
	struct rig r;

	rig_open(&r);
	expect(&r,
	       "mkdir -p w/sub/.hid; cd w; echo a > a.txt; echo b > b.txt; echo c > sub/c.txt;"
	       "echo d > sub/.hid/d.txt; echo l > sub/x.lock; ln -s sub/x.lock link.txt;"
	       "ln -s sub dirlink; ln -s nowhere broken; ln -s .. sub/.hid/loop",
	       "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str patterns[4], out;
		size_t n = 0;
		struct err err = ERR_INIT;
		bool ok;

		while (n < 4 && rows[i].patterns[n]) {
			patterns[n] = str_of(rows[i].patterns[n]);
			n++;
		}
		ok = channel_hash(r.c, &r.a, in_dir(&r, "w"), patterns, n, &out, &err);
		cr_assert(ok == (rows[i].files != NULL), "row %zu: %s", i, err.msg ? err.msg : "");
		if (ok) {
			cr_assert(str_eq(out, want_hash(&r, rows[i].files)), "row %zu: %.*s", i,
				  STR_ARG(out));
		}
		err_release(&err);
	}
	rig_close(&r);
}

/* --- forwards --- */

/* A server on a unix socket that answers each connection with what it was sent, in capitals. */
static pid_t start_server(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	cr_assert(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 16) == 0);
	pid = fork();
	if (pid != 0) {
		(void)close(fd);
		return pid;
	}
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (fork() == 0) {
			static char buffer[65536];
			ssize_t n;

			while ((n = read(c, buffer, sizeof(buffer))) > 0) {
				for (ssize_t i = 0; i < n; i++) {
					buffer[i] = buffer[i] == 'a' ? 'A' : buffer[i];
				}
				if (!write_all(c, buffer, (size_t)n)) {
					break;
				}
			}
			_exit(0);
		}
		(void)close(c);
	}
}

static const char client[] =
	"import socket, sys, threading\n"
	"kind, where, size = sys.argv[1:]\n"
	"s = socket.socket(socket.AF_UNIX if kind == 'unix' else socket.AF_INET)\n"
	"s.connect(where if kind == 'unix' else ('127.0.0.1', int(where)))\n"
	"data = b'ab' * (int(size) // 2)\n"
	"def send():\n"
	"    s.sendall(data); s.shutdown(socket.SHUT_WR)\n"
	"threading.Thread(target=send).start()\n"
	"parts = []\n"
	"while True:\n"
	"    part = s.recv(65536)\n"
	"    if not part: break\n"
	"    parts.append(part)\n"
	"got = b''.join(parts)\n"
	"print('ok' if got == data.replace(b'a', b'A') else 'bad %d' % len(got))\n";

/* None that the system may give to a connection meanwhile, as it may those above 32767. */
static unsigned free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	unsigned port = 20000 + (unsigned)getpid() % 10000;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	do {
		at.sin_port = htons((uint16_t)++port);
	} while (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 && port < 32767);
	(void)close(fd);
	return port;
}

Test(channel_files, forwards_carry_connections_both_ways)
{
	for (int via_agent = 0; via_agent < 2; via_agent++) {
		struct rig r;
		struct err err = ERR_INIT;
		unsigned port = free_port();
		struct forward *tcp, *un;
		pid_t server;

		rig_open(&r);
		struct str dial = arena_printf(&r.a, "unix:%s/server", r.dir);
		struct str tcp_listen = arena_printf(&r.a, "tcp:127.0.0.1:%u", port);
		struct str un_listen = arena_printf(&r.a, "unix:%s/listen", r.dir);

		server = start_server(in_dir(&r, "server").p);
		tcp = channel_forward(r.c, tcp_listen, dial, via_agent, &err);
		cr_assert(tcp, "%s", err.msg);
		un = channel_forward(r.c, un_listen, dial, via_agent, &err);
		cr_assert(un, "%s", err.msg);
		channel_write(r.c, in_dir(&r, "c.py"), 0644, false, str_of(client));
		expect(&r,
		       arena_printf(&r.a,
				    "python3 c.py tcp %u 10; python3 c.py tcp %u 20000000;"
				    "python3 c.py unix listen 10; python3 c.py unix listen 5000000",
				    port, port)
			       .p,
		       "ok\nok\nok\nok\n");
		channel_unforward(r.c, un);
		expect(&r, "test -e listen && echo still", "");
		channel_unforward(r.c, tcp);
		(void)kill(server, SIGKILL);
		(void)waitpid(server, NULL, 0);
		rig_close(&r);
	}
}

Test(channel_files, a_forward_that_cannot_listen_or_dial)
{
	struct rig r;
	struct err err = ERR_INIT;
	unsigned port = free_port();
	struct forward *f;

	rig_open(&r);
	cr_assert(!channel_forward(r.c, STR("tcp:1.2.3.4:80"), STR("unix:/x"), false, &err));
	cr_assert(strstr(err.msg, "1.2.3.4"), "%s", err.msg);
	err_release(&err);
	cr_assert(!channel_forward(r.c, STR("smoke:signals"), STR("unix:/x"), false, &err));
	err_release(&err);
	for (int via_agent = 0; via_agent < 2; via_agent++) {
		struct str listen = arena_printf(&r.a, "tcp:127.0.0.1:%u", port);

		f = channel_forward(r.c, listen, STR("unix:/no/such/socket"), via_agent, &err);
		cr_assert(f, "%s", err.msg);
		expect(&r,
		       arena_printf(
			       &r.a,
			       "python3 -c \"import socket; s = socket.create_connection(("
			       "'127.0.0.1', %u)); print(s.recv(10))\" 2>&1 | tail -1 | cut -c1-22",
			       port)
			       .p,
		       "b''\n");
		channel_unforward(r.c, f);
	}
	rig_close(&r);
}
