// Any text: loading it as a DAG neither crashes nor hangs; a file without an error has a spec that
// the core accepts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/spec/load.h"
#include "operators/catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const millrace::Catalog catalog = millrace::builtin_catalog();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = millrace::load_dag(text, "fuzz.yaml", catalog);
  for (const auto& diagnostic : loaded.diagnostics) {
    (void)render(diagnostic, loaded.source);
    if (diagnostic.code == "invalid-dag") std::abort();  // a check that the loader lacks
  }
  if (loaded.spec.has_value() == has_errors(loaded.diagnostics)) std::abort();
  return 0;
}
