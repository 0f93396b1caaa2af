/**
 * Convolution with filters of 3 x 3, four outputs at a time by 16 products instead of 36: F(2 x 2, 3 x 3) of Lavin and
 * Gray 2016, after Winograd 1980. Compiled once for each instruction set, which VARIANT names.
 */
#include "winograd.h"
#include "../../../native/vectors.h"

namespace {

/** B'dB of a tile d, where B' = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]. */
inline void transformTile(Floats (&d)[4][4]) {
  Floats t[4][4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    t[0][c] = d[0][c] - d[2][c];
    t[1][c] = d[1][c] + d[2][c];
    t[2][c] = d[2][c] - d[1][c];
    t[3][c] = d[1][c] - d[3][c];
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    d[r][0] = t[r][0] - t[r][2];
    d[r][1] = t[r][1] + t[r][2];
    d[r][2] = t[r][2] - t[r][1];
    d[r][3] = t[r][1] - t[r][3];
  }
}

/** A tile of the images to [TAPS][.., in]. */
inline void transformInput(const Convolution &c, const float *images, int64_t tile, float *target, int64_t stride) {
  const int64_t across = c.width / 2, down = c.height / 2;
  const int64_t left = 2 * (tile % across) - 1, top = 2 * (tile / across % down) - 1;
  const float *image = images + tile / (across * down) * c.height * c.width * c.in;
  for (int64_t channel = 0; channel < c.in; channel += LANES) {
    Floats d[4][4];
#pragma GCC unroll 4
    for (int y = 0; y < 4; y++) {
#pragma GCC unroll 4
      for (int x = 0; x < 4; x++) {
        const bool inside = top + y >= 0 && top + y < c.height && left + x >= 0 && left + x < c.width;
        d[y][x] = inside ? load<Floats>(image + ((top + y) * c.width + left + x) * c.in + channel) : Floats{};
      }
    }
    transformTile(d);
#pragma GCC unroll 16
    for (int tap = 0; tap < TAPS; tap++) store(target + tap * stride + channel, d[tap / 4][tap % 4]);
  }
}

/** Sum, factor and others to the new sum. */
inline Floats multiplyAndAdd(Floats sum, Floats a, Floats b) { return sum + a * b; }

/** Products of R tiles with ACROSS registers of outputs. */
template <int R> inline void multiply(const float *tiles, const float *filters, int64_t in, float *out) {
  Floats sums[R][ACROSS] = {};
  for (int64_t c = 0; c < in; c++, filters += PANEL)
    addOuter(sums, [=](int r) { return splat(tiles + r * in + c); }, filters, multiplyAndAdd);
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int o = 0; o < ACROSS; o++) store(out + r * PANEL + o * LANES, sums[r][o]);
  }
}

/** A'mA of a tile's products m [TAPS][.., PANEL], where A' = [1 1 1 0; 0 1 -1 -1], to its place among the outputs. */
inline void transformOutput(const Convolution &c, const float *products, int64_t stride, int64_t tile, int64_t channel,
                            float *out) {
  const int64_t across = c.width / 2, down = c.height / 2;
  const int64_t left = 2 * (tile % across), top = 2 * (tile / across % down);
  float *place = out + ((tile / (across * down) * c.height + top) * c.width + left) * c.out + channel;
  for (int lane = 0; lane < PANEL; lane += LANES) {
    Floats t[2][4];
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) {
      const auto at = [&](int y) { return load<Floats>(products + (4 * y + x) * stride + lane); };
      t[0][x] = at(0) + at(1) + at(2);
      t[1][x] = at(1) - at(2) - at(3);
    }
#pragma GCC unroll 2
    for (int y = 0; y < 2; y++) {
      float *row = place + y * c.width * c.out + lane;
      store(row, t[y][0] + t[y][1] + t[y][2]);
      store(row + c.out, t[y][1] - t[y][2] - t[y][3]);
    }
  }
}

void convolve(const Convolution &c, const float *images, const float *transformed, int64_t first, int64_t last,
              float *out, float *room) {
  const int64_t count = last - first, padded = (count + 7) / 8 * 8;
  float *tiles = room, *products = room + TAPS * padded * c.in;
  for (int64_t t = 0; t < count; t++) transformInput(c, images, first + t, tiles + t * c.in, padded * c.in);
  for (int64_t channel = 0; channel < c.out; channel += PANEL) {
    for (int tap = 0; tap < TAPS; tap++) {
      const float *filters = transformed + (tap * c.out + channel) * c.in;
      inGroups(0, padded, [&](int64_t t, auto rows) {
        for (int lane = 0; lane < PANEL; lane += ACROSS * LANES)
          multiply<rows()>(tiles + (tap * padded + t) * c.in, filters + lane, c.in, products + (tap * padded + t) * PANEL + lane);
      });
    }
    for (int64_t t = 0; t < count; t++)
      transformOutput(c, products + t * PANEL, padded * PANEL, first + t, channel, out);
  }
}

/** GgG' of each filter g, where G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]. */
void transformFilters(const Convolution &c, const float *filters, int64_t first, float *target) {
  for (int64_t channel = 0; channel < c.in; channel++) {
    for (int lane = 0; lane < PANEL; lane += LANES) {
      const auto at = [&](int y, int x) {
        return load<Floats>(filters + ((3 * y + x) * c.in + channel) * c.out + first + lane);
      };
      Floats t[4][3];
#pragma GCC unroll 3
      for (int x = 0; x < 3; x++) {
        const Floats outer = (at(0, x) + at(2, x)) * 0.5f, inner = at(1, x) * 0.5f;
        t[0][x] = at(0, x);
        t[1][x] = outer + inner;
        t[2][x] = outer - inner;
        t[3][x] = at(2, x);
      }
      float *place = target + first * c.in + channel * PANEL + lane;
      const int64_t stride = c.in * c.out;
#pragma GCC unroll 4
      for (int y = 0; y < 4; y++) {
        const Floats outer = (t[y][0] + t[y][2]) * 0.5f, inner = t[y][1] * 0.5f;
        store(place + (4 * y) * stride, t[y][0]);
        store(place + (4 * y + 1) * stride, outer + inner);
        store(place + (4 * y + 2) * stride, outer - inner);
        store(place + (4 * y + 3) * stride, t[y][2]);
      }
    }
  }
}

/** AyA' of the gradient y of a tile's outputs, where A' = [1 1 1 0; 0 1 -1 -1], to [TAPS][.., out]. */
inline void transformGradient(const Convolution &c, const float *gradients, int64_t tile, float *target,
                              int64_t stride) {
  const int64_t across = c.width / 2, down = c.height / 2;
  const int64_t left = 2 * (tile % across), top = 2 * (tile / across % down);
  const float *place = gradients + ((tile / (across * down) * c.height + top) * c.width + left) * c.out;
  for (int64_t channel = 0; channel < c.out; channel += LANES) {
    Floats t[4][2];
#pragma GCC unroll 2
    for (int x = 0; x < 2; x++) {
      const Floats upper = load<Floats>(place + x * c.out + channel);
      const Floats lower = load<Floats>(place + (c.width + x) * c.out + channel);
      t[0][x] = upper;
      t[1][x] = upper + lower;
      t[2][x] = upper - lower;
      t[3][x] = -lower;
    }
#pragma GCC unroll 4
    for (int y = 0; y < 4; y++) {
      float *row = target + 4 * y * stride + channel;
      store(row, t[y][0]);
      store(row + stride, t[y][0] + t[y][1]);
      store(row + 2 * stride, t[y][0] - t[y][1]);
      store(row + 3 * stride, -t[y][1]);
    }
  }
}

/** Adds the products of R inputs with ACROSS registers of outputs over some tiles. */
template <int R>
inline void addProducts(const float *inputs, int64_t in, const float *outputs, int64_t out, int64_t tiles, float *sums) {
  Floats s[R][ACROSS];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int o = 0; o < ACROSS; o++) s[r][o] = load<Floats>(sums + r * out + o * LANES);
  }
  for (int64_t t = 0; t < tiles; t++, inputs += in, outputs += out)
    addOuter(s, [=](int r) { return splat(inputs + r); }, outputs, multiplyAndAdd);
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
    for (int o = 0; o < ACROSS; o++) store(sums + r * out + o * LANES, s[r][o]);
  }
}

void addFilterGradient(const Convolution &c, const float *images, const float *gradients, int64_t first, int64_t last,
                       float *sums, float *room) {
  const int64_t count = last - first;
  float *inputs = room, *outputs = room + TAPS * count * c.in;
  for (int64_t t = 0; t < count; t++) {
    transformInput(c, images, first + t, inputs + t * c.in, count * c.in);
    transformGradient(c, gradients, first + t, outputs + t * c.out, count * c.out);
  }
  for (int tap = 0; tap < TAPS; tap++)
    for (int64_t channel = 0; channel < c.out; channel += ACROSS * LANES)
      inGroups(0, c.in, [&](int64_t input, auto rows) {
        addProducts<rows()>(inputs + tap * count * c.in + input, c.in, outputs + tap * count * c.out + channel, c.out,
                            count, sums + (tap * c.in + input) * c.out + channel);
      });
}

/** G'uG of each transformed gradient u, where G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]. */
void finishFilterGradient(const Convolution &c, const float *sums, int64_t channel, float *gradient) {
  for (int64_t lane = 0; lane < c.out; lane += LANES) {
    Floats t[3][4];
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) {
      const auto at = [&](int y) { return load<Floats>(sums + ((4 * y + x) * c.in + channel) * c.out + lane); };
      const Floats same = (at(1) + at(2)) * 0.5f, other = (at(1) - at(2)) * 0.5f;
      t[0][x] = at(0) + same;
      t[1][x] = other;
      t[2][x] = same + at(3);
    }
#pragma GCC unroll 3
    for (int y = 0; y < 3; y++) {
      const Floats same = (t[y][1] + t[y][2]) * 0.5f, other = (t[y][1] - t[y][2]) * 0.5f;
      const auto put = [&](int x, Floats value) {
        store(gradient + ((3 * y + x) * c.in + channel) * c.out + lane, value);
      };
      put(0, t[y][0] + same);
      put(1, other);
      put(2, same + t[y][3]);
    }
  }
}

} // namespace

extern const WinogradKernel OF_VARIANT(winograd) = {transformFilters, convolve, addFilterGradient, finishFilterGradient};
