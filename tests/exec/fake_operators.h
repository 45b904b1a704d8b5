// Operators that behave and misbehave on demand. The runner of the tests knows them, and the test
// for its light attempts.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <semaphore>
#include <string>
#include <tuple>

#include "engine/op/catalog.h"
#include "tests/exec/keep_operator.h"

namespace millrace::test {

inline Result<Outcome> done(Json outputs = Json::object()) {
  return Outcome{Done{std::move(outputs), {}}};
}

struct Echo {
  static constexpr std::string_view name = "echo", doc = "Gives back its value.";
  static constexpr int version = 1;
  Json value;
  static auto params() { return std::tuple{param("value", &Echo::value, "Any").optional()}; }
  Result<Outcome> run(OperatorContext& ctx) const {
    return done(Json::object({{"value", value},
                              {"task", ctx.attempt().task_id},
                              {"checkpoint", ctx.attempt().checkpoint},
                              {"pid", static_cast<long>(getpid())}}));
  }
};

/// Prints in three ways, whose order must be kept; then `bytes` more.
struct Print {
  static constexpr std::string_view name = "print", doc = "Prints.";
  static constexpr int version = 1;
  std::string text;
  long bytes = 0;
  static auto params() {
    return std::tuple{param("text", &Print::text, "Text"),
                      param("bytes", &Print::bytes, "More").def(0)};
  }
  Result<Outcome> run(OperatorContext& ctx) const {
    std::printf("out %s\n", text.c_str());
    ctx.log("log " + text);
    std::fprintf(stderr, "err %s\n", text.c_str());
    for (long printed = 0; printed < bytes; printed += 100) std::printf("%099ld\n", printed);
    return done();
  }
};

/// Runs until it is cancelled, or for ever.
struct Hang {
  static constexpr std::string_view name = "hang", doc = "Hangs.";
  static constexpr int version = 1;
  bool polite = false;
  std::string started;  // a file to write when it runs
  static auto params() {
    return std::tuple{param("polite", &Hang::polite, "Heeds a cancellation").def(false),
                      param("started", &Hang::started, "File").def("")};
  }
  Result<Outcome> run(OperatorContext& ctx) const {
    signal(SIGTERM, SIG_IGN);
    if (!started.empty()) std::ofstream(started) << getpid() << std::endl;
    std::puts("hanging");
    while (!(polite && ctx.cancelled())) poll(nullptr, 0, 5);
    std::puts("leaving");
    return done();
  }
};

/// Sleeps until it is told of its cancellation.
struct Sleep {
  static constexpr std::string_view name = "sleep", doc = "Sleeps.";
  static constexpr int version = 1;
  std::string started;  // a file to write when it runs
  static auto params() { return std::tuple{param("started", &Sleep::started, "File")}; }
  Result<Outcome> run(OperatorContext& ctx) const {
    std::binary_semaphore told(0);
    ctx.on_cancel([&] { told.release(); });
    std::ofstream(started) << "." << std::endl;
    told.acquire();
    ctx.on_cancel(nullptr);
    std::puts(ctx.cancelled() ? "told" : "told what is not so");
    ctx.on_cancel([] { std::puts("told again"); });  // it is cancelled already
    ctx.on_cancel(nullptr);
    return done();
  }
};

/// Ends the runner under the attempt.
struct Die {
  static constexpr std::string_view name = "die", doc = "Dies.";
  static constexpr int version = 1;
  std::string how;
  static auto params() { return std::tuple{param("how", &Die::how, "kill, abort, exit, stop")}; }
  Result<Outcome> run(OperatorContext&) const {
    std::puts("last words");
    std::fflush(stdout);
    if (how == "kill") raise(SIGKILL);
    if (how == "abort") std::abort();
    if (how == "exit") _exit(3);
    if (how == "stop") raise(SIGSTOP);
    if (how == "garbage") {
      const char frame[] = "\x02\x00\x00\x00{]";
      [[maybe_unused]] const auto written = write(3, frame, 6);
      poll(nullptr, 0, -1);
    }
    return done();
  }
};

/// Takes memory by the page: what malloc does below, also where a sanitizer stands before it.
struct Allocate {
  static constexpr std::string_view name = "allocate", doc = "Allocates.";
  static constexpr int version = 1;
  long mib = 0;
  static auto params() { return std::tuple{param("mib", &Allocate::mib, "How much")}; }
  Result<Outcome> run(OperatorContext&) const {
    const std::size_t bytes = static_cast<std::size_t>(mib) << 20;
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    munmap(memory, bytes);
    return done();
  }
};

/// Starts a program and does not wait for it; writes its process id into a file.
struct LeaveChild {
  static constexpr std::string_view name = "leave_child", doc = "Leaves a child.";
  static constexpr int version = 1;
  std::string pid_file;
  bool own_session = false, hang = false, bare = false;
  static auto params() {
    return std::tuple{param("pid_file", &LeaveChild::pid_file, "File"),
                      param("own_session", &LeaveChild::own_session, "Leaves the group").def(false),
                      param("hang", &LeaveChild::hang, "Stays itself").def(false),
                      param("bare", &LeaveChild::bare, "An empty environment").def(false)};
  }
  Result<Outcome> run(OperatorContext&) const {
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    if (own_session) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    char program[] = "sleep", seconds[] = "1000";
    char* argv[] = {program, seconds, nullptr};
    pid_t pid = 0;
    char* nothing[] = {nullptr};
    const int error =
        posix_spawnp(&pid, program, nullptr, &attributes, argv, bare ? nothing : environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) return internal_error("cannot start sleep");
    std::ofstream(pid_file + ".new") << pid << std::endl;
    std::filesystem::rename(pid_file + ".new", pid_file);
    while (hang) poll(nullptr, 0, -1);
    return done();
  }
};

struct Ask {
  static constexpr std::string_view name = "ask", doc = "Asks the engine.";
  static constexpr int version = 1;
  std::string question, print;
  static auto params() {
    return std::tuple{param("question", &Ask::question, "Name"),
                      param("print", &Ask::print, "Printed before it").def("")};
  }
  Result<Outcome> run(OperatorContext& ctx) const {
    if (!print.empty()) ctx.log(print);
    MR_TRY(Json answer, ctx.ask(question, Json::object({{"n", 7}})));
    return done(Json::object({{"answer", std::move(answer)}}));
  }
};

/// Leaves a state to the next attempt; its outputs say what the attempts before have left.
struct SaveState {
  static constexpr std::string_view name = "save_state", doc = "Saves a state.";
  static constexpr int version = 1;
  std::string state;
  static auto params() { return std::tuple{param("state", &SaveState::state, "What to leave")}; }
  Result<Outcome> run(OperatorContext& ctx) const {
    ctx.save_state(state);
    return done(Json::object({{"found", ctx.attempt().saved_state}}));
  }
};

/// Tells what the attempt finds around it, after using its folder.
struct LookAround {
  static constexpr std::string_view name = "look_around", doc = "Looks around.";
  static constexpr int version = 1;
  static auto params() { return std::tuple{}; }
  Result<Outcome> run(OperatorContext& ctx) const {
    std::ofstream(ctx.work_dir() / "file") << "x";
    long descriptors = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      ++descriptors;
    const char* secret = std::getenv("PGPASSWORD");
    return done(Json::object({{"work_dir", ctx.work_dir().string()},
                              {"descriptors", descriptors - 1},  // the listing's own
                              {"leads_group", getpgrp() == getpid()},
                              {"nice", getpriority(PRIO_PROCESS, 0)},
                              {"secret", secret == nullptr ? "" : secret}}));
  }
};

/// What an attempt finds in its folder, and what it leaves in its place.
struct Folder {
  static constexpr std::string_view name = "folder", doc = "Misuses its folder.";
  static constexpr int version = 1;
  std::string how, target;
  static auto params() {
    return std::tuple{
        param("how", &Folder::how, "remake, link, remove, fill, open, forbid").def("none"),
        param("target", &Folder::target, "Of the link").def("")};
  }
  Result<Outcome> run(OperatorContext& ctx) const {
    const std::filesystem::path folder = ctx.work_dir();
    const auto entries = std::filesystem::directory_iterator(folder);
    const long found = std::distance(begin(entries), end(entries));
    const bool stays = how == "none" || how == "fill" || how == "open" || how == "forbid";
    if (!stays) std::filesystem::remove_all(folder);
    if (how == "fill") {
      std::filesystem::create_directories(folder / "a" / "b");
      std::ofstream(folder / "a" / "b" / "file") << "data";
      std::filesystem::permissions(folder / "a", std::filesystem::perms::none);
    }
    if (how == "link") std::filesystem::create_directory_symlink(target, folder);
    if (how == "remake") std::filesystem::create_directory(folder);
    if (how == "remake") std::ofstream(folder / "outputs.json") << R"({"rows": 41})";
    const auto mode = std::filesystem::status(folder).permissions();
    if (how == "open") std::filesystem::permissions(folder, std::filesystem::perms::all);
    if (how == "forbid") std::filesystem::permissions(folder, std::filesystem::perms::none);
    return done(Json::object(
        {{"folder", folder.string()}, {"found", found}, {"mode", static_cast<long>(mode)}}));
  }
};

/// Takes memory in children, and waits.
struct Family {
  static constexpr std::string_view name = "family", doc = "Allocates in children.";
  static constexpr int version = 1;
  long children = 0, mib = 0;
  static auto params() {
    return std::tuple{param("children", &Family::children, "How many"),
                      param("mib", &Family::mib, "Of each")};
  }
  Result<Outcome> run(OperatorContext&) const {
    const std::string size = std::to_string(mib) + "M";
    for (long i = 0; i < children; ++i) {
      // dd holds one block in memory while it waits for the pipe to be read.
      const std::string script = "exec dd if=/dev/zero bs=" + size + " count=1000 2>&1 | sleep 60";
      const char* argv[] = {"sh", "-c", script.c_str(), nullptr};
      pid_t pid = 0;
      if (posix_spawnp(&pid, "sh", nullptr, nullptr, const_cast<char**>(argv), environ) != 0)
        return internal_error("cannot start sh");
    }
    for (int left = static_cast<int>(children); left > 0; --left) wait(nullptr);
    return done();
  }
};

inline Catalog fake_catalog() {
  return Catalog::of<Echo, Print, Hang, Sleep, Die, Allocate, LeaveChild, Ask, SaveState,
                     LookAround, Folder, Family, Keep>();
}

/// Keeps nothing.
class NoArtifacts final : public Artifacts {
 public:
  Result<StoredArtifact> put_file(const std::filesystem::path&) override { return none(); }
  Result<StoredArtifact> put_text(std::string_view) override { return none(); }
  Result<StoredArtifact> get(std::string_view) const override { return none(); }

 private:
  static Error none() { return make_error(ErrorCode::unsupported, "no artifacts in this test"); }
};

}  // namespace millrace::test
