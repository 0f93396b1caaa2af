/**
 * WinogradConvolution(x [batch, height, width, in], filter [3, 3, in, out]) -> [batch, height, width, out] adds the zeros
 * that keep height and width, which must be even; `in` must be a multiple of 16 and `out` of 32.
 * WinogradConvolutionInputGradient(dy [batch, height, width, out], filter) -> [batch, height, width, in] likewise, and
 * WinogradConvolutionFilterGradient(x, dy) -> [3, 3, in, out].
 */
#include "operation.h"
#include "../../../native/processor.h"
#include "../../../native/share.h"
#include "winograd.h"
#include <memory>

VARIANTS(WinogradKernel, winograd);

namespace {

const WinogradKernel &kernel = BEST(winograd);

/** Tiles that a thread transforms and multiplies at a time: they stay in its cache. */
constexpr int64_t TILES = 16, GRADIENT_TILES = 32;

/** [3, 3, rows, columns] to [3, 3, columns, rows], turned by half a circle. */
void turn(const float *filters, int64_t rows, int64_t columns, float *target) {
  constexpr int64_t SIDE = 16; // of blocks that stay in the cache
  const int64_t blocks = (rows + SIDE - 1) / SIDE;
  share(threads, 9 * blocks, [&](int64_t unit) {
    const float *from = filters + unit / blocks * rows * columns;
    float *to = target + (8 - unit / blocks) * rows * columns;
    const int64_t first = unit % blocks * SIDE, last = std::min(rows, first + SIDE);
    for (int64_t left = 0; left < columns; left += SIDE)
      for (int64_t c = left; c < std::min(columns, left + SIDE); c++)
        for (int64_t r = first; r < last; r++) to[c * rows + r] = from[r * columns + c];
  });
}

void convolve(const Convolution &c, const float *images, const float *filters, float *out) {
  const std::unique_ptr<float[]> transformed(new float[TAPS * c.in * c.out]);
  share(threads, c.out / PANEL,
        [&](int64_t panel) { kernel.transformFilters(c, filters, panel * PANEL, transformed.get()); });
  const int64_t tiles = c.tiles();
  share(threads, (tiles + TILES - 1) / TILES, [&](int64_t unit) {
    const std::unique_ptr<float[]> room(new float[TAPS * TILES * (c.in + PANEL)]);
    const int64_t last = std::min(tiles, (unit + 1) * TILES);
    kernel.convolve(c, images, transformed.get(), unit * TILES, last, out, room.get());
  });
}

bool isSuitable(const Convolution &c) { return c.height % 2 == 0 && c.width % 2 == 0 && c.in % 16 == 0 && c.out % PANEL == 0; }
constexpr const char *UNSUITABLE = "need images of even height and width, and channels in multiples of 16 and 32";

void compute(Call &call, bool backward) {
  const Shape images = call.shape(0), filters = call.shape(1);
  if (images.size() != 4 || filters.size() != 4 || filters[0] != 3 || filters[1] != 3)
    return call.refuse("need images [batch, height, width, channels] and filters [3, 3, in, out]");
  const int64_t in = filters[backward ? 3 : 2], out = filters[backward ? 2 : 3];
  const Convolution c{images[0], images[1], images[2], in, out};
  if (images[3] != in) return call.refuse("the images have other channels than the filters");
  if (!isSuitable(c)) return call.refuse(UNSUITABLE);
  float *result = call.output(0, {c.batch, c.height, c.width, out});
  if (!call.ok() || c.tiles() == 0) return;
  const float *given = call.input<float>(1);
  if (!backward) return convolve(c, call.input<float>(0), given, result);
  const std::unique_ptr<float[]> turned(new float[9 * in * out]);
  turn(given, out, in, turned.get());
  convolve(c, call.input<float>(0), turned.get(), result);
}

void filterGradient(Call &call) {
  const Shape images = call.shape(0), gradients = call.shape(1);
  if (images.size() != 4 || gradients.size() != 4 || !std::equal(images.begin(), images.end() - 1, gradients.begin()))
    return call.refuse("need images and the gradients of outputs [batch, height, width, channels] of the same size");
  const Convolution c{images[0], images[1], images[2], images[3], gradients[3]};
  if (!isSuitable(c)) return call.refuse(UNSUITABLE);
  float *result = call.output(0, {3, 3, c.in, c.out});
  if (!call.ok()) return;
  // Each share of the tiles has sums of its own, which are added up in the same order every time.
  const int64_t tiles = c.tiles(), blocks = (tiles + GRADIENT_TILES - 1) / GRADIENT_TILES;
  const int64_t shares = std::max<int64_t>(1, std::min(2 * threads, blocks)), size = TAPS * c.in * c.out;
  std::vector<float> sums(shares * size);
  const float *x = call.input<float>(0), *dy = call.input<float>(1);
  share(threads, shares, [&](int64_t unit) {
    const std::unique_ptr<float[]> room(new float[TAPS * GRADIENT_TILES * (c.in + c.out)]);
    for (int64_t block = unit * blocks / shares; block < (unit + 1) * blocks / shares; block++) {
      const int64_t first = block * GRADIENT_TILES, last = std::min(tiles, first + GRADIENT_TILES);
      kernel.addFilterGradient(c, x, dy, first, last, sums.data() + unit * size, room.get());
    }
  });
  share(threads, c.in, [&](int64_t channel) {
    for (int tap = 0; tap < TAPS; tap++) {
      float *total = sums.data() + (tap * c.in + channel) * c.out;
      for (int64_t other = 1; other < shares; other++)
        for (int64_t o = 0; o < c.out; o++) total[o] += total[other * size + o];
    }
    kernel.finishFilterGradient(c, sums.data(), channel, result);
  });
}

const Operation FORWARD = {
    "WinogradConvolution",
    {"x: float", "filter: float"},
    {"y: float"},
    {},
    [](Inference &shapes) { shapes.withLast(0, 0, 1, 3); },
    [](Call &call) { compute(call, false); },
};
const Operation INPUT_GRADIENT = {
    "WinogradConvolutionInputGradient",
    {"dy: float", "filter: float"},
    {"dx: float"},
    {},
    [](Inference &shapes) { shapes.withLast(0, 0, 1, 2); },
    [](Call &call) { compute(call, true); },
};

const Operation FILTER_GRADIENT = {
    "WinogradConvolutionFilterGradient",
    {"x: float", "dy: float"},
    {"dfilter: float"},
    {},
    [](Inference &shapes) { shapes.filters(0, 0, 1); },
    filterGradient,
};

} // namespace

bool defineConvolutions() { return define(FORWARD) && define(INPUT_GRADIENT) && define(FILTER_GRADIENT); }
