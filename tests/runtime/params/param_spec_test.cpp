#include "runtime/params/param_spec.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace param_spec_test {

TEST(ExpertPart, IsFoundInItsName) {
  const ExpertPart part{"layer3", 17, "up"};
  EXPECT_EQ(part.name(), "layer3.expert17.up");
  EXPECT_EQ(ExpertPart::of_name(part.name()), part);
}

TEST(ExpertPart, IsNotFoundInOtherNames) {
  for (const char* name : {"embedding", "layer3.router", "layer3.experts.up", "layer3.expert17",
                           "layer3.expert17up", "layer3.expert-1.up", ""})
    EXPECT_EQ(ExpertPart::of_name(name), std::nullopt) << name;
}

}  // namespace param_spec_test
}  // namespace switchyard
