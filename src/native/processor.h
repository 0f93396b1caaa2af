/** Which of a kernel's variants to use. */
#pragma once
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
enum Instructions { sse2, avx2, avx512, bfloat16 };
constexpr const char *instructionNames[] = {"sse2", "avx2", "avx512", "bfloat16"};

/** The best that the processor has, or the lesser ones that ID_INSTRUCTIONS names, for comparison. */
inline Instructions instructions() {
  __builtin_cpu_init();
  Instructions best = sse2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = avx2;
  if (best == avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    best = avx512;
#if defined(BFLOAT16)
  if (best == avx512 && __builtin_cpu_supports("avx512bf16")) best = bfloat16;
#endif
  const char *wanted = std::getenv("ID_INSTRUCTIONS");
  for (int i = sse2; wanted && i < best; i++)
    if (std::strcmp(instructionNames[i], wanted) == 0) return Instructions(i);
  return best;
}

/** The name of those that are used. */
inline const char *instructionsName() { return instructionNames[instructions()]; }

#define VARIANTS(Kernel, name) extern const Kernel name##_sse2, name##_avx2, name##_avx512
#define BEST(name) (instructions() >= avx512 ? name##_avx512 : instructions() == avx2 ? name##_avx2 : name##_sse2)
#else
inline const char *instructionsName() { return "baseline"; }
#define VARIANTS(Kernel, name) extern const Kernel name##_baseline
#define BEST(name) name##_baseline
#endif
