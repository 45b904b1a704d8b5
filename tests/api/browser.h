// Browser: a headless Chromium driven over the DevTools protocol on a pipe. One page at a time; a
// profile of its own, and no request but to the address that it is sent to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/json.h"

namespace millrace::testing {

class Browser {
 public:
  /// Fails the test, naming the cure, if there is no Chromium.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  void resize(int width, int height);
  /// The value of a JavaScript expression; promises are awaited.
  Json evaluate(const std::string& expression);
  /// Until the expression is true; false after ten seconds.
  bool wait_for(const std::string& expression);
  /// Clicks the first element of `selector` whose text holds `text`; false if there is none.
  bool click(const std::string& selector, const std::string& text = "");
  /// Uncaught exceptions and errors on the console so far.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  Json call(const std::string& method, Json params, bool of_page = true);
  Json read_message();
  void note(const Json& event);

  std::filesystem::path profile_;
  int pid_ = -1, to_ = -1, from_ = -1;
  std::string buffer_, session_;
  std::int64_t next_id_ = 1;
  std::vector<std::string> complaints_;
};

}  // namespace millrace::testing
