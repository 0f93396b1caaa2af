/** Layer normalisation, GELU and dropout in one pass each. Compiled once for each instruction set, which VARIANT names. */
#include "elementwise.h"
#include "../../../native/vectors.h"
#include <cmath>
#include <initializer_list>

namespace {

inline Floats all(float value) { return splat(&value); }

inline float sum(Floats v) {
  float total = 0;
  for (int lane = 0; lane < LANES; lane++) total += v[lane];
  return total;
}

void normalise(const float *x, const float *scale, const float *offset, int64_t width, float epsilon, float *y,
               float *normed, float *inverse) {
  const int64_t whole = width / LANES * LANES;
  Floats sums{};
  float rest = 0;
  for (int64_t c = 0; c < whole; c += LANES) sums += load<Floats>(x + c);
  for (int64_t c = whole; c < width; c++) rest += x[c];
  const float mean = (sum(sums) + rest) / width;
  const Floats means = all(mean);
  sums = Floats{};
  rest = 0;
  for (int64_t c = 0; c < whole; c += LANES) {
    const Floats centred = load<Floats>(x + c) - means;
    sums += centred * centred;
  }
  for (int64_t c = whole; c < width; c++) rest += (x[c] - mean) * (x[c] - mean);
  *inverse = 1 / std::sqrt((sum(sums) + rest) / width + epsilon);
  const Floats inverses = all(*inverse);
  for (int64_t c = 0; c < whole; c += LANES) {
    const Floats value = (load<Floats>(x + c) - means) * inverses;
    store(normed + c, value);
    store(y + c, value * load<Floats>(scale + c) + load<Floats>(offset + c));
  }
  for (int64_t c = whole; c < width; c++) {
    normed[c] = (x[c] - mean) * *inverse;
    y[c] = normed[c] * scale[c] + offset[c];
  }
}

/** dx = (g - mean(g) - normed mean(g normed)) inverse, with g = dy scale. */
void normaliseGradient(const float *dy, const float *normed, float inverse, const float *scale, int64_t width,
                       float *dx, float *dScale, float *dOffset) {
  const int64_t whole = width / LANES * LANES;
  Floats sums{}, alongs{};
  float rest = 0, restAlong = 0;
  for (int64_t c = 0; c < whole; c += LANES) {
    const Floats d = load<Floats>(dy + c), n = load<Floats>(normed + c), g = d * load<Floats>(scale + c);
    sums += g;
    alongs += g * n;
    store(dScale + c, load<Floats>(dScale + c) + d * n);
    store(dOffset + c, load<Floats>(dOffset + c) + d);
  }
  for (int64_t c = whole; c < width; c++) {
    rest += dy[c] * scale[c];
    restAlong += dy[c] * scale[c] * normed[c];
    dScale[c] += dy[c] * normed[c];
    dOffset[c] += dy[c];
  }
  const float mean = (sum(sums) + rest) / width, along = (sum(alongs) + restAlong) / width;
  const Floats means = all(mean), meanAlongs = all(along), inverses = all(inverse);
  for (int64_t c = 0; c < whole; c += LANES) {
    const Floats g = load<Floats>(dy + c) * load<Floats>(scale + c);
    store(dx + c, (g - means - load<Floats>(normed + c) * meanAlongs) * inverses);
  }
  for (int64_t c = whole; c < width; c++) dx[c] = (dy[c] * scale[c] - mean - normed[c] * along) * inverse;
}

/** e^x for -87 < x < 88, within some units in the last place (the polynomial of S. L. Moshier's Cephes). */
inline Floats exponential(Floats x) {
  // Added to a number, this leaves its whole part in the lowest bits.
  const Floats shift = all(12582912.0f), shifted = x * 1.44269504088896341f + shift, n = shifted - shift;
  const Floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Floats result = all(1.9875691500e-4f);
  for (const float coefficient : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                                  5.0000001201e-1f})
    result = result * r + coefficient;
  result = result * r * r + r + 1.0f;
  return (Floats)((Ints)result + ((Ints)shifted << 23)); // times 2^n
}

/** NaN stays NaN. */
inline Floats clamped(Floats x, float limit) {
  const Floats low = all(-limit), high = all(limit);
  x = x < low ? low : x;
  return x > high ? high : x;
}

constexpr float A = 1.5957691216057308f, B = 0.044715f * A; // 2 sqrt(2 / pi)

inline Floats gate(Floats x) { return 1.0f / (1.0f + exponential(clamped(-x * (x * x * B + A), 87.0f))); }

inline Floats geluOf(Floats x) {
  const Floats low = all(-15.0f); // 0 below, but for the gate's least number
  x = x < low ? low : x;
  return x * gate(x);
}

inline Floats slopeOf(Floats x) {
  x = clamped(x, 10.0f); // 0 or 1 beyond
  const Floats g = gate(x);
  return g + g * (1.0f - g) * x * (x * x * (3 * B) + A);
}

/** Calls `each` with whole vectors, the last of them filled up with zeros. */
template <class Each> void inVectors(int64_t count, const Each &each) {
  const int64_t whole = count / LANES * LANES;
  for (int64_t i = 0; i < whole; i += LANES) each(i, LANES);
  if (whole < count) each(whole, int(count - whole));
}

inline Floats some(const float *p, int count) {
  Floats v{};
  std::memcpy(&v, p, 4 * count);
  return v;
}

void gelu(const float *x, int64_t count, float *y) {
  inVectors(count, [&](int64_t i, int lanes) {
    const Floats value = geluOf(lanes == LANES ? load<Floats>(x + i) : some(x + i, lanes));
    if (lanes == LANES) store(y + i, value);
    else std::memcpy(y + i, &value, 4 * lanes);
  });
}

void geluGradient(const float *dy, const float *x, int64_t count, float *dx) {
  inVectors(count, [&](int64_t i, int lanes) {
    const bool whole = lanes == LANES;
    const Floats value = (whole ? load<Floats>(dy + i) : some(dy + i, lanes)) *
                         slopeOf(whole ? load<Floats>(x + i) : some(x + i, lanes));
    if (whole) store(dx + i, value);
    else std::memcpy(dx + i, &value, 4 * lanes);
  });
}

/** Numbers of a stream that are drawn together. */
constexpr int DRAWN = 32;
constexpr uint32_t MULTIPLIERS[] = {0xD2511F53, 0xCD9E8D57}, STEPS[] = {0x9E3779B9, 0xBB67AE85};

/** Numbers 4 `block` .. of a stream by Philox, which makes four of a counter (Salmon et al. 2011). */
inline void draw(const Stream &stream, uint64_t block, uint32_t (&numbers)[DRAWN]) {
  const uint64_t low = (uint64_t(stream.counter[1]) << 32 | stream.counter[0]) + block;
  uint32_t key0 = stream.key[0], key1 = stream.key[1];
#if defined(__AVX512F__)
  // The lower half of each 64 bits is a number; the upper half is not used.
  const __m512i counters = _mm512_add_epi64(_mm512_set1_epi64(int64_t(low)), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
  const __m512i m0 = _mm512_set1_epi64(MULTIPLIERS[0]), m1 = _mm512_set1_epi64(MULTIPLIERS[1]);
  __m512i a = counters, b = _mm512_srli_epi64(counters, 32), c = _mm512_set1_epi64(stream.counter[2]),
          d = _mm512_set1_epi64(stream.counter[3]);
  for (int round = 0; round < 10; round++, key0 += STEPS[0], key1 += STEPS[1]) {
    const __m512i p = _mm512_mul_epu32(a, m0), q = _mm512_mul_epu32(c, m1);
    a = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(q, 32), b), _mm512_set1_epi64(key0));
    c = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p, 32), d), _mm512_set1_epi64(key1));
    b = q;
    d = p;
  }
  const auto paired = [](__m512i x, __m512i y) { return _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA); };
  const __m512i first = paired(a, b), second = paired(c, d);
  store(numbers, _mm512_permutex2var_epi64(first, _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0), second));
  store(numbers + 16, _mm512_permutex2var_epi64(first, _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4), second));
#else
  for (int i = 0; i < DRAWN; i += 4, key0 = stream.key[0], key1 = stream.key[1]) {
    const uint64_t counter = low + i / 4;
    uint32_t a = uint32_t(counter), b = uint32_t(counter >> 32), c = stream.counter[2], d = stream.counter[3];
    for (int round = 0; round < 10; round++, key0 += STEPS[0], key1 += STEPS[1]) {
      const uint64_t p = uint64_t(MULTIPLIERS[0]) * a, q = uint64_t(MULTIPLIERS[1]) * c;
      a = uint32_t(q >> 32) ^ b ^ key0;
      c = uint32_t(p >> 32) ^ d ^ key1;
      b = uint32_t(q);
      d = uint32_t(p);
    }
    numbers[i] = a;
    numbers[i + 1] = b;
    numbers[i + 2] = c;
    numbers[i + 3] = d;
  }
#endif
}

Stream streamOf(int64_t first, int64_t second) {
  const auto half = [](int64_t seed, int upper) { return uint32_t(uint64_t(seed) >> 32 * upper); };
  const Stream scrambled = {{0x3ec8f720, 0x02461e29}, {half(first, 0), half(first, 1), half(second, 0), half(second, 1)}};
  uint32_t numbers[DRAWN];
  draw(scrambled, 0, numbers);
  return {{numbers[0], numbers[1]}, {0, 0, numbers[2], numbers[3]}};
}

void dropout(const Stream &stream, int64_t first, int64_t count, float rate, float scale, const float *x, float *y,
             float *mask) {
  // TensorFlow makes its numbers in [0, 1) from the lowest 23 bits; comparing these bits saves the conversion.
  const auto least = uint32_t(std::ceil(double(rate) * (1 << 23)));
  uint32_t numbers[DRAWN];
  for (int64_t done = 0; done < count; done += DRAWN) {
    draw(stream, uint64_t(first + done) / 4, numbers);
    const auto keep = [&](int i) {
      mask[done + i] = (numbers[i] & 0x7fffff) >= least ? scale : 0.0f;
      y[done + i] = x[done + i] * mask[done + i];
    };
    if (count - done >= DRAWN)
      for (int i = 0; i < DRAWN; i++) keep(i);
    else
      for (int i = 0; i < count - done; i++) keep(i);
  }
}

} // namespace

extern const ElementwiseKernel OF_VARIANT(elementwise) = {
    normalise, normaliseGradient, gelu, geluGradient, streamOf, dropout,
};
