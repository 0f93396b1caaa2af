/** The search's inner loops for Node: checks arguments, picks the instruction set, and shares the work among threads. */
#include "kernel.h"
#include "../../../native/processor.h"
#include "../../../native/share.h"
#include <node_api.h>
#include <stdexcept>
#include <string>
#include <vector>

VARIANTS(Kernel, kernel);
#if defined(BFLOAT16)
extern const Kernel kernel_bfloat16;
#endif

namespace {

/** Rows of a product that a thread computes at a time, and points that it offers to, packs or measures. */
constexpr int64_t BLOCK = 256, SOME = 64;

#if defined(BFLOAT16)
const Kernel &kernel = instructions() == bfloat16 ? kernel_bfloat16 : BEST(kernel);
#else
const Kernel &kernel = BEST(kernel);
#endif

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t parts(int64_t count, int64_t size) { return (count + size - 1) / size; }

/** The numbers of a typed array. */
template <class T> struct Values {
  T *data;
  int64_t length;
  T *of(int64_t count) const {
    if (count > length)
      throw std::range_error("an array of " + std::to_string(length) + " where " + std::to_string(count) +
                             " numbers are needed");
    return data;
  }
};

/** Coordinates of points in rows, as they were given. */
struct Source {
  const float *singles;
  const double *doubles; // where there are no singles
  const int32_t *kept;   // the row of each point, or none
  int64_t d;

  Look look(int64_t i) const {
    return singles ? kernel.lookAtSingles(singles + at(i), d) : kernel.lookAtDoubles(doubles + at(i), d);
  }
  void pack(const Packing &packing, int64_t i, int64_t to) const {
    if (singles) kernel.packSingles(singles + at(i), packing, to);
    else kernel.packDoubles(doubles + at(i), packing, to);
  }
  double distance(int64_t i, int64_t j, const Range *ranges, int64_t count, double limit) const {
    return singles ? kernel.distanceOfSingles(singles + at(i), singles + at(j), ranges, count, limit)
                   : kernel.distanceOfDoubles(doubles + at(i), doubles + at(j), ranges, count, limit);
  }

private:
  int64_t at(int64_t i) const { return (kept ? kept[i] : i) * d; }
};

/** The arguments of a call, taken one after the other. */
class Arguments {
public:
  Arguments(napi_env env, napi_callback_info info) : env(env) {
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  int64_t integer() { return int64_t(number()); }
  double number() {
    double value;
    check(napi_get_value_double(env, next(), &value), "a number");
    return value;
  }
  bool flag() {
    bool value;
    check(napi_get_value_bool(env, next(), &value), "true or false");
    return value;
  }
  Values<float> singles() { return array<float>(napi_float32_array, "a Float32Array"); }
  Values<double> doubles() { return array<double>(napi_float64_array, "a Float64Array"); }
  Values<int32_t> integers() { return array<int32_t>(napi_int32_array, "an Int32Array"); }
  Values<uint8_t> bytes() { return array<uint8_t>(napi_uint8_array, "a Uint8Array"); }
  Values<uint32_t> words() { return array<uint32_t>(napi_uint32_array, "a Uint32Array"); }
  bool isNull() {
    napi_valuetype type;
    if (at >= count || napi_typeof(env, values[at], &type) != napi_ok || type != napi_null) return false;
    at++;
    return true;
  }
  /** Data, the row of each point or null, the points, and the coordinates of each. */
  Source source(int64_t &points) {
    Source source{};
    const int64_t length = coordinates(source);
    Values<int32_t> kept{};
    if (!isNull()) kept = integers();
    points = integer();
    source.d = integer();
    int64_t rows = points;
    if (kept.data) {
      source.kept = kept.of(points);
      rows = 0;
      for (int64_t i = 0; i < points; i++) {
        if (kept.data[i] < 0) throw std::range_error("a row below 0");
        if (kept.data[i] >= rows) rows = kept.data[i] + 1;
      }
    }
    if (source.d < 1 || rows * source.d > length) throw std::range_error("fewer coordinates than the points have");
    return source;
  }
  /** The coordinates of one point. */
  Source point() {
    Source source{};
    source.d = coordinates(source);
    return source;
  }
  /** Pairs of first columns and those after the last, of points of `d` coordinates. */
  Values<Range> ranges(int64_t d) {
    const auto columns = integers();
    for (int64_t c = 0; c < columns.length; c++)
      if (columns.data[c] < 0 || columns.data[c] > d || (c % 2 == 1 && columns.data[c] < columns.data[c - 1])) throw std::range_error("no such columns");
    return {reinterpret_cast<Range *>(columns.data), columns.length / 2};
  }

private:
  napi_env env;
  size_t count = 20, at = 0;
  napi_value values[20];

  napi_value next() {
    if (at >= count) throw std::range_error("too few arguments");
    return values[at++];
  }
  void check(napi_status status, const char *what) {
    if (status != napi_ok) throw std::range_error("argument " + std::to_string(at) + " must be " + what);
  }
  /** Takes an array of either precision, and gives its length. */
  int64_t coordinates(Source &source) {
    napi_typedarray_type type = napi_uint8_array;
    if (at < count) napi_get_typedarray_info(env, values[at], &type, nullptr, nullptr, nullptr, nullptr);
    if (type == napi_float32_array) {
      const auto data = singles();
      source.singles = data.data;
      return data.length;
    }
    const auto data = doubles();
    source.doubles = data.data;
    return data.length;
  }
  template <class T> Values<T> array(napi_typedarray_type wanted, const char *what) {
    napi_typedarray_type type;
    size_t length;
    void *data;
    const auto status = napi_get_typedarray_info(env, next(), &type, &length, &data, nullptr, nullptr);
    check(status == napi_ok && type != wanted ? napi_invalid_arg : status, what);
    return {static_cast<T *>(data), int64_t(length)};
  }
};

/** left, right, words, run, halved, top, bottom, begin, end, out, stride, add, above, halves or null, threads */
void multiply(Arguments &given) {
  const auto left = given.words(), right = given.words();
  const int64_t words = given.integer(), run = given.integer();
  const bool halved = given.flag();
  const int64_t top = given.integer(), bottom = given.integer(), begin = given.integer(), end = given.integer();
  const auto out = given.singles();
  const int64_t stride = given.integer();
  const bool add = given.flag(), above = given.flag();
  const float *leftHalves = nullptr, *rightHalves = nullptr;
  const int64_t rows = parts(bottom, GROUP) * GROUP, panels = parts(end, PANEL);
  if (!given.isNull()) {
    leftHalves = given.singles().of(rows);
    rightHalves = given.singles().of(panels * PANEL);
  }
  const int64_t threads = given.integer();
  if (halved && !kernel.bfloat16) throw std::range_error("this processor has no products of bfloat16");
  if (run < 1) throw std::range_error("sums of nothing");
  if (top % GROUP || begin % PANEL || top < 0 || begin < 0 || stride < panels * PANEL - begin)
    throw std::range_error("rows and columns that do not begin with a group");
  left.of(parts(rows, PANEL) * PANEL * words);
  right.of(panels * PANEL * words);
  out.of((rows - top) * stride);
  const int64_t across = panels - begin / PANEL;
  share(threads, parts(rows - top, BLOCK) * across, [&](int64_t unit) {
    const int64_t first = top + unit / across * BLOCK, panel = begin / PANEL + unit % across;
    if (above && first >= (panel + 1) * PANEL) return; // nothing here is above the diagonal
    kernel.multiply({left.data, right.data + panel * PANEL * words, words, run, first, least(first + BLOCK, rows),
                     out.data + (first - top) * stride + panel * PANEL - begin, stride, add, leftHalves,
                     rightHalves ? rightHalves + panel * PANEL : nullptr},
                    halved);
  });
}

/** nearness, indices, last, size, values, stride, top, bottom, left, right, threads */
void offer(Arguments &given) {
  const auto nearness = given.singles();
  const auto indices = given.integers();
  const auto last = given.singles();
  const int64_t size = given.integer();
  const auto values = given.singles();
  const int64_t stride = given.integer();
  const int64_t top = given.integer(), bottom = given.integer(), left = given.integer(), right = given.integer();
  const int64_t threads = given.integer();
  const int64_t points = bottom > right ? bottom : right;
  if (size < 1 || top < 0 || left < 0 || stride < right - left) throw std::range_error("no such tile");
  const Lists lists{nearness.of(points * size), indices.of(points * size), last.of(points), size};
  const Tile tile{values.of((bottom - top) * stride), stride, top, bottom, left, right};
  const int64_t rows = parts(bottom - top, SOME), columns = parts(right - left, SOME);
  const auto toRows = [&](int64_t unit) {
    const int64_t first = top + unit * SOME;
    kernel.offerToRows(lists, tile, first, least(first + SOME, bottom));
  };
  const auto toColumns = [&](int64_t unit) {
    const int64_t first = left + unit * SOME;
    kernel.offerToColumns(lists, tile, first, least(first + SOME, right));
  };
  if (bottom <= left) { // different points
    share(threads, rows + columns, [&](int64_t unit) { unit < rows ? toRows(unit) : toColumns(unit - rows); });
  } else {
    share(threads, rows, toRows);
    share(threads, columns, toColumns);
  }
}

/** source, finite, hashes, first, threads: of every point, from the first place on */
void look(Arguments &given) {
  int64_t points;
  const Source source = given.source(points);
  const auto finite = given.bytes();
  const auto hashes = given.integers();
  const int64_t first = given.integer(), threads = given.integer();
  if (first < 0) throw std::range_error("no such place");
  finite.of(first + points);
  hashes.of(first + points);
  share(threads, parts(points, SOME), [&](int64_t unit) {
    for (int64_t i = unit * SOME; i < least((unit + 1) * SOME, points); i++) {
      const Look seen = source.look(i);
      finite.data[first + i] = seen.finite;
      hashes.data[first + i] = int32_t(seen.hash);
    }
  });
}

/** source, from, count, target, words, halved, center, scale, ranges, squares, errors, to, threads */
void pack(Arguments &given) {
  int64_t points;
  const Source source = given.source(points);
  const int64_t from = given.integer(), count = given.integer();
  const auto target = given.words();
  const int64_t words = given.integer();
  const bool halved = given.flag();
  const auto center = given.doubles();
  const double scale = given.number();
  const auto columns = given.ranges(source.d);
  const auto squares = given.doubles(), errors = given.doubles();
  const int64_t to = given.integer(), threads = given.integer();
  int64_t coordinates = 0;
  for (int64_t r = 0; r < columns.length; r++) coordinates += columns.data[r].end - columns.data[r].first;
  if (coordinates > words * (halved ? 2 : 1)) throw std::range_error("more columns than a point has words");
  if (from < 0 || from + count > points || to < 0) throw std::range_error("no such points");
  const Packing packing{target.of(parts(to + count, PANEL) * PANEL * words),
                        words,
                        halved,
                        center.of(source.d),
                        scale,
                        columns.data,
                        columns.length,
                        squares.of(to + count),
                        errors.of(to + count)};
  share(threads, parts(count, SOME), [&](int64_t unit) {
    for (int64_t i = unit * SOME; i < least((unit + 1) * SOME, count); i++)
      source.pack(packing, from + i, to + i);
  });
}

/** source, ranges, i, j, limits, out, threads */
void measure(Arguments &given) {
  int64_t points;
  const Source source = given.source(points);
  const auto ranges = given.ranges(source.d);
  const auto i = given.integers(), j = given.integers();
  const auto limits = given.doubles(), out = given.doubles();
  const int64_t threads = given.integer(), count = out.length;
  limits.of(count);
  for (const auto &side : {i, j})
    for (int64_t p = 0; p < count; p++)
      if (side.of(count)[p] < 0 || side.data[p] >= points) throw std::range_error("no such point");
  // A pair of wide points is work enough for a thread.
  const int64_t some = 1 + SOME * 512 / source.d;
  share(threads, parts(count, some), [&](int64_t unit) {
    for (int64_t p = unit * some; p < least((unit + 1) * some, count); p++)
      out.data[p] = source.distance(i.data[p], j.data[p], ranges.data, ranges.length, limits.data[p]);
  });
}

/** x, y, ranges, limit, out: the squared distance of two points */
void distance(Arguments &given) {
  const Source x = given.point(), y = given.point();
  const auto ranges = given.ranges(least(x.d, y.d));
  const double limit = given.number();
  double *out = given.doubles().of(1);
  if (x.singles && y.singles)
    *out = kernel.distanceOfSingles(x.singles, y.singles, ranges.data, ranges.length, limit);
  else if (x.doubles && y.doubles)
    *out = kernel.distanceOfDoubles(x.doubles, y.doubles, ranges.data, ranges.length, limit);
  else throw std::range_error("two points of different precision");
}

/** Below this number of products, other threads would take longer to wake up than to help. */
constexpr int64_t LIGHT = 1 << 15;
/** Rows of a matrix that stay in the cache while the others pass. */
constexpr int64_t FEW = 16;

int64_t threadsFor(int64_t products, int64_t threads) { return products < LIGHT ? 1 : threads; }

/** rows, n, d, first, last, out, threads */
void innerProducts(Arguments &given) {
  const auto rows = given.doubles();
  const int64_t n = given.integer(), d = given.integer(), first = given.integer(), last = given.integer();
  const auto out = given.doubles();
  const int64_t threads = given.integer();
  if (first < 0 || last > n || d < 0) throw std::range_error("no such rows");
  const InnerProducts products{rows.of(n * d), n, d, out.of(n * n)};
  share(threadsFor((last - first) * last * d, threads), parts(last - first, FEW), [&](int64_t unit) {
    const int64_t begin = first + unit * FEW;
    kernel.innerProducts(products, begin, least(begin + FEW, last));
  });
}

/** matrix, size, from, v, w, next, products, threads */
void reduce(Arguments &given) {
  const auto matrix = given.doubles();
  const int64_t size = given.integer(), from = given.integer();
  const auto v = given.doubles(), w = given.doubles(), next = given.doubles(), products = given.doubles();
  const int64_t threads = given.integer();
  if (from < 0 || from > size) throw std::range_error("no such row");
  const Reduction reduction{matrix.of(size * size), size,          from, v.of(size), w.of(size),
                            next.of(size),          products.of(size)};
  const int64_t rows = size - from;
  share(threadsFor(rows * rows, threads), parts(rows, SOME), [&](int64_t unit) {
    const int64_t first = from + unit * SOME;
    kernel.reduce(reduction, first, least(first + SOME, size));
  });
}

/** reflectors, scales, rows, size, first, last, threads */
void reflect(Arguments &given) {
  const auto reflectors = given.doubles(), scales = given.doubles(), rows = given.doubles();
  const int64_t size = given.integer(), first = given.integer(), last = given.integer(), threads = given.integer();
  if (first < 0 || last > size) throw std::range_error("no such rows");
  const Reflections reflections{reflectors.of(size * size), scales.of(size), rows.of(size * size), size};
  share(threadsFor((last - first) * last * size, threads), parts(last - first, FEW), [&](int64_t unit) {
    const int64_t begin = first + unit * FEW;
    kernel.reflect(reflections, begin, least(begin + FEW, last));
  });
}

/** rows, size, upper, cosines, sines, count, threads */
void rotate(Arguments &given) {
  const auto rows = given.doubles();
  const int64_t size = given.integer();
  const auto upper = given.integers();
  const auto cosines = given.doubles(), sines = given.doubles();
  const int64_t count = given.integer(), threads = given.integer();
  const Rotations rotations{rows.of(size * size), size, upper.of(count), cosines.of(count), sines.of(count), count};
  for (int64_t r = 0; r < count; r++)
    if (upper.data[r] < 0 || upper.data[r] + 1 >= size) throw std::range_error("no such rows");
  share(threadsFor(count * size, threads), parts(size, STRIP), [&](int64_t strip) {
    std::vector<double> room(size * STRIP);
    kernel.rotate(rotations, strip, room.data());
  });
}

template <void (*body)(Arguments &)> napi_value call(napi_env env, napi_callback_info info) {
  try {
    Arguments given(env, info);
    body(given);
  } catch (const std::exception &error) {
    napi_throw_range_error(env, nullptr, error.what());
  }
  return nullptr;
}

/** How many words of an array lie before the next that begins a line of the cache. */
napi_value wordsToLine(napi_env env, napi_callback_info info) {
  napi_value result = nullptr;
  try {
    const auto address = reinterpret_cast<uintptr_t>(Arguments(env, info).words().data);
    napi_create_uint32(env, uint32_t(-address % 64 / 4), &result);
  } catch (const std::exception &error) {
    napi_throw_range_error(env, nullptr, error.what());
  }
  return result;
}

napi_value initialise(napi_env env, napi_value exports) {
  const auto set = [&](const char *name, napi_value value) { napi_set_named_property(env, exports, name, value); };
  const auto add = [&](const char *name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    set(name, function);
  };
  napi_value name, halves, panel, group;
  napi_create_string_utf8(env, kernel.name, NAPI_AUTO_LENGTH, &name);
  napi_get_boolean(env, kernel.bfloat16, &halves);
  napi_create_int32(env, PANEL, &panel);
  napi_create_int32(env, GROUP, &group);
  set("instructions", name);
  set("bfloat16", halves);
  set("panel", panel);
  set("group", group);
  add("multiply", call<multiply>);
  add("offer", call<offer>);
  add("look", call<look>);
  add("pack", call<pack>);
  add("measure", call<measure>);
  add("distance", call<distance>);
  add("innerProducts", call<innerProducts>);
  add("reduce", call<reduce>);
  add("reflect", call<reflect>);
  add("rotate", call<rotate>);
  add("wordsToLine", wordsToLine);
  return exports;
}

} // namespace

NAPI_MODULE(search_kernel, initialise)
