// The record of an evaluation: as data for the registry, as a page for people. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/ml/judge.h"

namespace millrace::operators {

struct EvaluationFacts {
  std::string model, data, champion, decision;
  std::string_view metric;  // the primary one
  std::size_t rows = 0;
  Json champion_metrics;                // null when there is none
  std::vector<std::string> algorithms;  // of the challengers, in order
  Json overlaps = Json::array();        // which of the rows each model learnt from
};

Json report_json(const EvaluationFacts& facts, const std::vector<Judgement>& all,
                 const Judgement& chosen);
std::string report_markdown(const EvaluationFacts& facts, const std::vector<Judgement>& all,
                            const Judgement& chosen);

}  // namespace millrace::operators
