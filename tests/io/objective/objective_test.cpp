#include "io/objective/objective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "io/objective/fill_in_middle.h"
#include "io/objective/spans.h"
#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace objective_test {

using Numbers = std::vector<std::int32_t>;

constexpr std::int32_t boundary = 256;
constexpr std::int64_t num_ids = 257;
constexpr SpecialIds ids{
    .prefix = 257, .suffix = 258, .middle = 259, .first_span = 260, .num_spans = 16};

// Draws these numbers, one after the other.
Draw draws(std::vector<double> numbers) {
  return [numbers = std::move(numbers)](std::uint64_t number) { return numbers.at(number); };
}

Numbers random_text(std::uint64_t number, std::size_t length) {
  const Random random(3, Purpose::sampling, number);
  Numbers text;
  for (std::size_t i = 0; i < length; ++i)
    text.push_back(static_cast<std::int32_t>(random.uniform(i) * 256));
  return text;
}

// Within four deviations of a share of that number of trials.
void expect_share(double count, double trials, double share) {
  EXPECT_NEAR(count / trials, share, 4.0 * std::sqrt(share * (1.0 - share) / trials));
}

TEST(FillInMiddle, ByHand) {
  Numbers text = {1, 2, 3, 4, 5, 6, 7, 8, 9};                        // of which 7 8 9 give way
  ASSERT_TRUE(fill_in_middle(text, ids, false, draws({0.3, 0.6})));  // cuts behind 2 and 4
  EXPECT_EQ(text, (Numbers{257, 1, 2, 258, 5, 6, 259, 3, 4}));
  text = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  ASSERT_TRUE(fill_in_middle(text, ids, true, draws({0.6, 0.3})));
  EXPECT_EQ(text, (Numbers{257, 258, 5, 6, 259, 1, 2, 3, 4}));
  text = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_FALSE(fill_in_middle(text, ids, true, draws({})));
  EXPECT_EQ(text, (Numbers{1, 2, 3, 4, 5, 6, 7}));
}

// The text that a rewritten piece came from, without the tokens that gave way.
Numbers unfilled(const Numbers& piece) {
  const auto at = [&](std::int32_t id) {
    return static_cast<std::size_t>(std::find(piece.begin(), piece.end(), id) - piece.begin());
  };
  const std::size_t suffix = at(ids.suffix), middle = at(ids.middle);
  Numbers text(piece.begin() + 1, piece.begin() + static_cast<std::ptrdiff_t>(suffix));
  text.insert(text.end(), piece.begin() + static_cast<std::ptrdiff_t>(middle) + 1, piece.end());
  text.insert(text.end(), piece.begin() + static_cast<std::ptrdiff_t>(suffix) + 1,
              piece.begin() + static_cast<std::ptrdiff_t>(middle));
  return text;
}

TEST(FillInMiddle, CanBeUndone) {
  int empty_middles = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const Numbers text = random_text(i, 8 + i % 93);
    const Random random(7, Purpose::objective, i);
    Numbers piece = text;
    ASSERT_TRUE(fill_in_middle(piece, ids, i % 2 == 0,
                               [&](std::uint64_t number) { return random.uniform(number); }));
    EXPECT_EQ(unfilled(piece), Numbers(text.begin(), text.end() - 3));
    empty_middles += piece.back() == ids.middle ? 1 : 0;
  }
  EXPECT_GT(empty_middles, 0);
}

TEST(Spans, ByHand) {
  Numbers text(20);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::int32_t>(i);
  // 0.3 * 20 / 3 = 2 spans: 16 tokens stay, in parts of 8.
  ASSERT_TRUE(move_spans(text, ids, 3.0, 0.3, draws({0.3, 0.0, 0.0, 0.99})));
  EXPECT_EQ(text,
            (Numbers{260, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 261, 260, 0, 1, 261, 15}));
}

TEST(Spans, CanBeUndone) {
  double moved = 0.0, tokens = 0.0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const Numbers text = random_text(i, 8 + i % 250);
    const Random random(7, Purpose::objective, i);
    Numbers piece = text;
    ASSERT_TRUE(move_spans(piece, ids, 3.0, 0.15,
                           [&](std::uint64_t number) { return random.uniform(number); }));
    Numbers back;
    std::vector<Numbers> spans;
    std::size_t end = piece.size();
    // The second time that the first span's id comes, the moved spans begin.
    const auto first = std::find(piece.begin(), piece.end(), ids.first_span);
    const auto second = std::find(first + 1, piece.end(), ids.first_span);
    end = static_cast<std::size_t>(second - piece.begin());
    for (std::size_t j = end; j < piece.size(); ++j) {
      if (ids.has(piece[j])) {
        spans.emplace_back();
      } else {
        spans.back().push_back(piece[j]);
      }
    }
    for (std::size_t j = 0; j < end; ++j) {
      if (!ids.has(piece[j])) {
        back.push_back(piece[j]);
        continue;
      }
      const Numbers& span = spans.at(static_cast<std::size_t>(piece[j] - ids.first_span));
      back.insert(back.end(), span.begin(), span.end());
    }
    ASSERT_EQ(back, Numbers(text.begin(), text.end() - 2 * std::ssize(spans)));
    if (text.size() < 100) continue;
    for (const Numbers& span : spans) moved += static_cast<double>(span.size());
    tokens += static_cast<double>(text.size());
  }
  EXPECT_NEAR(moved / tokens, 0.15, 0.01);
}

ObjectiveConfig half_of_all() {
  return {.fill_in_middle = 0.5, .suffix_first = 0.25, .spans = 0.2};
}

TEST(Objective, RatesAreRealised) {
  std::array<double, 4> counts{};
  const int trials = 40000;
  for (int i = 0; i < trials; ++i) {
    const auto kind = rewrite_of(half_of_all(), 1, static_cast<std::uint64_t>(i / 5),
                                 static_cast<std::uint64_t>(i % 5));
    counts[static_cast<std::size_t>(kind)] += 1.0;
  }
  expect_share(counts[0], trials, 0.3);
  expect_share(counts[1], trials, 0.375);
  expect_share(counts[2], trials, 0.125);
  expect_share(counts[3], trials, 0.2);
}

TEST(Objective, KeepsTheStartOfADocumentAndEndsWithTheBoundary) {
  const Objective objective({.fill_in_middle = 1.0}, ids, boundary, num_ids, 1);
  Numbers text = random_text(1, 40);
  text.front() = boundary;
  const Numbers before = text;
  EXPECT_NE(objective.rewrite(5, 0, text), Rewrite::none);
  EXPECT_EQ(text.front(), boundary);
  EXPECT_EQ(text[1], ids.prefix);
  EXPECT_EQ(text.back(), boundary);
  EXPECT_EQ(std::count_if(text.begin(), text.end(), [](std::int32_t id) { return ids.has(id); }),
            3);
  Numbers again = before, other = before;
  objective.rewrite(5, 0, again);
  objective.rewrite(6, 0, other);
  EXPECT_EQ(again, text);
  EXPECT_NE(other, text);
}

TEST(Objective, NoiseHasItsRate) {
  const Objective objective({.noise = 0.1}, ids, boundary, num_ids, 1);
  double replaced = 0.0, differ = 0.0, trials = 0.0;
  std::vector<int> seen(num_ids);
  for (std::uint64_t sample = 0; sample < 400; ++sample) {
    Numbers inputs = random_text(sample, 101);
    inputs[0] = boundary;
    inputs[7] = ids.middle;
    const Numbers clean = inputs;
    replaced += static_cast<double>(objective.add_noise(sample, inputs));
    EXPECT_EQ(inputs[0], boundary);
    EXPECT_EQ(inputs[7], ids.middle);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_NE(inputs[i] == boundary, i != 0);
      differ += inputs[i] != clean[i] ? 1.0 : 0.0;
      if (inputs[i] != clean[i]) ++seen[static_cast<std::size_t>(inputs[i])];
    }
    trials += 99.0;
  }
  expect_share(replaced, trials, 0.1);
  EXPECT_NEAR(differ / replaced, 255.0 / 256.0, 0.01);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 1);  // the boundary
}

TEST(SpecialIds, AreRowsBehindTheTokenizersIds) {
  const std::unique_ptr<Tokenizer> bytes = make_byte_tokenizer();
  const auto vocabulary = static_cast<std::int32_t>(bytes->vocabulary());
  EXPECT_LT(special_ids(*bytes, vocabulary).prefix, 0);
  const SpecialIds three = special_ids(*bytes, vocabulary + 3);
  EXPECT_EQ(three.prefix, vocabulary);
  EXPECT_EQ(three.middle, vocabulary + 2);
  EXPECT_EQ(three.num_spans, 0);
  const SpecialIds all = special_ids(*bytes, vocabulary + 20);
  EXPECT_EQ(all.first_span, vocabulary + 3);
  EXPECT_EQ(all.num_spans, 17);
  require_special_ids(all, SpecialUse::spans, *bytes);
  EXPECT_THROW(require_special_ids(three, SpecialUse::spans, *bytes), Error);
}

}  // namespace objective_test
}  // namespace switchyard
