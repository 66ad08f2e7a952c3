/*
 * eval_here.c - the contexts that `act-c run push` would have in this directory.
 *
 * Only what the expression reads is made: without `github` no repository is opened. A directory
 * that is none has no commit, so that a home directory is not copied for a question.
 */
#include "eval_here.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"
#include "happening.h"

static const struct str names[] = { STR_INIT("github"),  STR_INIT("env"),    STR_INIT("vars"),
				    STR_INIT("secrets"), STR_INIT("inputs"), STR_INIT("job"),
				    STR_INIT("steps"),   STR_INIT("runner"), STR_INIT("strategy"),
				    STR_INIT("matrix"),  STR_INIT("needs") };
static const struct expr_function functions[] = { { STR_INIT("success"), 0, 255 },
						  { STR_INIT("failure"), 0, 255 },
						  { STR_INIT("cancelled"), 0, 0 },
						  { STR_INIT("always"), 0, 0 } };

const struct expr_scope eval_here_scope = { .names = names,
					    .nnames = sizeof(names) / sizeof(names[0]),
					    .functions = functions,
					    .nfunctions =
						    sizeof(functions) / sizeof(functions[0]) };

struct here {
	struct options *o;
	struct arena *a;
	struct run_values values;
	struct happening happening;
	struct workflow none;
	struct run_workflow workflow;
};

static void on_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	bool *reads = ctx;

	(void)path;
	(void)n;
	*reads = *reads || str_ieq(root, STR("github"));
}

/* The first file that a push starts, for github.workflow; what is wrong with files is not the
 * question. */
static void find_workflow(struct here *h)
{
	struct sources sources = { .arena = h->a };
	struct diags diags = { .arena = h->a, .sources = &sources };
	struct workflow_files files = { 0 };
	struct err err = ERR_INIT;

	h->none = (struct workflow){ .path = STR_EMPTY, .name = STR_EMPTY };
	if (!workflow_files_load(h->a, NULL, 0, &diags, &files, &err)) {
		err_release(&err);
		return;
	}
	for (size_t i = files.n; i-- > 0;) {
		const struct workflow *w = files.v[i].workflow;

		if (w && workflow_event(w, STR("push"))) {
			h->workflow.workflow = w;
		}
	}
}

static struct snapshot no_snapshot(void)
{
	return (struct snapshot){ .git_dir = STR_EMPTY,
				  .sha = STR("0000000000000000000000000000000000000000"),
				  .parent = STR_EMPTY,
				  .tree = STR_EMPTY,
				  .ref = STR_EMPTY,
				  .message = STR_EMPTY,
				  .author_name = STR_EMPTY,
				  .author_email = STR_EMPTY,
				  .timestamp = STR_EMPTY };
}

static bool read_push(struct here *h, struct str dir, struct err *err)
{
	struct happening *x = &h->happening;

	if (!repo_read(h->a, STR("."), h->o->remote_name, &x->repo, err)) {
		return false;
	}
	x->snapshot = no_snapshot();
	return (!x->repo.found ||
		snapshot_make(h->a, &x->repo, x->repo.root, dir, &x->snapshot, err)) &&
	       happening_push(h->o, &h->values.inputs, x, err);
}

static bool read_github(struct here *h, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct str dir = arena_printf(h->a, "%s/act-c-eval-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	struct err ignored = ERR_INIT;
	bool ok;

	if (!mkdtemp((char *)dir.p)) {
		return err_sys(err, errno, "cannot make a directory for the snapshot");
	}
	ok = read_push(h, arena_printf(h->a, "%s/snapshot", dir.p), err);
	(void)remove_tree(dir.p, &ignored);
	err_release(&ignored);
	h->workflow.payload = h->happening.event.payload;
	return ok;
}

bool eval_here_contexts(struct options *o, const struct expr *e, struct masker *masker,
			struct vobject **out, struct err *err)
{
	struct here *h = arena_new(&o->arena, struct here);
	struct run_request request = { .vars = &h->values.vars,
				       .env = &h->values.env,
				       .secrets = &h->values.secrets };
	bool reads = false;

	h->o = o;
	h->a = &o->arena;
	if (!options_values(o, &h->values, err)) {
		return false;
	}
	happening_token(h->a, &h->values.secrets);
	for (size_t i = 0; i < h->values.secrets.n; i++) {
		masker_add_named(masker, h->values.secrets.v[i].name, h->values.secrets.v[i].value);
	}
	expr_visit_names(e, on_name, &reads);
	h->workflow.workflow = &h->none;
	h->workflow.inputs = value_null();
	if (reads) {
		find_workflow(h);
		if (!read_github(h, err)) {
			return false;
		}
		request.event = &h->happening.event;
	}
	*out = run_contexts(h->a, &request, &h->workflow);
	return true;
}
