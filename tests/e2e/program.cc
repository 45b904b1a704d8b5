#include "tests/e2e/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "engine/base/file.h"

namespace millrace::e2e {

Program::Program(std::vector<std::string> argv) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> words;
  for (auto& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  EXPECT_EQ(posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ), 0) << argv[0];
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  output_ = ends[0];
  reader_ = std::thread([this] { read_output(); });
}

Program::~Program() {
  if (pid_ > 0) wait(std::chrono::seconds{0});
}

void Program::signal(int number) const { kill(pid_, number); }

void Program::read_output() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = read(output_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (size <= 0) {
      ended_ = true;
      changed_.notify_all();
      return;
    }
    out_.append(buffer.data(), static_cast<std::size_t>(size));
    changed_.notify_all();
  }
}

bool Program::wait_for_output(const std::string& text, std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  const auto there = [&] { return out_.find(text) != std::string::npos; };
  changed_.wait_for(lock, limit, [&] { return ended_ || there(); });
  return there();
}

bool Program::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::string Program::end_of_output(std::size_t size) const {
  const std::lock_guard lock(mutex_);
  return out_.substr(out_.size() - std::min(size, out_.size()));
}

Finished Program::wait(std::chrono::seconds limit) {
  {
    std::unique_lock lock(mutex_);
    // Its end of the pipe may be held by a child that outlives it: a kill ends the wait.
    if (!changed_.wait_for(lock, limit, [&] { return ended_; })) kill(pid_, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  reader_.join();
  close(output_);
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {code, out_};
}

std::string binary() {
  const char* other = std::getenv("MILLRACE_BINARY");
  return other != nullptr ? other : MILLRACE_BINARY_DIR "/millrace";
}

Finished millrace(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), binary());
  return Program(std::move(arguments)).wait(std::chrono::seconds{120});
}

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::mutex never;
  std::condition_variable nobody;
  std::unique_lock lock(never);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    nobody.wait_for(lock, std::chrono::milliseconds{50});
  }
  return true;
}

namespace {

std::vector<std::string> up_words(const std::filesystem::path& state,
                                  const std::filesystem::path& dags,
                                  const std::vector<std::string>& more) {
  std::vector<std::string> words = {
      binary(), "--state", state.string(), "up", "--dags", dags.string(),
      "--port", "0",       "--serve-port", "0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

Up::Up(const std::filesystem::path& state, const std::filesystem::path& dags,
       const std::vector<std::string>& more)
    : state_(state), program_(up_words(state, dags, more)) {
  const auto port_of = [](const std::string& address) {
    return std::stoi(address.substr(address.rfind(':') + 1));
  };
  bool ready = false;
  eventually([&] {
    const auto text = read_file(state_ / "engine.json", 1 << 16);
    const auto endpoint = text ? Json::parse(*text) : not_found("no file yet");
    if (!endpoint || (*endpoint)["pid"].as_int() != program_.pid()) return program_.ended();
    api_port_ = port_of((*endpoint)["api"].as_string());
    serve_port_ = port_of((*endpoint)["serve"].as_string());
    ready = !get_text("/readyz").empty();
    return ready || program_.ended();
  });
  if (!ready)
    throw std::runtime_error("millrace up did not become ready; it printed:\n" +
                             program_.end_of_output(4096));
}

Up::~Up() {
  if (program_.pid() <= 0) return;
  program_.signal(SIGINT);
  program_.wait(std::chrono::seconds{20});
}

std::string Up::get_text(const std::string& path) const {
  httplib::Client client("127.0.0.1", api_port_);
  const auto answer = client.Get(path);
  return answer && answer->status == 200 ? answer->body : "";
}

Json Up::get(const std::string& path) const {
  const auto json = Json::parse(get_text("/api/v1" + path));
  return json ? *json : Json();
}

std::string Up::run(const std::string& dag, const Json& params) {
  httplib::Client client("127.0.0.1", api_port_);
  const auto answer = client.Post("/api/v1/dags/" + dag + "/runs",
                                  Json::object({{"params", params}}).dump(), "application/json");
  if (!answer || answer->status >= 300) return answer ? answer->body : "no answer";
  const auto run = Json::parse(answer->body);
  std::string status;
  eventually(
      [&] {
        status = get("/runs/" + (*run)["run"].as_string())["status"].as_string();
        return !status.empty() && status != "queued" && status != "running";
      },
      std::chrono::seconds{120});
  return status;
}

}  // namespace millrace::e2e
