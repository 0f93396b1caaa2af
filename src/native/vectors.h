/** Vectors as wide as the instruction set has them. */
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/** The name of a kernel in this set of instructions. */
#define JOINED(a, b) a##_##b
#define OF_NAMED(name, variant) JOINED(name, variant)
#define OF_VARIANT(name) OF_NAMED(name, VARIANT)

namespace {

// ROWS by ACROSS registers of sums hide how long an addition takes, and leave some registers for the factors: of the
// 16 of AVX2, which needs eight sums at least, 12 hold sums, 3 the factors of the rows and 1 the others in turn.
#if defined(__AVX512F__)
constexpr int BYTES = 64, ROWS = 8, ACROSS = 2;
#elif defined(__AVX__)
constexpr int BYTES = 32, ROWS = 3, ACROSS = 4;
#elif defined(__x86_64__) || defined(__wasm_simd128__)
constexpr int BYTES = 16, ROWS = 4, ACROSS = 2;
#else
constexpr int BYTES = 16, ROWS = 8, ACROSS = 2;
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

/** One word in all lanes. It is moved without conversion: two bfloat16 may look like a float32 that is NaN. */
inline Floats splat(const void *p) {
#if defined(__AVX512F__)
  return (Floats)_mm512_set1_epi32(load<int>(p));
#elif defined(__AVX__)
  return (Floats)_mm256_set1_epi32(load<int>(p)); // compilers may make eight insertions of the loop below
#elif defined(__x86_64__)
  return (Floats)_mm_set1_epi32(load<int>(p));
#else
  Floats all;
#pragma GCC unroll 16
  for (int lane = 0; lane < LANES; lane++) all[lane] = load<float>(p);
  return all;
#endif
}

/**
 * Adds to R rows of ACROSS registers of sums what one column of factors gives with one row of others.
 *
 * @param factor the factor of a row, in all lanes
 * @param add sum, factor and others to the new sum
 */
template <int R, class Factor, class Add>
inline void addOuter(Floats (&sums)[R][ACROSS], Factor factor, const void *others, Add add) {
  const auto other = [=](int c) { return load<Floats>(static_cast<const float *>(others) + c * LANES); };
  if constexpr (R < ACROSS) {
    Floats factors[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) factors[r] = factor(r);
#pragma GCC unroll 8
    for (int c = 0; c < ACROSS; c++) {
      const Floats b = other(c);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) sums[r][c] = add(sums[r][c], factors[r], b);
    }
  } else {
    Floats b[ACROSS];
#pragma GCC unroll 8
    for (int c = 0; c < ACROSS; c++) b[c] = other(c);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const Floats a = factor(r);
#pragma GCC unroll 8
      for (int c = 0; c < ACROSS; c++) sums[r][c] = add(sums[r][c], a, b[c]);
    }
  }
}

/** Calls body(row, R), where R is a constant, for groups of R rows from `first` to `last` - 1: a multiple of 8 in all. */
template <class Body> inline void inGroups(int64_t first, int64_t last, Body body) {
  if constexpr (8 % ROWS == 0) {
    for (int64_t row = first; row < last; row += ROWS) body(row, std::integral_constant<int, ROWS>{});
  } else {
    int64_t row = first;
    // In threes; two groups of two are faster than three and one.
    for (; last - row > 4 || last - row == 3; row += 3) body(row, std::integral_constant<int, 3>{});
    for (; last - row > 1; row += 2) body(row, std::integral_constant<int, 2>{});
  }
}

} // namespace
