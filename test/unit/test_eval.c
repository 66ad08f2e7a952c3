/* test_eval.c - `act-c eval`: what it prints, where, and its exit status. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"
#include "cli/cli.h"

static struct arena arena;
static char folder[] = "/tmp/actc-eval-XXXXXX";

static void prepare(void)
{
	cr_assert(mkdtemp(folder) != NULL);
}

static void release(void)
{
	struct err err = ERR_INIT;

	cr_assert(remove_tree(folder, &err), "%s", err.msg);
	arena_release(&arena);
}

TestSuite(eval, .init = prepare, .fini = release);

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name).p;
}

static void write_text(const char *name, struct str text)
{
	struct err err = ERR_INIT;

	cr_assert(write_file(path_of(name), text, 0600, &err), "%s", err.msg);
}

static struct str read_text(const char *name)
{
	struct strbuf b = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	cr_assert(read_file(path_of(name), &b, &err), "%s", err.msg);

	struct str text = arena_str(&arena, strbuf_str(&b));

	strbuf_release(&b);
	return text;
}

static void redirect(const char *name, const char *mode, FILE *stream)
{
	if (!freopen(path_of(name), mode, stream)) {
		_exit(99);
	}
}

struct outcome {
	int status;
	struct str out;
	struct str err;
};

/* act-c eval ARGS… with `input` at its standard input, in a process of its own. */
static struct outcome eval(struct str input, int argc, const char *const *args)
{
	char *argv[8] = { (char *)(uintptr_t) "act-c", (char *)(uintptr_t) "eval" };
	int status;

	for (int i = 0; i < argc; i++) {
		argv[i + 2] = (char *)(uintptr_t)args[i];
	}
	write_text("in", input);

	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid == 0) {
		redirect("in", "r", stdin);
		redirect("out", "w", stdout);
		redirect("err", "w", stderr);

		int code = cli_main(argc + 2, argv);

		(void)fflush(stderr);
		_exit(code);
	}
	cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return (struct outcome){ WEXITSTATUS(status), read_text("out"), read_text("err") };
}

#define EVAL(input, ...)                                                                  \
	eval(STR(input), (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), \
	     (const char *[]){ __VA_ARGS__ })

Test(eval, prints_the_value_as_json)
{
	struct outcome got = EVAL("", "format('{0}', 1e15)");

	cr_assert_str_eq(got.out.p, "\"1E+15\"\n");
	cr_assert(got.status == 0 && got.err.len == 0, "%s", got.err.p);
	got = EVAL("", "fromJSON('[1, {}]')");
	cr_assert_str_eq(got.out.p, "[\n  1,\n  {}\n]\n");
	got = EVAL("", "NaN");
	cr_assert_str_eq(got.out.p, "\"NaN\"\n");
}

Test(eval, points_at_an_error)
{
	struct outcome got = EVAL("", "true && nope.x");

	cr_assert(got.status == 1 && got.out.len == 0);
	cr_assert_str_eq(got.err.p,
			 "<expression>:1:9: Unrecognized named-value: 'nope'. Located at position "
			 "9 within expression: true && nope.x [expression]\n"
			 "  |\n"
			 "1 | true && nope.x\n"
			 "  |         ^~~~\n");
}

Test(eval, reads_contexts_from_files)
{
	write_text("github.json", STR("{\"ref\": \"refs/heads/main\"}"));
	write_text("bad.json", STR("{\n\"ref\" 1}"));

	const char *good = arena_printf(&arena, "GitHub=%s", path_of("github.json")).p;
	const char *bad = arena_printf(&arena, "x=%s", path_of("bad.json")).p;
	struct outcome got = EVAL("", "--context", good, "github.REF");

	cr_assert_str_eq(got.out.p, "\"refs/heads/main\"\n");
	got = EVAL("", "--context", bad, "x");
	cr_assert(got.status == 1 && strstr(got.err.p, "bad.json: 2:"), "%s", got.err.p);
	got = EVAL("", "--context", "x=/nowhere/at/all", "x");
	cr_assert(got.status == 1 && strstr(got.err.p, "/nowhere/at/all"), "%s", got.err.p);
}

Test(eval, wants_an_expression)
{
	struct outcome got = eval(STR(""), 0, NULL);

	cr_assert(got.status == 2 && got.out.len == 0 && got.err.len > 0);
	got = EVAL("", "--batch", "1");
	cr_assert(got.status == 2);
	got = EVAL("", "--context", "x", "x");
	cr_assert(got.status == 2, "%s", got.err.p);
}

/* "one line out per line in … a bad input line gives an error with stage input and the rest goes
 * on; exit 0". */
Test(eval, answers_a_case_a_line)
{
	struct outcome got = EVAL("{\"expr\":\"a.b\",\"contexts\":{\"A\":{\"B\":[1,null]}}}\n"
				  "{\"expr\":\"\"}\n"
				  "\n"
				  "{\"expr\":\"-0\",\"contexts\":null}\n"
				  "{\"expr\":\"NaN\"}\n"
				  "{\"expr\":\"-Infinity\"}\n"
				  "[1]\n"
				  "{\"expr\":1}\n"
				  "{\"expr\":\"1\",\"contexts\":[]}\n"
				  "{\"expr\":\"success()\"}\n"
				  "{\"expr\":\"1 ~\"}\n"
				  "{\"expr\":\"format('}')\"}\n"
				  "{\"expr\":\"toJSON('\xC3\xA4\xE2\x80\xA8')\"}",
				  "--batch");

	cr_assert_str_eq(
		got.out.p,
		"{\"kind\":\"Array\",\"value\":[1,null]}\n"
		"{\"kind\":\"Null\",\"value\":null}\n"
		"{\"error\":\"1:0: unexpected token near end of file\",\"stage\":\"input\"}\n"
		"{\"kind\":\"Number\",\"value\":0}\n"
		"{\"kind\":\"Number\",\"value\":\"NaN\"}\n"
		"{\"kind\":\"Number\",\"value\":\"-Infinity\"}\n"
		"{\"error\":\"\\\"expr\\\" has to be a string\",\"stage\":\"input\"}\n"
		"{\"error\":\"\\\"expr\\\" has to be a string\",\"stage\":\"input\"}\n"
		"{\"error\":\"\\\"contexts\\\" has to be an object\",\"stage\":\"input\"}\n"
		"{\"error\":\"Unrecognized function: 'success'. Located at position 1 within "
		"expression: success()\",\"stage\":\"parsing\"}\n"
		"{\"error\":\"Unexpected symbol: '~'. Located at position 3 within expression: 1 "
		"~\",\"stage\":\"lexing\"}\n"
		"{\"error\":\"The following format string is invalid: "
		"}\",\"stage\":\"evaluation\"}\n"
		"{\"kind\":\"String\",\"value\":\"\\\"\xC3\xA4\\\\u2028\\\"\"}\n");
	cr_assert(got.status == 0 && got.err.len == 0);
}
