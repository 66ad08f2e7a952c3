/*
 * markdown.h - Markdown as a terminal can show it (private to src/report).
 */
#ifndef ACTC_REPORT_MARKDOWN_H
#define ACTC_REPORT_MARKDOWN_H

#include "paint.h"

/* Headings, lists, tables, code, emphasis, links and quotes, and the HTML that stands for them;
 * every line is indented. Foreign text like any other: escape sequences do no harm. */
void markdown_paint(const struct painter *p, struct str text, size_t indent);

/* Text between blocks of code with its HTML tags as Markdown; others are left out
 * (markdown_html.c). */
void markdown_from_html(struct strbuf *out, struct str html);

#endif
