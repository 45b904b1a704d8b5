// Structured log: one JSON object a line on stderr (or readable text on a terminal), with time,
// severity, message and fields such as run, task, attempt, trace. Thread-safe. Never pass a secret.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "engine/base/json.h"

namespace millrace::log {

enum class Severity { debug, info, warning, error };
enum class Format { json, text };
using Fields = std::initializer_list<Json::Member>;

/// Call once in main, before threads; the default is text at `info`.
void configure(Severity least, Format format);

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warning(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace millrace::log
