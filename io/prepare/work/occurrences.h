// Occurrences: the places of each line, paragraph or span of a generation, grouped by key to find
// those that occur more than once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/prepare/work/job.h"
#include "io/prepare/work/order.h"
#include "io/prepare/work/spill.h"

namespace switchyard::prepare {

struct Occurrence {
  ContentHash key;
  std::uint32_t is_new = 1;  // 0: in a document of an earlier generation
  std::uint32_t ordinal = 0;
  std::uint32_t begin = 0, end = 0;

  auto operator<=>(const Occurrence&) const = default;
};
static_assert(sizeof(Occurrence) == 32);

struct Repeat {
  std::uint32_t ordinal = 0;
  std::uint32_t begin = 0, end = 0;

  auto operator<=>(const Repeat&) const = default;
};

// One search for what repeats. Its files: <name> with the occurrences of each partition of
// documents, <name>-repeats with what repeats of each partition of keys.
struct Search {
  std::string name;
  bool first_stays = true;  // else the first of several counts as a repeat as well
  int key_partitions = 1;   // a power of two
};

// Enough that one partition of keys takes some 64 MiB of memory.
int key_partitions_for(std::int64_t num_occurrences);

// Writes one file of occurrences. It settles repeats among `batch` of them at once, so that a line
// that occurs in a million documents has few occurrences left to group.
class OccurrenceWriter {
 public:
  OccurrenceWriter(const std::filesystem::path& path, const Search& search,
                   std::size_t batch = std::size_t{1} << 20);
  void add(const Occurrence& occurrence);
  void finish();

 private:
  void settle();

  Search search_;
  std::size_t max_batch_;
  std::vector<Occurrence> batch_;
  SpillWriter spill_;
};

// Given the occurrences of a partition of keys, sorted, adds one for each key that an earlier
// generation has, with is_new = 0.
using FindEarlier = std::function<void(int key_partition, std::vector<Occurrence>&)>;

// Collective. Brings together what `files` hold.
void find_repeats(const Job& job, const Order& order, const Search& search,
                  const std::vector<std::filesystem::path>& files, const FindEarlier& find_earlier);

// How many repeats there are, some counted twice.
std::int64_t num_repeats(const Job& job, const Search& search);

// The repeats in a partition of documents, sorted, each once. On any rank.
std::vector<Repeat> repeats_of(const Job& job, const Search& search, int partition);

// Calls each(repeats of one document) for each document that has some.
template <class Each>
void for_each_document(std::span<const Repeat> repeats, Each each) {
  for (std::size_t begin = 0, end = 0; begin < repeats.size(); begin = end) {
    while (end < repeats.size() && repeats[end].ordinal == repeats[begin].ordinal) ++end;
    each(repeats.subspan(begin, end - begin));
  }
}

}  // namespace switchyard::prepare
