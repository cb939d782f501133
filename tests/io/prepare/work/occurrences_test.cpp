#include "io/prepare/work/occurrences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/io/prepare/read_documents.h"
#include "tests/rank_test.h"

namespace switchyard::prepare {
namespace occurrences_test {

constexpr std::uint32_t num_documents = 100;

// Few keys, so that most repeat, with bits that spread over the partitions.
ContentHash random_key(std::mt19937& random) {
  return content_hash(std::to_string(random() % 400));
}

std::vector<Occurrence> random_occurrences() {
  std::mt19937 random(7);
  std::vector<Occurrence> all;
  for (std::uint32_t ordinal = 0; ordinal < num_documents; ++ordinal) {
    for (std::uint32_t i = 0; i < 10; ++i) {
      all.push_back({random_key(random), 1, ordinal, i, i + 1});
    }
  }
  return all;
}

using ByPartition = std::vector<std::vector<Repeat>>;

class OccurrencesTest : public testing::Test {
 protected:
  OccurrencesTest() : read_(test_world(), {}, std::vector<std::string>(num_documents, "text")) {
    const int count = read_.job().partitions.count();
    order_.first.push_back(0);
    for (int p = 0; p < count; ++p) order_.first.push_back((p + 1) * num_documents / count);
  }

  ByPartition found(const Search& search, std::size_t batch, const FindEarlier& find_earlier) {
    std::vector<std::filesystem::path> files;
    on_root(test_world(), [&] { write(search, batch); });
    for (int p = 0; p < read_.job().partitions.count(); ++p) {
      files.push_back(read_.job().file(search.name, p));
    }
    find_repeats(read_.job(), order_, search, files, find_earlier);
    ByPartition repeats;
    for (int p = 0; p < read_.job().partitions.count(); ++p) {
      repeats.push_back(repeats_of(read_.job(), search, p));
    }
    return repeats;
  }

  // What must be found, by a map. `is_earlier` tells which keys an earlier generation has.
  template <class IsEarlier>
  ByPartition expected(bool first_stays, IsEarlier is_earlier) const {
    std::map<ContentHash, std::vector<Repeat>> places;
    for (const Occurrence& one : occurrences_) {
      places[one.key].push_back({one.ordinal, one.begin, one.end});
    }
    ByPartition repeats(static_cast<std::size_t>(read_.order().first.size()) - 1);
    for (const auto& [key, list] : places) {
      const bool earlier = is_earlier(key);
      if (list.size() < 2 && !earlier) continue;
      for (std::size_t i = first_stays && !earlier ? 1 : 0; i < list.size(); ++i) {
        repeats[static_cast<std::size_t>(order_.partition_of(list[i].ordinal))].push_back(list[i]);
      }
    }
    for (auto& list : repeats) std::sort(list.begin(), list.end());
    return repeats;
  }

 private:
  void write(const Search& search, std::size_t batch) {
    for (int p = 0; p < read_.job().partitions.count(); ++p) {
      OccurrenceWriter out(read_.job().file(search.name, p), search, batch);
      for (const Occurrence& one : occurrences_) {
        if (order_.partition_of(one.ordinal) == p) out.add(one);
      }
      out.finish();
    }
  }

  ReadDocuments read_;
  Order order_;
  std::vector<Occurrence> occurrences_ = random_occurrences();
};

void add_nothing(int, std::vector<Occurrence>&) {}
bool never(const ContentHash&) { return false; }

TEST_F(OccurrencesTest, AllButTheFirstAreFoundWhateverTheBatchesAndPartitions) {
  const ByPartition repeats = expected(true, never);
  EXPECT_EQ(found({"one", true, 1}, 1 << 20, add_nothing), repeats);
  EXPECT_EQ(found({"many", true, 8}, 1 << 20, add_nothing), repeats);
  EXPECT_EQ(found({"small", true, 4}, 7, add_nothing), repeats);
}

TEST_F(OccurrencesTest, FirstIsFoundWhereItDoesNotStay) {
  const ByPartition repeats = expected(false, never);
  EXPECT_EQ(found({"one", false, 1}, 1 << 20, add_nothing), repeats);
  EXPECT_EQ(found({"small", false, 4}, 7, add_nothing), repeats);
}

TEST_F(OccurrencesTest, KeysOfAnEarlierGenerationComeFirst) {
  const auto is_earlier = [](const ContentHash& key) { return key.low % 2 == 0; };
  const auto add_earlier = [&](int, std::vector<Occurrence>& occurrences) {
    for (std::size_t i = occurrences.size(); i-- > 0;) {
      if (is_earlier(occurrences[i].key)) occurrences.push_back({occurrences[i].key, 0});
    }
  };
  EXPECT_EQ(found({"stays", true, 4}, 7, add_earlier), expected(true, is_earlier));
}

TEST(Occurrences, PartitionsOfKeysGrowWithTheirNumber) {
  EXPECT_EQ(key_partitions_for(0), 1);
  EXPECT_EQ(key_partitions_for(std::int64_t{1} << 22), 8);
  EXPECT_EQ(key_partitions_for(std::int64_t{1} << 50), 4096);
}

}  // namespace occurrences_test
}  // namespace switchyard::prepare
