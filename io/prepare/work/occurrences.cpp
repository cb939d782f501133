#include "io/prepare/work/occurrences.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace switchyard::prepare {
namespace {

constexpr std::int64_t block_bytes = std::int64_t{16} << 10;
constexpr std::int64_t occurrences_in_memory = std::int64_t{1} << 20;

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

template <class T>
void append_values(std::string_view bytes, std::vector<T>& values) {
  const std::size_t before = values.size();
  values.resize(before + bytes.size() / sizeof(T));
  std::memcpy(values.data() + before, bytes.data(), (values.size() - before) * sizeof(T));
}

int key_partition_of(const ContentHash& key, int count) {
  const int bits = std::countr_zero(static_cast<unsigned>(count));
  return bits == 0 ? 0 : static_cast<int>(key.high >> (64 - bits));
}

std::string repeats_name(const Search& search) { return search.name + "-repeats"; }

// Calls each_key(its first occurrence) and each_repeat(occurrence) for sorted occurrences.
template <class EachKey, class EachRepeat>
void for_each_key(const std::vector<Occurrence>& sorted, bool first_stays, EachKey each_key,
                  EachRepeat each_repeat) {
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && sorted[end].key == sorted[begin].key) ++end;
    each_key(sorted[begin]);
    if (end - begin < 2) continue;
    for (std::size_t i = begin + (first_stays ? 1 : 0); i < end; ++i) {
      if (sorted[i].is_new != 0) each_repeat(sorted[i]);
    }
  }
}

std::vector<Occurrence> read_occurrences(const std::vector<std::filesystem::path>& files,
                                         int key_partition) {
  std::vector<Occurrence> occurrences;
  for (const auto& path : files) {
    append_values(SpillReader(path).read_partition(key_partition), occurrences);
  }
  std::sort(occurrences.begin(), occurrences.end());
  return occurrences;
}

}  // namespace

int key_partitions_for(std::int64_t num_occurrences) {
  constexpr int max_bits = 12;
  const auto parts = static_cast<std::uint64_t>(num_occurrences / occurrences_in_memory);
  return 1 << std::min(max_bits, static_cast<int>(std::bit_width(parts)));
}

OccurrenceWriter::OccurrenceWriter(const std::filesystem::path& path, const Search& search,
                                   std::size_t batch)
    : search_(search), max_batch_(batch), spill_(path, search.key_partitions + 1, block_bytes) {}

void OccurrenceWriter::add(const Occurrence& occurrence) {
  batch_.push_back(occurrence);
  if (batch_.size() == max_batch_) settle();
}

void OccurrenceWriter::settle() {
  std::sort(batch_.begin(), batch_.end());
  for_each_key(
      batch_, search_.first_stays,
      [&](const Occurrence& first) {
        spill_.append(key_partition_of(first.key, search_.key_partitions), bytes_of(first));
      },
      [&](const Occurrence& repeat) {
        spill_.append(search_.key_partitions,
                      bytes_of(Repeat{repeat.ordinal, repeat.begin, repeat.end}));
      });
  batch_.clear();
}

void OccurrenceWriter::finish() {
  settle();
  spill_.finish();
}

void find_repeats(const Job& job, const Order& order, const Search& search,
                  const std::vector<std::filesystem::path>& files,
                  const FindEarlier& find_earlier) {
  const auto run = [&](int key_partition) {
    std::vector<Occurrence> occurrences = read_occurrences(files, key_partition);
    find_earlier(key_partition, occurrences);
    std::sort(occurrences.begin(), occurrences.end());
    SpillWriter repeats(job.file(repeats_name(search), key_partition), job.partitions.count(),
                        block_bytes);
    for_each_key(
        occurrences, search.first_stays, [](const Occurrence&) {},
        [&](const Occurrence& repeat) {
          repeats.append(order.partition_of(repeat.ordinal),
                         bytes_of(Repeat{repeat.ordinal, repeat.begin, repeat.end}));
        });
    repeats.finish();
  };
  run_tasks(
      {"compare " + search.name, "parts", search.key_partitions,
       [](std::int64_t) { return std::int64_t{1}; },
       [&](std::int64_t i) { return std::filesystem::exists(job.file(repeats_name(search), i)); },
       [&](std::int64_t i, const auto& advance) {
         run(static_cast<int>(i));
         advance(1);
       }},
      job);
}

std::int64_t num_repeats(const Job& job, const Search& search) {
  std::int64_t count = 0;
  for (int p = 0; p < job.partitions.count(); ++p) {
    count += SpillReader(job.file(search.name, p)).num_records(search.key_partitions);
  }
  for (int k = 0; k < search.key_partitions; ++k) {
    const SpillReader repeats(job.file(repeats_name(search), k));
    for (const auto& block : repeats.blocks()) count += block.num_records;
  }
  return count;
}

std::vector<Repeat> repeats_of(const Job& job, const Search& search, int partition) {
  std::vector<Repeat> repeats;
  append_values(SpillReader(job.file(search.name, partition)).read_partition(search.key_partitions),
                repeats);
  for (int k = 0; k < search.key_partitions; ++k) {
    append_values(SpillReader(job.file(repeats_name(search), k)).read_partition(partition),
                  repeats);
  }
  std::sort(repeats.begin(), repeats.end());
  repeats.erase(std::unique(repeats.begin(), repeats.end()), repeats.end());
  return repeats;
}

}  // namespace switchyard::prepare
