/** The addon: once it is loaded, TensorFlow's eager calls and graphs know operations that it lacks. */
#include "operation.h"
#include "signals.h"
#include "../../../native/processor.h"
#include <node_api.h>

bool defineConvolutions();
bool defineElementwise();

namespace {

/** setThreads(count) */
napi_value setThreads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
  napi_get_value_int64(env, value, &threads);
  return nullptr;
}

/** receiveSignalsApart() */
napi_value receiveSignals(napi_env env, napi_callback_info) {
  if (!receiveSignalsApart()) napi_throw_error(env, nullptr, "no thread for signals can be created");
  return nullptr;
}

napi_value initialise(napi_env env, napi_value exports) {
  static const bool known = defineConvolutions() && defineElementwise();
  if (!known) {
    napi_throw_error(env, nullptr, "TensorFlow takes no further operations");
    return nullptr;
  }
  napi_value function;
  napi_create_function(env, "setThreads", NAPI_AUTO_LENGTH, setThreads, nullptr, &function);
  napi_set_named_property(env, exports, "setThreads", function);
  napi_create_function(env, "receiveSignalsApart", NAPI_AUTO_LENGTH, receiveSignals, nullptr, &function);
  napi_set_named_property(env, exports, "receiveSignalsApart", function);
  napi_value name;
  napi_create_string_utf8(env, instructionsName(), NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, exports, "instructions", name);
  return exports;
}

} // namespace

NAPI_MODULE(operations, initialise)
