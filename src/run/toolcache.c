/*
 * toolcache.c - --tool-cache: a directory of this machine whose tools are put into the tool cache
 * of jobs, which the engine keeps for each image: only what a job finds there for the first time,
 * or what has changed, is sent.
 */
#include <sys/stat.h>

#include "actc/repo.h"
#include "job.h"

/* A file in the cache that says what was put there. */
static struct str mark_of(struct job *job, struct str dir)
{
	const struct runner_paths *p = job->paths;
	unsigned long long hash = 1469598103934665603ULL;
	struct stat st = { 0 };

	(void)stat(arena_cstr(&job->scratch, dir), &st);
	for (size_t i = 0; i < dir.len; i++) {
		hash = (hash ^ (unsigned char)dir.p[i]) * 1099511628211ULL;
	}
	return arena_printf(&job->scratch, "%.*s/.act-c-%llx-%llx", STR_ARG(p->tool_cache), hash,
			    (unsigned long long)st.st_mtime);
}

static bool put(struct job *job, struct str dir, struct err *err)
{
	struct tar_dir *tar = tar_dir_open(dir, err);
	struct tar_source source = { .ctx = tar, .more = tar_dir_read };
	bool ok = tar && channel_put(job->channel, job->paths->tool_cache, &source, err);

	if (tar) {
		tar_dir_close(tar);
	}
	return ok;
}

bool job_fill_tool_cache(struct job *job, struct str *why)
{
	struct str dir = job->run->request->tool_cache;
	struct file_stat st = { 0 };
	struct err err = ERR_INIT;
	struct str mark;
	bool ok;

	if (dir.len == 0 || job->leg->placement.how == LABEL_HOST) {
		return true;
	}
	mark = mark_of(job, dir);
	ok = channel_stat(job->channel, mark, &st, &err);
	if (ok && !st.exists) {
		job_log(job, job->set_up_path,
			arena_printf(&job->scratch, "filling the tool cache from %.*s",
				     STR_ARG(dir)));
		job_flush(job);
		ok = put(job, dir, &err);
		channel_write(job->channel, mark, 0644, false, STR_EMPTY);
		ok = ok && channel_sync(job->channel, &err);
	}
	if (!ok) {
		*why = arena_printf(&job->arena, "--tool-cache %.*s: %s", STR_ARG(dir), err.msg);
		err_release(&err);
	}
	return ok;
}
