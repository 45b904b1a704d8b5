#include "operators/data/ingest_http.h"

#include <filesystem>

#include "engine/base/digest.h"
#include "operators/data/http_client.h"
#include "operators/data/ingest.h"

namespace millrace {
namespace {

Result<HttpRequest> request_of(const IngestHttp& op, const std::filesystem::path& file) {
  HttpRequest request;
  request.method = op.method;
  request.url = op.url;
  request.body = op.body;
  request.file = file;
  request.max_bytes = op.max_bytes;
  request.timeout = op.timeout;
  if (!op.headers.is_null() && !op.headers.is_object())
    return invalid_argument("headers must be a mapping of names to values");
  for (const auto& [header, value] : op.headers.members()) {
    if (!value.is_string()) return invalid_argument("header '" + header + "' must be a string");
    request.headers.emplace_back(header, value.as_string());
  }
  if (!op.etag.empty()) request.headers.emplace_back("If-None-Match", op.etag);
  return request;
}

/// What the server says it sends, where it says so plainly.
std::string announced_format(const HttpResponse& response) {
  const std::string_view type = response.header("content-type");
  if (type.starts_with("text/csv") || type.starts_with("text/tab-separated-values")) return "csv";
  if (type.starts_with("application/vnd.apache.parquet")) return "parquet";
  if (type.starts_with("application/json") || type.starts_with("application/x-ndjson") ||
      type.starts_with("application/jsonl"))
    return "jsonl";
  return "auto";
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
  MR_TRY(ingest.range, time_range(ctx.attempt(), time_column, from, to));
  const auto folder = ctx.work_dir() / "download";
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  const auto file = folder / file_name(url);
  MR_TRY(const HttpRequest request, request_of(*this, file));
  const RetryRule rule{static_cast<int>(retries) + 1, retry_initial, retry_max};
  const RetryWorld world{
      [&] { return ctx.now(); },
      [&](Duration wait) { return wait_unless_cancelled(wait, [&] { return ctx.cancelled(); }); },
      [&](std::string_view line) { ctx.log(line); }, [&] { return ctx.cancelled(); }};
  MR_TRY(const HttpResponse response, http_send_with_retry(request, rule, world));
  if (response.status == 304) return Outcome(Skip{"not modified since ETag " + etag});

  MR_TRY(const std::string digest, sha256_file(file));
  if (!sha256.empty() && digest != sha256)
    return make_error(ErrorCode::data_invalid,
                      "the answer has SHA-256 " + digest + ", expected " + sha256)
        .at(url);
  ctx.log("fetched " + std::to_string(response.bytes) + " bytes from " + response.url);
  const std::string stated = format == "auto" ? announced_format(response) : format;
  MR_TRY(ingest.scan.format, data::format_of(stated, file));
  ingest.scan.files = {file};
  ingest.scan.types = types;
  ingest.columns = columns;
  ingest.where = where;
  ingest.max_rows = max_rows;
  ingest.allow_empty = allow_empty;
  ingest.dataset = dataset;
  MR_TRY(Done done, ingest_files(ctx, ingest));
  done.outputs.set("etag", response.header("etag"));
  done.outputs.set("sha256", digest);
  return Outcome(std::move(done));
}

}  // namespace millrace
