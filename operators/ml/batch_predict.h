// batch.predict: scores every row of a table with a trained model.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct BatchPredict {
  static constexpr std::string_view name = "batch.predict";
  static constexpr std::string_view doc =
      "Adds a trained model's prediction to each row of a table.";
  static constexpr int version = 1;

  std::string artifact, model, data, column;
  std::vector<std::string> keep;

  static auto params() {
    using B = BatchPredict;
    return std::tuple{
        param("data", &B::data, "Digest of the table (Parquet)")
            .example("${{ tasks.featurize.outputs.table }}"),
        param("artifact", &B::artifact, "Digest of the model; without it, the champion of `model`")
            .def(""),
        param("model", &B::model, "Name of the model whose champion predicts")
            .id()
            .def("")
            .example("flights"),
        param("keep", &B::keep, "Columns to keep next to the prediction; without it, all")
            .optional(),
        param("column", &B::column,
              "Name of the new column; an error if a column that is kept has this name")
            .def("prediction")};
  }
  static std::vector<ParamRule> rules() { return {exactly_one_of({"artifact", "model"})}; }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "Digest of the scored table"},
            {"rows", "How many"},
            {"artifact", "The model that predicted"},
            {"mean", "Mean prediction"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<std::string> predictor(OperatorContext& ctx) const;
  Status check_column(const std::vector<std::string>& names) const;
};

}  // namespace millrace::operators
