#include "launch/plan/assumptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard::plan {
namespace assumptions_test {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunShape on(int ranks, int ranks_per_node) {
  Config config;
  config.data.sequence_length = 64;
  config.model = {.hidden = 64,
                  .num_layers = 2,
                  .num_heads = 4,
                  .num_kv_heads = 2,
                  .head_dim = 16,
                  .num_experts = 8,
                  .expert_hidden = 64};
  config.train.global_batch_size = 32;
  config.train.micro_batch_size = 2;
  return run_shape(config, 260, ranks, ranks_per_node, 1);
}

// A rate for every part that has work on these ranks.
Rates measured_on(int ranks, int nodes) {
  Rates rates;
  rates.limits = {1e9, 1e9, 1e9};
  for (const PartWork& work : step_work(on(ranks, ranks / nodes)))
    if (work.amount > 0.0) rates.parts[work.part] = 1e9;
  rates.origin.ranks = ranks;
  rates.origin.nodes = nodes;
  rates.origin.sizes["model.num_experts"] = "8";
  return rates;
}

RateBasis basis_of_part(const std::string& part, const RunShape& shape, const Rates& rates) {
  for (const PartWork& work : step_work(shape))
    if (work.part == part) return basis_of(work, shape, rates);
  ADD_FAILURE() << "no part " << part;
  return {};
}

std::vector<std::string> parts_from(RateSource source, const RunShape& shape, const Rates& rates) {
  std::vector<std::string> parts;
  for (const PartWork& work : step_work(shape))
    if (work.amount > 0.0 && basis_of(work, shape, rates).source == source)
      parts.push_back(work.part);
  return parts;
}

TEST(Assumptions, RatesOfTheRunsOwnRanksAreMeasurements) {
  for (const int nodes : {1, 2})
    EXPECT_THAT(parts_from(RateSource::assumed, on(4, 4 / nodes), measured_on(4, nodes)),
                IsEmpty());
  EXPECT_THAT(parts_from(RateSource::assumed, on(1, 1), measured_on(1, 1)), IsEmpty());
}

// One rank exchanges nothing; whatever rates a file has for it are no measurements.
TEST(Assumptions, OneRankMeasuresNoCommunication) {
  Rates rates = measured_on(1, 1);
  rates.parts["exchange"] = rates.parts["reduce"] = 2.4e12;
  for (const std::string part : {"exchange", "plan", "reduce", "gather"}) {
    const RateBasis basis = basis_of_part(part, on(2, 2), rates);
    EXPECT_EQ(basis.source, RateSource::assumed) << part;
    EXPECT_THAT(basis.why, HasSubstr("mpirun -n 2 switchyard plan")) << part;
  }
  EXPECT_EQ(basis_of_part("compare", on(2, 2), rates).source, RateSource::assumed);
}

TEST(Assumptions, OtherRanksOrNodesThanWereMeasured) {
  EXPECT_THAT(basis_of_part("exchange", on(4, 2), measured_on(2, 1)).why,
              HasSubstr("the network was not measured"));  // no second node
  EXPECT_THAT(parts_from(RateSource::assumed, on(4, 2), measured_on(2, 1)),
              ElementsAre("plan", "exchange", "reduce", "gather"));
  EXPECT_THAT(basis_of_part("reduce", on(4, 4), measured_on(2, 1)).why,
              HasSubstr("of 2 ranks on 1 node, and this run has 4 ranks on 1 node"));
  EXPECT_EQ(basis_of_part("experts", on(4, 4), measured_on(2, 1)).source, RateSource::assumed);
}

TEST(Assumptions, ARateThatTheUserGivesIsOneOfANetwork) {
  Rates given = measured_on(1, 1);
  given.network_given = true;
  EXPECT_THAT(parts_from(RateSource::given, on(16, 8), given),
              ElementsAre("exchange", "reduce", "gather"));
  EXPECT_EQ(basis_of_part("plan", on(16, 8), given).source, RateSource::assumed);
}

TEST(Assumptions, APartWithoutARateOfItsOwn) {
  for (const PartWork& work : step_work(on(2, 2))) {
    if (work.amount == 0.0) continue;
    Rates rates = measured_on(2, 1);
    rates.parts.erase(work.part);
    EXPECT_THAT(parts_from(RateSource::assumed, on(2, 2), rates), ElementsAre(work.part));
    EXPECT_THAT(assumptions(on(2, 2), rates, {}),
                ElementsAre(HasSubstr(work.part + ": not measured")));
  }
}

TEST(Assumptions, RatesFromAFileThatDoesNotSayWhere) {
  Rates rates = measured_on(2, 1);
  rates.origin = RatesOrigin{};
  EXPECT_THAT(basis_of_part("gather", on(2, 2), rates).why, HasSubstr("[measured]"));
  EXPECT_EQ(basis_of_part("experts", on(2, 2), rates).source, RateSource::measured);
}

TEST(Assumptions, RatesKnowTheirSizes) {
  EXPECT_THAT(assumptions(on(1, 1), measured_on(1, 1), {{"model.num_experts", "512"}}),
              ElementsAre(HasSubstr("model.num_experts = 8 (here 512)")));
  EXPECT_THAT(assumptions(on(1, 1), measured_on(1, 1), {{"model.num_experts", "8"}}), IsEmpty());
  EXPECT_THAT(assumptions(on(1, 1), Rates{}, {{"model.num_experts", "8"}}),
              ElementsAre(HasSubstr("not measured"), HasSubstr("do not say")));
}

TEST(Assumptions, AFullerNodeThanWasMeasured) {
  EXPECT_THAT(assumptions(on(8, 8), measured_on(2, 1), {}),
              Contains(HasSubstr("with 2 ranks on a node, and this run has 8")));
}

}  // namespace assumptions_test
}  // namespace switchyard::plan
