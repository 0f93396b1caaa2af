/** Vectors as wide as the instruction set has them. */
#pragma once
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/** What a kernel is called in this set of instructions. */
#define JOINED(a, b) a##_##b
#define OF_NAMED(name, variant) JOINED(name, variant)
#define OF_VARIANT(name) OF_NAMED(name, VARIANT)

namespace {

// ROWS by two registers of sums leave some for the factors.
#if defined(__AVX512F__)
constexpr int BYTES = 64, ROWS = 8;
#elif defined(__AVX__)
constexpr int BYTES = 32, ROWS = 4;
#elif defined(__x86_64__)
constexpr int BYTES = 16, ROWS = 4;
#else
constexpr int BYTES = 16, ROWS = 8;
#endif
constexpr int LANES = BYTES / 4;
typedef float Floats __attribute__((vector_size(BYTES)));
typedef int32_t Ints __attribute__((vector_size(BYTES)));

template <class V> inline V load(const void *p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class V> inline void store(void *p, V v) { std::memcpy(p, &v, sizeof v); }

/** One word in all lanes. It is moved as it is: two bfloat16 may look like a float32 that is no number. */
inline Floats splat(const void *p) {
#if defined(__AVX512F__)
  return (Floats)_mm512_set1_epi32(load<int>(p));
#else
  Floats all;
#pragma GCC unroll 16
  for (int lane = 0; lane < LANES; lane++) all[lane] = load<float>(p);
  return all;
#endif
}

} // namespace
