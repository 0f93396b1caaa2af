/** The inner loops of a search, which kernel.cc has once for each instruction set. */
#pragma once
#include <cstdint>

/** Points whose coordinates lie side by side: [panel][word][PANEL], a word being a float32 or two bfloat16. */
constexpr int PANEL = 32;
/** Rows of a product that are computed at a time; ranges of rows begin at a multiple of it. */
constexpr int GROUP = 8;
/** Rows `first` .. `last` - 1 times the points of one panel. */
struct Product {
  const uint32_t *left;  // packed
  const uint32_t *right; // one panel
  int64_t words;         // of a point
  int64_t run;           // words that are added up before the sum is added to the others
  int64_t first, last;   // rows of `left`
  float *out;            // [last - first, stride]
  int64_t stride;
  bool add; // to what is there
  /** Half the squared lengths of both sides' points, to be subtracted; or none. */
  const float *leftHalves, *rightHalves;
};

/** The `size` nearest of each point so far, nearest first. */
struct Lists {
  float *nearness;
  int32_t *indices;
  float *last; // of each list
  int64_t size;
};

/** Rows `top` .. `bottom` - 1 and columns `left` .. `right` - 1 of the matrix of nearnesses. */
struct Tile {
  const float *values;
  int64_t stride;
  int64_t top, bottom, left, right;
};

/** Columns `first` .. `end` - 1. */
struct Range {
  int32_t first, end;
};

/** Where points are packed as bfloat16 or float32, centred and scaled. */
struct Packing {
  uint32_t *target;
  int64_t words;
  bool halved; // bfloat16
  const double *center;
  double scale;
  const Range *columns;
  int64_t ranges;
  double *squares, *errors; // of each point; what these columns add
};

/** Inner products of all pairs of rows; only those with earlier rows, and of each row with itself, are computed. */
struct InnerProducts {
  const double *rows; // [n, d]
  int64_t n, d;
  double *out; // [n, n]
};

/** Two steps in the reduction of a symmetric matrix [size, size] to three diagonals, from row and column `from` on. */
struct Reduction {
  double *matrix;
  int64_t size, from;
  const double *v, *w;  // [size] v w' + w v' is subtracted
  const double *next;   // [size] what the difference is multiplied by
  double *products;     // [size]
};

/** The product of reflections I - scale v v', in rows; v of reflection k begins in row k of `reflectors`, with column k + 1. */
struct Reflections {
  const double *reflectors; // [size, size]
  const double *scales;     // [size]
  double *rows;             // [size, size]
  int64_t size;
};

/** Rotations of neighbouring rows, one after the other: of the rows `upper[r]` and the one below. */
struct Rotations {
  double *rows; // [size, size]
  int64_t size;
  const int32_t *upper;
  const double *cosines, *sines;
  int64_t count;
};
/** Columns that are rotated at a time. */
constexpr int STRIP = 16;

/** Whether all coordinates of a point are finite, and a number that equal points have in common. */
struct Look {
  bool finite;
  uint32_t hash;
};

struct Kernel {
  const char *name;
  bool bfloat16; // whether it multiplies them
  void (*multiply)(const Product &, bool halved);
  /** Offers pairs above the diagonal to the points of some of the rows. */
  void (*offerToRows)(const Lists &, const Tile &, int64_t first, int64_t last);
  /** Offers pairs above the diagonal to the points of some of the columns. */
  void (*offerToColumns)(const Lists &, const Tile &, int64_t first, int64_t last);
  Look (*lookAtSingles)(const float *, int64_t d);
  Look (*lookAtDoubles)(const double *, int64_t d);
  /** Packs a point's coordinates as point `to`. */
  void (*packSingles)(const float *, const Packing &, int64_t to);
  void (*packDoubles)(const double *, const Packing &, int64_t to);
  /** The squared distance of two points over some columns in float64, or infinity where it exceeds the limit. */
  double (*distanceOfSingles)(const float *, const float *, const Range *, int64_t ranges, double limit);
  double (*distanceOfDoubles)(const double *, const double *, const Range *, int64_t ranges, double limit);
  /** The inner products of some rows. */
  void (*innerProducts)(const InnerProducts &, int64_t first, int64_t last);
  /** Some rows of a reduction. */
  void (*reduce)(const Reduction &, int64_t first, int64_t last);
  /** Some rows of a product of reflections. */
  void (*reflect)(const Reflections &, int64_t first, int64_t last);
  /** Rotates a strip of columns, which is copied to `room` [size, STRIP]. */
  void (*rotate)(const Rotations &, int64_t strip, double *room);
};
