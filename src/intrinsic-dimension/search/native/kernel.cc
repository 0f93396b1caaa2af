/** The inner loops of a search. Compiled once for each instruction set, which VARIANT names. */
#include "kernel.h"
#if !defined(__wasm__)
#include "matrix.h"
#endif
#include "sums.h"
#include "../../../native/vectors.h"
#include <cmath>
#include <limits>
#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define TEXT(name) #name
#define NAME_OF(variant) TEXT(variant)

namespace {

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/** Products of words. Only here compilers may join a product and a sum, which rounds once instead of twice. */
struct Single {
  static inline Floats add(Floats sum, Floats a, Floats b) {
#if defined(__AVX512F__)
    return (Floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)sum);
#elif defined(__FMA__)
    return (Floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum);
#elif defined(__ARM_NEON)
    return (Floats)vfmaq_f32((float32x4_t)sum, (float32x4_t)a, (float32x4_t)b);
#else
    return sum + a * b;
#endif
  }
};
#if defined(__AVX512BF16__)
constexpr bool BFLOAT16_PRODUCTS = true;
struct Halved {
  static inline Floats add(Floats sum, Floats a, Floats b) {
    return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
  }
};
#else
constexpr bool BFLOAT16_PRODUCTS = false;
#endif

/** R rows times ACROSS registers of points, over some words. */
template <class Word, int R>
inline void multiplyGroup(const uint32_t *left, const uint32_t *right, int64_t words, Floats (&sums)[R][ACROSS]) {
  for (auto &row : sums)
    for (Floats &sum : row) sum = Floats{};
  for (int64_t w = 0; w < words; w++, left += PANEL, right += PANEL)
    addOuter(sums, [=](int r) { return splat(left + r); }, right, Word::add);
}

/** R rows of one panel from `row` on, by words `done` and following. */
template <class Word, int R> inline void multiplyRows(const Product &p, int64_t row, int64_t done, int64_t words) {
  const bool add = p.add || done > 0;
  const bool finish = p.rightHalves && done + words == p.words;
  const uint32_t *left = p.left + (row / PANEL * p.words + done) * PANEL + row % PANEL;
  for (int column = 0; column < PANEL; column += ACROSS * LANES) {
    Floats sums[R][ACROSS];
    multiplyGroup<Word>(left, p.right + done * PANEL + column, words, sums);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
      for (int c = 0; c < ACROSS; c++) {
        const int at = column + c * LANES;
        float *out = p.out + (row - p.first + r) * p.stride + at;
        Floats sum = sums[r][c];
        if (add) sum += load<Floats>(out);
        if (finish) sum = sum - splat(p.leftHalves + row + r) - load<Floats>(p.rightHalves + at);
        store(out, sum);
      }
    }
  }
}

template <class Word> void multiplyWords(const Product &p) {
  for (int64_t done = 0; done < p.words; done += p.run) {
    const int64_t words = smaller(p.words - done, p.run);
    for (int64_t row = p.first, end; row < p.last; row = end) {
      end = smaller(p.last, (row / PANEL + 1) * PANEL);
      inGroups(row, end, [&](int64_t first, auto rows) { multiplyRows<Word, rows()>(p, first, done, words); });
    }
  }
}

void multiply(const Product &product, [[maybe_unused]] bool halved) {
#if defined(__AVX512BF16__)
  if (halved) return multiplyWords<Halved>(product);
#endif
  multiplyWords<Single>(product);
}

/** Compares several values at once: bit i says whether the i-th is above its threshold. */
constexpr int MANY = 16;
#if defined(__AVX512F__)
inline unsigned above(const float *values, Floats thresholds) {
  return _mm512_cmp_ps_mask(load<__m512>(values), (__m512)thresholds, _CMP_GT_OQ);
}
inline unsigned aboveAll(const float *values, float threshold) { return above(values, splat(&threshold)); }
inline unsigned aboveEach(const float *values, const float *thresholds) {
  return above(values, load<Floats>(thresholds));
}
#elif defined(__AVX__)
inline unsigned above(const float *values, Floats first, Floats second) {
  const auto bits = [](const float *p, Floats thresholds) {
    return unsigned(_mm256_movemask_ps(_mm256_cmp_ps(load<__m256>(p), (__m256)thresholds, _CMP_GT_OQ)));
  };
  return bits(values, first) | bits(values + LANES, second) << LANES;
}
inline unsigned aboveAll(const float *values, float threshold) {
  const Floats all = splat(&threshold);
  return above(values, all, all);
}
inline unsigned aboveEach(const float *values, const float *thresholds) {
  return above(values, load<Floats>(thresholds), load<Floats>(thresholds + LANES));
}
#else
template <class Threshold> inline unsigned above(const float *values, Threshold threshold) {
  int any = 0;
  for (int i = 0; i < MANY; i++) any |= values[i] > threshold(i);
  if (!any) return 0;
  unsigned bits = 0;
  for (int i = 0; i < MANY; i++) bits |= unsigned(values[i] > threshold(i)) << i;
  return bits;
}
inline unsigned aboveAll(const float *values, float threshold) {
  return above(values, [=](int) { return threshold; });
}
inline unsigned aboveEach(const float *values, const float *thresholds) {
  return above(values, [=](int i) { return thresholds[i]; });
}
#endif

/** Entries of a list that are moved at once. */
constexpr int64_t MOVED = 8;

/** Moves the entries before place `end` back by one. */
template <class T> inline void moveBack(T *list, int64_t end) {
  T entries[MOVED];
  std::memcpy(entries, list + end - MOVED, sizeof entries);
  std::memcpy(list + end - MOVED + 1, entries, sizeof entries);
}

/** Puts a point into the list of another, from which the last one drops out. */
inline void insert(const Lists &lists, int64_t point, int64_t other, float value) {
  float *nearness = lists.nearness + point * lists.size;
  int32_t *indices = lists.indices + point * lists.size;
  int64_t p = lists.size - 1;
  for (; p >= MOVED && nearness[p - MOVED] < value; p -= MOVED) {
    moveBack(nearness, p);
    moveBack(indices, p);
  }
  for (; p > 0 && nearness[p - 1] < value; p--) {
    nearness[p] = nearness[p - 1];
    indices[p] = indices[p - 1];
  }
  nearness[p] = value;
  indices[p] = int32_t(other);
  lists.last[point] = nearness[lists.size - 1];
}

void offerToRows(const Lists &lists, const Tile &tile, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i++) {
    const float *values = tile.values + (i - tile.top) * tile.stride - tile.left;
    int64_t j = larger(tile.left, i + 1);
    for (; j + MANY <= tile.right; j += MANY) {
      for (unsigned bits = aboveAll(values + j, lists.last[i]); bits; bits &= bits - 1) {
        const int64_t other = j + __builtin_ctz(bits);
        // The list's last may have risen since the comparison.
        if (values[other] > lists.last[i]) insert(lists, i, other, values[other]);
      }
    }
    for (; j < tile.right; j++)
      if (values[j] > lists.last[i]) insert(lists, i, j, values[j]);
  }
}

void offerToColumns(const Lists &lists, const Tile &tile, int64_t first, int64_t last) {
  for (int64_t i = tile.top; i < tile.bottom; i++) {
    const float *values = tile.values + (i - tile.top) * tile.stride - tile.left;
    int64_t j = larger(first, i + 1);
    for (; j + MANY <= last; j += MANY) {
      for (unsigned bits = aboveEach(values + j, lists.last + j); bits; bits &= bits - 1) {
        const int64_t point = j + __builtin_ctz(bits);
        insert(lists, point, i, values[point]);
      }
    }
    for (; j < last; j++)
      if (values[j] > lists.last[j]) insert(lists, j, i, values[j]);
  }
}

/** A hash in 64 lanes (Fowler, Noll, Vo), so that additions and products need not wait for each other. */
template <class T> Look lookAt(const T *x, int64_t d) {
  constexpr int MANY_LANES = 64;
  constexpr uint32_t PRIME = 0x01000193;
  uint32_t hashes[MANY_LANES];
  float sums[MANY_LANES] = {};
  for (int lane = 0; lane < MANY_LANES; lane++) hashes[lane] = 0x811c9dc5;
  const auto mix = [&](int lane, T value) {
    // This is 0 for every finite number, else NaN. -0 equals 0, so both must have the same hash.
    sums[lane] += float(value - value);
    const T same = value + T(0);
    if constexpr (sizeof(T) == 4) {
      uint32_t bits;
      std::memcpy(&bits, &same, 4);
      hashes[lane] = (hashes[lane] ^ bits) * PRIME;
    } else {
      uint64_t bits;
      std::memcpy(&bits, &same, 8);
      hashes[lane] = (hashes[lane] ^ uint32_t(bits ^ (bits >> 32))) * PRIME;
    }
  };
  int64_t c = 0;
  for (; c + MANY_LANES <= d; c += MANY_LANES)
    for (int lane = 0; lane < MANY_LANES; lane++) mix(lane, x[c + lane]);
  for (int lane = 0; c < d; c++, lane++) mix(lane, x[c]);
  Look look{true, 0x811c9dc5};
  for (int lane = 0; lane < MANY_LANES; lane++) {
    look.finite &= sums[lane] == 0;
    look.hash = (look.hash ^ hashes[lane]) * PRIME;
  }
  return look;
}

/** The upper half of a float32, rounded to nearest, ties to even. */
inline uint32_t bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isinf(value)) return bits >> 16;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

inline float asFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

template <class T> void pack(const T *row, const Packing &p, int64_t to) {
  uint32_t *target = p.target + to / PANEL * p.words * PANEL + to % PANEL;
  double square = 0, error = 0;
  const auto rounded = [&](int64_t c) {
    const double exact = (double(row[c]) - p.center[c]) * p.scale;
    const float single = float(exact);
    uint32_t bits;
    if (p.halved) bits = bfloat16(single) << 16;
    else std::memcpy(&bits, &single, 4);
    const double kept = asFloat(bits);
    square += kept * kept;
    error += (exact - kept) * (exact - kept);
    return bits;
  };
  int64_t place = 0; // among the coordinates that are packed
  for (int64_t r = 0; r < p.ranges; r++) {
    int64_t c = p.columns[r].first;
    const int64_t end = p.columns[r].end;
    if (!p.halved) {
      for (; c < end; c++, place++) target[place * PANEL] = rounded(c);
      continue;
    }
    for (; c < end; c++, place++) {
      uint32_t &word = target[place / 2 * PANEL];
      word = place % 2 == 0 ? rounded(c) >> 16 : word | rounded(c);
    }
  }
  for (int64_t w = p.halved ? (place + 1) / 2 : place; w < p.words; w++) target[w * PANEL] = 0;
  p.squares[to] += square;
  p.errors[to] += error;
}

inline Doubles wide(const float *p) {
#if defined(__AVX512F__)
  return (Doubles)_mm512_cvtps_pd(load<__m256>(p));
#elif defined(__AVX__)
  return (Doubles)_mm256_cvtps_pd(load<__m128>(p));
#else
  return Doubles{p[0], p[1]};
#endif
}

template <class T> double partialSquare(const T *x, const T *y, int64_t count) {
  Doubles sums[SUMS / WIDE] = {};
  int64_t c = 0;
  for (; c + SUMS <= count; c += SUMS) {
#pragma GCC unroll 8
    for (int s = 0; s < SUMS / WIDE; s++) {
      const Doubles difference = wide(x + c + s * WIDE) - wide(y + c + s * WIDE);
      sums[s] += difference * difference;
    }
  }
  double square = total(sums);
  for (; c < count; c++) {
    const double difference = double(x[c]) - double(y[c]);
    square += difference * difference;
  }
  return square;
}

template <class T>
double distance(const T *x, const T *y, const Range *ranges, int64_t count, double limit) {
  double total = 0;
  for (int64_t r = 0; r < count; r++) {
    const auto [first, end] = ranges[r];
    total += partialSquare(x + first, y + first, end - first);
    if (total > limit) return std::numeric_limits<double>::infinity();
  }
  return total;
}

} // namespace

extern const Kernel OF_VARIANT(kernel) = {
    NAME_OF(VARIANT), BFLOAT16_PRODUCTS, multiply, offerToRows, offerToColumns, lookAt<float>, lookAt<double>,
    pack<float>, pack<double>, distance<float>, distance<double>,
#if !defined(__wasm__)
    innerProducts, reduce, reflect, rotate,
#endif
};
