// An operator whose program stays for later attempts of its runner.
#pragma once

#include <signal.h>

#include <memory>
#include <string>
#include <tuple>

#include "engine/base/process.h"
#include "engine/op/catalog.h"
#include "engine/op/kept_processes.h"

namespace millrace::test {

/// A program that does nothing for long.
class KeptSleep final : public KeptProcess {
 public:
  explicit KeptSleep(pid_t pid) : pid_(pid) {}
  ~KeptSleep() override {
    kill(pid_, SIGKILL);
    reap(pid_);
  }
  pid_t pid() const override { return pid_; }

 private:
  const pid_t pid_;
};

struct Keep {
  static constexpr std::string_view name = "keep", doc = "Starts a program, or finds it again.";
  static constexpr int version = 1;
  std::string left;  // a file for the number of another process, which is left behind
  static auto params() { return std::tuple{param("left", &Keep::left, "File").def("")}; }
  Result<Outcome> run(OperatorContext& ctx) const {
    auto kept = ctx.kept()->take("sleep", ctx.now());
    if (!kept) {
      ProcessSpec spec;
      spec.argv = {"sleep", "1000"};
      spec.environment = own_environment();
      spec.signal_on_parent_death = SIGKILL;
      MR_TRY(const pid_t pid, start_process(spec));
      kept = std::make_unique<KeptSleep>(pid);
    }
    if (!left.empty()) {
      ProcessSpec shell;
      const std::string script = "sleep 1000 & echo $! > " + left;
      shell.argv = {"/bin/sh", "-c", script};
      shell.environment = own_environment();
      MR_TRY(const pid_t pid, start_process(shell));
      reap(pid);  // its child comes to the runner
    }
    const Json outputs = Json::object({{"pid", static_cast<long>(kept->pid())}});
    ctx.kept()->put("sleep", std::move(kept), ctx.now());
    return Outcome{Done{outputs, {}}};
  }
};

}  // namespace millrace::test
