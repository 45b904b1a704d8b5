// A catalog of small operators that do nothing, for tests of the loader.
#pragma once

#include <tuple>

#include "engine/op/catalog.h"

namespace millrace {

struct FakeIngest {
  static constexpr std::string_view name = "ingest.file";
  static constexpr std::string_view doc = "Reads files into a table.";
  static constexpr int version = 1;
  std::string path;
  std::string format;
  long limit = 0;
  Duration wait{};
  static auto params() {
    return std::tuple{
        param("path", &FakeIngest::path, "File or glob"),
        param("format", &FakeIngest::format, "Format")
            .def("auto")
            .one_of({"auto", "csv", "parquet"}),
        param("limit", &FakeIngest::limit, "Most rows; 0 is all").def(0).range(0, 1e9),
        param("wait", &FakeIngest::wait, "How long to wait for the file").def("0s")};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "The table's artifact"}, {"rows", "Number of rows"}};
  }
  Result<Outcome> run(OperatorContext&) const { return Outcome(Done{}); }
};

struct FakeTrain {
  static constexpr std::string_view name = "train";
  static constexpr std::string_view doc = "Trains a model.";
  static constexpr int version = 1;
  std::string data;
  std::string algorithm;
  double rate = 0;
  bool shuffle = false;
  std::vector<std::string> columns;
  Json extra;
  static auto params() {
    return std::tuple{
        param("data", &FakeTrain::data, "Table to learn from"),
        param("algorithm", &FakeTrain::algorithm, "Kind of model").one_of({"logistic", "xgboost"}),
        param("rate", &FakeTrain::rate, "Learning rate").def(0.1).range(0, 1),
        param("shuffle", &FakeTrain::shuffle, "Shuffle the rows").def(true),
        param("columns", &FakeTrain::columns, "Features").optional(),
        param("extra", &FakeTrain::extra, "Anything").optional()};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"model", "The model's artifact"}, {"auc", "Area under the curve"}};
  }
  Result<Outcome> run(OperatorContext&) const { return Outcome(Done{}); }
};

struct FakeNoop {
  static constexpr std::string_view name = "noop";
  static constexpr std::string_view doc = "Does nothing.";
  static constexpr int version = 1;
  Json value;
  static auto params() {
    return std::tuple{param("value", &FakeNoop::value, "Becomes the output").optional()};
  }
  Result<Outcome> run(OperatorContext&) const { return Outcome(Done{}); }
};

inline Catalog fake_catalog() { return Catalog::of<FakeIngest, FakeTrain, FakeNoop>(); }

}  // namespace millrace
