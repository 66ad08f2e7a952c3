/*
 * test_sha256.c - the digests that FIPS 180-4's examples and NIST's vectors give.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "actc/sha256.h"

static const struct {
	const char *message;
	size_t times; /* the message is so often repeated */
	const char *hex;
} rows[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
	  "lmnopqrsmnopqrstnopqrstu",
	  1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	/* NIST's SHA256ShortMsg: 8 bits. */
	{ "\xd3", 1, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
};

Test(sha256, published_vectors)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sha256 s;
		uint8_t digest[32];
		char hex[65];

		sha256_init(&s);
		for (size_t k = 0; k < rows[i].times; k++) {
			sha256_add(&s, rows[i].message, strlen(rows[i].message));
		}
		sha256_end(&s, digest);
		sha256_hex(digest, hex);
		cr_assert_str_eq(hex, rows[i].hex, "row %zu", i);
	}
}

Test(sha256, pieces_of_any_size_give_the_same)
{
	uint8_t data[300], whole[32], pieces[32];
	struct sha256 s;

	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 7);
	}
	for (size_t len = 0; len <= sizeof(data); len++) {
		sha256_init(&s);
		sha256_add(&s, data, len);
		sha256_end(&s, whole);
		for (size_t step = 1; step < 140; step += 9) {
			sha256_init(&s);
			for (size_t at = 0; at < len; at += step) {
				sha256_add(&s, data + at, len - at < step ? len - at : step);
			}
			sha256_end(&s, pieces);
			cr_assert_arr_eq(whole, pieces, 32, "%zu bytes by %zu", len, step);
		}
	}
}
