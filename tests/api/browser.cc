#include "tests/api/browser.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace millrace::testing {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr const char* kPrograms[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser",
                                     "/usr/bin/google-chrome"};

const char* find_program() {
  for (const char* program : kPrograms)
    if (::access(program, X_OK) == 0) return program;
  return nullptr;
}

/// Chromium reads commands from descriptor 3 and writes answers to 4.
int start_program(const char* program, const std::string& profile, int commands, int answers) {
  const int pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  // Above 4 first, so that neither dup2 overwrites the other's source.
  const int read_end = ::fcntl(commands, F_DUPFD, 10), write_end = ::fcntl(answers, F_DUPFD, 10);
  ::dup2(read_end, 3);
  ::dup2(write_end, 4);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) ::dup2(nothing, standard);
  ::execl(program, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
          "--no-first-run", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
          "--remote-debugging-pipe", profile.c_str(), "about:blank", nullptr);
  ::_exit(127);
}

}  // namespace

Browser::Browser() {
  const char* program = find_program();
  if (program == nullptr) {
    ADD_FAILURE() << "no Chromium here: sudo apt-get install -y chromium";
    return;
  }
  std::string pattern =
      (std::filesystem::temp_directory_path() / "millrace_browser_XXXXXX").string();
  profile_ = ::mkdtemp(pattern.data());
  int commands[2], answers[2];
  if (::pipe2(commands, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipe for Chromium";
    return;
  }
  pid_ = start_program(program, "--user-data-dir=" + profile_.string(), commands[0], answers[1]);
  ::close(commands[0]);
  ::close(answers[1]);
  to_ = commands[1];
  from_ = answers[0];
  const auto target = call("Target.createTarget", Json::object({{"url", "about:blank"}}), false);
  const auto attached =
      call("Target.attachToTarget",
           Json::object({{"targetId", target["targetId"]}, {"flatten", true}}), false);
  session_ = attached["sessionId"].as_string();
  EXPECT_NE("", session_) << "Chromium did not start";
  call("Page.enable", Json::object());
  call("Runtime.enable", Json::object());
}

Browser::~Browser() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(to_);
    ::close(from_);
  }
  std::error_code ignored;
  if (!profile_.empty()) std::filesystem::remove_all(profile_, ignored);
}

Json Browser::read_message() {
  for (;;) {
    if (const auto end = buffer_.find('\0'); end != std::string::npos) {
      auto message = Json::parse(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
      return message.value_or(Json());
    }
    pollfd entry{from_, POLLIN, 0};
    char block[65'536];
    if (from_ < 0 || ::poll(&entry, 1, kPatienceMs) <= 0) return {};
    const auto got = ::read(from_, block, sizeof block);
    if (got <= 0) return {};
    buffer_.append(block, static_cast<std::size_t>(got));
  }
}

void Browser::note(const Json& event) {
  const auto method = event["method"].as_view();
  if (method == "Runtime.exceptionThrown")
    complaints_.push_back(event["params"]["exceptionDetails"].dump());
  if (method == "Runtime.consoleAPICalled" && event["params"]["type"].as_view() == "error")
    complaints_.push_back(event["params"]["args"].dump());
}

Json Browser::call(const std::string& method, Json params, bool of_page) {
  const auto id = next_id_++;
  Json message = Json::object({{"id", id}, {"method", method}, {"params", std::move(params)}});
  if (of_page) message.set("sessionId", session_);
  std::string text = message.dump();
  text += '\0';
  for (std::size_t sent = 0; sent < text.size();) {
    const auto n = ::write(to_, text.data() + sent, text.size() - sent);
    if (n <= 0) return {};
    sent += static_cast<std::size_t>(n);
  }
  for (;;) {
    const Json answer = read_message();
    if (answer.is_null()) {
      ADD_FAILURE() << "Chromium gave no answer to " << method;
      return {};
    }
    if (answer["id"].as_int(-1) == id) return answer["result"];
    note(answer);
  }
}

void Browser::open(const std::string& url) {
  call("Page.navigate", Json::object({{"url", url}}));
  EXPECT_TRUE(wait_for("document.readyState === 'complete' && location.href !== 'about:blank'"))
      << url;
}

void Browser::resize(int width, int height) {
  call("Emulation.setDeviceMetricsOverride", Json::object({{"width", width},
                                                           {"height", height},
                                                           {"deviceScaleFactor", 1},
                                                           {"mobile", width < 600}}));
}

Json Browser::evaluate(const std::string& expression) {
  const auto result = call(
      "Runtime.evaluate",
      Json::object({{"expression", expression}, {"awaitPromise", true}, {"returnByValue", true}}));
  return result["result"]["value"];
}

bool Browser::wait_for(const std::string& expression) {
  return evaluate(
             "new Promise((resolve) => { const end = Date.now() + 10000; const look = () => { let "
             "ok = false; "
             "try { ok = !!(" +
             expression +
             "); } catch {} if (ok) resolve(true); else if (Date.now() > end) resolve(false); "
             "else setTimeout(look, 30); }; look(); })")
      .as_bool();
}

bool Browser::click(const std::string& selector, const std::string& text) {
  const auto find = "[...document.querySelectorAll(" + Json(selector).dump() +
                    ")].find((e) => e.textContent.includes(" + Json(text).dump() + "))";
  return evaluate("(() => { const e = " + find +
                  "; if (!e) return false; e.dispatchEvent(new MouseEvent('click', {bubbles: true, "
                  "cancelable: true, "
                  "button: 0})); return true; })()")
      .as_bool();
}

}  // namespace millrace::testing
