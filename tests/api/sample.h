// A story to look at: five months of retraining a model with a halt, a refusal, a promotion and a
// canary under way, among other DAGs. For the dashboard's tests and screenshots.
#pragma once

#include <memory>

#include "tests/api/world.h"

namespace millrace::testing {

/// Up to now; the world is not live yet.
std::unique_ptr<World> sample_world();
/// What the model server measured lately.
void add_serving(World& world);

}  // namespace millrace::testing
