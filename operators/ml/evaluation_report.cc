#include "operators/ml/evaluation_report.h"

#include <cstdio>

namespace millrace::operators {
namespace {

std::string cell(const Json& value) {
  if (!value.is_number()) return "–";
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value.as_double());
  return text;
}

std::string short_name(const std::string& digest) { return "`" + digest.substr(0, 12) + "`"; }

Json judgement_json(const Judgement& one, const std::string& algorithm) {
  Json gates = Json::array();
  for (const Gate& gate : one.gates)
    gates.push_back(
        Json::object({{"gate", gate.name}, {"passed", gate.passed}, {"text", gate.text}}));
  return Json::object({{"artifact", one.artifact},
                       {"algorithm", algorithm},
                       {"passed", one.passed()},
                       {"value", one.value},
                       {"interval", Json::array({one.interval.low, one.interval.high})},
                       {"improvement", one.improvement},
                       {"improvement_interval", one.improvement_interval
                                                    ? Json::array({one.improvement_interval->low,
                                                                   one.improvement_interval->high})
                                                    : Json()},
                       {"p_value", one.p_value},
                       {"p_adjusted", one.p_adjusted},
                       {"metrics", one.metrics},
                       {"tests", one.tests},
                       {"gates", std::move(gates)}});
}

void add_metrics_table(std::string& out, const EvaluationFacts& facts,
                       const std::vector<Judgement>& all) {
  out += "| metric | champion |";
  for (std::size_t i = 0; i < all.size(); ++i)
    out += " " + facts.algorithms[i] + " " + short_name(all[i].artifact) + " |";
  out += "\n|---|---:|";
  for (std::size_t i = 0; i < all.size(); ++i) out += "---:|";
  out += "\n";
  for (const auto& [name, value] : all.front().metrics.members()) {
    out += "| " + name + " | " + cell(facts.champion_metrics[name]) + " |";
    for (const Judgement& one : all) out += " " + cell(one.metrics[name]) + " |";
    out += "\n";
  }
}

void add_gates(std::string& out, const Judgement& one, const std::string& algorithm) {
  out += "\n## " + algorithm + " " + short_name(one.artifact) + "\n\n";
  for (const Gate& gate : one.gates)
    out += std::string("- ") + (gate.passed ? "passed" : "**failed**") + " *" + gate.name +
           "*: " + gate.text + "\n";
}

}  // namespace

Json report_json(const EvaluationFacts& facts, const std::vector<Judgement>& all,
                 const Judgement& chosen) {
  Json challengers = Json::array();
  Json reasons = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i)
    challengers.push_back(judgement_json(all[i], facts.algorithms[i]));
  for (const Gate& gate : chosen.gates)
    if (gate.passed == chosen.passed()) reasons.push_back(gate.text);
  return Json::object({{"data", facts.data},
                       {"rows", facts.rows},
                       {"overlaps", facts.overlaps},
                       {"metric", facts.metric},
                       {"champion_metrics", facts.champion_metrics},
                       {"improvement", chosen.improvement},
                       {"p_value", chosen.p_adjusted},
                       {"reasons", std::move(reasons)},
                       {"challengers", std::move(challengers)}});
}

std::string report_markdown(const EvaluationFacts& facts, const std::vector<Judgement>& all,
                            const Judgement& chosen) {
  std::string out = "# Evaluation of " + facts.model + ": " + facts.decision + "\n\n";
  out += "Champion: " + (facts.champion.empty() ? "none yet" : short_name(facts.champion)) +
         ", challenger: " + short_name(chosen.artifact) + ", " + std::to_string(facts.rows) +
         " rows of table " + short_name(facts.data) + ".\n\n";
  add_metrics_table(out, facts, all);
  for (const auto& one : facts.overlaps.items())
    out += "\n" + short_name(one["artifact"].as_string()) + " has learnt from " +
           std::to_string(one["shared_rows"].as_int()) + " of these rows.\n";
  for (std::size_t i = 0; i < all.size(); ++i) add_gates(out, all[i], facts.algorithms[i]);
  return out;
}

}  // namespace millrace::operators
