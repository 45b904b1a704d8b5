#include "engine/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <string>

namespace millrace::log {
namespace {

Format g_format = Format::text;

constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                spdlog::level::err};

/// Never destroyed: threads that outlive main, such as those of a static object, may still log.
spdlog::logger& logger() {
  static spdlog::logger& instance = *[] {
    auto made = std::make_unique<spdlog::logger>(
        "millrace", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
    made->flush_on(spdlog::level::debug);
    return made.release();
  }();
  return instance;
}

std::string render_json(std::string_view message, Fields fields) {
  std::string out = "\"message\":";
  append_json_string(out, message);
  for (const auto& [name, value] : fields) {
    out += ',';
    append_json_string(out, name);
    out += ':';
    value.dump_to(out);
  }
  return out;
}

std::string render_text(std::string_view message, Fields fields) {
  std::string out(message);
  for (const auto& [name, value] : fields) {
    out += "  " + name + "=";
    out += value.is_string() ? value.as_string() : value.dump();
  }
  return out;
}

void write(Severity severity, std::string_view message, Fields fields) {
  const auto level = kLevels[static_cast<std::size_t>(severity)];
  if (!logger().should_log(level)) return;
  logger().log(level, g_format == Format::json ? render_json(message, fields)
                                               : render_text(message, fields));
}

}  // namespace

void configure(Severity least, Format format) {
  g_format = format;
  logger().set_level(kLevels[static_cast<std::size_t>(least)]);
  if (format == Format::json)
    logger().set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",\"severity\":\"%l\",%v}",
                         spdlog::pattern_time_type::utc);
}

void debug(std::string_view message, Fields fields) { write(Severity::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(Severity::info, message, fields); }
void warning(std::string_view message, Fields fields) { write(Severity::warning, message, fields); }
void error(std::string_view message, Fields fields) { write(Severity::error, message, fields); }

}  // namespace millrace::log
