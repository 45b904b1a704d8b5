// CarelessStores: a store as it would be without one of its protections, so that a test can see the
// oracle notice what the protection is for.
#pragma once

#include <memory>

#include "engine/store/store.h"
#include "tests/sim/removed.h"

namespace millrace::sim {

/// With Removed::nothing every call passes through.
class CarelessStores {
 public:
  CarelessStores(Stores real, Removed removed);
  ~CarelessStores();
  Stores stores();

 private:
  class JournalSeam;
  class LeadershipSeam;
  class InboxSeam;
  class ReaderSeam;
  class RegistrySeam;
  Stores real_;
  std::unique_ptr<LeadershipSeam> leadership_;
  std::unique_ptr<RegistrySeam> registry_;
  std::unique_ptr<JournalSeam> journal_;
  std::unique_ptr<InboxSeam> inbox_;
  std::unique_ptr<ReaderSeam> runs_;
};

}  // namespace millrace::sim
