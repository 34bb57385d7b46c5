/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hash.h"
#include "suite.h"

START_TEST(fnv1a_agrees_with_its_published_values)
{
	ck_assert_uint_eq(tpi_fnv1a("", 0), 0x811c9dc5);
	ck_assert_uint_eq(tpi_fnv1a("a", 1), 0xe40c292c);
	ck_assert_uint_eq(tpi_fnv1a("foobar", 6), 0xbf9cf968);
}
END_TEST

START_TEST(siphash_agrees_with_its_published_values)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
		{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
		{3, 0x85676696d7fb7e2d}, {15, 0xa129ca6149be45e5},
	};
	static const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	unsigned char input[16];

	for (unsigned char i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (size_t i = 0; i < LENGTH(known); i++)
		ck_assert_uint_eq(tpi_siphash(seed, input, known[i].len), known[i].hash);
}
END_TEST

/* Changing any byte of a key of any length, or the seed, or the length alone, changes the hash. */
START_TEST(the_fold_hash_depends_on_every_byte)
{
	static const uint64_t seed[2] = {0x8ebc6af09c88c6e3, 0x589965cc75374cc3};
	static const uint64_t other[2] = {0x8ebc6af09c88c6e3, 0x589965cc75374cc2};
	unsigned char key[70] = {0};

	for (size_t len = 0; len < sizeof(key); len++) {
		uint64_t hash = tpi_fold_hash(seed, key, len);

		ck_assert_uint_ne(hash, tpi_fold_hash(other, key, len));
		ck_assert_uint_ne(hash, tpi_fold_hash(seed, key, len + 1));
		for (size_t i = 0; i < len; i++) {
			key[i] ^= 0x40;
			ck_assert_uint_ne(hash, tpi_fold_hash(seed, key, len));
			key[i] ^= 0x40;
		}
		ck_assert_uint_eq(hash, tpi_fold_hash(seed, key, len));
	}
}
END_TEST

/* Numbered keys, the even ones too, fill the buckets of a table evenly: no bucket of 1,024 gets over 40 of 16,384. */
START_TEST(numbered_keys_spread_over_the_buckets)
{
	for (unsigned step = 1; step <= 64; step *= 2) {
		unsigned buckets[1024] = {0};
		uint64_t seed[2] = {step * 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3};
		char key[32];

		for (unsigned i = 0; i < 16384; i++) {
			int len = snprintf(key, sizeof(key), "user-%07u", i * step);

			buckets[tpi_fold_hash(seed, key, (size_t)len) % LENGTH(buckets)]++;
		}
		for (unsigned i = 0; i < LENGTH(buckets); i++)
			ck_assert_uint_le(buckets[i], 40);
	}
}
END_TEST

START_TEST(seeds_differ)
{
	uint64_t a[2], b[2];

	tpi_hash_seed(a);
	tpi_hash_seed(b);
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		fnv1a_agrees_with_its_published_values, siphash_agrees_with_its_published_values,
		the_fold_hash_depends_on_every_byte,    numbered_keys_spread_over_the_buckets,
		seeds_differ,                           NULL,
	};

	return run_suite("hash", tests, NULL);
}
