// The body of an inference request: refused, or rows of one length.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/serve/infer_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request =
      millrace::serve::parse_infer_request({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  if (!request->columns.empty() && request->columns.size() != request->values.columns())
    std::abort();
  for (std::size_t row = 0; row < request->rows(); ++row) (void)request->entity(row);
  return 0;
}
