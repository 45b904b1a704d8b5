// Any text: parsing, evaluating and rendering it neither crash nor hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/core/expression.h"

using millrace::Expression;
using millrace::Json;
using millrace::Template;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Json root = *Json::parse(
      R"({"run": {"id": "r", "logical_date": "2001-02-01T03:00:00Z"}, "params": {"n": 2, "s": "x"},
          "tasks": {"a": {"state": "success", "outputs": [{"m": 1}, {"m": [2, 3]}]}}, "item": null})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto expression = Expression::parse(text)) {
    (void)expression->evaluate({&root});
    (void)expression->references();
    (void)expression->uses_status_function();
  }
  if (const auto compiled = Template::compile(Json(text))) (void)compiled->render({&root});
  return 0;
}
