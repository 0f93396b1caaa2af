/** The search's inner loops for WebAssembly, on memory that `wasm-kernel.ts` has filled. Sizes and places are 32 bits wide. */
#include "kernel.h"

extern const Kernel kernel_wasm;

#define EXPORT(name) extern "C" __attribute__((export_name(#name))) void name

extern "C" {
__attribute__((export_name("panel"))) int panel() { return PANEL; }
__attribute__((export_name("group"))) int group() { return GROUP; }
}

/** A multiple of PANEL, so that a block's rows of the left panels stay in the cache. */
constexpr int BLOCK = 256;

/**
 * Rows `first` .. `last` - 1 of the left points times all points of some panels, [last - first, stride].
 *
 * @param ahead how far row 0 lies behind column 0 in the whole matrix; blocks below its diagonal are passed over where `above`
 */
EXPORT(multiply)
(const uint32_t *left, const uint32_t *right, int words, int run, int first, int last, int panels, float *out, int stride,
 int add, int above, int ahead, const float *leftHalves, const float *rightHalves) {
  for (int row = first, end; row < last; row = end) {
    end = (row / BLOCK + 1) * BLOCK < last ? (row / BLOCK + 1) * BLOCK : last;
    for (int panel = 0; panel < panels; panel++) {
      if (above && row + ahead >= (panel + 1) * PANEL) continue;
      kernel_wasm.multiply({left, right + int64_t(panel) * PANEL * words, words, run, row, end,
                            out + (row - first) * stride + panel * PANEL, stride, add != 0, leftHalves,
                            rightHalves ? rightHalves + panel * PANEL : nullptr},
                           false);
    }
  }
}

/** Offers to the rows' points, whose lists begin at place 0, those of the tile that lie above the diagonal. */
EXPORT(offerToRows)
(float *nearness, int32_t *indices, float *last, int size, const float *values, int stride, int top, int bottom, int left,
 int right) {
  const Lists lists{nearness - int64_t(top) * size, indices - int64_t(top) * size, last - top, size};
  kernel_wasm.offerToRows(lists, {values, stride, top, bottom, left, right}, top, bottom);
}

/** The same for the columns' points. */
EXPORT(offerToColumns)
(float *nearness, int32_t *indices, float *last, int size, const float *values, int stride, int top, int bottom, int left,
 int right) {
  const Lists lists{nearness - int64_t(left) * size, indices - int64_t(left) * size, last - left, size};
  kernel_wasm.offerToColumns(lists, {values, stride, top, bottom, left, right}, left, right);
}

EXPORT(look)(const void *rows, int isDouble, int n, int d, uint8_t *finite, uint32_t *hashes) {
  for (int i = 0; i < n; i++) {
    const Look seen = isDouble ? kernel_wasm.lookAtDoubles(static_cast<const double *>(rows) + i * d, d)
                               : kernel_wasm.lookAtSingles(static_cast<const float *>(rows) + i * d, d);
    finite[i] = seen.finite;
    hashes[i] = seen.hash;
  }
}

EXPORT(pack)
(const void *rows, int isDouble, int n, int d, uint32_t *target, int words, const double *center, double scale,
 const Range *ranges, int count, double *squares, double *errors, int to) {
  const Packing packing{target, words, false, center, scale, ranges, count, squares, errors};
  for (int i = 0; i < n; i++) {
    if (isDouble) kernel_wasm.packDoubles(static_cast<const double *>(rows) + i * d, packing, to + i);
    else kernel_wasm.packSingles(static_cast<const float *>(rows) + i * d, packing, to + i);
  }
}

extern "C" __attribute__((export_name("distance"))) double distance(const void *x, const void *y, int isDouble,
                                                                    const Range *ranges, int count, double limit) {
  return isDouble ? kernel_wasm.distanceOfDoubles(static_cast<const double *>(x), static_cast<const double *>(y), ranges,
                                                  count, limit)
                  : kernel_wasm.distanceOfSingles(static_cast<const float *>(x), static_cast<const float *>(y), ranges,
                                                  count, limit);
}
