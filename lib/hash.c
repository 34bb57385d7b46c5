/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"

uint32_t tpi_fnv1a(const void *key, size_t len)
{
	const unsigned char *byte = key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash;
}

static inline uint64_t rotl(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* Little-endian, as SipHash wants it on every machine. */
static inline uint64_t load_le(const unsigned char *byte, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)byte[i] << (8 * i);
	return word;
}

static inline void sip_absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t tpi_siphash(const uint64_t seed[2], const void *key, size_t len)
{
	const unsigned char *byte = key;
	uint64_t v[4] = {
		seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
		seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u,
	};
	size_t i;

	for (i = 0; i + 8 <= len; i += 8)
		sip_absorb(v, load_le(byte + i, 8));
	sip_absorb(v, load_le(byte + i, len - i) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline uint64_t load64(const unsigned char *byte)
{
	uint64_t word;

	memcpy(&word, byte, sizeof(word));
	return word;
}

static inline uint64_t load32(const unsigned char *byte)
{
	uint32_t word;

	memcpy(&word, byte, sizeof(word));
	return word;
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
	uint64_t low = al * bl, cross = ah * bl + (low >> 32), other = al * bh + (uint32_t)cross;

	return (other << 32 | (uint32_t)low) ^ (ah * bh + (cross >> 32) + (other >> 32));
#endif
}

uint64_t tpi_fold_hash(const uint64_t seed[2], const void *key, size_t len)
{
	const unsigned char *byte = key;
	uint64_t hash = seed[0] ^ len, a, b;
	size_t left = len;

	for (; left > 16; left -= 16, byte += 16)
		hash = fold(load64(byte) ^ seed[1], load64(byte + 8) ^ hash);
	if (left >= 8) {
		a = load64(byte);
		b = load64(byte + left - 8);
	} else if (left >= 4) {
		a = load32(byte);
		b = load32(byte + left - 4);
	} else {
		a = left > 0 ? (uint64_t)byte[0] << 16 | (uint64_t)byte[left / 2] << 8 | byte[left - 1] : 0;
		b = 0;
	}
	hash = fold(a ^ seed[1], b ^ hash);
	return fold(hash ^ seed[0], 0x9e3779b97f4a7c15u);
}

void tpi_hash_seed(uint64_t seed[2])
{
	int local;

	if (getentropy(seed, 2 * sizeof(seed[0])) == 0)
		return;
	seed[0] = (uint64_t)tpi_now() * 0x9e3779b97f4a7c15u;
	seed[1] = ((uint64_t)(uintptr_t)&local ^ (uint64_t)getpid() << 32) * 0xbf58476d1ce4e5b9u;
}
