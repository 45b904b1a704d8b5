// The client's retries: what is repeated, when, and how it ends.
#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "engine/http/client.h"
#include "engine/http/client_secrets.h"

namespace millrace::http {
namespace {

bool worth_repeating(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Error status_error(const ClientRequest& request, const ClientResponse& response) {
  const int status = response.status;
  const ErrorCode code = worth_repeating(status)          ? ErrorCode::unavailable
                         : status == 404 || status == 410 ? ErrorCode::not_found
                         : status == 401 || status == 403 ? ErrorCode::permission_denied
                                                          : ErrorCode::invalid_argument;
  std::string message = "the server answered " + std::to_string(status);
  const std::string_view text = trim(std::string_view(response.body).substr(0, kMaxErrorText));
  if (!text.empty()) message += ": " + without_secrets(std::string(text), request);
  return make_error(code, std::move(message)).at(shown(request));
}

std::string describe(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         " ms";
}

}  // namespace

Result<ClientResponse> send_with_retry(const ClientRequest& request, const RetryRule& rule,
                                       const RetryWorld& world) {
  Duration backoff = rule.initial;
  for (int attempt = 1;; ++attempt) {
    auto answer = send(request, world.cancelled);
    if (answer && answer->status < 400) return answer;
    Error error = answer ? status_error(request, *answer) : std::move(answer).error();
    if (!error.transient()) return error;

    Duration wait = std::min(backoff, rule.max_wait);
    if (answer)
      if (const auto asked = parse_retry_after(answer->header("retry-after"), world.now())) {
        error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(*asked);
        wait = std::max(wait, *asked);
      }
    if (attempt >= rule.max_tries || wait > rule.max_wait) {
      error.message += " (" + std::to_string(attempt) + (attempt == 1 ? " try)" : " tries)");
      return error;
    }
    world.log(error.to_string() + "; trying again in " + describe(wait));
    MR_CHECK(world.wait(wait));
    backoff *= 2;
  }
}

Status wait_unless_cancelled(Duration duration, const std::function<bool()>& cancelled) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + duration;
  while (steady_clock::now() < until) {
    if (cancelled()) return make_error(ErrorCode::cancelled, "stopped while waiting");
    std::this_thread::sleep_until(
        std::min(until, steady_clock::now() + std::chrono::milliseconds(100)));
  }
  return {};
}

std::optional<Duration> parse_retry_after(std::string_view text, Time now) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  long seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem == std::errc() && end == text.data() + text.size())
    return std::chrono::seconds(std::clamp(seconds, 0L, 86'400L * 365));
  const std::time_t date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return std::max(Duration(0), Duration(from_micros(std::int64_t{date} * 1'000'000) - now));
}

}  // namespace millrace::http
