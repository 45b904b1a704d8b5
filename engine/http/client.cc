#include "engine/http/client.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/http/client_secrets.h"
#include "engine/http/inflater.h"
#include "engine/http/redirect_guard.h"

namespace millrace::http {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 << 10;

/// Initialised once in the process, before the first handle.
void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

struct Transfer {
  const ClientRequest& request;
  const std::function<bool()>& cancelled;
  ClientResponse response{};
  std::FILE* file = nullptr;
  bool too_large = false;
  bool stopped = false;
  std::size_t header_bytes = 0;
  std::unique_ptr<Inflater> inflater{};
  std::string encoding{};  // one that cannot be decoded
  bool damaged = false;    // the gzip of the body
  bool guarded = false;    // a redirect, which must not lead to this machine
  bool local = false;      // the address connected to is one of this machine or its link
  bool refused = false;
  bool is_trusted = true;  // the certificate's authority
};

bool take_body(Transfer& transfer, std::string_view data) {
  transfer.response.bytes += static_cast<std::int64_t>(data.size());
  if (transfer.response.bytes > transfer.request.max_bytes) {
    transfer.too_large = true;
    return false;
  }
  if (transfer.file == nullptr) {
    transfer.response.body.append(data);
    return true;
  }
  // The head of it is kept as well: a server says there what is wrong with the request.
  const std::size_t kept = transfer.response.body.size();
  if (kept < kMaxErrorText) transfer.response.body.append(data.substr(0, kMaxErrorText - kept));
  return std::fwrite(data.data(), 1, data.size(), transfer.file) == data.size();
}

/// How the body is encoded, once its headers are there.
void begin_body(Transfer& transfer) {
  const std::string_view encoding = transfer.response.header("content-encoding");
  if (encoding == "gzip" || encoding == "x-gzip")
    transfer.inflater = std::make_unique<Inflater>();
  else if (!encoding.empty() && encoding != "identity")
    transfer.encoding = encoding;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  if (transfer.response.bytes == 0 && !transfer.inflater) begin_body(transfer);
  if (!transfer.encoding.empty()) return 0;
  if (!transfer.inflater) return take_body(transfer, {data, bytes}) ? bytes : 0;
  bool taken = true;
  const bool sound = transfer.inflater->feed(
      {data, bytes}, [&](std::string_view text) { return taken = take_body(transfer, text); });
  transfer.damaged = !sound && taken;
  return sound ? bytes : 0;
}

/// Connects, except where a redirect leads to what only this machine can reach.
curl_socket_t on_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.local = is_local_address(&address->addr);
  if (transfer.guarded && transfer.local) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
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
    transfer.response.headers.emplace_back(in_lower_case(line.substr(0, colon)),
                                           trim(line.substr(colon + 1)));
  }
  return line.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.stopped = transfer.cancelled && transfer.cancelled();
  return transfer.stopped ? 1 : 0;
}

/// Whose certificates are trusted; "": the system's authorities.
std::string trusted_file(const ClientRequest& request) {
  if (!request.ca_file.empty()) return request.ca_file.string();
  const char* file = std::getenv("SSL_CERT_FILE");
  return file != nullptr ? file : "";
}

/// What to do about a redirect into this machine.
std::string cure_of_redirect(const ClientRequest& request) {
  if (request.hosts_parameter.empty()) return "; if that is right, request that address directly";
  return "; if that is right, name its host in " + request.hosts_parameter;
}

/// What to do about a certificate that was not accepted.
std::string cure_of(const Transfer& transfer) {
  if (transfer.is_trusted) return "; use a host name that the server's certificate holds";
  return "; to trust its authority, name the file of that authority's certificate in "
         "SSL_CERT_FILE, or with --ca-file on the command line";
}

Error transfer_error(const Transfer& transfer, CURLcode code, const char* detail) {
  const std::string where = shown(transfer.request);
  if (transfer.too_large)
    return make_error(ErrorCode::resource_exhausted, "the answer is larger than max_bytes = " +
                                                         std::to_string(transfer.request.max_bytes))
        .at(where);
  if (transfer.stopped)
    return make_error(ErrorCode::cancelled, "the request was stopped").at(where);
  if (transfer.refused)
    return make_error(ErrorCode::permission_denied,
                      "a redirect to a loopback or link-local address" +
                          cure_of_redirect(transfer.request))
        .at(where);
  if (transfer.damaged) return unavailable("the gzip data of the answer is damaged").at(where);
  if (!transfer.encoding.empty())
    return make_error(ErrorCode::unsupported, "the answer is encoded as '" + transfer.encoding +
                                                  "', which was not asked for")
        .at(where);
  const std::string reason =
      without_secrets(detail[0] != '\0' ? detail : curl_easy_strerror(code), transfer.request);
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
      return make_error(ErrorCode::permission_denied, reason + cure_of(transfer)).at(where);
    case CURLE_SSL_CACERT_BADFILE:
      return invalid_argument("cannot read certificates from '" + trusted_file(transfer.request) +
                              "'")
          .at(where);
    default:
      return unavailable(reason).at(where);
  }
}

/// A token of RFC 9110, section 5.6.2.
bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

Result<Headers> header_list(const ClientRequest& request) {
  Headers list(nullptr, curl_slist_free_all);
  const auto add = [&list](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  // Asked for by hand: libcurl then leaves the decoding to us.
  if (request.header("Accept-Encoding") == nullptr) add("Accept-Encoding: gzip");
  if (request.traceparent && request.header("traceparent") == nullptr)
    if (const std::string span = request.traceparent(); !span.empty()) add("traceparent: " + span);
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name))
      return invalid_argument("'" + name +
                              "' is no name of a header: write letters, digits and '-'");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return invalid_argument("header '" + name + "' has a line break or a NUL byte in it");
    // An empty one is written so for libcurl; "name:" would take out one of its own.
    add(trim(value).empty() ? name + ";" : name + ": " + value);
  }
  return list;
}

void set_options(CURL* curl, const ClientRequest& request, const Headers& headers,
                 Transfer& transfer, char* detail) {
  const auto timeout = std::max(std::chrono::milliseconds(1),
                                std::chrono::ceil<std::chrono::milliseconds>(request.timeout));
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::min(10'000L, long{timeout.count()}));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
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
  if (const std::string trusted = trusted_file(request); !trusted.empty())
    curl_easy_setopt(curl, CURLOPT_CAINFO, trusted.c_str());
  if (request.method == "POST" || !request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
  }
  if (request.method == "HEAD")
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);  // Content-Length is there, and no body follows
  else if (request.method != "GET" && request.method != "POST")
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

/// One request and its answer, whatever it is; `redirect`: where it leads, or "".
Result<ClientResponse> send_once(const ClientRequest& request, bool guarded,
                                 const std::function<bool()>& cancelled, bool& local,
                                 std::string& redirect) {
  MR_TRY(const Headers headers, header_list(request));
  const Handle curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return internal_error("cannot start a request");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      request.file.empty() ? nullptr : std::fopen(request.file.c_str(), "wb"), std::fclose);
  if (!request.file.empty() && !file)
    return unavailable("cannot write to '" + request.file.string() + "'");

  Transfer transfer{.request = request, .cancelled = cancelled, .file = file.get()};
  transfer.guarded = guarded;
  char detail[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), request, headers, transfer, detail);
  const CURLcode code = curl_easy_perform(curl.get());
  long verified = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_SSL_VERIFYRESULT, &verified);
  transfer.is_trusted = verified <= 1;  // 1: it was refused for another reason
  if (code != CURLE_OK) return transfer_error(transfer, code, detail);
  if (transfer.inflater && !transfer.inflater->ended())
    return unavailable("the gzip data of the answer ends early").at(shown(request));
  if (file && std::fclose(file.release()) != 0)
    return make_error(ErrorCode::resource_exhausted,
                      "cannot write to '" + request.file.string() + "'");
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  char* next = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_REDIRECT_URL, &next);
  redirect = next != nullptr ? next : "";
  local = transfer.local;
  transfer.response.status = static_cast<int>(status);
  transfer.response.url = shown_url(request);
  return std::move(transfer.response);
}

/// With a proxy, what is connected to is the proxy: only the host's name can be judged.
bool behind_proxy() {
  return std::ranges::any_of(
      std::array{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
      [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
      });
}

/// Only 307 and 308 ask for the same method and body (RFC 9110, section 15.4). After the others a
/// POST would become a GET, whose 200 (of a login page, say) says nothing of what was sent.
Status check_keeps_body(const ClientRequest& request, const std::string& url, int status) {
  if (status == 307 || status == 308 || request.method == "GET" || request.method == "HEAD")
    return {};
  ClientRequest next = request;
  next.url = url;
  return invalid_argument("the server answered " + request.method + " with status " +
                          std::to_string(status) + " and the Location '" + shown_url(next) +
                          "'; this redirect would lose the body, and only 307 and 308 repeat it; "
                          "if that address is right, request it directly");
}

/// The request that a redirect asks for.
void redirect_to(ClientRequest& request, const std::string& url) {
  // Secrets are for the host that they were given for.
  if (origin_of(url) != origin_of(request.url))
    std::erase_if(request.headers,
                  [](const auto& header) { return !is_public_header(header.first); });
  request.url = url;
}

}  // namespace

const std::string* ClientRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_name(key, name)) return &value;
  return nullptr;
}

void ClientRequest::set_header(std::string_view name, std::string_view value) {
  std::erase_if(headers, [&](const auto& one) { return same_name(one.first, name); });
  headers.emplace_back(name, value);
}

std::string_view ClientResponse::header(std::string_view name) const {
  std::string_view found;
  for (const auto& [key, value] : headers)
    if (key == name) found = value;
  return found;
}

Result<ClientResponse> send(const ClientRequest& request, const std::function<bool()>& cancelled) {
  using std::chrono::steady_clock;
  initialise_curl();
  if (request.url.find('\0') != std::string::npos || request.url.empty())
    return invalid_argument("the URL is empty or holds a NUL byte");
  const auto until = steady_clock::now() + request.timeout;
  const UrlOrigin first = origin_of(request.url);
  // libcurl guesses a scheme, and would look for a host named "http".
  if (first.host.empty())
    return invalid_argument("this is not a URL; write http:// or https://, and a host")
        .at(shown(request));
  const bool judged_by_name = behind_proxy();
  ClientRequest hop = request;
  bool first_is_local = false;
  for (int redirects = 0;; ++redirects) {
    const UrlOrigin origin = origin_of(hop.url);
    const bool named =
        std::ranges::find(request.allowed_hosts, origin.host) != request.allowed_hosts.end();
    const bool home = origin.host == first.host && first_is_local;
    const bool guarded = redirects > 0 && !named && !home && !judged_by_name;
    bool local = false;
    std::string next;
    MR_TRY(ClientResponse response, send_once(hop, guarded, cancelled, local, next));
    if (redirects == 0) first_is_local = local;
    if (next.empty()) return response;
    const std::string where = shown(request);
    if (redirects == request.max_redirects)
      return invalid_argument("more than " + std::to_string(request.max_redirects) + " redirects")
          .at(where);
    if (const auto why = refused_redirect(first, origin_of(next), request.allowed_hosts);
        !why.empty())
      return make_error(ErrorCode::permission_denied,
                        request.allowed_hosts.empty() ? why + cure_of_redirect(request) : why)
          .at(where);
    if (const Status kept = check_keeps_body(hop, next, response.status); !kept)
      return Error(kept.error()).at(where);
    redirect_to(hop, next);
    hop.timeout = std::chrono::duration_cast<Duration>(until - steady_clock::now());
    if (hop.timeout <= Duration(0))
      return make_error(ErrorCode::timeout, "the time-out passed during redirects").at(where);
  }
}

}  // namespace millrace::http
