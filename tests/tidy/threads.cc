#include "tests/tidy/threads.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace millrace::tidy {
namespace {

/// Tests, bench and examples use what they like.
bool is_ours(const SourceFile& file) {
  return is_cxx(file.path) &&
         (file.path.starts_with("engine/") || file.path.starts_with("operators/"));
}

template <std::size_t N>
void find_words(const SourceFile& file, const std::array<std::string_view, N>& words,
                std::string_view cure, Findings& findings) {
  for (std::size_t i = 0; i < file.code.size(); ++i)
    for (const std::string_view word : words)
      if (find_word(file.code[i], word) != std::string_view::npos)
        findings.push_back(
            finding(file, static_cast<int>(i + 1), std::string(word) + "; " + std::string(cure)));
}

/// "mutable Mutex mutex_;" → "mutex_"; "" where the line declares no Mutex.
std::string declared_mutex(std::string_view code) {
  const std::size_t at = find_word(code, "Mutex");
  if (at == std::string_view::npos) return "";
  const std::size_t begin = code.find_first_not_of(' ', at + 5);
  const std::size_t end = code.find(';', at);
  if (begin == std::string_view::npos || end == std::string_view::npos || begin >= end) return "";
  const std::string name(code.substr(begin, end - begin));
  const auto is_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return std::ranges::all_of(name, is_name) ? name : "";
}

/// The line says, or one of the comment above it, what the mutex does besides guarding members.
bool says_what_it_guards(const SourceFile& file, std::size_t line) {
  if (file.lines[line].find("// ") != std::string::npos) return true;
  for (std::size_t i = line; i-- > 0 && file.lines[i].find("// ") != std::string::npos;)
    if (file.lines[i].find("// Guards") != std::string::npos) return true;
  return false;
}

}  // namespace

Findings check_mutexes(const Tree& tree) {
  constexpr std::array<std::string_view, 11> kWords = {
      "std::mutex",       "std::shared_mutex",       "std::recursive_mutex",
      "std::timed_mutex", "std::condition_variable", "std::condition_variable_any",
      "std::lock_guard",  "std::unique_lock",        "std::scoped_lock",
      "std::shared_lock", "pthread_mutex_t"};
  Findings findings;
  for (const SourceFile& file : tree.files)
    if (is_ours(file) && file.path != "engine/base/mutex.h")
      find_words(file, kWords,
                 "take Mutex, MutexLock and ConditionVariable of engine/base/mutex.h, which are "
                 "checked at compile time",
                 findings);
  return findings;
}

Findings check_guards(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_ours(file) || file.path == "engine/base/mutex.h") continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const std::string name = declared_mutex(file.code[i]);
      if (name.empty()) continue;
      const std::string guard = "GUARDED_BY(" + name + ")";
      const bool guards = std::ranges::any_of(file.code, [&](const std::string& code) {
        return code.find(guard) != std::string::npos;
      });
      if (!guards && !says_what_it_guards(file, i))
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   "no member is " + guard +
                                       "; annotate what the mutex protects, or say in a comment "
                                       "beside it what else it does"));
    }
  }
  return findings;
}

Findings check_threads(const Tree& tree) {
  constexpr std::array<std::string_view, 2> kThreads = {"std::thread", "std::jthread"};
  // Pools of workers, the asynchronous server's threads, the demo's clients; and the thread that
  // cannot be ended, which says why.
  constexpr std::array<std::string_view, 6> kPools = {
      "engine/base/service.h", "engine/exec/task_threads.h", "engine/http/worker_pool.h",
      "engine/http/core.h",    "engine/app/demo_traffic.cc", "engine/pg/interrupt.cc"};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_ours(file)) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const std::string& code = file.code[i];
      for (const std::string_view word : kThreads) {
        const std::size_t at = find_word(code, word);
        if (at == std::string::npos || std::ranges::find(kPools, file.path) != kPools.end() ||
            code.find("hardware_concurrency", at) != std::string::npos)
          continue;
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   std::string(word) + "; let a Service run it "
                                                       "(engine/base/service.h)"));
      }
      if (code.find(".detach()") != std::string::npos && file.path != "engine/pg/interrupt.cc")
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   "a detached thread; keep it in a Service, which joins it"));
    }
  }
  return findings;
}

Findings check_processes(const Tree& tree) {
  constexpr std::array<std::string_view, 16> kCalls = {
      "posix_spawn", "posix_spawnp", "fork",   "vfork",   "clone", "clone3", "popen",  "system",
      "execv",       "execve",       "execvp", "execvpe", "execl", "execlp", "execle", "daemon"};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_ours(file) || file.path == "engine/base/process.cc") continue;
    for (std::size_t i = 0; i < file.code.size(); ++i)
      for (const std::string_view call : kCalls) {
        const std::string& code = file.code[i];
        const std::size_t at = find_word(code, call);
        // A call, and no member of that name.
        if (at == std::string::npos || code.compare(at + call.size(), 1, "(") != 0 ||
            (at > 0 && (code[at - 1] == '.' || code[at - 1] == '>')))
          continue;
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   std::string(call) + "; start it with start_process "
                                                       "(engine/base/process.h)"));
      }
  }
  return findings;
}

}  // namespace millrace::tidy
