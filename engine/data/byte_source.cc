#include "engine/data/byte_source.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

namespace millrace::data {
namespace {

// The zstd of the DuckDB library: the same pinned file, so there is no second dependency.
namespace zstd = duckdb_zstd;

constexpr std::size_t kBlock = 256 << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

class FileStage final : public ByteStage {
 public:
  FileStage(std::FILE* file, std::string name) : file_(file, std::fclose), name_(std::move(name)) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t got = std::fread(out, 1, size, file_.get());
    if (got == 0 && std::ferror(file_.get()) != 0)
      return unavailable("cannot read '" + name_ + "'");
    return got;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::string name_;
};

/// A stage that reads blocks of the stage below it.
class BlockStage : public ByteStage {
 public:
  explicit BlockStage(std::unique_ptr<ByteStage> below)
      : below_(std::move(below)), block_(kBlock) {}

 protected:
  Status refill() {
    MR_TRY(end_, below_->read(block_.data(), block_.size()));
    at_ = 0;
    return {};
  }
  std::size_t available() const { return end_ - at_; }

  std::unique_ptr<ByteStage> below_;
  std::vector<char> block_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

class GzipStage final : public BlockStage {
 public:
  explicit GzipStage(std::unique_ptr<ByteStage> below) : BlockStage(std::move(below)) {
    usable_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  GzipStage(const GzipStage&) = delete;
  GzipStage& operator=(const GzipStage&) = delete;
  ~GzipStage() override { inflateEnd(&stream_); }

  Result<std::size_t> read(char* out, std::size_t size) override {
    if (!usable_) return internal_error("cannot start to decompress");
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1 << 30));
    const std::size_t wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      if (available() == 0) {
        MR_CHECK(refill());
        if (available() == 0) {
          if (between_members_) return std::size_t{0};
          return data_invalid("the gzip data ends early: the file is cut off");
        }
      }
      if (between_members_) {
        // Zeros after the last member are padding (gzip(1) and tar(1) leave them).
        while (at_ < end_ && block_[at_] == '\0') ++at_;
        if (at_ == end_) continue;
        inflateReset(&stream_);
        between_members_ = false;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(block_.data() + at_);
      stream_.avail_in = static_cast<uInt>(end_ - at_);
      const int state = inflate(&stream_, Z_NO_FLUSH);
      at_ = end_ - stream_.avail_in;
      if (state == Z_STREAM_END)
        between_members_ = true;
      else if (state != Z_OK && state != Z_BUF_ERROR)
        return data_invalid(std::string("the gzip data is damaged: ") +
                            (stream_.msg != nullptr ? stream_.msg : "it cannot be decompressed"));
    }
    return wanted - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool usable_ = false;
  bool between_members_ = false;
};

class ZstdStage final : public BlockStage {
 public:
  explicit ZstdStage(std::unique_ptr<ByteStage> below)
      : BlockStage(std::move(below)), stream_(zstd::ZSTD_createDStream(), zstd::ZSTD_freeDStream) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    zstd::ZSTD_outBuffer to{out, size, 0};
    while (to.pos == 0) {
      // What a full output buffer held back comes out without further input.
      if (available() == 0 && !held_back_) {
        MR_CHECK(refill());
        if (available() == 0) {
          if (frame_ended_) return std::size_t{0};
          return data_invalid("the zstd data ends early: the file is cut off");
        }
      }
      zstd::ZSTD_inBuffer from{block_.data(), end_, at_};
      const std::size_t state = zstd::ZSTD_decompressStream(stream_.get(), &to, &from);
      at_ = from.pos;
      if (zstd::ZSTD_isError(state) != 0)
        return data_invalid(std::string("the zstd data is damaged: ") +
                            zstd::ZSTD_getErrorName(state));
      frame_ended_ = state == 0;
      held_back_ = !frame_ended_ && to.pos == to.size;
    }
    return to.pos;
  }

 private:
  std::unique_ptr<zstd::ZSTD_DStream, std::size_t (*)(zstd::ZSTD_DStream*)> stream_;
  bool frame_ended_ = false;
  bool held_back_ = false;
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

/// Stages that turn blocks of another encoding into UTF-8.
class RecodingStage : public BlockStage {
 public:
  using BlockStage::BlockStage;
  Result<std::size_t> read(char* out, std::size_t size) override {
    while (taken_ == text_.size()) {
      text_.clear();
      taken_ = 0;
      if (available() == 0) {
        MR_CHECK(refill());
        if (available() == 0) {
          MR_CHECK(finish());
          return std::size_t{0};
        }
      }
      MR_CHECK(recode());
    }
    const std::size_t count = std::min(size, text_.size() - taken_);
    std::memcpy(out, text_.data() + taken_, count);
    taken_ += count;
    return count;
  }

 protected:
  /// Takes what the block holds and appends it to text_.
  virtual Status recode() = 0;
  virtual Status finish() { return {}; }
  std::string text_;

 private:
  std::size_t taken_ = 0;
};

class SingleByteStage final : public RecodingStage {
 public:
  SingleByteStage(std::unique_ptr<ByteStage> below, bool windows)
      : RecodingStage(std::move(below)), windows_(windows) {}

 private:
  Status recode() override {
    // Unicode's mapping table CP1252.TXT; 0 is not assigned.
    static constexpr std::array<std::uint16_t, 32> kWindows = {
        0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
    for (; at_ < end_; ++at_) {
      std::uint32_t code = static_cast<unsigned char>(block_[at_]);
      if (windows_ && code >= 0x80 && code < 0xA0) {
        code = kWindows[code - 0x80];
        if (code == 0) return data_invalid("a byte that windows-1252 does not have");
      }
      append_utf8(text_, code);
    }
    return {};
  }
  bool windows_;
};

class Utf16Stage final : public RecodingStage {
 public:
  Utf16Stage(std::unique_ptr<ByteStage> below, bool big_endian)
      : RecodingStage(std::move(below)), big_endian_(big_endian) {}

 private:
  Status recode() override {
    for (; at_ < end_; ++at_) {
      const auto byte = static_cast<unsigned char>(block_[at_]);
      if (half_ < 0) {
        half_ = byte;
        continue;
      }
      const auto first = static_cast<std::uint32_t>(half_);
      half_ = -1;
      MR_CHECK(unit(big_endian_ ? first << 8 | byte : std::uint32_t{byte} << 8 | first));
    }
    return {};
  }
  Status unit(std::uint32_t code) {
    const bool low = code >= 0xDC00 && code < 0xE000;
    if ((high_ != 0) != low) return data_invalid("the UTF-16 text has half of a pair");
    if (low) {
      append_utf8(text_, 0x10000 + ((high_ - 0xD800) << 10) + (code - 0xDC00));
      high_ = 0;
    } else if (code >= 0xD800 && code < 0xDC00) {
      high_ = code;
    } else {
      append_utf8(text_, code);
    }
    return {};
  }
  Status finish() override {
    if (half_ < 0 && high_ == 0) return {};
    return data_invalid("the UTF-16 text ends within a character");
  }
  bool big_endian_;
  int half_ = -1;
  std::uint32_t high_ = 0;
};

/// Hands out bytes that were read ahead, then the rest.
class PrefixStage final : public ByteStage {
 public:
  PrefixStage(std::string prefix, std::unique_ptr<ByteStage> below)
      : prefix_(std::move(prefix)), below_(std::move(below)) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    if (taken_ == prefix_.size()) return below_->read(out, size);
    const std::size_t count = std::min(size, prefix_.size() - taken_);
    std::memcpy(out, prefix_.data() + taken_, count);
    taken_ += count;
    return count;
  }

 private:
  std::string prefix_;
  std::size_t taken_ = 0;
  std::unique_ptr<ByteStage> below_;
};

Result<std::string> first_bytes(ByteStage& stage, std::size_t count) {
  std::string head(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    MR_TRY(const std::size_t got, stage.read(head.data() + filled, count - filled));
    if (got == 0) break;
    filled += got;
  }
  head.resize(filled);
  return head;
}

using Stage = std::unique_ptr<ByteStage>;

/// Decompresses what is compressed, also twice (a .csv.gz that a server has packed again).
Result<Stage> decompressed(Stage stage) {
  for (int layers = 0; layers < 3; ++layers) {
    MR_TRY(const std::string head, first_bytes(*stage, 4));
    Stage whole = std::make_unique<PrefixStage>(head, std::move(stage));
    if (head.starts_with(kGzipMagic))
      stage = std::make_unique<GzipStage>(std::move(whole));
    else if (head == kZstdMagic)
      stage = std::make_unique<ZstdStage>(std::move(whole));
    else
      return whole;
  }
  return data_invalid("the file is compressed more than twice");
}

/// Without a byte order mark, in UTF-8.
Result<Stage> decoded(Stage stage, const std::string& encoding) {
  MR_TRY(std::string head, first_bytes(*stage, 3));
  const bool little = head.starts_with("\xff\xfe");
  const bool big = head.starts_with("\xfe\xff");
  const bool any16 = encoding == "auto" || encoding.starts_with("utf-16");
  const bool is16 = encoding.starts_with("utf-16") || (encoding == "auto" && (little || big));
  if (any16 && (little || big))
    head.erase(0, 2);
  else if ((encoding == "auto" || encoding == "utf-8") && head == "\xef\xbb\xbf")
    head.clear();
  Stage whole = std::make_unique<PrefixStage>(std::move(head), std::move(stage));
  if (is16) {
    const bool big_endian = encoding == "utf-16be" || (encoding != "utf-16le" && big);
    return Stage(std::make_unique<Utf16Stage>(std::move(whole), big_endian));
  }
  if (encoding == "latin-1" || encoding == "windows-1252")
    return Stage(std::make_unique<SingleByteStage>(std::move(whole), encoding != "latin-1"));
  return whole;
}

constexpr std::array<std::string_view, 7> kEncodings = {
    "auto", "utf-8", "utf-16", "utf-16le", "utf-16be", "latin-1", "windows-1252"};

}  // namespace

Status check_encoding(const std::string& encoding) {
  if (std::ranges::find(kEncodings, encoding) != kEncodings.end()) return {};
  return invalid_argument("encoding '" + encoding +
                          "' is not offered; choose auto, utf-8, utf-16, utf-16le, utf-16be, "
                          "latin-1 or windows-1252");
}

Result<ByteSource> ByteSource::open(const std::filesystem::path& file, const ByteOptions& options) {
  ByteSource source;
  source.name_ = file.filename().string();
  source.left_ = source.max_bytes_ = options.max_bytes;
  std::FILE* opened = std::fopen(file.c_str(), "rb");
  if (opened == nullptr)
    return not_found("cannot open '" + file.string() + "': " + std::strerror(errno));
  Stage stage = std::make_unique<FileStage>(opened, file.string());
  const auto named = [&](Error error) {
    error.message = source.name_ + ": " + error.message;
    return error;
  };
  auto plain = decompressed(std::move(stage));
  if (!plain) return named(std::move(plain).error());
  auto text = decoded(*std::move(plain), options.encoding);
  if (!text) return named(std::move(text).error());
  source.stage_ = *std::move(text);
  return source;
}

Result<std::size_t> ByteSource::read(char* out, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    auto got = stage_->read(out + filled, size - filled);
    if (!got) {
      Error error = std::move(got).error();
      error.message = name_ + ": " + error.message;
      return error;
    }
    if (*got == 0) break;
    filled += *got;
    left_ -= static_cast<std::int64_t>(*got);
    if (left_ < 0)
      return make_error(
          ErrorCode::resource_exhausted,
          name_ + ": the text is longer than max_bytes = " + std::to_string(max_bytes_) + " bytes");
  }
  return filled;
}

}  // namespace millrace::data
