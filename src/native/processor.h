/** Which of a kernel's variants to use. */
#pragma once
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
enum Instructions { sse2, avx2, avx512, bfloat16 };
constexpr const char *instructionNames[] = {"sse2", "avx2", "avx512", "bfloat16"};

/**
 * The best that the processor has and the system saves when it changes threads. Asked of the processor itself, since not
 * every compiler's library fills in what __builtin_cpu_supports reads.
 */
inline Instructions bestInstructions() {
  unsigned a, b, c, d, saved, upper;
  const auto bit = [](unsigned word, int i) { return (word >> i & 1) != 0; };
  if (!__get_cpuid(1, &a, &b, &c, &d)) return sse2;
  const bool fma = bit(c, 12), osxsave = bit(c, 27);
  if (!fma || !osxsave) return sse2;
  __asm__("xgetbv" : "=a"(saved), "=d"(upper) : "c"(0));
  if ((saved & 0x06) != 0x06 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !bit(b, 5)) return sse2;
  const bool f = bit(b, 16), dq = bit(b, 17), bw = bit(b, 30), vl = bit(b, 31);
  if ((saved & 0xe6) != 0xe6 || !f || !dq || !bw || !vl) return avx2;
#if defined(BFLOAT16)
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && bit(a, 5)) return bfloat16;
#endif
  return avx512;
}

/** The best, or the lesser ones that ID_INSTRUCTIONS names, for comparison. */
inline Instructions instructions() {
  const Instructions best = bestInstructions();
  const char *wanted = std::getenv("ID_INSTRUCTIONS");
  for (int i = sse2; wanted && i < best; i++)
    if (std::strcmp(instructionNames[i], wanted) == 0) return Instructions(i);
  return best;
}

/** The name of those that are used. */
inline const char *instructionsName() { return instructionNames[instructions()]; }

#define VARIANTS(Kernel, name) extern const Kernel name##_sse2, name##_avx2, name##_avx512
#define BEST(name) (instructions() >= avx512 ? name##_avx512 : instructions() == avx2 ? name##_avx2 : name##_sse2)
#elif defined(__aarch64__)
inline const char *instructionsName() { return "neon"; }
#define VARIANTS(Kernel, name) extern const Kernel name##_neon
#define BEST(name) name##_neon
#else
inline const char *instructionsName() { return "baseline"; }
#define VARIANTS(Kernel, name) extern const Kernel name##_baseline
#define BEST(name) name##_baseline
#endif
