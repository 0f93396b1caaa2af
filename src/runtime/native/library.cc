/**
 * Loads TensorFlow's library without the two lines that it prints each time: that its log is not set up yet, and that
 * oneDNN is on. They come from its static initialisers, before any setting of the log can be made.
 */
#include <csignal>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <node_api.h>
#include <unistd.h>

namespace {

const char *const EXPECTED[] = {"WARNING: All log messages before absl::InitializeLog()", "oneDNN custom operations are on"};

bool isExpected(const char *line) {
  for (const char *text : EXPECTED)
    if (std::strstr(line, text)) return true;
  return false;
}

/** Whatever else was printed meanwhile. */
void printOthers(FILE *printed) {
  char line[4096];
  std::rewind(printed);
  while (std::fgets(line, sizeof line, printed))
    if (!isExpected(line)) std::fputs(line, stderr);
}

int printedSoFar = -1;
int standardError = -1;

/** Where the library ends the process, as it does on a processor that it is not made for, its last words are shown. */
void showAll(int) {
  char piece[4096];
  lseek(printedSoFar, 0, SEEK_SET);
  for (ssize_t size; (size = read(printedSoFar, piece, sizeof piece)) > 0;)
    if (write(standardError, piece, size) < 0) break;
  std::signal(SIGABRT, SIG_DFL);
}

/** load(): loads it for good; whoever needs it later finds it loaded. */
napi_value load(napi_env env, napi_callback_info) {
  FILE *printed = std::tmpfile();
  standardError = printed ? dup(STDERR_FILENO) : -1;
  struct sigaction before;
  if (standardError >= 0) {
    printedSoFar = fileno(printed);
    struct sigaction action = {};
    action.sa_handler = showAll;
    sigaction(SIGABRT, &action, &before);
    dup2(printedSoFar, STDERR_FILENO);
  }
  const void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_NODELETE);
  const char *reason = library ? nullptr : dlerror();
  if (standardError >= 0) {
    dup2(standardError, STDERR_FILENO);
    sigaction(SIGABRT, &before, nullptr);
    close(standardError);
    printOthers(printed);
  }
  if (printed) std::fclose(printed);
  if (!library) napi_throw_error(env, nullptr, reason);
  return nullptr;
}

napi_value initialise(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "load", NAPI_AUTO_LENGTH, load, nullptr, &function);
  napi_set_named_property(env, exports, "load", function);
  return exports;
}

} // namespace

NAPI_MODULE(library, initialise)
