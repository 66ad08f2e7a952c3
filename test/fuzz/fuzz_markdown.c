/*
 * fuzz_markdown.c - any bytes as a step summary on a terminal.
 *
 * Checked beyond "no fault": no escape sequence of the text's gets through.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/utf8.h"
#include "report/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text = STRBUF_INIT(0), out = STRBUF_INIT(0);
	struct painter plain = { .out = &out, .colour = false };
	struct painter colour = { .out = &out, .colour = true, .sgr = true };

	utf8_sanitize(&text, str_mk((const char *)data, size));
	markdown_paint(&plain, strbuf_str(&text), 2);
	if (str_chr(strbuf_str(&out), 0x1B, 0) != STR_NPOS) {
		abort();
	}
	markdown_paint(&colour, strbuf_str(&text), 0);
	strbuf_release(&text);
	strbuf_release(&out);
	return 0;
}
