#include "engine/sched/term_service.h"

namespace millrace {

TermServices::TermServices(const std::vector<TermService>& services) {
  for (const TermService& one : services) {
    auto& service = *running_.emplace_back(std::make_unique<Service>(one.name));
    service.start([&service, one] {
      if (one.begin) one.begin();
      do {
        one.work();
      } while (service.wait(one.every));
    });
  }
}

TermServices::~TermServices() {
  for (const auto& service : running_) service->request_stop();
}

}  // namespace millrace
