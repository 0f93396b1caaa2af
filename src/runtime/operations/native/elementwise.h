/** Layer normalisation, GELU and dropout, which elementwise.cc has once for each instruction set. */
#pragma once
#include <cstdint>

/** Key and counter of a stream of random numbers. */
struct Stream {
  uint32_t key[2], counter[4];
};

struct ElementwiseKernel {
  /** Normalises a row; gives it before scale and offset, too, and the inverse of its deviation. */
  void (*normalise)(const float *x, const float *scale, const float *offset, int64_t width, float epsilon, float *y,
                    float *normed, float *inverse);
  /** The gradient of a row; adds to those of scale and offset. */
  void (*normaliseGradient)(const float *dy, const float *normed, float inverse, const float *scale, int64_t width,
                            float *dx, float *dScale, float *dOffset);
  void (*gelu)(const float *x, int64_t count, float *y);
  void (*geluGradient)(const float *dy, const float *x, int64_t count, float *dx);
  /** The stream that TensorFlow's stateless operations have for a seed of two numbers. */
  Stream (*streamOf)(int64_t, int64_t);
  /** Numbers `first` .. + `count` of a stream: `scale` where one is at least `rate`, else 0; and x times it. */
  void (*dropout)(const Stream &, int64_t first, int64_t count, float rate, float scale, const float *x, float *y,
                  float *mask);
};
