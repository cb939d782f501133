#include "launch/monitor/drift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard::monitor {
namespace drift_test {

constexpr std::size_t num_bins = 20;

// Documents of a made-up source: correlated losses and confidences, skewed lengths, and tokens that
// come in lumps, as words do.
std::vector<DocumentTraits> documents(std::int64_t count, std::uint64_t seed, double shift = 0.0,
                                      double share_of_other = 0.0) {
  std::vector<DocumentTraits> all;
  for (std::int64_t i = 0; i < count; ++i) {
    const Random random(seed, Purpose::monitor, static_cast<std::uint64_t>(i));
    const double hard = random.normal(0);
    DocumentTraits one{2.0 + shift + 0.4 * hard + 0.1 * random.normal(1),
                       std::clamp(0.5 - 0.1 * hard, 0.0, 1.0),
                       20 + static_cast<std::int64_t>(100 * std::exp(random.normal(2))),
                       std::vector<std::int32_t>(num_bins)};
    for (std::uint64_t token = 0; token < 40; ++token) {
      const double where = random.uniform(10 + 2 * token);
      const bool other = random.uniform(11 + 2 * token) < share_of_other;
      one.counts[static_cast<std::size_t>((other ? std::sqrt(where) : where * where) * num_bins)] +=
          3;
    }
    all.push_back(std::move(one));
  }
  return all;
}

DriftProfile profile(std::int64_t count = 1000) {
  return {"m", "t", TokenBins({1, 2, 3, 4}), documents(count, 1)};
}

std::int64_t alarms(const std::vector<DriftWindow>& windows) {
  return std::ranges::count_if(windows, &DriftWindow::alarm);
}

TEST(Drift, GivesFewAlarmsOnDocumentsOfTheSameKind) {
  const auto windows = find_drift(profile(), documents(64'000, 2), {.window = 64});
  EXPECT_EQ(windows.size(), 1000U);
  EXPECT_LE(alarms(windows), 10);
}

TEST(Drift, FindsWhatEachStatisticIsFor) {
  const auto harder = find_drift(profile(), documents(1024, 3, 0.3), {});
  ASSERT_EQ(harder.size(), 4U);
  EXPECT_TRUE(harder[0].exceeds(1)) << "KS of losses";
  EXPECT_TRUE(harder[0].exceeds(4)) << "CUSUM of losses";
  EXPECT_FALSE(harder[0].exceeds(0)) << "PSI of tokens";
  const auto other_words = find_drift(profile(), documents(1024, 3, 0.0, 0.2), {});
  EXPECT_TRUE(other_words[0].exceeds(0)) << "PSI of tokens";
  EXPECT_FALSE(other_words[0].exceeds(1)) << "KS of losses";
  auto longer = documents(1024, 3);
  for (DocumentTraits& one : longer) one.tokens *= 2;
  EXPECT_TRUE(find_drift(profile(), longer, {})[0].exceeds(3)) << "KS of lengths";
}

// Of half a deviation.
TEST(Drift, AddsUpASmallShift) {
  const auto windows = find_drift(profile(), documents(6400, 4, 0.2), {.window = 64});
  EXPECT_TRUE(std::ranges::any_of(windows, [](const DriftWindow& one) { return one.exceeds(4); }));
}

TEST(Drift, CutsDocumentsIntoWindowsOfAboutOneSize) {
  const auto sizes = [](std::int64_t documents_of_stream) {
    std::vector<std::int64_t> found;
    const auto all = documents(documents_of_stream, 5);
    for (const DriftWindow& one : find_drift(profile(100), all, {.window = 100}))
      found.push_back(one.size);
    return found;
  };
  EXPECT_EQ(sizes(20), (std::vector<std::int64_t>{20}));
  EXPECT_EQ(sizes(149), (std::vector<std::int64_t>{149}));
  EXPECT_EQ(sizes(250), (std::vector<std::int64_t>{83, 83, 84}));
  EXPECT_THROW(sizes(7), Error);
}

TEST(Drift, ProfilesReadBackAsTheyWere) {
  const DriftProfile was = {"model",
                            "tokenizer",
                            TokenBins({3, 5, 8}),
                            {{1.0 / 3, 0.1, 7, std::vector<std::int32_t>(19, 2)},
                             {2.0 / 3, 0.7, 9, std::vector<std::int32_t>(19, 4)}}};
  const DriftProfile read = parse_profile(profile_text(was), "profile.json");
  EXPECT_EQ(read.model, "model");
  EXPECT_EQ(read.tokenizer, "tokenizer");
  EXPECT_EQ(read.bins.common(), was.bins.common());
  EXPECT_EQ(read.documents, was.documents);
  std::string text = profile_text(was);
  for (const std::string& bad :
       {std::string("[]"), std::string("{"), text.substr(0, text.size() / 2),
        std::string("{\"kind\":\"drift_profile\",\"version\":1}")}) {
    EXPECT_THROW(parse_profile(bad, "profile.json"), Error) << bad;
  }
}

TEST(TokenBins, GiveTheMostFrequentTokensABinEach) {
  std::vector<std::vector<std::int32_t>> texts(1);
  for (std::int32_t token = 0; token < 200; ++token)
    texts[0].insert(texts[0].end(), token < 48 ? 3 : 1, token * 7);
  const TokenBins bins = TokenBins::of(texts);
  EXPECT_EQ(bins.size(), 64U);
  const std::vector<std::int32_t> counts = bins.counts(texts[0]);
  for (std::size_t i = 0; i < 48; ++i) EXPECT_EQ(counts[i], 3);
  std::int32_t others = 0;
  for (std::size_t i = 48; i < 64; ++i) others += counts[i];
  EXPECT_EQ(others, 152);
}

}  // namespace drift_test
}  // namespace switchyard::monitor
