// Sums of serving windows: one total for each (artifact, role). Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/store/rows.h"

namespace millrace {

class ServingSums {
 public:
  void add(const ServingWindow& window);
  /// By artifact and role.
  std::vector<ServingWindow> take() &&;

 private:
  std::map<std::pair<std::string, std::string>, ServingWindow> totals_;
};

}  // namespace millrace
