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
 * Rows `first` .. `last` - 1 of the left points times all points of some panels. Threads compute some rows each.
 *
 * @param out row `top`, and those that follow
 * @param ahead how far row 0 lies behind column 0 in the whole matrix; blocks below its diagonal are passed over where `above`
 */
EXPORT(multiply)
(int first, int last, const uint32_t *left, const uint32_t *right, int words, int run, int panels, float *out, int top,
 int stride, int add, int above, int ahead, const float *leftHalves, const float *rightHalves) {
  for (int row = first, end; row < last; row = end) {
    end = (row / BLOCK + 1) * BLOCK < last ? (row / BLOCK + 1) * BLOCK : last;
    for (int panel = 0; panel < panels; panel++) {
      if (above && row + ahead >= (panel + 1) * PANEL) continue;
      kernel_wasm.multiply({left, right + int64_t(panel) * PANEL * words, words, run, row, end,
                            out + (row - top) * stride + panel * PANEL, stride, add != 0, leftHalves,
                            rightHalves ? rightHalves + panel * PANEL : nullptr},
                           false);
    }
  }
}

/** Offers to the points of rows `first` .. `last` - 1 those of the tile that lie above the diagonal. Row `top`'s list is at 0. */
EXPORT(offerToRows)
(int first, int last, float *nearness, int32_t *indices, float *lasts, int size, const float *values, int stride, int top,
 int bottom, int left, int right) {
  const Lists lists{nearness - int64_t(top) * size, indices - int64_t(top) * size, lasts - top, size};
  kernel_wasm.offerToRows(lists, {values, stride, top, bottom, left, right}, first, last);
}

/** The same for the points of columns `first` .. `last` - 1; column `left`'s list is at 0. */
EXPORT(offerToColumns)
(int first, int last, float *nearness, int32_t *indices, float *lasts, int size, const float *values, int stride, int top,
 int bottom, int left, int right) {
  const Lists lists{nearness - int64_t(left) * size, indices - int64_t(left) * size, lasts - left, size};
  kernel_wasm.offerToColumns(lists, {values, stride, top, bottom, left, right}, first, last);
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
