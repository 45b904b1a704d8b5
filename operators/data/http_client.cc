#include "operators/data/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

namespace millrace {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 << 10;
constexpr std::size_t kMaxErrorText = 300;

/// Initialised once in the process, before the first handle.
void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

struct Transfer {
  const HttpRequest& request;
  const std::function<bool()>& cancelled;
  HttpResponse response;
  std::FILE* file = nullptr;
  bool too_large = false;
  bool stopped = false;
  std::size_t header_bytes = 0;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  transfer.response.bytes += static_cast<std::int64_t>(bytes);
  if (transfer.response.bytes > transfer.request.max_bytes) {
    transfer.too_large = true;
    return 0;
  }
  if (transfer.file == nullptr) {
    transfer.response.body.append(data, bytes);
    return bytes;
  }
  // The head of it is kept as well: a server says there what is wrong with the request.
  const std::size_t kept = transfer.response.body.size();
  if (kept < kMaxErrorText)
    transfer.response.body.append(data, std::min(bytes, kMaxErrorText - kept));
  return std::fwrite(data, 1, bytes, transfer.file);
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kMaxHeaderBytes) return 0;
  // A status line starts the headers of the next answer: after a redirect, for instance.
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    transfer.response.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  }
  return line.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.stopped = transfer.cancelled && transfer.cancelled();
  return transfer.stopped ? 1 : 0;
}

Error transfer_error(const Transfer& transfer, CURLcode code, const char* detail) {
  const std::string where = transfer.request.method + " " + transfer.request.url;
  if (transfer.too_large)
    return make_error(ErrorCode::resource_exhausted, "the answer is larger than max_bytes = " +
                                                         std::to_string(transfer.request.max_bytes))
        .at(where);
  if (transfer.stopped)
    return make_error(ErrorCode::cancelled, "the request was stopped").at(where);
  const std::string reason = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return make_error(ErrorCode::timeout, reason).at(where);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
      return invalid_argument(reason).at(where);
    case CURLE_WRITE_ERROR:
      return make_error(ErrorCode::resource_exhausted, "cannot write the answer: " + reason)
          .at(where);
    case CURLE_PEER_FAILED_VERIFICATION:
      return make_error(ErrorCode::permission_denied, reason).at(where);
    default:
      return unavailable(reason).at(where);
  }
}

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

Result<Headers> header_list(const HttpRequest& request) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    const std::string line = name + ": " + value;
    if (name.empty() || line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      curl_slist_free_all(list);
      return invalid_argument("header '" + name + "' has an empty name or a line break in it");
    }
    list = curl_slist_append(list, line.c_str());
  }
  return Headers(list, curl_slist_free_all);
}

void set_options(CURL* curl, const HttpRequest& request, const Headers& headers, Transfer& transfer,
                 char* detail) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::min(10'000L, long{timeout.count()}));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "millrace");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  if (headers) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "POST" || !request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
  }
  if (request.method != "GET" && request.method != "POST")
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

bool worth_repeating(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Error status_error(const HttpRequest& request, const HttpResponse& response) {
  const int status = response.status;
  const ErrorCode code = worth_repeating(status)          ? ErrorCode::unavailable
                         : status == 404 || status == 410 ? ErrorCode::not_found
                         : status == 401 || status == 403 ? ErrorCode::permission_denied
                                                          : ErrorCode::invalid_argument;
  std::string message = "the server answered " + std::to_string(status);
  const std::string_view text = trim(response.body);
  if (!text.empty()) message += ": " + std::string(text.substr(0, kMaxErrorText));
  return make_error(code, std::move(message)).at(request.method + " " + request.url);
}

std::string describe(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         " ms";
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  std::string_view found;
  for (const auto& [key, value] : headers)
    if (key == name) found = value;
  return found;
}

Result<HttpResponse> http_send(const HttpRequest& request, const std::function<bool()>& cancelled) {
  initialise_curl();
  if (request.url.find('\0') != std::string::npos || request.url.empty())
    return invalid_argument("the URL is empty or holds a NUL byte");
  MR_TRY(const Headers headers, header_list(request));
  const Handle curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return internal_error("cannot start a request");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      request.file.empty() ? nullptr : std::fopen(request.file.c_str(), "wb"), std::fclose);
  if (!request.file.empty() && !file)
    return unavailable("cannot write to '" + request.file.string() + "'");

  Transfer transfer{request, cancelled, {}, file.get()};
  char detail[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), request, headers, transfer, detail);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return transfer_error(transfer, code, detail);
  if (file && std::fclose(file.release()) != 0)
    return make_error(ErrorCode::resource_exhausted,
                      "cannot write to '" + request.file.string() + "'");
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  char* url = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_EFFECTIVE_URL, &url);
  transfer.response.status = static_cast<int>(status);
  transfer.response.url = url != nullptr ? url : request.url;
  return std::move(transfer.response);
}

Result<HttpResponse> http_send_with_retry(const HttpRequest& request, const RetryRule& rule,
                                          const RetryWorld& world) {
  Duration backoff = rule.initial;
  for (int attempt = 1;; ++attempt) {
    auto answer = http_send(request, world.cancelled);
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
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (steady_clock::now() < until) {
    if (cancelled()) return make_error(ErrorCode::cancelled, "stopped while waiting");
    never.wait_until(lock, std::min(until, steady_clock::now() + std::chrono::milliseconds(100)));
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

}  // namespace millrace
