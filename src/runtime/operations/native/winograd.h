/** Convolution with filters of 3 x 3 after Winograd, which winograd.cc has once for each instruction set. */
#pragma once
#include <cstdint>

/** Numbers of a tile, 4 x 4, and outputs that filters are packed by. */
constexpr int TAPS = 16, PANEL = 32;

/** Images [batch, height, width, in] to [batch, height, width, out], with a zero around them. */
struct Convolution {
  int64_t batch, height, width, in, out;
  int64_t tiles() const { return batch * (height / 2) * (width / 2); }
};

struct WinogradKernel {
  /** Filters [3, 3, in, out] of outputs `first` .. + PANEL to `target` [TAPS][out / PANEL][in][PANEL]. */
  void (*transformFilters)(const Convolution &, const float *filters, int64_t first, float *target);
  /** Computes tiles `first` .. `last` - 1; `room` takes TAPS * (in + PANEL) numbers for each, in whole groups of 8. */
  void (*convolve)(const Convolution &, const float *images, const float *transformed, int64_t first, int64_t last,
                   float *out, float *room);
  /**
   * Adds what tiles `first` .. `last` - 1 contribute to the gradient of transformed filters, `sums` [TAPS][in][out];
   * `room` takes TAPS * (in + out) numbers for each.
   */
  void (*addFilterGradient)(const Convolution &, const float *images, const float *gradients, int64_t first,
                            int64_t last, float *sums, float *room);
  /** The gradient of the filters of input `channel` [3, 3, in, out] from that of the transformed ones. */
  void (*finishFilterGradient)(const Convolution &, const float *sums, int64_t channel, float *gradient);
};
