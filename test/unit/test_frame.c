/*
 * test_frame.c - the wire format: what is written can be read, and nothing else is.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "actc/frame.h"

Test(frame, a_header_is_twelve_little_endian_bytes)
{
	static const uint8_t want[FRAME_HEADER] = { 4, 3, 2,    0,    FRAME_DATA, 5,
						    0, 0, 0xdd, 0xcc, 0xbb,       0xaa };
	uint8_t got[FRAME_HEADER];

	frame_header(got, FRAME_DATA, 5, 0xaabbccdd, 0x00020304);
	cr_assert_arr_eq(got, want, sizeof(want));
}

Test(frame, fields_come_back)
{
	static const struct str list[] = { STR_INIT("one"), STR_INIT(""), STR_INIT("three") };
	struct strbuf b = STRBUF_INIT(0);
	struct frame f = { 0 };

	frame_put_u32(&b, 0xfedcba98);
	frame_put_u64(&b, 0x0123456789abcdefULL);
	frame_put_bytes(&b, STR("a\0b"));
	frame_put_list(&b, list, 3);
	f.payload = (const uint8_t *)b.p;
	f.len = (uint32_t)b.len;

	struct frame_reader r = frame_reader(&f);

	cr_assert(frame_u32(&r) == 0xfedcba98);
	cr_assert(frame_u64(&r) == 0x0123456789abcdefULL);
	cr_assert(str_eq(frame_bytes(&r), STR("a\0b")));
	cr_assert(frame_u32(&r) == 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert(str_eq(frame_bytes(&r), list[i]));
	}
	cr_assert(r.left == 0 && !r.bad);
	cr_assert(frame_u32(&r) == 0 && r.bad);
	strbuf_release(&b);
}

Test(frame, a_length_beyond_the_payload_is_bad_and_stays_so)
{
	static const uint8_t raw[] = { 5, 0, 0, 0, 'a', 'b', 'c', 'd' };
	struct frame f = { .payload = raw, .len = sizeof(raw) };
	struct frame_reader r = frame_reader(&f);

	cr_assert(frame_bytes(&r).len == 0);
	cr_assert(r.bad);
	cr_assert(frame_u32(&r) == 0 && r.bad);
}

Test(frame, decode_wants_more_or_refuses)
{
	uint8_t raw[FRAME_HEADER + 3] = { 0 };
	struct frame f;
	size_t used;

	frame_header(raw, FRAME_PING, 0, 7, 3);
	for (size_t n = 0; n < sizeof(raw); n++) {
		cr_assert(frame_decode(raw, n, &f, &used) == FRAME_MORE, "%zu bytes", n);
	}
	cr_assert(frame_decode(raw, sizeof(raw), &f, &used) == FRAME_OK);
	cr_assert(used == sizeof(raw) && f.type == FRAME_PING && f.stream == 7 && f.len == 3);
	raw[6] = 1;
	cr_assert(frame_decode(raw, sizeof(raw), &f, &used) == FRAME_BAD);
	frame_header(raw, FRAME_PING, 0, 7, FRAME_MAX + 1);
	cr_assert(frame_decode(raw, sizeof(raw), &f, &used) == FRAME_BAD);
	frame_header(raw, (enum frame_type)0, 0, 7, 0);
	cr_assert(frame_decode(raw, sizeof(raw), &f, &used) == FRAME_BAD);
	/* A type of a later version is for the reader to answer. */
	frame_header(raw, (enum frame_type)200, 0, 7, 0);
	cr_assert(frame_decode(raw, sizeof(raw), &f, &used) == FRAME_OK);
}

/* Feeds `bytes` in steps and returns the messages joined: "type:length;". */
static void feed(struct str bytes, size_t step, struct strbuf *seen, enum frame_status *last)
{
	struct frame_input in;
	struct frame f;

	*last = FRAME_MORE;
	frame_input_init(&in, 2 * (FRAME_HEADER + FRAME_MAX));
	while (bytes.len > 0 && *last != FRAME_BAD) {
		size_t room;
		uint8_t *p = frame_input_room(&in, &room);
		size_t n = bytes.len < step ? bytes.len : step;

		cr_assert(room > 0);
		n = n < room ? n : room;
		memcpy(p, bytes.p, n);
		frame_input_add(&in, n);
		bytes = str_slice(bytes, n, bytes.len);
		while ((*last = frame_input_next(&in, &f)) == FRAME_OK) {
			unsigned sum = 0;

			for (uint32_t i = 0; i < f.len; i++) {
				sum = sum * 31 + f.payload[i];
			}
			strbuf_addf(seen, "%u:%u:%u:%u;", (unsigned)f.type, (unsigned)f.stream,
				    (unsigned)f.len, sum);
		}
	}
	frame_input_release(&in);
}

Test(frame, messages_longer_than_a_frame_are_joined_however_they_arrive)
{
	enum { BIG = 3 * FRAME_MAX + 17 };
	static const size_t steps[] = { 1000, 4096, FRAME_MAX, 10 * FRAME_MAX };
	struct strbuf wire = STRBUF_INIT(0), first = STRBUF_INIT(0);
	char *big = malloc(BIG);

	for (size_t i = 0; i < BIG; i++) {
		big[i] = (char)(i >> 5);
	}
	frame_send(&wire, FRAME_PING, 0, 1, STR_EMPTY);
	frame_send(&wire, FRAME_WRITE, FLAG_AS_ROOT, 3, str_mk(big, BIG));
	frame_send(&wire, FRAME_DATA, 0, 5, str_mk(big, FRAME_MAX));
	frame_send(&wire, FRAME_DATA, 0, 5, STR("end"));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct strbuf seen = STRBUF_INIT(0);
		enum frame_status last;

		feed(strbuf_str(&wire), steps[i], &seen, &last);
		cr_assert(last == FRAME_MORE);
		if (i == 0) {
			strbuf_adds(&first, strbuf_str(&seen));
			cr_assert(strncmp(first.p, "2:1:0:0;10:3:786449:", 20) == 0, "%s", first.p);
		}
		cr_assert_str_eq(seen.p, first.p, "in steps of %zu", steps[i]);
		strbuf_release(&seen);
	}
	free(big);
	strbuf_release(&wire);
	strbuf_release(&first);
}

Test(frame, parts_must_belong_together)
{
	uint8_t raw[2 * FRAME_HEADER];
	struct strbuf seen = STRBUF_INIT(0);
	enum frame_status last;

	frame_header(raw, FRAME_WRITE, FLAG_PART, 1, 0);
	frame_header(raw + FRAME_HEADER, FRAME_WRITE, 0, 3, 0);
	feed(str_mk((char *)raw, sizeof(raw)), 100, &seen, &last);
	cr_assert(last == FRAME_BAD);
	frame_header(raw + FRAME_HEADER, FRAME_MKDIR, 0, 1, 0);
	feed(str_mk((char *)raw, sizeof(raw)), 100, &seen, &last);
	cr_assert(last == FRAME_BAD && seen.len == 0);
	strbuf_release(&seen);
}

Test(frame, a_message_has_a_limit)
{
	enum { PARTS = FRAME_MESSAGE_MAX / FRAME_MAX + 1 };
	struct frame_input in;
	struct frame f;
	enum frame_status status = FRAME_MORE;
	size_t parts = 0;

	frame_input_init(&in, 2 * (FRAME_HEADER + FRAME_MAX));
	while (status == FRAME_MORE && parts <= PARTS) {
		size_t room;
		uint8_t *p = frame_input_room(&in, &room);

		frame_header(p, FRAME_WRITE, FLAG_PART, 1, FRAME_MAX);
		memset(p + FRAME_HEADER, 'x', FRAME_MAX);
		frame_input_add(&in, FRAME_HEADER + FRAME_MAX);
		status = frame_input_next(&in, &f);
		parts++;
	}
	cr_assert(status == FRAME_BAD);
	cr_assert(parts == PARTS, "%zu", parts);
	frame_input_release(&in);
}
