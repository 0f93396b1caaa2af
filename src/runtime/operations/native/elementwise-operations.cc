/**
 * LayerNormalisation(x [.., width], scale [width], offset [width]; epsilon) -> y, normed [.., width], inverse [..];
 * LayerNormalisationGradient(dy, normed, inverse, scale) -> dx, dScale, dOffset.
 * Gelu(x) -> y, with the hyperbolic tangent; GeluGradient(dy, x) -> dx.
 * StatelessDropout(x, seed int32 [2]; rate, scale) -> y = x mask, mask: `scale` where the number that
 * StatelessRandomUniform draws for the seed is at least `rate`, else 0.
 */
#include "elementwise.h"
#include "operation.h"
#include "../../../native/processor.h"
#include "../../../native/share.h"

VARIANTS(ElementwiseKernel, elementwise);

namespace {

const ElementwiseKernel &kernel = BEST(elementwise);

/** Numbers that a thread takes at a time. */
constexpr int64_t SOME = 1 << 13;
/** About the most parts that have sums of their own. */
constexpr int64_t MOST = 64;

/** Things of so many numbers each that a thread takes at a time, and the parts that they make. */
struct Parts {
  int64_t size, some, count;

  Parts(int64_t size, int64_t numbers, int64_t most = INT64_MAX)
      : size(size), some(std::max({int64_t(1), SOME / std::max<int64_t>(1, numbers), size / most})),
        count((size + some - 1) / some) {}

  /** Calls `body` with the number of each part, its first thing and the one after its last. */
  template <class Body> void each(const Body &body) const {
    share(threads, count, [&](int64_t part) { body(part, part * some, std::min(size, (part + 1) * some)); });
  }
};

void normalise(Call &call) {
  const Shape shape = call.shape(0);
  if (shape.empty() || sizeOf(call.shape(1)) != shape.back() || sizeOf(call.shape(2)) != shape.back())
    return call.refuse("need scale and offset for each column");
  const int64_t width = shape.back(), rows = sizeOf({shape.begin(), shape.end() - 1});
  float *y = call.output(0, shape), *normed = call.ok() ? call.output(1, shape) : nullptr;
  float *inverse = call.ok() ? call.output(2, {shape.begin(), shape.end() - 1}) : nullptr;
  if (!call.ok()) return;
  const float *x = call.input<float>(0), *scale = call.input<float>(1), *offset = call.input<float>(2);
  Parts(rows, width).each([&](int64_t, int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) {
      const int64_t at = row * width;
      kernel.normalise(x + at, scale, offset, width, call.attributes[0], y + at, normed + at, inverse + row);
    }
  });
}

void normaliseGradient(Call &call) {
  const Shape shape = call.shape(0), columns = call.shape(3);
  if (shape.empty() || call.shape(1) != shape || sizeOf(columns) != shape.back())
    return call.refuse("need dy and the normalised numbers in one shape, and a scale for each column");
  const int64_t width = shape.back(), rows = sizeOf({shape.begin(), shape.end() - 1});
  if (sizeOf(call.shape(2)) != rows) return call.refuse("need the inverse deviation of each row");
  float *dx = call.output(0, shape), *dScale = call.ok() ? call.output(1, columns) : nullptr;
  float *dOffset = call.ok() ? call.output(2, columns) : nullptr;
  if (!call.ok()) return;
  const float *dy = call.input<float>(0), *normed = call.input<float>(1), *inverse = call.input<float>(2);
  const float *scale = call.input<float>(3);
  // Each part has sums of its own, which are added up in the same order every time.
  const Parts parts(rows, width, MOST);
  std::vector<float> sums(2 * parts.count * width);
  parts.each([&](int64_t part, int64_t first, int64_t last) {
    float *own = sums.data() + 2 * part * width;
    for (int64_t row = first; row < last; row++) {
      const int64_t at = row * width;
      kernel.normaliseGradient(dy + at, normed + at, inverse[row], scale, width, dx + at, own, own + width);
    }
  });
  for (int64_t c = 0; c < width; c++) {
    dScale[c] = dOffset[c] = 0;
    for (int64_t part = 0; part < parts.count; part++) {
      dScale[c] += sums[2 * part * width + c];
      dOffset[c] += sums[(2 * part + 1) * width + c];
    }
  }
}

void gelu(Call &call) {
  const Shape shape = call.shape(0);
  float *y = call.output(0, shape);
  if (!call.ok()) return;
  const float *x = call.input<float>(0);
  Parts(sizeOf(shape), 1).each([&](int64_t, int64_t first, int64_t last) {
    kernel.gelu(x + first, last - first, y + first);
  });
}

void geluGradient(Call &call) {
  const Shape shape = call.shape(1);
  if (call.shape(0) != shape) return call.refuse("need dy and x in one shape");
  float *dx = call.output(0, shape);
  if (!call.ok()) return;
  const float *dy = call.input<float>(0), *x = call.input<float>(1);
  Parts(sizeOf(shape), 1).each([&](int64_t, int64_t first, int64_t last) {
    kernel.geluGradient(dy + first, x + first, last - first, dx + first);
  });
}

void dropout(Call &call) {
  const Shape shape = call.shape(0);
  if (sizeOf(call.shape(1)) != 2) return call.refuse("need a seed [2]");
  float *y = call.output(0, shape), *mask = call.ok() ? call.output(1, shape) : nullptr;
  if (!call.ok()) return;
  const float *x = call.input<float>(0);
  const int32_t *seed = call.input<int32_t>(1);
  const Stream stream = kernel.streamOf(seed[0], seed[1]);
  Parts(sizeOf(shape), 1).each([&](int64_t, int64_t first, int64_t last) {
    kernel.dropout(stream, first, last - first, call.attributes[0], call.attributes[1], x + first, y + first,
                   mask + first);
  });
}

const Operation OPERATIONS[] = {
    {
        "LayerNormalisation",
        {"x: float", "scale: float", "offset: float"},
        {"y: float", "normed: float", "inverse: float"},
        {"epsilon: float"},
        [](Inference &shapes) {
          shapes.like(0, 0);
          shapes.like(1, 0);
          shapes.withLast(2, 0);
        },
        normalise,
    },
    {
        "LayerNormalisationGradient",
        {"dy: float", "normed: float", "inverse: float", "scale: float"},
        {"dx: float", "dscale: float", "doffset: float"},
        {},
        [](Inference &shapes) {
          shapes.like(0, 0);
          shapes.like(1, 3);
          shapes.like(2, 3);
        },
        normaliseGradient,
    },
    {"Gelu", {"x: float"}, {"y: float"}, {}, [](Inference &shapes) { shapes.like(0, 0); }, gelu},
    {
        "GeluGradient",
        {"dy: float", "x: float"},
        {"dx: float"},
        {},
        [](Inference &shapes) { shapes.like(0, 1); },
        geluGradient,
    },
    {
        "StatelessDropout",
        {"x: float", "seed: int32"},
        {"y: float", "mask: float"},
        {"rate: float", "scale: float"},
        [](Inference &shapes) {
          shapes.like(0, 0);
          shapes.like(1, 0);
        },
        dropout,
    },
};

} // namespace

bool defineElementwise() {
  bool known = true;
  for (const Operation &operation : OPERATIONS) known = known && define(operation);
  return known;
}
