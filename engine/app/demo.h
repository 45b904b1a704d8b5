// The demo: the flights DAG month by month with catchup, then three faults on purpose; judged at
// the end. The DAG and its gates know nothing of it: it prepares data, sends traffic, triggers runs
// and reads what happened.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/service.h"
#include "engine/node/node.h"

namespace millrace::demo {

inline constexpr std::string_view kDag = "flights_retrain";
inline constexpr std::string_view kModel = "flights";

/// The flights (npm vega-datasets) into `dags`/data, and a copy whose June is broken: kilometres
/// for miles, lost delays.
Status prepare_data(const std::filesystem::path& dags);

/// Sends the flights of the month that follows a run's logical date to the model server while that
/// run's canary is under way, and tells it the true outcomes. Owns its threads; the node must
/// outlive it.
class Traffic {
 public:
  explicit Traffic(Node& node);
  std::int64_t sent() const { return sent_; }
  std::int64_t failed() const { return failed_; }

 private:
  struct Flight;
  void follow();
  /// Returns when the canary is over or the traffic is to stop.
  void replay(const std::vector<Flight>& flights);
  Result<std::vector<Flight>> load(const Uuid& run) const;
  std::optional<Uuid> run_with_canary() const;
  void send(const Flight& flight);

  Node& node_;
  std::atomic<std::int64_t> sent_{0}, failed_{0};
  Service service_{"demo traffic"};
};

/// The result of one run, as the table shows it.
struct Story {
  Uuid run;
  std::string title;  // "scheduled", or the name of the fault
  std::string logical_date;
  std::string champion, challenger;  // "v3 xgboost"
  std::optional<double> auc_champion, auc_challenger, p_value;
  std::string decision;  // "promote", "refuse", "halted", "-"
  std::string refusal;   // why a challenger was refused
  std::string canary;    // "promoted", "rolled back", "-"
  std::string status;
  Duration duration{};
};
Result<Story> story_of(Node& node, const Uuid& run, std::string title);
std::string table_of(const std::vector<Story>& stories);
/// Every step that did not happen as described; empty: all did.
std::vector<std::string> judge(const std::vector<Story>& stories);

}  // namespace millrace::demo
