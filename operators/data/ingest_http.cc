#include "operators/data/ingest_http.h"

#include <filesystem>
#include <fstream>

#include "engine/base/digest.h"
#include "engine/base/trace_context.h"
#include "engine/http/client.h"
#include "operators/data/ingest.h"

namespace millrace {
namespace {

http::ClientRequest request_of(const IngestHttp& op, const AttemptInfo& attempt,
                               const std::filesystem::path& file) {
  http::ClientRequest request;
  request.method = op.method;
  request.url = op.url;
  request.body = op.body;
  request.file = file;
  request.max_bytes = op.max_bytes;
  request.timeout = op.timeout;
  request.allowed_hosts = op.allowed_hosts;
  request.hosts_parameter = "allowed_hosts";
  request.traceparent = CallSpans(attempt.trace_id, attempt.name());
  for (const auto& [header, value] : op.headers.members())
    if (!value.is_null()) request.set_header(header, value.as_view());
  if (!op.etag.empty()) request.set_header("If-None-Match", op.etag);
  return request;
}

/// What the server says it sends: a format, "" where it says nothing of use ("text/plain"), or an
/// error for what is no table.
Result<std::string> announced_format(const http::ClientResponse& response) {
  std::string_view type = response.header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type == "text/csv" || type == "text/tab-separated-values") return std::string("csv");
  if (type == "application/vnd.apache.parquet") return std::string("parquet");
  if (type == "application/json" || type == "application/x-ndjson" || type == "application/jsonl" ||
      type == "application/ndjson")
    return std::string("jsonl");
  const bool no_table = type == "text/html" || type == "application/xhtml+xml" ||
                        type == "application/xml" || type == "text/xml" ||
                        type == "application/pdf" || type.starts_with("image/") ||
                        type.starts_with("video/") || type.starts_with("audio/");
  if (no_table)
    return data_invalid("the server answered with " + std::string(type) +
                        ", no table; is it a login or an error page? If it is one, set format");
  return std::string();
}

/// An answer of application/json that is one object: an error in JSON more often than a row.
bool is_lone_object(const http::ClientResponse& response, const std::filesystem::path& file) {
  if (!response.header("content-type").starts_with("application/json")) return false;
  std::ifstream in(file, std::ios::binary);
  std::string first;
  std::string second;
  while (std::getline(in, first) && first.find_first_not_of(" \t\r") == std::string::npos) {
  }
  const auto start = first.find_first_not_of(" \t\r");
  if (start == std::string::npos || first[start] != '{') return false;
  while (std::getline(in, second))
    if (second.find_first_not_of(" \t\r") != std::string::npos) return second.front() != '{';
  return true;
}

Result<data::Format> answered_format(const std::string& given, const http::ClientResponse& response,
                                     const std::filesystem::path& file) {
  if (given != "auto") return data::format_of(given, file);
  MR_TRY(const std::string announced, announced_format(response));
  MR_TRY(const data::Format judged, data::format_of("auto", file));
  if (announced.empty()) return judged;
  const bool named = file.has_extension();
  if (named && data::to_string(judged) != announced)
    return data_invalid("the server answered with " + std::string(response.header("content-type")) +
                        ", but '" + file.filename().string() + "' reads as " +
                        std::string(data::to_string(judged)) + "; set format");
  if (is_lone_object(response, file))
    return data_invalid(
        "the server answered with one JSON object, no list of rows; if it is a row, "
        "set format: jsonl");
  return data::format_of(announced, file);
}

/// The last part of the URL's path, so that errors name what people know: "flights.csv".
std::string file_name(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  std::string part(url.substr(url.find_last_of('/') + 1));
  if (part.empty() || part.size() > 100 || part.find_first_of("*?[") != std::string::npos ||
      part == "." || part == ".." || part.find('%') != std::string::npos)
    return "download";
  return part;
}

}  // namespace

Result<Outcome> IngestHttp::run(OperatorContext& ctx) const {
  if (!sha256.empty() && !is_sha256_hex(sha256))
    return invalid_argument("sha256 must be 64 lower-case hex digits");
  Ingest ingest;
  ingest.options = *this;
  ingest.max_bytes = max_bytes;
  MR_TRY(const TimeRange range, time_range(ctx.attempt(), time_column, from, to));
  (void)range;  // what is wrong with it is said before anything is fetched
  const auto folder = ctx.work_dir() / "download";
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  const auto file = folder / file_name(url);
  const http::ClientRequest request = request_of(*this, ctx.attempt(), file);
  const http::RetryRule rule{static_cast<int>(retries) + 1, retry_initial, retry_max};
  const http::RetryWorld world{
      [&] { return ctx.now(); },
      [&](Duration wait) {
        return http::wait_unless_cancelled(wait, [&] { return ctx.cancelled(); });
      },
      [&](std::string_view line) { ctx.log(line); }, [&] { return ctx.cancelled(); }};
  MR_TRY(const http::ClientResponse response, http::send_with_retry(request, rule, world));
  if (response.status == 304) return Outcome(Skip{"not modified since ETag " + etag});

  MR_TRY(const std::string digest, sha256_file(file));
  if (!sha256.empty() && digest != sha256)
    return make_error(ErrorCode::data_invalid,
                      "the answer has SHA-256 " + digest + ", expected " + sha256)
        .at(http::shown_url(url));
  ctx.log("fetched " + std::to_string(response.bytes) + " bytes from " + response.url);
  auto found = answered_format(format, response, file);
  if (!found) return std::move(found).error().at(http::shown_url(url));
  ingest.format = *found;
  ingest.files = {file};
  ingest.sources = {response.url};
  MR_TRY(Done done, ingest_files(ctx, ingest));
  done.outputs.set("etag", response.header("etag"));
  done.outputs.set("sha256", digest);
  return Outcome(std::move(done));
}

}  // namespace millrace
