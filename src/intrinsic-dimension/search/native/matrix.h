/** Loops over matrices in float64: inner products, and the decomposition of a symmetric matrix (../../estimators/eigen.ts). */
#pragma once
#include "kernel.h"
#include "sums.h"

namespace {

/** Columns that are added up at a time, so that some rows stay in the cache. */
constexpr int64_t COLUMNS = 2048;

/** Adds the inner products of x with R rows to `out`, whose entries are `stride` apart. */
template <int R>
inline void addProducts(const double *x, const double *rows, int64_t d, int64_t count, double *out, int64_t stride) {
  Doubles sums[R][SUMS / WIDE] = {};
  int64_t c = 0;
  for (; c + SUMS <= count; c += SUMS) {
#pragma GCC unroll 8
    for (int s = 0; s < SUMS / WIDE; s++) {
      const Doubles factor = wide(x + c + s * WIDE);
#pragma GCC unroll 2
      for (int r = 0; r < R; r++) sums[r][s] += factor * wide(rows + r * d + c + s * WIDE);
    }
  }
  for (int r = 0; r < R; r++) {
    double product = total(sums[r]);
    for (int64_t rest = c; rest < count; rest++) product += x[rest] * rows[r * d + rest];
    out[r * stride] += product;
  }
}

void innerProducts(const InnerProducts &p, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i++)
    for (int64_t j = 0; j <= i; j++) p.out[i * p.n + j] = 0;
  for (int64_t column = 0; column < p.d; column += COLUMNS) {
    const int64_t rest = p.d - column, count = rest < COLUMNS ? rest : COLUMNS;
    for (int64_t j = 0; j < last; j++) {
      const double *x = p.rows + j * p.d + column;
      int64_t i = first > j ? first : j;
      for (; i + 1 < last; i += 2) addProducts<2>(x, p.rows + i * p.d + column, p.d, count, p.out + i * p.n + j, p.n);
      if (i < last) addProducts<1>(x, p.rows + i * p.d + column, p.d, count, p.out + i * p.n + j, p.n);
    }
  }
}

void reduce(const Reduction &r, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i++) {
    double *row = r.matrix + i * r.size;
    const double v = r.v[i], w = r.w[i];
    Doubles sums[SUMS / WIDE] = {};
    int64_t c = r.from;
    for (; c + SUMS <= r.size; c += SUMS) {
#pragma GCC unroll 8
      for (int s = 0; s < SUMS / WIDE; s++) {
        const int64_t at = c + s * WIDE;
        const Doubles value = wide(row + at) - v * wide(r.w + at) - w * wide(r.v + at);
        store(row + at, value);
        sums[s] += value * wide(r.next + at);
      }
    }
    double product = total(sums);
    for (; c < r.size; c++) {
      row[c] = row[c] - v * r.w[c] - w * r.v[c];
      product += row[c] * r.next[c];
    }
    r.products[i] = product;
  }
}

/** y - scale (x'y) x */
inline void reflected(const double *x, double *y, int64_t count, double scale) {
  Doubles sums[SUMS / WIDE] = {};
  int64_t c = 0;
  for (; c + SUMS <= count; c += SUMS) {
#pragma GCC unroll 8
    for (int s = 0; s < SUMS / WIDE; s++) sums[s] += wide(x + c + s * WIDE) * wide(y + c + s * WIDE);
  }
  double product = total(sums);
  for (; c < count; c++) product += x[c] * y[c];
  product *= scale;
  for (c = 0; c + WIDE <= count; c += WIDE) store(y + c, wide(y + c) - product * wide(x + c));
  for (; c < count; c++) y[c] -= product * x[c];
}

void reflect(const Reflections &r, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; i++)
    for (int64_t c = 0; c < r.size; c++) r.rows[i * r.size + c] = i == c;
  for (int64_t k = last - 2; k >= 0; k--) {
    const int64_t from = k + 1; // A row before this one is 0 where the reflection acts.
    for (int64_t i = first > from ? first : from; i < last; i++)
      reflected(r.reflectors + k * r.size + from, r.rows + i * r.size + from, r.size - from, r.scales[k]);
  }
}

void rotate(const Rotations &r, int64_t strip, double *room) {
  const int64_t first = strip * STRIP, rest = r.size - first, width = rest < STRIP ? rest : STRIP;
  for (int64_t i = 0; i < r.size; i++)
    for (int64_t c = 0; c < STRIP; c++) room[i * STRIP + c] = c < width ? r.rows[i * r.size + first + c] : 0;
  // The upper row of a rotation is kept, since it often is the lower one of the next.
  Doubles upper[STRIP / WIDE];
  double *place = nullptr;
  const auto putBack = [&] {
    if (place) std::memcpy(place, upper, sizeof upper);
  };
  for (int64_t at = 0; at < r.count; at++) {
    double *above = room + r.upper[at] * STRIP, *below = above + STRIP;
    if (below != place) {
      putBack();
      std::memcpy(upper, below, sizeof upper);
    }
    place = above;
    const double cosine = r.cosines[at], sine = r.sines[at];
#pragma GCC unroll 8
    for (int s = 0; s < STRIP / WIDE; s++) {
      const Doubles x = wide(above + s * WIDE);
      store(below + s * WIDE, sine * x + cosine * upper[s]);
      upper[s] = cosine * x - sine * upper[s];
    }
  }
  putBack();
  for (int64_t i = 0; i < r.size; i++)
    for (int64_t c = 0; c < width; c++) r.rows[i * r.size + first + c] = room[i * STRIP + c];
}

} // namespace
