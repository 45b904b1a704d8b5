// Any text as a model file: refused, or a model that predicts, and that is the same when it is
// stored and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

#include "engine/ml/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using millrace::ml::Model;
  const auto model = Model::parse({reinterpret_cast<const char*>(data), size});
  if (!model) return 0;
  const std::size_t features = model->feature_names().size();
  for (const double value : {0.0, -1e300, std::numeric_limits<double>::quiet_NaN()})
    (void)model->predict_row(std::vector<double>(features, value));
  (void)model->importance();
  const auto again = Model::parse(model->serialize());
  if (!again || again->serialize() != model->serialize()) std::abort();
  return 0;
}
