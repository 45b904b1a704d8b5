// Failures of PostgreSQL as errors: the one place that translates them. Private to engine/pg.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/base/error.h"

namespace millrace::pg {

/// Thrown by our own code inside Database::run to leave a transaction with an error of ours.
class Refusal : public std::exception {
 public:
  explicit Refusal(Error error) : error_(std::move(error)) {}
  const Error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

struct Failure {
  Error error;
  std::string sqlstate;  // "" where there is none
  bool connection_is_lost = false;
  /// A row was on its way to a partition that has just got another bound: the same statement finds
  /// the right one.
  bool partition_moved() const { return sqlstate == "23514"; }
};

/// REQUIRES: called in a catch block.
Failure current_failure();

}  // namespace millrace::pg
