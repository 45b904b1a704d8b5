#include "bench/dags.h"

namespace millrace::bench {

std::string loose_tasks(const std::string& dag, int count, const std::string& task) {
  std::string yaml = "dag: " + dag + "\ntasks:\n";
  for (int i = 0; i < count; ++i) yaml += "  t" + std::to_string(i) + ": {" + task + "}\n";
  return yaml;
}

std::string chain(const std::string& dag, int length, const std::string& task) {
  std::string yaml = "dag: " + dag + "\ntasks:\n  t0: {" + task + "}\n";
  for (int i = 1; i < length; ++i)
    yaml += "  t" + std::to_string(i) + ": {" + task + ", needs: t" + std::to_string(i - 1) + "}\n";
  return yaml;
}

std::string fan(const std::string& dag, int width, const std::string& task) {
  std::string yaml = "dag: " + dag + "\ntasks:\n  first: {" + task + "}\n", all;
  for (int i = 0; i < width; ++i) {
    const std::string id = "t" + std::to_string(i);
    yaml += "  " + id + ": {" + task + ", needs: first}\n";
    all += (i == 0 ? "" : ", ") + id;
  }
  return yaml + "  last: {" + task + ", needs: [" + all + "]}\n";
}

}  // namespace millrace::bench
