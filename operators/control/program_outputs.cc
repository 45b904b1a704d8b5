#include "operators/control/program_outputs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/base/counted.h"
#include "engine/base/suggest.h"
#include "engine/core/effect.h"
#include "engine/data/text_table.h"
#include "engine/op/param.h"
#include "operators/control/private_copy.h"
#include "operators/control/quoted_text.h"
#include "operators/data/ingest.h"
#include "operators/data/input_names.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

constexpr long kMostTableBytes = 16L << 30;  // as the default of ingest.file

const std::vector<std::string> kFileKeys = {"path", "type", "format"};
const std::vector<std::string> kFileTypes = {"table", "model", "file"};
const std::vector<std::string> kReadFormats = {"auto", "csv", "jsonl", "parquet"};

/// The types of JSON Schema, as the params of a DAG have them.
struct ValueType {
  std::string_view name;
  bool (*fits)(const Json&);
};
constexpr std::array<ValueType, 7> kValueTypes = {{
    {"string", [](const Json& v) { return v.is_string(); }},
    {"number", [](const Json& v) { return v.is_number(); }},
    {"integer", [](const Json& v) { return v.is_integer(); }},
    {"boolean", [](const Json& v) { return v.is_bool(); }},
    {"array", [](const Json& v) { return v.is_array(); }},
    {"object", [](const Json& v) { return v.is_object(); }},
    {"any", [](const Json&) { return true; }},
}};

std::optional<std::string> check_one_of(std::string_view key, const Json& value,
                                        const std::vector<std::string>& known) {
  if (has_expression(value) || std::ranges::find(known, value.as_view()) != known.end())
    return std::nullopt;
  return std::string(key) + ": " + shown_value(value) + " is not one of " + listed_names(known) +
         did_you_mean(value.as_view(), known);
}

std::optional<std::string> check_path(const Json& value) {
  if (has_expression(value)) return std::nullopt;
  if (!value.is_string() || value.as_view().empty())
    return std::string("path is missing; name a file, such as out.parquet");
  const fs::path path = fs::path(value.as_string()).lexically_normal();
  const bool inside = path.is_relative() && path.has_filename() && path != "." &&
                      *path.begin() != ".." && value.as_view().find('\0') == std::string_view::npos;
  if (inside) return std::nullopt;
  return "path: " + shown_value(value) +
         " does not name a file in the attempt's folder; write a relative path such as "
         "out.parquet, and have the program write to $MILLRACE_OUTPUT_NAME";
}

std::optional<std::string> check_file(const Json& file) {
  constexpr std::string_view kExample = "; write {path: out.parquet, type: table}";
  if (!file.is_object()) return shown_value(file) + " is not a file" + std::string(kExample);
  for (const auto& [key, ignored] : file.members())
    if (std::ranges::find(kFileKeys, key) == kFileKeys.end())
      return "there is no " + quoted_text(key) + " here" + did_you_mean(key, kFileKeys) +
             std::string(kExample);
  if (auto problem = check_path(file["path"])) return problem;
  if (file["type"].is_null())
    return "type is missing; it is one of " + listed_names(kFileTypes) + std::string(kExample);
  if (auto problem = check_one_of("type", file["type"], kFileTypes)) return problem;
  if (file["format"].is_null()) return std::nullopt;
  if (file["type"].as_view() != "table" && !has_expression(file["type"]))
    return std::string("format is only for type: table");
  return check_one_of("format", file["format"], kReadFormats);
}

std::string expected(const ProgramOutput& file) {
  if (file.type != "table") return "expected a regular file";
  return "expected a table as " +
         (file.format == "auto" ? "CSV, JSON lines or Parquet" : file.format);
}

std::string place(const ProgramOutput& file) {
  return "output file " + quoted_text(file.name) + " (" + file.path.filename().string() + ")";
}

/// What ingest.file does with a file when nothing but its format is known.
Ingest ingest_of(const ProgramOutput& file) {
  Ingest ingest;
  std::apply(
      [&](const auto&... params) {
        const auto set_default = [&](const auto& one) {
          if (!one.info().default_value.is_null())
            one.assign_to(ingest.options, one.info().default_value);
        };
        (set_default(params), ...);
      },
      ReadOptions::params());
  ingest.options.allow_empty = true;
  ingest.max_bytes = kMostTableBytes;
  ingest.files = {file.path};
  ingest.sources = {file.path.filename().string()};
  return ingest;
}

Result<PublishArtifact> store_table(OperatorContext& ctx, const ProgramOutput& file) {
  Ingest ingest = ingest_of(file);
  MR_TRY(ingest.format, data::format_of(file.format, file.path));
  auto done = ingest_files(ctx, ingest);
  if (done) return std::get<PublishArtifact>(done->effects.front());
  Error error = std::move(done).error();
  // An output file has no such setting: its program is to be corrected.
  if (error.message.ends_with(data::kBadRowCure))
    error.message.resize(error.message.size() - data::kBadRowCure.size());
  return error;
}

/// From a copy: a process that the program has left behind may still write to the file.
Result<PublishArtifact> store_file(OperatorContext& ctx, const ProgramOutput& file) {
  const fs::path copy = ctx.work_dir() / ("output-" + file.name);
  MR_CHECK(copy_privately(file.path, copy, ctx));
  MR_TRY(const StoredArtifact stored, ctx.artifacts().put_file(copy));
  PublishArtifact effect;
  effect.digest = stored.digest;
  effect.artifact_kind = file.type;
  effect.bytes = stored.bytes;
  return effect;
}

Result<PublishArtifact> store(OperatorContext& ctx, const ProgramOutput& file) {
  std::error_code problem;
  const auto found = fs::symlink_status(file.path, problem).type();
  if (found == fs::file_type::not_found)
    return data_invalid("the program wrote no such file; " + expected(file) + " at " +
                        (file.variable.empty() ? "" : "$" + file.variable + ", which is ") +
                        file.path.string());
  if (found != fs::file_type::regular)
    return data_invalid("the program made something else than a regular file; " + expected(file));
  return file.type == "table" ? store_table(ctx, file) : store_file(ctx, file);
}

}  // namespace

std::optional<std::string> check_output_files(const Json& files) {
  if (const Status names = check_input_names("", files); !names) return names.error().message;
  std::vector<std::string> paths;
  for (const auto& [name, file] : files.members()) {
    if (auto problem = check_file(file)) return quoted_text(name) + ": " + *problem;
    std::string path = fs::path(file["path"].as_string()).lexically_normal().string();
    if (std::ranges::find(paths, path) != paths.end())
      return quoted_text(name) + ": another output has the path " + quoted_text(path) + " as well";
    paths.push_back(std::move(path));
  }
  return std::nullopt;
}

std::optional<std::string> check_output_types(const Json& types) {
  std::vector<std::string> known;
  for (const auto& type : kValueTypes) known.emplace_back(type.name);
  for (const auto& [name, type] : types.members())
    if (auto problem = check_one_of(quoted_text(name), type, known)) return problem;
  return std::nullopt;
}

Result<std::vector<ProgramOutput>> expect_outputs(const Json& files, const fs::path& folder) {
  if (auto problem = check_output_files(files))
    return invalid_argument("output_files: " + *problem);
  std::vector<ProgramOutput> out;
  for (const auto& [name, file] : files.members()) {
    const Json& format = file["format"];
    out.push_back({name, folder / fs::path(file["path"].as_string()).lexically_normal(),
                   file["type"].as_string(), format.is_null() ? "auto" : format.as_string()});
    std::error_code problem;
    fs::create_directories(out.back().path.parent_path(), problem);
    if (problem)
      return unavailable("cannot make '" + out.back().path.parent_path().string() +
                         "': " + problem.message());
  }
  return out;
}

Status store_outputs(OperatorContext& ctx, const std::vector<ProgramOutput>& files,
                     const std::vector<std::string>& inputs, Done& done) {
  for (const auto& file : files) {
    if (done.outputs.contains(file.name))
      return data_invalid("the program wrote '" + file.name +
                          "' to $MILLRACE_OUTPUTS, but that is the name of an output file");
    auto effect = store(ctx, file);
    if (!effect) {
      Error error = std::move(effect).error();
      error.message = place(file) + ": " + error.message;
      return error;
    }
    effect->name = file.name;
    effect->inputs = inputs;
    ctx.log("stored " + place(file) + " as " + file.type + " " + effect->digest +
            (effect->rows < 0 ? "" : ", " + counted(effect->rows, "row")));
    done.outputs.set(file.name, effect->digest);
    done.effects.emplace_back(*std::move(effect));
  }
  return {};
}

Status check_values(const Json& values, const Json& types, const ValueSource& source) {
  for (const auto& [name, type] : types.members()) {
    const Json* value = values.find(name);
    if (value == nullptr)
      return data_invalid(std::string(source.did_not) + " the output '" + name + "'" +
                          std::string(source.where) + "; expected a value of type " +
                          type.as_string());
    const auto known = std::ranges::find(kValueTypes, type.as_view(), &ValueType::name);
    if (known == kValueTypes.end())
      return invalid_argument("outputs: " + *check_output_types(types));
    if (!known->fits(*value))
      return data_invalid(std::string(source.did) + " " + shown_value(*value) + " as the output '" +
                          name + "'; expected a value of type " + type.as_string());
  }
  return {};
}

}  // namespace millrace::operators
