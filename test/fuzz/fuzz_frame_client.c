/*
 * fuzz_frame_client.c - any bytes as what an agent answers, to a channel with everything open:
 * processes, files, archives, a hash and a forward.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actc/channel.h"
#include "actc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 64 * 1024 };

static void on_output(void *ctx, struct str bytes)
{
	size_t *sum = ctx;

	for (size_t i = 0; i < bytes.len; i++) {
		*sum += (unsigned char)bytes.p[i];
	}
}

static void on_exited(void *ctx, const struct proc_exit *how)
{
	on_output(ctx, how->start_what);
}

static bool sink(void *ctx, struct str bytes)
{
	on_output(ctx, bytes);
	return bytes.len % 3 != 0;
}

static ssize_t no_more(void *ctx, void *buf, size_t size)
{
	(void)ctx;
	(void)buf;
	(void)size;
	return 0;
}

/* Most inputs should get past the greeting. */
static void put_hello(struct strbuf *out, uint32_t bits)
{
	struct strbuf p = STRBUF_INIT(0);

	frame_put_u32(&p, FRAME_VERSION);
	for (int i = 0; i < 2; i++) {
		frame_put_bytes(&p, STR("x"));
	}
	frame_put_u32(&p, 0);
	frame_put_u32(&p, 0);
	frame_put_bytes(&p, STR("me"));
	frame_put_bytes(&p, STR("/"));
	frame_put_u32(&p, bits);
	frame_put_list(&p, NULL, 0);
	frame_send(out, FRAME_HELLO, 0, 0, strbuf_str(&p));
	strbuf_release(&p);
}

/* Streams get the numbers 1, 3, 5, … in this order. */
static void use(struct arena *a, struct channel *c, size_t *sum)
{
	struct str word[] = { STR("true") };
	struct proc_spec spec = { .argv = word, .nargv = 1, .cwd = STR("/"), .mark = STR_EMPTY };
	struct proc_handler handler = { sum, on_output, on_exited };
	struct file_content files[] = { { .path = STR("/a") }, { .path = STR("/b") } };
	struct tar_source source = { NULL, no_more };
	struct err err = ERR_INIT;
	struct file_stat st;
	struct str hash;

	(void)channel_spawn(c, &spec, &handler);
	(void)channel_spawn(c, &spec, &handler);
	channel_write(c, STR("/x"), 0644, false, STR("y"));
	(void)channel_forward(c, STR("tcp:127.0.0.1:0"), STR("unix:/no/such/socket"), false, &err);
	err_release(&err);
	(void)channel_read(c, a, files, 2, 100, &err);
	err_release(&err);
	(void)channel_stat(c, STR("/"), &st, &err);
	err_release(&err);
	(void)channel_hash(c, a, STR("/"), word, 1, &hash, &err);
	err_release(&err);
	(void)channel_get(c, STR("/"), sink, sum, &err);
	err_release(&err);
	(void)channel_put(c, STR("/"), &source, &err);
	err_release(&err);
	(void)channel_sync(c, &err);
	err_release(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY };
	struct strbuf in = STRBUF_INIT(0);
	struct channel *c;
	size_t sum = 0;
	int ends[2];

	(void)signal(SIGPIPE, SIG_IGN);
	if (size == 0 || size > INPUT_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
		return 0;
	}
	if (data[0] & 3) {
		put_hello(&in, data[0] & 4 ? HELLO_DIRECT : 0);
	}
	strbuf_add(&in, data + 1, size - 1);
	if (write(ends[1], in.p, in.len) != (ssize_t)in.len) {
		abort();
	}
	/* The end of what the agent says; what it is told goes nowhere. */
	(void)shutdown(ends[1], SHUT_WR);
	c = channel_open(&a, ends[0], ends[0], &hello, 1000, &err);
	if (c) {
		use(&a, c, &sum);
		channel_close(c);
	}
	(void)close(ends[1]);
	err_release(&err);
	strbuf_release(&in);
	arena_release(&a);
	return sum == SIZE_MAX;
}
