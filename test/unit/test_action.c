/*
 * Unit tests of action.h: what a good action.yml becomes, and GitHub's words for the bad ones. The
 * cases follow what GitHub's runner tests of its own reader.
 */
#include <criterion/criterion.h>

#include "actc/action.h"

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
};

static const struct action *load(struct fixture *f, const char *text)
{
	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = &f->a;
	f->diags.arena = &f->a;
	f->diags.sources = &f->sources;
	return action_load(&f->a, sources_add(&f->sources, STR("x/action.yml"), str_of(text)),
			   &f->diags);
}

static void expect(struct str got, const char *want)
{
	cr_assert(str_eq(got, str_of(want)), "got '%.*s', want '%s'", STR_ARG(got), want);
}

/* --- bad files ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *text;
	const char *errors[3]; /* as GitHub words them, all of them */
} bad[] = {
	{ "no runs", "name: x\n", { "Top level 'runs:' section is required for x/action.yml" } },
	{ "empty", "", { "x/action.yml (Line: 1, Col: 1): Unexpected value ''" } },
	{ "unknown using",
	  "runs: {using: node99, main: x}\n",
	  { "'using: node99' is not supported, use 'docker', 'node12', 'node16', 'node20' or "
	    "'node24' instead." } },
	{ "no using",
	  "runs:\n  steps: []\n",
	  { "Missing 'using' value. 'using' requires 'composite', 'docker', 'node12', 'node16', "
	    "'node20' or 'node24'." } },
	{ "no main",
	  "runs: {using: node20, pre: a.js}\n",
	  { "You are using a JavaScript Action but there is not an entry JavaScript file provided "
	    "in x/action.yml." } },
	{ "no image",
	  "runs: {using: docker, args: [a]}\n",
	  { "You are using a Container Action but an image is not provided in x/action.yml." } },
	{ "composite without steps",
	  "runs: {using: composite, plugin: x}\n",
	  { "x/action.yml (Line: 1, Col: 26): Unexpected value 'plugin'",
	    "x/action.yml (Line: 1, Col: 7): There's not enough info to determine what you meant. "
	    "Add one of these properties: args, entrypoint, env, image, main, post, "
	    "post-entrypoint, pre, pre-entrypoint, steps" } },
	{ "only using",
	  "runs: {using: node20}\n",
	  { "x/action.yml (Line: 1, Col: 7): There's not enough info to determine what you meant. "
	    "Add one of these properties: args, entrypoint, env, image, main, post, "
	    "post-entrypoint, pre, pre-entrypoint, steps" } },
	{ "no shell",
	  "runs:\n  using: composite\n  steps:\n    - run: x\n",
	  { "x/action.yml (Line: 4, Col: 7): Required property is missing: shell" } },
	{ "secrets are not for actions",
	  "runs:\n  using: composite\n  steps:\n"
	  "    - {run: \"${{ secrets.x }}\", shell: sh}\n",
	  { "x/action.yml (Line: 4, Col: 13): Unrecognized named-value: 'secrets'. Located at "
	    "position 1 within expression: secrets.x" } },
	{ "no timeouts in composites",
	  "runs:\n  using: composite\n  steps:\n    - {run: x, shell: sh, timeout-minutes: 3}\n",
	  { "x/action.yml (Line: 4, Col: 27): Unexpected value 'timeout-minutes'" } },
	{ "env of docker sees inputs only",
	  "runs: {using: docker, image: Dockerfile, env: {A: \"${{ github.sha }}\"}}\n",
	  { "x/action.yml (Line: 1, Col: 51): Unrecognized named-value: 'github'. Located at "
	    "position 1 within expression: github.sha" } },
	{ "defaults see no steps",
	  "inputs: {a: {default: \"${{ steps.x }}\"}}\nruns: {using: node20, main: x}\n",
	  { "x/action.yml (Line: 1, Col: 23): Unrecognized named-value: 'steps'. Located at "
	    "position 1 within expression: steps.x" } },
	{ "an input is a mapping",
	  "inputs:\n  a:\nruns: {using: node20, main: x}\n",
	  { "x/action.yml (Line: 2, Col: 5): Unexpected value ''" } },
	{ "ids are unique",
	  "runs:\n  using: composite\n  steps:\n    - {run: x, shell: sh, id: a}\n"
	  "    - {run: x, shell: sh, id: A}\n",
	  { "x/action.yml (Line: 5, Col: 31): The identifier 'A' may not be used more than once "
	    "within the same scope." } },
	{ "anchors",
	  "name: &n x\nruns: {using: node20, main: x}\n",
	  { "x/action.yml: Anchors are not currently supported. Remove the anchor 'n'" } },
	{ "a post-if is text, without ${{ }}",
	  "runs: {using: node20, main: x, post: y, post-if: \"${{ always() }}\"}\n",
	  { "x/action.yml (Line: 1, Col: 50): Unrecognized function: 'always'. Located at position "
	    "1 within expression: always()" } },
};

Test(action, bad_files_are_told_as_github_does)
{
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fixture f;
		const struct action *action = load(&f, bad[i].text);
		size_t n = 0;

		cr_expect_null(action, "%s", bad[i].name);
		while (n < 3 && bad[i].errors[n]) {
			n++;
		}
		if (f.diags.list.n != n) {
			wrong++;
		}
		for (size_t k = 0; k < f.diags.list.n; k++) {
			struct str got = diag_as_github(&f.a, &f.diags, &f.diags.list.v[k]);

			cr_expect(k < n && str_eq(got, str_of(bad[i].errors[k])),
				  "%s: got \"%.*s\"", bad[i].name, STR_ARG(got));
		}
		arena_release(&f.a);
	}
	cr_assert_eq(wrong, 0);
}

/* --- good files ------------------------------------------------------------------------------ */

Test(action, a_javascript_action)
{
	struct fixture f;
	const struct action *a = load(&f, "name: Hi\n"
					  "description: says it\n"
					  "author: nobody\n"
					  "branding: {icon: x, more: [1, 2]}\n"
					  "inputs:\n"
					  "  who: {default: World, required: true}\n"
					  "  Count: {DEFAULT: 3, deprecationmessage: gone}\n"
					  "  none: {description: d}\n"
					  "outputs:\n"
					  "  time: {description: when}\n"
					  "runs:\n"
					  "  using: NODE20\n"
					  "  main: m.js\n"
					  "  pre: p.js\n"
					  "  pre-if: success()\n"
					  "  post: q.js\n");

	cr_assert_not_null(a);
	cr_assert_eq(a->kind, ACTION_NODE);
	expect(a->name, "Hi");
	expect(a->using, "NODE20");
	expect(a->stages[STAGE_MAIN].path.s, "m.js");
	expect(a->stages[STAGE_PRE].path.s, "p.js");
	expect(a->stages[STAGE_POST].path.s, "q.js");
	expect(expr_text(a->stages[STAGE_PRE].cond), "success()");
	cr_assert_null(a->stages[STAGE_POST].cond);
	cr_assert_eq(a->ninputs, 3);
	cr_assert_not_null(action_input(a, STR("WHO"))->fallback);
	cr_assert(action_input(a, STR("count"))->deprecated);
	expect(action_input(a, STR("count"))->deprecation, "gone");
	cr_assert_null(action_input(a, STR("none"))->fallback);
	cr_assert_eq(a->noutputs, 1);
	cr_assert_null(a->outputs[0].value);
	arena_release(&f.a);
}

/* It is read when the stage's turn has come, and fails that. */
Test(action, a_post_if_that_is_no_expression)
{
	struct fixture f;
	const struct action *a = load(&f, "runs:\n"
					  "  using: node20\n"
					  "  main: m.js\n"
					  "  post: p.js\n"
					  "  post-if: nope()\n");

	cr_assert_not_null(a);
	cr_assert_null(a->stages[STAGE_POST].cond);
	expect(a->stages[STAGE_POST].cond_error,
	       "Unrecognized function: 'nope'. Located at position 1 within expression: nope()");
	cr_assert_eq(f.diags.list.n, 1);
	cr_assert_eq(f.diags.list.v[0].severity, DIAG_WARNING);
	arena_release(&f.a);
}

Test(action, a_docker_action)
{
	struct fixture f;
	const struct action *a = load(&f, "runs:\n"
					  "  using: docker\n"
					  "  image: docker://alpine:3\n"
					  "  entrypoint: /main.sh\n"
					  "  pre-entrypoint: /pre.sh\n"
					  "  post-entrypoint: /post.sh\n"
					  "  post-if: failure() || vars.A == secrets.B\n"
					  "  args: ['${{ inputs.a }}', b]\n"
					  "  env: {A: '${{ inputs.a }}'}\n");

	cr_assert_not_null(a);
	cr_assert_eq(a->kind, ACTION_DOCKER);
	expect(a->image.s, "docker://alpine:3");
	expect(a->stages[STAGE_MAIN].path.s, "/main.sh");
	expect(a->stages[STAGE_PRE].path.s, "/pre.sh");
	expect(a->stages[STAGE_POST].path.s, "/post.sh");
	expect(expr_text(a->stages[STAGE_POST].cond), "failure() || vars.A == secrets.B");
	cr_assert_eq(a->args->u.seq.n, 2);
	cr_assert_eq(a->env->u.map.n, 1);
	arena_release(&f.a);
}

Test(action, a_composite_action)
{
	struct fixture f;
	const struct action *a = load(&f, "outputs:\n"
					  "  o: {value: '${{ steps.a.outputs.x }}'}\n"
					  "runs:\n"
					  "  using: composite\n"
					  "  steps:\n"
					  "    - {id: a, run: x, shell: '${{ inputs.sh }}'}\n"
					  "    - {uses: ./b, with: {c: d}, if: failure()}\n"
					  "    - {uses: o/r@v1, continue-on-error: true}\n");

	cr_assert_not_null(a);
	cr_assert_eq(a->kind, ACTION_COMPOSITE);
	cr_assert_eq(a->nsteps, 3);
	expect(a->steps[0].id, "a");
	expect(expr_text(a->steps[0].cond), "success()");
	expect(expr_text(a->steps[1].cond), "failure()");
	expect(a->steps[1].id, "__self");
	expect(a->steps[2].uses.s, "o/r@v1");
	cr_assert_not_null(a->outputs[0].value);
	arena_release(&f.a);
}

static const struct {
	const char *image;
	bool dockerfile;
} images[] = {
	{ "Dockerfile", true },
	{ "sub/dockerfile", true },
	{ "a/Dockerfile.dev", true },
	{ "my.Dockerfile", true },
	{ "dockerfile.", true },
	{ ".dockerfile", true },
	{ ".Dockerfile.", false },
	{ "dockerfile:latest", false },
	{ "Dockerfile-latest", false },
	{ "a/dockerfileimage", false },
	{ "ghcr.io/o/dockerfile", true },
	{ "docker://x", false },
	{ "DOCKER://Dockerfile", false },
	{ "Dockerfile/inside", false },
	{ "alpine", false },
	{ "", false },
};

Test(action, dockerfiles_are_known_by_their_name)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		cr_expect_eq(action_image_is_dockerfile(str_of(images[i].image)),
			     images[i].dockerfile, "%s", images[i].image);
	}
}
