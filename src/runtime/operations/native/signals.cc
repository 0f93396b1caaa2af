/**
 * Signals that arrive while TensorFlow multiplies matrices.
 *
 * A kernel of oneDNN (sgemm without copies, which MatMul uses) takes the memory that it was given for a table as its stack.
 * The system writes the state of the processor below the stack of the thread that a signal interrupts, 3 to 7 kB with
 * AVX-512, which is then the memory of somebody else. Ctrl-C, SIGTERM, the end of a child process or a resized terminal
 * could so damage whatever lies there.
 */
#include "signals.h"
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

namespace {

/** What a thread does to itself, and SIGUSR1, for which Node has a thread of its own. */
const int OWN[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE, SIGPROF, SIGUSR1};

/** Room for the state of the processor and for the walk over the stack that a profiler does. */
const size_t PROFILER_STACK = 1 << 18;

void *wait(void *) {
  for (;;) pause();
}

} // namespace

bool receiveSignalsApart() {
  pthread_t receiver;
  // It inherits the present mask; every later thread inherits the one set below.
  if (pthread_create(&receiver, nullptr, wait, nullptr) != 0) return false;
  pthread_detach(receiver);
  sigset_t others;
  sigfillset(&others);
  for (int signal : OWN) sigdelset(&others, signal);
  if (pthread_sigmask(SIG_BLOCK, &others, nullptr) != 0) return false;
  // V8's profiler interrupts this very thread, on this stack.
  stack_t stack = {};
  stack.ss_sp = std::malloc(PROFILER_STACK);
  stack.ss_size = PROFILER_STACK;
  return stack.ss_sp && sigaltstack(&stack, nullptr) == 0;
}
