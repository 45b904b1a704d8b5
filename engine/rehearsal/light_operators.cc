#include "engine/rehearsal/light_operators.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 3> kLight = {"noop", "wait", "fail"};

Error nothing_there() {
  return make_error(ErrorCode::unsupported, "a rehearsal has neither artifacts nor a database");
}

class NoArtifacts final : public Artifacts {
 public:
  Result<StoredArtifact> put_file(const std::filesystem::path&) override { return nothing_there(); }
  Result<StoredArtifact> put_text(std::string_view) override { return nothing_there(); }
  Result<StoredArtifact> get(std::string_view) const override { return nothing_there(); }
};

/// An attempt at a virtual time.
class VirtualContext final : public OperatorContext {
 public:
  VirtualContext(const AttemptInfo& attempt, Time now) : attempt_(attempt), now_(now) {}
  const AttemptInfo& attempt() const override { return attempt_; }
  Time now() const override { return now_; }
  void log(std::string_view) override {}
  const std::filesystem::path& work_dir() const override { return nowhere_; }
  Artifacts& artifacts() override { return artifacts_; }
  Result<Json> ask(std::string_view, const Json&) override { return nothing_there(); }
  bool cancelled() const override { return false; }

 private:
  const AttemptInfo& attempt_;
  const Time now_;
  const std::filesystem::path nowhere_;
  NoArtifacts artifacts_;
};

}  // namespace

std::optional<Result<Outcome>> run_light_operator(const Catalog& catalog,
                                                  const StartAttempt& attempt, Time now) {
  if (std::ranges::find(kLight, attempt.op) == kLight.end() || catalog.find(attempt.op) == nullptr)
    return std::nullopt;
  VirtualContext context(attempt.info, now);
  return catalog.run(attempt.op, attempt.with, context);
}

}  // namespace millrace
