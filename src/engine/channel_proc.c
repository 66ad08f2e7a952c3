/*
 * channel_proc.c - processes in the machine, seen from act-c: start, signals, output, end.
 */
#include <signal.h>
#include <stdlib.h>

#include "channel_impl.h"

struct proc {
	struct chan_stream s;
	struct proc_handler handler;
	size_t nfiles;
	struct file_content files[];
};

static void proc_data(struct channel *c, struct chan_stream *s, struct str bytes)
{
	struct proc *p = (struct proc *)s;

	(void)c;
	if (p->handler.output) {
		p->handler.output(p->handler.ctx, bytes);
	}
}

static void proc_end(struct proc *p, const struct proc_exit *how)
{
	if (p->handler.exited) {
		p->handler.exited(p->handler.ctx, how);
	}
	free(p);
}

/* Behind the rest of EXITED: the files that the process was given. */
static void read_files(struct proc *p, struct frame_reader *r, struct proc_exit *how)
{
	uint32_t n = frame_u32(r);

	for (uint32_t i = 0; i < n && !r->bad && i < p->nfiles; i++) {
		uint32_t state = frame_u32(r);

		p->files[i].content = frame_bytes(r);
		p->files[i].found = state != HANDED_MISSING;
		p->files[i].too_large = state == HANDED_TOO_LARGE;
	}
	r->bad = r->bad || n != p->nfiles;
	how->nfiles = p->nfiles;
	how->files = p->files;
}

static void proc_frame(struct channel *c, struct chan_stream *s, const struct frame *f)
{
	struct frame_reader r = frame_reader(f);
	struct proc_exit how = { 0 };

	if (f->type != FRAME_EXITED) {
		return;
	}
	how.start_errno = (int)frame_u32(&r);
	how.start_what = frame_bytes(&r);
	how.code = (int)frame_u32(&r);
	how.signal = (int)frame_u32(&r);

	uint32_t flags = frame_u32(&r);

	read_files((struct proc *)s, &r, &how);
	if (r.bad) {
		chan_fail(c, "the agent broke the protocol");
		return;
	}
	how.oom = flags & EXITED_OOM;
	how.drained = flags & EXITED_DRAINED;
	chan_remove(c, s);
	proc_end((struct proc *)s, &how);
}

/* As if it had been killed, which is what happens to it. */
static void proc_lost(struct channel *c, struct chan_stream *s)
{
	struct proc_exit how = {
		.start_what = STR_EMPTY,
		.code = 128 + SIGKILL,
		.signal = SIGKILL,
	};

	(void)c;
	proc_end((struct proc *)s, &how);
}

static void proc_release(struct chan_stream *s)
{
	free(s);
}

static const struct chan_ops proc_ops = {
	.data = proc_data,
	.frame = proc_frame,
	.lost = proc_lost,
	.release = proc_release,
};

struct proc *channel_spawn(struct channel *c, const struct proc_spec *spec,
			   const struct proc_handler *handler)
{
	struct proc *p = chan_alloc(sizeof(*p) + spec->nfiles * sizeof(p->files[0]));
	struct strbuf b = STRBUF_INIT(0);
	unsigned flags = (spec->as_root ? FLAG_AS_ROOT : 0U) | (spec->pty ? FLAG_PTY : 0U);

	p->handler = *handler;
	p->nfiles = spec->nfiles;
	chan_add(c, &p->s, &proc_ops, 0);
	frame_put_bytes(&b, spec->cwd);
	frame_put_bytes(&b, spec->mark);
	frame_put_list(&b, spec->argv, spec->nargv);
	frame_put_list(&b, spec->env, spec->nenv);
	frame_put_list(&b, spec->files, spec->nfiles);
	chan_send(c, FRAME_SPAWN, (uint8_t)flags, p->s.id, strbuf_str(&b));
	strbuf_release(&b);
	return p;
}

void channel_signal(struct channel *c, struct proc *p, int signo, enum signal_scope scope,
		    bool no_drain)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, (uint32_t)signo);
	frame_put_u32(&b, scope);
	chan_send(c, FRAME_SIGNAL, no_drain ? FLAG_NO_DRAIN : 0, p->s.id, strbuf_str(&b));
	strbuf_release(&b);
}

void channel_resize(struct channel *c, struct proc *p, unsigned rows, unsigned columns)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, rows);
	frame_put_u32(&b, columns);
	chan_send(c, FRAME_RESIZE, 0, p->s.id, strbuf_str(&b));
	strbuf_release(&b);
}
