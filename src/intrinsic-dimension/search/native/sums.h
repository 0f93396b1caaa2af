/** Sums in float64 that are the same on every processor, to the last bit. */
#pragma once
#include "../../../native/vectors.h"

namespace {

typedef double Doubles __attribute__((vector_size(BYTES)));
constexpr int WIDE = BYTES / 8;

inline Doubles wide(const double *p) { return load<Doubles>(p); }

/** The parts that a sum has, whatever the registers hold. */
constexpr int SUMS = 16;

inline double total(const Doubles (&sums)[SUMS / WIDE]) {
  double parts[SUMS];
  std::memcpy(parts, sums, sizeof parts);
  for (int half = SUMS / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) parts[i] += parts[i + half];
  return parts[0];
}

} // namespace
