#include "model/param_role.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace param_role_test {

TEST(ParamRole, IsAMatterOfTheName) {
  const std::pair<const char*, ParamRole> cases[] = {
      {"embedding", ParamRole::embedding},
      {"head", ParamRole::head},
      {"final_norm", ParamRole::norms},
      {"layer0.attention.q", ParamRole::attention},
      {"layer12.attention.q_bias", ParamRole::attention},
      {"layer0.attention.q_norm", ParamRole::norms},
      {"layer0.attention_norm", ParamRole::norms},
      {"layer3.ffn_norm", ParamRole::norms},
      {"layer3.ffn.gate", ParamRole::ffn},
      {"layer3.router", ParamRole::router},
      {"layer3.router_noise", ParamRole::router},
      {"layer3.shared.up", ParamRole::shared},
      {"layer3.shared_gate", ParamRole::shared},
      {"layer3.expert17.up", ParamRole::experts},
      {"mtp0.hidden_norm", ParamRole::norms},
      {"mtp0.embedding_projection", ParamRole::ffn},
      {"mtp0.attention.q", ParamRole::attention},
      {"mtp11.router", ParamRole::router},
      {"mtp0.expert3.up", ParamRole::experts}};
  for (const auto& [name, role] : cases) EXPECT_EQ(role_of_param(name), role) << name;
  EXPECT_THROW(role_of_param("layer3.clock"), Error);
}

TEST(ParamRole, TheLayerIsInTheName) {
  EXPECT_EQ(layer_of_param("layer12.router"), 12);
  EXPECT_EQ(layer_of_param("embedding"), -1);
  EXPECT_EQ(layer_of_param("final_norm"), -1);
  EXPECT_EQ(layer_of_param("mtp3.router"), -1);
  EXPECT_EQ(mtp_module_of_param("mtp3.router"), 3);
  EXPECT_EQ(mtp_module_of_param("layer3.router"), -1);
}

TEST(ParamRole, AChoiceIsARoleOrAPattern) {
  EXPECT_TRUE(chooses_param("experts", "layer1.expert0.up"));
  EXPECT_FALSE(chooses_param("experts", "layer1.shared.up"));
  EXPECT_TRUE(chooses_param("embedding", "embedding"));
  EXPECT_TRUE(chooses_param("layer1.*", "layer1.router"));
  EXPECT_FALSE(chooses_param("layer1.*", "layer11.router"));
  EXPECT_TRUE(chooses_param("*.router", "layer11.router"));
  EXPECT_FALSE(chooses_param("*.router", "layer11.router_noise"));
  EXPECT_TRUE(chooses_param("layer*.attention.*_norm", "layer3.attention.q_norm"));
  EXPECT_FALSE(chooses_param("layer*.attention.*_norm", "layer3.attention_norm"));
  EXPECT_TRUE(chooses_param("*", "final_norm"));
  EXPECT_FALSE(chooses_param("", "final_norm"));
}

}  // namespace param_role_test
}  // namespace switchyard
